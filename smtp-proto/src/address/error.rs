//! What is wrong with an address, and where. Knows no reply code: that is the server's to choose.

use core::error::Error;
use core::fmt;

/// Why some text is no address, and at which octet.
///
/// ```
/// use smtp_proto::address::{AddressErrorKind, Mailbox};
///
/// let error = Mailbox::try_from("joe@exa_mple.com").unwrap_err();
/// assert_eq!(error.kind(), AddressErrorKind::Syntax);
/// assert_eq!(error.offset(), 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressError {
    kind: AddressErrorKind,
    offset: usize,
}

/// What kind of fault an [`AddressError`] tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(usize)] // results that hold it or an address are copied by whole words
pub enum AddressErrorKind {
    /// The text departs from the grammar of RFC 5321 §4.1.2 and §4.1.3 (with SMTPUTF8, RFC 6531
    /// §3.3), or ends too early. So does any control character and, with SMTPUTF8, what isn't UTF-8.
    Syntax,
    /// The grammar is kept up to an octet above 0x7F, which needs SMTPUTF8: an address that is good
    /// but for that is always of this kind.
    NonAscii,
    /// The grammar is kept, but something is longer than RFC 5321 §4.5.3.1 allows.
    TooLong,
}

impl AddressError {
    pub(super) fn syntax(offset: usize) -> Self {
        Self {
            kind: AddressErrorKind::Syntax,
            offset,
        }
    }

    pub(super) fn non_ascii(offset: usize) -> Self {
        Self {
            kind: AddressErrorKind::NonAscii,
            offset,
        }
    }

    pub(super) fn too_long(offset: usize) -> Self {
        Self {
            kind: AddressErrorKind::TooLong,
            offset,
        }
    }

    /// The same error as seen from a text in which the address begins at `start`.
    pub(crate) fn behind(self, start: usize) -> Self {
        Self {
            offset: start + self.offset,
            ..self
        }
    }

    /// What is wrong.
    pub fn kind(&self) -> AddressErrorKind {
        self.kind
    }

    /// The first octet that doesn't fit, counted from the start of the text that was read; its
    /// length where the text ends too early.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            AddressErrorKind::Syntax => "malformed address",
            AddressErrorKind::NonAscii => "address needs SMTPUTF8",
            AddressErrorKind::TooLong => "address too long",
        };
        write!(f, "{what} at octet {}", self.offset)
    }
}

impl Error for AddressError {}
