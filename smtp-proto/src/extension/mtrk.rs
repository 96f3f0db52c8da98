//! MTRK (RFC 3885): a message whose way can be asked for later.

use super::dsn::EnvId;
use super::list::Parameters;
use super::parameter::{
    MailParameter, Parameter, Sealed, Slot, nine_digits, owned, slot, write_value,
};
use crate::grammar::class::BASE64;
use alloc::borrow::Cow;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use core::fmt;
use core::fmt::Write as _;

/// `MTRK=mtrk-certifier [":" mtrk-timeout]` on MAIL (RFC 3885 §3.1): keep what is known of the message,
/// for whoever knows the number whose SHA-1 hash the certifier is.
///
/// The certifier is base64 without its padding, for no parameter's value holds `=`. It needs an
/// [`EnvId`] with an `@` beside it (§3.2).
///
/// ```
/// use smtp_proto::extension::Mtrk;
/// let mtrk = Mtrk::new(&[0; 20], Some(86_400)).unwrap();
/// assert_eq!(mtrk.to_string(), "MTRK=AAAAAAAAAAAAAAAAAAAAAAAAAAA:86400");
/// assert_eq!(mtrk.timeout(), Some(86_400));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mtrk<'a>(Cow<'a, str>);

/// RFC 3885 §2 counts a certifier of 128 bits.
pub(super) const MTRK: Slot = Slot {
    agrees: Some(agrees),
    ..slot!(Mtrk<'_>, 40)
};

/// "if the MTRK parameter is given, an ENVID parameter MUST be included", and that is
/// `local-envid "@" fqhn` (§3.2).
fn agrees(mail: &Parameters<'_>) -> bool {
    mail.get()
        .is_some_and(|envid: EnvId<'_>| envid.as_str().contains('@'))
}

impl Mtrk<'_> {
    /// With that hash, to be kept for so many seconds or as long as the server likes; `None` for
    /// no seconds or more than 999,999,999.
    pub fn new(hash: &[u8; 20], timeout: Option<u32>) -> Option<Mtrk<'static>> {
        let mut text = STANDARD_NO_PAD.encode(hash);
        if let Some(seconds) = timeout {
            if !(1..=999_999_999).contains(&seconds) {
                return None;
            }
            // Writing to a string can't fail.
            let _ = write!(text, ":{seconds}");
        }
        Some(Mtrk(Cow::Owned(text)))
    }

    /// The hash as it was written: base64 without padding.
    pub fn certifier(&self) -> &str {
        split(&self.0).0
    }

    /// For how many seconds to keep what is known, counted from the message's arrival.
    pub fn timeout(&self) -> Option<u32> {
        nine_digits(split(&self.0).1?)
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Mtrk<'static> {
        Mtrk(owned(self.0))
    }
}

fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        None => (text, None),
        Some((certifier, timeout)) => (certifier, Some(timeout)),
    }
}

impl Sealed for Mtrk<'_> {}
impl<'a> MailParameter<'a> for Mtrk<'a> {}

impl<'a> Parameter<'a> for Mtrk<'a> {
    const KEYWORDS: &'static [&'static str] = &["MTRK"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        let value = value?;
        let (certifier, timeout) = split(value);
        let sound = !certifier.is_empty()
            && certifier.len() % 4 != 1
            && BASE64.has_all(certifier.as_bytes())
            && timeout.is_none_or(|seconds| nine_digits(seconds).is_some());
        sound.then_some(Self(Cow::Borrowed(value)))
    }
}

impl fmt::Display for Mtrk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "MTRK", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extension::parameter::Carrier;
    use crate::extension::{Extension, Offers, Syntax};
    use crate::grammar::Input;
    use alloc::format;
    use alloc::string::ToString;
    use proptest::prelude::*;

    /// RFC 3885 §3.1.
    #[test]
    fn a_certifier_is_base64_and_a_timeout_up_to_nine_digits() {
        for (value, timeout) in [
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAA", Some(None)),
            ("qZk+NkcGgWq6PiVxeFDCbJzQ2J0:691200", Some(Some(691_200))),
            ("Zm9vYmFyYmF6cXV4MTIzNA:1", Some(Some(1))),
            ("+/+/:999999999", Some(Some(999_999_999))),
            ("abcd:000000000", Some(Some(0))),
            ("", None),
            (":60", None),
            ("abcd:", None),
            ("abcd:1000000000", None),
            ("abcd:-1", None),
            ("abcd:+1", None),
            ("abcd:1:2", None),
            ("abcd:1s", None),
            ("abc=", None),
            ("abcde", None),
            ("ab-_", None),
            ("ab cd", None),
        ] {
            let mtrk = Mtrk::parse("MTRK", Some(value));
            assert_eq!(mtrk.map(|mtrk| mtrk.timeout()), timeout, "{value}");
        }
        assert!(Mtrk::parse("MTRK", None).is_none());
        assert!(Mtrk::new(&[0; 20], Some(0)).is_none());
        assert!(Mtrk::new(&[0; 20], Some(1_000_000_000)).is_none());
    }

    /// RFC 3885 §3.2; ENVID and ORCPT come with MTRK even where DSN isn't offered (§2).
    #[test]
    fn mtrk_needs_an_envid_with_an_at_sign() {
        for (parameters, agree) in [
            (" MTRK=abcd ENVID=12345@example.com", true),
            (" ENVID=12345@example.com MTRK=abcd:60", true),
            (" ENVID=12345", true),
            ("", true),
            (" MTRK=abcd", false),
            (" MTRK=abcd ENVID=12345", false),
            (" MTRK=abcd ENVID=12345+40example.com", false),
        ] {
            let offers = Offers::NONE.with(Extension::Mtrk);
            let syntax = Syntax::new(&offers);
            let mail = Parameters::read(Input::new(parameters.as_bytes()), Carrier::Mail, syntax);
            assert_eq!(mail.is_ok(), agree, "{parameters}");
        }
    }

    proptest! {
        #[test]
        fn what_mtrk_writes_it_reads(hash: [u8; 20], timeout in prop::option::of(1..=999_999_999_u32)) {
            let mtrk = Mtrk::new(&hash, timeout).unwrap();
            prop_assert_eq!(mtrk.timeout(), timeout);
            prop_assert_eq!(STANDARD_NO_PAD.decode(mtrk.certifier()), Ok(hash.to_vec()));
            let written = mtrk.to_string();
            prop_assert_eq!(Mtrk::parse("MTRK", written.strip_prefix("MTRK=")), Some(mtrk));
        }

        #[test]
        fn what_mtrk_reads_it_writes(text in "([A-Za-z0-9+/]{0,28}(:[0-9]{0,10})?)|.*") {
            if let Some(mtrk) = Mtrk::parse("MTRK", Some(&text)) {
                prop_assert_eq!(mtrk.to_string(), format!("MTRK={text}"));
            }
        }
    }
}
