//! Parameters of RCPT.

use super::{Address, Moment, Text};
use arbitrary::Arbitrary;
use smtp_proto::Rcpt;
use smtp_proto::extension::{Conneg, NoSupportAction, Notify, OriginalRecipient, Rrvs};

/// What one is made of.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum RcptValue {
    /// Success, failure, delay.
    Notify(bool, bool, bool),
    /// The type of an address, and the address.
    Orcpt(Text, Text),
    Utf8Orcpt(Text),
    /// … without SMTPUTF8.
    AsciiOrcpt(Text),
    OrcptOf(Address),
    /// Since when, and whether a relay goes on.
    Rrvs(Moment, Option<bool>),
    Conneg,
}

impl RcptValue {
    /// RCPT with this, `None` where there is no such value.
    pub(crate) fn put(&self, rcpt: Rcpt<'static>) -> Option<Rcpt<'static>> {
        Some(match self {
            Self::Notify(success, failure, delay) => rcpt.with(notify(*success, *failure, *delay)),
            Self::Rrvs(since, action) => {
                rcpt.with(Rrvs::new(since.date_time()?, action.map(self::action))?)
            }
            Self::Conneg => rcpt.with(Conneg),
            _ => rcpt.with(self.original_recipient()?),
        })
    }

    fn original_recipient(&self) -> Option<OriginalRecipient<'static>> {
        match self {
            Self::Orcpt(addr_type, address) => OriginalRecipient::new(&addr_type.0, &address.0),
            Self::Utf8Orcpt(address) => OriginalRecipient::new("utf-8", &address.0),
            Self::AsciiOrcpt(address) => {
                let original = OriginalRecipient::new("Utf-8", &address.0)
                    .ok()?
                    .into_ascii();
                assert!(
                    original
                        .as_ref()
                        .is_ok_and(|ascii| ascii.as_str().is_ascii())
                        || original.is_err()
                );
                original
            }
            Self::OrcptOf(address) => OriginalRecipient::of(&address.mailbox()?),
            _ => return None,
        }
        .ok()
    }

    /// What it takes the place of.
    pub(crate) fn keyword(&self) -> &'static str {
        match self {
            Self::Notify(..) => "NOTIFY",
            Self::Rrvs(..) => "RRVS",
            Self::Conneg => "CONNEG",
            _ => "ORCPT",
        }
    }

    /// RCPT says this.
    pub(crate) fn check(&self, rcpt: &Rcpt<'_>) {
        let is_original = |addr_type: &str, address: &str| {
            rcpt.get::<OriginalRecipient<'_>>().is_some_and(|original| {
                original.addr_type() == addr_type && original.address() == address
            })
        };
        let said = match self {
            Self::Notify(success, failure, delay) => {
                rcpt.get() == Some(notify(*success, *failure, *delay))
            }
            Self::Orcpt(addr_type, address) => is_original(&addr_type.0, &address.0),
            Self::Utf8Orcpt(address) => is_original("utf-8", &address.0),
            Self::AsciiOrcpt(address) => is_original("Utf-8", &address.0),
            Self::OrcptOf(address) => {
                let mailbox = address.mailbox().expect("a mailbox");
                is_original("rfc822", mailbox.as_str()) || is_original("utf-8", mailbox.as_str())
            }
            Self::Rrvs(since, action) => rcpt.get::<Rrvs<'_>>().is_some_and(|rrvs| {
                Some(rrvs.since()) == since.date_time().as_ref()
                    && rrvs.action() == action.map(self::action)
            }),
            Self::Conneg => rcpt.get() == Some(Conneg),
        };
        assert!(said, "{rcpt} for {self:?}");
    }
}

fn notify(success: bool, failure: bool, delay: bool) -> Notify {
    Notify {
        success,
        failure,
        delay,
    }
}

fn action(goes_on: bool) -> NoSupportAction {
    if goes_on {
        NoSupportAction::Continue
    } else {
        NoSupportAction::Reject
    }
}
