//! AUTH (RFC 4954): the command, the mechanisms in the EHLO reply, and `AUTH` on MAIL.
//!
//! The exchange itself is opaque here: challenges and responses are carried as base64, and what
//! they mean is for a SASL library.

use super::base64::Initial;
use super::parameter::{MailParameter, Parameter, Sealed, Slot, owned, slot, write_value};
use super::{Capability, Extension};
use crate::address::Mailbox;
use crate::grammar::{self, xtext};
use crate::secret::Secret;
use crate::syntax::SyntaxErrorKind;
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

/// `AUTH SP sasl-mech [SP initial-response]`, `initial-response = base64 / "="`: the client begins
/// an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    mechanism: Mechanism<'a>,
    initial: Option<Initial<'a>>,
}

/// `sasl-mech = 1*20(UPPER-ALPHA / DIGIT / "-" / "_")` (RFC 4422 §3.1), kept in upper case.
///
/// ```
/// use smtp_proto::extension::Mechanism;
/// assert_eq!(Mechanism::try_from("plain")?, Mechanism::PLAIN);
/// assert!(Mechanism::PLAIN.is_clear());
/// assert!(!Mechanism::try_from("SCRAM-SHA-256")?.is_clear());
/// # Ok::<(), smtp_proto::extension::InvalidMechanism>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mechanism<'a>(Cow<'a, str>);

/// A name that no mechanism has: not 1 to 20 letters, digits, hyphens and underscores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidMechanism;

/// `AUTH 1*(SP sasl-mech)` in the EHLO reply: the mechanisms offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mechanisms(Vec<Mechanism<'static>>);

/// `AUTH=( mailbox in xtext / "<>" )` on MAIL: who submitted the message in the first place, by the
/// word of a server that knows (RFC 4954 §5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Submitted<'a>(Cow<'a, str>);

pub(super) const SUBMITTED: Slot = slot!(Submitted<'_>, 500, advisory);

impl<'a> Auth<'a> {
    /// An exchange by that mechanism, with an initial response where it has one; an empty one is a
    /// response too.
    #[allow(clippy::needless_pass_by_value)] // given away, so that it is wiped
    pub fn new(mechanism: Mechanism<'a>, initial: Option<Secret>) -> Self {
        Self {
            mechanism,
            initial: initial.as_ref().map(Initial::of),
        }
    }

    /// By which mechanism.
    pub const fn mechanism(&self) -> &Mechanism<'a> {
        &self.mechanism
    }

    /// What it begins with, decoded.
    pub fn initial_response(&self) -> Option<Secret> {
        self.initial.as_ref().map(Initial::decoded)
    }

    pub(crate) fn parse(argument: &'a str) -> Result<Self, SyntaxErrorKind> {
        let (mechanism, initial) = grammar::cut(argument, b' ');
        let initial = match initial {
            None => None,
            Some(initial) => Some(Initial::parse(initial).ok_or(SyntaxErrorKind::Base64)?),
        };
        let mechanism = Mechanism::try_from(mechanism).map_err(|_| SyntaxErrorKind::Argument)?;
        Ok(Self { mechanism, initial })
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Auth<'static> {
        Auth {
            mechanism: self.mechanism.into_owned(),
            initial: self.initial.map(Initial::into_owned),
        }
    }
}

