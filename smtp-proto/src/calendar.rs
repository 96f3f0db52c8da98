//! The Gregorian calendar, for dates long before its day too: days, months and leap years.
//!
//! The rule here: days are counted from 1970-01-01, months and days of a month from 1. Knows no
//! clock and no way to write a date.

/// Seconds of a day without a leap second.
pub(crate) const DAY: i64 = 86_400;

const FROM_YEAR_0_MARCH_1: i64 = 719_468;
const FOUR_CENTURIES: u32 = 146_097;

/// Year, month and day of a day.
///
/// Counts in years that begin on 1 March, so that a leap day is the last of its year; 153 days are
/// any five months from March or August on.
pub(crate) fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + FROM_YEAR_0_MARCH_1;
    let era = days.div_euclid(FOUR_CENTURIES.into());
    #[allow(clippy::cast_possible_truncation)] // a remainder
    let day_of_era = days.rem_euclid(FOUR_CENTURIES.into()) as u32;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let year = 400 * era + i64::from(year_of_era) + i64::from(month_from_march >= 10);
    (year, (month_from_march + 2) % 12 + 1, day)
}

/// The day of a date that exists.
pub(crate) fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era =
        365 * year_of_era + year_of_era / 4 - year_of_era / 100 + i64::from(day_of_year);
    era * i64::from(FOUR_CENTURIES) + day_of_era - FROM_YEAR_0_MARCH_1
}

/// Days of a month.
pub(crate) fn days_of_month(year: i64, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether a year has 366 days (RFC 3339, appendix C).
fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From 0000-01-01 to 2799-12-31.
    #[test]
    fn every_day_of_twenty_eight_centuries_follows_the_day_before() {
        let (mut year, mut month, mut day) = (0, 1, 1);
        for days in -719_528..-719_528 + 7 * i64::from(FOUR_CENTURIES) {
            assert_eq!(civil_from_days(days), (year, month, day));
            assert_eq!(days_from_civil(year, month, day), days);
            day += 1;
            if day > days_of_month(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!((year, month, day), (2800, 1, 1));
        assert_eq!(civil_from_days(0), (1970, 1, 1));
    }

    #[test]
    fn a_century_is_a_leap_year_once_in_four() {
        for (year, leap) in [(1896, true), (1900, false), (2000, true), (2023, false)] {
            assert_eq!(days_of_month(year, 2) == 29, leap, "{year}");
        }
    }
}
