//! The client's table: what a reply means to the command it answers (RFC 5321 §4.3.2).
//!
//! | answers | 220 | 250 | other 2yz | 354 | other 3yz | 421 | 500, 502 | other 4yz, 5yz |
//! |---|---|---|---|---|---|---|---|---|
//! | the connection | done | broken | broken | broken | broken | closing | refused | refused; 521: closing |
//! | EHLO | broken | done | broken | broken | broken | closing | HELO next | refused |
//! | HELO | broken | done | broken | broken | broken | closing | refused | refused |
//! | MAIL, RCPT, RSET, the message | done | done | done | broken | broken | closing | refused | refused |
//! | DATA | broken | broken | broken | done | broken | closing | refused | refused |
//! | QUIT | done | done | done | done | done | done | done | done |

use crate::reply::{Code, Severity};
use crate::timeout::Wait;

/// What a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Awaited {
    Greeting,
    Ehlo,
    Helo,
    Mail,
    Rcpt,
    Data,
    Message,
    Rset,
    Quit,
}

/// What a reply means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Go on.
    Done,
    /// No.
    Refused,
    /// The server doesn't know EHLO.
    TryHelo,
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
            (_, _, Severity::Transient | Severity::Permanent) => Meaning::Refused,
            (Self::Greeting, 220, _)
            | (Self::Ehlo | Self::Helo, 250, _)
            | (Self::Data, 354, _)
            | (Self::Mail | Self::Rcpt | Self::Message | Self::Rset, _, Severity::Completed) => {
                Meaning::Done
            }
            _ => Meaning::Broken,
        }
    }

    /// Which wait it is.
    pub(super) const fn wait(self) -> Wait {
        match self {
            Self::Greeting => Wait::Greeting,
            Self::Ehlo | Self::Helo => Wait::Hello,
            Self::Mail => Wait::Mail,
            Self::Rcpt => Wait::Rcpt,
            Self::Data => Wait::Data,
            Self::Message => Wait::Message,
            Self::Rset | Self::Quit => Wait::Reply,
        }
    }

    /// At which stage a message is refused by a refusal of it.
    pub(super) const fn stage(self) -> super::Stage {
        match self {
            Self::Greeting => super::Stage::Connect,
            Self::Ehlo | Self::Helo => super::Stage::Hello,
            Self::Mail | Self::Rset | Self::Quit => super::Stage::Mail,
            Self::Rcpt => super::Stage::Rcpt,
            Self::Data => super::Stage::Data,
            Self::Message => super::Stage::Message,
        }
    }
}