impl Mechanism<'_> {
    /// PLAIN (RFC 4616).
    pub const PLAIN: Self = Self(Cow::Borrowed("PLAIN"));
    /// LOGIN, which no RFC defines and many clients speak.
    pub const LOGIN: Self = Self(Cow::Borrowed("LOGIN"));
    /// SCRAM-SHA-1 (RFC 5802).
    pub const SCRAM_SHA_1: Self = Self(Cow::Borrowed("SCRAM-SHA-1"));
    /// SCRAM-SHA-1, bound to the channel.
    pub const SCRAM_SHA_1_PLUS: Self = Self(Cow::Borrowed("SCRAM-SHA-1-PLUS"));
    /// SCRAM-SHA-256 (RFC 7677).
    pub const SCRAM_SHA_256: Self = Self(Cow::Borrowed("SCRAM-SHA-256"));
    /// SCRAM-SHA-256, bound to the channel.
    pub const SCRAM_SHA_256_PLUS: Self = Self(Cow::Borrowed("SCRAM-SHA-256-PLUS"));
    /// OAUTHBEARER (RFC 7628).
    pub const OAUTHBEARER: Self = Self(Cow::Borrowed("OAUTHBEARER"));
    /// XOAUTH2, what OAUTHBEARER was before it was an RFC.
    pub const XOAUTH2: Self = Self(Cow::Borrowed("XOAUTH2"));
    /// EXTERNAL (RFC 4422 appendix A): by what TLS has shown, the client's certificate.
    pub const EXTERNAL: Self = Self(Cow::Borrowed("EXTERNAL"));

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether whoever listens can use what he hears: PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER need
    /// TLS (RFC 4954 §9, RFC 7628 §4).
    pub fn is_clear(&self) -> bool {
        matches!(self.as_str(), "PLAIN" | "LOGIN" | "XOAUTH2" | "OAUTHBEARER")
    }

    /// Whether it is bound to the TLS it is spoken under (RFC 5801 §3), so that nobody in between can
    /// use it: its name ends in `-PLUS`.
    pub fn is_bound(&self) -> bool {
        self.0.ends_with("-PLUS")
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Mechanism<'static> {
        Mechanism(Cow::Owned(self.0.into_owned()))
    }
}

impl<'a> TryFrom<&'a str> for Mechanism<'a> {
    type Error = InvalidMechanism;

    fn try_from(name: &'a str) -> Result<Self, InvalidMechanism> {
        let sound = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        if !(1..=20).contains(&name.len()) || !name.bytes().all(sound) {
            return Err(InvalidMechanism);
        }
        Ok(Self(
            if name.bytes().any(|octet| octet.is_ascii_lowercase()) {
                Cow::Owned(name.to_ascii_uppercase())
            } else {
                Cow::Borrowed(name)
            },
        ))
    }
}

impl Mechanisms {
    /// These, in that order.
    pub fn new<'m>(mechanisms: impl IntoIterator<Item = Mechanism<'m>>) -> Self {
        let mut all = Self::default();
        for mechanism in mechanisms {
            if !all.contains(&mechanism) {
                all.0.push(mechanism.into_owned());
            }
        }
        all
    }

    /// Whether it is among them.
    pub fn contains(&self, mechanism: &Mechanism<'_>) -> bool {
        self.0
            .iter()
            .any(|known| known.as_str() == mechanism.as_str())
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Mechanism<'static>> {
        self.0.iter()
    }
}

impl Sealed for Mechanisms {}

impl Capability for Mechanisms {
    const EXTENSION: Extension = Extension::Auth;

    /// Words that are no mechanism's name are passed over, and so is the `=` of the `AUTH=` that old
    /// servers write.
    fn parse(arguments: &str) -> Option<Self> {
        let words = arguments.split([' ', '\t', '=']);
        Some(Self::new(
            words.filter_map(|word| Mechanism::try_from(word).ok()),
        ))
    }
}

impl Submitted<'_> {
    /// Nobody that is known, or trusted: `<>`.
    pub const UNKNOWN: Self = Self(Cow::Borrowed("<>"));

    /// Submitted by that mailbox.
    pub fn by(mailbox: &Mailbox<'_>) -> Self {
        Self(Cow::Owned(xtext::encode(mailbox.as_str())))
    }

    /// Who it was; `None` for `<>`.
    pub fn mailbox(&self) -> Option<Mailbox<'static>> {
        let text = xtext::decode(&self.0)?;
        Mailbox::parse_utf8(&text).ok().map(Mailbox::into_owned)
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Submitted<'static> {
        Submitted(owned(self.0))
    }
}

impl Sealed for Submitted<'_> {}
impl<'a> MailParameter<'a> for Submitted<'a> {}

impl<'a> Parameter<'a> for Submitted<'a> {
    const KEYWORDS: &'static [&'static str] = &["AUTH"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        let submitted = Self(Cow::Borrowed(value?));
        // "The decoded form of the xtext MUST be either a <mailbox> or the two characters "<>""
        // (§8), so `+3C+3E` is as good as `<>`.
        let unknown = || xtext::decode(&submitted.0).as_deref() == Some("<>");
        (submitted.mailbox().is_some() || unknown()).then_some(submitted)
    }
}

/// As it stands on the wire, secret included: it is for the wire alone.
impl fmt::Display for Auth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AUTH {}", self.mechanism)?;
        match &self.initial {
            None => Ok(()),
            Some(initial) => write!(f, " {}", initial.as_str()),
        }
    }
}

