//! A message, read in long parts and sent in pieces.

use bytes::Bytes;
use std::io::{self, Read};
use std::mem;

/// Octets read at a time, and of those the ones that go in one chunk.
const READ: usize = 256 * 1024;
const CHUNK: usize = 64 * 1024;

pub(crate) struct Pieces<R> {
    content: R,
    /// What was read and not taken.
    rest: io::Result<Bytes>,
    /// There is no more to read.
    ended: bool,
}

impl Pieces<io::Empty> {
    /// Of a message that is all there.
    pub(crate) fn of(octets: Bytes) -> Self {
        Self {
            content: io::empty(),
            rest: Ok(octets),
            ended: true,
        }
    }
}

impl<R: Read> Pieces<R> {
    pub(crate) fn new(content: R) -> Self {
        Self {
            content,
            rest: Ok(Bytes::new()),
            ended: false,
        }
    }

    /// Whether the next piece can be taken without a read.
    pub(crate) fn is_at_hand(&self) -> bool {
        self.ended || self.rest.as_ref().is_ok_and(|rest| !rest.is_empty())
    }

    /// Reads the next of it; less than could be read only at its end.
    pub(crate) fn read(&mut self) {
        let mut octets = Vec::with_capacity(READ);
        let read = (&mut self.content)
            .take(READ as u64)
            .read_to_end(&mut octets);
        self.ended = !matches!(read, Ok(READ));
        self.rest = read.map(|_| octets.into());
    }

    /// The next piece, empty at the end.
    pub(crate) fn take(&mut self) -> io::Result<Bytes> {
        let mut rest = mem::replace(&mut self.rest, Ok(Bytes::new()))?;
        let piece = rest.split_to(rest.len().min(CHUNK));
        self.rest = Ok(rest);
        Ok(piece)
    }
}
