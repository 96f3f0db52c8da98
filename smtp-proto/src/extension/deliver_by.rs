//! DELIVERBY (RFC 2852): a message that is to be delivered in time, and what to do if it isn't.

use super::parameter::{
    Claim, MailParameter, Parameter, Sealed, Slot, nine_digits, owned, write_value,
};
use super::{Capability, Extension};
use crate::syntax::SyntaxErrorKind;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

/// `BY=by-time;by-mode[by-trace]` on MAIL: deliver the message within so many seconds of this
/// command, or else return it or say so.
///
/// ```abnf
/// by-time  = ["-" / "+"] 1*9DIGIT          ; RFC 2852 §4
/// by-mode  = "N" / "R"                     ; "Notify" or "Return"
/// by-trace = "T"                           ; "Trace"
/// ```
///
/// With `R` the time is above zero. A relay passes on what is left of it, by `N` less than nothing
/// too (§4.1.4), and by `R` to no server that doesn't take it.
///
/// ```
/// use smtp_proto::extension::{By, ByMode};
/// let by = By::new(120, ByMode::Return, false).unwrap();
/// assert_eq!(by.to_string(), "BY=120;R");
/// assert!(By::new(0, ByMode::Return, false).is_none());
/// assert_eq!(By::new(-60, ByMode::Notify, true).unwrap().to_string(), "BY=-60;NT");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct By<'a> {
    text: Cow<'a, str>,
    seconds: i32,
    mode: ByMode,
    traced: bool,
}

/// What a server does with a message whose time has come, undelivered (RFC 2852 §4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByMode {
    /// `N`: it tells the sender that the message is late, 4.4.7, and goes on.
    Notify,
    /// `R`: it returns the message, 5.4.7.
    Return,
}

/// `DELIVERBY [min-by-time *( "," extension-token )]` in the EHLO reply: the least time that the
/// server takes with [`ByMode::Return`], `min-by-time = [1*9DIGIT]` (RFC 2852 §2). Empty for nothing
/// said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeliverBy(String);

pub(super) const BY: Slot = Slot {
    keywords: By::KEYWORDS,
    octets: 17,
    // §4.1.4: with N the message may go on without it, with R it is returned.
    advisory: |value| By::parse("BY", value).is_some_and(|by| by.mode == ByMode::Notify),
    check,
    agrees: None,
};

fn check(claim: Claim<'_>) -> Result<(), SyntaxErrorKind> {
    let by = By::parse(claim.keyword, claim.value).ok_or(SyntaxErrorKind::ParameterValue)?;
    let least = DeliverBy::parse(claim.arguments).and_then(|offered| offered.min());
    let too_short = least.is_some_and(|least| by.seconds < least.cast_signed());
    if by.mode == ByMode::Return && too_short {
        // "will be rejected with a permanent failure (55z) reply code" (§3), 555 by §4.
        return Err(SyntaxErrorKind::UnknownParameter);
    }
    Ok(())
}

impl<'a> By<'a> {
    /// Within so many seconds, below zero for a time that has passed; `trace` asks each relay to
    /// report (§4.1.4). `None` for more than 999,999,999 seconds either way, and for
    /// [`ByMode::Return`] with none or less.
    pub fn new(seconds: i32, mode: ByMode, trace: bool) -> Option<By<'static>> {
        let letter = match mode {
            ByMode::Notify => "N",
            ByMode::Return => "R",
        };
        let trace = if trace { "T" } else { "" };
        By::read(format!("{seconds};{letter}{trace}").into())
    }

    /// Within how many seconds, from -999,999,999 to 999,999,999.
    pub const fn seconds(&self) -> i32 {
        self.seconds
    }

    /// What becomes of the message then.
    pub const fn mode(&self) -> ByMode {
        self.mode
    }

    /// Whether each relay is to report.
    pub const fn is_traced(&self) -> bool {
        self.traced
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> By<'static> {
        By {
            text: owned(self.text),
            ..self
        }
    }

    fn read(text: Cow<'a, str>) -> Option<Self> {
        let (time, letters) = text.split_once(';')?;
        let (mode, traced) = match letters.as_bytes() {
            [mode] => (mode, false),
            [mode, b'T' | b't'] => (mode, true),
            _ => return None,
        };
        let mode = match mode {
            b'N' | b'n' => ByMode::Notify,
            b'R' | b'r' => ByMode::Return,
            _ => return None,
        };
        let seconds = match time.split_at_checked(1)? {
            ("-", digits) => -nine_digits(digits)?.cast_signed(),
            ("+", digits) => nine_digits(digits)?.cast_signed(),
            _ => nine_digits(time)?.cast_signed(),
        };
        if mode == ByMode::Return && seconds <= 0 {
            return None;
        }
        Some(Self {
            text,
            seconds,
            mode,
            traced,
        })
    }
}

impl Sealed for By<'_> {}
impl<'a> MailParameter<'a> for By<'a> {}

impl<'a> Parameter<'a> for By<'a> {
    const KEYWORDS: &'static [&'static str] = &["BY"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        Self::read(Cow::Borrowed(value?))
    }
}

impl DeliverBy {
    /// So many seconds at the least; `None` for more than 999,999,999.
    pub fn new(min: u32) -> Option<Self> {
        Self::parse(&min.to_string())
    }

