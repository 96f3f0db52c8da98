//! What becomes of a message: chunks taken and refused, and the replies to its end, of which LMTP
//! has one for each recipient (RFC 2033 §4.2, §4.3).

use super::body::Incoming;
use super::kind::{Accepted, text_or};
use super::machine::{Answer, Machine, Notice};
use super::state::State;
use super::{Closed, Dialect, Fault};
use crate::extension::{Bdat, BodyType, Extension};
use crate::reply::{Refusal, Text};
use crate::verb::Verb;
use alloc::format;

/// What a [`BDAT`](Bdat) leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// The message begins: whether it may is for someone to decide.
    Ask,
    /// Its next chunk arrives.
    Arriving,
}

impl Machine {
    /// How many recipients were accepted.
    fn recipients(&self) -> usize {
        let open = self.session.transaction.as_ref();
        open.map_or(0, |open| open.recipients().len())
    }

    /// How many replies the end of a message that isn't sound gets: one, but for LMTP, which has one
    /// for each recipient that was accepted.
    fn replies_due(&self) -> usize {
        match self.config.dialect {
            Dialect::Smtp => 1,
            Dialect::Lmtp => self.recipients(),
        }
    }

    /// How many replies a chunk gets.
    fn chunk_replies(&self, chunk: Bdat) -> usize {
        if chunk.last { self.replies_due() } else { 1 }
    }

    /// Takes a BDAT that may come now, or says why not.
    pub(super) fn begin_chunk(&mut self, chunk: Bdat) -> Result<Begin, Fault> {
        let limit = self.config.limits.message.unwrap_or(u64::MAX);
        let so_far = self.body.as_ref().map_or(0, Incoming::chunks_octets);
        if chunk.size > limit.saturating_sub(so_far) {
            return Err(Fault::MessageTooBig);
        }
        if self.body.is_some() {
            self.arrive(chunk);
            return Ok(Begin::Arriving);
        }
        self.chunk = Some(chunk);
        Ok(Begin::Ask)
    }

    /// The message may begin with the chunk that was asked about.
    pub(super) fn accept_chunk(&mut self, chunk: Bdat) {
        let binary = self.session.body_type() == Some(BodyType::BinaryMime);
        let config = &self.config;
        let body = Incoming::chunked(binary, config.bare_newline, config.limits.message);
        self.body = Some(body);
        self.arrive(chunk);
    }

    fn arrive(&mut self, chunk: Bdat) {
        if let Some(body) = &mut self.body {
            body.begin(chunk.size, chunk.last);
        }
        self.state = self.state.after(Verb::Bdat);
    }

    /// Whether octets stand behind a BDAT, wanted or not.
    pub(super) fn is_chunking(&self) -> bool {
        self.config.offered().contains(Extension::Chunking)
    }

    /// Turns away a BDAT that may not come now.
    pub(super) fn turn_chunk_away(&mut self, chunk: Bdat, fault: Fault) {
        // The client isn't where a chunk could be the end of anything.
        if fault == Fault::Order {
            return self.discard(chunk, Answer::Fault(fault, 1));
        }
        let answer = Answer::Fault(fault, self.chunk_replies(chunk));
        self.abort(fault);
        self.end_chunk(chunk);
        self.discard(chunk, answer);
    }

    /// Somebody refuses the chunk, or the part of a message, that was asked about.
    pub(super) fn refuse_chunk(&mut self, chunk: Bdat, refusal: Refusal) {
        let answer = Answer::Refusal(refusal, self.chunk_replies(chunk));
        self.abort(Fault::Refused);
        self.end_chunk(chunk);
        self.discard(chunk, answer);
    }

    /// Where a refused chunk leads.
    fn end_chunk(&mut self, chunk: Bdat) {
        if !self.state.in_transaction() {
            return;
        }
        if chunk.last && self.state != State::Void {
            self.end_transaction();
        } else {
            if chunk.last {
                self.session.transaction = None;
            }
            self.body = None;
            self.state = State::after_chunk(false);
        }
    }

