//! The first line of an input: how the octets behind it are cut, decided on and interrupted.
//!
//! Four fields with a space between them, `-` or nothing for none:
//!
//! ```text
//! settings cuts verdicts interruption
//! ```
//!
//! so that the rest of a file is the octets of a session as they are, for people to read. Any
//! octets make a script.

use std::iter;

/// An input's first line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Script<'a> {
    settings: &'a [u8],
    cuts: &'a [u8],
    verdicts: &'a [u8],
    interruption: &'a [u8],
}

/// What the server's owner says to a request, or the client's to being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// `a`: yes.
    Accept,
    /// `t`: yes, in words of one's own; to AUTH, a challenge.
    AcceptWithText,
    /// `r`: no.
    Reject,
    /// `c`: no, and goodbye: 421.
    Close,
    /// `i`: nothing.
    Ignore,
    /// `d`: later.
    Defer,
    /// `w`: later, until the time for it is over.
    Expire,
    /// `s`: later, and the server is told to shut down in the meantime.
    DeferIntoShutdown,
}

/// What happens to a connection besides octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// `s`: the server is told to shut down.
    Shutdown,
    /// `t`: the wait that is running runs out.
    Timeout,
    /// `x`: the input ends.
    End,
}

impl<'a> Script<'a> {
    /// The script and the octets behind it.
    pub(crate) fn split(data: &'a [u8]) -> (Self, &'a [u8]) {
        let (line, rest) = split_line(data);
        let mut fields = line.split(|&octet| octet == b' ').map(|field| match field {
            b"-" => &[],
            field => field,
        });
        let mut next = || fields.next().unwrap_or_default();
        let script = Self {
            settings: next(),
            cuts: next(),
            verdicts: next(),
            interruption: next(),
        };
        (script, rest)
    }

    /// Whether that letter is among the settings; each target says what its letters mean.
    pub(crate) fn has(&self, letter: u8) -> bool {
        self.settings.contains(&letter)
    }

    /// The lengths of the segments, over and over: `1` to `9`, `a` for 10 to `z` for 35, any
    /// other octet for itself. Without any, everything is one segment.
    pub(crate) fn cuts(&self) -> Cuts<'a> {
        Box::new(
            self.cuts
                .iter()
                .cycle()
                .copied()
                .map(length)
                .chain(iter::repeat(usize::MAX)),
        )
    }

    /// What is decided, over and over. Without any, everything is accepted.
    pub(crate) fn verdicts(&self) -> Verdicts<'a> {
        Verdicts(match self.verdicts {
            [] => b"a".iter().cycle(),
            verdicts => verdicts.iter().cycle(),
        })
    }

    /// What interrupts the session, and behind how many octets of it: `s12`, `t0`, `x3`.
    pub(crate) fn interruption(&self) -> Option<(Interruption, usize)> {
        let (kind, at) = self.interruption.split_first()?;
        let kind = match kind {
            b's' => Interruption::Shutdown,
            b't' => Interruption::Timeout,
            b'x' => Interruption::End,
            _ => return None,
        };
        let at = str::from_utf8(at).ok()?.parse().unwrap_or(usize::MAX);
        Some((kind, at))
    }
}

/// Lengths of segments, without end.
pub(crate) type Cuts<'a> = Box<dyn Iterator<Item = usize> + 'a>;

/// Everything in one segment.
pub(crate) fn whole() -> Cuts<'static> {
    Box::new(iter::repeat(usize::MAX))
}

/// Every octet a segment.
pub(crate) fn octets() -> Cuts<'static> {
    Box::new(iter::repeat(1))
}

/// Up to the first LF, and what is behind it.
pub(crate) fn split_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|&octet| octet == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[]),
    }
}

fn length(octet: u8) -> usize {
    match octet {
        b'1'..=b'9' => usize::from(octet - b'0'),
        b'a'..=b'z' => usize::from(octet - b'a') + 10,
        _ => usize::from(octet).max(1),
    }
}

/// Decisions, without end.
#[derive(Clone, Debug)]
pub(crate) struct Verdicts<'a>(iter::Cycle<std::slice::Iter<'a, u8>>);

impl Verdicts<'_> {
    /// The next one.
    pub(crate) fn draw(&mut self) -> Verdict {
        match self.0.next() {
            Some(b't') => Verdict::AcceptWithText,
            Some(b'r') => Verdict::Reject,
            Some(b'c') => Verdict::Close,
            Some(b'i') => Verdict::Ignore,
            Some(b'd') => Verdict::Defer,
            Some(b'w') => Verdict::Expire,
            Some(b's') => Verdict::DeferIntoShutdown,
            _ => Verdict::Accept,
        }
    }
}
