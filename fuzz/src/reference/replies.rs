//! Replies as plainly as RFC 5321 §4.2 says it.

use smtp_proto::{ReplyFault, ReplyLimits};

/// What was read.
pub(crate) struct Read<R> {
    pub(crate) replies: Vec<R>,
    pub(crate) fault: Option<ReplyFault>,
}

/// A code and its lines.
pub(crate) type Lines = (u16, Vec<Vec<u8>>);

/// The first `most` replies in `input`, until one closes the connection or can't answer RCPT.
pub(crate) fn replies(input: &[u8], limits: &ReplyLimits, most: usize) -> Read<Lines> {
    let mut read = Read {
        replies: Vec::new(),
        fault: None,
    };
    let (mut line, mut lines, mut octets) = (Vec::new(), Vec::new(), 0);
    let mut first = None;
    for &octet in input {
        if read.replies.len() == most {
            return read;
        }
        match (line.last(), octet) {
            (Some(b'\r'), b'\n') => {}
            (Some(b'\r'), _) | (_, b'\n') => {
                read.fault = Some(ReplyFault::BareNewline);
                return read;
            }
            _ => {
                line.push(octet);
                let least = line.len() + if octet == b'\r' { 1 } else { 2 };
                if let Some(fault) = too_long(least, octets, limits) {
                    read.fault = Some(fault);
                    return read;
                }
                continue;
            }
        }
        octets += line.len() + 1;
        line.pop();
        let code = match code(&line) {
            Some(code) if *first.get_or_insert(code) == code => code,
            Some(_) => {
                read.fault = Some(ReplyFault::CodeChanged);
                return read;
            }
            None => {
                read.fault = Some(ReplyFault::Code);
                return read;
            }
        };
        let more = line.get(3) == Some(&b'-');
        lines.push(line.split_off(line.len().min(4)));
        line.clear();
        if !more {
            read.replies.push((code, std::mem::take(&mut lines)));
            if code == 421 || code / 100 == 3 {
                return read;
            }
            (first, octets) = (None, 0);
        } else if lines.len() == limits.lines {
            read.fault = Some(ReplyFault::TooManyLines);
            return read;
        } else if let Some(fault) = too_long(2, octets, limits) {
            read.fault = Some(fault);
            return read;
        }
    }
    read
}

/// Whether a line of at least so many octets, behind so many of the same reply, is too long.
fn too_long(least: usize, octets: usize, limits: &ReplyLimits) -> Option<ReplyFault> {
    let left = limits.octets - octets;
    if least <= limits.line.min(left) {
        None
    } else if limits.line <= left {
        Some(ReplyFault::LineTooLong)
    } else {
        Some(ReplyFault::TooLong)
    }
}

fn code(line: &[u8]) -> Option<u16> {
    match line {
        [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9']
        | [
            a @ b'2'..=b'5',
            b @ b'0'..=b'9',
            c @ b'0'..=b'9',
            b' ' | b'-',
            ..,
        ] => Some(
            [a, b, c]
                .iter()
                .fold(0, |sum, &digit| sum * 10 + u16::from(digit - b'0')),
        ),
        _ => None,
    }
}
