//! Words that are the same in any case (RFC 5321 §2.4): verbs, keywords, and some values.
//!
//! The rule here: a word is all of its octets. One too long to be held is no word of the protocol,
//! and is never cut to what can be held.

/// A word as numbers: its octets in upper case, zeros behind them, and how many they are in the
/// last octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(u64, u64, u64);

impl Word {
    /// The word that these octets are; `None` where they are more than 23.
    #[allow(clippy::inline_always)] // a constant beside it makes it a few instructions
    #[inline(always)]
    pub(crate) const fn of(octets: &[u8]) -> Option<Self> {
        let length = (octets.len() as u64) << (u64::BITS - 8);
        Some(match octets.len() {
            0..=8 => Self(upper(octets), 0, length),
            9..=16 => {
                let (first, rest) = octets.split_at(8);
                Self(upper(first), upper(rest), length)
            }
            17..=23 => {
                let (first, rest) = octets.split_at(8);
                let (second, rest) = rest.split_at(8);
                Self(upper(first), upper(second), upper(rest) | length)
            }
            _ => return None,
        })
    }

    /// As [`of`](Self::of), for constants. One that is too long fails to compile, and so does one
    /// with octets that [`upper`] takes for each other: neither letters nor digits nor these three.
    pub(crate) const fn new(word: &str) -> Self {
        let mut rest = word.as_bytes();
        while let [octet, behind @ ..] = rest {
            assert!(octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b' ' | b':'));
            rest = behind;
        }
        Self::of(word.as_bytes()).expect("a word of the protocol has at most 23 octets")
    }

    /// Whether these octets are it, in any case.
    pub(crate) fn is(self, octets: &[u8]) -> bool {
        Self::of(octets) == Some(self)
    }

    /// As `==`, for constants.
    pub(crate) const fn same(self, other: Self) -> bool {
        self.0 == other.0 && self.1 == other.1 && self.2 == other.2
    }

    const fn slot(self, multiplier: u64) -> usize {
        let all = self.0 ^ self.1.rotate_left(21) ^ self.2.rotate_left(42);
        (all.wrapping_mul(multiplier) >> (u64::BITS - Words::BITS)) as usize
    }
}

/// Up to eight octets, the first of them lowest, less the bit by which `a` differs from `A` and `{`
/// from `[`.
const fn upper(octets: &[u8]) -> u64 {
    let number = number(octets);
    number & !((number & u64::from_ne_bytes([0x40; 8])) >> 1)
}

const fn number(octets: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (octets.first_chunk(), octets.last_chunk()) {
        // What both have is the same.
        let last = (u32::from_le_bytes(*last) as u64) << (8 * (octets.len() - 4));
        return u32::from_le_bytes(*first) as u64 | last;
    }
    let (mut number, mut rest) = (0, octets);
    while let [before @ .., last] = rest {
        number = number << 8 | *last as u64;
        rest = before;
    }
    number
}

/// A list of words, each found in the one place where it can be.
pub(crate) struct Words {
    list: &'static [Word],
    /// Where in the list the words are, by their hashes.
    slots: [u8; 1 << Self::BITS],
    /// With it no two have one hash.
    multiplier: u64,
}

impl Words {
    const BITS: u32 = 7;

    /// Of two that are the same, the first counts.
    pub(crate) const fn new(list: &'static [Word]) -> Self {
        let mut multiplier: u64 = 1;
        loop {
            // Of Knuth's generator for MMIX: any that spreads would do.
            multiplier = multiplier.wrapping_mul(0x5851_F42D_4C95_7F2D);
            if let Some(slots) = placed(list, multiplier) {
                return Self {
                    list,
                    slots,
                    multiplier,
                };
            }
        }
    }

    /// The place of a word in the list.
    #[allow(clippy::inline_always)] // as for `Word::of`
    #[inline(always)]
    pub(crate) fn find(&self, octets: &[u8]) -> Option<usize> {
        let word = Word::of(octets)?;
        let place = usize::from(self.slots[word.slot(self.multiplier)]);
        self.list.get(place)?.same(word).then_some(place)
    }
}

/// The places of all words, each at its hash; `None` where two have the same.
const fn placed(list: &[Word], multiplier: u64) -> Option<[u8; 1 << Words::BITS]> {
    const FREE: u8 = u8::MAX;
    assert!(list.len() < FREE as usize);
    let mut slots = [FREE; 1 << Words::BITS];
    let mut place = list.len();
    while place > 0 {
        place -= 1;
        let slot = &mut slots[list[place].slot(multiplier)];
        if *slot != FREE && !list[*slot as usize].same(list[place]) {
            return None;
        }
        #[allow(clippy::cast_possible_truncation)] // checked above
        let narrow = place as u8;
        *slot = narrow;
    }
    Some(slots)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    static LIST: [Word; 5] = [
        Word::new("A"),
        Word::new("MT-PRIORITY"),
        Word::new("a"),
        Word::new("ENHANCEDSTATUSCODES"),
        Word::new("XXXXXXXXYYYYYYYYZZZZZZZ"),
    ];
    static WORDS: Words = Words::new(&LIST);

    #[test]
    fn a_word_is_found_in_any_case_and_only_as_a_whole() {
        for (word, place) in [
            ("A", Some(0)),
            ("a", Some(0)),
            ("Mt-Priority", Some(1)),
            ("MT-PRIORITYS", None),
            ("MT-PRIORIT", None),
            ("EnhancedStatusCodes", Some(3)),
            ("ENHANCEDSTATUSC0DES", None),
            ("xxxxxxxxYYYYYYYYzzzzzzz", Some(4)),
            ("XXXXXXXXYYYYYYYYZZZZZZ", None),
            ("XXXXXXXXYYYYYYYYZZZZZZZZ", None),
            ("", None),
        ] {
            assert_eq!(WORDS.find(word.as_bytes()), place, "{word}");
        }
    }

    #[test]
    fn what_is_longer_than_a_word_can_be_is_none_however_long() {
        for octets in [24, 25, 32, 256, 257, 65_537] {
            let mut long = vec![0; octets];
            long[0] = b'A';
            assert_eq!(Word::of(&long), None, "{octets}");
        }
    }

    proptest! {
        #[test]
        fn octets_are_a_word_if_they_differ_from_it_in_the_case_of_letters_alone(
            word in "[A-Za-z0-9 :-]{0,23}", flips: [u8; 23], much: bool,
        ) {
            let flip = |(octet, flip): (u8, &u8)| octet ^ flip & if much { 0xFF } else { 0x20 };
            let octets: Vec<_> = word.bytes().zip(&flips).map(flip).collect();
            let same = octets.eq_ignore_ascii_case(word.as_bytes());
            prop_assert_eq!(Word::new(&word).is(&octets), same);
        }
    }
}
