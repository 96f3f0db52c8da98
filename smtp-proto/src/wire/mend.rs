//! Blocks of a body that is sent in which many octets want a hand: a CR before an LF that is alone, a
//! second dot before one that opens a line (RFC 5321 §4.5.2).

use super::content::{BLOCK, Rules};

/// Octets that are looked at together.
const PART: usize = 32;

/// A block with what its octets want before them.
pub(super) struct Mended {
    /// No octet becomes more than two, and eight are put down at once, however many are left.
    octets: [u8; 2 * BLOCK + 8],
    filled: usize,
    /// The highest bit, or none, of an octet that wants a dot, or a CR.
    dots: u8,
    converts: u8,
}

impl Mended {
    /// Of a block of at least one octet that has nothing else against the rules. A dot at its very front
    /// wants no other.
    pub(super) fn new(block: &[u8], rules: Rules) -> Self {
        let mut mended = Self {
            octets: [0; 2 * BLOCK + 8],
            filled: 0,
            dots: if rules.dots { 0x80 } else { 0 },
            converts: if rules.converts { 0x80 } else { 0 },
        };
        let (befores, before_last) = block[..block.len() - 1].as_chunks();
        let (parts, last) = block[1..].as_chunks();
        mended.put(&[0; PART], &padded(&block[..1]), 1);
        for (befores, part) in befores.iter().zip(parts) {
            mended.put(befores, part, PART);
        }
        mended.put(&padded(before_last), &padded(last), last.len());
        mended
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.octets[..self.filled]
    }

    /// Adds so many octets of a part, each of which stands behind one of `befores`.
    // The loops are short, and the first has no branch, so that it becomes vector instructions.
    #[allow(clippy::inline_always, clippy::needless_bitwise_bool)]
    #[inline(always)]
    fn put(&mut self, befores: &[u8; PART], part: &[u8; PART], mut left: usize) {
        let mut hands = [0; PART];
        for ((hand, octet), before) in hands.iter_mut().zip(part).zip(befores) {
            let dot = (*octet == b'.') & (*before == b'\n');
            let bare = (*octet == b'\n') & (*before != b'\r');
            *hand = (u8::from(dot).wrapping_neg() & self.dots)
                | (u8::from(bare).wrapping_neg() & self.converts);
        }
        for (eight, hands) in part.as_chunks().0.iter().zip(hands.as_chunks().0) {
            let eight = u64::from_le_bytes(*eight);
            let mut hands = u64::from_le_bytes(*hands);
            let mut begin = self.filled;
            self.put_eight(begin, eight);
            while hands > 0 {
                let bit = hands.trailing_zeros();
                hands &= hands - 1;
                // What wants a hand stays there, and is put down once more behind itself: for a dot that
                // is all.
                begin += 1;
                let (rest, at) = (eight >> (bit & 0x38), begin + bit as usize / 8);
                self.put_eight(at, rest);
                if rest.to_le_bytes()[0] == b'\n' {
                    self.octets[at - 1] = b'\r';
                }
            }
            let octets = left.min(8);
            self.filled = begin + octets;
            left -= octets;
        }
    }

    fn put_eight(&mut self, at: usize, eight: u64) {
        self.octets[at..][..8].copy_from_slice(&eight.to_le_bytes());
    }
}

fn padded(octets: &[u8]) -> [u8; PART] {
    let mut padded = [0; PART];
    padded[..octets.len()].copy_from_slice(octets);
    padded
}
