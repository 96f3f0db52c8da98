//! One message on its way: what is written next, and what the replies have said so far.
//!
//! It knows the order of commands and nothing of flights: how many may be written before a reply
//! is there is for the machine to say.

use super::outgoing::Outgoing;
use super::state::Awaited;
use super::{Delivery, Error, Stage};
use crate::envelope::Envelope;
use crate::extension::{BodyType, Burl, Prdr};
use crate::reply::Reply;
use crate::verb::Verb;
use crate::wire::SentBy;
use alloc::vec::Vec;
use core::fmt;

#[derive(Clone, Debug)]
pub(super) struct Transaction {
    envelope: Envelope,
    sent_by: SentBy,
    /// Where the message stands, if the server is to fetch it.
    url: Option<Burl<'static>>,
    /// The one before may not be answered when it begins.
    behind: bool,
    next: Next,
    /// Recipients answered.
    answered: usize,
    /// Those accepted, by their index.
    accepted: Vec<usize>,
    /// How many of these have been answered a second time, by LMTP.
    concluded: usize,
    /// The first refusal that decides the message's fate.
    refused: Option<(Stage, Reply)>,
    /// The reply to the end of the message.
    sent: Option<Reply>,
    /// The message, while it is being written.
    pub(super) body: Option<Outgoing>,
    /// Chunks of it that were written and not answered. The answer to the last is the message's.
    pub(super) chunks: usize,
    /// Octets of it that the server has from an earlier time (RFC 1845).
    pub(super) offset: u64,
    /// Up to which octet of the output the server can't have all of it.
    pub(super) end: Option<u64>,
    /// Why the caller has nothing more to say of it.
    given_up: Option<Error>,
}

/// What is to be written next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Begin,
    Mail,
    Rcpt(usize),
    Content,
    Nothing,
}

/// What a transaction has to write.
pub(super) enum Write<'t> {
    /// A command, and what its reply is to be taken for.
    Command(&'t dyn fmt::Display, Awaited),
    /// The message, in chunks.
    Chunks(SentBy),
}

impl Transaction {
    /// Sends what was planned for the server: `behind` a message that may not be answered by then, with
    /// `chunking` by BDAT, and with `url` not at all, as the server fetches it there (RFC 4468).
    pub(super) fn new(
        envelope: Envelope,
        behind: bool,
        chunking: bool,
        url: Option<Burl<'static>>,
    ) -> Self {
        let sent_by = match envelope.mail().body() {
            Some(BodyType::BinaryMime) => SentBy::BinaryChunks,
            _ if chunking => SentBy::Chunks,
            _ => SentBy::Data,
        };
        Self {
            envelope,
            sent_by,
            url,
            behind,
            next: Next::Begin,
            answered: 0,
            accepted: Vec::new(),
            concluded: 0,
            refused: None,
            sent: None,
            body: None,
            chunks: 0,
            offset: 0,
            end: None,
            given_up: None,
        }
    }

    /// Whether the message may hold octets above 127.
    pub(super) fn is_eight_bit(&self) -> bool {
        self.envelope.mail().body() == Some(BodyType::EightBitMime)
    }

