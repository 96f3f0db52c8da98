//! What can go wrong for a client.

use smtp_proto::Reply;
use smtp_proto::client::{self, Closed, Delivery, SendError, Stage};
use smtp_sasl::AuthError;
use std::fmt;
use std::io;

/// Why there is no connection, or why a message has no reply.
///
/// [`delivery`](Self::delivery) says whether the message may have been accepted all the same.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    delivery: Delivery,
}

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The network's.
    Io(io::Error),
    /// The message couldn't be read from where it is kept.
    Content(io::Error),
    /// The protocol's; also what the server does wrong.
    Protocol(client::Error),
    /// This message can't be sent to this server. The connection is as good as before.
    Send(SendError),
    /// An earlier `send` came to no end, dropped or by a panic; what was under way can't be taken back.
    Interrupted,
    /// The connection was lost with an earlier message of the same `send_all`, whose error says why.
    Lost,
    /// The server refused the connection, or our hello.
    Refused(Stage, Reply),
    /// TLS can't be had: the handshake failed, or the server couldn't prove who it is.
    Tls(io::Error),
    /// The server refused STARTTLS, which was required.
    TlsRefused(Reply),
    /// Nothing the server offers will do to prove who we are, or it can't prove itself.
    Auth(AuthError),
    /// The server doesn't believe who we are.
    AuthRefused(Reply),
    /// The server closed the connection, saying so or not.
    Closed(Option<Reply>),
}

impl Error {
    /// That went wrong, and so much is known of the message then.
    pub fn new(kind: ErrorKind, delivery: Delivery) -> Self {
        Self { kind, delivery }
    }

    /// What [`Reports::lose`](client::Reports::lose) asks for: that went wrong with the oldest message, and
    /// the others were [`Lost`](ErrorKind::Lost) by it.
    pub fn lost(kind: ErrorKind) -> impl FnMut(Delivery) -> Self {
        let mut kind = Some(kind);
        move |delivery| Self::new(kind.take().unwrap_or(ErrorKind::Lost), delivery)
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// What is known of the message that was under way.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }
}

/// Of a message that wasn't begun.
impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::new(error.into(), Delivery::NotAccepted)
    }
}

impl From<io::Error> for ErrorKind {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<client::Error> for ErrorKind {
    fn from(error: client::Error) -> Self {
        Self::Protocol(error)
    }
}

impl From<AuthError> for ErrorKind {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl From<SendError> for ErrorKind {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<Closed> for ErrorKind {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Server(reply) => Self::Closed(Some(reply)),
            _ => Self::Closed(None),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Io(error) => error.fmt(f),
            ErrorKind::Content(error) => write!(f, "reading the message: {error}"),
            ErrorKind::Protocol(error) => error.fmt(f),
            ErrorKind::Send(error) => error.fmt(f),
            ErrorKind::Interrupted => f.write_str("an earlier message was left unfinished"),
            ErrorKind::Lost => f.write_str("the connection was lost with an earlier message"),
            ErrorKind::Refused(_, reply) => write!(f, "refused: {reply}"),
            ErrorKind::Tls(error) => write!(f, "TLS: {error}"),
            ErrorKind::TlsRefused(reply) => write!(f, "STARTTLS refused: {reply}"),
            ErrorKind::Auth(error) => error.fmt(f),
            ErrorKind::AuthRefused(reply) => write!(f, "AUTH refused: {reply}"),
            ErrorKind::Closed(Some(reply)) => write!(f, "the server closed: {reply}"),
            ErrorKind::Closed(None) => f.write_str("the server closed the connection"),
        }?;
        match self.delivery {
            Delivery::Unknown => f.write_str(" (the message may have been accepted)"),
            Delivery::Idle | Delivery::NotAccepted => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(error) | ErrorKind::Content(error) | ErrorKind::Tls(error) => Some(error),
            ErrorKind::Protocol(error) => Some(error),
            ErrorKind::Send(error) => Some(error),
            ErrorKind::Auth(error) => Some(error),
            ErrorKind::Interrupted
            | ErrorKind::Lost
            | ErrorKind::Refused(..)
            | ErrorKind::TlsRefused(_)
            | ErrorKind::AuthRefused(_)
            | ErrorKind::Closed(_) => None,
        }
    }
}
