//! The small parsers that every value of the protocol shares.
//!
//! The rule here: a parser sees a whole frame (`complete` flavour, so `Incomplete` never appears),
//! allocates nothing, and when it fails says only where. It knows no length limits and no meaning;
//! those belong to the value that is built from what it returns.
//!
//! Where RFC 6531 §3.3 lets octets above 0x7F in, a parser takes `utf8: bool`. What it sees is the
//! text of an [`Input`], which is checked once and before anything is read of it, what is read only
//! to be dropped included.

pub(crate) mod class;
mod word;
pub(crate) mod xtext;

use core::str::{self, Utf8Error};

use nom::IResult;
use nom::error::{ErrorKind, ParseError};

use class::{ATEXT, Class, ESMTP_VALUE, LDH, LET_DIG, QTEXT};

pub(crate) use word::{Word, Words};

pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, At>;

/// Where parsing failed, as the number of octets that were left.
///
/// Of two alternatives that failed, the one that came further counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    rest: usize,
}

impl At {
    fn new(rest: &[u8]) -> Self {
        Self { rest: rest.len() }
    }
}

impl ParseError<&[u8]> for At {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        Self::new(input)
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }

    fn or(self, other: Self) -> Self {
        Self {
            rest: self.rest.min(other.rest),
        }
    }
}

/// The offset in `input` at which a parser that was given all of it failed.
pub(crate) fn offset(input: &[u8], error: &nom::Err<At>) -> usize {
    match error {
        nom::Err::Error(at) | nom::Err::Failure(at) => input.len() - at.rest,
        nom::Err::Incomplete(_) => input.len(),
    }
}

pub(crate) fn fail<T>(rest: &[u8]) -> Parsed<'_, T> {
    Err(nom::Err::Error(At::new(rest)))
}

/// What is to be read: octets, and as much of them as is text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    pub(crate) octets: &'a [u8],
    pub(crate) text: &'a str,
    /// Whether none of the octets is beyond ASCII, nor one of those that stood before them.
    pub(crate) is_ascii: bool,
}

impl<'a> Input<'a> {
    #[cfg(test)]
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self::known(octets, octets.is_ascii())
    }

    /// Of octets that are known to be ASCII or not.
    #[inline]
    pub(crate) fn known(octets: &'a [u8], is_ascii: bool) -> Self {
        let text = match str::from_utf8(octets) {
            Ok(text) if is_ascii => text,
            text => sound(octets, text),
        };
        Self {
            octets,
            text,
            is_ascii,
        }
    }

    pub(crate) fn of(text: &'a str) -> Self {
        let (octets, is_ascii) = (text.as_bytes(), text.is_ascii());
        let text = if is_ascii {
            text
        } else {
            sound(octets, Ok(text))
        };
        Self {
            octets,
            text,
            is_ascii,
        }
    }

    /// What is behind so many octets of its text.
    #[inline]
    pub(crate) fn behind(self, octets: usize) -> Self {
        Self {
            octets: &self.octets[octets..],
            text: &self.text[octets..],
            ..self
        }
    }
}

/// As much of `octets` as is text: UTF-8 (overlong forms and surrogates are not), which `read` says, and
/// none of its control characters beyond ASCII, U+0080 to U+009F. Those of ASCII are for the classes to
/// keep out.
#[cold]
fn sound<'a>(octets: &'a [u8], read: Result<&'a str, Utf8Error>) -> &'a str {
    let text = read
        .unwrap_or_else(|error| str::from_utf8(&octets[..error.valid_up_to()]).unwrap_or_default());
    // Each of these controls begins with that octet.
    if !any(text.as_bytes(), |octet| octet == 0xC2) {
        return text;
    }
    let control = text.find(|c| matches!(c, '\u{80}'..='\u{9F}'));
    control.map_or(text, |control| &text[..control])
}

/// Whether one `is` among the octets, looked for in blocks that a machine takes at once: with few
/// branches where they are as many as a line commonly has.
#[inline]
pub(crate) fn any(octets: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let among = |any, octet: &u8| any | is(*octet);
    let (blocks, last) = (octets.as_chunks::<32>().0, octets.last_chunk::<32>());
    if let (Some(first), Some(last)) = (blocks.first(), last) {
        let ends = first.iter().chain(last).fold(false, among);
        let mut between = blocks.iter().skip(1);
        return ends || between.any(|block| block.iter().fold(false, among));
    }
    match (octets.first_chunk::<16>(), octets.last_chunk::<16>()) {
        (Some(first), Some(last)) => first.iter().chain(last).fold(false, among),
        _ => octets.iter().any(|octet| is(*octet)),
    }
}

