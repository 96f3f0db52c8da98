//! Bodies as they are sent: by DATA, where dots that open a line are doubled and the last line is
//! completed (RFC 5321 §4.5.2), or by BDAT (RFC 3030 §2). Nothing is written that a receiver could
//! take for a boundary, or that whoever gets it from that receiver could.

use super::Transmit;
use super::content::{self, BLOCK, ContentFault, MANY, Octet, Rules};
use super::mend::Mended;
use bytes::Bytes;
use core::ops::Range;

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
    sent_by: SentBy,
    rules: Rules,
    line_start: bool,
    /// The last octet was a CR; it is written once its LF is there.
    held_cr: bool,
    /// The last block that wanted hands wanted many.
    many: bool,
}

impl Stuffer {
    pub(crate) fn new(newlines: Newlines, sent_by: SentBy, seven_bit: bool) -> Self {
        Self {
            sent_by,
            rules: Rules {
                bare_newlines: false,
                nul: false,
                eight_bit: !seven_bit,
                dots: sent_by == SentBy::Data,
                converts: newlines == Newlines::Convert,
            },
            line_start: true,
            held_cr: false,
            many: false,
        }
    }

    /// Writes the next octets of the message; what is plain goes on without a copy where that pays.
    pub(crate) fn write(&mut self, chunk: Bytes, out: &mut Transmit) -> Result<(), ContentFault> {
        if self.sent_by == SentBy::BinaryChunks {
            out.push(chunk);
            return Ok(());
        }
        let mut done = 0;
        while let Some(first) = chunk.get(done) {
            if self.held_cr {
                if *first != b'\n' {
                    return Err(ContentFault::BareCr);
                }
                out.put(b"\r\n");
                self.held_cr = false;
                self.line_start = true;
                done += 1;
                continue;
            }
            if *first == b'\n' && self.rules.converts {
                out.put(b"\r\n");
                self.line_start = true;
                done += 1;
                continue;
            }
            // That dot isn't looked at again: behind this it is like any other octet.
            if self.opens_with_dot(*first) {
                out.put(b".");
                self.line_start = false;
            }
            let look = content::look(&chunk[done..], self.rules);
            let plain = done + look.plain;
            self.pass(&chunk, done..plain, out);
            done = plain + look.mended;
            if look.mended > 0 {
                self.mend(&chunk, plain..done, out);
            } else if plain < chunk.len() {
                done = plain + self.write_octet_by_octet(&chunk[plain..], out)?;
            }
        }
        Ok(())
    }

    /// Writes a block of octets, some of which want another before them.
    fn mend(&mut self, chunk: &Bytes, block: Range<usize>, out: &mut Transmit) {
        let hands = (!self.many).then(|| content::hands(&chunk[block.clone()], self.rules));
        if let Some(hands) = hands.flatten() {
            let mut start = block.start;
            for hand in hands.map(|hand| block.start + hand) {
                self.pass(chunk, start..hand, out);
                out.put(if chunk[hand] == b'.' { b"." } else { b"\r" });
                start = hand;
            }
            return self.pass(chunk, start..block.end, out);
        }
        let block = &chunk[block];
        self.line_start = block.ends_with(b"\n");
        let mended = Mended::new(block, self.rules);
        self.many = mended.octets().len() > block.len() + MANY;
        out.put(mended.octets());
    }

    /// Writes a run of octets as they are.
    fn pass(&mut self, chunk: &Bytes, run: Range<usize>, out: &mut Transmit) {
        if !run.is_empty() {
            self.line_start = chunk[run.clone()].ends_with(b"\n");
            out.pass(chunk, run);
        }
    }

    fn opens_with_dot(&self, octet: u8) -> bool {
        octet == b'.' && self.line_start && self.rules.dots
    }

    /// Writes a block of octets, each of which is looked at by itself; says how many.
    fn write_octet_by_octet(
        &mut self,
        octets: &[u8],
        out: &mut Transmit,
    ) -> Result<usize, ContentFault> {
        // No octet becomes more than two.
        let (mut block, mut filled, mut done) = ([0; 2 * BLOCK], 0, 0);
        let mut put = |octet| {
            block[filled] = octet;
            filled += 1;
        };
        while done < octets.len().min(BLOCK - 1) {
            let octet = octets[done];
            if self.opens_with_dot(octet) {
                put(b'.');
            }
            self.line_start = false;
            done += 1;
            match content::first(&octets[done - 1..], self.rules) {
                Octet::Data => put(octet),
                Octet::LastCr => self.held_cr = true,
                Octet::Fault(fault) if fault != ContentFault::BareLf || !self.rules.converts => {
                    return Err(fault);
                }
                newline => {
                    put(b'\r');
                    put(b'\n');
                    self.line_start = true;
                    done += usize::from(newline == Octet::Newline);
                }
            }
        }
        out.put(&block[..filled]);
        Ok(done)
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::content::tests::bodies;
    use bytes::Buf;
    use proptest::prelude::*;

    fn write(mut body: Bytes, mut stuffer: Stuffer, cut: usize) -> Result<Bytes, ContentFault> {
        let mut out = Transmit::default();
        while !body.is_empty() {
            stuffer.write(body.split_to(cut.min(body.len())), &mut out)?;
        }
        stuffer.finish(&mut out)?;
        Ok(out.copy_to_bytes(out.remaining()))
    }

    proptest! {
        #[test]
        fn a_body_of_many_blocks_is_written_as_it_is_octet_by_octet(
            body in bodies(),
            [convert, data, seven_bit] in any::<[bool; 3]>(),
            cut in 2..20_000_usize,
        ) {
            let newlines = if convert { Newlines::Convert } else { Newlines::RequireCrlf };
            let sent_by = if data { SentBy::Data } else { SentBy::Chunks };
            let stuffer = Stuffer::new(newlines, sent_by, seven_bit);
            let body = Bytes::from(body);
            let cut_up = write(body.clone(), stuffer.clone(), 1);
            prop_assert_eq!(write(body, stuffer, cut), cut_up);
        }
    }
}
