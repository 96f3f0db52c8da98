//! The message while it arrives: its octets handed on, its faults told once, its size counted.
//!
//! A body with a fault is still read to its true end, by the same rules, so that nothing in it is
//! ever taken for a command.

use super::{BareNewline, Fault};
use crate::timeout::BLOCK;
use crate::wire::{ChunkReader, Content, Piece, Unstuffer};
use bytes::{Buf, Bytes, BytesMut};

/// What came of some input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The next octets of the message.
    Chunk(Bytes),
    /// The message is void from here on.
    Void(Fault),
    /// The final dot, or the end of a chunk: the message is sound so far, or void as told.
    End(Option<Fault>),
    /// More input is needed.
    More,
}

/// How it is told where the message ends.
#[derive(Clone, Debug)]
enum Framing {
    /// By DATA and the final dot.
    Dot(Unstuffer),
    /// By BDAT and the size of each chunk.
    Chunks(ChunkReader),
}

#[derive(Clone, Debug)]
pub(super) struct Incoming {
    framing: Framing,
    /// The chunk that is arriving is the last, or there is none and the dot is.
    last: bool,
    /// Octets of that chunk, and of all chunks so far.
    chunk: u64,
    chunks: u64,
    /// The most octets the message may have.
    limit: u64,
    /// Octets of the message so far.
    octets: u64,
    /// Octets taken off the input.
    taken: u64,
    fault: Option<Fault>,
    /// The fault hasn't been handed on yet.
    untold: bool,
}

impl Incoming {
    fn new(framing: Framing, limit: Option<u64>) -> Self {
        Self {
            framing,
            last: true,
            chunk: 0,
            chunks: 0,
            limit: limit.unwrap_or(u64::MAX),
            octets: 0,
            taken: 0,
            fault: None,
            untold: false,
        }
    }

    /// Behind DATA.
    pub(super) fn dotted(bare_newline: BareNewline, limit: Option<u64>) -> Self {
        let accepted = bare_newline == BareNewline::AcceptAsData;
        Self::new(Framing::Dot(Unstuffer::new(accepted)), limit)
    }

    /// By BDAT; each chunk has to [`begin`](Self::begin).
    pub(super) fn chunked(binary: bool, bare_newline: BareNewline, limit: Option<u64>) -> Self {
        let content = if binary {
            Content::Binary
        } else {
            Content::Lines {
                bare_newlines: bare_newline == BareNewline::AcceptAsData,
            }
        };
        Self::new(Framing::Chunks(ChunkReader::new(content)), limit)
    }

    /// A chunk of that size follows.
    pub(super) fn begin(&mut self, size: u64, last: bool) {
        if let Framing::Chunks(reader) = &mut self.framing {
            reader.begin(size);
        }
        self.last = last;
        self.chunk = size;
        self.chunks += size;
    }

    /// Takes off `input` what it can tell.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Progress {
        loop {
            if let Some(fault) = self.fault.filter(|_| self.untold) {
                self.untold = false;
                return Progress::Void(fault);
            }
            let piece = match &mut self.framing {
                Framing::Dot(unstuffer) => unstuffer.next(input),
                Framing::Chunks(reader) => reader.next(input),
            };
            self.taken += piece.len() as u64;
            match piece {
                Piece::More => return Progress::More,
                Piece::Data { octets, kept } if self.fault.is_none() => {
                    let mut lines = input.split_to(octets);
                    if let Some(chunk) = self.chunk(&mut lines, kept) {
                        return Progress::Chunk(chunk);
                    }
                }
                Piece::End => {
                    input.advance(piece.len());
                    return Progress::End(self.fault);
                }
                Piece::ChunkEnd => match self.end() {
                    Some(Piece::Fault(fault)) => self.fail(Fault::Content(fault)),
                    Some(_) => {
                        let cr = &mut BytesMut::from(&b"\r"[..]);
                        if let Some(chunk) = self.chunk(cr, 1) {
                            return Progress::Chunk(chunk);
                        }
                    }
                    None => return Progress::End(self.fault),
                },
                Piece::HeldNewline | Piece::HeldCr if self.fault.is_none() => {
                    input.advance(piece.len());
                    let newline: &[u8] = match piece {
                        Piece::HeldCr => b"\r",
                        _ => b"\r\n",
                    };
                    if let Some(chunk) = self.chunk(&mut BytesMut::from(newline), newline.len()) {
                        return Progress::Chunk(chunk);
                    }
                }
                Piece::Fault(fault) => {
                    input.advance(piece.len());
                    self.fail(Fault::Content(fault));
                }
                Piece::Data { .. } | Piece::Held | Piece::HeldNewline | Piece::HeldCr => {
                    input.advance(piece.len());
                }
            }
        }
    }

    /// What is still to be said where the chunk that ends is the last.
    fn end(&mut self) -> Option<Piece> {
        match &mut self.framing {
            Framing::Chunks(reader) if self.last && self.fault.is_none() => reader.end(),
            _ => None,
        }
    }

    /// The next `octets` as far as the limit goes.
    fn chunk(&mut self, input: &mut BytesMut, octets: usize) -> Option<Bytes> {
        let room = usize::try_from(self.limit - self.octets).unwrap_or(usize::MAX);
        let fits = octets.min(room);
        let chunk = input.split_to(fits).freeze();
        input.advance(octets - fits);
        self.octets += fits as u64;
        if fits < octets {
            self.fail(Fault::MessageTooBig);
        }
        (fits > 0).then_some(chunk)
    }

    fn fail(&mut self, fault: Fault) {
        if self.fault.is_none() {
            self.fault = Some(fault);
            self.untold = true;
        }
    }

    /// Octets of the chunk that is arriving, in all.
    pub(super) const fn chunk_octets(&self) -> u64 {
        self.chunk
    }

    /// Octets of all chunks so far, those included that are still to come.
    pub(super) const fn chunks_octets(&self) -> u64 {
        self.chunks
    }

    /// Whether the message ends where what is arriving does.
    pub(super) const fn is_last(&self) -> bool {
        self.last
    }

    /// Whether nobody was told yet that the message is void, so that its end in whatever way is news.
    pub(super) fn is_sound(&self) -> bool {
        self.fault.is_none() || self.untold
    }

    /// Octets of the message so far.
    pub(super) fn octets(&self) -> u64 {
        self.octets
    }

    /// How many blocks have come.
    pub(super) fn blocks(&self) -> u64 {
        self.taken / BLOCK
    }
}
