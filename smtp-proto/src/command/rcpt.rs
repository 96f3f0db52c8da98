//! RCPT (RFC 5321 §4.1.1.3).

use super::mail::{ends, keyword, path_error};
use super::parameter::Parameter;
use super::{Syntax, SyntaxErrorKind};
use crate::address::{self, ForwardPath};
use core::fmt;

/// `RCPT TO:Forward-path [SP Rcpt-parameters]`: one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rcpt<'a> {
    to: ForwardPath<'a>,
}

impl<'a> Rcpt<'a> {
    /// A recipient.
    pub fn new(to: impl Into<ForwardPath<'a>>) -> Self {
        Self { to: to.into() }
    }

    /// Where the message is to go.
    pub const fn to(&self) -> &ForwardPath<'a> {
        &self.to
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Rcpt<'static> {
        Rcpt {
            to: self.to.into_owned(),
        }
    }

    /// Reads what stands behind the verb; an error says how much of it was left.
    pub(super) fn parse(
        argument: &'a [u8],
        syntax: Syntax,
    ) -> Result<Self, (SyntaxErrorKind, usize)> {
        let path = keyword(argument, b" TO:")?;
        let (mut rest, to) = address::forward_path(path, syntax.utf8).map_err(|error| {
            let kind = path_error(error.kind(), SyntaxErrorKind::ForwardPath);
            (kind, path.len() - error.offset())
        })?;
        ends(rest, SyntaxErrorKind::ForwardPath)?;
        let at = rest.len();
        match Parameter::take(&mut rest)? {
            None => Ok(Self { to }),
            // No extension known here adds one to RCPT. One space stands before the parameter.
            Some(_) => Err((SyntaxErrorKind::UnknownParameter, at - 1)),
        }
    }
}

impl fmt::Display for Rcpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RCPT TO:{}", self.to)
    }
}
