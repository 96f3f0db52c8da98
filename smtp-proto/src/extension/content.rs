//! CONPERM and CONNEG (RFC 4141): content that may be converted on its way, and into what.

use super::parameter::{MailParameter, Parameter, RcptParameter, Sealed, Slot, no_value, slot};
use core::fmt;

/// `CONPERM` on MAIL (RFC 4141 §4): the message may be converted as its `Content-Convert` fields say,
/// and must not be passed on to a server that doesn't see to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conperm;

/// `CONNEG` on RCPT (RFC 4141 §5): asks what content the recipient can take. The answer stands in the
/// reply, behind a first line about the recipient: lines that begin with `CONNEG` (§5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conneg;

/// The RFC states no length, here and below.
pub(super) const CONPERM: Slot = slot!(Conperm, 0);
pub(super) const CONNEG: Slot = slot!(Conneg, 0);

impl Sealed for Conperm {}
impl MailParameter<'_> for Conperm {}

impl<'a> Parameter<'a> for Conperm {
    const KEYWORDS: &'static [&'static str] = &["CONPERM"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        no_value(value).map(|()| Self)
    }
}

impl Sealed for Conneg {}
impl RcptParameter<'_> for Conneg {}

impl<'a> Parameter<'a> for Conneg {
    const KEYWORDS: &'static [&'static str] = &["CONNEG"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        no_value(value).map(|()| Self)
    }
}

impl fmt::Display for Conperm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CONPERM")
    }
}

impl fmt::Display for Conneg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CONNEG")
    }
}

#[cfg(test)]
mod tests {
    use crate::extension::parameter::{Carrier, Parameters};
    use crate::extension::{Extension, Offers, Syntax};
    use crate::syntax::SyntaxErrorKind;

    /// RFC 4141 §4.1, §5.1.
    #[test]
    fn conperm_is_for_mail_and_conneg_for_rcpt_and_neither_has_a_value() {
        use SyntaxErrorKind::{ParameterValue, UnknownParameter};
        let offers = Offers::NONE
            .with(Extension::Conperm)
            .with(Extension::Conneg);
        for (carrier, parameter, error) in [
            (Carrier::Mail, " CONPERM", None),
            (Carrier::Mail, " conperm", None),
            (Carrier::Mail, " CONPERM=1", Some(ParameterValue)),
            (Carrier::Mail, " CONNEG", Some(UnknownParameter)),
            (Carrier::Rcpt, " CONNEG", None),
            (Carrier::Rcpt, " CONNEG=1", Some(ParameterValue)),
            (Carrier::Rcpt, " CONNEG CONNEG", Some(ParameterValue)),
            (Carrier::Rcpt, " CONPERM", Some(UnknownParameter)),
        ] {
            let read = Parameters::read(parameter.as_bytes(), carrier, Syntax::new(&offers));
            assert_eq!(read.err().map(|(kind, _)| kind), error, "{parameter}");
        }
    }
}
