//! What a client does beside sending messages: AUTH, STARTTLS, and commands that stand by themselves.

use crate::decide::CHALLENGE;
use crate::offers;
use crate::script::Verdict;
use smtp_proto::client::{Challenge, Ready, SendError, Upgrade};
use smtp_proto::extension::{Auth, Mechanism};
use smtp_proto::{Command, Secret, Syntax};

/// Commands that stand by themselves, one at a time.
const ALONE: [&[u8]; 6] = [
    b"VRFY joe",
    b"ETRN @example.com",
    b"XFORWARD ADDR=192.0.2.1",
    b"XFLUSH slow",
    b"XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE]",
    b"ATRN example.org",
];

/// Whether it came about.
pub(crate) fn shake_hands(upgrade: Upgrade<'_>, verdict: Verdict) -> bool {
    match verdict {
        Verdict::Reject | Verdict::Close => upgrade.fail(),
        Verdict::Ignore => drop(upgrade),
        _ => {
            upgrade.complete();
            return true;
        }
    }
    false
}

/// Whether anything was said to it.
pub(crate) fn respond(challenge: Challenge<'_>, verdict: Verdict) -> bool {
    match verdict {
        Verdict::Reject | Verdict::Close => challenge.cancel(),
        Verdict::Ignore => return false,
        _ => challenge.respond(CHALLENGE.0),
    }
    true
}

/// AUTH, STARTTLS or a command that stands by itself, before anything is sent.
pub(crate) fn run_errand(ready: Ready<'_>, errand: Verdict, count: usize) -> Result<(), SendError> {
    match errand {
        Verdict::AcceptWithText => {
            let initial = (count % 2 == 1).then(|| Secret::from(CHALLENGE.0));
            ready.auth(Auth::new(Mechanism::PLAIN, initial))
        }
        Verdict::Expire => ready.starttls(),
        _ => {
            let offers = offers::everything();
            let line = ALONE[count % ALONE.len()];
            let command = Command::parse(line, Syntax::new(&offers));
            ready.command(&command.expect("a command"))
        }
    }
}
