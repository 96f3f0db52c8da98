//! FUTURERELEASE (RFC 4865): a message that is submitted now and sent later.

use super::list::Parameters;
use super::parameter::{Claim, MailParameter, Parameter, Sealed, Slot, nine_digits, write_value};
use super::{By, Capability, Extension};
use crate::date_time::DateTime;
use crate::syntax::SyntaxErrorKind;
use core::fmt;

/// `HOLDFOR=future-release-interval` or `HOLDUNTIL=future-release-date-time` on MAIL: the server is
/// to keep the message that long before it sends it on. A command has one of them at most.
///
/// ```abnf
/// future-release-integer   = %x31-39 *8DIGIT               ; RFC 4865 §3, seconds
/// future-release-interval  = future-release-integer
/// future-release-date-time = Internet-style-date-time-UTC  ; RFC 3339's, in UTC
/// ```
///
/// ```
/// use smtp_proto::extension::{DateTime, Hold};
/// assert_eq!(Hold::for_seconds(3_600).unwrap().to_string(), "HOLDFOR=3600");
/// let new_year = DateTime::try_from("2027-01-01T00:00:00Z")?;
/// assert_eq!(Hold::until(new_year).unwrap().to_string(), "HOLDUNTIL=2027-01-01T00:00:00Z");
/// # Ok::<(), smtp_proto::extension::InvalidDateTime>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hold<'a>(Release<'a>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Release<'a> {
    In(u32),
    At(DateTime<'a>),
}

/// `FUTURERELEASE max-future-release-interval max-future-release-date-time` in the EHLO reply: how
/// long a message can be held, in seconds and as a point in time in UTC. It is for the submission
/// port only (RFC 4865 §4.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FutureRelease {
    max_interval: u32,
    max_date_time: DateTime<'static>,
}

pub(super) const HOLD: Slot = Slot {
    keywords: Hold::KEYWORDS,
    octets: 34,
    advisory: |_| false,
    check,
    agrees: Some(agrees),
};

const HOLDFOR: &str = "HOLDFOR";
const HOLDUNTIL: &str = "HOLDUNTIL";

fn check(claim: Claim<'_>) -> Result<(), SyntaxErrorKind> {
    // Without its maxima it isn't announced.
    let offered = FutureRelease::parse(claim.arguments).ok_or(SyntaxErrorKind::UnknownParameter)?;
    match Hold::parse(claim.keyword, claim.value) {
        Some(hold) if offered.allows(&hold) => Ok(()),
        // "MUST reject … greater than the advertised …, or otherwise invalid", by 501 (§4.2)
        _ => Err(SyntaxErrorKind::ParameterValue),
    }
}

/// "MUST reject the MAIL command if it determines that the future message release time is farther
/// in the future than the deliver-by time" (§5.2.2); of a date-time only who has a clock can tell.
fn agrees(mail: &Parameters<'_>) -> bool {
    match mail.get::<Hold<'_>>() {
        Some(Hold(Release::In(seconds))) => {
            let in_time = |by: By<'_>| seconds.cast_signed() <= by.seconds();
            mail.get().is_none_or(in_time)
        }
        _ => true,
    }
}

/// `future-release-integer`
fn integer(text: &str) -> Option<u32> {
    nine_digits(text).filter(|_| !text.starts_with('0'))
}

impl<'a> Hold<'a> {
    /// For so many seconds from now; `None` for none and for more than 999,999,999.
    pub fn for_seconds(seconds: u32) -> Option<Self> {
        (1..=999_999_999)
            .contains(&seconds)
            .then_some(Self(Release::In(seconds)))
    }

    /// Until then; `None` if it isn't written in UTC.
    pub fn until(date_time: DateTime<'a>) -> Option<Self> {
        date_time.is_utc().then_some(Self(Release::At(date_time)))
    }

    /// For how many seconds; `None` for a point in time.
    pub const fn seconds(&self) -> Option<u32> {
        match self.0 {
            Release::In(seconds) => Some(seconds),
            Release::At(_) => None,
        }
    }

    /// Until when; `None` for a number of seconds.
    pub const fn date_time(&self) -> Option<&DateTime<'a>> {
        match &self.0 {
            Release::In(_) => None,
            Release::At(date_time) => Some(date_time),
        }
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Hold<'static> {
        Hold(match self.0 {
            Release::In(seconds) => Release::In(seconds),
            Release::At(date_time) => Release::At(date_time.into_owned()),
        })
    }
}

impl Sealed for Hold<'_> {}
impl<'a> MailParameter<'a> for Hold<'a> {}

impl<'a> Parameter<'a> for Hold<'a> {
    const KEYWORDS: &'static [&'static str] = &[HOLDFOR, HOLDUNTIL];

    fn parse(keyword: &str, value: Option<&'a str>) -> Option<Self> {
        if keyword.eq_ignore_ascii_case(HOLDFOR) {
            Self::for_seconds(integer(value?)?)
        } else {
            Self::until(value?.try_into().ok()?)
        }
    }
}

