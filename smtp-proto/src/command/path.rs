//! What MAIL and RCPT have in common: a keyword, a path, and then parameters.

use super::SyntaxErrorKind;
use crate::address::{AddressError, AddressErrorKind};

/// What stands behind `FROM:` or `TO:`, in any case.
pub(super) fn behind<'a>(
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

/// A path's fault in the words of its command, and how much of the input was left.
pub(super) fn fault(
    error: AddressError,
    path: &[u8],
    malformed: SyntaxErrorKind,
) -> (SyntaxErrorKind, usize) {
    let kind = match error.kind() {
        AddressErrorKind::NonAscii => SyntaxErrorKind::NonAsciiAddress,
        _ => malformed,
    };
    (kind, path.len() - error.offset())
}
