//! LIMITS (RFC 9422): what a server will take of one session, said beforehand.

use super::parameter::{Sealed, nine_digits};
use super::{Capability, Extension};
use alloc::string::{String, ToString};
use core::fmt;
use core::fmt::Write as _;

/// `LIMITS limit-name-value *(SP limit-name-value)` in the EHLO reply: the limits that hold for this
/// session, whatever RFC 5321 asks for.
///
/// ```abnf
/// limit-name-value = limit-name ["=" limit-value]
/// limit-name       = 1*(ALPHA / DIGIT / "-" / "_")
/// limit-value      = 1*(%x21-3A / %x3C-7E)          ; Any VCHAR except ";"
/// ```
///
/// A server says RCPTMAX by [`Limits::recipients`](crate::Limits) and MAILMAX by
/// [`Limits::transactions`](crate::Limits), which it enforces. What else it is offered with is
/// announced, and is for your code to enforce.
///
/// Where this is broken there are no limits at all (§3.7). A limit that nobody knows is kept; one that
/// is known and whose value isn't a number from 1 to 999,999 counts as not there.
///
/// ```
/// use smtp_proto::extension::ServerLimits;
/// let limits = ServerLimits::default().with_rcpt_max(20).with_mail_max(5);
/// assert_eq!(limits.to_string(), "RCPTMAX=20 MAILMAX=5");
/// assert_eq!(limits.rcpt_max(), Some(20));
/// assert_eq!(limits.rcpt_domain_max(), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServerLimits(String);

const MAIL_MAX: &str = "MAILMAX";
const RCPT_MAX: &str = "RCPTMAX";
const RCPT_DOMAIN_MAX: &str = "RCPTDOMAINMAX";

impl ServerLimits {
    /// How many MAIL commands a session may have, those that fail included (§4.1).
    pub fn mail_max(&self) -> Option<u32> {
        self.number(MAIL_MAX)
    }

    /// How many RCPT commands a transaction may have, those that fail included (§4.2).
    pub fn rcpt_max(&self) -> Option<u32> {
        self.number(RCPT_MAX)
    }

    /// How many different domains a session's forward-paths may have (§4.3).
    pub fn rcpt_domain_max(&self) -> Option<u32> {
        self.number(RCPT_DOMAIN_MAX)
    }

    /// With [`mail_max`](Self::mail_max): from 1 to 999,999, to which others are brought.
    #[must_use]
    pub fn with_mail_max(self, commands: u32) -> Self {
        self.with(MAIL_MAX, commands)
    }

    /// With [`rcpt_max`](Self::rcpt_max): from 1 to 999,999, to which others are brought.
    #[must_use]
    pub fn with_rcpt_max(self, commands: u32) -> Self {
        self.with(RCPT_MAX, commands)
    }

    /// With [`rcpt_domain_max`](Self::rcpt_domain_max): from 1 to 999,999, to which others are
    /// brought.
    #[must_use]
    pub fn with_rcpt_domain_max(self, domains: u32) -> Self {
        self.with(RCPT_DOMAIN_MAX, domains)
    }

    /// Each limit's name, to be compared in any case, and its value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let words = self.0.split(' ').filter(|word| !word.is_empty());
        words.map(split)
    }

    /// The least, if it is there more than once: the RFC doesn't say which of them holds.
    fn number(&self, name: &str) -> Option<u32> {
        self.iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .filter_map(|(_, value)| number(value?))
            .min()
    }

    fn with(self, name: &str, number: u32) -> Self {
        let number = number.clamp(1, 999_999);
        let mut limits = String::new();
        for (other, value) in self
            .iter()
            .filter(|(other, _)| !other.eq_ignore_ascii_case(name))
        {
            let equals = if value.is_some() { "=" } else { "" };
            // Writing to a string can't fail, here and below.
            let _ = write!(limits, "{other}{equals}{} ", value.unwrap_or_default());
        }
        let _ = write!(limits, "{name}={number}");
        Self(limits)
    }
}

fn split(limit: &str) -> (&str, Option<&str>) {
    match limit.split_once('=') {
        None => (limit, None),
        Some((name, value)) => (name, Some(value)),
    }
}

/// `%x31-39 0*5DIGIT`
fn number(value: &str) -> Option<u32> {
    nine_digits(value).filter(|_| value.len() <= 6 && !value.starts_with('0'))
}

impl Sealed for ServerLimits {}

impl Capability for ServerLimits {
    const EXTENSION: Extension = Extension::Limits;