impl fmt::Display for Mechanism<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Mechanisms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mechanism) in self.0.iter().enumerate() {
            let blank = if index > 0 { " " } else { "" };
            write!(f, "{blank}{mechanism}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Submitted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "AUTH", &self.0)
    }
}

impl fmt::Display for InvalidMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mechanism's name is 1 to 20 letters, digits, hyphens and underscores")
    }
}

impl core::error::Error for InvalidMechanism {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn auth_names_a_mechanism_and_perhaps_says_something_in_base64() {
        const ARGUMENT: Result<Option<&[u8]>, SyntaxErrorKind> = Err(SyntaxErrorKind::Argument);
        const BASE64: Result<Option<&[u8]>, SyntaxErrorKind> = Err(SyntaxErrorKind::Base64);
        for (argument, initial) in [
            // RFC 4954 §4.1 and §6
            ("CRAM-MD5", Ok(None)),
            (
                "PLAIN dGVzdAB0ZXN0ADEyMzQ=",
                Ok(Some(&b"test\0test\x001234"[..])),
            ),
            ("EXTERNAL =", Ok(Some(b""))),
            ("plain AA==", Ok(Some(b"\0"))),
            // §4: "This initial response is base64 encoded", with its padding and no bits to spare.
            ("PLAIN AA", BASE64),
            ("PLAIN AA=", BASE64),
            ("PLAIN AB==", BASE64),
            ("PLAIN A A=", BASE64),
            ("PLAIN AA==A", BASE64),
            ("PLAIN ==", BASE64),
            ("PLAIN = =", BASE64),
            ("PLAIN *", BASE64),
            ("PLAIN ", BASE64),
            ("PLAIN  AA==", BASE64),
            ("PLAIN a-_a", BASE64),
            ("ABCDEFGHIJKLMNOPQRSTU", ARGUMENT),
            ("SCRAM+SHA", ARGUMENT),
            (" PLAIN", BASE64),
            ("", ARGUMENT),
        ] {
            let auth = Auth::parse(argument);
            let read = auth.map(|auth| auth.initial_response());
            let read = read
                .as_ref()
                .map(|initial| initial.as_ref().map(Secret::expose));
            assert_eq!(read.map_err(|kind| *kind), initial, "{argument}");
        }
    }

    #[test]
    fn what_auth_says_does_not_print() {
        let auth = Auth::parse("PLAIN dGVzdAB0ZXN0ADEyMzQ=").unwrap();
        assert!(!format!("{auth:?}").contains("dGVzd"));
        assert!(!format!("{auth:?}").contains("1234"));
    }

    /// RFC 4422 §3.1.
    #[test]
    fn a_mechanism_is_up_to_twenty_letters_digits_hyphens_and_underscores() {
        for (name, sound) in [
            ("PLAIN", true),
            ("SCRAM-SHA-256-PLUS", true),
            ("X_1", true),
            ("a", true),
            ("ABCDEFGHIJKLMNOPQRST", true),
            ("ABCDEFGHIJKLMNOPQRSTU", false),
            ("A B", false),
            ("A.B", false),
            ("A=", false),
            ("É", false),
            ("", false),
        ] {
            let mechanism = Mechanism::try_from(name);
            assert_eq!(mechanism.is_ok(), sound, "{name}");
            if let Ok(mechanism) = mechanism {
                assert_eq!(mechanism.as_str(), name.to_ascii_uppercase());
            }
        }
        for (name, clear) in [
            ("login", true),
            ("XOAuth2", true),
            ("CRAM-MD5", false),
            ("PLAINER", false),
        ] {
            assert_eq!(
                Mechanism::try_from(name).unwrap().is_clear(),
                clear,
                "{name}"
            );
        }
    }

    #[test]
    fn mechanisms_are_read_from_what_servers_write() {
        for (arguments, mechanisms) in [
            ("DIGEST-MD5 CRAM-MD5", "DIGEST-MD5 CRAM-MD5"),
            // `AUTH=LOGIN` and `AUTH LOGIN` of one reply, joined
            ("LOGIN PLAIN =LOGIN", "LOGIN PLAIN"),
            ("plain  Login\tPLAIN", "PLAIN LOGIN"),
            ("GSS/API PLAIN", "PLAIN"),
            ("", ""),
        ] {
            let read = Mechanisms::parse(arguments).unwrap();
            assert_eq!(read.to_string(), mechanisms, "{arguments}");
            assert_eq!(
                read.contains(&Mechanism::PLAIN),
                mechanisms.contains("PLAIN")
            );
            assert_eq!(
                read.iter().count(),
                mechanisms.split_ascii_whitespace().count()
            );
        }
    }

