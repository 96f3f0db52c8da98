//! MAIL (RFC 5321 §4.1.1.2).

use super::parameter::Parameter;
use super::{Syntax, SyntaxErrorKind};
use crate::address::{self, AddressErrorKind, ReversePath};
use crate::extension::{self, BodyType, Extension};
use core::fmt;

/// `MAIL FROM:Reverse-path [SP Mail-parameters]`: who sends, and what about the message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mail<'a> {
    from: ReversePath<'a>,
    size: Option<u64>,
    body: Option<BodyType>,
}

impl<'a> Mail<'a> {
    /// A transaction for mail from there.
    pub fn new(from: impl Into<ReversePath<'a>>) -> Self {
        Self {
            from: from.into(),
            size: None,
            body: None,
        }
    }

    /// Where failures are reported to.
    pub const fn from(&self) -> &ReversePath<'a> {
        &self.from
    }

    /// How many octets the message has, by its sender's word (RFC 1870).
    pub const fn size(&self) -> Option<u64> {
        self.size
    }

    /// What kind of octets it has, by its sender's word (RFC 6152).
    pub const fn body(&self) -> Option<BodyType> {
        self.body
    }

    /// With a size declared, or not.
    pub fn with_size(mut self, octets: impl Into<Option<u64>>) -> Self {
        self.size = octets.into();
        self
    }

    /// With a body type declared, or not.
    pub fn with_body(mut self, body: impl Into<Option<BodyType>>) -> Self {
        self.body = body.into();
        self
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Mail<'static> {
        Mail {
            from: self.from.into_owned(),
            size: self.size,
            body: self.body,
        }
    }

    /// Reads what stands behind the verb; an error says how much of it was left.
    pub(super) fn parse(
        argument: &'a [u8],
        syntax: Syntax,
    ) -> Result<Self, (SyntaxErrorKind, usize)> {
        let path = keyword(argument, b" FROM:")?;
        let (mut rest, from) = address::reverse_path(path, syntax.utf8).map_err(|error| {
            let kind = path_error(error.kind(), SyntaxErrorKind::ReversePath);
            (kind, path.len() - error.offset())
        })?;
        ends(rest, SyntaxErrorKind::ReversePath)?;
        let mut mail = Self::new(from);
        loop {
            let at = rest.len();
            let Some(parameter) = Parameter::take(&mut rest)? else {
                return Ok(mail);
            };
            // One space stands before the parameter.
            mail.set(parameter, syntax).map_err(|kind| (kind, at - 1))?;
        }
    }

    fn set(&mut self, parameter: Parameter<'_>, syntax: Syntax) -> Result<(), SyntaxErrorKind> {
        let extension = Extension::of_mail_parameter(parameter.keyword())
            .filter(|extension| syntax.extensions.contains(*extension))
            .ok_or(SyntaxErrorKind::UnknownParameter)?;
        let value = parameter.value().unwrap_or_default();
        match extension {
            Extension::Size => once(&mut self.size, extension::parse_size(value)),
            Extension::EightBitMime => once(&mut self.body, BodyType::parse(value)),
            _ => Err(SyntaxErrorKind::UnknownParameter),
        }
    }
}

/// Sets what wasn't set to a value that is one.
fn once<T>(slot: &mut Option<T>, value: Option<T>) -> Result<(), SyntaxErrorKind> {
    match (&slot, &value) {
        (None, Some(_)) => {
            *slot = value;
            Ok(())
        }
        _ => Err(SyntaxErrorKind::ParameterValue),
    }
}

/// What stands behind `FROM:` or `TO:`, in any case.
pub(super) fn keyword<'a>(
    argument: &'a [u8],
    keyword: &[u8],
) -> Result<&'a [u8], (SyntaxErrorKind, usize)> {
    match argument.split_at_checked(keyword.len()) {
        Some((word, path)) if word.eq_ignore_ascii_case(keyword) => Ok(path),
        _ if argument.is_ascii() => Err((SyntaxErrorKind::Argument, argument.len())),
        _ => Err((SyntaxErrorKind::NonAscii, argument.len())),
    }
}

/// Whether a path ends where it seems to: a space or nothing is behind it.
pub(super) fn ends(
    rest: &[u8],
    malformed: SyntaxErrorKind,
) -> Result<(), (SyntaxErrorKind, usize)> {
    match rest {
        [] | [b' ', ..] => Ok(()),
        _ => Err((malformed, rest.len())),
    }
}

/// A path's fault in the words of its command.
pub(super) fn path_error(kind: AddressErrorKind, malformed: SyntaxErrorKind) -> SyntaxErrorKind {
    match kind {
        AddressErrorKind::NonAscii => SyntaxErrorKind::NonAsciiAddress,
        _ => malformed,
    }
}

impl fmt::Display for Mail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MAIL FROM:{}", self.from)?;
        if let Some(size) = self.size {
            write!(f, " SIZE={size}")?;
        }
        if let Some(body) = self.body {
            write!(f, " BODY={body}")?;
        }
        Ok(())
    }
}
