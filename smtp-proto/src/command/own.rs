//! Commands of extensions of your own.

use crate::verb::{Verb, opens_http, word_length};
use alloc::borrow::Cow;
use core::fmt;

/// A command whose verb an [`OwnExtension`](crate::extension::OwnExtension) adds, with whatever
/// printable ASCII stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Own<'a> {
    line: Cow<'a, str>,
    /// Octets of its verb.
    verb: usize,
}

impl<'a> Own<'a> {
    /// A command of that verb, in its own spelling, and that argument, empty for none. `None` if the
    /// verb isn't letters, digits and hyphens or is one that this crate knows, in SMTP or in HTTP, or
    /// the argument isn't printable ASCII or ends in a blank.
    pub fn new(verb: &str, argument: &str) -> Option<Own<'static>> {
        let mut line = alloc::string::String::from(verb);
        let known =
            Verb::of(verb.as_bytes()).is_some() || opens_http(&[verb.as_bytes(), b" "].concat());
        let sound = matches!(crate::grammar::keyword(verb.as_bytes()), Ok(([], _)));
        let printable = argument.bytes().all(|octet| matches!(octet, b' '..=b'~'));
        if known || !sound || !printable || argument.ends_with(' ') {
            return None;
        }
        if !argument.is_empty() {
            line.push(' ');
            line += argument;
        }
        Some(Own {
            line: Cow::Owned(line),
            verb: verb.len(),
        })
    }

    /// A whole line, and the argument in it that was found to be sound.
    pub(super) fn parse(line: &'a [u8], _: &'a str) -> Option<Self> {
        let line = core::str::from_utf8(line).ok()?;
        Some(Self {
            line: Cow::Borrowed(line),
            verb: word_length(line.as_bytes()),
        })
    }

    /// The verb, as it was written.
    pub fn verb(&self) -> &str {
        &self.line[..self.verb]
    }

    /// What stands behind it; empty for nothing.
    pub fn argument(&self) -> &str {
        self.line.get(self.verb + 1..).unwrap_or_default()
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Own<'static> {
        Own {
            line: Cow::Owned(self.line.into_owned()),
            verb: self.verb,
        }
    }
}

impl fmt::Display for Own<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}
