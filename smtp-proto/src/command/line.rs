//! A command line, read as far as its verb.

use super::{SyntaxError, SyntaxErrorKind};
use crate::extension::Syntax;
use crate::grammar::{Input, any, first_blank};
use crate::verb::Verb;

/// A line without its CRLF and the blanks at its end, in which no octet is a control of ASCII.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) verb: Verb,
    pub(super) octets: &'a [u8],
    /// What stands behind the verb, its blank included.
    pub(super) argument: Input<'a>,
}

impl<'a> Line<'a> {
    /// Finds the verb of a trimmed line.
    #[allow(clippy::inline_always)] // to be put together where it is to be
    #[inline(always)]
    pub(crate) fn read(octets: &'a [u8], syntax: Syntax<'_>) -> Result<Self, SyntaxError> {
        let is_printable = !any(octets, |octet| !matches!(octet, b' '..=b'~'));
        if !is_printable && octets.iter().any(u8::is_ascii_control) {
            return Err(fault(octets));
        }
        let (word, argument) = octets.split_at(first_blank(octets));
        let verb = match Verb::of(word) {
            Some(verb) => verb,
            None if syntax.has_own_verb(word) => Verb::Own,
            None => return Err(fault(octets)),
        };
        Ok(Self {
            verb,
            octets,
            argument: Input::known(argument, is_printable),
        })
    }
}

/// What is wrong with a line that has a control of ASCII in it or no verb at its front.
#[cold]
fn fault(line: &[u8]) -> SyntaxError {
    let first = |is: fn(&u8) -> bool| line.iter().position(is);
    if let Some(control) = first(u8::is_ascii_control) {
        SyntaxError::new(SyntaxErrorKind::Control, control)
    } else if let Some(beyond_ascii) = first(|octet| !octet.is_ascii()) {
        SyntaxError::new(SyntaxErrorKind::NonAscii, beyond_ascii)
    } else {
        SyntaxError::new(SyntaxErrorKind::UnknownVerb, 0)
    }
}
