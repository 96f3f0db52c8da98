//! A mailbox: one text and where its `@` is.
//!
//! The rule here: the text is never taken apart and put together again, so `"a@b"@c` stays what it
//! is, and an owned mailbox is one allocation.

use alloc::borrow::Cow;
use alloc::format;
use core::hash::{Hash, Hasher};

use nom::Parser;
use nom::character::complete::char;
use nom::combinator::map;
use nom::sequence::separated_pair;

use super::host::host;
use super::local_part::local_part;
use super::shown_as_written;
use super::{AddressError, AddressLiteral, Domain, Host, LocalPart, domain, read_all};
use crate::grammar::Parsed;

/// A mail address: `joe@example.com`.
///
/// ```abnf
/// Mailbox = Local-part "@" ( Domain / address-literal )      ; RFC 5321 §4.1.2
/// ```
///
/// At most 254 octets, so that its path has no more than 256 (§4.5.3.1.3). Two mailboxes are equal
/// if their local parts and hosts are: case matters only in front of the `@`, quoting nowhere.
///
/// # Errors
///
/// Its constructors give [`AddressError`]: `Syntax`, `NonAscii` (from `TryFrom` only) or `TooLong`.
///
/// ```
/// use smtp_proto::address::Mailbox;
///
/// let mailbox = Mailbox::try_from(r#""joe@home"@Example.com"#)?;
/// assert_eq!(mailbox.local_part().unquoted(), "joe@home");
/// assert_eq!(mailbox.host().as_str(), "Example.com");
/// assert!(mailbox.is_local_to("example.com"));
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone)]
pub struct Mailbox<'a> {
    text: Cow<'a, str>,
    at: usize,
}

const MAX_MAILBOX: usize = 254;

/// `Mailbox`: where its `@` is.
pub(super) fn mailbox(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, usize> {
    move |input| {
        let parts = separated_pair(local_part(utf8), char('@'), host(utf8));
        map(parts, |(local_part, _)| local_part.len()).parse(input)
    }
}

/// Errs at the first octet too many of a text that has the form of a mailbox.
pub(super) fn check_length(text: &str, at: usize) -> Result<(), AddressError> {
    let host = &text[at + 1..];
    if !host.starts_with('[') {
        domain::check_length(host).map_err(|error| error.behind(at + 1))?;
    }
    if text.len() > MAX_MAILBOX {
        return Err(AddressError::too_long(MAX_MAILBOX));
    }
    Ok(())
}

impl<'a> Mailbox<'a> {
    /// The mailbox that all of `text` is, UTF-8 beyond ASCII allowed.
    ///
    /// # Errors
    ///
    /// `Syntax` or `TooLong`.
    pub fn parse_utf8(text: &'a str) -> Result<Self, AddressError> {
        Self::read(text, true)
    }

    pub(super) fn read(text: &'a str, utf8: bool) -> Result<Self, AddressError> {
        let at = read_all(text, utf8, mailbox(utf8))?;
        check_length(text, at)?;
        Ok(Self::checked(text, at))
    }

    /// Of a text that was found to be one.
    pub(super) const fn checked(text: &'a str, at: usize) -> Self {
        let text = Cow::Borrowed(text);
        Self { text, at }
    }

    /// What `local_part` names at `host`.
    ///
    /// # Errors
    ///
    /// `TooLong`, if both together have more than 254 octets.
    pub fn new(
        local_part: &LocalPart<'_>,
        host: &Host<'_>,
    ) -> Result<Mailbox<'static>, AddressError> {
        let text = format!("{local_part}@{host}");
        let at = local_part.as_str().len();
        check_length(&text, at)?;
        let text = Cow::Owned(text);
        Ok(Mailbox { text, at })
    }

    /// The mailbox as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands in front of the `@`.
    pub fn local_part(&self) -> LocalPart<'_> {
        LocalPart(Cow::Borrowed(&self.text[..self.at]))
    }

    /// What stands behind the `@`.
    pub fn host(&self) -> Host<'_> {
        let text = self.host_text();
        match AddressLiteral::try_from(text) {
            Ok(literal) if self.is_at_literal() => Host::Literal(literal),
            _ => Host::Domain(Domain(Cow::Borrowed(text))),
        }
    }

    fn is_at_literal(&self) -> bool {
        self.host_text().starts_with('[')
    }

    /// Whether its host is spelt `domain`, whatever the case of ASCII letters.
    pub fn is_local_to(&self, domain: &str) -> bool {
        self.host_text().eq_ignore_ascii_case(domain)
    }

    /// The same mailbox, borrowing nothing.
    pub fn into_owned(self) -> Mailbox<'static> {
        Mailbox {
            text: Cow::Owned(self.text.into_owned()),
            ..self
        }
    }

    fn host_text(&self) -> &str {
        &self.text[self.at + 1..]
    }
}

impl<'a> TryFrom<&'a str> for Mailbox<'a> {
    type Error = AddressError;

    fn try_from(text: &'a str) -> Result<Self, AddressError> {
        Self::read(text, false)
    }
}

impl PartialEq for Mailbox<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.local_part() == other.local_part() && self.host() == other.host()
    }
}

impl Eq for Mailbox<'_> {}

impl Hash for Mailbox<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.local_part().hash(state);
        self.host().hash(state);
    }
}

shown_as_written!(Mailbox);
