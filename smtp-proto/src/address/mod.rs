//! Who mail is from and for: [`Domain`], [`AddressLiteral`], [`Host`], [`LocalPart`], [`Mailbox`],
//! [`ReversePath`] and [`ForwardPath`] of RFC 5321 §4.1.2 and §4.1.3.
//!
//! The rule here: a value is kept as it was written and can't be wrong. Each comes only out of a
//! checked constructor, so none holds CR, LF, NUL or any other control character, and writing one
//! into a command can't end the line. Reading borrows from the text; `into_owned` keeps a value.
//!
//! | | `TryFrom<&str>` | `parse_utf8` |
//! |---|---|---|
//! | takes | ASCII (RFC 5321) | UTF-8 beyond ASCII too (SMTPUTF8, RFC 6531 §3.3) |
//! | where | always | where the peer announced SMTPUTF8, or asked for it in its MAIL command |
//!
//! Nothing here knows a reply code, a mailbox that exists or the DNS. `xn--` labels and U-labels are
//! compared and passed on as they are, and no character is folded into another but the case of ASCII
//! letters where the RFC says so; with the feature `idna` a comparison that knows which name is which
//! can be asked for (`Domain::is_same_as`).

mod domain;
mod error;
mod host;
#[cfg(feature = "idna")]
mod idna;
mod literal;
mod local_part;
mod mailbox;
mod path;

use nom::Parser;

use crate::grammar::{At, Input, offset};

pub use domain::Domain;
pub use error::{AddressError, AddressErrorKind};
pub use host::Host;
pub use literal::{AddressLiteral, Literal};
pub use local_part::LocalPart;
pub use mailbox::Mailbox;
pub use path::{ForwardPath, ReversePath};
pub(crate) use path::{Path, forward_path, reverse_path};

/// The value at the start of `input`, and how many octets it has.
fn read<'a, T>(
    input: Input<'a>,
    utf8: bool,
    mut parser: impl Parser<&'a [u8], Output = T, Error = At>,
) -> Result<(usize, T), AddressError> {
    let text = input.text.as_bytes();
    match parser.parse(text) {
        Ok((rest, value)) => Ok((text.len() - rest.len(), value)),
        Err(error) => Err(fault(input, utf8, offset(text, &error))),
    }
}

/// The value that all of `text` is.
fn read_all<'a, T>(
    text: &'a str,
    utf8: bool,
    parser: impl Parser<&'a [u8], Output = T, Error = At>,
) -> Result<T, AddressError> {
    let input = Input::of(text);
    let (end, value) = read(input, utf8, parser)?;
    if end < text.len() {
        return Err(fault(input, utf8, end));
    }
    Ok(value)
}

/// Every parser here stops at the first octet it can't take, so an octet above 0x7F there tells an
/// address that lacks nothing but SMTPUTF8 from one that is malformed.
fn fault(input: Input<'_>, utf8: bool, offset: usize) -> AddressError {
    match input.octets.get(offset) {
        Some(octet) if !utf8 && !octet.is_ascii() => AddressError::non_ascii(offset),
        _ => AddressError::syntax(offset),
    }
}

/// `Display` as it goes onto the wire, `Debug` as that in quotes, for a type with `as_str`.
macro_rules! shown_as_written {
    ($name:ident) => {
        impl core::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl core::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_tuple(stringify!($name))
                    .field(&self.as_str())
                    .finish()
            }
        }
    };
}
use shown_as_written;
