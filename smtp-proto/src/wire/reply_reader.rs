//! Replies as they arrive (RFC 5321 §4.2): lines gathered until the one that ends the reply.
//!
//! Strict on the shape, since a client that guesses where a reply ends can be made to take one
//! reply for another; tolerant of what a line says.

use crate::limits::ReplyLimits;
use crate::reply::{Code, Reply};
use bytes::{BufMut, Bytes, BytesMut};
use core::fmt;
use memchr::memchr2;

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyFault {
    /// A line doesn't begin with three digits, 200 to 599, and a space, a hyphen or its end.
    Code,
    /// The lines of one reply differ in their codes.
    CodeChanged,
    /// A line is longer than the limit.
    LineTooLong,
    /// The reply has more lines than the limit.
    TooManyLines,
    /// The reply has more octets than the limit.
    TooLong,
    /// CR or LF other than as CRLF.
    BareNewline,
}

/// Reads replies one after another.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplyReader {
    /// Octets of the current line that hold no end of line.
    searched: usize,
    /// The reply so far: its code, its lines joined by LF, how many and how many octets.
    code: Option<Code>,
    text: BytesMut,
    lines: usize,
    octets: usize,
}

impl ReplyReader {
    /// Takes lines, of so many octets at most, off `input` until a reply is whole; `None` wants more
    /// input. With `enhanced` the texts begin with an enhanced status code.
    pub(crate) fn next(
        &mut self,
        input: &mut BytesMut,
        limits: &ReplyLimits,
        longest: usize,
        enhanced: bool,
    ) -> Result<Option<Reply>, ReplyFault> {
        while let Some(line) = self.line(input, limits, longest)? {
            let (code, last) = match line.get(3) {
                None => (&line[..], true),
                Some(b' ') => (&line[..3], true),
                Some(b'-') => (&line[..3], false),
                Some(_) => return Err(ReplyFault::Code),
            };
            let code = Code::parse(code).ok_or(ReplyFault::Code)?;
            if *self.code.get_or_insert(code) != code {
                return Err(ReplyFault::CodeChanged);
            }
            if self.lines > 0 {
                self.text.put_u8(b'\n');
            }
            let text = line.get(4..).unwrap_or_default();
            self.text.extend(text.iter().map(|&octet| printable(octet)));
            self.lines += 1;
            if last {
                let text = Bytes::copy_from_slice(&self.text);
                *self = Self::default();
                return Ok(Some(Reply::received(code, text, enhanced)));
            }
            if self.lines >= limits.lines {
                return Err(ReplyFault::TooManyLines);
            }
        }
        Ok(None)
    }

    /// One line off the input, without its CRLF.
    fn line(
        &mut self,
        input: &mut BytesMut,
        limits: &ReplyLimits,
        longest: usize,
    ) -> Result<Option<Bytes>, ReplyFault> {
        let found = memchr2(b'\r', b'\n', &input[self.searched..]);
        let at = found.map_or(input.len(), |found| self.searched + found);
        // Whatever stands at `at` now, CRLF would have to: the smaller limit is the one passed
        // first, however the input is cut.
        let (octets, left) = (at + 2, limits.octets - self.octets);
        if octets > longest.min(left) {
            return Err(if left < longest {
                ReplyFault::TooLong
            } else {
                ReplyFault::LineTooLong
            });
        }
        match &input[at..] {
            [] | [b'\r'] => {
                self.searched = at;
                Ok(None)
            }
            [b'\r', b'\n', ..] => {
                self.octets += octets;
                self.searched = 0;
                let mut line = input.split_to(octets).freeze();
                line.truncate(at);
                Ok(Some(line))
            }
            _ => Err(ReplyFault::BareNewline),
        }
    }
}

/// Control octets but HT would be trouble in a log or a terminal, and mean nothing here.
fn printable(octet: u8) -> u8 {
    match octet {
        b'\t' => octet,
        0..=31 | 127 => b'?',
        _ => octet,
    }
}

impl fmt::Display for ReplyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code => "a reply line without a reply code",
            Self::CodeChanged => "different codes within one reply",
            Self::LineTooLong => "a reply line over the limit",
            Self::TooManyLines => "a reply of more lines than the limit",
            Self::TooLong => "a reply over the limit",
            Self::BareNewline => "CR or LF other than as CRLF in a reply",
        })
    }
}

impl core::error::Error for ReplyFault {}
