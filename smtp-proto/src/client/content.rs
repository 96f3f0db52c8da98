//! The message as it is asked for and written: how much of it may go before what was answered.
//!
//! By BDAT that is where a server may take a message for commands: one that refuses a chunk without
//! reading it reads what its author wrote next. So [`Machine::may_write_chunk`] alone says when one may
//! go: before its recipients are answered only to a server that accepted the last one.
//! [`Config::unseen`](super::Config::unseen) says what that leaves.

use super::machine::{Asked, Machine};
use super::outgoing::Outgoing;
use super::state::Awaited;
use super::transaction::Transaction;
use crate::command::Command;
use crate::transcript::Entry;
use crate::wire::SentBy;
use bytes::Bytes;

/// Chunks unanswered at a time, those of all messages together. Each one behind a refused one is an
/// error, and Postfix hangs up after 20 (`smtpd_hard_error_limit`).
const UNANSWERED: usize = 16;

impl Machine {
    /// The server wants the newest message, or takes it without having been asked.
    pub(super) fn begin_body(&mut self, sent_by: SentBy) {
        let newlines = self.config.newlines;
        let limit = self.capabilities.size().unwrap_or(u64::MAX);
        if let Some(transaction) = self.transactions.back_mut() {
            let seven_bit = !transaction.is_eight_bit();
            transaction.body = Some(Outgoing::new(newlines, sent_by, seven_bit, limit));
        }
    }

    /// The message that is being written.
    pub(super) fn body(&self) -> Option<&Outgoing> {
        self.transactions.back()?.body.as_ref()
    }

    /// Whether more of the message may be written.
    pub(super) fn wants_body(&self) -> bool {
        let (Some(body), Some(transaction)) = (self.body(), self.transactions.back()) else {
            return false;
        };
        if !body.is_chunked() {
            return self.has_room();
        }
        let may_be_more = transaction.has_all_answers() || body.octets() < self.config.unseen;
        may_be_more && self.may_write_chunk(transaction)
    }

    /// Whether a chunk of the newest message may be written.
    fn may_write_chunk(&self, newest: &Transaction) -> bool {
        // In LMTP nobody can tell how many replies the end gets before the recipients are answered.
        let may_be_unseen = self.takes_chunks && !self.is_lmtp();
        let all = self.transactions.iter();
        let unanswered: usize = all.map(|message| message.chunks).sum();
        let may_be_unanswered = self.is_pipelining()
            && unanswered < UNANSWERED
            && (may_be_unseen || newest.has_all_answers());
        self.has_room() && (may_be_unanswered || self.awaited.is_empty())
    }

    /// Writes more of the message.
    pub(super) fn write_body(&mut self, chunk: Bytes) {
        // What was gathered goes once there is more, so that the last chunk is none without octets.
        if self.body().is_some_and(Outgoing::is_full) {
            self.write_chunk(false);
        }
        if let Some(transaction) = self.transactions.back_mut()
            && let Some(body) = &mut transaction.body
            && let Err(error) = body.write(chunk, &mut self.output)
        {
            transaction.give_up(error);
        }
    }

    /// Where more isn't asked for yet, what was gathered needn't wait for it.
    pub(super) fn flush_chunk(&mut self) {
        let full = self.body().is_some_and(Outgoing::is_full);
        let newest = self.transactions.back();
        if full && newest.is_some_and(|newest| self.may_write_chunk(newest)) && !self.wants_body() {
            self.write_chunk(false);
        }
    }

    /// Writes its end.
    pub(super) fn finish_body(&mut self) {
        let before = self.filled();
        let Some(transaction) = self.transactions.back_mut() else {
            return;
        };
        let Some(body) = &mut transaction.body else {
            return;
        };
        if let Err(error) = body.finish(&mut self.output) {
            return transaction.give_up(error);
        }
        let (octets, chunked) = (body.octets(), body.is_chunked());
        if chunked {
            self.write_chunk(true);
        } else {
            self.expect(Awaited::Message);
        }
        self.transcript.tell(Entry::Content(octets));
        self.expect_deliveries();
        let filled = self.filled();
        if let Some(transaction) = self.transactions.back_mut() {
            transaction.body = None;
            // A chunk is whole with its last octet; of `CRLF . CRLF` each may be what is missing.
            transaction.end = Some(if chunked { filled - 1 } else { before });
        }
    }

    /// In LMTP the end of a message is answered once for each recipient that was accepted, all of
    /// which are known by then.
    fn expect_deliveries(&mut self) {
        if self.is_lmtp()
            && let Some(asked) = self.awaited.pop_back()
            && let Some(transaction) = self.transactions.back()
        {
            let each = Asked {
                awaited: Awaited::Delivery,
                ..asked
            };
            let recipients = transaction.accepted();
            self.awaited.extend(core::iter::repeat_n(each, recipients));
        }
    }

    /// Writes the chunk that was gathered.
    fn write_chunk(&mut self, last: bool) {
        let Some(newest) = self.transactions.back_mut() else {
            return;
        };
        let Some(body) = &mut newest.body else {
            return;
        };
        let (bdat, content) = body.take_chunk(last);
        newest.chunks += 1;
        let awaited = if last {
            Awaited::Message
        } else {
            Awaited::Chunk
        };
        self.write(&Command::Bdat(bdat), awaited);
        self.output.append(content);
        let filled = self.filled();
        if let Some(asked) = self.awaited.back_mut() {
            asked.done = filled;
        }
    }
}
