//! 8BITMIME (RFC 6152) and BINARYMIME (RFC 3030): `BODY` on MAIL.

use super::parameter::{Claim, MailParameter, Parameter, Sealed, Slot, write_value};
use crate::grammar::Word;
use crate::syntax::SyntaxErrorKind;
use core::fmt;

/// `body-value = "7BIT" / "8BITMIME" / "BINARYMIME"`: what kind of octets the message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyType {
    /// Octets from 1 to 127 only, in lines.
    SevenBit,
    /// Octets above 127 too, still in lines.
    EightBitMime,
    /// Any octets: no lines, CR, LF and NUL wherever they are. It goes by BDAT only (RFC 3030 §3).
    BinaryMime,
}

/// With 8BITMIME: the types that are made of lines.
pub(super) const LINES: Slot = Slot {
    keywords: BodyType::KEYWORDS,
    octets: 17,
    advisory: |_| false,
    check: |claim| check(claim, |body| body != BodyType::BinaryMime),
    agrees: None,
};

/// With BINARYMIME: the one that isn't.
pub(super) const BINARY: Slot = Slot {
    keywords: BodyType::KEYWORDS,
    octets: 16,
    advisory: |_| false,
    check: |claim| check(claim, |body| body == BodyType::BinaryMime),
    agrees: None,
};

fn check(claim: Claim<'_>, offered: fn(BodyType) -> bool) -> Result<(), SyntaxErrorKind> {
    match BodyType::parse(claim.keyword, claim.value) {
        Some(body) if offered(body) => Ok(()),
        _ => Err(SyntaxErrorKind::ParameterValue),
    }
}

impl BodyType {
    /// The value as it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SevenBit => "7BIT",
            Self::EightBitMime => "8BITMIME",
            Self::BinaryMime => "BINARYMIME",
        }
    }
}

impl Sealed for BodyType {}
impl MailParameter<'_> for BodyType {}

impl<'a> Parameter<'a> for BodyType {
    const KEYWORDS: &'static [&'static str] = &["BODY"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        const SEVEN_BIT: Word = Word::new("7BIT");
        const EIGHT_BIT_MIME: Word = Word::new("8BITMIME");
        const BINARY_MIME: Word = Word::new("BINARYMIME");
        Some(match Word::of(value?.as_bytes())? {
            SEVEN_BIT => Self::SevenBit,
            EIGHT_BIT_MIME => Self::EightBitMime,
            BINARY_MIME => Self::BinaryMime,
            _ => return None,
        })
    }
}

impl fmt::Display for BodyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "BODY", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extension::{Extension, Offers, Syntax};
    use crate::{Command, SyntaxError};
    use alloc::format;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn read(value: &str) -> Option<BodyType> {
        BodyType::parse("BODY", Some(value))
    }

    #[test]
    fn a_body_value_is_one_of_three_words_in_any_case() {
        for (value, body) in [
            ("7BIT", Some(BodyType::SevenBit)),
            ("7bit", Some(BodyType::SevenBit)),
            ("8BITMIME", Some(BodyType::EightBitMime)),
            ("8BitMIME", Some(BodyType::EightBitMime)),
            ("BINARYMIME", Some(BodyType::BinaryMime)),
            ("8BIT", None),
            ("BINARY", None),
            ("7BIT ", None),
            ("", None),
        ] {
            assert_eq!(read(value), body, "{value}");
        }
        assert_eq!(BodyType::parse("BODY", None), None);
        for body in [
            BodyType::SevenBit,
            BodyType::EightBitMime,
            BodyType::BinaryMime,
        ] {
            assert_eq!(body.to_string(), format!("BODY={}", body.as_str()));
            assert_eq!(read(body.as_str()), Some(body));
        }
    }

    /// RFC 6152 §2, RFC 3030 §3.
    #[test]
    fn what_is_announced_says_which_body_a_message_may_have() {
        const VALUE: Option<SyntaxErrorKind> = Some(SyntaxErrorKind::ParameterValue);
        const UNKNOWN: Option<SyntaxErrorKind> = Some(SyntaxErrorKind::UnknownParameter);
        let lines = Offers::NONE.with(Extension::EightBitMime);
        let binary = Offers::NONE.with(Extension::BinaryMime);
        let both = lines.clone().with(Extension::BinaryMime);
        for (offers, value, fault) in [
            (&Offers::NONE, "7BIT", UNKNOWN),
            (&Offers::NONE, "9BIT", UNKNOWN),
            (&lines, "7BIT", None),
            (&lines, "8BITMIME", None),
            (&lines, "BINARYMIME", VALUE),
            (&lines, "9BIT", VALUE),
            (&binary, "BINARYMIME", None),
            (&binary, "8BITMIME", VALUE),
            (&both, "7BIT", None),
            (&both, "8BITMIME", None),
            (&both, "BINARYMIME", None),
            (&both, "9BIT", VALUE),
        ] {
            let line = format!("MAIL FROM:<> BODY={value}");
            let parsed = Command::parse(line.as_bytes(), Syntax::new(offers));
            let found = parsed.err().map(|SyntaxError { kind, .. }| kind);
            assert_eq!(found, fault, "{value} {offers:?}");
        }
    }

    proptest! {
        #[test]
        fn a_word_that_is_read_is_written_in_upper_case(
            value in r"(7|8|9)?(bit|BIT)?(mime|MIME)?|\PC{0,12}",
        ) {
            if let Some(body) = read(&value) {
                prop_assert_eq!(body.as_str(), value.to_ascii_uppercase());
            }
        }
    }
}