    /// The least time in seconds, where one is said.
    pub fn min(&self) -> Option<u32> {
        nine_digits(self.0.split(',').next()?)
    }
}

impl Sealed for DeliverBy {}

impl Capability for DeliverBy {
    const EXTENSION: Extension = Extension::DeliverBy;

    fn parse(arguments: &str) -> Option<Self> {
        let mut options = arguments.split(',');
        let min = options.next()?;
        let token = |token: &str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        let sound = (min.is_empty() || nine_digits(min).is_some()) && options.all(token);
        sound.then(|| Self(arguments.to_string()))
    }
}

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "BY", &self.text)
    }
}

impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(value: &str) -> Option<By<'_>> {
        By::parse("BY", Some(value))
    }

    #[test]
    fn a_by_time_is_up_to_nine_digits_and_above_zero_to_return() {
        for (value, by) in [
            // RFC 2852 §6 and §9, RFC 6710 §8
            ("120;R", Some((120, ByMode::Return, false))),
            ("98;R", Some((98, ByMode::Return, false))),
            ("60;R", Some((60, ByMode::Return, false))),
            ("125;R", Some((125, ByMode::Return, false))),
            ("+120;RT", Some((120, ByMode::Return, true))),
            ("000000001;r", Some((1, ByMode::Return, false))),
            ("0;N", Some((0, ByMode::Notify, false))),
            ("-0;nt", Some((0, ByMode::Notify, true))),
            ("-999999999;NT", Some((-999_999_999, ByMode::Notify, true))),
            ("999999999;N", Some((999_999_999, ByMode::Notify, false))),
            // "a negative or zero value is not allowed with a by-mode of R" (§4), though §8 has it.
            ("0;R", None),
            ("+0;R", None),
            ("-1;R", None),
            ("1000000000;R", None),
            ("0000000001;R", None),
            ("++1;R", None),
            ("-;N", None),
            (";N", None),
            ("120", None),
            ("120;", None),
            ("120;T", None),
            ("120;X", None),
            ("120;TR", None),
            ("120;RN", None),
            ("120;RTT", None),
            ("120;R;T", None),
            ("12 0;R", None),
            ("0x1;R", None),
            ("١;R", None),
            ("", None),
        ] {
            let read = read(value).map(|by| (by.seconds(), by.mode(), by.is_traced()));
            assert_eq!(read, by, "{value}");
        }
        assert_eq!(By::parse("BY", None), None);
    }

    #[test]
    fn deliverby_says_a_least_time_or_nothing_and_perhaps_more() {
        for (arguments, min) in [
            ("", Some(None)),
            ("240", Some(Some(240))),
            ("0", Some(Some(0))),
            ("030", Some(Some(30))),
            ("240,token,x=1", Some(Some(240))),
            (",token", Some(None)),
            ("240,", None),
            ("240,,a", None),
            ("240, a", None),
            ("240 a", None),
            ("1000000000", None),
            ("-1", None),
            ("a", None),
        ] {
            let deliver_by = DeliverBy::parse(arguments);
            assert_eq!(deliver_by.as_ref().map(DeliverBy::min), min, "{arguments}");
            if let Some(deliver_by) = deliver_by {
                assert_eq!(deliver_by.to_string(), arguments);
            }
        }
        assert_eq!(DeliverBy::new(240).unwrap().to_string(), "240");
        assert_eq!(DeliverBy::new(1_000_000_000), None);
    }

    /// RFC 2852 §3: "strictly less than this limit".
    #[test]
    fn a_time_below_the_least_announced_can_only_notify() {
        for (value, arguments, result) in [
            ("120;R", "", Ok(())),
            ("120;R", "120", Ok(())),
            ("119;R", "120", Err(SyntaxErrorKind::UnknownParameter)),
            ("119;R", "120,token", Err(SyntaxErrorKind::UnknownParameter)),
            ("119;N", "120", Ok(())),
            ("-5;N", "120", Ok(())),
            ("0;R", "120", Err(SyntaxErrorKind::ParameterValue)),
        ] {
            let value = Some(value);
            let checked = check(Claim {
                keyword: "by",
                value,
                arguments,
            });
            assert_eq!(checked, result, "{value:?} {arguments}");
        }
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(seconds: i32, returns: bool, trace: bool) {
            let mode = if returns { ByMode::Return } else { ByMode::Notify };
            for seconds in [seconds, seconds % 1_000_000_000] {
                let least = if returns { 1 } else { -999_999_999 };
                let sound = (least..=999_999_999).contains(&seconds);
                let by = By::new(seconds, mode, trace);
                prop_assert_eq!(by.is_some(), sound);
                if let Some(by) = by {
                    prop_assert_eq!((by.seconds(), by.mode()), (seconds, mode));
                    prop_assert_eq!(by.is_traced(), trace);
                    let text = by.to_string();
                    prop_assert_eq!(read(text.strip_prefix("BY=").unwrap()), Some(by));
                }
            }
        }

        #[test]
        fn writing_undoes_reading(value in r"[+-]?[0-9]{1,10};[NnRr]?[Tt]?|\PC{0,12}") {
            if let Some(by) = read(&value) {
                prop_assert_eq!(by.to_string(), format!("BY={value}"));
                prop_assert_eq!(by.clone().into_owned(), by);
            }
            if let Some(offered) = DeliverBy::parse(&value) {
                prop_assert_eq!(offered.to_string(), value);
            }
        }
    }
}
