//! Waits as data (RFC 5321 §4.5.3.2): the core has no clock, so it says what is waited for and
//! how long that may take, and the driver brings the clock.

use core::fmt;
use core::time::Duration;

/// One wait that may run out.
///
/// A driver keeps a deadline beside `generation` and starts it anew only when `generation`
/// changes: it does so when the peer has finished something (a command, a reply, a block of a
/// body), never for a mere octet, so a peer that trickles gains no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// What is waited for.
    pub wait: Wait,
    /// How long it may take from the moment this generation was first seen.
    pub after: Duration,
    /// Which wait of the connection this is.
    pub generation: u64,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wait {
    /// Server: the next command.
    Command,
    /// Server: the next block of a body (16 KiB, or its end).
    Body,
    /// Server: a [`Request`](crate::server::Request) deferred by your code.
    Decision,
    /// Server: nothing but time, before a client that has made too many errors is answered.
    Penalty,
    /// The TLS handshake.
    Handshake,
    /// The peer reading what was written, commands, replies or a body, 16 KiB at a time.
    Write,
    /// Client: the 220 a server opens with.
    Greeting,
    /// Client: the reply to EHLO or HELO.
    Hello,
    /// Client: the reply to MAIL.
    Mail,
    /// Client: the reply to RCPT.
    Rcpt,
    /// Client: the 354 that answers DATA.
    Data,
    /// Client: the reply to the end of the body.
    Message,
    /// Client: the reply to a BDAT that isn't the last.
    Chunk,
    /// Client: the reply to STARTTLS, or to a step of AUTH.
    Security,
    /// Client: the reply to RSET, NOOP or QUIT.
    Reply,
    /// Client: the reply to any other command.
    Query,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Command => "waiting for a command",
            Self::Body => "waiting for the message",
            Self::Decision => "waiting for a decision",
            Self::Penalty => "letting a client wait",
            Self::Handshake => "waiting for the TLS handshake",
            Self::Write => "waiting for the peer to read",
            Self::Greeting => "waiting for the greeting",
            Self::Hello => "waiting for the reply to EHLO",
            Self::Mail => "waiting for the reply to MAIL",
            Self::Rcpt => "waiting for the reply to RCPT",
            Self::Data => "waiting for the reply to DATA",
            Self::Message => "waiting for the reply to the message",
            Self::Chunk => "waiting for the reply to a chunk",
            Self::Security => "waiting for the reply to STARTTLS or AUTH",
            Self::Reply => "waiting for a reply",
            Self::Query => "waiting for an answer",
        })
    }
}

/// Octets of a body, or of output, after which the wait for the next ones starts anew. With the
/// default of 300 seconds a peer has to keep up 55 octets a second.
pub(crate) const BLOCK: u64 = 16 * 1024;
