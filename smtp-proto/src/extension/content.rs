//! CONPERM and CONNEG (RFC 4141): content that may be converted on its way, and into what.

use super::Parameter as _;
use super::parameter::{Slot, flag, slot};

flag! {
    /// `CONPERM` on MAIL (RFC 4141 §4): the message may be converted as its `Content-Convert` fields say,
    /// and must not be passed on to a server that doesn't see to it.
    Conperm, "CONPERM", MailParameter
}

flag! {
    /// `CONNEG` on RCPT (RFC 4141 §5): asks what content the recipient can take. The answer stands in the
    /// reply, behind a first line about the recipient: lines that begin with `CONNEG` (§5.2).
    Conneg, "CONNEG", RcptParameter
}

/// The RFC states no length, here and below.
pub(super) const CONPERM: Slot = slot!(Conperm, 0);
pub(super) const CONNEG: Slot = slot!(Conneg, 0);

#[cfg(test)]
mod tests {
    use crate::extension::list::Parameters;
    use crate::extension::parameter::Carrier;
    use crate::extension::{Extension, Offers, Syntax};
    use crate::grammar::Input;
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
            let read = Parameters::read(
                Input::new(parameter.as_bytes()),
                carrier,
                Syntax::new(&offers),
            );
            assert_eq!(read.err().map(|(kind, _)| kind), error, "{parameter}");
        }
    }
}
