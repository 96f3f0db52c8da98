//! DSN (RFC 3461): which delivery status notifications a message asks for. `ORCPT` has `orcpt.rs`.
//!
//! A server refuses no command for what is in these parameters, as long as they are well formed
//! (§5.1), and a relay passes them on with the message (§5.2.1).

use super::parameter::{
    MailParameter, Parameter, RcptParameter, Sealed, Slot, owned, slot, write_value,
};
use crate::grammar::{Word, xtext};
use alloc::borrow::Cow;
use core::fmt;

/// `RET=("FULL" / "HDRS")` on MAIL (RFC 3461 §4.3): how much of the message a notification of
/// failure gives back. Without it either will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// All of it: `FULL`.
    Full,
    /// Its header: `HDRS`.
    Headers,
}

/// `ENVID=xtext` on MAIL (RFC 3461 §4.4): what the sender calls this transaction; every
/// notification about it says so. It means nothing to anyone else.
///
/// At most 100 octets as xtext, which stands for printable ASCII and blanks. With MTRK it is
/// `local-envid "@" fqhn` (RFC 3885 §3.2).
///
/// ```
/// use smtp_proto::extension::EnvId;
/// let id = EnvId::new("QQ=314159")?;
/// assert_eq!(id.as_str(), "QQ+3D314159");
/// assert_eq!(id.decoded(), "QQ=314159");
/// # Ok::<(), smtp_proto::extension::InvalidDsn>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnvId<'a>(Cow<'a, str>);

/// `NOTIFY=("NEVER" / 1#("SUCCESS" / "FAILURE" / "DELAY"))` on RCPT (RFC 3461 §4.1): what the sender
/// wants to be told about this recipient. Without it, failures, and delays if the server likes.
///
/// Case, order and repetition say nothing, and are not kept.
///
/// ```
/// use smtp_proto::extension::Notify;
/// let notify = Notify { delay: true, ..Notify::FAILURE };
/// assert_eq!(notify.to_string(), "NOTIFY=FAILURE,DELAY");
/// assert_eq!(Notify::NEVER.to_string(), "NOTIFY=NEVER");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Notify {
    /// That the message was delivered.
    pub success: bool,
    /// That it can't be delivered.
    pub failure: bool,
    /// That it is late.
    pub delay: bool,
}

/// Why there can't be such an [`EnvId`] or
/// [`OriginalRecipient`](super::OriginalRecipient).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidDsn {
    /// The text holds a character that it can't carry.
    Text,
    /// It is empty, or longer than its RFC allows once it is encoded.
    Length,
    /// An address type isn't an `atom`, or holds `=`.
    AddressType,
}

pub(super) const RET: Slot = slot!(Ret, 9);
pub(super) const ENVID: Slot = slot!(EnvId<'_>, 107);
pub(super) const NOTIFY: Slot = slot!(Notify, 29);

const MAX_ENVID: usize = 100;

impl Ret {
    /// The value as it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        }
    }
}

impl Sealed for Ret {}
impl MailParameter<'_> for Ret {}

impl<'a> Parameter<'a> for Ret {
    const KEYWORDS: &'static [&'static str] = &["RET"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        const FULL: Word = Word::new("FULL");
        const HDRS: Word = Word::new("HDRS");
        match Word::of(value?.as_bytes())? {
            FULL => Some(Self::Full),
            HDRS => Some(Self::Headers),
            _ => None,
        }
    }
}

impl EnvId<'_> {
    /// The identifier that is this text, not yet encoded.
    ///
    /// # Errors
    /// `Text` if it isn't printable ASCII and blanks, `Length` if it is empty or has over 100
    /// octets as xtext.
    pub fn new(text: &str) -> Result<EnvId<'static>, InvalidDsn> {
        if !is_printable(text) {
            return Err(InvalidDsn::Text);
        }
        let encoded = xtext::encode(text);
        if !(1..=MAX_ENVID).contains(&encoded.len()) {
            return Err(InvalidDsn::Length);
        }
        Ok(EnvId(Cow::Owned(encoded)))
    }

    /// As it was written: xtext.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it stands for, as an `Original-Envelope-Id` field has it (RFC 3461 §6.3).
    pub fn decoded(&self) -> Cow<'_, str> {
        xtext::decode(&self.0).unwrap_or_default()
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> EnvId<'static> {
        EnvId(owned(self.0))
    }
}

/// "printable (graphic and white space) characters from the US-ASCII repertoire" (RFC 3461 §4.2,
/// §4.4); of white space only the blank, for a tab is a control octet.
pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|octet| matches!(octet, b' '..=b'~'))
}

impl Sealed for EnvId<'_> {}
impl<'a> MailParameter<'a> for EnvId<'a> {}

