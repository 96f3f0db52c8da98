//! A host by name or by address. Knows nothing of either form but how they are told apart.

use core::fmt;
use core::net::IpAddr;

use nom::Parser;
use nom::combinator::recognize;

use super::literal::literal;
use super::{AddressError, AddressLiteral, Domain};
use crate::grammar::{Parsed, domain};

/// What stands behind the `@` of a mailbox, and what a client calls itself in EHLO.
///
/// ```abnf
/// Domain / address-literal                      ; RFC 5321 §4.1.1.1, §4.1.2
/// ```
///
/// At most 255 octets.
///
/// # Errors
///
/// Its constructors give [`AddressError`], as those of [`Domain`] and [`AddressLiteral`] do.
///
/// ```
/// use smtp_proto::address::Host;
///
/// assert!(matches!(Host::try_from("mail.example.com")?, Host::Domain(_)));
/// assert!(matches!(Host::try_from("[IPv6:2001:db8::1]")?, Host::Literal(_)));
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host<'a> {
    /// A host by its name.
    Domain(Domain<'a>),
    /// A host by its address.
    Literal(AddressLiteral<'a>),
}

/// `Domain / address-literal`
pub(super) fn host(utf8: bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    move |input| match input.first() {
        Some(b'[') => recognize(literal).parse(input),
        _ => domain(utf8)(input),
    }
}

impl<'a> Host<'a> {
    /// The host that all of `text` is, U-labels allowed.
    ///
    /// # Errors
    ///
    /// `Syntax` or `TooLong`.
    pub fn parse_utf8(text: &'a str) -> Result<Self, AddressError> {
        Self::read(text, true)
    }

    fn read(text: &'a str, utf8: bool) -> Result<Self, AddressError> {
        if text.starts_with('[') {
            AddressLiteral::read(text, utf8).map(Host::Literal)
        } else {
            Domain::read(text, utf8).map(Host::Domain)
        }
    }

    /// The host as it was written.
    pub fn as_str(&self) -> &str {
        match self {
            Host::Domain(domain) => domain.as_str(),
            Host::Literal(literal) => literal.as_str(),
        }
    }

    /// The same host, borrowing nothing.
    pub fn into_owned(self) -> Host<'static> {
        match self {
            Host::Domain(domain) => Host::Domain(domain.into_owned()),
            Host::Literal(literal) => Host::Literal(literal.into_owned()),
        }
    }
}

impl<'a> TryFrom<&'a str> for Host<'a> {
    type Error = AddressError;

    fn try_from(text: &'a str) -> Result<Self, AddressError> {
        Self::read(text, false)
    }
}

impl<'a> From<Domain<'a>> for Host<'a> {
    fn from(domain: Domain<'a>) -> Self {
        Host::Domain(domain)
    }
}

impl<'a> From<AddressLiteral<'a>> for Host<'a> {
    fn from(literal: AddressLiteral<'a>) -> Self {
        Host::Literal(literal)
    }
}

impl From<IpAddr> for Host<'_> {
    fn from(addr: IpAddr) -> Self {
        Host::Literal(addr.into())
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