/// `str::split_once`, for texts too short to be searched by the word.
pub(crate) fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|octet| octet == at) {
        None => (text, None),
        Some(end) => (&text[..end], Some(&text[end + 1..])),
    }
}

/// Where the first octet below `LIMIT` is that is `wanted`, eight looked at at once.
pub(crate) fn first_below<const LIMIT: u8>(
    octets: &[u8],
    mut wanted: impl FnMut(u8) -> bool,
) -> Option<usize> {
    const { assert!(LIMIT <= 0x80) };
    let all = |octet: u8| u64::from_ne_bytes([octet; 8]);
    let mut rest = octets;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        // The first octet to borrow for what is taken from it is one that is too low.
        let low = eight.wrapping_sub(all(LIMIT)) & !eight & all(0x80);
        if low == 0 {
            rest = behind;
            continue;
        }
        let at = low.trailing_zeros() as usize / 8;
        if wanted(rest[at]) {
            return Some(octets.len() - rest.len() + at);
        }
        rest = &rest[at + 1..];
    }
    let low = |octet: &u8| *octet < LIMIT && wanted(*octet);
    Some(octets.len() - rest.len() + rest.iter().position(low)?)
}

/// Where the first blank or control of ASCII is, an end of line among them, or the end of all.
#[inline]
pub(crate) fn first_blank(octets: &[u8]) -> usize {
    first_below::<0x21>(octets, |_| true).unwrap_or(octets.len())
}

/// The end `rest` of `input`, and what stands before it.
fn until<'a>(input: &'a [u8], rest: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    (rest, &input[..input.len() - rest.len()])
}

/// At least one octet of `class`.
pub(crate) fn run(class: Class) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    move |input| match class.run(input) {
        0 => fail(input),
        octets => Ok(until(input, &input[octets..])),
    }
}

/// `item *("." item)`, where `fits` says whether an octet may stand behind another; the first
/// stands as if behind a dot, and the last is one that a dot may stand behind.
fn dotted(input: &[u8], fits: impl Fn(u8, u8) -> bool) -> Parsed<'_, &[u8]> {
    let mut before = b'.';
    let end = input.iter().position(|octet| {
        let goes_on = fits(before, *octet);
        if goes_on {
            before = *octet;
        }
        !goes_on
    });
    let rest = &input[end.unwrap_or(input.len())..];
    if fits(before, b'.') {
        Ok(until(input, rest))
    } else {
        fail(rest)
    }
}

/// `Atom = 1*atext`
pub(crate) fn atom(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    run(ATEXT.with_utf8(utf8))
}

/// `Dot-string = Atom *("." Atom)`
pub(crate) fn dot_string(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    let atext = ATEXT.with_utf8(utf8);
    move |input| {
        dotted(input, |before, octet| {
            atext.has(octet) || (octet == b'.' && before != b'.')
        })
    }
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`, as written, quotes and backslashes included.
///
/// `quoted-pairSMTP = %d92 %d32-126` stays ASCII under SMTPUTF8 too.
pub(crate) fn quoted_string(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    let qtext = QTEXT.with_utf8(utf8);
    move |input| {
        let [b'"', rest @ ..] = input else {
            return fail(input);
        };
        let mut rest = rest;
        loop {
            match &rest[qtext.run(rest)..] {
                [b'"', behind @ ..] => return Ok(until(input, behind)),
                [b'\\', b' '..=b'~', behind @ ..] => rest = behind,
                [b'\\', wrong @ ..] | wrong => return fail(wrong),
            }
        }
    }
}

/// `Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig`
pub(crate) fn ldh_str(input: &[u8]) -> Parsed<'_, &[u8]> {
    match run(LDH)(input)? {
        (rest, [.., b'-']) => fail(rest),
        parsed => Ok(parsed),
    }
}

/// `Domain = sub-domain *("." sub-domain)`, `sub-domain = Let-dig [Ldh-str] / U-label`
pub(crate) fn domain(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    let let_dig = LET_DIG.with_utf8(utf8);
    move |input| {
        dotted(input, |before, octet| {
            let_dig.has(octet)
                || match octet {
                    b'.' => !matches!(before, b'.' | b'-'),
                    b'-' => before != b'.',
                    _ => false,
                }
        })
    }
}

/// `esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")`
pub(crate) fn keyword(input: &[u8]) -> Parsed<'_, &[u8]> {
    match input {
        [first, ..] if LET_DIG.has(*first) => run(LDH)(input),
        _ => fail(input),
    }
}

