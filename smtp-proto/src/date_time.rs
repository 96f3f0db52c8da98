//! Points in time as RFC 3339 writes them, for the extensions that have one in a parameter.
//!
//! The rule here: a date-time is kept as it was written and names a second that the calendar has.
//! Knows no clock and no time zones but the offset that stands there.

use crate::calendar::{DAY, civil_from_days, days_from_civil, days_of_month};
use alloc::borrow::Cow;
use alloc::format;
use core::fmt;

/// A date with a time of day and its offset from UTC: `1996-12-19T16:39:57-08:00`.
///
/// ```abnf
/// date-time      = full-date "T" full-time                      ; RFC 3339 §5.6
/// full-date      = 4DIGIT "-" 2DIGIT "-" 2DIGIT
/// full-time      = 2DIGIT ":" 2DIGIT ":" 2DIGIT [time-secfrac] time-offset
/// time-secfrac   = "." 1*DIGIT
/// time-offset    = "Z" / (("+" / "-") 2DIGIT ":" 2DIGIT)
/// ```
///
/// `T` and `Z` may be in lower case. The day has to be one of its month. A second 60 has to be a
/// leap second by its place, the last of a month in UTC (§5.7); which months had one isn't known
/// here. Two date-times are equal if they are written alike; [`unix`](Self::unix) is for comparing
/// the points in time.
///
/// # Errors
///
/// `TryFrom` gives [`InvalidDateTime`].
///
/// ```
/// use smtp_proto::extension::DateTime;
///
/// let pacific = DateTime::try_from("1996-12-19T16:39:57-08:00")?;
/// let utc = DateTime::try_from("1996-12-20T00:39:57Z")?;
/// assert_eq!(pacific.unix(), utc.unix());
/// assert_eq!(DateTime::from_unix(851_042_397), Some(utc));
/// assert!(DateTime::try_from("1997-02-29T00:00:00Z").is_err());
/// # Ok::<(), smtp_proto::extension::InvalidDateTime>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DateTime<'a> {
    text: Cow<'a, str>,
    unix: i64,
}

/// A text that is no date-time of RFC 3339 §5.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidDateTime;

/// Octets in front of the fraction and the offset: `1996-12-19T16:39:57`.
const SECONDS: usize = 19;

impl DateTime<'_> {
    /// The time that many seconds after 1970-01-01 00:00:00 UTC, leap seconds not counted, written
    /// in UTC; `None` outside the years 0 to 9999.
    pub fn from_unix(seconds: i64) -> Option<DateTime<'static>> {
        let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
        let second = seconds.rem_euclid(DAY);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        (0..=9_999).contains(&year).then(|| DateTime {
            text: format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
                .into(),
            unix: seconds,
        })
    }

    /// Whole seconds since 1970-01-01 00:00:00 UTC, the fraction dropped; negative before. Leap
    /// seconds aren't counted, so one is the same as the second behind it.
    pub const fn unix(&self) -> i64 {
        self.unix
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The digits of its fraction of a second, as written; empty where there is none.
    pub fn fraction(&self) -> &str {
        let Some(fraction) = self.text[SECONDS..].strip_prefix('.') else {
            return "";
        };
        let end = fraction.find(|c: char| !c.is_ascii_digit());
        &fraction[..end.unwrap_or(fraction.len())]
    }

    /// Whether it is written in UTC: its offset is `Z` or zero.
    pub fn is_utc(&self) -> bool {
        // "-00:00" is UTC as well: where it is local time isn't known (§4.3).
        self.text.ends_with(['Z', 'z']) || self.text.ends_with("00:00")
    }

    /// What the point in time is ordered by.
    pub(crate) fn instant(&self) -> impl Ord {
        (self.unix, self.fraction().trim_end_matches('0'))
    }

    /// The same date-time, borrowing nothing.
    pub fn into_owned(self) -> DateTime<'static> {
        DateTime {
            text: Cow::Owned(self.text.into_owned()),
            unix: self.unix,
        }
    }
}

impl<'a> TryFrom<&'a str> for DateTime<'a> {
    type Error = InvalidDateTime;

    fn try_from(text: &'a str) -> Result<Self, InvalidDateTime> {
        let unix = unix(text.as_bytes()).ok_or(InvalidDateTime)?;
        Ok(Self {
            text: Cow::Borrowed(text),
            unix,
        })
    }
}