    /// "The receiver-SMTP MUST accept and discard the associated message data before sending the
    /// appropriate 5XX or 4XX code" (RFC 3030 §2).
    fn discard(&mut self, chunk: Bdat, answer: Answer) {
        self.discard = chunk.size;
        self.answer = Some(answer);
        if chunk.size == 0 {
            self.discard_from(0);
        }
    }

    /// Drops what there is of a refused chunk; says how much. At its end, or at that of the patience with
    /// it, it is answered.
    pub(super) fn discard_from(&mut self, available: usize) -> usize {
        let left = usize::try_from(self.discard).unwrap_or(usize::MAX);
        let octets = available.min(left);
        self.discard -= octets as u64;
        let limits = &self.config.limits;
        let patient = self.discipline.allows_discarded(octets as u64, limits);
        if !patient {
            self.discard = 0;
        }
        if self.discard == 0 {
            self.answer_chunk();
        }
        if !patient && self.closed.is_none() {
            self.refuse(None, Fault::TooMuchRefused);
        }
        octets
    }

    fn answer_chunk(&mut self) {
        match self.answer.take() {
            Some(Answer::Fault(fault, times)) => {
                self.refuse_about(Some(Verb::Bdat), fault, None, times);
            }
            Some(Answer::Refusal(refusal, times)) => {
                (0..times).for_each(|_| self.write_refusal(&refusal));
                if refusal.closes() {
                    self.close(Closed::Refused);
                }
            }
            None => {}
        }
    }

    /// All octets of a chunk are there and it isn't the last, or something is wrong with it.
    pub(super) fn finish_chunk(&mut self, size: u64, last: bool, fault: Option<Fault>) {
        match fault {
            Some(fault) if last => self.void(fault),
            Some(fault) => {
                self.refuse(Some(Verb::Bdat), fault);
                self.end_chunk(Bdat::new(0, false));
            }
            None => {
                self.state = State::after_chunk(true);
                let text = Text::new(format!("{size} octets received"));
                self.accept(250, Some((2, 0, 0)), text.unwrap_or_default());
            }
        }
    }

    /// The message came to its true end and is void.
    pub(super) fn void(&mut self, fault: Fault) {
        let times = self.replies_due();
        self.end_transaction();
        self.refuse_about(None, fault, None, times);
    }

    /// A message that was begun is void.
    fn abort(&mut self, fault: Fault) {
        if self.body.take().is_some_and(|body| body.is_sound()) {
            self.notice = Some(Notice::Aborted(fault));
        }
    }

    /// Answers the end of a sound message: once, and in LMTP once for each recipient instead. By PRDR
    /// it is both, where there is a verdict on each.
    pub(super) fn conclude(&mut self, verdict: &Result<Accepted, Refusal>) {
        let recipients = self.recipients();
        let lmtp = self.config.dialect == Dialect::Lmtp;
        let each = matches!(verdict, Ok(accepted) if accepted.is_each());
        let prdr = !lmtp && each && self.session.has_prdr();
        self.end_transaction();
        if prdr {
            self.accept(353, None, Text::of("content analysis has started"));
        }
        let (mut accepted, mut closes) = (false, false);
        let of_recipient = |index| match verdict {
            Ok(accepted) => accepted.of_recipient(index),
            Err(refusal) => Err(refusal.clone()),
        };
        let of_all = || match verdict {
            Ok(accepted) => accepted.of_all(recipients, prdr),
            Err(refusal) => Err(refusal.clone()),
        };
        let each = (0..recipients).filter(|_| lmtp || prdr).map(of_recipient);
        let whole = (!lmtp).then(of_all);
        for reply in each.chain(whole) {
            match reply {
                Ok(text) => {
                    accepted = true;
                    self.accept(250, Some((2, 0, 0)), text_or(text, "message accepted"));
                }
                Err(refusal) => {
                    closes |= refusal.closes();
                    self.write_refusal(&refusal);
                }
            }
        }
        if accepted {
            self.session.messages += 1;
            self.discipline.forgive();
        }
        if closes {
            self.close(Closed::Refused);
        }
    }

    /// The message is over, whatever came of it.
    pub(super) fn end_transaction(&mut self) {
        self.session.transaction = None;
        self.body = None;
        self.state = State::AFTER_MESSAGE;
    }
}