/// `esmtp-value = 1*(%d33-60 / %d62-126 / UTF8-non-ascii)`
pub(crate) fn esmtp_value(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    run(ESMTP_VALUE.with_utf8(utf8))
}

/// `1*DIGIT`; one beyond what a `u64` has room for is the largest that it has.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    let number = digits.iter().try_fold(0_u64, |number, octet| {
        let digit = octet.is_ascii_digit().then(|| u64::from(octet - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    });
    number.filter(|_| !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn fails_at<T: core::fmt::Debug>(input: &[u8], parsed: Parsed<'_, T>) -> usize {
        offset(input, &parsed.unwrap_err())
    }

    #[test]
    fn a_failure_stands_at_the_octet_that_does_not_fit() {
        for (input, at) in [("a..b", 2), (".a", 0), ("a.", 2), ("", 0)] {
            assert_eq!(
                fails_at(input.as_bytes(), dot_string(false)(input.as_bytes())),
                at,
                "{input}"
            );
        }
        for (input, at) in [
            ("a.-b", 2),
            ("a-.b", 2),
            ("a-_", 2),
            ("-", 0),
            ("a.b-", 4),
            ("_a", 0),
        ] {
            assert_eq!(
                fails_at(input.as_bytes(), domain(false)(input.as_bytes())),
                at,
                "{input}"
            );
        }
        for (input, at) in [
            ("\"a", 2),
            ("\"a\\", 3),
            ("\"a\\\r\"", 3),
            ("\"a\0\"", 2),
            ("a\"", 0),
        ] {
            assert_eq!(
                fails_at(input.as_bytes(), quoted_string(false)(input.as_bytes())),
                at,
                "{input:?}"
            );
        }
    }

    #[test]
    fn of_two_alternatives_the_one_that_came_further_is_told() {
        let (near, far) = (At { rest: 9 }, At { rest: 2 });
        assert_eq!(near.or(far), far);
        assert_eq!(far.or(near), far);
    }

    proptest! {
        #[test]
        fn the_first_low_octet_is_found_wherever_it_stands(octets: Vec<u8>) {
            let low = octets.iter().position(|octet| *octet < 0x21);
            prop_assert_eq!(first_below::<0x21>(&octets, |_| true), low);
            let low = octets.iter().position(|octet| matches!(octet, 1..0x80));
            prop_assert_eq!(first_below::<0x80>(&octets, |octet| octet > 0), low);
        }
    }

    #[test]
    fn text_is_strict_utf8_without_controls_beyond_ascii() {
        for (octets, text) in [
            ("jörg@".as_bytes(), "jörg@"),
            (b"ab\xC0\xAF", "ab"),
            (b"ab\xED\xA0\x80", "ab"),
            (b"ab\xC3", "ab"),
            (b"ab\xFF", "ab"),
            (b"ab\xC2\x9B\xFF", "ab"),
        ] {
            assert_eq!(Input::new(octets).text, text);
        }
    }

    #[test]
    fn a_keyword_may_end_in_a_hyphen_but_not_begin_with_one() {
        assert_eq!(
            keyword(b"MT-PRIORITY=3"),
            Ok((&b"=3"[..], &b"MT-PRIORITY"[..]))
        );
        assert_eq!(keyword(b"X-"), Ok((&b""[..], &b"X-"[..])));
        assert!(keyword(b"-X").is_err());
    }

    #[test]
    fn a_value_ends_at_a_blank_an_equals_sign_or_beyond_ascii() {
        for rest in [&b" "[..], b"=b", b"\xC3\xA9", b"\0", b"\x7F"] {
            let input = [&b"a+3D"[..], rest].concat();
            assert_eq!(esmtp_value(false)(&input), Ok((rest, &b"a+3D"[..])));
            assert_eq!(fails_at(rest, esmtp_value(false)(rest)), 0);
        }
    }
}
