//! What may stand in a body that is made of lines, and where one needs a hand.
//!
//! The one rule for both directions (RFC 5321 §2.3.8): CR and LF appear only as CRLF, and NUL not
//! at all. It is written twice, here and nowhere else: for one octet, and for a block of them without
//! a branch, which becomes vector instructions. Most blocks are plain; what isn't is looked at closely.

use core::fmt;
use memchr::memchr_iter;

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

/// What is asked of a body.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// CR and LF may stand alone, and are no line end then.
    pub(super) bare_newlines: bool,
    /// NUL may stand.
    pub(super) nul: bool,
    /// Octets above 127 may.
    pub(super) eight_bit: bool,
    /// A dot that opens a line wants a hand.
    pub(super) dots: bool,
    /// An LF alone wants one too: it is to be a line end.
    pub(super) converts: bool,
}

impl Rules {
    /// Of a message that arrives by DATA, no relaxation named.
    pub(super) const RECEIVED: Self = Self {
        bare_newlines: false,
        nul: false,
        eight_bit: true,
        dots: true,
        converts: false,
    };
}

/// What an octet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Octet {
    /// The CR of a CRLF.
    Newline,
    Data,
    /// The last octet that is there, a CR: no one knows yet what it is.
    LastCr,
    Fault(ContentFault),
}

/// What the first octet of `rest` is, which doesn't begin between CR and LF.
#[inline]
pub(super) fn first(rest: &[u8], rules: Rules) -> Octet {
    let fault = match *rest {
        [b'\r', ref behind @ ..] => match behind.first() {
            None => return Octet::LastCr,
            Some(b'\n') => return Octet::Newline,
            Some(_) if rules.bare_newlines => return Octet::Data,
            Some(_) => ContentFault::BareCr,
        },
        [b'\n', ..] if !rules.bare_newlines => ContentFault::BareLf,
        [0, ..] if !rules.nul => ContentFault::Nul,
        [octet, ..] if !octet.is_ascii() && !rules.eight_bit => ContentFault::EightBit,
        _ => return Octet::Data,
    };
    Octet::Fault(fault)
}

/// Octets that are looked at together.
pub(super) const BLOCK: usize = 2048;

/// Octets behind those that show what they are.
const BEHIND: usize = 2;

/// Octets in a block that want a hand, from which on all of it is better looked at for them.
pub(super) const MANY: usize = BLOCK / 64;

/// How the front of some input looks. Neither part ends between CR and LF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// So many octets are as they should be, and none of them wants a hand.
    pub(super) plain: usize,
    /// So many behind those are as they should be once some had a hand.
    pub(super) mended: usize,
}

/// Looks at `input`, which doesn't begin between CR and LF, as far as it is plain and a block beyond.
/// A dot at its very front isn't seen.
pub(super) fn look(input: &[u8], rules: Rules) -> Look {
    // In a block an LF is looked at with the octet before it.
    if first(input, rules) == Octet::Fault(ContentFault::BareLf) {
        return Look::default();
    }
    let (mut plain, mut mended) = (0, 0);
    while plain + BEHIND < input.len() {
        let end = input.len().min(plain + BLOCK + BEHIND);
        let block = &input[plain..end];
        let found = match (rules.bare_newlines, rules.eight_bit) {
            (false, true) => scan::<true, false>(block),
            (false, false) => scan::<true, true>(block),
            (true, true) => scan::<false, false>(block),
            (true, false) => scan::<false, true>(block),
        };
        let bare_lf = found.bare && rules.converts && !has_bare_cr(block);
        if found.breaks(rules) || (found.bare && !bare_lf) {
            break;
        }
        if bare_lf || (found.dot && rules.dots) {
            mended = block.len() - BEHIND;
            break;
        }
        plain += block.len() - BEHIND;
    }
    // The last octets have been in no block, but for an LF that stands first among them.
    if plain + BEHIND >= input.len() {
        plain += usize::from(plain > 0 && input[plain..].starts_with(b"\n"));
        while plain < input.len() {
            plain += match first(&input[plain..], rules) {
                Octet::Data => 1,
                Octet::Newline => 2,
                Octet::LastCr | Octet::Fault(_) => break,
            };
        }
    }
    let whole = |end: usize| end - usize::from(input[..end].ends_with(b"\r"));
    Look {
        plain: whole(plain),
        mended: whole(plain + mended) - whole(plain),
    }
}

fn has_bare_cr(block: &[u8]) -> bool {
    let mut all = memchr_iter(b'\r', &block[..block.len() - 1]);
    all.any(|at| block[at + 1] != b'\n')
}