impl FutureRelease {
    /// At most for so many seconds and until then. `None` for no seconds, more than 999,999,999 of
    /// them, or a date-time that isn't written in UTC.
    pub fn new(max_interval: u32, max_date_time: DateTime<'_>) -> Option<Self> {
        let sound = (1..=999_999_999).contains(&max_interval) && max_date_time.is_utc();
        sound.then(|| Self {
            max_interval,
            max_date_time: max_date_time.into_owned(),
        })
    }

    /// The most seconds a message is held.
    pub const fn max_interval(&self) -> u32 {
        self.max_interval
    }

    /// The latest point in time until which one is.
    pub const fn max_date_time(&self) -> &DateTime<'static> {
        &self.max_date_time
    }

    /// Whether a message can be held that long.
    pub fn allows(&self, hold: &Hold<'_>) -> bool {
        match &hold.0 {
            Release::In(seconds) => *seconds <= self.max_interval,
            Release::At(date_time) => date_time.instant() <= self.max_date_time.instant(),
        }
    }
}

impl Sealed for FutureRelease {}

impl Capability for FutureRelease {
    const EXTENSION: Extension = Extension::FutureRelease;

    fn parse(arguments: &str) -> Option<Self> {
        let (interval, date_time) = arguments.split_once(' ')?;
        Self::new(integer(interval)?, date_time.try_into().ok()?)
    }
}

impl fmt::Display for Hold<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Release::In(seconds) => write_value(f, HOLDFOR, seconds),
            Release::At(date_time) => write_value(f, HOLDUNTIL, date_time),
        }
    }
}

