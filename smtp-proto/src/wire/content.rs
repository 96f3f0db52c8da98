//! What may stand in a body sent by DATA, and where it needs a hand.
//!
//! The one rule for both directions (RFC 5321 §2.3.8): CR and LF appear only as CRLF, and NUL not
//! at all. A body is taken in runs; a run ends where a dot opens a line or the rule is broken.

use core::fmt;
use memchr::{memchr, memchr3_iter, memmem};

/// An octet that can't stand in a body where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentFault {
    /// CR without LF behind it.
    BareCr,
    /// LF without CR before it.
    BareLf,
    /// NUL, which needs BINARYMIME.
    Nul,
    /// An octet above 127 where the message was declared 7BIT or the server lacks 8BITMIME.
    EightBit,
}

/// Why a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The input does.
    End,
    /// Behind it a dot begins a line.
    Dot,
    /// Behind it stands the input's last octet, a CR: no one knows yet what it is.
    LastCr,
    /// Behind it stands an octet that breaks the rule.
    Fault(ContentFault),
}

/// How many octets are looked at beyond a stop, at most.
const WINDOW: usize = 8 * 1024;

/// How many lines are looked at one by one before a search is set up that takes many at a time: where
/// dots stand close, the setting up is what costs.
const NEAR: usize = 4;

/// The longest sound run at the start of `input`, which begins neither between CR and LF nor with
/// a dot that opens a line.
pub(super) fn run(input: &[u8]) -> (usize, Stop) {
    let mut done = 0;
    loop {
        let rest = &input[done..];
        match rest {
            [] => return (done, Stop::End),
            [b'\r'] => return (done, Stop::LastCr),
            [b'.', ..] if input[..done].ends_with(b"\r\n") => return (done, Stop::Dot),
            _ => {}
        }
        let window = window(rest);
        let dot = first_dot(window);
        let sound = &window[..dot.unwrap_or(window.len())];
        if !is_sound(sound)
            && let Some((at, fault)) = first_fault(sound)
        {
            return (done + at, Stop::Fault(fault));
        }
        done += sound.len();
        if dot.is_some() {
            return (done, Stop::Dot);
        }
    }
}

/// Where the first dot behind a CRLF stands.
fn first_dot(window: &[u8]) -> Option<usize> {
    let mut line = 0;
    for _ in 0..NEAR {
        line += memchr(b'\n', &window[line..])? + 1;
        if window.get(line) == Some(&b'.') && window[..line].ends_with(b"\r\n") {
            return Some(line);
        }
    }
    let behind = memmem::find(&window[line..], b"\r\n.")?;
    Some(line + behind + 2)
}

/// The first octets of `rest`, never cut behind a CR unless that is all there is before it.
fn window(rest: &[u8]) -> &[u8] {
    let window = &rest[..rest.len().min(WINDOW)];
    match window {
        [before @ .., b'\r'] if !before.is_empty() => before,
        _ => window,
    }
}

/// Whether every CR has its LF, every LF its CR, and nothing is NUL. No branch in the loop, so it
/// becomes vector instructions.
fn is_sound(run: &[u8]) -> bool {
    let (Some(first), Some(last)) = (run.first(), run.last()) else {
        return true;
    };
    let mut faults = u8::from(*first == b'\n') | u8::from(*last == b'\r') | u8::from(*last == 0);
    for (here, next) in run.iter().zip(&run[1..]) {
        faults |= u8::from((*here == b'\r') != (*next == b'\n')) | u8::from(*here == 0);
    }
    faults == 0
}

fn first_fault(run: &[u8]) -> Option<(usize, ContentFault)> {
    memchr3_iter(b'\r', b'\n', 0, run).find_map(|at| match run[at] {
        b'\r' if run.get(at + 1) != Some(&b'\n') => Some((at, ContentFault::BareCr)),
        b'\n' if at == 0 || run[at - 1] != b'\r' => Some((at, ContentFault::BareLf)),
        0 => Some((at, ContentFault::Nul)),
        _ => None,
    })
}

impl fmt::Display for ContentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BareCr => "a CR without LF in the message",
            Self::BareLf => "an LF without CR in the message",
            Self::Nul => "a NUL in the message",
            Self::EightBit => "an 8-bit octet in a 7-bit message",
        })
    }
}

impl core::error::Error for ContentFault {}
