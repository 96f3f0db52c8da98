//! 8BITMIME (RFC 6152): `BODY=7BIT` or `BODY=8BITMIME` on MAIL.

use core::fmt;

/// `body-value = "7BIT" / "8BITMIME"`: what kind of octets the message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyType {
    /// Octets from 1 to 127 only.
    SevenBit,
    /// Octets above 127 too, still in lines.
    EightBitMime,
}

impl BodyType {
    pub(crate) fn parse(value: &str) -> Option<Self> {
        [Self::SevenBit, Self::EightBitMime]
            .into_iter()
            .find(|body| body.as_str().eq_ignore_ascii_case(value))
    }

    /// As it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SevenBit => "7BIT",
            Self::EightBitMime => "8BITMIME",
        }
    }
}

impl fmt::Display for BodyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
