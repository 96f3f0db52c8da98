//! Replies: the code, the lines and the enhanced code of the first one, and what the reply to EHLO
//! offers.

mod class;
mod ours;
mod peers;

use crate::family::Family;
use crate::reading::{Reader, crlf};

pub(crate) fn replies() -> Family {
    Family {
        name: "reply",
        ours: |input| ours::reply(one(input)),
        peers: vec![
            Reader::new("smtp-codec", |input| peers::codec(one(input))),
            Reader::new("smtp-message", |input| peers::message(one(input))),
            Reader::new("Stalwart", |input| peers::stalwart(one(input))),
            Reader::new("lettre", |input| peers::lettre(one(input))),
        ],
        class: class::reply,
    }
}

pub(crate) fn capabilities() -> Family {
    Family {
        name: "ehlo",
        ours: |input| ours::capabilities(one(input)),
        peers: vec![
            Reader::new("smtp-codec", |input| peers::codec_capabilities(one(input))),
            Reader::new("Stalwart", |input| peers::stalwart_capabilities(one(input))),
            Reader::new("lettre", |input| peers::lettre_capabilities(one(input))),
        ],
        class: class::capabilities,
    }
}

/// The first reply in the octets: up to the CRLF of the first line without `-` behind its code.
fn one(input: &[u8]) -> &[u8] {
    let mut begin = 0;
    while let Some(end) = crlf(&input[begin..]) {
        let more = input[begin..begin + end].get(3) == Some(&b'-');
        begin += end + 2;
        if !more {
            return &input[..begin];
        }
    }
    input
}

/// Lines of text without blanks at their ends, control octets as everybody may show them.
fn lines<'l>(all: impl Iterator<Item = &'l [u8]>) -> String {
    let shown = all.map(|line| {
        let visible = |octet: &u8| match octet {
            b'\t' | b' '..=b'~' | 0x80.. => *octet,
            _ => b'?',
        };
        let line: Vec<u8> = line.iter().map(visible).collect();
        String::from_utf8_lossy(line.trim_ascii_end()).into_owned()
    });
    shown.collect::<Vec<_>>().join(" / ")
}

/// The mechanisms that everybody knows, in one order.
fn mechanisms<'m>(all: impl Iterator<Item = &'m str>) -> String {
    let mut known: Vec<String> = all
        .map(str::to_ascii_uppercase)
        .filter(|name| matches!(name.as_str(), "PLAIN" | "LOGIN" | "XOAUTH2"))
        .collect();
    known.sort();
    known.dedup();
    known.join(" ")
}
