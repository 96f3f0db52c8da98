//! Names and passwords as both sides have to write them (`SASLprep`, RFC 4013), so that what was typed
//! on one system is what was stored on another.

use smtp_proto::Secret;
use std::fmt;

/// A name or a password that no mechanism can carry: empty, with a control character, or with one that
/// `SASLprep` (RFC 4013) forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidName;

/// A name, prepared.
pub(crate) fn name(name: &str) -> Result<String, InvalidName> {
    let prepared = stringprep::saslprep(name).map_err(|_| InvalidName)?;
    if prepared.is_empty() {
        return Err(InvalidName);
    }
    Ok(prepared.into_owned())
}

/// A password, prepared where it is text; one that isn't is octets.
pub(crate) fn password(password: &[u8]) -> Result<Secret, InvalidName> {
    let octets = match std::str::from_utf8(password) {
        Ok(text) => name(text)?.into_bytes(),
        Err(_) if password.contains(&0) => return Err(InvalidName),
        Err(_) => password.to_vec(),
    };
    Ok(Secret::from(octets))
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("empty, or with a character that no name or password may have (RFC 4013)")
    }
}

impl std::error::Error for InvalidName {}
