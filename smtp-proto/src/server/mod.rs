//! The server's machine.
//!
//! [`Connection`] takes octets and gives [`Event`]s; a driver of a dozen lines puts it on any kind
//! of I/O. What a client gets wrong is answered by the machine; what is a matter of policy comes
//! out as a [`Request`].
//!
#![doc = include_str!("states.md")]

mod body;
mod config;
mod connection;
mod discipline;
mod dispatch;
mod kind;
mod machine;
mod refusals;
mod request;
mod session;
mod state;

pub use config::{BareNewline, Config, Timeouts};
pub use connection::Connection;
pub use kind::{Accepted, Connect, Data, Expand, Message, ShowHelp, Verify};
pub use refusals::Fault;
pub use request::Request;
pub use session::Session;

use crate::command::{Hello, Mail, Rcpt};
use bytes::Bytes;

/// What the driver, or your policy, has to do.
#[must_use = "an event that is dropped may be a request that is then refused"]
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'c> {
    /// Read into the connection, tell it that the input ended, or that a wait is over.
    NeedInput,
    /// Write [`transmit`](Connection::transmit) out.
    Flush,
    /// A client connected.
    Connect(Request<'c, Connect>),
    /// EHLO or HELO.
    Hello(Request<'c, Hello<'c>>),
    /// MAIL: a transaction begins.
    Mail(Request<'c, Mail<'c>>),
    /// RCPT: one recipient.
    Rcpt(Request<'c, Rcpt<'c>>),
    /// DATA: the message is about to come.
    Data(Request<'c, Data>),
    /// The next octets of the message, dots unstuffed, line ends CRLF.
    Body(Bytes),
    /// The message is whole.
    Message(Request<'c, Message>),
    /// The message is void, whatever of it was handed out: forget it. The reply is the machine's.
    Aborted(Fault),
    /// VRFY.
    Verify(Request<'c, Verify<'c>>),
    /// EXPN.
    Expand(Request<'c, Expand<'c>>),
    /// HELP.
    Help(Request<'c, ShowHelp<'c>>),
    /// The client dropped the transaction, by RSET or a new hello.
    Reset,
    /// It is over; every further `poll` says so again.
    Closed(Closed),
}

impl Event<'_> {
    /// What a server without an opinion answers: it greets whoever comes, takes any sender, and
    /// knows nobody by VRFY. [`Rcpt`](Self::Rcpt) and [`Message`](Self::Message) stay unanswered
    /// and so refused: no open relay and no lost mail by default.
    pub fn answer_by_default(self) {
        match self {
            Self::Connect(request) => request.accept(),
            Self::Hello(request) => request.accept(),
            Self::Mail(request) => request.accept(),
            Self::Data(request) => request.accept(),
            _ => {}
        }
    }
}

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Closed {
    /// By QUIT.
    Quit,
    /// The client hung up.
    EndOfInput,
    /// Your code refused something with 421 or 521.
    Refused,
    /// The machine closed it.
    Fault(Fault),
}
