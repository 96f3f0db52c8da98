//! REQUIRETLS (RFC 8689): a message that must not travel in clear.

use super::parameter::{MailParameter, Parameter, Sealed, Slot, no_value, slot};
use core::fmt;

/// `REQUIRETLS` on MAIL: every hop from here on is to use TLS with a certificate that was checked, or
/// else to return the message. A server that can't pass it on so answers 550 5.7.30 (§4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequireTls;

pub(super) const REQUIRETLS: Slot = slot!(RequireTls, 11);

impl Sealed for RequireTls {}
impl MailParameter<'_> for RequireTls {}

impl<'a> Parameter<'a> for RequireTls {
    const KEYWORDS: &'static [&'static str] = &["REQUIRETLS"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        no_value(value).map(|()| Self)
    }
}

impl fmt::Display for RequireTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("REQUIRETLS")
    }
}

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
