//! What stands in front of the `@`.
//!
//! The rule here: quoting is spelling, not meaning. The spelling is kept and passed on; whatever
//! compares or interprets a local part goes through [`LocalPart::unquoted`]'s characters.

use alloc::borrow::Cow;
use core::hash::{Hash, Hasher};
use core::iter;

use super::{AddressError, read_all, shown_as_written};
use crate::grammar::{Parsed, dot_string, quoted_string};

/// The part of a mailbox that only its own host may interpret: `joe`, `"joe smith"`.
///
/// ```abnf
/// Local-part    = Dot-string / Quoted-string    ; RFC 5321 §4.1.2
/// Dot-string    = Atom *("." Atom)
/// Quoted-string = DQUOTE *QcontentSMTP DQUOTE
/// ```
///
/// "All quoted forms MUST be treated as equivalent": `joe`, `"joe"` and `"j\oe"` are equal. Case
/// matters. Over the 64 octets of §4.5.3.1.1 it is accepted, as real mail needs it; the limit of
/// the [`Mailbox`](super::Mailbox) governs.
///
/// # Errors
///
/// Its constructors give [`AddressError`]: `Syntax` or `NonAscii` (from `TryFrom` only).
///
/// ```
/// use smtp_proto::address::LocalPart;
///
/// let local_part = LocalPart::try_from(r#""joe\"smith""#)?;
/// assert_eq!(local_part.as_str(), r#""joe\"smith""#);
/// assert_eq!(local_part.unquoted(), r#"joe"smith"#);
/// assert_eq!(LocalPart::try_from(r#""joe""#)?, LocalPart::try_from("joe")?);
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone)]
pub struct LocalPart<'a>(pub(super) Cow<'a, str>);

/// `Local-part`
pub(super) fn local_part(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    move |input| match input.first() {
        Some(b'"') => quoted_string(utf8)(input),
        _ => dot_string(utf8)(input),
    }
}

impl<'a> LocalPart<'a> {
    /// The local part that all of `text` is, UTF-8 beyond ASCII allowed.
    ///
    /// # Errors
    ///
    /// `Syntax`.
    pub fn parse_utf8(text: &'a str) -> Result<Self, AddressError> {
        Self::read(text, true)
    }

    fn read(text: &'a str, utf8: bool) -> Result<Self, AddressError> {
        read_all(text, utf8, local_part(utf8))?;
        Ok(Self(Cow::Borrowed(text)))
    }

    /// The local part as it was written, quotes and backslashes included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it means: without the quotes and backslashes that only spell it.
    pub fn unquoted(&self) -> Cow<'_, str> {
        let content = self.content();
        if content.contains('\\') {
            Cow::Owned(self.meaning().collect())
        } else {
            Cow::Borrowed(content)
        }
    }

    /// The same local part, borrowing nothing.
    pub fn into_owned(self) -> LocalPart<'static> {
        LocalPart(Cow::Owned(self.0.into_owned()))
    }

    fn content(&self) -> &str {
        let quoted = self
            .0
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        quoted.unwrap_or(&self.0)
    }

    fn meaning(&self) -> impl Iterator<Item = char> + '_ {
        let mut written = self.content().chars();
        iter::from_fn(move || match written.next()? {
            '\\' => written.next(),
            character => Some(character),
        })
    }
}

impl<'a> TryFrom<&'a str> for LocalPart<'a> {
    type Error = AddressError;

    fn try_from(text: &'a str) -> Result<Self, AddressError> {
        Self::read(text, false)
    }
}

impl PartialEq for LocalPart<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.meaning().eq(other.meaning())
    }
}

impl Eq for LocalPart<'_> {}

impl Hash for LocalPart<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for character in self.meaning() {
            state.write_u32(character.into());
        }
        state.write_u32(u32::MAX);
    }
}

shown_as_written!(LocalPart);
