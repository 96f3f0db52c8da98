//! Command lines: whether a line is a command, and what it says.
//!
//! Every reader gets the line with its CRLF. `rest` is how many octets of it are left for the next
//! command.

mod class;
mod codec;
mod mailin;
mod message;
mod ours;
#[cfg(feature = "rustyknife")]
mod rustyknife;
mod stalwart;

use crate::family::Family;
use crate::reading::{Reader, crlf};

pub(crate) use class::refused;
pub(crate) use ours::parse;

pub(crate) fn family() -> Family {
    Family {
        name: "command",
        ours: |octets| ours::ours(one(octets)),
        peers: vec![
            Reader::new("smtp-codec", |octets| codec::read(one(octets))),
            Reader::new("smtp-message", |octets| message::read(one(octets))),
            Reader::new("Stalwart", |octets| stalwart::read(one(octets))),
            Reader::new("mailin", |octets| mailin::read(one(octets))),
            #[cfg(feature = "rustyknife")]
            Reader::new("rustyknife", |octets| rustyknife::read(one(octets))),
        ],
        class: class::class,
    }
}

/// The first line, without its CRLF.
fn one(octets: &[u8]) -> &[u8] {
    &octets[..crlf(octets).unwrap_or(octets.len())]
}

/// The verb of a line, in capitals.
fn verb(line: &[u8]) -> String {
    let word = line.split(|octet| !octet.is_ascii_alphanumeric()).next();
    String::from_utf8_lossy(word.unwrap_or_default()).to_ascii_uppercase()
}

/// A mailbox with as few quotes as it can do with, its domain in small letters.
fn mailbox(text: &str) -> String {
    use smtp_proto::address::{LocalPart, Mailbox};
    let Ok(mailbox) = Mailbox::parse_utf8(text) else {
        return text.to_owned();
    };
    let local = mailbox.local_part().unquoted().into_owned();
    let host = mailbox.host().as_str().to_ascii_lowercase();
    match LocalPart::parse_utf8(&local) {
        Ok(plain) if !plain.as_str().starts_with('"') => format!("{local}@{host}"),
        _ => {
            let escaped = local.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{escaped}\"@{host}")
        }
    }
}

/// Parameters as they were written, their keywords in capitals.
fn parameters<'p>(all: impl Iterator<Item = (&'p str, Option<&'p str>)>) -> String {
    let each = all.map(|(keyword, value)| match value {
        Some(value) => format!("{}={value}", keyword.to_ascii_uppercase()),
        None => keyword.to_ascii_uppercase(),
    });
    each.collect::<Vec<_>>().join(" ")
}
