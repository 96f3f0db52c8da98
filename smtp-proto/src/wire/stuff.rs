//! Bodies as they are sent: by DATA, where dots that open a line are doubled and the last line is
//! completed (RFC 5321 §4.5.2), or by BDAT (RFC 3030 §2). Nothing is written that a receiver could
//! take for a boundary, or that whoever gets it from that receiver could.

use super::Transmit;
use super::content::{self, ContentFault, Stop};
use bytes::Bytes;

/// What a client does with line ends in the content it is given (RFC 5321 §2.3.8), by DATA and by BDAT
/// alike.
///
/// Whatever it is, a lone CR, a lone LF or a NUL is never written: some server takes it for the end of
/// the message, or hands it on to one that does, and what the sender put behind it is commands then. It
/// makes no difference that the message came from a server that
/// [accepts it as data](crate::server::BareNewline::AcceptAsData). What can't be converted is refused
/// by [`Error::Content`](crate::client::Error::Content): the message is given no end and the connection
/// is over, so nobody has it. Only `BODY=BINARYMIME` passes any octet (RFC 3030 §3), counted in chunks,
/// and to no server that doesn't offer it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Newlines {
    /// An LF alone becomes CRLF, as local text files need it, and a dot behind it is stuffed as in any
    /// line; a CR alone is refused.
    #[default]
    Convert,
    /// Anything but CRLF is refused.
    RequireCrlf,
}

/// By what a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SentBy {
    /// DATA: lines, and a dot.
    Data,
    /// BDAT: lines as they are.
    Chunks,
    /// BDAT, and the body is BINARYMIME: octets as they are.
    BinaryChunks,
}

/// Writes one body.
#[derive(Clone, Debug)]
pub(crate) struct Stuffer {
    newlines: Newlines,
    sent_by: SentBy,
    seven_bit: bool,
    line_start: bool,
    /// The last octet was a CR; it is written once its LF is there.
    held_cr: bool,
}

impl Stuffer {
    pub(crate) fn new(newlines: Newlines, sent_by: SentBy, seven_bit: bool) -> Self {
        Self {
            newlines,
            sent_by,
            seven_bit,
            line_start: true,
            held_cr: false,
        }
    }

    /// Writes the next octets of the message; large chunks are passed on without a copy.
    pub(crate) fn write(&mut self, chunk: Bytes, out: &mut Transmit) -> Result<(), ContentFault> {
        if self.sent_by == SentBy::BinaryChunks {
            out.push(chunk);
            return Ok(());
        }
        if self.seven_bit && !chunk.is_ascii() {
            return Err(ContentFault::EightBit);
        }
        let mut done = 0;
        while let Some(first) = chunk.get(done) {
            if self.held_cr {
                if *first != b'\n' {
                    return Err(ContentFault::BareCr);
                }
                done += 1;
                self.end_line(out);
                continue;
            }
            if self.line_start && *first == b'.' && self.sent_by == SentBy::Data {
                out.put(b".");
            }
            // A dot that opens a line needs nothing more, so it isn't looked at again.
            let dot = usize::from(*first == b'.');
            let (octets, stop) = content::run(&chunk[done + dot..]);
            let run = done..done + dot + octets;
            done = run.end;
            if !run.is_empty() {
                self.line_start = chunk[run.clone()].ends_with(b"\r\n");
                out.pass(&chunk, run);
            }
            match stop {
                Stop::End | Stop::Dot => {}
                Stop::LastCr => {
                    self.held_cr = true;
                    done += 1;
                }
                Stop::Fault(ContentFault::BareLf) if self.newlines == Newlines::Convert => {
                    done += 1;
                    self.end_line(out);
                }
                Stop::Fault(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// By DATA, completes the last line and writes the final dot.
    pub(crate) fn finish(&mut self, out: &mut Transmit) -> Result<(), ContentFault> {
        if self.held_cr {
            return Err(ContentFault::BareCr);
        }
        match (self.sent_by, self.line_start) {
            (SentBy::Data, true) => out.put(b".\r\n"),
            (SentBy::Data, false) => out.put(b"\r\n.\r\n"),
            _ => {}
        }
        Ok(())
    }

    fn end_line(&mut self, out: &mut Transmit) {
        out.put(b"\r\n");
        self.held_cr = false;
        self.line_start = true;
    }
}