    #[test]
    fn a_submitter_is_a_mailbox_in_xtext_or_nobody() {
        for (value, submitted) in [
            // RFC 4954 §5
            ("e+3Dmc2@example.com", Some(Some("e=mc2@example.com"))),
            ("<>", Some(None)),
            // §8: the decoded form counts.
            ("+3C+3E", Some(None)),
            ("+3C>", Some(None)),
            ("joe@[192.0.2.1]", Some(Some("joe@[192.0.2.1]"))),
            (r#""a+20b"@example.com"#, Some(Some(r#""a b"@example.com"#))),
            ("j+C3+B6rg@example.com", Some(Some("jörg@example.com"))),
            ("<joe@example.com>", None),
            ("joe", None),
            ("e=mc2@example.com", None),
            ("e+3dmc2@example.com", None),
            ("joe@example.com+0D+0A", None),
            ("joe@example.com+", None),
            ("jörg@example.com", None),
            ("<", None),
            ("", None),
        ] {
            let read = Submitted::parse("AUTH", Some(value)).map(|submitted| submitted.mailbox());
            let read = read
                .as_ref()
                .map(|mailbox| mailbox.as_ref().map(Mailbox::as_str));
            assert_eq!(read, submitted, "{value}");
        }
        assert_eq!(Submitted::parse("AUTH", None), None);
        assert_eq!(Submitted::UNKNOWN.to_string(), "AUTH=<>");
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            name in "[A-Z0-9_-]{1,20}",
            initial: Option<Vec<u8>>,
            names in prop::collection::vec("[A-Z0-9_-]{1,20}", 0..6),
        ) {
            let mechanism = Mechanism::try_from(&*name).unwrap();
            let auth = Auth::new(mechanism, initial.map(Secret::from));
            let line = auth.to_string();
            prop_assert_eq!(Auth::parse(line.strip_prefix("AUTH ").unwrap()), Ok(auth.clone()));
            prop_assert_eq!(auth.clone().into_owned(), auth);
            let names = names.iter().map(|name| Mechanism::try_from(&**name).unwrap());
            let mechanisms = Mechanisms::new(names);
            prop_assert_eq!(Mechanisms::parse(&mechanisms.to_string()), Some(mechanisms));
        }

        #[test]
        fn writing_undoes_reading(
            argument in r"[A-Z-]{1,6}( ([A-Za-z0-9+/]{4}){0,2}(|=|AA==|AAA=))?|\PC{0,12}",
        ) {
            if let Ok(auth) = Auth::parse(&argument) {
                let (name, initial) = argument.split_once(' ').unwrap_or((&argument, ""));
                let argument = format!("{} {initial}", name.to_ascii_uppercase());
                prop_assert_eq!(auth.to_string(), format!("AUTH {}", argument.trim_end()));
            }
        }

        #[test]
        fn a_submitter_is_read_as_it_is_written(
            local in "[!#-'*+/-9=?A-Z^-~-]{1,20}",
            quoted in r"[ !#-\[\]-~]{0,20}",
        ) {
            for text in [format!("{local}@example.com"), format!("\"{quoted}\"@example.com")] {
                let mailbox = Mailbox::try_from(&*text).unwrap();
                let submitted = Submitted::by(&mailbox);
                prop_assert_eq!(submitted.mailbox(), Some(mailbox));
                let written = submitted.to_string();
                let value = written.strip_prefix("AUTH=");
                prop_assert_eq!(Submitted::parse("AUTH", value), Some(submitted));
            }
        }

        #[test]
        fn a_submitter_is_written_as_it_was_read(
            value in r"([a-z]|\+[2-7][0-9A-F]){1,9}@[a-z]{1,5}|<>|\PC{0,9}",
        ) {
            if let Some(submitted) = Submitted::parse("AUTH", Some(&value)) {
                prop_assert_eq!(submitted.to_string(), format!("AUTH={value}"));
                prop_assert_eq!(submitted.clone().into_owned(), submitted);
            }
        }
    }
}