    /// "Syntax errors in the basic parameter syntax are best handled by ignoring the value in its
    /// entirety" (§3.7).
    fn parse(arguments: &str) -> Option<Self> {
        let in_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let in_value = |b: u8| b.is_ascii_graphic() && b != b';';
        let is_limit = |limit: &str| {
            let (name, value) = split(limit);
            !name.is_empty()
                && name.bytes().all(in_name)
                && value.is_none_or(|value| !value.is_empty() && value.bytes().all(in_value))
        };
        arguments
            .split(' ')
            .all(is_limit)
            .then(|| Self(arguments.to_string()))
    }
}

impl fmt::Display for ServerLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    /// RFC 9422 §5.
    #[test]
    fn a_server_announces_two_limits() {
        let limits = ServerLimits::parse("RCPTMAX=20 MAILMAX=5").unwrap();
        assert_eq!(limits.rcpt_max(), Some(20));
        assert_eq!(limits.mail_max(), Some(5));
        assert_eq!(limits.rcpt_domain_max(), None);
    }

    /// RFC 9422 §3, §3.7.
    #[test]
    fn a_list_that_is_malformed_says_nothing_at_all() {
        for (arguments, sound) in [
            ("RCPTMAX=20", true),
            ("rcptmax=20 X_Y-9 Z=a=b", true),
            ("NAME", true),
            ("NAME=:<", true),
            ("", false),
            (" ", false),
            ("RCPTMAX=20  MAILMAX=5", false),
            ("RCPTMAX=20\tMAILMAX=5", false),
            ("RCPTMAX=20 =5", false),
            ("RCPTMAX=20 MAILMAX=", false),
            ("RCPTMAX=20 MAIL.MAX=5", false),
            ("RCPTMAX=20;MAILMAX=5", false),
            ("RCPTMAX=2;0", false),
            ("RCPTMAX=20 X=ö", false),
            ("RCPTMAX=20 X=\u{7f}", false),
        ] {
            assert_eq!(
                ServerLimits::parse(arguments).is_some(),
                sound,
                "{arguments:?}"
            );
        }
    }

    /// RFC 9422 §3.7: "the client MUST proceed as if that limit had not been specified".
    #[test]
    fn a_value_that_is_no_number_from_1_to_999999_leaves_out_its_limit_alone() {
        for (value, number) in [
            ("1", Some(1)),
            ("999999", Some(999_999)),
            ("0", None),
            ("020", None),
            ("1000000", None),
            ("+5", None),
            ("-5", None),
            ("5k", None),
            ("4294967301", None),
        ] {
            let limits = ServerLimits::parse(&format!("RCPTMAX={value} MAILMAX=5")).unwrap();
            assert_eq!(
                (limits.rcpt_max(), limits.mail_max()),
                (number, Some(5)),
                "{value}"
            );
        }
        let limits = ServerLimits::parse("RCPTMAX MAILMAX=5 RcptDomainMax=1").unwrap();
        assert_eq!(
            (limits.rcpt_max(), limits.rcpt_domain_max()),
            (None, Some(1))
        );
        let limits = ServerLimits::parse("RCPTMAX=9 RCPTMAX=7 RCPTMAX=0").unwrap();
        assert_eq!(limits.rcpt_max(), Some(7));
    }

    #[test]
    fn a_limit_takes_the_place_of_the_one_before_it_and_others_stay() {
        let limits = ServerLimits::parse("rcptmax=1 FLAG X=y=z").unwrap();
        let limits = limits
            .with_rcpt_max(0)
            .with_mail_max(u32::MAX)
            .with_rcpt_domain_max(3);
        assert_eq!(
            limits.to_string(),
            "FLAG X=y=z RCPTMAX=1 MAILMAX=999999 RCPTDOMAINMAX=3"
        );
    }

    proptest! {
        #[test]
        fn what_limits_write_they_read(
            mail in 1..=999_999_u32, rcpt in 1..=999_999_u32, domain in 1..=999_999_u32,
        ) {
            let limits = ServerLimits::default()
                .with_mail_max(mail)
                .with_rcpt_max(rcpt)
                .with_rcpt_domain_max(domain);
            let read = ServerLimits::parse(&limits.to_string()).unwrap();
            prop_assert_eq!(read.mail_max(), Some(mail));
            prop_assert_eq!(read.rcpt_max(), Some(rcpt));
            prop_assert_eq!(read.rcpt_domain_max(), Some(domain));
            prop_assert_eq!(read, limits);
        }

        #[test]
        fn what_limits_read_they_write(
            text in "([A-Z_-]{1,9}(=[!-:<-~]{1,9})?)( [A-Z_-]{1,9}(=[!-:<-~]{1,9})?){0,3}|.*",
        ) {
            if let Some(limits) = ServerLimits::parse(&text) {
                prop_assert_eq!(limits.to_string(), text);
            }
        }
    }
}
