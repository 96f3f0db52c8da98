//! The message while it is sent, by DATA or chunk by chunk.

use crate::extension::Bdat;
use crate::wire::{ContentFault, Newlines, SentBy, Stuffer, Transmit};
use bytes::{Buf, Bytes};

/// Octets gathered before a chunk goes out. A chunk costs a reply; what is smaller waits for more, or
/// for the end.
const CHUNK: usize = 32 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    stuffer: Stuffer,
    chunked: bool,
    /// What of a chunk is there.
    gathered: Transmit,
    /// Octets of the message so far, as they were given.
    octets: u64,
}

impl Outgoing {
    pub(super) fn new(newlines: Newlines, sent_by: SentBy, seven_bit: bool) -> Self {
        Self {
            stuffer: Stuffer::new(newlines, sent_by, seven_bit),
            chunked: sent_by != SentBy::Data,
            gathered: Transmit::default(),
            octets: 0,
        }
    }

    /// Writes the next octets, or gathers them.
    pub(super) fn write(&mut self, chunk: Bytes, out: &mut Transmit) -> Result<(), ContentFault> {
        self.octets += chunk.len() as u64;
        let out = if self.chunked {
            &mut self.gathered
        } else {
            out
        };
        self.stuffer.write(chunk, out)
    }

    /// Writes the end, or completes what was gathered.
    pub(super) fn finish(&mut self, out: &mut Transmit) -> Result<(), ContentFault> {
        let out = if self.chunked {
            &mut self.gathered
        } else {
            out
        };
        self.stuffer.finish(out)
    }

    /// Whether it goes by BDAT.
    pub(super) const fn is_chunked(&self) -> bool {
        self.chunked
    }

    /// Whether enough is gathered for a chunk.
    pub(super) fn is_full(&self) -> bool {
        self.gathered.remaining() >= CHUNK
    }

    /// What was gathered, and the command in front of it.
    pub(super) fn take_chunk(&mut self, last: bool) -> (Bdat, Transmit) {
        let content = core::mem::take(&mut self.gathered);
        (Bdat::new(content.remaining() as u64, last), content)
    }

    /// Octets of the message so far.
    pub(super) const fn octets(&self) -> u64 {
        self.octets
    }
}
