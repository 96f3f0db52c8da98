//! Output waiting for the driver to write it.

use super::give_back;
use alloc::collections::VecDeque;
use bytes::{Buf, Bytes, BytesMut};
use core::fmt;
use core::ops::Range;
#[cfg(feature = "std")]
use std::io::IoSlice;
use zeroize::Zeroize;

/// From this size on a chunk is passed on as it is; below, a copy costs less than a slice of its
/// own.
const SHARE: usize = 2048;

/// Octets to be written to the peer, in order.
///
/// It is a [`Buf`]: write [`chunk`](Buf::chunk) (or, where the socket takes several at once,
/// [`chunks_vectored`](Buf::chunks_vectored)) and [`advance`](Buf::advance) by what was taken.
#[derive(Clone, Default)]
pub struct Transmit {
    /// Finished chunks; everything in `tail` comes behind them.
    chunks: VecDeque<Bytes>,
    tail: BytesMut,
    /// Octets in `chunks`.
    queued: usize,
    /// Octets ever taken.
    taken: u64,
    /// There is a secret in `tail`.
    secret: bool,
}

impl Transmit {
    /// Appends a copy.
    pub(crate) fn put(&mut self, octets: &[u8]) {
        self.tail.extend_from_slice(octets);
    }

    /// Appends a part of a chunk, without a copy where that pays.
    pub(crate) fn pass(&mut self, chunk: &Bytes, part: Range<usize>) {
        if part.len() < SHARE {
            self.put(&chunk[part]);
        } else {
            self.push(chunk.slice(part));
        }
    }

    /// Appends without a copy where that pays.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        if chunk.len() < SHARE {
            return self.put(&chunk);
        }
        if !self.tail.is_empty() {
            let tail = self.tail.split().freeze();
            self.queued += tail.len();
            self.chunks.push_back(tail);
        }
        self.queued += chunk.len();
        self.chunks.push_back(chunk);
    }

    /// Appends all of another.
    pub(crate) fn append(&mut self, mut other: Self) {
        for chunk in other.chunks.drain(..) {
            self.push(chunk);
        }
        self.push(other.tail.split().freeze());
    }

    /// The buffer that lines are written into, behind all that is queued.
    pub(crate) fn tail(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// So many octets that are put next are wiped once they are written out. There is room for them, so
    /// that nothing of them is left where it would have to be moved from.
    pub(crate) fn expect_secret(&mut self, octets: usize) {
        self.tail.reserve(octets);
        self.secret = true;
    }

    fn wipe(&mut self, octets: usize) {
        if self.secret {
            self.tail[..octets].zeroize();
        }
    }

    /// Octets ever written out.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// Gives back memory that nothing is in.
    pub(crate) fn shrink(&mut self) {
        give_back(&mut self.tail);
    }

    /// Drops what wasn't written.
    pub(crate) fn clear(&mut self) {
        self.wipe(self.tail.len());
        self.secret = false;
        self.chunks.clear();
        self.tail.clear();
        self.queued = 0;
    }
}

impl Drop for Transmit {
    fn drop(&mut self) {
        self.wipe(self.tail.len());
    }
}

/// How much there is; what it says may be secret.
impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transmit")
            .field("remaining", &self.remaining())
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

impl Buf for Transmit {
    fn remaining(&self) -> usize {
        self.queued + self.tail.len()
    }

    fn chunk(&self) -> &[u8] {
        self.chunks.front().map_or(&self.tail, |chunk| chunk)
    }

    /// # Panics
    /// If there aren't as many octets.
    fn advance(&mut self, mut octets: usize) {
        self.taken += octets as u64;
        while let Some(chunk) = self.chunks.front_mut() {
            if octets < chunk.len() {
                chunk.advance(octets);
                self.queued -= octets;
                return;
            }
            octets -= chunk.len();
            self.queued -= chunk.len();
            self.chunks.pop_front();
        }
        self.wipe(octets);
        self.tail.advance(octets);
        self.secret &= !self.tail.is_empty();
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let all = self.chunks.iter().map(|chunk| &chunk[..]);
        let all = all.chain((!self.tail.is_empty()).then_some(&self.tail[..]));
        let mut filled = 0;
        for (slice, chunk) in slices.iter_mut().zip(all) {
            *slice = IoSlice::new(chunk);
            filled += 1;
        }
        filled
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_slices_of_one_write_are_the_octets_of_many() {
        let mut out = Transmit::default();
        out.put(b"MAIL FROM:<a@b>\r\n");
        out.push(Bytes::from(alloc::vec![b'x'; SHARE]));
        out.push(Bytes::from(alloc::vec![b'y'; SHARE]));
        out.put(b"\r\n.\r\n");
        let mut each = out.clone();
        let whole = each.copy_to_bytes(each.remaining());
        for taken in [0, 1, 17, 17 + SHARE, out.remaining() - 1, out.remaining()] {
            for most in 0..=5 {
                let mut rest = out.clone();
                rest.advance(taken);
                let mut slices = [IoSlice::new(&[]); 5];
                let filled = rest.chunks_vectored(&mut slices[..most]);
                let octets: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
                assert!(whole[taken..].starts_with(&octets), "{taken} {most}");
                assert!(slices[..filled].iter().all(|slice| !slice.is_empty()));
                if filled < most {
                    assert_eq!(octets.len(), rest.remaining());
                }
            }
        }
    }
}
