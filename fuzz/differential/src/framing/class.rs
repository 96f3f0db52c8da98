//! The rule that gives a difference about messages its class: by what of the octets is read in two ways.

use crate::command;
use crate::family::Case;
use crate::reading::{Difference, Reading, crlf};
use smtp_proto::Command;
use smtp_proto::command::SyntaxErrorKind;
use std::cmp::Ordering;

/// What has been taken for the end of a message and is none.
pub(crate) const FALSE_ENDS: [(&[u8], &str); 12] = [
    (b"\r\n.\r\r\n", "crlf-dot-cr-crlf"),
    (b"\r\n\0.\r\n", "crlf-nul-dot-crlf"),
    (b"\r\n.\0\r\n", "crlf-dot-nul-crlf"),
    (b"\n\r.\r\n", "lf-cr-dot-crlf"),
    (b"\r\n .\r\n", "crlf-blank-dot-crlf"),
    (b"\r\n. \r\n", "crlf-dot-blank-crlf"),
    (b"\r\n.\n", "crlf-dot-lf"),
    (b"\r\n.\r", "crlf-dot-cr"),
    (b"\n.\n", "lf-dot-lf"),
    (b"\n.\r\n", "lf-dot-crlf"),
    (b"\r.\r\n", "cr-dot-crlf"),
    (b"\r.\r", "cr-dot-cr"),
];

pub(super) fn bodies(case: &Case<'_>) -> String {
    let Difference::Reads(field) = case.difference else {
        return "unknown".to_owned();
    };
    match field {
        "cuts" => "segments-matter".to_owned(),
        "refused" => "bare-newline-kept".to_owned(),
        _ => messages(case),
    }
}

fn messages(case: &Case<'_>) -> String {
    let flight = [case.input, super::BEHIND_DATA].concat();
    let behind_crlf = [b"\r\n", &flight[..]].concat();
    // "The sequence "<CRLF>.<CRLF>" ends the mail text" (RFC 5321 §4.1.1.4): nothing else does.
    let ours = 3 + find(&behind_crlf, b"\r\n.\r\n").expect("it stands behind every input");
    let theirs = super::end(case.peer.name, &flight).unwrap_or(usize::MAX);
    let first = &flight[..ours];
    match theirs.cmp(&ours) {
        Ordering::Less => {
            let seen = &behind_crlf[..2 + theirs];
            let end = FALSE_ENDS.iter().find(|(end, _)| seen.ends_with(end));
            match end {
                Some((_, name)) => format!("ends-at-{name}"),
                None if ends_behind_crs(seen) => "ends-at-crlf-dot-cr-crlf".to_owned(),
                None => "ends-at-unknown".to_owned(),
            }
        }
        Ordering::Greater if ours == 3 => "misses-empty-message".to_owned(),
        Ordering::Greater => "misses-the-end".to_owned(),
        Ordering::Equal if first.contains(&0) => "nul-kept".to_owned(),
        Ordering::Equal if first_of(case.ours) == first_of(case.theirs) => {
            // Who doesn't hold together on commands is found among commands.
            "commands-behind".to_owned()
        }
        Ordering::Equal if case.input.starts_with(b".") => "dot-of-the-first-line".to_owned(),
        Ordering::Equal if find(first, b"\n.").is_some() => "dot-behind-bare-lf".to_owned(),
        Ordering::Equal => "octets".to_owned(),
    }
}

/// Whether `CRLF .`, many CR and LF stand there.
fn ends_behind_crs(octets: &[u8]) -> bool {
    let Some(octets) = octets.strip_suffix(b"\r\r\n") else {
        return false;
    };
    let crs = octets
        .iter()
        .rev()
        .take_while(|octet| **octet == b'\r')
        .count();
    octets[..octets.len() - crs].ends_with(b"\r\n.")
}

fn first_of(reading: &Reading) -> Option<&str> {
    reading.get("messages")?.split(" + ").next()
}

fn find(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|here| here == wanted)
}

pub(super) fn chunks(case: &Case<'_>) -> String {
    let Difference::Reads(field) = case.difference else {
        return "unknown".to_owned();
    };
    match field {
        "cuts" => "segments-matter".to_owned(),
        "refused" => "bare-newline-kept".to_owned(),
        _ => unread_line(&[case.input, super::BEHIND_CHUNKS].concat()),
    }
}

/// What is wrong with the first line that is no command, or of the octets in chunks.
fn unread_line(input: &[u8]) -> String {
    let mut rest = input;
    let mut nul = false;
    while let Some(end) = crlf(rest) {
        let line = &rest[..end];
        rest = &rest[end + 2..];
        match command::parse(line) {
            Ok(Command::Bdat(chunk)) => {
                let size = usize::try_from(chunk.size)
                    .unwrap_or(usize::MAX)
                    .min(rest.len());
                nul = nul || rest[..size].contains(&0);
                rest = &rest[size..];
            }
            Err(error) if error.kind == SyntaxErrorKind::ChunkSize => {
                return command::refused(line, error, true);
            }
            Err(_) if line.contains(&b'\r') || line.contains(&b'\n') => {
                return "bare-newline-in-command".to_owned();
            }
            Err(error)
                if line
                    .get(..4)
                    .is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT")) =>
            {
                return format!("bdat-{}", command::refused(line, error, true));
            }
            _ => {}
        }
    }
    if nul { "nul-kept" } else { "commands" }.to_owned()
}
