//! What was read and is not yet used up: kept as long as something borrows from it, and no longer. What
//! may be a secret is wiped, and a buffer with nothing in it isn't kept, since a client may be silent for
//! long and there may be many of them.

use crate::wire::LineReader;
use bytes::{Buf, BytesMut};
use core::fmt;
use zeroize::Zeroize;

/// What was read and not yet used up.
#[derive(Clone, Default)]
pub(super) struct Input {
    pub(super) buffer: BytesMut,
    /// Octets at the front that are used up; they go when nothing borrows the buffer.
    pub(super) used: usize,
    /// Octets behind those that make up the line an open decision borrows from.
    pub(super) line: usize,
    pub(super) lines: LineReader,
    pub(super) ended: bool,
    /// What is used up, or will be, may be a secret: a line of AUTH, or one that nobody read.
    pub(super) secret: bool,
}

/// How much there is; what it says may be secret.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("octets", &self.buffer.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Input {
    pub(super) fn drop_used(&mut self) {
        if self.secret {
            self.buffer[..self.used].zeroize();
            // The line that a decision borrows from may be the one.
            self.secret = self.line > 0;
        }
        self.buffer.advance(self.used);
        self.used = 0;
    }

    /// Makes room for so many octets behind a line that isn't whole. If it has to move, nothing of it
    /// stays where it was: it may be AUTH's.
    pub(super) fn reserve(&mut self, octets: usize) {
        if self.buffer.is_empty() || self.buffer.capacity() - self.buffer.len() >= octets {
            return self.buffer.reserve(octets);
        }
        let mut larger = BytesMut::with_capacity(self.buffer.len() + octets.max(self.buffer.len()));
        larger.extend_from_slice(&self.buffer);
        self.buffer.zeroize();
        self.buffer = larger;
    }
}

/// What was read of a line that nobody waits for any more.
impl Drop for Input {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

/// Octets of a buffer that is kept: a command line, or a reply.
const KEEP: usize = 256;

/// Gives a larger one back if it is empty.
pub(super) fn give_back(buffer: &mut BytesMut) {
    if buffer.is_empty() && buffer.try_reclaim(KEEP + 1) {
        *buffer = BytesMut::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a buffer of that size is kept, once as much of it was filled and taken.
    fn is_kept(size: usize, filled: usize) -> bool {
        let mut buffer = BytesMut::with_capacity(size);
        buffer.resize(filled, b'x');
        drop(buffer.split());
        give_back(&mut buffer);
        buffer.capacity() > 0 || buffer.try_reclaim(1)
    }

    #[test]
    fn an_empty_buffer_is_kept_where_it_is_small() {
        assert!(is_kept(80, 80));
        assert!(is_kept(256, 0));
        for filled in [0, 100, 32_768] {
            assert!(!is_kept(32_768, filled), "{filled}");
        }
    }

    #[test]
    fn what_holds_something_stays() {
        let mut buffer = BytesMut::with_capacity(32_768);
        buffer.extend_from_slice(b"NOOP\r\n");
        give_back(&mut buffer);
        assert_eq!(&buffer[..], b"NOOP\r\n");
    }
}
