//! A message, read in long parts and sent in pieces.

use bytes::Bytes;
use smtp_adapter::Content;
use std::io::{self, Read};
use std::mem;

/// Octets read at a time.
const READ: usize = 256 * 1024;

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

    /// Reads the next of it; less than could be read only at its end.
    pub(crate) fn read(&mut self) {
        let mut octets = Vec::with_capacity(READ);
        let read = (&mut self.content)
            .take(READ as u64)
            .read_to_end(&mut octets);
        self.ended = !matches!(read, Ok(READ));
        self.rest = read.map(|_| octets.into());
    }
}

impl<R: Read> Content for Pieces<R> {
    fn take(&mut self) -> Option<io::Result<Bytes>> {
        match &mut self.rest {
            Ok(rest) if rest.is_empty() && !self.ended => None,
            Ok(rest) => rest.take(),
            rest => Some(mem::replace(rest, Ok(Bytes::new()))),
        }
    }

    fn succeed(&mut self, _: Self) {}
}
