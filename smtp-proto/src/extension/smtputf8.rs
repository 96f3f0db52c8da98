//! SMTPUTF8 (RFC 6531): addresses and header fields in UTF-8.

use super::parameter::{MailParameter, Parameter, Sealed, Slot, no_value, slot};
use core::fmt;

/// `SMTPUTF8` on MAIL: an address of the envelope isn't ASCII, or a header field isn't. It allows
/// UTF-8 in the paths of its transaction, and in the server's replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SmtpUtf8;

pub(super) const SMTPUTF8: Slot = slot!(SmtpUtf8, 10);

impl Sealed for SmtpUtf8 {}
impl MailParameter<'_> for SmtpUtf8 {}

impl<'a> Parameter<'a> for SmtpUtf8 {
    const KEYWORDS: &'static [&'static str] = &["SMTPUTF8"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        no_value(value).map(|()| Self)
    }
}

impl fmt::Display for SmtpUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SMTPUTF8")
    }
}

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
