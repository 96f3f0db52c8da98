//! Texts: words, lists of them, and printable ASCII with what people hide in it.

use arbitrary::{Arbitrary, Result, Unstructured};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

/// What an octet that is no printable ASCII stands for.
const OTHERS: [char; 16] = [
    '\0',
    '\r',
    '\n',
    '\t',
    '\x1a',
    '\x7f',
    '\u{85}',
    '\u{a0}',
    '\u{e9}',
    '\u{f6}',
    '\u{2163}',
    '\u{2028}',
    '\u{ff20}',
    '\u{fffd}',
    '\u{1f4e7}',
    '\u{10ffff}',
];

/// What words are made of, and what lists of them are.
const WORD: &[u8] = b"abcdefghijklmNOPQRSTUVWXYZ0123456789--";
const LIST: &[u8] = b"abcdefgXYZ0189-_.,:;=+@/ ";

/// From this length on, what is there is repeated.
const LONG: usize = 200;

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let (kind, length) = (u8::arbitrary(input)?, usize::from(u8::arbitrary(input)?));
        let (octets, times) = match length.checked_sub(LONG) {
            None => (length, 1),
            Some(octets) => (octets, 20),
        };
        let octets = input.bytes(octets.min(input.len()))?;
        let of =
            |letters: &[u8], octet: &u8| char::from(letters[usize::from(*octet) % letters.len()]);
        let text: String = match kind % 4 {
            0 | 1 => octets.iter().map(|octet| of(WORD, octet)).collect(),
            2 => octets.iter().map(|octet| of(LIST, octet)).collect(),
            _ => octets.iter().map(|octet| character(*octet)).collect(),
        };
        Ok(Self(text.repeat(times)))
    }
}

fn character(octet: u8) -> char {
    match octet {
        b' '..=b'~' => octet.into(),
        _ => OTHERS[usize::from(octet) % OTHERS.len()],
    }
}
