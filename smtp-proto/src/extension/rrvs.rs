//! RRVS (RFC 7293): a mailbox that has to have been the same person's all along.

use super::parameter::{Parameter, RcptParameter, Sealed, Slot, slot, write_value};
use crate::date_time::DateTime;
use core::fmt;

/// `RRVS=date-time[;no-support-action]` on RCPT, "require recipient valid since": the message isn't
/// for this mailbox if that has changed hands since then.
///
/// ```abnf
/// rrvs-param = "RRVS=" date-time [ ";" ( "C" / "R" ) ]      ; RFC 7293 §3.1
/// ```
///
/// The date-time has no fraction. A server whose mailbox is another's now refuses with 550 5.7.17,
/// or 5.7.18 where its whole domain is; one that can't tell, with 5.7.19 (§15.3). A role account
/// such as postmaster is nobody's, and takes the message (§5.1).
///
/// ```
/// use smtp_proto::extension::{DateTime, NoSupportAction, Rrvs};
/// let since = DateTime::try_from("2014-04-03T23:01:00Z")?;
/// let rrvs = Rrvs::new(since, Some(NoSupportAction::Continue)).unwrap();
/// assert_eq!(rrvs.to_string(), "RRVS=2014-04-03T23:01:00Z;C");
/// # Ok::<(), smtp_proto::extension::InvalidDateTime>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rrvs<'a> {
    since: DateTime<'a>,
    /// What stands behind the `;`, in the case it was written in.
    letter: Option<char>,
}

/// What a relay does with a message whose next hop doesn't announce RRVS (RFC 7293 §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoSupportAction {
    /// `R`: it returns the message, which is what it does too where nothing is said.
    Reject,
    /// `C`: it passes the message on all the same.
    Continue,
}

pub(super) const RRVS: Slot = slot!(Rrvs<'_>, 33, |value| {
    // RFC 7293 §5.1.1: only C lets the message go on without it.
    let rrvs = Rrvs::parse("RRVS", value);
    rrvs.and_then(|rrvs| rrvs.action()) == Some(NoSupportAction::Continue)
});

impl<'a> Rrvs<'a> {
    /// Since then, and what a relay does that finds no support; a relay passes on what it was told
    /// ("MUST preserve"), `None` for nothing. `None` if the date-time has a fraction.
    pub fn new(since: DateTime<'a>, action: Option<NoSupportAction>) -> Option<Self> {
        let letter = action.map(|action| match action {
            NoSupportAction::Reject => 'R',
            NoSupportAction::Continue => 'C',
        });
        since
            .fraction()
            .is_empty()
            .then_some(Self { since, letter })
    }

    /// Since when.
    pub const fn since(&self) -> &DateTime<'a> {
        &self.since
    }

    /// What a relay does that finds no support, where it is said.
    pub const fn action(&self) -> Option<NoSupportAction> {
        match self.letter {
            None => None,
            Some('C' | 'c') => Some(NoSupportAction::Continue),
            Some(_) => Some(NoSupportAction::Reject),
        }
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Rrvs<'static> {
        Rrvs {
            since: self.since.into_owned(),
            letter: self.letter,
        }
    }
}

impl Sealed for Rrvs<'_> {}
impl<'a> RcptParameter<'a> for Rrvs<'a> {}

impl<'a> Parameter<'a> for Rrvs<'a> {
    const KEYWORDS: &'static [&'static str] = &["RRVS"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        let (since, letter) = match value?.split_once(';') {
            None => (value?, None),
            Some((since, "C")) => (since, Some('C')),
            Some((since, "c")) => (since, Some('c')),
            Some((since, "R")) => (since, Some('R')),
            Some((since, "r")) => (since, Some('r')),
            Some(_) => return None,
        };
        let rrvs = Self::new(since.try_into().ok()?, None)?;
        Some(Self { letter, ..rrvs })
    }
}

impl fmt::Display for Rrvs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "RRVS", &self.since)?;
        self.letter.map_or(Ok(()), |letter| write!(f, ";{letter}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date_time::tests::{seconds, spelling};
    use alloc::format;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn read(value: &str) -> Option<Rrvs<'_>> {
        Rrvs::parse("RRVS", Some(value))
    }

    #[test]
    fn an_rrvs_is_a_date_time_without_fraction_and_perhaps_an_action() {
        use NoSupportAction::{Continue, Reject};
        for (value, action) in [
            // RFC 7293 §12.1
            ("2014-04-03T23:01:00Z", Some(None)),
            ("2014-04-03T23:01:00Z;R", Some(Some(Reject))),
            ("2014-04-03T23:01:00Z;r", Some(Some(Reject))),
            ("2014-04-03T23:01:00Z;C", Some(Some(Continue))),
            ("2014-04-03t23:01:00-07:00;c", Some(Some(Continue))),
            ("2014-04-03T23:01:00.5Z", None),
            ("2014-04-03T23:01:00.0Z;C", None),
            ("2014-04-31T23:01:00Z", None),
            ("2014-04-03T23:01:00Z;", None),
            ("2014-04-03T23:01:00Z;X", None),
            ("2014-04-03T23:01:00Z;CR", None),
            ("2014-04-03T23:01:00Z;C;R", None),
            ("2014-04-03", None),
            (";C", None),
            ("", None),
        ] {
            let rrvs = read(value);
            assert_eq!(rrvs.as_ref().map(Rrvs::action), action, "{value}");
            let since = rrvs.as_ref().map(|rrvs| rrvs.since().as_str());
            assert!(since.is_none_or(|since| value.starts_with(since)));
        }
        assert_eq!(Rrvs::parse("RRVS", None), None);
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(since in seconds(), reject: Option<bool>) {
            let action = reject.map(|reject| {
                if reject { NoSupportAction::Reject } else { NoSupportAction::Continue }
            });
            let rrvs = Rrvs::new(DateTime::from_unix(since).unwrap(), action).unwrap();
            prop_assert_eq!(rrvs.since().unix(), since);
            prop_assert_eq!(rrvs.action(), action);
            let text = rrvs.to_string();
            prop_assert_eq!(read(text.strip_prefix("RRVS=").unwrap()), Some(rrvs));
        }

        #[test]
        fn writing_undoes_reading(since in spelling(), behind in r"(;[CcRr]?)?|\PC{0,3}") {
            let value = format!("{since}{behind}");
            if let Some(rrvs) = read(&value) {
                prop_assert_eq!(rrvs.to_string(), format!("RRVS={value}"));
                prop_assert_eq!(rrvs.clone().into_owned(), rrvs);
            }
        }

        #[test]
        fn any_value_is_read_or_refused(value in r"\PC{0,30}") {
            if let Some(rrvs) = read(&value) {
                prop_assert_eq!(rrvs.to_string(), format!("RRVS={value}"));
            }
        }
    }
}
