//! The server's machine.
//!
//! [`Connection`] takes octets and gives [`Event`]s; a driver of a dozen lines puts it on any kind
//! of I/O. What a client gets wrong is answered by the machine; what is a matter of policy comes
//! out as a [`Request`].
//!
#![doc = include_str!("states.md")]

mod announce;
mod auth;
mod body;
mod config;
mod connection;
mod discipline;
mod dispatch;
mod input;
mod kind;
mod machine;
mod message;
mod refusals;
mod request;
mod session;
mod state;
mod upgrade;

pub use auth::{AuthRequest, AuthStep};
pub use config::{BareNewline, Config, Dialect, Hasty, Requirements, Timeouts};
pub use connection::Connection;
pub use kind::{Accepted, Connect, Data, Expand, Message, ShowHelp, Verify};
pub use refusals::Fault;
pub use request::Request;
pub use session::Session;
pub use upgrade::{StartTls, Upgrade};

use crate::command::{Hello, Mail, Own, Rcpt};
use crate::extension::{Atrn, Burl, Etrn, XClient, XForward};
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
    /// EHLO, HELO or, in LMTP, LHLO.
    Hello(Request<'c, Hello<'c>>),
    /// STARTTLS.
    StartTls(Request<'c, StartTls>),
    /// The reply to STARTTLS is out: make the handshake.
    Upgrade(Upgrade<'c>),
    /// AUTH, or the response to a challenge.
    Auth(AuthRequest<'c>),
    /// MAIL: a transaction begins.
    Mail(Request<'c, Mail<'c>>),
    /// RCPT: one recipient.
    Rcpt(Request<'c, Rcpt<'c>>),
    /// DATA, or the first BDAT: the message is about to come.
    Data(Request<'c, Data>),
    /// The next octets of the message, dots unstuffed, line ends CRLF but for BINARYMIME.
    Body(Bytes),
    /// BURL: a part of the message, in place of [`Body`](Self::Body), stands at an URL. With its last
    /// part the message is whole, and no [`Message`](Self::Message) comes.
    Burl(Request<'c, Burl<'c>>),
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
    /// ETRN: start a queue.
    Etrn(Request<'c, Etrn<'c>>),
    /// ATRN: accepted, the connection ends in [`Closed::Turned`]. Ask for
    /// [`identity`](Session::identity) first: RFC 2645 §3 hands mail to clients that have shown who
    /// they are.
    Atrn(Request<'c, Atrn<'c>>),
    /// XCLIENT: accept it from proxies you trust, and no one else. Accepted, the session begins anew
    /// with [`Connect`](Self::Connect).
    XClient(Request<'c, XClient<'c>>),
    /// XFORWARD: as for XCLIENT, but nothing begins anew.
    XForward(Request<'c, XForward<'c>>),
    /// A command of an extension of your own.
    Own(Request<'c, Own<'c>>),
    /// The client dropped the transaction, by RSET or a new hello, before its message had begun.
    Reset,
    /// It is over; every further `poll` says so again.
    Closed(Closed),
}

impl Event<'_> {
    /// What a server without an opinion answers: it greets whoever comes, takes any sender, and
    /// knows nobody by VRFY. [`Rcpt`](Self::Rcpt), [`Message`](Self::Message) and all that an extension
    /// brings stay unanswered and so refused: no open relay and no lost mail by default.
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
    /// By ATRN (RFC 2645): the client is to serve now. Go on with a
    /// [`client::Connection`](crate::client::Connection) on the same stream.
    Turned,
    /// The machine closed it.
    Fault(Fault),
}
