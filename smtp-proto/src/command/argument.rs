//! Free text behind a verb (RFC 5321 §4.1.1.6 to §4.1.1.9).

use super::{SyntaxError, SyntaxErrorKind};
use alloc::borrow::Cow;
use core::fmt;

/// The argument of VRFY, EXPN or HELP: printable ASCII, at least one octet, as it was written.
///
/// §4.1.2 says `String`, an atom or a quoted string; people ask for `<joe@example.org>`, so any
/// text is taken and its meaning is up to the server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Argument<'a>(Cow<'a, str>);

impl<'a> Argument<'a> {
    /// Reads what stands behind a verb; an error says how much of it was left.
    pub(super) fn parse(argument: &'a [u8]) -> Result<Self, (SyntaxErrorKind, usize)> {
        let text = argument.strip_prefix(b" ").unwrap_or_default();
        let text =
            core::str::from_utf8(text).map_err(|_| (SyntaxErrorKind::NonAscii, text.len()))?;
        Self::try_from(text).map_err(|error| (error.kind, text.len() - error.offset))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Argument<'static> {
        Argument(Cow::Owned(self.0.into_owned()))
    }
}

impl<'a> TryFrom<&'a str> for Argument<'a> {
    type Error = SyntaxError;

    fn try_from(text: &'a str) -> Result<Self, SyntaxError> {
        if text.is_empty() {
            return Err(SyntaxError::new(SyntaxErrorKind::Argument, 0));
        }
        match text.bytes().position(|b| !matches!(b, b' '..=b'~')) {
            None => Ok(Self(Cow::Borrowed(text))),
            Some(at) if text.is_char_boundary(at) && !text.as_bytes()[at].is_ascii() => {
                Err(SyntaxError::new(SyntaxErrorKind::NonAscii, at))
            }
            Some(at) => Err(SyntaxError::new(SyntaxErrorKind::Control, at)),
        }
    }
}

impl fmt::Display for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
