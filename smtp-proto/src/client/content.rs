//! The message as it is asked for and written: how much of it may go before what was answered.

use super::Error;
use super::machine::{Asked, Machine};
use super::outgoing::Outgoing;
use super::state::Awaited;
use crate::command::Command;
use crate::transcript::Entry;
use crate::wire::SentBy;
use bytes::Bytes;

impl Machine {
    /// The server wants the newest message, or takes it without having been asked.
    pub(super) fn begin_body(&mut self, sent_by: SentBy) {
        let newlines = self.config.newlines;
        if let Some(transaction) = self.transactions.back_mut() {
            let seven_bit = !transaction.is_eight_bit();
            transaction.body = Some(Outgoing::new(newlines, sent_by, seven_bit));
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
        if self.body().is_some_and(Outgoing::is_full) {
            self.write_chunk(false);
        }
        if let Some(transaction) = self.transactions.back_mut()
            && let Some(body) = &mut transaction.body
            && let Err(fault) = body.write(chunk, &mut self.output)
        {
            transaction.give_up(Error::Content(fault));
        }
    }

    /// Where more isn't asked for yet, what was gathered needn't wait for it.
    pub(super) fn flush_chunk(&mut self) {
        let full = self.body().is_some_and(Outgoing::is_full);
        if full && self.is_pipelining() && self.has_room() && !self.wants_body() {
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
        if let Err(fault) = body.finish(&mut self.output) {
            return transaction.give_up(Error::Content(fault));
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
        let newest = self.transactions.back_mut();
        let Some(body) = newest.and_then(|newest| newest.body.as_mut()) else {
            return;
        };
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
