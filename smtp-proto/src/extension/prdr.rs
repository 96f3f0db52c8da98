//! PRDR (draft-hall-prdr, as Exim speaks it): a reply for each recipient once the message is there.

use super::Parameter as _;
use super::parameter::{Slot, flag, slot};

flag! {
    /// `PRDR` on MAIL: the client takes a reply for each recipient of the message. The server may then
    /// answer the message with 353, one reply for each RCPT it accepted, in their order, and one for all;
    /// or with one reply, as ever.
    Prdr, "PRDR", MailParameter
}

pub(super) const PRDR: Slot = slot!(Prdr, 5, advisory);
