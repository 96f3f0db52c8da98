//! Names as IDNA has them (RFC 5890, RFC 5891): one host, spelt in U-labels or in A-labels.
//!
//! The rule here: a name is what it is written as. Only true U-labels have an A-label: nothing is
//! mapped, folded or guessed, so no name is taken for another that only looks like it.

use super::{Domain, Mailbox};
use alloc::borrow::Cow;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

impl Domain<'_> {
    /// The name in A-labels and other ASCII, in lower case: what is asked of the DNS (RFC 6531 §3.2).
    /// `None` if a label is neither ASCII nor a U-label, or is an `xn--` label that no U-label has.
    ///
    /// ```
    /// use smtp_proto::address::Domain;
    /// let domain = Domain::parse_utf8("bücher.Example")?;
    /// assert_eq!(domain.to_a_labels().as_deref(), Some("xn--bcher-kva.example"));
    /// assert_eq!(Domain::parse_utf8("Ⅳ.example")?.to_a_labels(), None);
    /// # Ok::<(), smtp_proto::address::AddressError>(())
    /// ```
    pub fn to_a_labels(&self) -> Option<Cow<'_, str>> {
        let name = self.as_str();
        let uts46 = Uts46::new();
        let deny = AsciiDenyList::STD3;
        let ascii = uts46.to_ascii(
            name.as_bytes(),
            deny,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        );
        let ascii = ascii.ok()?;
        // Back in U-labels it is what was written, unless something was mapped on the way.
        let (unicode, sound) = uts46.to_unicode(ascii.as_bytes(), deny, Hyphens::CheckFirstLast);
        let mut labels = name.split('.').zip(unicode.split('.'));
        // An ASCII label is an A-label, or letters whose case doesn't matter.
        let as_written = labels.all(|(written, label)| written.is_ascii() || written == label);
        (sound.is_ok() && as_written).then_some(ascii)
    }

    /// Whether both name one host, each in U-labels or in A-labels (RFC 5891 §2).
    ///
    /// ```
    /// use smtp_proto::address::Domain;
    /// let domain = Domain::parse_utf8("bücher.example")?;
    /// assert!(domain.is_same_as(&Domain::try_from("XN--BCHER-KVA.example")?));
    /// assert!(!domain.is_same_as(&Domain::try_from("bucher.example")?));
    /// # Ok::<(), smtp_proto::address::AddressError>(())
    /// ```
    pub fn is_same_as(&self, other: &Domain<'_>) -> bool {
        self == other
            || self
                .to_a_labels()
                .is_some_and(|name| other.to_a_labels() == Some(name))
    }
}

impl Mailbox<'_> {
    /// Whether it is at that domain, each in U-labels or in A-labels.
    pub fn is_at(&self, domain: &Domain<'_>) -> bool {
        matches!(self.host(), super::Host::Domain(own) if own.is_same_as(domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u_labels_and_their_a_labels_name_one_host_and_nothing_else_does() {
        let pairs = [
            ("bücher.example", "xn--bcher-kva.example", true),
            ("bücher.example", "BÜCHER.example", false),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah", true),
            ("faß.example", "xn--fa-hia.example", true),
            ("faß.example", "fass.example", false),
            ("example.com", "EXAMPLE.com", true),
            // Compatibility characters and wide dots are no labels of a name.
            ("Ⅳ.example", "iv.example", false),
            ("ｅxample.com", "example.com", false),
            ("a。b.example", "a.b.example", false),
            // Two spellings of a letter are two names; only the composed one is a U-label.
            ("bu\u{308}cher.example", "bücher.example", false),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", true),
            ("xn--zz--zz.example", "xn--zz--zz.example", true),
        ];
        for (one, two, same) in pairs {
            let [one, two] = [one, two].map(|name| Domain::parse_utf8(name).unwrap());
            assert_eq!(one.is_same_as(&two), same, "{one} {two}");
            assert_eq!(two.is_same_as(&one), same, "{two} {one}");
        }
    }

    #[test]
    fn an_a_label_that_no_u_label_has_is_none() {
        for name in ["xn--zz--zz.example", "xn--a.example", "Ⅳ.example"] {
            let domain = Domain::parse_utf8(name).unwrap();
            assert_eq!(domain.to_a_labels(), None, "{name}");
        }
    }
}
