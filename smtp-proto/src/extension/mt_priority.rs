//! MT-PRIORITY (RFC 6710): which message goes first.

use super::parameter::{MailParameter, Parameter, Sealed, Slot, slot, write_value};
use super::{Capability, Extension};
use alloc::string::{String, ToString};
use core::fmt;

/// `MT-PRIORITY=priority-value` on MAIL, from -9 to 9: the higher, the sooner. A message without it
/// has priority 0 (RFC 6710 §4.1).
///
/// ```abnf
/// priority-value = (["-"] NZDIGIT) / "0"        ; RFC 6710 §7
/// ```
///
/// A server takes one above zero only from who is allowed to; where it gives the message another,
/// it says so with 2.3.6, and where the message's is below what it takes for now, it refuses with
/// 450 4.7.15 or 550 5.7.15 (§4.1).
///
/// ```
/// use smtp_proto::extension::MtPriority;
/// let priority = MtPriority::new(-4).unwrap();
/// assert_eq!(priority.to_string(), "MT-PRIORITY=-4");
/// assert!(priority < MtPriority::default());
/// assert!(MtPriority::new(10).is_none());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MtPriority(i8);

/// `MT-PRIORITY [priority-profile]` in the EHLO reply: the name of the Priority Assignment Policy
/// that the server follows, such as `MIXER`, `STANAG4406` or `NSEP`; empty where it doesn't say.
///
/// ```abnf
/// priority-profile = 1*20(ALPHA / DIGIT / "-" / "_" / ".")      ; RFC 6710 §7
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PriorityProfile(String);

pub(super) const MT_PRIORITY: Slot = slot!(MtPriority, 15, advisory);

impl MtPriority {
    /// That priority; `None` if it isn't from -9 to 9.
    pub fn new(priority: i8) -> Option<Self> {
        (-9..=9).contains(&priority).then_some(Self(priority))
    }

    /// From -9 to 9.
    pub const fn value(self) -> i8 {
        self.0
    }
}

impl Sealed for MtPriority {}
impl MailParameter<'_> for MtPriority {}

impl<'a> Parameter<'a> for MtPriority {
    const KEYWORDS: &'static [&'static str] = &["MT-PRIORITY"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        match *value?.as_bytes() {
            [b'0'] => Some(Self(0)),
            [digit @ b'1'..=b'9'] => Some(Self((digit - b'0').cast_signed())),
            [b'-', digit @ b'1'..=b'9'] => Some(Self(-(digit - b'0').cast_signed())),
            _ => None,
        }
    }
}

impl PriorityProfile {
    /// The policy of that name; `None` if it isn't 1 to 20 letters, digits, hyphens, underscores
    /// and dots.
    pub fn new(name: &str) -> Option<Self> {
        Self::parse(name).filter(|profile| !profile.0.is_empty())
    }

    /// As it was written; empty where the server doesn't say.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Sealed for PriorityProfile {}

impl Capability for PriorityProfile {
    const EXTENSION: Extension = Extension::MtPriority;

    fn parse(arguments: &str) -> Option<Self> {
        let sound = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (arguments.len() <= 20 && arguments.bytes().all(sound)).then(|| Self(arguments.to_string()))
    }
}

impl fmt::Display for MtPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "MT-PRIORITY", self.0)
    }
}

impl fmt::Display for PriorityProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    fn read(value: &str) -> Option<MtPriority> {
        MtPriority::parse("MT-PRIORITY", Some(value))
    }

    /// RFC 6710 §7.
    #[test]
    fn a_priority_is_one_digit_spelt_one_way() {
        for (value, priority) in [
            ("0", Some(0)),
            ("3", Some(3)),
            ("9", Some(9)),
            ("-1", Some(-1)),
            ("-9", Some(-9)),
            ("-0", None),
            ("+3", None),
            ("03", None),
            ("-03", None),
            ("10", None),
            ("-10", None),
            ("--1", None),
            ("-", None),
            ("3 ", None),
            ("３", None),
            ("", None),
        ] {
            assert_eq!(read(value).map(MtPriority::value), priority, "{value}");
        }
        assert_eq!(MtPriority::parse("MT-PRIORITY", None), None);
    }

    /// RFC 6710 §7, and the policies of its appendices.
    #[test]
    fn a_profile_is_up_to_twenty_letters_digits_and_marks() {
        for (arguments, sound) in [
            ("", true),
            ("MIXER", true),
            ("STANAG4406", true),
            ("NSEP", true),
            ("a-_.0", true),
            ("12345678901234567890", true),
            ("123456789012345678901", false),
            ("MIXER NSEP", false),
            ("MIXER,NSEP", false),
            ("MÍXER", false),
        ] {
            assert_eq!(
                PriorityProfile::parse(arguments).is_some(),
                sound,
                "{arguments}"
            );
        }
        assert_eq!(PriorityProfile::new(""), None);
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(priority: i8) {
            for priority in [priority, priority % 10] {
                let sound = (-9..=9).contains(&priority);
                let value = MtPriority::new(priority);
                prop_assert_eq!(value.is_some(), sound);
                if let Some(value) = value {
                    prop_assert_eq!(value.value(), priority);
                    let text = value.to_string();
                    prop_assert_eq!(read(text.strip_prefix("MT-PRIORITY=").unwrap()), Some(value));
                }
            }
        }

        #[test]
        fn writing_undoes_reading(value in r"[+-]?[0-9]{1,2}|[\w.-]{0,21}|\PC{0,4}") {
            if let Some(priority) = read(&value) {
                prop_assert_eq!(priority.to_string(), format!("MT-PRIORITY={value}"));
            }
            if let Some(profile) = PriorityProfile::parse(&value) {
                prop_assert_eq!(profile.to_string(), value);
            }
        }
    }
}
