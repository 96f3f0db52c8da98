//! CHECKPOINT (RFC 1845): a transaction that can be taken up again where it broke off.

use super::parameter::{MailParameter, Parameter, Sealed, Slot, owned, slot, write_value};
use alloc::borrow::Cow;
use alloc::format;
use core::fmt;

/// `TRANSID="<" transid-token "@" transid-token ">"` on MAIL (RFC 1845 §2): together with the name in
/// EHLO it says which transaction this is. Its case matters; at most 80 octets with its brackets.
///
/// A server that knows the transaction from an earlier try answers the MAIL with `355` and how many
/// octets of the message it has (§4): the recipients aren't said again, and what DATA sends begins
/// behind those.
///
/// ```
/// use smtp_proto::extension::TransId;
/// let id = TransId::new("12345", "claremont.edu").unwrap();
/// assert_eq!(id.to_string(), "TRANSID=<12345@claremont.edu>");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransId<'a>(Cow<'a, str>);

pub(super) const TRANSID: Slot = slot!(TransId<'_>, 88);

impl TransId<'_> {
    /// `<local@domain>`; `None` if a part of it is no `transid-token`, or it has over 80 octets.
    pub fn new(local: &str, domain: &str) -> Option<TransId<'static>> {
        let text = format!("<{local}@{domain}>");
        split(&text)?;
        Some(TransId(Cow::Owned(text)))
    }

    /// As it was written, in brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its client calls it.
    pub fn local(&self) -> &str {
        split(&self.0).map_or("", |(local, _)| local)
    }

    /// Who its client is.
    pub fn domain(&self) -> &str {
        split(&self.0).map_or("", |(_, domain)| domain)
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> TransId<'static> {
        TransId(owned(self.0))
    }
}

/// Both parts of a `transid-value`.
fn split(text: &str) -> Option<(&str, &str)> {
    let spec = text.strip_prefix('<')?.strip_suffix('>')?;
    let (local, domain) = spec.split_once('@')?;
    (text.len() <= 80 && is_token(local) && is_token(domain)).then_some((local, domain))
}

/// `transid-token = transid-atom *("." transid-atom)`, and an atom is any visible ASCII but the dot
/// and the `tspecials` of RFC 1521 §4.
fn is_token(token: &str) -> bool {
    let in_atom = |octet: u8| octet.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&octet);
    token
        .split('.')
        .all(|atom| !atom.is_empty() && atom.bytes().all(in_atom))
}

impl Sealed for TransId<'_> {}
impl<'a> MailParameter<'a> for TransId<'a> {}

impl<'a> Parameter<'a> for TransId<'a> {
    const KEYWORDS: &'static [&'static str] = &["TRANSID"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        let value = value?;
        split(value).map(|_| Self(Cow::Borrowed(value)))
    }
}

impl fmt::Display for TransId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "TRANSID", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    /// RFC 1845 §2.
    #[test]
    fn a_transaction_is_named_by_two_tokens_in_brackets() {
        for (value, sound) in [
            ("<12345@claremont.edu>", true),
            ("<a@b>", true),
            ("<A.b+c!#$%&'*-^_`{|}~@x.y.z>", true),
            ("12345@claremont.edu", false),
            ("<12345@claremont.edu", false),
            ("<12345>", false),
            ("<@b>", false),
            ("<a@>", false),
            ("<a@b@c>", false),
            ("<.a@b>", false),
            ("<a..b@c>", false),
            ("<a@b.>", false),
            ("<a/b@c>", false),
            ("<a=b@c>", false),
            ("<a:b@c>", false),
            ("<\"a\"@c>", false),
            ("<a@[192.0.2.1]>", false),
            ("<a b@c>", false),
            ("<ä@c>", false),
            ("<>", false),
            ("", false),
        ] {
            assert_eq!(
                TransId::parse("TRANSID", Some(value)).is_some(),
                sound,
                "{value}"
            );
        }
        assert!(TransId::parse("TRANSID", None).is_none());
    }

    #[test]
    fn a_transaction_id_has_at_most_80_octets_and_its_case_counts() {
        let local = "a".repeat(76);
        assert_eq!(TransId::new(&local, "b").unwrap().as_str().len(), 80);
        assert!(TransId::new(&local, "bc").is_none());
        assert_ne!(TransId::new("a", "b"), TransId::new("A", "b"));
    }

    proptest! {
        #[test]
        fn what_a_transaction_id_writes_it_reads(
            local in r"[!#-'*+A-Z^-~-]{1,9}(\.[a-z0-9]{1,9}){0,2}", domain in r"[a-z]{1,9}(\.[a-z]{1,9}){0,3}",
        ) {
            let id = TransId::new(&local, &domain).unwrap();
            prop_assert_eq!((id.local(), id.domain()), (&*local, &*domain));
            let written = id.to_string();
            prop_assert_eq!(TransId::parse("TRANSID", written.strip_prefix("TRANSID=")), Some(id));
        }

        #[test]
        fn what_a_transaction_id_reads_it_writes(text in "<[!-~]{0,9}@[a-z.]{0,80}>|.*") {
            if let Some(id) = TransId::parse("TRANSID", Some(&text)) {
                prop_assert_eq!(id.to_string(), format!("TRANSID={text}"));
            }
        }
    }
}
