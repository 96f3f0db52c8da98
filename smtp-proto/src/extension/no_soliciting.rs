//! NO-SOLICITING (RFC 3865): classes of solicitations, which a message says it is of, and which a
//! server doesn't want.

use super::parameter::{MailParameter, Parameter, Sealed, Slot, owned, slot, write_value};
use super::{Capability, Extension};
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt;

/// `SOLICIT=Solicitation-keywords` on MAIL: the classes that the message's `Solicitation:` header
/// field has, and no others (RFC 3865 §2.3).
///
/// ```abnf
/// Solicitation-keywords = word 0*("," word)           ; RFC 3865 §2.2, at most 1000 octets
/// word                  = ALPHA 0*(wordchar)
/// wordchar              = ("." / "-" / "_" / ":" / ALPHA / DIGIT)
/// ```
///
/// A server that doesn't want one of them refuses the recipient with 550 5.7.1, and says which in
/// the words of this parameter (§2.4).
///
/// ```
/// use smtp_proto::extension::Solicit;
/// let solicit = Solicit::new("net.example:ADV,org.example:ADV:ADLT").unwrap();
/// assert!(solicit.keywords().eq(["net.example:ADV", "org.example:ADV:ADLT"]));
/// assert_eq!(solicit.to_string(), "SOLICIT=net.example:ADV,org.example:ADV:ADLT");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Solicit<'a>(Cow<'a, str>);

/// `NO-SOLICITING [Solicitation-keywords]` in the EHLO reply: the classes that nobody here wants.
/// Empty for none, which still lets a client say `SOLICIT` (RFC 3865 §2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NoSoliciting(String);

/// What §4.1 says, which leaves out the blank in front and an octet more.
pub(super) const SOLICIT: Slot = slot!(Solicit<'_>, 1_007, advisory);

/// `Solicitation-keywords`
fn is_keywords(text: &str) -> bool {
    let char = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    let word =
        |word: &str| word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.bytes().all(char);
    // §2.2 says "less than 1000" and, in its ABNF, "<= 1000", as does the registry (§4.1).
    text.len() <= 1_000 && text.split(',').all(word)
}

impl<'a> Solicit<'a> {
    /// These classes, in the words of the header field; `None` if they aren't
    /// `Solicitation-keywords`.
    pub fn new(keywords: &'a str) -> Option<Self> {
        is_keywords(keywords).then_some(Self(Cow::Borrowed(keywords)))
    }

    /// Each class, in order.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.0.split(',')
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Solicit<'static> {
        Solicit(owned(self.0))
    }
}

impl Sealed for Solicit<'_> {}
impl<'a> MailParameter<'a> for Solicit<'a> {}

impl<'a> Parameter<'a> for Solicit<'a> {
    const KEYWORDS: &'static [&'static str] = &["SOLICIT"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        Self::new(value?)
    }
}

impl NoSoliciting {
    /// Without these classes; `None` if they aren't `Solicitation-keywords`.
    pub fn new(keywords: &str) -> Option<Self> {
        is_keywords(keywords).then(|| Self(keywords.to_string()))
    }

    /// Each class that isn't wanted, in order.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.0.split_terminator(',')
    }
}

impl Sealed for NoSoliciting {}

impl Capability for NoSoliciting {
    const EXTENSION: Extension = Extension::NoSoliciting;

    fn parse(arguments: &str) -> Option<Self> {
        match arguments {
            "" => Some(Self::default()),
            keywords => Self::new(keywords),
        }
    }
}

impl fmt::Display for Solicit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "SOLICIT", &self.0)
    }
}

impl fmt::Display for NoSoliciting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn a_class_is_a_letter_and_then_letters_digits_and_marks() {
        for (keywords, count) in [
            // RFC 3865 §2.1, §2.3 and §2.5
            ("net.example:ADV", Some(1)),
            ("org.example:ADV:ADLT", Some(1)),
            ("net.example:ADV,org.example:ADV:ADLT", Some(2)),
            ("a", Some(1)),
            ("a-_.:0,B", Some(2)),
            ("a,a", Some(2)),
            ("0a", None),
            (":a", None),
            ("a,", None),
            (",a", None),
            ("a,,b", None),
            ("a, b", None),
            ("a b", None),
            ("a=b", None),
            ("a+2Cb", None),
            ("é", None),
            ("", None),
        ] {
            let solicit = Solicit::parse("SOLICIT", Some(keywords));
            let read = solicit.as_ref().map(|solicit| solicit.keywords().count());
            assert_eq!(read, count, "{keywords}");
            let offered = NoSoliciting::parse(keywords);
            // Only the server may name none (§2.2).
            let count = if keywords.is_empty() { Some(0) } else { count };
            assert_eq!(
                offered.map(|offered| offered.keywords().count()),
                count,
                "{keywords}"
            );
        }
        assert_eq!(Solicit::parse("SOLICIT", None), None);
    }

    #[test]
    fn classes_have_a_thousand_octets_together() {
        let keywords = ["net.example:ADV"; 62].join(",");
        for (more, sound) in [("123456789", true), ("1234567890", false)] {
            let keywords = format!("{keywords}{more}");
            assert_eq!(keywords.len() <= 1_000, sound);
            assert_eq!(Solicit::new(&keywords).is_some(), sound);
            assert_eq!(NoSoliciting::new(&keywords).is_some(), sound);
        }
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            words in prop::collection::vec("[A-Za-z][A-Za-z0-9.:_-]{0,60}", 1..20),
        ) {
            let keywords = words.join(",");
            let solicit = Solicit::new(&keywords);
            prop_assert_eq!(solicit.is_some(), keywords.len() <= 1_000);
            if let Some(solicit) = solicit {
                prop_assert_eq!(solicit.keywords().collect::<Vec<_>>(), words);
                let text = solicit.to_string();
                let value = text.strip_prefix("SOLICIT=");
                prop_assert_eq!(Solicit::parse("SOLICIT", value), Some(solicit.clone()));
                prop_assert_eq!(solicit.clone().into_owned(), solicit);
            }
        }

        #[test]
        fn writing_undoes_reading(text in r"[A-Za-z0-9.:,_-]{0,40}|\PC{0,12}") {
            if let Some(solicit) = Solicit::parse("SOLICIT", Some(&text)) {
                prop_assert_eq!(solicit.to_string(), format!("SOLICIT={text}"));
            }
            if let Some(offered) = NoSoliciting::parse(&text) {
                prop_assert_eq!(offered.to_string(), text);
            }
        }
    }
}
