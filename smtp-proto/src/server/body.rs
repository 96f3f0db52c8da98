//! The message while it arrives: its octets handed on, its faults told once, its size counted.
//!
//! A body with a fault is still read to its true end, by the same rules, so that nothing in it is
//! ever taken for a command.

use super::{BareNewline, Fault};
use crate::timeout::BLOCK;
use crate::wire::{Piece, Unstuffer};
use bytes::{Buf, Bytes, BytesMut};

/// What came of some input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The next octets of the message.
    Chunk(Bytes),
    /// The message is void from here on.
    Void(Fault),
    /// The final dot: the message is whole, or void as told.
    End(Option<Fault>),
    /// More input is needed.
    More,
}

#[derive(Clone, Debug)]
pub(super) struct Incoming {
    unstuffer: Unstuffer,
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
    pub(super) fn new(bare_newline: BareNewline, limit: Option<u64>) -> Self {
        Self {
            unstuffer: Unstuffer::new(bare_newline == BareNewline::AcceptAsData),
            limit: limit.unwrap_or(u64::MAX),
            octets: 0,
            taken: 0,
            fault: None,
            untold: false,
        }
    }

    /// Takes off `input` what it can tell.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Progress {
        loop {
            if let Some(fault) = self.fault.filter(|_| self.untold) {
                self.untold = false;
                return Progress::Void(fault);
            }
            let piece = self.unstuffer.next(input);
            self.taken += piece.len() as u64;
            match piece {
                Piece::More => return Progress::More,
                Piece::Data(octets) if self.fault.is_none() => {
                    if let Some(chunk) = self.chunk(input, octets) {
                        return Progress::Chunk(chunk);
                    }
                }
                Piece::End => {
                    input.advance(piece.len());
                    return Progress::End(self.fault);
                }
                Piece::Fault(fault) => {
                    input.advance(piece.len());
                    self.fail(Fault::Content(fault));
                }
                Piece::Data(_) | Piece::Stuffing => input.advance(piece.len()),
            }
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
