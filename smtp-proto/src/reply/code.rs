//! Three-digit reply codes (RFC 5321 §4.2.1).

use core::fmt;

/// `Reply-code = %x32-35 %x30-35 %x30-39`, with any second digit: servers use 6 to 9 too, and
/// §4.3.2 tells clients to go by the first digit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

/// What a code's first digit says (RFC 5321 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// 2yz: done.
    Completed,
    /// 3yz: go on.
    Intermediate,
    /// 4yz: refused for now.
    Transient,
    /// 5yz: refused for good.
    Permanent,
}

impl Code {
    /// The code of that value, or `None` outside 200 to 599.
    pub const fn new(value: u16) -> Option<Self> {
        match value {
            200..=599 => Some(Self(value)),
            _ => None,
        }
    }

    /// The code of that value, for `const` items: out of range it fails to compile.
    pub(crate) const fn of(value: u16) -> Self {
        match Self::new(value) {
            Some(code) => code,
            None => panic!("a reply code is 200 to 599"),
        }
    }

    /// Three digits as they stand on the wire.
    pub(crate) fn parse(digits: [u8; 3]) -> Option<Self> {
        let [hundreds, tens, ones] = digits.map(|octet| u16::from(octet.wrapping_sub(b'0')));
        if tens > 9 || ones > 9 {
            return None;
        }
        Self::new(hundreds * 100 + tens * 10 + ones)
    }

    /// The code as a number.
    pub const fn value(self) -> u16 {
        self.0
    }

    /// What the first digit says.
    pub const fn severity(self) -> Severity {
        match self.0 / 100 {
            2 => Severity::Completed,
            3 => Severity::Intermediate,
            4 => Severity::Transient,
            _ => Severity::Permanent,
        }
    }

    /// 4yz or 5yz.
    pub const fn is_negative(self) -> bool {
        self.0 >= 400
    }

    /// The three digits as they stand on the wire.
    #[allow(clippy::cast_possible_truncation)] // each is below ten
    pub(crate) const fn digits(self) -> [u8; 3] {
        [
            b'0' + (self.0 / 100) as u8,
            b'0' + (self.0 / 10 % 10) as u8,
            b'0' + (self.0 % 10) as u8,
        ]
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.0)
    }
}
