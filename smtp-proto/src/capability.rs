//! What a server says it can do: the reply to EHLO, typed (RFC 5321 §4.1.1.1).
//!
//! Tolerant of sloppy servers: keywords in any case, blanks at the end, keywords nobody knows.

use crate::extension::{Capability, Extension, Extensions, SizeLimit};
use crate::grammar::{Word, first_blank};
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
    size: Option<u64>,
    text: Text,
}

impl Capabilities {
    /// Reads the reply to EHLO, whose first line is the server's name.
    pub fn from_reply(reply: Reply) -> Self {
        let text = reply.into_text();
        let (mut extensions, mut size) = (Extensions::NONE, None);
        for (keyword, arguments) in lines(&text) {
            let Some(extension) = Extension::of_octets(keyword) else {
                continue;
            };
            if extension == Extension::Size && !extensions.contains(extension) {
                size = limit(arguments);
            }
            extensions = extensions.with(extension);
        }
        Self {
            extensions,
            size,
            text,
        }
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
        if !self.offers(C::EXTENSION) {
            return None;
        }
        let named = |(keyword, _): &(&[u8], _)| Extension::of_octets(keyword) == Some(C::EXTENSION);
        let lines = lines(&self.text).filter(named);
        let mut lines = lines.map(|(_, arguments)| String::from_utf8_lossy(arguments));
        if C::EXTENSION == Extension::Auth {
            return C::parse(&lines.collect::<Vec<_>>().join(" "));
        }
        C::parse(&lines.next()?)
    }

    /// Octets of the largest message the server takes, where it says so.
    pub const fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether it offers that keyword, known to this crate or not.
    pub fn has_keyword(&self, keyword: &str) -> bool {
        self.iter()
            .any(|(offered, _)| offered.eq_ignore_ascii_case(keyword))
    }

    /// Every keyword with its arguments, in the server's order and case, known or not.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let text = String::from_utf8_lossy;
        lines(&self.text).map(move |(keyword, arguments)| (text(keyword), text(arguments)))
    }
}

/// The keyword and the arguments of each line but the first: behind a blank, or behind the `=` that
/// servers once wrote after AUTH, and after nothing else.
fn lines(text: &Text) -> impl Iterator<Item = (&[u8], &[u8])> {
    const AUTH: Word = Word::new("AUTH");
    let lines = text.as_lines_by_word().enumerate();
    lines.filter_map(|(index, (mut line, mut end))| {
        if index == 0 {
            return None;
        }
        if end == 0 {
            line = line.trim_ascii_start();
            end = first_blank(line);
        }
        let (keyword, arguments) = match line.split_at_checked(4) {
            Some((word, [b'=', arguments @ ..])) if AUTH.is(word) => (word, arguments),
            _ => line.split_at(end),
        };
        Some((keyword, arguments.trim_ascii()))
    })
}

/// What the arguments of SIZE say. 0: no fixed limit (RFC 1870 §4).
fn limit(arguments: &[u8]) -> Option<u64> {
    let SizeLimit(limit) = SizeLimit::read(arguments)?;
    limit.filter(|limit| *limit > 0)
}
