//! Free text behind a verb (RFC 5321 §4.1.1.6 to §4.1.1.8).

use super::{Fault, SyntaxError, SyntaxErrorKind, trim, visible};
use crate::extension::{Extension, SmtpUtf8, Syntax};
use crate::grammar::Input;
use alloc::borrow::Cow;
use core::fmt;

/// The argument of VRFY, EXPN or HELP: printable text, at least one octet, as it was written.
///
/// §4.1.2 says `String`, an atom or a quoted string; people ask for `<joe@example.org>`, so any
/// text is taken and its meaning is up to the server. VRFY and EXPN may say SMTPUTF8 behind it (RFC
/// 6531 §3.7.4.2): then it may hold UTF-8, and so may the reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Argument<'a> {
    text: Cow<'a, str>,
    utf8: bool,
}

impl<'a> Argument<'a> {
    /// Reads what stands behind VRFY or EXPN; an error says how much of it was left.
    pub(super) fn parse(argument: Input<'a>, syntax: Syntax<'_>) -> Result<Self, Fault> {
        let octets = argument.octets;
        match octets.strip_prefix(b" ").and_then(without_parameter) {
            Some(text) if syntax.extensions.contains(Extension::SmtpUtf8) => {
                let wrong = |at| (SyntaxErrorKind::Argument, octets.len() - 1 - at);
                let text =
                    core::str::from_utf8(text).map_err(|error| wrong(error.valid_up_to()))?;
                Self::utf8(text).map_err(|error| wrong(error.offset))
            }
            _ => visible(argument).map(Self::ascii),
        }
    }

    /// Printable ASCII, at least one octet.
    pub(super) const fn ascii(text: &'a str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            utf8: false,
        }
    }

    /// A text that may hold UTF-8, to be asked with SMTPUTF8.
    ///
    /// # Errors
    /// [`SyntaxErrorKind::Argument`] if it is empty or ends in a blank, [`SyntaxErrorKind::Control`] if it holds a
    /// control character.
    pub fn utf8(text: &'a str) -> Result<Self, SyntaxError> {
        if text.is_empty() || text.ends_with(' ') {
            return Err(SyntaxError::new(SyntaxErrorKind::Argument, 0));
        }
        match text.find(char::is_control) {
            Some(at) => Err(SyntaxError::new(SyntaxErrorKind::Control, at)),
            None => Ok(Self {
                text: Cow::Borrowed(text),
                utf8: true,
            }),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether SMTPUTF8 stands behind it.
    pub const fn is_smtputf8(&self) -> bool {
        self.utf8
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Argument<'static> {
        Argument {
            text: Cow::Owned(self.text.into_owned()),
            utf8: self.utf8,
        }
    }
}

/// A text less the SMTPUTF8 behind it and the blanks between, where there are both.
fn without_parameter(text: &[u8]) -> Option<&[u8]> {
    let (text, parameter) = text.split_at_checked(text.len().checked_sub(" SMTPUTF8".len())?)?;
    let text = trim(text);
    (parameter.eq_ignore_ascii_case(b" SMTPUTF8") && !text.is_empty()).then_some(text)
}

impl<'a> TryFrom<&'a str> for Argument<'a> {
    type Error = SyntaxError;

    fn try_from(text: &'a str) -> Result<Self, SyntaxError> {
        // What ends in a blank, or in the parameter, would be read as less.
        let cut = text.ends_with(' ') || without_parameter(text.as_bytes()).is_some();
        if text.is_empty() || cut {
            return Err(SyntaxError::new(SyntaxErrorKind::Argument, 0));
        }
        match text.bytes().position(|octet| !matches!(octet, b' '..=b'~')) {
            None => Ok(Self::ascii(text)),
            Some(at) if text.as_bytes()[at].is_ascii() => {
                Err(SyntaxError::new(SyntaxErrorKind::Control, at))
            }
            Some(at) => Err(SyntaxError::new(SyntaxErrorKind::NonAscii, at)),
        }
    }
}

impl fmt::Display for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.utf8 {
            write!(f, " {SmtpUtf8}")?;
        }
        Ok(())
    }
}
