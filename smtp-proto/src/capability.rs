//! What a server says it can do: the reply to EHLO, typed (RFC 5321 §4.1.1.1).
//!
//! Tolerant of sloppy servers: keywords in any case, blanks at the end, keywords nobody knows.

use crate::extension::{Capability, Extension, Extensions, SizeLimit};
use crate::reply::{Reply, Text};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// The extensions a server offers; none of them before EHLO and after HELO.
///
/// ```
/// # use smtp_proto::Capabilities;
/// use smtp_proto::extension::{Extension, Mechanism, Mechanisms};
/// # fn f(capabilities: &Capabilities) {
/// if capabilities.offers(Extension::Auth) {
///     let plain = capabilities.get::<Mechanisms>().is_some_and(|all| all.contains(&Mechanism::PLAIN));
/// }
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    extensions: Extensions,
    text: Text,
}

impl Capabilities {
    /// Reads the reply to EHLO, whose first line is the server's name.
    pub fn from_reply(reply: &Reply) -> Self {
        let text = reply.text().clone();
        let keywords = text.as_lines().skip(1).map(split);
        let extensions = keywords
            .filter_map(|(keyword, _)| Extension::of_keyword(&keyword))
            .collect();
        Self { extensions, text }
    }

    /// Whether it is offered.
    pub const fn offers(&self, extension: Extension) -> bool {
        self.extensions.contains(extension)
    }

    /// Those of the offered extensions that this crate knows.
    pub const fn extensions(&self) -> Extensions {
        self.extensions
    }

    /// What an extension's arguments say; `None` where it isn't offered or they make no sense. The
    /// first line that names it counts; AUTH alone may stand on several (old servers repeat it as
    /// `AUTH=`), which count together.
    pub fn get<C: Capability>(&self) -> Option<C> {
        let mut lines = self.iter().filter_map(|(keyword, arguments)| {
            (Extension::of_keyword(&keyword) == Some(C::EXTENSION)).then_some(arguments)
        });
        if C::EXTENSION == Extension::Auth {
            let all: Vec<_> = lines.collect();
            return (!all.is_empty())
                .then(|| all.join(" "))
                .and_then(|all| C::parse(&all));
        }
        C::parse(&lines.next()?)
    }

    /// Octets of the largest message the server takes, where it says so.
    pub fn size(&self) -> Option<u64> {
        // 0: no fixed limit (RFC 1870 §4).
        self.get()
            .and_then(|SizeLimit(limit)| limit)
            .filter(|limit| *limit > 0)
    }

    /// Whether it offers that keyword, known to this crate or not.
    pub fn has_keyword(&self, keyword: &str) -> bool {
        self.iter()
            .any(|(offered, _)| offered.eq_ignore_ascii_case(keyword))
    }

    /// Every keyword with its arguments, in the server's order and case, known or not.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.text.as_lines().skip(1).map(split)
    }
}

/// The keyword and its arguments: behind a blank, or behind the `=` that servers once wrote after
/// AUTH.
fn split(line: &[u8]) -> (Cow<'_, str>, Cow<'_, str>) {
    let line = line.trim_ascii();
    let end = line
        .iter()
        .position(|octet| octet.is_ascii_whitespace() || *octet == b'=')
        .unwrap_or(line.len());
    let (keyword, arguments) = line.split_at(end);
    let arguments = arguments.strip_prefix(b"=").unwrap_or(arguments);
    (
        String::from_utf8_lossy(keyword),
        String::from_utf8_lossy(arguments.trim_ascii_start()),
    )
}
