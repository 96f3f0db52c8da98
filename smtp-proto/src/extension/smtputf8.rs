//! SMTPUTF8 (RFC 6531): addresses and header fields in UTF-8.

use super::Parameter as _;
use super::parameter::{Slot, flag, slot};

flag! {
    /// `SMTPUTF8` on MAIL: an address of the envelope isn't ASCII, or a header field isn't. It allows
    /// UTF-8 in the paths of its transaction, and in the server's replies.
    SmtpUtf8, "SMTPUTF8", MailParameter
}

pub(super) const SMTPUTF8: Slot = slot!(SmtpUtf8, 10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mail;
    use crate::address::ReversePath;
    use alloc::string::ToString;

    #[test]
    fn smtputf8_has_no_value() {
        assert_eq!(SmtpUtf8::parse("SMTPUTF8", None), Some(SmtpUtf8));
        for value in ["", "1", "SMTPUTF8"] {
            assert_eq!(SmtpUtf8::parse("SMTPUTF8", Some(value)), None, "{value}");
        }
    }

    #[test]
    fn smtputf8_is_read_as_it_is_written() {
        let mail = Mail::new(ReversePath::Null).with(SmtpUtf8);
        assert_eq!(mail.to_string(), "MAIL FROM:<> SMTPUTF8");
        assert_eq!(mail.get(), Some(SmtpUtf8));
        assert_eq!(mail.without::<SmtpUtf8>().get::<SmtpUtf8>(), None);
    }
}
