//! What was read and is not yet used up: kept as long as something borrows from it, and no longer. What
//! may be a secret is wiped.

use crate::verb::opens_auth;
use crate::wire::LineReader;
use bytes::{Buf, BytesMut};
use core::fmt;
use memchr::memchr_iter;
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

    /// Whether a line that isn't used up may be AUTH's: one that begins like it, or that nobody read.
    pub(super) fn has_auth(&self) -> bool {
        let lines = &self.buffer[self.used..];
        let mut next = memchr_iter(b'\n', lines).map(|end| &lines[end + 1..]);
        self.lines.is_overlong() || opens_auth(lines) || next.any(opens_auth)
    }

    /// Makes room for so many octets behind a line that isn't whole. If it has to move, nothing of it
    /// stays where it was: it may be AUTH's. Then there is room for more, so that one that comes in small
    /// reads doesn't move with each.
    pub(super) fn reserve(&mut self, octets: usize) {
        if self.buffer.is_empty() || self.buffer.capacity() - self.buffer.len() >= octets {
            return self.buffer.reserve(octets);
        }
        let more = self.buffer.len().max(2 * octets);
        let mut larger = BytesMut::with_capacity(self.buffer.len() + more);
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn a_line_in_small_reads_moves_once_and_again_when_the_room_is_used_up() {
        let mut input = Input::default();
        let mut places = Vec::new();
        for _ in 0..10_000 {
            input.reserve(4_096);
            input.buffer.extend_from_slice(b"x");
            places.push(input.buffer.as_ptr());
        }
        places.dedup();
        assert!(places.len() <= 4, "{}", places.len());
    }
}
