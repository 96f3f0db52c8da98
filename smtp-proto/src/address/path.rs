//! Paths: where a message came from and where it goes, in angle brackets.
//!
//! The rule here: the two paths are two types, because their special cases differ. Only a reverse
//! path is ever empty, only a forward path is ever a bare `Postmaster`, and neither is taken for the
//! other. A source route is read and dropped; nothing here writes one.

use core::fmt;

use nom::Parser;
use nom::character::complete::char;
use nom::combinator::{consumed, cut, value};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded};

use super::mailbox::{self, mailbox};
use super::{AddressError, Mailbox, read};
use crate::grammar::{Input, Parsed, domain};

/// Where a message's failure reports go: the path of MAIL.
///
/// ```abnf
/// Reverse-path = Path / "<>"                              ; RFC 5321 §4.1.2
/// Path         = "<" [ A-d-l ":" ] Mailbox ">"
/// A-d-l        = At-domain *( "," At-domain )             ; read and dropped
/// At-domain    = "@" Domain
/// ```
///
/// At most 256 octets as written, brackets and source route included (§4.5.3.1.3).
///
/// The constructors take what goes onto the wire and also what a person types: a bare mailbox, or
/// nothing at all for the null path. `Display` writes the brackets.
///
/// # Errors
///
/// Its constructors give [`AddressError`], as those of [`Mailbox`] do.
///
/// ```
/// use smtp_proto::address::ReversePath;
///
/// assert_eq!(ReversePath::try_from("joe@example.com")?.to_string(), "<joe@example.com>");
/// assert_eq!(ReversePath::try_from("<@a,@b:joe@example.com>")?.to_string(), "<joe@example.com>");
/// assert_eq!(ReversePath::try_from("")?, ReversePath::Null);
/// assert_eq!(ReversePath::Null.to_string(), "<>");
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReversePath<'a> {
    /// `<>`: nobody; the sender of a notification that must not be answered (RFC 5321 §4.5.5).
    Null,
    /// A mailbox that reports go to.
    Mailbox(Mailbox<'a>),
}

/// Whom a message is for: the path of RCPT.
///
/// ```abnf
/// "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path      ; RFC 5321 §4.1.1.3
/// Forward-path = Path                                            ; as for `ReversePath`
/// ```
///
/// At most 256 octets as written, brackets and source route included (§4.5.3.1.3).
///
/// The constructors take what goes onto the wire and also what a person types: a bare mailbox, or
/// `postmaster` in any case. `Display` writes the brackets.
///
/// # Errors
///
/// Its constructors give [`AddressError`], as those of [`Mailbox`] do.
///
/// ```
/// use smtp_proto::address::ForwardPath;
///
/// let path = ForwardPath::try_from("<joe@example.com>")?;
/// assert!(path.is_local_to("EXAMPLE.com"));
/// assert_eq!(ForwardPath::try_from("<POSTMASTER>")?, ForwardPath::Postmaster);
/// assert!(ForwardPath::try_from("<>").is_err());
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ForwardPath<'a> {
    /// `<Postmaster>`: whoever answers for the server that is asked; always to be accepted (§4.5.1).
    Postmaster,
    /// A mailbox.
    Mailbox(Mailbox<'a>),
}

const MAX_PATH: usize = 256;
const POSTMASTER: &str = "Postmaster";

/// Where the parts of a path at the front of a text are: how many octets stand before its mailbox,
/// before the `@` of that, and before the `>`, in ten bits each. One number goes in a register, and
/// with it results that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path(usize);

impl Path {
    const BITS: u32 = 10;

    /// `<>`, and `<Postmaster>`: no mailbox.
    const NULL: Self = Self::new(1, 1, 1);
    const POSTMASTER: Self = Self::new(11, 11, 11);

    /// Of numbers below [`MAX_PATH`].
    const fn new(start: usize, at: usize, end: usize) -> Self {
        Self((start << Self::BITS | at) << Self::BITS | end)
    }

    const fn parts(self) -> [usize; 3] {
        const PART: usize = (1 << Path::BITS) - 1;
        let (at, start) = (self.0 >> Self::BITS, self.0 >> (2 * Self::BITS));
        [start, at & PART, self.0 & PART]
    }

    /// How many octets it has.
    pub(crate) const fn octets(self) -> usize {
        let [.., end] = self.parts();
        end + ">".len()
    }

