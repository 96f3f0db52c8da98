//! PRDR (draft-hall-prdr, as Exim speaks it): a reply for each recipient once the message is there.

use super::parameter::{MailParameter, Parameter, Sealed, Slot, no_value, slot};
use core::fmt;

/// `PRDR` on MAIL: the client takes a reply for each recipient of the message. The server may then
/// answer the message with 353, one reply for each RCPT it accepted, in their order, and one for all;
/// or with one reply, as ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prdr;

pub(super) const PRDR: Slot = slot!(Prdr, 5, advisory);

impl Sealed for Prdr {}
impl MailParameter<'_> for Prdr {}

impl<'a> Parameter<'a> for Prdr {
    const KEYWORDS: &'static [&'static str] = &["PRDR"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        no_value(value).map(|()| Self)
    }
}

impl fmt::Display for Prdr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PRDR")
    }
}
