//! ESMTP parameters as such (RFC 5321 §4.1.2); what they mean is for the extensions.

use super::SyntaxErrorKind;
use crate::grammar;

/// `esmtp-param = esmtp-keyword ["=" esmtp-value]`, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parameter<'a> {
    keyword: &'a str,
    value: Option<&'a str>,
}

impl<'a> Parameter<'a> {
    /// Its keyword, to be compared in any case.
    pub(super) const fn keyword(&self) -> &'a str {
        self.keyword
    }

    /// What stands behind `=`.
    pub(super) const fn value(&self) -> Option<&'a str> {
        self.value
    }

    /// Takes `SP esmtp-param` off the front of `input`; an error says how much of it was left.
    pub(super) fn take(input: &mut &'a [u8]) -> Result<Option<Self>, (SyntaxErrorKind, usize)> {
        if input.is_empty() {
            return Ok(None);
        }
        let malformed = |rest: &[u8]| match rest.first() {
            Some(octet) if !octet.is_ascii() => (SyntaxErrorKind::NonAscii, rest.len()),
            _ => (SyntaxErrorKind::Argument, rest.len()),
        };
        let rest = input.strip_prefix(b" ").ok_or(malformed(input))?;
        let (rest, keyword) = grammar::keyword(rest).map_err(|_| malformed(rest))?;
        let (rest, value) = match rest.strip_prefix(b"=") {
            None => (rest, None),
            Some(rest) => match grammar::esmtp_value(rest) {
                Ok((rest, value)) => (rest, Some(value)),
                Err(_) => return Err(malformed(rest)),
            },
        };
        *input = rest;
        Ok(Some(Self { keyword, value }))
    }
}
