//! REQUIRETLS (RFC 8689): a message that must not travel in clear.

use super::Parameter as _;
use super::parameter::{Slot, flag, slot};

flag! {
    /// `REQUIRETLS` on MAIL: every hop from here on is to use TLS with a certificate that was checked, or
    /// else to return the message. A server that can't pass it on so answers 550 5.7.30 (§4.2.1).
    RequireTls, "REQUIRETLS", MailParameter
}

pub(super) const REQUIRETLS: Slot = slot!(RequireTls, 11);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mail;
    use crate::address::ReversePath;
    use alloc::string::ToString;

    #[test]
    fn requiretls_has_no_value() {
        assert_eq!(RequireTls::parse("REQUIRETLS", None), Some(RequireTls));
        for value in ["", "1", "REQUIRETLS"] {
            assert_eq!(
                RequireTls::parse("REQUIRETLS", Some(value)),
                None,
                "{value}"
            );
        }
    }

    #[test]
    fn requiretls_is_read_as_it_is_written() {
        let mail = Mail::new(ReversePath::Null).with(RequireTls);
        assert_eq!(mail.to_string(), "MAIL FROM:<> REQUIRETLS");
        assert_eq!(mail.get(), Some(RequireTls));
        assert_eq!(mail.without::<RequireTls>().get::<RequireTls>(), None);
    }
}
