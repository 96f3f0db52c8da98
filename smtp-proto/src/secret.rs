//! Octets that must not be seen: passwords, tokens, and whatever a SASL mechanism sends.

use alloc::vec::Vec;
use core::fmt;
use zeroize::Zeroizing;

/// Octets that don't print and are wiped when they are dropped.
///
/// ```
/// use smtp_proto::Secret;
/// let secret = Secret::from("tim\0tim\0tanstaaf".as_bytes());
/// assert_eq!(format!("{secret:?}"), "Secret");
/// assert!(secret.expose().ends_with(b"tanstaaf"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The octets. Whoever copies them answers for the copy.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Secret {
    fn from(octets: Vec<u8>) -> Self {
        Self(Zeroizing::new(octets))
    }
}

impl From<&[u8]> for Secret {
    fn from(octets: &[u8]) -> Self {
        Self::from(Vec::from(octets))
    }
}

impl<const OCTETS: usize> From<&[u8; OCTETS]> for Secret {
    fn from(octets: &[u8; OCTETS]) -> Self {
        Self::from(&octets[..])
    }
}

/// Its name and nothing else, not even its length.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
