//! SUBMITTER (RFC 4405, historic): who put the message on its way last.

use super::parameter::{MailParameter, Parameter, Sealed, Slot, owned, slot, write_value};
use crate::address::Mailbox;
use crate::grammar::xtext;
use alloc::borrow::Cow;
use core::fmt;

/// `SUBMITTER=Mailbox` in xtext on MAIL (RFC 4405 §4): the purported responsible address of the
/// message, by its client's word, which proves nothing (§6). It changes neither where failures are
/// reported to nor where replies go (§4.2).
///
/// ```
/// use smtp_proto::extension::Submitter;
/// let submitter = Submitter::new("alice+away@mobile.example".try_into()?).unwrap();
/// assert_eq!(submitter.to_string(), "SUBMITTER=alice+2Baway@mobile.example");
/// assert!(submitter.mailbox().is_local_to("mobile.example"));
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Submitter<'a> {
    text: Cow<'a, str>,
    mailbox: Mailbox<'a>,
}

/// The RFC states no length.
pub(super) const SUBMITTER: Slot = slot!(Submitter<'_>, 0, advisory);

impl<'a> Submitter<'a> {
    /// That mailbox; `None` if it isn't ASCII.
    pub fn new(mailbox: Mailbox<'a>) -> Option<Self> {
        mailbox.as_str().is_ascii().then(|| Self {
            text: Cow::Owned(xtext::encode(mailbox.as_str())),
            mailbox,
        })
    }

    /// Who it is.
    pub const fn mailbox(&self) -> &Mailbox<'a> {
        &self.mailbox
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Submitter<'static> {
        Submitter {
            text: owned(self.text),
            mailbox: self.mailbox.into_owned(),
        }
    }
}

impl Sealed for Submitter<'_> {}
impl<'a> MailParameter<'a> for Submitter<'a> {}

impl<'a> Parameter<'a> for Submitter<'a> {
    const KEYWORDS: &'static [&'static str] = &["SUBMITTER"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        let value = value?;
        let mailbox = match xtext::decode(value)? {
            Cow::Borrowed(text) => Mailbox::try_from(text).ok()?,
            Cow::Owned(text) => Mailbox::try_from(&*text).ok()?.into_owned(),
        };
        Some(Self {
            text: Cow::Borrowed(value),
            mailbox,
        })
    }
}

impl fmt::Display for Submitter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "SUBMITTER", &self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;
    use proptest::prelude::*;

    /// RFC 4405 §4, §5.
    #[test]
    fn a_submitter_is_a_mailbox_in_xtext() {
        for (value, mailbox) in [
            ("alice@example.com", Some("alice@example.com")),
            (
                "guest.services@email.hotel.com.example",
                Some("guest.services@email.hotel.com.example"),
            ),
            ("a+2Bb+3Dc@d", Some("a+b=c@d")),
            ("\"a+20b\"@[192.0.2.1]", Some("\"a b\"@[192.0.2.1]")),
            ("+61@b", Some("a@b")),
            ("", None),
            ("<>", None),
            ("<alice@example.com>", None),
            ("alice", None),
            ("a+b@c", None),
            ("a+2bb@c", None),
            ("a b@c", None),
            ("a=b@c", None),
            ("a+0D+0A@c", None),
            ("j+C3+B6rg@b", None),
            ("jörg@b", None),
        ] {
            let submitter = Submitter::parse("SUBMITTER", Some(value));
            assert_eq!(
                submitter.as_ref().map(|s| s.mailbox().as_str()),
                mailbox,
                "{value}"
            );
        }
        assert!(Submitter::parse("SUBMITTER", None).is_none());
        let mailbox = Mailbox::parse_utf8("jörg@b").unwrap();
        assert!(Submitter::new(mailbox).is_none());
    }

    proptest! {
        #[test]
        fn what_a_submitter_writes_it_reads(
            local in r#"[a-z+=/!]{1,20}|"([ !#-\[\]-~]|\\[ -~]){0,20}""#, domain in "[a-z]{1,9}(\\.[a-z0-9]{1,9}){0,3}",
        ) {
            let mailbox = format!("{local}@{domain}");
            let mailbox = Mailbox::try_from(&*mailbox).unwrap();
            let submitter = Submitter::new(mailbox.clone()).unwrap();
            prop_assert_eq!(submitter.mailbox().as_str(), mailbox.as_str());
            let written = submitter.to_string();
            prop_assert_eq!(
                Submitter::parse("SUBMITTER", written.strip_prefix("SUBMITTER=")),
                Some(submitter)
            );
        }

        #[test]
        fn what_a_submitter_reads_it_writes(text in r"([a-z]|\+[0-9A-F]{2}){0,9}@[a-z.]{0,9}|.*") {
            if let Some(submitter) = Submitter::parse("SUBMITTER", Some(&text)) {
                prop_assert_eq!(submitter.to_string(), format!("SUBMITTER={text}"));
            }
        }
    }
}
