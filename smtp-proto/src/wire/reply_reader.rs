//! Replies as they arrive (RFC 5321 §4.2): lines gathered until the one that ends the reply.
//!
//! Strict on the shape, since a client that guesses where a reply ends can be made to take one
//! reply for another; tolerant of what a line says.

use crate::grammar::{any, first_below};
use crate::limits::ReplyLimits;
use crate::reply::{Code, Reply};
use bytes::{Buf, BytesMut};
use core::fmt;

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

/// Reads replies off a stream, one after another, as a [`client::Connection`](crate::client::Connection)
/// does for itself: for proxies, monitors and whatever else sees replies go by.
///
/// ```
/// use smtp_proto::{Capabilities, Extension, ReplyLimits, ReplyReader, bytes::BytesMut};
/// let (mut replies, limits) = (ReplyReader::default(), ReplyLimits::default());
/// let mut input = BytesMut::from("250-mx.example.org\r\n250-SIZE 1000\r\n250 PIPE");
/// assert_eq!(replies.next(&mut input, &limits, false)?, None);
/// input.extend_from_slice(b"LINING\r\n250 2.1.0 go on\r\n");
/// let reply = replies.next(&mut input, &limits, false)?.expect("it is whole");
/// assert!(Capabilities::from_reply(reply).offers(Extension::Pipelining));
/// let reply = replies.next(&mut input, &limits, true)?.expect("it is whole");
/// assert_eq!(reply.enhanced().map(|code| code.to_string()).as_deref(), Some("2.1.0"));
/// # Ok::<(), smtp_proto::ReplyFault>(())
/// ```
// What is there of one stays at the front of the input until it is whole.
#[derive(Clone, Debug, Default)]
pub struct ReplyReader {
    /// Octets at the front that are lines, and those in which no other line ends.
    read: usize,
    searched: usize,
    /// What the first line began with.
    code: Option<(Code, [u8; 3])>,
    lines: usize,
    /// Whether a control below the blank that is odd was among them.
    odd: bool,
    /// What `next` found to be wrong.
    fault: Option<ReplyFault>,
}

impl ReplyReader {
    /// Takes the next reply off `input`; `None` wants more input behind what is there, which is not to be
    /// changed. With `enhanced`, for a server that offers ENHANCEDSTATUSCODES, the texts begin with such
    /// a code (RFC 2034). Control characters in a text become `?`.
    ///
    /// # Errors
    /// Where it is no reply, or more than the limits allow; and from then on, since nobody knows where the
    /// next reply would begin.
    ///
    /// # Panics
    /// If `input` is shorter than it was left.
    pub fn next(
        &mut self,
        input: &mut BytesMut,
        limits: &ReplyLimits,
        enhanced: bool,
    ) -> Result<Option<Reply>, ReplyFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let whole = self.whole(input, limits);
        self.fault = whole.as_ref().err().copied();
        let Some(code) = whole? else {
            return Ok(None);
        };
        let lines = &mut input[..self.read - 2];
        if self.odd || any(lines, |octet| octet == DEL) {
            let odd = lines.iter_mut().filter(|octet| is_odd(**octet));
            odd.for_each(|octet| *octet = b'?');
        }
        let reply = Reply::received(code, lines, enhanced);
        input.advance(self.read);
        *self = Self::default();
        Ok(Some(reply))
    }

    /// Reads lines until the one that ends the reply, whose code that is.
    fn whole(&mut self, input: &[u8], limits: &ReplyLimits) -> Result<Option<Code>, ReplyFault> {
        while let Some(end) = self.end_of_line(input, limits)? {
            // What is short of a mark has its CR there.
            let Some([digits @ .., mark]) = input[self.read..].first_chunk::<4>() else {
                return Err(ReplyFault::Code);
            };
            let more = match mark {
                b'-' => true,
                b' ' | b'\r' => false,
                _ => return Err(ReplyFault::Code),
            };
            let code = match self.code {
                Some((code, same)) if same == *digits => code,
                before => {
                    let code = Code::parse(*digits).ok_or(ReplyFault::Code)?;
                    if before.is_some() {
                        return Err(ReplyFault::CodeChanged);
                    }
                    self.code = Some((code, *digits));
                    code
                }
            };
            self.read = end;
            self.searched = end;
            self.lines += 1;
            if !more {
                return Ok(Some(code));
            }
            if self.lines >= limits.lines {
                return Err(ReplyFault::TooManyLines);
            }
        }
        Ok(None)
    }

    /// What is behind the CRLF that ends the line there is.
    fn end_of_line(
        &mut self,
        input: &[u8],
        limits: &ReplyLimits,
    ) -> Result<Option<usize>, ReplyFault> {
        let unseen = &input[self.searched..];
        let found = first_below::<0x20>(unseen, |octet| {
            let newline = matches!(octet, b'\r' | b'\n');
            if !newline && is_odd(octet) {
                self.odd = true;
            }
            newline
        });
        self.searched += found.unwrap_or(unseen.len());
        // Whatever stands there now, CRLF would have to: the smaller limit is the one passed first,
        // however the input is cut.
        let end = self.searched + 2;
        if end - self.read > limits.line || end > limits.octets {
            return Err(if limits.octets.saturating_sub(self.read) < limits.line {
                ReplyFault::TooLong
            } else {
                ReplyFault::LineTooLong
            });
        }
        match &input[self.searched..] {
            [b'\r', b'\n', ..] => Ok(Some(end)),
            [] | [b'\r'] => Ok(None),
            _ => Err(ReplyFault::BareNewline),
        }
    }
}

/// The control that stands above all else of ASCII.
const DEL: u8 = 0x7F;

/// Control octets but HT would be trouble in a log or a terminal, and mean nothing here; CRLF stands
/// between lines.
fn is_odd(octet: u8) -> bool {
    octet.is_ascii_control() && !matches!(octet, b'\t' | b'\r' | b'\n')
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