/// Where in a block an LF alone is, or a dot opens a line and isn't its first octet, unless there are
/// many.
pub(super) fn hands(block: &[u8], rules: Rules) -> Option<impl Iterator<Item = usize> + use<>> {
    let (mut hands, mut found) = ([0; MANY], 0);
    let mut note = |at| {
        *hands.get_mut(found)? = at;
        found += 1;
        Some(())
    };
    for at in memchr_iter(b'\n', block) {
        let bare = !block[..at].ends_with(b"\r");
        if bare && rules.converts {
            note(at)?;
        }
        let ends_line = !bare || rules.converts;
        if ends_line && rules.dots && block.get(at + 1) == Some(&b'.') {
            note(at + 1)?;
        }
    }
    Some(hands.into_iter().take(found))
}

/// What a block has.
struct Found {
    /// A CR without LF behind it, or an LF without CR before it.
    bare: bool,
    /// A dot behind an LF.
    dot: bool,
    least: u8,
    /// Every bit that is set in any octet.
    bits: u8,
}

impl Found {
    fn breaks(&self, rules: Rules) -> bool {
        (self.least == 0 && !rules.nul) || (self.bits >= 0x80 && !rules.eight_bit)
    }
}

/// Looks at a block but for the octets behind it, and for a dot that is its second octet: the block
/// before has seen that. No branch in the loop, so it becomes vector instructions; `&&` is a branch. Where
/// an LF stands is found out once, for the CR before it and for the dot behind it.
#[allow(clippy::needless_bitwise_bool)]
fn scan<const NEWLINES: bool, const SEVEN_BIT: bool>(block: &[u8]) -> Found {
    let mut found = Found {
        bare: false,
        dot: false,
        least: u8::MAX,
        bits: 0,
    };
    let (next, behind) = (&block[1..block.len() - 1], &block[BEHIND..]);
    for ((here, next), behind) in block.iter().zip(next).zip(behind) {
        let lf = *next == b'\n';
        if NEWLINES {
            found.bare |= (*here == b'\r') != lf;
        }
        found.dot |= lf & (*behind == b'.');
        found.least = found.least.min(*here);
        if SEVEN_BIT {
            found.bits |= here;
        }
    }
    found
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Bodies of several blocks.
    pub(in crate::wire) fn bodies() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            6 => (0..BLOCK).prop_map(|octets| alloc::vec![b'x'; octets]),
            6 => Just(b"\r\n".to_vec()),
            4 => Just(b"\r\n.".to_vec()),
            2 => Just(b"\n".to_vec()),
            1 => Just(b"\n.".to_vec()),
            2 => Just(b"\r\n..".repeat(2 * MANY)),
            1 => Just(b"\n.\r\n.a\n".repeat(MANY)),
            1 => prop::sample::select(b"\r\n\0\xff.".as_slice()).prop_map(|octet| alloc::vec![octet]),
        ];
        vec(part, 0..10).prop_map(|parts| parts.concat())
    }

    /// How far `body` follows the rules, octet by octet, and what wants a hand until then.
    fn walk(body: &[u8], rules: Rules) -> (usize, Vec<usize>) {
        let (mut at, mut hands) = (0, Vec::new());
        while at < body.len() {
            let ends_line = if rules.converts { &b"\n"[..] } else { b"\r\n" };
            if rules.dots && body[at] == b'.' && body[..at].ends_with(ends_line) {
                hands.push(at);
            }
            match first(&body[at..], rules) {
                Octet::Newline => at += 2,
                Octet::Data => at += 1,
                Octet::Fault(ContentFault::BareLf) if rules.converts => {
                    hands.push(at);
                    at += 1;
                }
                Octet::LastCr | Octet::Fault(_) => break,
            }
        }
        (at, hands)
    }

    proptest! {
        #[test]
        fn blocks_are_what_their_octets_are(
            body in bodies(),
            [bare_newlines, nul, eight_bit, dots, converts] in any::<[bool; 5]>(),
        ) {
            let converts = converts && !bare_newlines;
            let rules = Rules { bare_newlines, nul, eight_bit, dots, converts };
            let (sound, mut expected) = walk(&body, rules);
            let found = look(&body, rules);
            let plain = found.plain;
            let end = plain + found.mended;
            prop_assert!(end <= sound);
            // Between CR and CR is well where they may stand alone.
            let parted = |at: usize| {
                body[..at].ends_with(b"\r") && !body[at..].starts_with(b"\r")
            };
            prop_assert!(!parted(plain) && !parted(end));
            prop_assert!(expected.iter().all(|hand| *hand >= plain));
            // An LF by itself with a dot behind it gets a closer look too.
            if !bare_newlines {
                let stop = expected.first().map_or(sound, |hand| sound.min(*hand));
                // A dot right behind a block shows in it.
                prop_assert!(plain + BLOCK + BEHIND > stop);
                prop_assert!(stop < body.len() || plain == stop);
            }
            if let Some(hands) = hands(&body[plain..end], rules) {
                let hands: Vec<_> = hands.map(|hand| plain + hand).collect();
                expected.retain(|hand| *hand < end);
                prop_assert_eq!(hands, expected);
            }
        }
    }
}
