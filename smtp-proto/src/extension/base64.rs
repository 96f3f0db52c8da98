//! What AUTH carries (RFC 4954 §4): challenges and responses in base64.
//!
//! The rule here: what is read as base64 is what [`decode`] takes, with its padding and no bits to spare.

use crate::grammar::class::BASE64;
use crate::secret::Secret;
use alloc::string::String;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;
use zeroize::Zeroizing;

/// A challenge or a response as it stands on the wire; an empty one is an empty line.
pub(crate) fn encode(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// What a challenge or a response says; `None` if it isn't base64 with its padding.
pub(crate) fn decode(base64: &[u8]) -> Option<Secret> {
    STANDARD.decode(base64).ok().map(Secret::from)
}

/// `initial-response = base64 / "="`, as it stands in the command. It doesn't print, and is wiped where it
/// isn't borrowed.
#[derive(Clone)]
pub(super) enum Initial<'a> {
    Borrowed(&'a str),
    Owned(Zeroizing<String>),
}

impl<'a> Initial<'a> {
    pub(super) fn of(response: &Secret) -> Initial<'static> {
        let text = match response.expose() {
            [] => String::from("="),
            octets => encode(octets),
        };
        Initial::Owned(Zeroizing::new(text))
    }

    pub(super) fn parse(text: &'a str) -> Option<Self> {
        (text == "=" || is_base64(text.as_bytes())).then_some(Self::Borrowed(text))
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }

    pub(super) fn decoded(&self) -> Secret {
        match self.as_str() {
            "=" => Secret::default(),
            text => decode(text.as_bytes()).unwrap_or_default(),
        }
    }

    pub(super) fn into_owned(self) -> Initial<'static> {
        Initial::Owned(match self {
            Self::Borrowed(text) => Zeroizing::new(String::from(text)),
            Self::Owned(text) => text,
        })
    }
}

/// Whether it is base64, and some, without building what it says.
fn is_base64(text: &[u8]) -> bool {
    match text.as_chunks::<4>() {
        ([quads @ .., last], []) => {
            BASE64.has_all(quads.as_flattened()) && STANDARD.decode_slice(last, &mut [0; 3]).is_ok()
        }
        _ => false,
    }
}

impl PartialEq for Initial<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Initial<'_> {}

impl fmt::Debug for Initial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_taken_for_base64_can_be_decoded_and_nothing_else(
            text in "([A-Za-z0-9+/]{4}){0,3}([A-Za-z0-9+/=]{0,4})",
        ) {
            let decoded = decode(text.as_bytes()).filter(|_| !text.is_empty());
            prop_assert_eq!(is_base64(text.as_bytes()), decoded.is_some());
        }
    }
}
