//! The client's table: what a reply means to the command it answers (RFC 5321 §4.3.2).
//!
//! | answers | done | go on | closing | no |
//! |---|---|---|---|---|
//! | the connection | 220 | | 421, 521 | 4yz, 5yz |
//! | EHLO | 250 | HELO next: 500, 502 | 421 | 4yz, 5yz |
//! | HELO, LHLO | 250 | | 421 | 4yz, 5yz |
//! | STARTTLS, XCLIENT | 220 | | 421 | 4yz, 5yz |
//! | AUTH, a response | 235 | 334 | 421 | 4yz, 5yz |
//! | MAIL, RCPT, RSET, a chunk | 2yz; 355 to a MAIL with an id | | 421 | 4yz, 5yz |
//! | the message, and for each recipient | 2yz | each recipient next: 353 to PRDR | 421 | 4yz, 5yz |
//! | DATA | 354 | | 421 | 4yz, 5yz |
//! | a command by itself | 2yz | | 421 | 4yz, 5yz |
//! | QUIT | any | | | |
//!
//! Any other reply is none that a server says there, and breaks the connection.

use crate::reply::{Code, Severity};
use crate::timeout::Wait;
use crate::verb::Verb;

/// What a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Awaited {
    Greeting,
    Ehlo,
    Helo,
    Lhlo,
    StartTls,
    Auth,
    Mail,
    /// MAIL, with the id of a transaction that may have been begun before (RFC 1845).
    MailAgain,
    Rcpt,
    Data,
    /// A chunk that isn't the last.
    Chunk,
    Message,
    /// The message, for one of the recipients accepted: LMTP's reply, or PRDR's.
    Delivery,
    Rset,
    /// A command that stands by itself.
    Query(Verb),
    Quit,
}

/// What a reply means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Yes.
    Done,
    /// No.
    Refused,
    /// The server doesn't know EHLO.
    TryHelo,
    /// A reply for each recipient comes first (PRDR).
    Each,
    /// The server wants a response (RFC 4954 §4).
    Challenge,
    /// The server closes the connection (§3.8).
    Closing,
    /// No server says that here.
    Broken,
}

impl Awaited {
    /// What that code means here.
    pub(super) fn meaning(self, code: Code) -> Meaning {
        match (self, code.value(), code.severity()) {
            (Self::Quit, ..) => Meaning::Done,
            (_, 421, _) | (Self::Greeting, 521, _) => Meaning::Closing,
            (Self::Ehlo, 500 | 502, _) => Meaning::TryHelo,
            (Self::Auth, 334, _) => Meaning::Challenge,
            (Self::Message, 353, _) => Meaning::Each,
            (_, _, Severity::Transient | Severity::Permanent) => Meaning::Refused,
            (Self::Greeting | Self::StartTls | Self::Query(Verb::XClient), 220, _)
            | (Self::Ehlo | Self::Helo | Self::Lhlo, 250, _)
            | (Self::Auth, 235, _)
            | (Self::Data, 354, _)
            | (Self::MailAgain, 355, _) => Meaning::Done,
            (Self::Query(Verb::XClient), ..) => Meaning::Broken,
            (
                Self::Mail
                | Self::MailAgain
                | Self::Rcpt
                | Self::Chunk
                | Self::Message
                | Self::Delivery
                | Self::Rset
                | Self::Query(_),
                _,
                Severity::Completed,
            ) => Meaning::Done,
            _ => Meaning::Broken,
        }
    }

    /// Which wait it is.
    pub(super) const fn wait(self) -> Wait {
        match self {
            Self::Greeting => Wait::Greeting,
            Self::Ehlo | Self::Helo | Self::Lhlo => Wait::Hello,
            Self::StartTls | Self::Auth => Wait::Security,
            Self::Mail | Self::MailAgain => Wait::Mail,
            Self::Rcpt => Wait::Rcpt,
            Self::Data => Wait::Data,
            Self::Chunk => Wait::Chunk,
            Self::Message | Self::Delivery => Wait::Message,
            Self::Query(Verb::Noop) | Self::Rset | Self::Quit => Wait::Reply,
            Self::Query(_) => Wait::Query,
        }
    }

    /// At which stage a message is refused by a refusal of it.
    pub(super) const fn stage(self) -> super::Stage {
        match self {
            Self::Greeting => super::Stage::Connect,
            Self::Ehlo | Self::Helo | Self::Lhlo => super::Stage::Hello,
            Self::Mail
            | Self::MailAgain
            | Self::Rset
            | Self::Quit
            | Self::StartTls
            | Self::Auth
            | Self::Query(_) => super::Stage::Mail,
            Self::Rcpt => super::Stage::Rcpt,
            Self::Data => super::Stage::Data,
            Self::Chunk | Self::Message | Self::Delivery => super::Stage::Message,
        }
    }

    /// The verb of a command that stands by itself.
    pub(super) const fn query(self) -> Option<Verb> {
        match self {
            Self::StartTls => Some(Verb::StartTls),
            Self::Auth => Some(Verb::Auth),
            Self::Query(verb) => Some(verb),
            _ => None,
        }
    }
}
