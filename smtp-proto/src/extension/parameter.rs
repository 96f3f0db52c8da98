//! ESMTP parameters as types (RFC 5321 §4.1.2), and what an extension registers of them.
//!
//! Which parameters there are is for the table, what a value means for the extension's own file.

use super::list::Parameters;
use crate::grammar::number;
use crate::syntax::SyntaxErrorKind;
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

/// A parameter of MAIL or RCPT as a type, which [`Mail::get`](crate::Mail::get) and
/// [`Rcpt::get`](crate::Rcpt::get) find by it. `Display` writes it as it stands on the wire:
/// `SIZE=1000`.
///
/// It is sealed: the types are those of this crate. What an extension of your own adds is read by
/// its keyword.
pub trait Parameter<'a>: fmt::Display + Sized + Sealed {
    /// The keywords it goes by. A command has at most one of them, and that once.
    const KEYWORDS: &'static [&'static str];

    /// The parameter of that keyword, one of [`KEYWORDS`](Self::KEYWORDS), and that value; `None`
    /// where it can't have it.
    fn parse(keyword: &str, value: Option<&'a str>) -> Option<Self>;
}

/// A [`Parameter`] of MAIL.
pub trait MailParameter<'a>: Parameter<'a> {}

/// A [`Parameter`] of RCPT.
pub trait RcptParameter<'a>: Parameter<'a> {}

/// Keeps [`Parameter`] to the types of this crate, whose `Display` writes nothing but a parameter.
pub trait Sealed {}

/// A parameter that an extension registers.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    /// The keywords it goes by.
    pub(super) keywords: &'static [&'static str],
    /// Octets it adds to the limit on its command's line.
    pub(super) octets: usize,
    /// Whether it, with that value, may be left out where a server doesn't offer it: it only tells, and
    /// asks for nothing.
    pub(super) advisory: fn(Option<&str>) -> bool,
    /// What is wrong with it, if anything: its value, or it goes beyond what was announced and so is
    /// as good as unknown.
    pub(super) check: fn(Claim<'_>) -> Result<(), SyntaxErrorKind>,
    /// Whether a command with it, and with these others, doesn't contradict itself; `None` where it may
    /// stand beside anything.
    pub(super) agrees: Option<fn(&Parameters<'_>) -> bool>,
}

/// What a peer wrote, held against what was announced.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(super) keyword: &'a str,
    pub(super) value: Option<&'a str>,
    /// What stands behind the extension's keyword in the EHLO reply.
    pub(super) arguments: &'a str,
}

/// A slot for a parameter type whose values need nothing to be held against.
macro_rules! slot {
    ($parameter:ty, $octets:expr) => {
        slot!($parameter, $octets, |_| false)
    };
    ($parameter:ty, $octets:expr, advisory) => {
        slot!($parameter, $octets, |_| true)
    };
    ($parameter:ty, $octets:expr, $advisory:expr) => {
        $crate::extension::parameter::Slot {
            keywords: <$parameter>::KEYWORDS,
            octets: $octets,
            advisory: $advisory,
            check: |claim| match <$parameter>::parse(claim.keyword, claim.value) {
                Some(_) => Ok(()),
                None => Err($crate::syntax::SyntaxErrorKind::ParameterValue),
            },
            agrees: None,
        }
    };
}
pub(super) use slot;

/// A parameter without a value: its type, and all that makes it one.
macro_rules! flag {
    ($(#[$doc:meta])* $name:ident, $keyword:literal, $carrier:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name;

        impl $crate::extension::parameter::Sealed for $name {}
        impl $crate::extension::$carrier<'_> for $name {}

        impl<'a> $crate::extension::Parameter<'a> for $name {
            const KEYWORDS: &'static [&'static str] = &[$keyword];

            fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
                value.is_none().then_some(Self)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str($keyword)
            }
        }
    };
}
pub(super) use flag;

impl Slot {
    pub(crate) const fn keywords(&self) -> &'static [&'static str] {
        self.keywords
    }

    pub(crate) fn is_advisory(&self, value: Option<&str>) -> bool {
        (self.advisory)(value)
    }
}

pub(super) fn is_any(keywords: &[&str], keyword: &str) -> bool {
    keywords
        .iter()
        .any(|known| known.eq_ignore_ascii_case(keyword))
}

/// Which command's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Mail,
    Rcpt,
}

/// `keyword=value`, for the `Display` of a parameter type.
pub(super) fn write_value(
    f: &mut fmt::Formatter<'_>,
    keyword: &str,
    value: impl fmt::Display,
) -> fmt::Result {
    write!(f, "{keyword}={value}")
}

/// `1*9DIGIT`, leading zeros and all.
pub(super) fn nine_digits(text: &str) -> Option<u32> {
    let number = number(text.as_bytes()).filter(|_| text.len() <= 9)?;
    number.try_into().ok()
}

/// A text as an owned `Cow`, for the `into_owned` of a value that borrows one.
pub(super) fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(String::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_digits_are_not_ten() {
        for (text, number) in [
            ("0", Some(0)),
            ("000000042", Some(42)),
            ("999999999", Some(999_999_999)),
            ("0000000042", None),
            ("+1", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(nine_digits(text), number, "{text}");
        }
    }
}