/// Seconds since 1970 at a `date-time`; `None` if the text is none.
fn unix(text: &[u8]) -> Option<i64> {
    let (date, time) = text.split_at_checked("1996-12-19T".len())?;
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b't'] = date else {
        return None;
    };
    let (time, rest) = time.split_at_checked("16:39:57".len())?;
    let &[h1, h2, b':', n1, n2, b':', s1, s2] = time else {
        return None;
    };
    let year = i64::from(digits(y1, y2)? * 100 + digits(y3, y4)?);
    let (month, day) = (digits(m1, m2)?, digits(d1, d2)?);
    let (hour, minute, second) = (digits(h1, h2)?, digits(n1, n2)?, digits(s1, s2)?);
    let exists = (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 60;
    if !exists {
        return None;
    }
    let offset = match without_fraction(rest)? {
        b"Z" | b"z" => 0,
        &[sign @ (b'+' | b'-'), h1, h2, b':', n1, n2] => {
            let (hours, minutes) = (digits(h1, h2)?, digits(n1, n2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = i64::from(hours * 3_600 + minutes * 60);
            if sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    let of_day = i64::from(hour * 3_600 + minute * 60 + second);
    let unix = days_from_civil(year, month, day) * DAY + of_day - offset;
    // "The leap second point is shifted by the zone offset" (§5.7): it is in front of the first
    // second of a month in UTC, which this is if it is counted on.
    let is_leap = || unix.rem_euclid(DAY) == 0 && civil_from_days(unix.div_euclid(DAY)).2 == 1;
    (second < 60 || is_leap()).then_some(unix)
}

fn digits(tens: u8, ones: u8) -> Option<u32> {
    let digit = |octet: u8| octet.is_ascii_digit().then(|| u32::from(octet - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// What stands behind `[time-secfrac]`.
fn without_fraction(text: &[u8]) -> Option<&[u8]> {
    match text.strip_prefix(b".") {
        None => Some(text),
        Some(fraction) => match fraction.iter().position(|octet| !octet.is_ascii_digit())? {
            0 => None,
            end => Some(&fraction[end..]),
        },
    }
}

/// As it was written.
impl fmt::Display for DateTime<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Display for InvalidDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a date and time as RFC 3339 writes them")
    }
}

impl core::error::Error for InvalidDateTime {}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloc::string::{String, ToString};
    use proptest::prelude::*;

    /// Text that a date-time may be, and mostly is.
    pub(crate) fn spelling() -> impl Strategy<Value = String> {
        "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\
            [Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?\
            ([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
    }

    /// Seconds of the years 0 to 9999.
    pub(crate) fn seconds() -> impl Strategy<Value = i64> {
        -62_167_219_200..=253_402_300_799_i64
    }

    #[test]
    fn the_examples_of_rfc_3339_5_8_are_the_instants_it_says() {
        for (text, unix) in [
            ("1985-04-12T23:20:50.52Z", 482_196_050),
            ("1996-12-19T16:39:57-08:00", 851_042_397),
            ("1996-12-20T00:39:57Z", 851_042_397),
            // The leap second counts as the second behind it.
            ("1990-12-31T23:59:60Z", 662_688_000),
            ("1990-12-31T15:59:60-08:00", 662_688_000),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_173),
            // §4.2
            ("1970-01-01T18:50:00-04:00", 82_200),
            ("1970-01-01T22:50:00Z", 82_200),
            ("0000-01-01T00:00:00Z", -62_167_219_200),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(
                DateTime::try_from(text).map(|at| at.unix()),
                Ok(unix),
                "{text}"
            );
        }
    }

    #[test]
    fn a_date_time_is_spelt_as_rfc_3339_5_6_says_and_is_in_the_calendar() {
        for (text, sound) in [
            ("2024-02-29t23:59:59z", true),
            ("2024-02-29T23:59:59+00:00", true),
            ("2024-02-29T23:59:59-00:00", true),
            ("2024-02-29T23:59:59.0000000000000000001-23:59", true),
            ("2000-02-29T00:00:00Z", true),
            ("1900-02-29T00:00:00Z", false),
            ("2023-02-29T00:00:00Z", false),
            ("2024-04-31T00:00:00Z", false),
            ("2024-12-31T00:00:00Z", true),
            ("2024-12-32T00:00:00Z", false),
            ("2024-00-01T00:00:00Z", false),
            ("2024-13-01T00:00:00Z", false),
            ("2024-01-00T00:00:00Z", false),
            ("2024-01-01T24:00:00Z", false),
            ("2024-01-01T00:60:00Z", false),
            ("2024-01-01T00:00:61Z", false),
            ("2024-01-01T00:00:00+24:00", false),
            ("2024-01-01T00:00:00+00:60", false),
            ("2024-01-01T00:00:00", false),
            ("2024-01-01T00:00:00.Z", false),
            ("2024-01-01T00:00:00,5Z", false),
            ("2024-01-01T00:00:00.5", false),
            ("2024-01-01T00:00:00+0000", false),
            ("2024-01-01T00:00:00Zz", false),
            ("2024-01-01 00:00:00Z", false),
            ("2024-1-1T00:00:00Z", false),
            ("24-01-01T00:00:00Z", false),
            ("02024-01-01T00:00:00Z", false),
            ("+024-01-01T00:00:00Z", false),
            ("2024-01-01T00:00Z", false),
            ("2024-01-01", false),
            ("٢٠٢٤-01-01T00:00:00Z", false),
            ("", false),
        ] {
            assert_eq!(DateTime::try_from(text).is_ok(), sound, "{text}");
        }
    }

    #[test]
    fn a_leap_second_is_the_last_of_a_month_in_utc() {
        for (text, sound) in [
            ("2016-12-31T23:59:60Z", true),
            ("2015-06-30T23:59:60.5Z", true),
            ("2015-07-01T01:59:60+02:00", true),
            ("2017-01-01T05:29:60+05:30", true),
            ("2024-02-29T23:59:60Z", true),
            ("2024-02-28T23:59:60Z", false),
            ("2016-12-31T23:59:60+01:00", false),
            ("2016-12-31T22:59:60Z", false),
            ("2016-12-31T23:58:60Z", false),
            ("2016-12-30T23:59:60Z", false),
        ] {
            assert_eq!(DateTime::try_from(text).is_ok(), sound, "{text}");
        }
    }

    #[test]
    fn a_fraction_and_utc_are_told() {
        for (text, fraction, utc) in [
            ("2024-01-01T00:00:00Z", "", true),
            ("2024-01-01T00:00:00.50z", "50", true),
            ("2024-01-01T00:00:00.7+00:00", "7", true),
            ("2024-01-01T00:00:00-00:00", "", true),
            ("2024-01-01T00:00:00+01:00", "", false),
            ("2024-01-01T00:00:00.1-00:01", "1", false),
            ("2024-01-01T00:00:00+10:00", "", false),
            ("2024-01-01T00:00:00+20:00", "", false),
        ] {
            let at = DateTime::try_from(text).unwrap();
            assert_eq!((at.fraction(), at.is_utc()), (fraction, utc), "{text}");
        }
    }

    #[test]
    fn instants_are_ordered_by_their_fractions_too() {
        let ordered = [
            "2024-01-01T00:00:00Z",
            "2024-01-01T01:00:00.05+01:00",
            "2024-01-01T00:00:00.1Z",
            "2024-01-01T00:00:00.49Z",
            "2024-01-01T00:00:00.5Z",
            "2024-01-01T00:00:01Z",
        ];
        for pair in ordered.windows(2) {
            let [earlier, later] = [pair[0], pair[1]].map(|text| DateTime::try_from(text).unwrap());
            assert!(earlier.instant() < later.instant(), "{pair:?}");
        }
        let [a, b] = ["2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.500Z"]
            .map(|text| DateTime::try_from(text).unwrap());
        assert!(a.instant() == b.instant());
    }

    #[test]
    fn outside_four_digit_years_there_is_no_date_time() {
        for (seconds, sound) in [
            (-62_167_219_200, true),
            (-62_167_219_201, false),
            (253_402_300_799, true),
            (253_402_300_800, false),
            (i64::MIN, false),
            (i64::MAX, false),
        ] {
            assert_eq!(DateTime::from_unix(seconds).is_some(), sound, "{seconds}");
        }
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(seconds in seconds()) {
            let at = DateTime::from_unix(seconds).unwrap();
            prop_assert_eq!(at.unix(), seconds);
            prop_assert!(at.is_utc());
            let text = at.to_string();
            prop_assert_eq!(DateTime::try_from(&*text), Ok(at));
        }

        #[test]
        fn writing_undoes_reading(text in spelling()) {
            if let Ok(at) = DateTime::try_from(&*text) {
                prop_assert_eq!(at.to_string(), &*text);
                prop_assert_eq!(at.clone().into_owned(), at);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in r"\PC{0,30}|[0-9TZtz.:+-]{18,30}") {
            if let Ok(at) = DateTime::try_from(&*text) {
                prop_assert_eq!(at.as_str(), &*text);
            }
        }

        #[test]
        fn an_offset_moves_a_date_time_against_utc(
            seconds in -62_000_000_000..=253_000_000_000_i64,
            hours in 0..24_i64,
            minutes in 0..60_i64,
        ) {
            let shift = hours * 3_600 + minutes * 60;
            for (sign, local) in [('+', seconds + shift), ('-', seconds - shift)] {
                let local = DateTime::from_unix(local).unwrap();
                let local = local.as_str().trim_end_matches('Z');
                let text = format!("{local}{sign}{hours:02}:{minutes:02}");
                prop_assert_eq!(DateTime::try_from(&*text).map(|at| at.unix()), Ok(seconds));
            }
        }
    }
}
