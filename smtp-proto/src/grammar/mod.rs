//! The small parsers that every value of the protocol shares.
//!
//! The rule here: a parser sees a whole frame (`complete` flavour, so `Incomplete` never appears),
//! allocates nothing, and when it fails says only where. It knows no length limits and no meaning;
//! those belong to the value that is built from what it returns.
//!
//! Where RFC 6531 §3.3 lets octets above 0x7F in, a parser takes `utf8: bool` and passes them as
//! octets; [`sound`] is the one place that turns octets into a `str`, and so the one that checks them.
//! What is read only to be dropped has to go through it too.

pub(crate) mod class;
pub(crate) mod xtext;

use core::str;

use nom::combinator::consumed;
use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Parser};

use class::{ATEXT, Class, ESMTP_VALUE, LDH, LET_DIG, QTEXT};

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

fn fail<T>(rest: &[u8]) -> Parsed<'_, T> {
    Err(nom::Err::Error(At::new(rest)))
}

/// As much of `octets` as is text: UTF-8 (overlong forms and surrogates are not), and none of its
/// control characters beyond ASCII, U+0080 to U+009F. Those of ASCII are for the classes to keep out.
pub(crate) fn sound(octets: &[u8]) -> &str {
    let text = match str::from_utf8(octets) {
        Ok(text) if text.is_ascii() => return text,
        Ok(text) => text,
        Err(error) => str::from_utf8(&octets[..error.valid_up_to()]).unwrap_or_default(),
    };
    let control = text.find(|c| matches!(c, '\u{80}'..='\u{9F}'));
    control.map_or(text, |control| &text[..control])
}

/// What `parser` consumes, as text, beside what it returns. Fails at the first octet that isn't
/// [`sound`].
pub(crate) fn text<'a, T>(
    mut parser: impl Parser<&'a [u8], Output = T, Error = At>,
) -> impl FnMut(&'a [u8]) -> Parsed<'a, (&'a str, T)> {
    move |input| {
        let (rest, (octets, value)) = consumed(|input| parser.parse(input)).parse(input)?;
        let text = sound(octets);
        if text.len() < octets.len() {
            return fail(&input[text.len()..]);
        }
        Ok((rest, (text, value)))
    }
}

/// The longest word that [`packed`] tells from every other.
pub(crate) const PACKED: usize = 15;

/// A word as one number: its length, and its octets up to [`PACKED`] in upper case, as `a` and `A` differ
/// by one bit. So do some control octets and the characters 32 above them, which is for the caller to keep out.
pub(crate) const fn packed(word: &[u8]) -> u128 {
    let (head, _) = word.split_at(if word.len() < PACKED {
        word.len()
    } else {
        PACKED
    });
    let (mut quads, mut rest) = head.as_chunks();
    let mut octets = 0;
    while let [quad, behind @ ..] = quads {
        octets = octets << 32 | u32::from_be_bytes(*quad) as u128;
        quads = behind;
    }
    while let [octet, behind @ ..] = rest {
        octets = octets << 8 | *octet as u128;
        rest = behind;
    }
    (word.len() as u128) << (8 * PACKED) | octets & u128::from_ne_bytes([0xDF; 16]) >> 8
}

/// `str::split_once`, for texts too short to be searched by the word.
pub(crate) fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|octet| octet == at) {
        None => (text, None),
        Some(end) => (&text[..end], Some(&text[end + 1..])),
    }
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

/// `item *("." item)`: a dot commits to another item, so that the error stands behind it.
fn dotted(item: impl Fn(&[u8]) -> Parsed<'_, &[u8]>) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    move |input| {
        let (mut rest, _) = item(input)?;
        while let [b'.', behind @ ..] = rest {
            (rest, _) = item(behind)?;
        }
        Ok(until(input, rest))
    }
}

/// `Atom = 1*atext`
pub(crate) fn atom(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    run(ATEXT.with_utf8(utf8))
}

/// `Dot-string = Atom *("." Atom)`
pub(crate) fn dot_string(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    dotted(atom(utf8))
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
pub(crate) fn ldh_str(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    let ldh = run(LDH.with_utf8(utf8));
    move |input| match ldh(input)? {
        (rest, [.., b'-']) => fail(rest),
        parsed => Ok(parsed),
    }
}

/// `Domain = sub-domain *("." sub-domain)`, `sub-domain = Let-dig [Ldh-str] / U-label`
pub(crate) fn domain(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    let first = LET_DIG.with_utf8(utf8);
    let ldh_str = ldh_str(utf8);
    dotted(move |input| match input {
        [octet, ..] if first.has(*octet) => ldh_str(input),
        _ => fail(input),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

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
        for (input, at) in [("a.-b", 2), ("a-.b", 2), ("-", 0), ("a.b-", 4), ("_a", 0)] {
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

    #[test]
    fn octets_become_text_only_as_strict_utf8_without_controls() {
        let read = |input: &'static [u8]| text(atom(true))(input).map(|(_, (text, _))| text);
        assert_eq!(read("jörg@".as_bytes()), Ok("jörg"));
        for input in [
            &b"ab\xC0\xAF"[..],
            b"ab\xED\xA0\x80",
            b"ab\xC3",
            b"ab\xFF",
            b"ab\xC2\x9B",
        ] {
            assert_eq!(offset(input, &read(input).unwrap_err()), 2);
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
