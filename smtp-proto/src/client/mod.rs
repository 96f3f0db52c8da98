//! The client's machine.
//!
//! [`Connection`] takes octets and gives [`Event`]s. A message is sent by answering
//! [`Ready`](Event::Ready) with an [`Envelope`](crate::Envelope) and [`Body`](Event::Body) with
//! the message as often as it is asked for; each recipient's reply is an event of its own. An event
//! that asks for something and is dropped comes again with the next `poll`.
//!
//! With PIPELINING a message takes two flights; with CHUNKING all but the first take one
//! ([`Config::unseen`]). [`Body::finish_then`] saves one: the next message begins with the end of the one
//! before, and [`Reports`] keeps apart what becomes of each.

mod auth;
mod config;
mod connection;
mod content;
mod error;
mod machine;
mod outgoing;
mod plan;
mod replies;
mod report;
mod reports;
mod request;
mod state;
mod transaction;

pub use config::{Config, Timeouts};
pub use connection::Connection;
pub use error::{Delivery, Error, SendError};
pub use report::Report;
pub use reports::Reports;
pub use request::{Body, Challenge, Ready, Upgrade};

use crate::reply::Reply;
use crate::verb::Verb;

/// What the driver, or you, have to do.
#[must_use]
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'c> {
    /// Read into the connection, tell it that the input ended, or that a wait is over.
    NeedInput,
    /// Write [`transmit`](Connection::transmit) out.
    Flush,
    /// Nothing is open: send a message, or quit.
    Ready(Ready<'c>),
    /// The server is ready for a TLS handshake.
    Upgrade(Upgrade<'c>),
    /// The server asks for a response, within AUTH.
    Challenge(Challenge<'c>),
    /// The answer to a command that stands by itself, AUTH among them; STARTTLS only where it is
    /// refused.
    Reply {
        /// Which command.
        verb: Verb,
        /// What the server says to it.
        reply: Reply,
    },
    /// The reply to the recipient of that index in the envelope, in order.
    Recipient {
        /// Which one.
        index: usize,
        /// 2yz: accepted.
        reply: Reply,
    },
    /// The next octets of the message are wanted.
    Body(Body<'c>),
    /// In LMTP (RFC 2033 §4.2) or by [`Prdr`](crate::extension::Prdr), the reply to the message for the
    /// recipient of that index: one for each that was accepted, in order. In LMTP they stand for
    /// themselves, even if the connection is lost before the last; by PRDR they hold only if
    /// [`Sent`](Self::Sent) follows.
    Delivered {
        /// Which one.
        index: usize,
        /// 2yz: the server is responsible for the message, for this recipient.
        reply: Reply,
    },
    /// The server took responsibility for the message, for the recipients it accepted.
    Sent {
        /// Its words.
        reply: Reply,
    },
    /// The message is refused as a whole, or the connection was.
    Refused {
        /// At which stage.
        at: Stage,
        /// Why; for [`Stage::Rcpt`] the last recipient's reply.
        reply: Reply,
    },
    /// It is over; every further `poll` says so again.
    Closed(Closed),
}

/// Where something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// In place of the greeting.
    Connect,
    /// EHLO or HELO.
    Hello,
    /// MAIL.
    Mail,
    /// Every RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The message itself.
    Message,
}

impl Stage {
    /// Before there was anything to send.
    const fn is_opening(self) -> bool {
        matches!(self, Self::Connect | Self::Hello)
    }
}

/// How a connection came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closed {
    /// By QUIT.
    Quit,
    /// By ATRN (RFC 2645): we are to serve now. Go on with a
    /// [`server::Connection`](crate::server::Connection) on the same stream.
    Turned,
    /// The server closed it while nothing was under way.
    EndOfInput,
    /// The server said it does (421), or refused the connection or our hello.
    Server(Reply),
}
