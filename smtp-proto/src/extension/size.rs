//! SIZE (RFC 1870): how large a message may be, and is.

use super::parameter::{MailParameter, Parameter, Sealed, Slot, slot, write_value};
use super::{Capability, Extension};
use crate::grammar::number;
use core::fmt;

/// `SIZE=size-value` on MAIL, `size-value = 1*20DIGIT`: the message's octets as they go over the
/// wire, by its sender's word. A number over 2⁶⁴−1 counts as 2⁶⁴−1, which no limit lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub u64);

/// `SIZE [size-value]` in the EHLO reply: the largest message taken; `None` says nothing, and 0
/// that there is no fixed limit (RFC 1870 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SizeLimit(pub Option<u64>);

pub(super) const SIZE: Slot = slot!(Size, 26, advisory);

/// `1*20DIGIT`
fn digits(text: &[u8]) -> Option<u64> {
    number(text).filter(|_| text.len() <= 20)
}

impl Sealed for Size {}
impl MailParameter<'_> for Size {}

impl<'a> Parameter<'a> for Size {
    const KEYWORDS: &'static [&'static str] = &["SIZE"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        digits(value?.as_bytes()).map(Self)
    }
}

impl SizeLimit {
    pub(crate) fn read(arguments: &[u8]) -> Option<Self> {
        match arguments {
            [] => Some(Self(None)),
            limit => digits(limit).map(|limit| Self(Some(limit))),
        }
    }
}

impl Sealed for SizeLimit {}

impl Capability for SizeLimit {
    const EXTENSION: Extension = Extension::Size;

    fn parse(arguments: &str) -> Option<Self> {
        Self::read(arguments.as_bytes())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "SIZE", self.0)
    }
}

impl fmt::Display for SizeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |limit| limit.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn read(value: &str) -> Option<Size> {
        Size::parse("SIZE", Some(value))
    }

    #[test]
    fn a_size_is_up_to_twenty_digits() {
        for (text, size) in [
            ("0", Some(0)),
            // RFC 1870 §7
            ("500000", Some(500_000)),
            ("1000000", Some(1_000_000)),
            ("00000000000000000042", Some(42)),
            ("18446744073709551615", Some(u64::MAX)),
            // More than a number holds is more than any limit.
            ("18446744073709551616", Some(u64::MAX)),
            ("99999999999999999999", Some(u64::MAX)),
            ("000000000000000000042", None),
            ("+1", None),
            ("-1", None),
            ("1k", None),
            ("1,000", None),
            ("0x10", None),
            ("1 2", None),
            ("٣", None),
            ("", None),
        ] {
            assert_eq!(read(text), size.map(Size), "{text}");
            let limit = if text.is_empty() {
                Some(None)
            } else {
                size.map(Some)
            };
            assert_eq!(SizeLimit::parse(text), limit.map(SizeLimit), "{text}");
        }
        assert_eq!(Size::parse("SIZE", None), None);
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(octets: u64) {
            let text = Size(octets).to_string();
            prop_assert_eq!(read(text.strip_prefix("SIZE=").unwrap()), Some(Size(octets)));
            for limit in [SizeLimit(None), SizeLimit(Some(octets))] {
                prop_assert_eq!(SizeLimit::parse(&limit.to_string()), Some(limit));
            }
        }

        #[test]
        fn a_number_that_is_read_is_written_without_its_zeros(
            value in r"0{0,3}[0-9]{1,19}|\PC{0,22}",
        ) {
            if let Some(size) = read(&value) {
                let written = format!("SIZE={}", value.trim_start_matches('0'));
                prop_assert_eq!(size.to_string(), if size.0 == 0 { "SIZE=0" } else { &*written });
            }
        }
    }
}
