//! Domain names as SMTP spells them.
//!
//! The rule here: the letter of RFC 5321 §4.1.2 and the sizes of the DNS. Hosts that call
//! themselves something else in EHLO are the command layer's affair.

use alloc::borrow::Cow;
use core::hash::{Hash, Hasher};

use super::{AddressError, read_all, shown_as_written};
use crate::grammar;

/// A domain name: `example.com`.
///
/// ```abnf
/// Domain     = sub-domain *("." sub-domain)
/// sub-domain = Let-dig [Ldh-str] / U-label      ; RFC 5321 §4.1.2, RFC 6531 §3.3
/// ```
///
/// No underscore, no empty label, no dot at the end. At most 255 octets (§4.5.3.1.2), and 63 in an
/// ASCII label (RFC 1035 §2.3.4); a U-label may be longer, since the DNS holds its A-label (RFC 5890
/// §4.2). Two domains are equal whatever the case of their ASCII letters (§2.4).
///
/// # Errors
///
/// Its constructors give [`AddressError`]: `Syntax`, `NonAscii` (from `TryFrom` only) or `TooLong`.
///
/// ```
/// use smtp_proto::address::Domain;
///
/// let domain = Domain::try_from("Example.COM")?;
/// assert_eq!(domain.as_str(), "Example.COM");
/// assert_eq!(domain, Domain::try_from("example.com")?);
/// assert!(Domain::try_from("bücher.example").is_err());
/// assert!(Domain::parse_utf8("bücher.example").is_ok());
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone)]
pub struct Domain<'a>(pub(super) Cow<'a, str>);

const MAX_DOMAIN: usize = 255;
const MAX_LABEL: usize = 63;

/// Errs at the first octet too many of a text that has the form of a domain.
#[inline]
pub(super) fn check_length(domain: &str) -> Result<(), AddressError> {
    // Most domains are no longer than a label may be.
    if domain.len() <= MAX_LABEL {
        return Ok(());
    }
    check_labels(domain)
}

fn check_labels(domain: &str) -> Result<(), AddressError> {
    let mut start = 0;
    for label in domain.split('.') {
        if label.len() > MAX_LABEL && label.is_ascii() {
            return Err(AddressError::too_long(start + MAX_LABEL));
        }
        start += label.len() + 1;
    }
    if domain.len() > MAX_DOMAIN {
        return Err(AddressError::too_long(MAX_DOMAIN));
    }
    Ok(())
}

impl<'a> Domain<'a> {
    /// The domain that all of `name` is, U-labels allowed.
    ///
    /// # Errors
    ///
    /// `Syntax` or `TooLong`.
    pub fn parse_utf8(name: &'a str) -> Result<Self, AddressError> {
        Self::read(name, true)
    }

    pub(super) fn read(name: &'a str, utf8: bool) -> Result<Self, AddressError> {
        read_all(name, utf8, grammar::domain(utf8))?;
        check_length(name)?;
        Ok(Self(Cow::Borrowed(name)))
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same domain, borrowing nothing.
    pub fn into_owned(self) -> Domain<'static> {
        Domain(Cow::Owned(self.0.into_owned()))
    }
}

impl<'a> TryFrom<&'a str> for Domain<'a> {
    type Error = AddressError;

    fn try_from(name: &'a str) -> Result<Self, AddressError> {
        Self::read(name, false)
    }
}

impl PartialEq for Domain<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Domain<'_> {}

impl Hash for Domain<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for octet in self.0.bytes() {
            state.write_u8(octet.to_ascii_lowercase());
        }
        state.write_u8(0xFF);
    }
}

shown_as_written!(Domain);
