//! Bodies as they arrive behind BDAT: so many octets, whatever they are (RFC 3030 §2).
//!
//! A chunk may end anywhere, between CR and LF too, so the reader outlives its chunks.

use super::body::Piece;
use super::content::{self, BLOCK, ContentFault, Octet, Rules};

/// Reads the chunks of one body.
#[derive(Clone, Debug)]
pub(crate) struct ChunkReader {
    /// Octets of this chunk that are still to come.
    left: u64,
    content: Content,
    /// The chunk before ended in a CR, in a body that is made of lines: it is handed on with its LF.
    held_cr: bool,
}

/// What a body that comes in chunks is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Lines; with `bare_newlines`, a lone CR or LF is data like any other octet.
    Lines { bare_newlines: bool },
    /// Any octets (BINARYMIME).
    Binary,
}

impl ChunkReader {
    pub(crate) fn new(content: Content) -> Self {
        Self {
            left: 0,
            content,
            held_cr: false,
        }
    }

    /// A chunk of that size follows.
    pub(crate) fn begin(&mut self, size: u64) {
        self.left = size;
    }

    /// The next piece; the caller takes its octets off the input before it asks again. The end of
    /// the chunk takes none.
    pub(crate) fn next(&mut self, input: &[u8]) -> Piece {
        if self.left == 0 {
            return Piece::ChunkEnd;
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let piece = match &input[..input.len().min(left)] {
            [] => Piece::More,
            octets => self.piece(octets),
        };
        self.left -= piece.len() as u64;
        piece
    }

    fn piece(&mut self, octets: &[u8]) -> Piece {
        let Content::Lines { bare_newlines } = self.content else {
            return whole(octets.len());
        };
        if core::mem::take(&mut self.held_cr) {
            return match octets[0] {
                b'\n' => Piece::HeldNewline,
                _ if bare_newlines => Piece::HeldCr,
                _ => self.fault(ContentFault::BareCr),
            };
        }
        let rules = Rules {
            bare_newlines,
            dots: false,
            ..Rules::RECEIVED
        };
        let mut sound = content::look(octets, rules).plain;
        let block = octets.len().min(sound + BLOCK);
        while sound < block {
            sound += match content::first(&octets[sound..], rules) {
                Octet::Newline => 2,
                Octet::Data => 1,
                _ if sound > 0 => break,
                Octet::LastCr if octets.len() as u64 == self.left => {
                    self.held_cr = true;
                    return Piece::Held;
                }
                Octet::LastCr => return Piece::More,
                Octet::Fault(fault) => return self.fault(fault),
            }
        }
        whole(sound)
    }

    /// The message is void, so nothing in it counts from here on.
    fn fault(&mut self, fault: ContentFault) -> Piece {
        self.content = Content::Binary;
        Piece::Fault(fault)
    }

    /// What is left of a body that ends here: a CR that is data, or that is none.
    pub(crate) fn end(&mut self) -> Option<Piece> {
        let held = core::mem::take(&mut self.held_cr);
        let bare = Content::Lines {
            bare_newlines: false,
        };
        held.then_some(if self.content == bare {
            Piece::Fault(ContentFault::BareCr)
        } else {
            Piece::HeldCr
        })
    }
}

/// So many octets of the message, as they stand there.
fn whole(octets: usize) -> Piece {
    Piece::Data {
        octets,
        kept: octets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// The octets handed on up to the first fault, and that.
    fn read(
        body: &[u8],
        content: Content,
        chunks: &[usize],
        cut: usize,
    ) -> (Vec<u8>, Option<ContentFault>) {
        let mut reader = ChunkReader::new(content);
        let (mut data, mut start) = (Vec::new(), 0);
        for &size in chunks {
            reader.begin(size as u64);
            let (first, mut end) = (start, start + cut.min(size));
            loop {
                match reader.next(&body[start..end]) {
                    Piece::More => end = (end + cut.max(1)).min(first + size),
                    Piece::Data { octets, .. } => {
                        data.extend_from_slice(&body[start..start + octets]);
                        start += octets;
                    }
                    Piece::Held => start += 1,
                    Piece::HeldCr => data.push(b'\r'),
                    Piece::HeldNewline => {
                        data.extend_from_slice(b"\r\n");
                        start += 1;
                    }
                    Piece::Fault(fault) => return (data, Some(fault)),
                    Piece::ChunkEnd => break,
                    Piece::End => panic!("no dot ends a chunk"),
                }
            }
            assert_eq!(start, first + size);
        }
        match reader.end() {
            Some(Piece::Fault(fault)) => (data, Some(fault)),
            Some(_) => {
                data.push(b'\r');
                (data, None)
            }
            None => (data, None),
        }
    }

    /// One octet at a time, by the rule itself.
    fn reference(body: &[u8], bare_newlines: bool) -> Option<ContentFault> {
        for (at, &octet) in body.iter().enumerate() {
            let fault = match octet {
                0 => ContentFault::Nul,
                b'\r' if body.get(at + 1) != Some(&b'\n') => ContentFault::BareCr,
                b'\n' if at == 0 || body[at - 1] != b'\r' => ContentFault::BareLf,
                _ => continue,
            };
            if fault == ContentFault::Nul || !bare_newlines {
                return Some(fault);
            }
        }
        None
    }

    proptest! {
        #[test]
        fn chunks_say_what_their_octets_say_wherever_they_are_cut(
            body in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a'), Just(0)], 0..12),
            at in 0..12_usize,
            cut in 0..12_usize,
        ) {
            let at = at.min(body.len());
            let chunks = [at, 0, body.len() - at];
            prop_assert_eq!(read(&body, Content::Binary, &chunks, cut), (body.clone(), None));
            for bare_newlines in [false, true] {
                let (data, fault) = read(&body, Content::Lines { bare_newlines }, &chunks, cut);
                prop_assert_eq!(fault, reference(&body, bare_newlines));
                // Up to the fault, whatever the cuts.
                let sound = body.len() - usize::from(fault.is_some());
                let whole = read(&body, Content::Lines { bare_newlines }, &[body.len()], sound + 1);
                prop_assert_eq!(&data, &whole.0);
                prop_assert!(body.starts_with(&data));
                prop_assert!(fault.is_some() || data == body);
            }
        }
    }
}
