//! What ends a connection, by whose fault, and what keeps a message from being sent at all.

use crate::extension::Extension;
use crate::reply::Reply;
use crate::timeout::Wait;
use crate::wire::{ContentFault, ReplyFault};
use core::fmt;

/// Why a connection is done for. Refusals are no errors: they come as events.
///
/// Whether a message that was under way may have been accepted all the same is for
/// [`Connection::delivery`](super::Connection::delivery) to say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The server's: a reply can't be read.
    Reply(ReplyFault),
    /// The server's: a reply that nothing asked for, or whose code can't answer what did.
    UnexpectedReply(Reply),
    /// The server's, or the network's: the connection ended before a reply was there.
    EndOfInput,
    /// The server's, or the network's: a wait ran out.
    TimedOut(Wait),
    /// The caller's: the message holds an octet that can't be sent. The server has seen no end of
    /// it and so has no message.
    Content(ContentFault),
    /// The caller's: the message was given up by [`Body::abort`](super::Body::abort).
    Aborted,
}

/// Why a message isn't sent. The connection is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The envelope has no recipient.
    NoRecipients,
    /// The message needs an extension the server doesn't offer.
    Missing(Extension),
    /// An address isn't ASCII.
    NonAsciiAddress,
    /// The declared size is over what the server takes, which is so many octets.
    TooBig {
        /// The server's limit.
        limit: u64,
    },
}

/// What is known of a message when the connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// No message is under way.
    Idle,
    /// The server can't have accepted it: its end never left for the server.
    NotAccepted,
    /// Its end was written and no reply came: it may have been accepted or not.
    Unknown,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(fault) => fault.fmt(f),
            Self::UnexpectedReply(reply) => write!(f, "unexpected reply: {reply}"),
            Self::EndOfInput => f.write_str("the server closed the connection"),
            Self::TimedOut(wait) => write!(f, "timed out {wait}"),
            Self::Content(fault) => fault.fmt(f),
            Self::Aborted => f.write_str("the message was given up"),
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRecipients => f.write_str("no recipients"),
            Self::Missing(extension) => write!(f, "the server lacks {extension}"),
            Self::NonAsciiAddress => f.write_str("an address is not ASCII"),
            Self::TooBig { limit } => write!(f, "the server takes {limit} octets at most"),
        }
    }
}

impl core::error::Error for Error {}
impl core::error::Error for SendError {}