impl fmt::Display for FutureRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.max_interval, self.max_date_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mail;
    use crate::address::ReversePath;
    use crate::command::Command;
    use crate::date_time::tests::{seconds, spelling};
    use crate::extension::{ByMode, Offers, Syntax};
    use alloc::format;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn read<'a>(keyword: &str, value: &'a str) -> Option<Hold<'a>> {
        Hold::parse(keyword, Some(value))
    }

    /// RFC 4865 §3.
    #[test]
    fn a_message_is_held_for_seconds_or_until_a_time_in_utc() {
        for (keyword, value, sound) in [
            ("HOLDFOR", "1", true),
            ("holdfor", "999999999", true),
            ("HOLDFOR", "0", false),
            ("HOLDFOR", "01", false),
            ("HOLDFOR", "1000000000", false),
            ("HOLDFOR", "+1", false),
            ("HOLDFOR", "-1", false),
            ("HOLDFOR", "1s", false),
            ("HOLDFOR", "2027-01-01T00:00:00Z", false),
            ("HOLDUNTIL", "2027-01-01T00:00:00Z", true),
            ("HoldUntil", "2027-01-01t00:00:00z", true),
            ("HOLDUNTIL", "2027-01-01T00:00:00.5Z", true),
            ("HOLDUNTIL", "2027-01-01T00:00:00+00:00", true),
            ("HOLDUNTIL", "2027-01-01T00:00:00+01:00", false),
            ("HOLDUNTIL", "2027-02-29T00:00:00Z", false),
            ("HOLDUNTIL", "2027-01-01", false),
            ("HOLDUNTIL", "3600", false),
        ] {
            assert_eq!(read(keyword, value).is_some(), sound, "{keyword}={value}");
        }
        assert_eq!(Hold::parse("HOLDFOR", None), None);
        assert_eq!(Hold::parse("HOLDUNTIL", None), None);
    }

    #[test]
    fn it_is_one_or_the_other() {
        let (seconds, until) = ("3600", "2027-01-01T00:00:00Z");
        let hold = read("HOLDFOR", seconds).unwrap();
        assert_eq!((hold.seconds(), hold.date_time()), (Some(3600), None));
        let hold = read("HOLDUNTIL", until).unwrap();
        assert_eq!(hold.seconds(), None);
        assert_eq!(hold.date_time().map(DateTime::as_str), Some(until));
    }

    #[test]
    fn futurerelease_says_both_maxima() {
        for (arguments, sound) in [
            ("86400 2027-01-01T00:00:00Z", true),
            ("1 2027-01-01T00:00:00-00:00", true),
            ("86400", false),
            ("2027-01-01T00:00:00Z", false),
            ("2027-01-01T00:00:00Z 86400", false),
            ("0 2027-01-01T00:00:00Z", false),
            ("086400 2027-01-01T00:00:00Z", false),
            ("86400 2027-01-01T00:00:00+01:00", false),
            ("86400  2027-01-01T00:00:00Z", false),
            ("86400 2027-01-01T00:00:00Z 1", false),
            ("", false),
        ] {
            assert_eq!(
                FutureRelease::parse(arguments).is_some(),
                sound,
                "{arguments}"
            );
        }
    }

    /// RFC 4865 §4.2, 7 to 11.
    #[test]
    fn over_the_announced_maximum_a_value_is_refused() {
        const OFFERED: &str = "86400 2027-01-01T00:00:00Z";
        const WRONG: Result<(), SyntaxErrorKind> = Err(SyntaxErrorKind::ParameterValue);
        for (keyword, value, arguments, result) in [
            ("HOLDFOR", "86400", OFFERED, Ok(())),
            ("HOLDFOR", "86401", OFFERED, WRONG),
            ("HOLDFOR", "0", OFFERED, WRONG),
            ("HOLDUNTIL", "2027-01-01T00:00:00.0Z", OFFERED, Ok(())),
            ("HOLDUNTIL", "2026-12-31T23:59:59.9Z", OFFERED, Ok(())),
            ("HOLDUNTIL", "2027-01-01T00:00:00.1Z", OFFERED, WRONG),
            ("HOLDUNTIL", "2027-01-01T00:00:01Z", OFFERED, WRONG),
            ("HOLDFOR", "1", "", Err(SyntaxErrorKind::UnknownParameter)),
        ] {
            let value = Some(value);
            let checked = check(Claim {
                keyword,
                value,
                arguments,
            });
            assert_eq!(checked, result, "{keyword} {value:?} {arguments}");
        }
    }

    #[test]
    fn a_command_has_one_hold_that_ends_before_its_deliver_by_time() {
        let latest = DateTime::try_from("2027-01-01T00:00:00Z").unwrap();
        let offers = Offers::NONE
            .with(Extension::DeliverBy)
            .with(FutureRelease::new(86_400, latest).unwrap());
        for (parameters, sound) in [
            ("HOLDFOR=60", true),
            ("HOLDFOR=60 HOLDUNTIL=2026-01-01T00:00:00Z", false),
            ("HOLDUNTIL=2026-01-01T00:00:00Z HOLDFOR=60", false),
            ("HOLDFOR=60 holdfor=60", false),
            // §5.2.2
            ("HOLDFOR=60 BY=61;R", true),
            ("BY=60;N HOLDFOR=60", true),
            ("HOLDFOR=60 BY=59;R", false),
            ("HOLDFOR=60 BY=-59;N", false),
            ("HOLDUNTIL=2026-01-01T00:00:00Z BY=1;R", true),
        ] {
            let line = format!("MAIL FROM:<> {parameters}");
            let parsed = Command::parse(line.as_bytes(), Syntax::new(&offers));
            match parsed.map_err(|error| error.kind) {
                Ok(command) => assert!(sound, "{command}"),
                Err(kind) => {
                    assert!(!sound, "{line}");
                    assert_eq!(kind, SyntaxErrorKind::ParameterValue);
                }
            }
        }
    }

    #[test]
    fn one_hold_replaces_the_other() {
        let until = DateTime::try_from("2027-01-01T00:00:00Z").unwrap();
        let mail = Mail::new(ReversePath::Null)
            .with(Hold::for_seconds(60).unwrap())
            .with(By::new(120, ByMode::Notify, false).unwrap())
            .with(Hold::until(until).unwrap());
        assert_eq!(
            mail.to_string(),
            "MAIL FROM:<> BY=120;N HOLDUNTIL=2027-01-01T00:00:00Z"
        );
        assert_eq!(
            mail.without::<Hold<'_>>().to_string(),
            "MAIL FROM:<> BY=120;N"
        );
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(interval in 0..1_000_000_002_u32, until in seconds()) {
            let date_time = DateTime::from_unix(until).unwrap();
            let sound = (1..=999_999_999).contains(&interval);
            prop_assert_eq!(Hold::for_seconds(interval).is_some(), sound);
            let holds = [Hold::for_seconds(interval), Hold::until(date_time.clone())];
            for hold in holds.into_iter().flatten() {
                let text = hold.to_string();
                let (keyword, value) = text.split_once('=').unwrap();
                prop_assert_eq!(read(keyword, value), Some(hold));
            }
            if let Some(offered) = FutureRelease::new(interval, date_time) {
                prop_assert_eq!(FutureRelease::parse(&offered.to_string()), Some(offered));
            }
        }

        #[test]
        fn writing_undoes_reading(
            interval in r"[0-9]{1,10}|\PC{0,12}",
            until in spelling(),
        ) {
            for (keyword, value) in [
                ("HOLDFOR", &interval),
                ("HOLDUNTIL", &until),
                ("HOLDUNTIL", &interval),
            ] {
                if let Some(hold) = read(keyword, value) {
                    prop_assert_eq!(hold.to_string(), format!("{keyword}={value}"));
                    prop_assert_eq!(hold.clone().into_owned(), hold);
                }
            }
            let arguments = format!("{interval} {until}");
            if let Some(offered) = FutureRelease::parse(&arguments) {
                prop_assert_eq!(offered.to_string(), arguments);
            }
        }
    }
}