    /// The path that was found in `input`.
    #[inline]
    pub(crate) fn reverse(self, input: Input<'_>) -> ReversePath<'_> {
        match self.mailbox(input) {
            Some(mailbox) => ReversePath::Mailbox(mailbox),
            None => ReversePath::Null,
        }
    }

    /// As [`reverse`](Self::reverse).
    #[inline]
    pub(crate) fn forward(self, input: Input<'_>) -> ForwardPath<'_> {
        match self.mailbox(input) {
            Some(mailbox) => ForwardPath::Mailbox(mailbox),
            None => ForwardPath::Postmaster,
        }
    }

    #[inline]
    fn mailbox(self, input: Input<'_>) -> Option<Mailbox<'_>> {
        let [start, at, end] = self.parts();
        (start < end).then(|| Mailbox::checked(&input.text[start..end], at - start))
    }
}

/// The reverse path at the start of `input`.
pub(crate) fn reverse_path(input: Input<'_>, utf8: bool) -> Result<Path, AddressError> {
    if input.octets.starts_with(b"<>") {
        return Ok(Path::NULL);
    }
    path(input, utf8)
}

/// The forward path at the start of `input`.
pub(crate) fn forward_path(input: Input<'_>, utf8: bool) -> Result<Path, AddressError> {
    match input.octets.first_chunk::<12>() {
        Some(start) if start.eq_ignore_ascii_case(b"<Postmaster>") => Ok(Path::POSTMASTER),
        _ => path(input, utf8),
    }
}

fn path(input: Input<'_>, utf8: bool) -> Result<Path, AddressError> {
    let mailbox = consumed(mailbox(utf8));
    let brackets = delimited(char('<'), preceded(source_route(utf8), mailbox), char('>'));
    let (octets, (mailbox, at)) = read(input, utf8, brackets)?;
    let end = octets - ">".len();
    let start = end - mailbox.len();
    if octets > MAX_PATH {
        return Err(AddressError::too_long(MAX_PATH));
    }
    mailbox::check_length(&input.text[start..end], at).map_err(|error| error.behind(start))?;
    Ok(Path::new(start, start + at, end))
}

/// `[ A-d-l ":" ]`: "MUST BE accepted, SHOULD NOT be generated, and SHOULD be ignored."
fn source_route(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, ()> {
    move |input| {
        if !input.starts_with(b"@") {
            return Ok((input, ()));
        }
        let at_domain = || preceded(char('@'), domain(utf8));
        let next = preceded(char(','), cut(at_domain()));
        let route = (at_domain(), many0_count(next), char(':'));
        value((), route).parse(input)
    }
}

/// Whether a path is all of `input`.
fn whole(path: Path, input: Input<'_>) -> Result<Path, AddressError> {
    match path.octets() {
        octets if octets == input.octets.len() => Ok(path),
        octets => Err(AddressError::syntax(octets)),
    }
}

impl<'a> ReversePath<'a> {
    /// The path that all of `text` is, UTF-8 beyond ASCII allowed.
    ///
    /// # Errors
    ///
    /// As [`Mailbox::parse_utf8`].
    pub fn parse_utf8(text: &'a str) -> Result<Self, AddressError> {
        Self::read(text, true)
    }

    fn read(text: &'a str, utf8: bool) -> Result<Self, AddressError> {
        match text.as_bytes().first() {
            None => Ok(ReversePath::Null),
            Some(b'<') => {
                let input = Input::of(text);
                let path = whole(reverse_path(input, utf8)?, input)?;
                Ok(path.reverse(input))
            }
            Some(_) => Mailbox::read(text, utf8).map(ReversePath::Mailbox),
        }
    }

    /// The mailbox, unless the path is null.
    pub fn mailbox(&self) -> Option<&Mailbox<'a>> {
        match self {
            ReversePath::Null => None,
            ReversePath::Mailbox(mailbox) => Some(mailbox),
        }
    }

    /// The same path, borrowing nothing.
    pub fn into_owned(self) -> ReversePath<'static> {
        match self {
            ReversePath::Null => ReversePath::Null,
            ReversePath::Mailbox(mailbox) => ReversePath::Mailbox(mailbox.into_owned()),
        }
    }
}

impl<'a> ForwardPath<'a> {
    /// The path that all of `text` is, UTF-8 beyond ASCII allowed.
    ///
    /// # Errors
    ///
    /// As [`Mailbox::parse_utf8`].
    pub fn parse_utf8(text: &'a str) -> Result<Self, AddressError> {
        Self::read(text, true)
    }

    fn read(text: &'a str, utf8: bool) -> Result<Self, AddressError> {
        if text.starts_with('<') {
            let input = Input::of(text);
            let path = whole(forward_path(input, utf8)?, input)?;
            Ok(path.forward(input))
        } else if text.eq_ignore_ascii_case(POSTMASTER) {
            Ok(ForwardPath::Postmaster)
        } else {
            Mailbox::read(text, utf8).map(ForwardPath::Mailbox)
        }
    }

    /// The mailbox, unless the path is the bare `<Postmaster>`.
    pub fn mailbox(&self) -> Option<&Mailbox<'a>> {
        match self {
            ForwardPath::Postmaster => None,
            ForwardPath::Mailbox(mailbox) => Some(mailbox),
        }
    }

    /// Whether a server for `domain` is the one that delivers it, whatever the case of ASCII
    /// letters. `<Postmaster>` is local wherever it is asked for.
    pub fn is_local_to(&self, domain: &str) -> bool {
        self.mailbox()
            .is_none_or(|mailbox| mailbox.is_local_to(domain))
    }

    /// The same path, borrowing nothing.
    pub fn into_owned(self) -> ForwardPath<'static> {
        match self {
            ForwardPath::Postmaster => ForwardPath::Postmaster,
            ForwardPath::Mailbox(mailbox) => ForwardPath::Mailbox(mailbox.into_owned()),
        }
    }
}