impl<'a> Parameter<'a> for EnvId<'a> {
    const KEYWORDS: &'static [&'static str] = &["ENVID"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        let value = value.filter(|value| (1..=MAX_ENVID).contains(&value.len()))?;
        xtext::is_ascii(value).then_some(Self(Cow::Borrowed(value)))
    }
}

impl Notify {
    /// Nothing at all.
    pub const NEVER: Self = Self {
        success: false,
        failure: false,
        delay: false,
    };
    /// Success only.
    pub const SUCCESS: Self = Self {
        success: true,
        ..Self::NEVER
    };
    /// Failure only.
    pub const FAILURE: Self = Self {
        failure: true,
        ..Self::NEVER
    };
    /// Delay only.
    pub const DELAY: Self = Self {
        delay: true,
        ..Self::NEVER
    };
}

impl Sealed for Notify {}
impl RcptParameter<'_> for Notify {}

impl<'a> Parameter<'a> for Notify {
    const KEYWORDS: &'static [&'static str] = &["NOTIFY"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        const NEVER: Word = Word::new("NEVER");
        const SUCCESS: Word = Word::new("SUCCESS");
        const FAILURE: Word = Word::new("FAILURE");
        const DELAY: Word = Word::new("DELAY");
        let value = value?.as_bytes();
        let mut notify = Self::NEVER;
        // "the NEVER keyword MUST appear by itself" (§4.1)
        if NEVER.is(value) {
            return Some(notify);
        }
        for word in value.split(|octet| *octet == b',') {
            match Word::of(word)? {
                SUCCESS => notify.success = true,
                FAILURE => notify.failure = true,
                DELAY => notify.delay = true,
                _ => return None,
            }
        }
        Some(notify)
    }
}

impl fmt::Display for Ret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "RET", self.as_str())
    }
}

impl fmt::Display for EnvId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "ENVID", &self.0)
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(
            f,
            "NOTIFY",
            match (self.success, self.failure, self.delay) {
                (false, false, false) => "NEVER",
                (true, false, false) => "SUCCESS",
                (false, true, false) => "FAILURE",
                (false, false, true) => "DELAY",
                (true, true, false) => "SUCCESS,FAILURE",
                (true, false, true) => "SUCCESS,DELAY",
                (false, true, true) => "FAILURE,DELAY",
                (true, true, true) => "SUCCESS,FAILURE,DELAY",
            },
        )
    }
}

impl fmt::Display for InvalidDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "the text holds a character that it can't carry",
            Self::Length => "empty or too long",
            Self::AddressType => "an address type is an atom without `=`",
        })
    }
}

impl core::error::Error for InvalidDsn {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extension::list::Parameters;
    use crate::extension::parameter::Carrier;
    use crate::extension::{Extension, Offers, Syntax};
    use crate::grammar::Input;
    use alloc::format;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn ret_is_full_or_hdrs_in_any_case() {
        for (value, ret) in [
            (Some("FULL"), Some(Ret::Full)),
            (Some("full"), Some(Ret::Full)),
            (Some("HDRS"), Some(Ret::Headers)),
            (Some("hdrS"), Some(Ret::Headers)),
            (Some("HEADERS"), None),
            (Some("FULL,HDRS"), None),
            (Some(""), None),
            (None, None),
        ] {
            assert_eq!(Ret::parse("RET", value), ret, "{value:?}");
        }
    }

    /// RFC 3461 §4.1, and §5.4 for the longest: 28 octets with its keyword.
    #[test]
    fn never_stands_alone_and_the_others_in_any_order_and_case() {
        let all = Notify {
            success: true,
            failure: true,
            delay: true,
        };
        for (value, notify) in [
            ("NEVER", Some(Notify::NEVER)),
            ("never", Some(Notify::NEVER)),
            ("SUCCESS", Some(Notify::SUCCESS)),
            ("Failure", Some(Notify::FAILURE)),
            ("DELAY", Some(Notify::DELAY)),
            ("SUCCESS,FAILURE,DELAY", Some(all)),
            ("delay,success,FAILURE", Some(all)),
            ("DELAY,DELAY", Some(Notify::DELAY)),
            ("NEVER,SUCCESS", None),
            ("SUCCESS,NEVER", None),
            ("NEVER,NEVER", None),
            ("NEVER,", None),
            ("", None),
            (",", None),
            ("SUCCESS,", None),
            (",SUCCESS", None),
            ("SUCCESS,,DELAY", None),
            ("SUCCESS, DELAY", None),
            ("SUCCESS;DELAY", None),
            ("ALWAYS", None),
        ] {
            assert_eq!(Notify::parse("NOTIFY", Some(value)), notify, "{value}");
        }
        assert_eq!(Notify::parse("NOTIFY", None), None);
        assert_eq!(all.to_string().len(), 28);
    }

