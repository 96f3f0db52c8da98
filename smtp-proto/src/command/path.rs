//! What MAIL and RCPT have in common: a keyword, a path, and then parameters.

use super::{Fault, SyntaxErrorKind};
use crate::address::{AddressError, AddressErrorKind, Path};
use crate::grammar::{Input, Word};

/// What stands behind ` FROM:` or ` TO:`, which is that `keyword` in any case.
#[inline]
pub(super) fn behind<const OCTETS: usize>(
    argument: Input<'_>,
    keyword: Word,
) -> Result<Input<'_>, Fault> {
    match argument.octets.first_chunk::<OCTETS>() {
        Some(word) if keyword.is(word) => Ok(argument.behind(OCTETS)),
        _ if argument.is_ascii => Err((SyntaxErrorKind::Argument, argument.octets.len())),
        _ => Err((SyntaxErrorKind::NonAscii, argument.octets.len())),
    }
}

/// What stands behind a path, which ends where it seems to: a space or nothing is there.
#[inline]
pub(super) fn end(
    input: Input<'_>,
    path: Path,
    malformed: SyntaxErrorKind,
) -> Result<Input<'_>, Fault> {
    let rest = input.behind(path.octets());
    match rest.octets {
        [] | [b' ', ..] => Ok(rest),
        _ => Err((malformed, rest.octets.len())),
    }
}

/// A path's fault in the words of its command.
pub(super) fn fault(error: AddressError, path: Input<'_>, malformed: SyntaxErrorKind) -> Fault {
    let kind = match error.kind() {
        AddressErrorKind::NonAscii => SyntaxErrorKind::NonAsciiAddress,
        _ => malformed,
    };
    (kind, path.octets.len() - error.offset())
}