impl<'a> TryFrom<&'a str> for ReversePath<'a> {
    type Error = AddressError;

    fn try_from(text: &'a str) -> Result<Self, AddressError> {
        Self::read(text, false)
    }
}

impl<'a> TryFrom<&'a str> for ForwardPath<'a> {
    type Error = AddressError;

    fn try_from(text: &'a str) -> Result<Self, AddressError> {
        Self::read(text, false)
    }
}

impl<'a> From<Mailbox<'a>> for ReversePath<'a> {
    fn from(mailbox: Mailbox<'a>) -> Self {
        ReversePath::Mailbox(mailbox)
    }
}

impl<'a> From<Mailbox<'a>> for ForwardPath<'a> {
    fn from(mailbox: Mailbox<'a>) -> Self {
        ForwardPath::Mailbox(mailbox)
    }
}

impl fmt::Display for ReversePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReversePath::Null => f.write_str("<>"),
            ReversePath::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

impl fmt::Display for ForwardPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ForwardPath::Postmaster => write!(f, "<{POSTMASTER}>"),
            ForwardPath::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;
    use proptest::string::bytes_regex;

    use super::super::AddressErrorKind::{self, NonAscii, Syntax};
    use super::*;

    fn refused(input: &[u8], utf8: bool) -> (AddressErrorKind, usize) {
        let input = Input::new(input);
        let error = forward_path(input, utf8).unwrap_err();
        assert_eq!(reverse_path(input, utf8), Err(error));
        (error.kind(), error.offset())
    }

    #[test]
    fn a_path_ends_at_its_bracket_whatever_follows() {
        let joe = Mailbox::try_from("joe@example.com").unwrap();
        for rest in [&b""[..], b" SIZE=1", b">", b"\xFF\0\r\n"] {
            let input = [&b"<joe@example.com>"[..], rest].concat();
            let input = Input::new(&input);
            let path = reverse_path(input, false).unwrap();
            assert_eq!(forward_path(input, true), Ok(path));
            assert_eq!(path.octets(), 17);
            assert_eq!(path.reverse(input), joe.clone().into());
            assert_eq!(path.forward(input), joe.clone().into());
            let input = [&b"<>"[..], rest].concat();
            let input = Input::new(&input);
            let path = reverse_path(input, false).unwrap();
            assert_eq!(path.octets(), 2);
            assert_eq!(path.reverse(input), ReversePath::Null);
            let input = [&b"<postMASTER>"[..], rest].concat();
            let input = Input::new(&input);
            let path = forward_path(input, false).unwrap();
            assert_eq!(path.octets(), 12);
            assert_eq!(path.forward(input), ForwardPath::Postmaster);
        }
    }

    #[test]
    fn octets_beyond_ascii_need_smtputf8_and_then_are_strict_utf8() {
        let umlauts = Input::new("<jörg@bücher.example>".as_bytes());
        assert!(forward_path(umlauts, true).is_ok());
        for (input, without, with) in [
            (&b"<j\xC0\xAF@a>"[..], (NonAscii, 2), (Syntax, 2)),
            (b"<j\xED\xA0\x80@a>", (NonAscii, 2), (Syntax, 2)),
            (b"<j\xC3@a>", (NonAscii, 2), (Syntax, 2)),
            (b"<\"j\xC2\x80\"@a>", (NonAscii, 3), (Syntax, 3)),
            (b"<j@a\xFF>", (NonAscii, 4), (Syntax, 4)),
            (b"<@a,@\xFF:j@a>", (NonAscii, 5), (Syntax, 5)),
            (b"<\"\\\xC3\xB6\"@a>", (NonAscii, 3), (Syntax, 3)),
        ] {
            assert_eq!(refused(input, false), without);
            assert_eq!(refused(input, true), with);
        }
    }
    proptest! {
        #[test]
        fn any_octets_are_a_path_with_a_rest_or_an_error_within_them(
            input in bytes_regex(r#"(?s-u)<?(@a[,:])?[a."\\\x00\x80\xC3\xB6]{0,6}@?[a.\[\]\xC3\xB6-]{0,6}>?"#)
                .unwrap(),
            utf8: bool,
        ) {
            let read = Input::new(&input);
            match forward_path(read, utf8) {
                Ok(path) => {
                    let written = path.forward(read).to_string();
                    let mailbox = written.trim_start_matches('<').as_bytes();
                    prop_assert!(input[..path.octets()].ends_with(mailbox));
                }
                Err(error) => {
                    prop_assert!(error.offset() <= input.len());
                    prop_assert!(!utf8 || error.kind() != NonAscii);
                }
            }
        }
    }
}