    /// RFC 3461 §4, §4.4.
    #[test]
    fn an_envid_is_xtext_of_printable_ascii() {
        for (value, decoded) in [
            ("QQ314159", Some("QQ314159")),
            ("a+20b+2Bc+3Dd", Some("a b+c=d")),
            ("12345@claremont.edu", Some("12345@claremont.edu")),
            ("+41", Some("A")),
            ("", None),
            ("a b", None),
            ("a=b", None),
            ("a+b", None),
            ("a+2b", None),
            ("a+0D+0A", None),
            ("+00", None),
            ("+09", None),
            ("+7F", None),
            ("+C3+B6", None),
            ("ö", None),
        ] {
            let envid = EnvId::parse("ENVID", Some(value));
            let text = envid.as_ref().map(EnvId::decoded);
            assert_eq!(text.as_deref(), decoded, "{value}");
        }
        assert_eq!(EnvId::parse("ENVID", None), None);
    }

    /// RFC 3461 §4.4.
    #[test]
    fn an_envid_has_at_most_100_octets_on_the_wire() {
        assert!(EnvId::new(&"a".repeat(100)).is_ok());
        assert_eq!(EnvId::new(&"a".repeat(101)), Err(InvalidDsn::Length));
        assert_eq!(EnvId::new(&"=".repeat(34)), Err(InvalidDsn::Length));
        assert_eq!(EnvId::new(""), Err(InvalidDsn::Length));
        assert!(EnvId::parse("ENVID", Some(&"a".repeat(100))).is_some());
        assert!(EnvId::parse("ENVID", Some(&"a".repeat(101))).is_none());
        for text in ["a\r\nb", "a\0", "a\tb", "ö", "\u{7f}"] {
            assert_eq!(EnvId::new(text), Err(InvalidDsn::Text), "{text:?}");
        }
    }

    /// RFC 3461 §4.5.
    #[test]
    fn each_parameter_stands_once_in_its_command() {
        let offers = Offers::NONE.with(Extension::Dsn);
        for (carrier, parameters, sound) in [
            (Carrier::Mail, " RET=HDRS ENVID=QQ314159", true),
            (Carrier::Mail, " RET=HDRS RET=HDRS", false),
            (Carrier::Mail, " ENVID=a ENVID=a", false),
            (Carrier::Mail, " NOTIFY=NEVER", false),
            (
                Carrier::Rcpt,
                " NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM",
                true,
            ),
            (Carrier::Rcpt, " NOTIFY=SUCCESS NOTIFY=DELAY", false),
            (Carrier::Rcpt, " ORCPT=rfc822;a ORCPT=rfc822;a", false),
            (Carrier::Rcpt, " RET=HDRS", false),
        ] {
            let read = Parameters::read(
                Input::new(parameters.as_bytes()),
                carrier,
                Syntax::new(&offers),
            );
            assert_eq!(read.is_ok(), sound, "{parameters}");
        }
    }

    proptest! {
        #[test]
        fn what_an_envid_writes_it_reads(text in "[ -~]{1,33}") {
            let envid = EnvId::new(&text).unwrap();
            prop_assert_eq!(envid.decoded(), text);
            let written = envid.to_string();
            prop_assert_eq!(EnvId::parse("ENVID", written.strip_prefix("ENVID=")), Some(envid));
        }

        #[test]
        fn what_an_envid_reads_it_writes(text in r"(\PC|[!-~]|\+[0-9A-Fa-f]{2}){0,50}|.*") {
            if let Some(envid) = EnvId::parse("ENVID", Some(&text)) {
                prop_assert_eq!(envid.to_string(), format!("ENVID={text}"));
                prop_assert!(is_printable(&envid.decoded()));
                prop_assert!(EnvId::new(&envid.decoded()).is_ok());
            }
        }

        #[test]
        fn what_notify_writes_it_reads(success: bool, failure: bool, delay: bool) {
            let notify = Notify { success, failure, delay };
            let written = notify.to_string();
            let read = Notify::parse("NOTIFY", written.strip_prefix("NOTIFY="));
            prop_assert_eq!(read, Some(notify));
        }

        #[test]
        fn what_notify_reads_it_writes_but_for_case_order_and_repetition(
            text in "((?i:SUCCESS|FAILURE|DELAY|NEVER)(,(?i:SUCCESS|FAILURE|DELAY|NEVER)){0,3})|.{0,9}",
        ) {
            if let Some(notify) = Notify::parse("NOTIFY", Some(&text)) {
                let written = notify.to_string();
                let text = text.to_ascii_uppercase();
                for word in ["NEVER", "SUCCESS", "FAILURE", "DELAY"] {
                    prop_assert_eq!(written.contains(word), text.contains(word));
                }
            }
        }
    }
}
