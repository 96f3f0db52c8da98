//! CHUNKING (RFC 3030 §2): bodies in chunks of a stated size, in place of DATA.

use crate::grammar::{cut, number};
use core::fmt;

/// `BDAT SP chunk-size [SP "LAST"]`, `chunk-size = 1*DIGIT`: so many octets of the message follow
/// the command's CRLF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Bdat {
    /// Octets of the chunk.
    pub size: u64,
    /// Whether the message ends with it.
    pub last: bool,
}

impl Bdat {
    /// A chunk of that size.
    pub const fn new(size: u64, last: bool) -> Self {
        Self { size, last }
    }

    /// `None` for anything but digits, and for a number that isn't below 2⁶³: what it says can't be
    /// told from what another reader takes it for.
    pub(crate) fn parse(argument: &str) -> Option<Self> {
        let (size, last) = match cut(argument, b' ') {
            (size, None) => (size, false),
            (size, Some(last)) if last.eq_ignore_ascii_case("LAST") => (size, true),
            _ => return None,
        };
        let size = number(size.as_bytes()).filter(|size| *size < 1 << 63)?;
        Some(Self { size, last })
    }
}

impl fmt::Display for Bdat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = if self.last { " LAST" } else { "" };
        write!(f, "BDAT {}{last}", self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_size_is_digits_below_two_to_the_63rd() {
        for (argument, chunk) in [
            ("0", Some((0, false))),
            ("5 last", Some((5, true))),
            ("0 LAST", Some((0, true))),
            ("00000000000000000000000005", Some((5, false))),
            ("4294967301", Some((4_294_967_301, false))),
            ("9223372036854775807", Some((i64::MAX as u64, false))),
            ("9223372036854775808", None),
            ("18446744073709551621", None),
            ("-1", None),
            ("+5", None),
            ("0x10", None),
            ("5 LAST x", None),
            ("5  LAST", None),
            ("5LAST", None),
            ("LAST", None),
            (" 5", None),
            ("", None),
        ] {
            let chunk = chunk.map(|(size, last)| Bdat { size, last });
            assert_eq!(Bdat::parse(argument), chunk, "{argument}");
        }
    }
}
