//! The message while it is sent, by DATA or chunk by chunk.

use super::Error;
use crate::extension::Bdat;
use crate::wire::{Newlines, SentBy, Stuffer, Transmit};
use bytes::{Buf, Bytes};

/// Octets gathered before a chunk goes out. A chunk costs a reply; what is smaller waits for more, or
/// for the end.
const CHUNK: usize = 64 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    stuffer: Stuffer,
    chunked: bool,
    /// What of a chunk is there.
    gathered: Transmit,
    /// Octets of the message so far, as they were given.
    octets: u64,
    /// Octets that may still go in chunks, and how many those were.
    room: u64,
    limit: u64,
}

impl Outgoing {
    /// With a `limit` on the octets that go in chunks.
    pub(super) fn new(newlines: Newlines, sent_by: SentBy, seven_bit: bool, limit: u64) -> Self {
        Self {
            stuffer: Stuffer::new(newlines, sent_by, seven_bit),
            chunked: sent_by != SentBy::Data,
            gathered: Transmit::default(),
            octets: 0,
            room: limit,
            limit,
        }
    }

    /// Writes the next octets, or gathers them.
    pub(super) fn write(&mut self, chunk: Bytes, out: &mut Transmit) -> Result<(), Error> {
        self.octets += chunk.len() as u64;
        let out = if self.chunked {
            &mut self.gathered
        } else {
            out
        };
        self.stuffer.write(chunk, out).map_err(Error::Content)?;
        if self.gathered.remaining() as u64 > self.room {
            return Err(Error::TooBig { limit: self.limit });
        }
        Ok(())
    }

    /// Writes the end, or completes what was gathered.
    pub(super) fn finish(&mut self, out: &mut Transmit) -> Result<(), Error> {
        let out = if self.chunked {
            &mut self.gathered
        } else {
            out
        };
        self.stuffer.finish(out).map_err(Error::Content)
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
        let octets = content.remaining() as u64;
        self.room -= octets;
        (Bdat::new(octets, last), content)
    }

    /// Octets of the message so far.
    pub(super) const fn octets(&self) -> u64 {
        self.octets
    }
}
