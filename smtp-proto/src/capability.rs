//! What a server says it can do: the reply to EHLO, typed (RFC 5321 §4.1.1.1).
//!
//! Tolerant of sloppy servers: keywords in any case, blanks at the end, keywords nobody knows.

use crate::extension::{self, Extension, Extensions};
use crate::reply::{Reply, Text};
use alloc::borrow::Cow;
use alloc::string::String;

/// The extensions a server offers; none of them before EHLO and after HELO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    extensions: Extensions,
    size: Option<u64>,
    text: Text,
}

impl Capabilities {
    /// Reads the reply to EHLO, whose first line is the server's name.
    pub fn from_reply(reply: &Reply) -> Self {
        let mut capabilities = Self {
            text: reply.text().clone(),
            ..Self::default()
        };
        for line in reply.text().as_lines().skip(1) {
            let (keyword, arguments) = split(line);
            let Some(extension) = Extension::of_keyword(&keyword) else {
                continue;
            };
            capabilities.extensions = capabilities.extensions.with(extension);
            if extension == Extension::Size {
                // No argument: nothing said; 0: no fixed limit (RFC 1870 §4).
                capabilities.size = extension::parse_size(&arguments).filter(|size| *size > 0);
            }
        }
        capabilities
    }

    /// Whether it is offered.
    pub const fn offers(&self, extension: Extension) -> bool {
        self.extensions.contains(extension)
    }

    /// Those of the offered extensions that this crate knows.
    pub const fn extensions(&self) -> Extensions {
        self.extensions
    }

    /// Octets of the largest message the server takes, where it says so.
    pub const fn size(&self) -> Option<u64> {
        self.size
    }

    /// Every keyword with its arguments, in the server's order and case, known or not.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.text.as_lines().skip(1).map(split)
    }
}

/// The keyword and its arguments.
fn split(line: &[u8]) -> (Cow<'_, str>, Cow<'_, str>) {
    let line = line.trim_ascii();
    let end = line
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(line.len());
    let (keyword, arguments) = line.split_at(end);
    (
        String::from_utf8_lossy(keyword),
        String::from_utf8_lossy(arguments.trim_ascii_start()),
    )
}
