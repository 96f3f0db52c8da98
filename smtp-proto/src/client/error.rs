//! What ends a connection, by whose fault, and what keeps a message from being sent at all.

use crate::extension::Extension;
use crate::reply::Reply;
use crate::timeout::Wait;
use crate::wire::{ContentFault, ReplyFault};
use core::fmt;

/// Why a connection is done for. Refusals are no errors: they come as events.
///
/// Whether a message that was under way may have been accepted all the same is for
/// [`Connection::deliveries`](super::Connection::deliveries) to say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The server's: a reply can't be read.
    Reply(ReplyFault),
    /// The server's: a reply that nothing asked for, or whose code can't answer what did; or one that
    /// refused a message which was still on its way. That is told by
    /// [`Event::Refused`](super::Event::Refused) before.
    UnexpectedReply(Reply),
    /// The server's, or the network's: the connection ended before a reply was there.
    EndOfInput,
    /// The server's, or the network's: a wait ran out.
    TimedOut(Wait),
    /// The caller's: the message holds an octet that can't be sent. The server has seen no end of
    /// it and so has no message.
    Content(ContentFault),
    /// The server's: something stood behind its reply to STARTTLS, which whoever listens may have put
    /// there (RFC 3207 §5).
    Glued,
    /// The TLS handshake failed.
    Handshake,
    /// The server's: more challenges than [`ReplyLimits::challenges`](crate::ReplyLimits), or one that
    /// isn't base64.
    Challenge,
    /// The caller's: the message, sent by BDAT, turned out to be longer than the server takes. None of the
    /// chunks was its last, so the server has no message. By DATA the server itself says so.
    TooBig {
        /// The server's limit, in octets.
        limit: u64,
    },
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
    /// A parameter this crate doesn't know, of an extension the server doesn't offer.
    UnknownParameter,
    /// It may be said under TLS only: a message with REQUIRETLS (RFC 8689 §4.1), or a password (RFC 4954 §4)
    /// unless [`Config::send_clear_passwords`](super::Config::send_clear_passwords) is set.
    NeedsTls,
    /// A verb this crate doesn't know, of an extension the server doesn't offer.
    UnknownVerb,
    /// The command is a part of something else, and no one's to say by itself.
    NotAlone,
    /// AUTH isn't offered with that mechanism.
    NoMechanism,
    /// The server takes no more recipients in one transaction (RFC 9422): see [`Envelope::split`].
    ///
    /// [`Envelope::split`]: crate::Envelope::split
    TooManyRecipients {
        /// The server's limit.
        limit: u64,
    },
    /// The server takes recipients of no more domains on one connection (RFC 9422): make another one.
    TooManyDomains {
        /// The server's limit.
        limit: u64,
    },
    /// The server takes no more messages on one connection (RFC 9422): make another one.
    TooManyMessages {
        /// The server's limit.
        limit: u64,
    },
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
            Self::Glued => f.write_str("input behind the reply to STARTTLS"),
            Self::Handshake => f.write_str("the TLS handshake failed"),
            Self::Challenge => f.write_str("too many or malformed challenges"),
            Self::TooBig { limit } => write!(f, "the server takes {limit} octets at most"),
            Self::Aborted => f.write_str("the message was given up"),
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRecipients => f.write_str("no recipients"),
            Self::Missing(extension) => write!(f, "the server lacks {extension}"),
            Self::UnknownParameter => f.write_str("the server lacks a parameter's extension"),
            Self::NeedsTls => f.write_str("not without TLS"),
            Self::UnknownVerb => f.write_str("the server lacks the command's extension"),
            Self::NotAlone => f.write_str("the command does not stand by itself"),
            Self::NoMechanism => f.write_str("the server lacks the AUTH mechanism"),
            Self::TooManyRecipients { limit } => {
                write!(f, "the server takes {limit} recipients at most")
            }
            Self::TooManyDomains { limit } => {
                write!(
                    f,
                    "the server takes {limit} domains on a connection at most"
                )
            }
            Self::TooManyMessages { limit } => {
                write!(
                    f,
                    "the server takes {limit} messages on a connection at most"
                )
            }
            Self::TooBig { limit } => write!(f, "the server takes {limit} octets at most"),
        }
    }
}

impl core::error::Error for Error {}
impl core::error::Error for SendError {}
