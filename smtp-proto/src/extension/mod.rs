//! Service extensions (RFC 5321 §2.2), one row each.
//!
//! `TABLE` is the only list: the EHLO reply, the reading of one, which parameter a session takes
//! and how long its lines may be all come out of it. An extension that has values of its own keeps
//! them in a file of its own beside this one.

mod body;
mod size;

pub use body::BodyType;
pub(crate) use size::parse as parse_size;

use core::fmt;

/// A service extension this crate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extension {
    /// PIPELINING (RFC 2920).
    Pipelining,
    /// SIZE (RFC 1870).
    Size,
    /// 8BITMIME (RFC 6152).
    EightBitMime,
    /// ENHANCEDSTATUSCODES (RFC 2034).
    EnhancedStatusCodes,
}

/// What the specification of an extension registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Which one.
    pub(crate) extension: Extension,
    /// Its keyword in the EHLO reply.
    pub(crate) keyword: &'static str,
    /// The RFC that defines it.
    rfc: u16,
    /// The parameters it adds to MAIL.
    mail_parameters: &'static [&'static str],
    /// Octets it adds to the limit on a MAIL line.
    mail_octets: usize,
}

/// Every extension, in the order the EHLO reply has them.
const TABLE: &[Row] = &[
    Row {
        extension: Extension::Pipelining,
        keyword: "PIPELINING",
        rfc: 2920,
        mail_parameters: &[],
        mail_octets: 0,
    },
    Row {
        extension: Extension::Size,
        keyword: "SIZE",
        rfc: 1870,
        mail_parameters: &["SIZE"],
        mail_octets: 26,
    },
    Row {
        extension: Extension::EightBitMime,
        keyword: "8BITMIME",
        rfc: 6152,
        mail_parameters: &["BODY"],
        mail_octets: 17,
    },
    Row {
        extension: Extension::EnhancedStatusCodes,
        keyword: "ENHANCEDSTATUSCODES",
        rfc: 2034,
        mail_parameters: &[],
        mail_octets: 0,
    },
];

impl Extension {
    /// The extension an EHLO line's keyword names, in any case (RFC 5321 §2.4).
    pub fn of_keyword(keyword: &str) -> Option<Self> {
        find(|row| row.keyword.eq_ignore_ascii_case(keyword))
    }

    /// The extension a parameter of MAIL belongs to.
    pub(crate) fn of_mail_parameter(keyword: &str) -> Option<Self> {
        find(|row| {
            row.mail_parameters
                .iter()
                .any(|parameter| parameter.eq_ignore_ascii_case(keyword))
        })
    }

    /// The RFC that defines it.
    pub fn rfc(self) -> u16 {
        self.row().map_or(0, |row| row.rfc)
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.extension == self)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Its keyword.
impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().map_or("", |row| row.keyword))
    }
}

fn find(matches: impl Fn(&Row) -> bool) -> Option<Extension> {
    TABLE
        .iter()
        .find(|row| matches(row))
        .map(|row| row.extension)
}

/// A set of extensions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Extensions(u32);

impl Extensions {
    /// None.
    pub const NONE: Self = Self(0);

    /// What a server can offer that needs nothing beside the machine: PIPELINING, SIZE, 8BITMIME
    /// and ENHANCEDSTATUSCODES.
    pub const DEFAULT: Self = Self::NONE
        .with(Extension::Pipelining)
        .with(Extension::Size)
        .with(Extension::EightBitMime)
        .with(Extension::EnhancedStatusCodes);

    /// Every extension this crate knows.
    pub const ALL: Self = {
        let (mut bits, mut row) = (0, 0);
        while row < TABLE.len() {
            bits |= TABLE[row].extension.bit();
            row += 1;
        }
        Self(bits)
    };

    /// This set and one more.
    pub const fn with(self, extension: Extension) -> Self {
        Self(self.0 | extension.bit())
    }

    /// This set less one.
    pub const fn without(self, extension: Extension) -> Self {
        Self(self.0 & !extension.bit())
    }

    /// Whether it is in the set.
    pub const fn contains(self, extension: Extension) -> bool {
        self.0 & extension.bit() != 0
    }

    /// Those in the set, in the order the EHLO reply has them.
    pub fn iter(self) -> impl Iterator<Item = Extension> {
        self.rows().map(|row| row.extension)
    }

    /// The rows of those in the set, in the table's order.
    pub(crate) fn rows(self) -> impl Iterator<Item = &'static Row> {
        TABLE.iter().filter(move |row| self.contains(row.extension))
    }

    /// Octets a command line may have with these announced: 512 (RFC 5321 §4.5.3.1.4) and what
    /// they add.
    pub(crate) fn command_line(self) -> usize {
        512 + self.rows().map(|row| row.mail_octets).sum::<usize>()
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
