//! The message as it is asked for and written: how much of it may go before what was answered.

use super::Error;
use super::machine::{Asked, Machine};
use super::outgoing::Outgoing;
use super::state::Awaited;
use super::transaction::Transaction;
use crate::command::Command;
use crate::transcript::Entry;
use crate::wire::SentBy;
use bytes::Bytes;

impl Machine {
    /// The server wants the message, or takes it without having been asked.
    pub(super) fn begin_body(&mut self, sent_by: SentBy) {
        let seven_bit = !self
            .transaction
            .as_ref()
            .is_some_and(Transaction::is_eight_bit);
        let newlines = self.config.newlines;
        self.body = Some(Outgoing::new(newlines, sent_by, seven_bit));
    }

    /// Whether more of the message may be written.
    pub(super) fn wants_body(&self) -> bool {
        let (Some(body), Some(transaction)) = (&self.body, &self.transaction) else {
            return false;
        };
        if !self.has_room() {
            return false;
        }
        if !body.is_chunked() || self.awaited.is_empty() {
            return true;
        }
        // In LMTP nobody can tell how many replies the end gets before the recipients are answered.
        let unanswered = !transaction.has_all_answers();
        self.is_pipelining()
            && !(unanswered && (self.is_lmtp() || body.octets() >= self.config.unseen))
    }

    /// Writes more of the message.
    pub(super) fn write_body(&mut self, chunk: Bytes) {
        // What was gathered goes once there is more, so that the last chunk is none without octets.
        if self.body.as_ref().is_some_and(Outgoing::is_full) {
            self.write_chunk(false);
        }
        if let Some(body) = &mut self.body
            && let Err(fault) = body.write(chunk, &mut self.output)
        {
            self.fail(Error::Content(fault));
        }
    }

    /// Where more isn't asked for yet, what was gathered needn't wait for it.
    pub(super) fn flush_chunk(&mut self) {
        let full = self.body.as_ref().is_some_and(Outgoing::is_full);
        if full && self.is_pipelining() && self.has_room() && !self.wants_body() {
            self.write_chunk(false);
        }
    }

    /// Writes its end.
    pub(super) fn finish_body(&mut self) {
        let before = self.filled();
        let Some(body) = &mut self.body else { return };
        if let Err(fault) = body.finish(&mut self.output) {
            return self.fail(Error::Content(fault));
        }
        let (octets, chunked) = (body.octets(), body.is_chunked());
        if chunked {
            self.write_chunk(true);
            // Its last octet makes it whole.
            self.end = Some(self.filled() - 1);
        } else {
            self.expect(Awaited::Message);
            self.end = Some(before);
        }
        self.body = None;
        self.transcript.tell(Entry::Content(octets));
        self.expect_deliveries();
    }

    /// In LMTP the end of a message is answered once for each recipient that was accepted, all of
    /// which are known by then.
    fn expect_deliveries(&mut self) {
        if self.is_lmtp()
            && let Some(asked) = self.awaited.pop_back()
            && let Some(transaction) = &self.transaction
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
        let Some(body) = &mut self.body else { return };
        let (bdat, content) = body.take_chunk(last);
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
