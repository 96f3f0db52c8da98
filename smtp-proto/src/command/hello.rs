//! EHLO and HELO (RFC 5321 §4.1.1.1), and LHLO (RFC 2033 §4.1).

use super::{SyntaxError, SyntaxErrorKind};
use crate::address::{AddressLiteral, Host};
use crate::grammar::{Input, any};
use crate::verb::Verb;
use alloc::borrow::Cow;
use alloc::string::ToString;
use core::fmt;
use memchr::memchr2;

/// The longest name, a domain's limit (§4.5.3.1.2).
const NAME: usize = 255;

/// `EHLO SP ( Domain / address-literal )`, `HELO SP Domain` or, in LMTP, `LHLO SP Domain`: the name
/// a client goes by.
///
/// Real clients call themselves `my_host`, `localhost.` or `123`, and §4.1.4 forbids refusing mail
/// for that: such a name is kept as it was written, and [`host`](Self::host) is `None`.
///
/// ```
/// use smtp_proto::Hello;
/// assert!(Hello::ehlo("[192.0.2.1]")?.host().is_some());
/// assert!(Hello::ehlo("my_host")?.host().is_none());
/// assert!(Hello::ehlo("[192.0.2").is_err());
/// # Ok::<(), smtp_proto::SyntaxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hello<'a> {
    verb: Verb,
    name: Cow<'a, str>,
}

impl<'a> Hello<'a> {
    /// `EHLO name`.
    ///
    /// # Errors
    /// [`SyntaxErrorKind::Argument`] if the name is empty, over 255 octets, holds anything but
    /// visible ASCII, or square brackets that make no address literal.
    pub fn ehlo(name: &'a str) -> Result<Self, SyntaxError> {
        Self::of(Verb::Ehlo, name).map_err(|kind| SyntaxError::new(kind, 0))
    }

    /// `HELO name`.
    ///
    /// # Errors
    /// As [`ehlo`](Self::ehlo).
    pub fn helo(name: &'a str) -> Result<Self, SyntaxError> {
        Self::of(Verb::Helo, name).map_err(|kind| SyntaxError::new(kind, 0))
    }

    /// `LHLO name`, for LMTP.
    ///
    /// # Errors
    /// As [`ehlo`](Self::ehlo).
    pub fn lhlo(name: &'a str) -> Result<Self, SyntaxError> {
        Self::of(Verb::Lhlo, name).map_err(|kind| SyntaxError::new(kind, 0))
    }

    /// `EHLO` with an address literal, for a host without a name (§4.1.4).
    pub fn literal(address: impl Into<AddressLiteral<'a>>) -> Self {
        Self {
            verb: Verb::Ehlo,
            name: Cow::Owned(address.into().to_string()),
        }
    }

    /// Reads what stands behind the verb.
    pub(super) fn parse(verb: Verb, argument: Input<'a>) -> Result<Self, SyntaxErrorKind> {
        let name = argument
            .text
            .strip_prefix(' ')
            .filter(|_| argument.is_ascii);
        Self::of(verb, name.unwrap_or_default())
    }

    fn of(verb: Verb, name: &'a str) -> Result<Self, SyntaxErrorKind> {
        let sound = (1..=NAME).contains(&name.len())
            && !any(name.as_bytes(), |octet| !octet.is_ascii_graphic())
            && (memchr2(b'[', b']', name.as_bytes()).is_none()
                || AddressLiteral::try_from(name).is_ok());
        if sound {
            Ok(Self {
                verb,
                name: Cow::Borrowed(name),
            })
        } else {
            Err(SyntaxErrorKind::Argument)
        }
    }

    /// EHLO, HELO or LHLO.
    pub const fn verb(&self) -> Verb {
        self.verb
    }

    /// Whether it asks for extensions: EHLO and LHLO do.
    pub const fn is_extended(&self) -> bool {
        !matches!(self.verb, Verb::Helo)
    }

    /// The name as it was written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name as the RFC wants it, `None` where it is neither domain nor address literal.
    pub fn host(&self) -> Option<Host<'_>> {
        Host::try_from(&*self.name).ok()
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Hello<'static> {
        Hello {
            verb: self.verb,
            name: Cow::Owned(self.name.into_owned()),
        }
    }
}

impl fmt::Display for Hello<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.name)
    }
}
