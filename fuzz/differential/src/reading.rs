//! What a reader makes of octets, in words that all readers share, and where two of them differ.

use std::fmt;
use std::panic::catch_unwind;

/// What a reader makes of some octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It knows nothing of the kind, so it can't be held against others.
    Unknown,
    /// They are refused.
    Refused,
    /// It panics.
    Panicked,
    /// They say this: a name and a text for each thing the reader tells. What it doesn't tell isn't
    /// among them.
    Taken(Vec<Field>),
}

pub(crate) type Field = (&'static str, String);

/// A parser under its name.
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    read: fn(&[u8]) -> Reading,
}

/// Where the first CRLF stands.
pub(crate) fn crlf(octets: &[u8]) -> Option<usize> {
    octets.windows(2).position(|pair| pair == b"\r\n")
}

/// How another reading differs from ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// It takes what we refuse.
    Takes,
    /// It refuses what we take.
    Refuses,
    /// It panics.
    Panics,
    /// Both take it, and read another thing in that field.
    Reads(&'static str),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Takes => f.write_str("takes"),
            Self::Refuses => f.write_str("refuses"),
            Self::Panics => f.write_str("panics"),
            Self::Reads(field) => write!(f, "{field}"),
        }
    }
}

impl Reading {
    /// A field that was told.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        match self {
            Self::Taken(fields) => {
                let mut of_it = fields.iter().filter(|(field, _)| *field == name);
                of_it.next().map(|(_, text)| text.as_str())
            }
            _ => None,
        }
    }

    /// Where `other` differs from this one; nothing where either knows nothing of the kind.
    pub(crate) fn differences(&self, other: &Self) -> Vec<Difference> {
        match (self, other) {
            (Self::Taken(ours), Self::Taken(_)) => {
                let differs =
                    |(name, text): &&Field| other.get(name).is_some_and(|theirs| theirs != text);
                let fields = ours.iter().filter(differs);
                fields.map(|(name, _)| Difference::Reads(name)).collect()
            }
            (_, Self::Panicked) => vec![Difference::Panics],
            (Self::Refused, Self::Taken(_)) => vec![Difference::Takes],
            (Self::Taken(_), Self::Refused) => vec![Difference::Refuses],
            _ => Vec::new(),
        }
    }
}

impl Reader {
    pub(crate) fn new(name: &'static str, read: fn(&[u8]) -> Reading) -> Self {
        Self { name, read }
    }

    /// What it makes of octets, or that it panics.
    pub(crate) fn try_read(&self, octets: &[u8]) -> Reading {
        catch_unwind(|| (self.read)(octets)).unwrap_or(Reading::Panicked)
    }
}
