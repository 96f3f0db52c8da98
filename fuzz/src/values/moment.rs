//! Points in time.

use super::Text;
use arbitrary::Arbitrary;
use smtp_proto::extension::DateTime;

/// What may be one.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum Moment {
    /// Seconds since 1970.
    Unix(i64),
    /// Those of our days.
    Near(u32),
    /// Year, month, day, hour, minute, second, and the rest as a text.
    Written(u16, [u8; 5], Rest),
    Text(Text),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Rest {
    Utc,
    Lower,
    Fraction(u32),
    Offset(bool, u8, u8),
    Zero,
}

impl Moment {
    pub(crate) fn date_time(&self) -> Option<DateTime<'static>> {
        let text = match self {
            Self::Unix(seconds) => return DateTime::from_unix(*seconds),
            Self::Near(seconds) => return DateTime::from_unix((*seconds).into()),
            Self::Text(text) => text.0.clone(),
            Self::Written(year, [month, day, hour, minute, second], rest) => {
                let (month, day) = (month % 14, day % 33);
                let (hour, minute, second) = (hour % 25, minute % 61, second % 62);
                let rest = match rest {
                    Rest::Utc => "Z".into(),
                    Rest::Lower => "z".into(),
                    Rest::Fraction(fraction) => format!(".{fraction}Z"),
                    Rest::Offset(true, hours, minutes) => {
                        format!("+{:02}:{:02}", hours % 25, minutes % 61)
                    }
                    Rest::Offset(false, hours, minutes) => {
                        format!("-{:02}:{:02}", hours % 25, minutes % 61)
                    }
                    Rest::Zero => "-00:00".into(),
                };
                let year = year % 10_000;
                format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{rest}")
            }
        };
        let date_time = DateTime::try_from(&*text).ok()?;
        assert_eq!(date_time.as_str(), text);
        Some(date_time.into_owned())
    }
}
