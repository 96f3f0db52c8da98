//! A message as it arrives, pulled by whoever wants it.

use bytes::{Buf, Bytes};
use std::fmt;
use std::io::{self, Read};

/// Where a body comes from.
pub(crate) trait Source {
    /// The next octets; `None` at the true, sound end, and from then on.
    fn next_chunk(&mut self) -> io::Result<Option<Bytes>>;
}

/// The octets of one message: dots unstuffed, line ends CRLF.
///
/// Nothing is read from the client until it is asked for, so a slow reader slows the client down
/// and memory stays flat. Read it by [`Read`], or chunk by chunk without a copy.
pub struct Body<'a> {
    source: &'a mut dyn Source,
    /// What [`Read`] hasn't had room for.
    rest: Bytes,
}

impl<'a> Body<'a> {
    pub(crate) fn new(source: &'a mut dyn Source) -> Self {
        Self {
            source,
            rest: Bytes::new(),
        }
    }

    /// The next octets of the message, never none; `None` only after its true, sound end.
    ///
    /// # Errors
    /// If the message is void: the client hung up or fell silent, sent an octet that can't stand
    /// in a message, or too many. What came of it must be forgotten. The error holds a
    /// [`Fault`](smtp_proto::server::Fault) where it was the client's.
    pub fn next_chunk(&mut self) -> io::Result<Option<Bytes>> {
        if self.rest.is_empty() {
            self.source.next_chunk()
        } else {
            Ok(Some(std::mem::take(&mut self.rest)))
        }
    }

    /// Reads to the end and wants nothing of it; says how many octets there were.
    ///
    /// # Errors
    /// As for [`next_chunk`](Self::next_chunk).
    pub fn discard(&mut self) -> io::Result<u64> {
        let mut octets = 0;
        while let Some(chunk) = self.next_chunk()? {
            octets += chunk.len() as u64;
        }
        Ok(octets)
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(mut chunk) = self.next_chunk()? else {
            return Ok(0);
        };
        let octets = chunk.len().min(buffer.len());
        chunk.copy_to_slice(&mut buffer[..octets]);
        self.rest = chunk;
        Ok(octets)
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