    /// What to write next; `None` once there is nothing, or nothing that makes sense. With `reset` an
    /// earlier transaction is cleared away first.
    pub(super) fn next_write(&mut self, reset: bool) -> Option<Write<'_>> {
        if self.refused.is_some() {
            self.next = Next::Nothing;
        }
        let now = match self.next {
            Next::Begin if !(reset || self.behind) => Next::Mail,
            now => now,
        };
        let recipients = self.envelope.recipients();
        let has_id = now == Next::Mail && self.envelope.has_id();
        self.next = match now {
            Next::Begin => Next::Mail,
            // What follows a MAIL with an id is for its reply to say.
            Next::Mail if !has_id => Next::Rcpt(0),
            Next::Rcpt(index) if index + 1 < recipients.len() => Next::Rcpt(index + 1),
            Next::Rcpt(_) => Next::Content,
            Next::Mail | Next::Content | Next::Nothing => Next::Nothing,
        };
        Some(match (now, &self.url, self.sent_by) {
            (Next::Begin, ..) => Write::Command(&Verb::Rset, Awaited::Rset),
            (Next::Mail, ..) if has_id => Write::Command(self.envelope.mail(), Awaited::MailAgain),
            (Next::Mail, ..) => Write::Command(self.envelope.mail(), Awaited::Mail),
            (Next::Rcpt(index), ..) => Write::Command(&recipients[index], Awaited::Rcpt),
            // What brings the message to the server, or is to ask for it.
            (Next::Content, Some(url), _) => Write::Command(url, Awaited::Message),
            (Next::Content, None, SentBy::Data) => Write::Command(&Verb::Data, Awaited::Data),
            (Next::Content, None, sent_by) => Write::Chunks(sent_by),
            (Next::Nothing, ..) => return None,
        })
    }

    /// The reply to a MAIL with an id: the transaction begins, or goes on where the server has the
    /// recipients, and a part of the message, from an earlier time (RFC 1845 §4).
    pub(super) fn begin(&mut self, again: bool) {
        self.next = if again {
            self.answered = self.envelope.recipients().len();
            self.accepted = (0..self.answered).collect();
            Next::Content
        } else {
            Next::Rcpt(0)
        };
    }

    /// The reply to a RCPT: which one it was, unless the message is refused already.
    pub(super) fn recipient(&mut self, reply: &Reply) -> Option<usize> {
        let index = self.answered;
        self.answered += 1;
        if self.refused.is_some() {
            return None;
        }
        if reply.is_positive() {
            self.accepted.push(index);
        } else if self.accepted.is_empty() && self.has_all_answers() {
            self.refuse(Stage::Rcpt, reply.clone());
        }
        Some(index)
    }

    /// Whether every recipient is answered.
    pub(super) fn has_all_answers(&self) -> bool {
        self.answered == self.envelope.recipients().len()
    }

    /// How many recipients were accepted.
    pub(super) fn accepted(&self) -> usize {
        self.accepted.len()
    }

    /// Whether it was asked for a reply for each recipient.
    pub(super) fn has_prdr(&self) -> bool {
        self.envelope.mail().get::<Prdr>().is_some()
    }

    /// The reply to the message for one of the recipients accepted, in order: which one. In LMTP, where
    /// no reply for all comes behind them, one that is accepted makes the message one that was sent.
    pub(super) fn conclude(&mut self, reply: &Reply, lmtp: bool) -> Option<usize> {
        let index = *self.accepted.get(self.concluded)?;
        self.concluded += 1;
        if lmtp && reply.is_positive() {
            self.sent = Some(reply.clone());
        } else if lmtp && self.concluded == self.accepted.len() && self.sent.is_none() {
            self.refuse(Stage::Message, reply.clone());
        }
        Some(index)
    }

    /// Notes a refusal, behind which nothing more is written; the first one counts.
    pub(super) fn refuse(&mut self, at: Stage, reply: Reply) {
        self.refused.get_or_insert((at, reply));
        self.body = None;
    }

    /// Whether it is refused, so that a server which says 354 all the same gets nothing.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// The message was accepted.
    pub(super) fn accept(&mut self, reply: Reply) {
        self.sent = Some(reply);
    }

    /// The caller has nothing more to say, and so it has no end.
    pub(super) fn give_up(&mut self, error: Error) {
        self.given_up = Some(error);
        self.body = None;
    }

    pub(super) const fn given_up(&self) -> Option<&Error> {
        self.given_up.as_ref()
    }

    /// What is known of the message with that octet of the output written and no reply to it.
    pub(super) fn delivery(&self, written: u64) -> Delivery {
        match self.end {
            Some(end) if written > end => Delivery::Unknown,
            _ => Delivery::NotAccepted,
        }
    }

    /// What became of it, once every reply is there and nothing is left to write.
    pub(super) fn outcome(&mut self) -> Option<Result<Reply, (Stage, Reply)>> {
        if self.body.is_some() {
            return None;
        }
        match (self.refused.take(), self.sent.take()) {
            (Some(refused), _) => Some(Err(refused)),
            (None, Some(reply)) => Some(Ok(reply)),
            (None, None) => None,
        }
    }
}
