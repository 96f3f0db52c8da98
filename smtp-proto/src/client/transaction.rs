//! One message on its way: what is written next, and what the replies have said so far.
//!
//! It knows the order of commands and nothing of flights: how many may be written before a reply
//! is there is for the machine to say.

use super::state::Awaited;
use super::{SendError, Stage};
use crate::address::{ForwardPath, ReversePath};
use crate::capability::Capabilities;
use crate::command::{Command, Mail, Rcpt};
use crate::envelope::Envelope;
use crate::extension::{BodyType, Extension};
use crate::reply::Reply;

#[derive(Clone, Debug)]
pub(super) struct Transaction {
    mail: Mail<'static>,
    envelope: Envelope,
    next: Next,
    /// Recipients answered, and those accepted.
    answered: usize,
    accepted: usize,
    /// The first refusal that decides the message's fate.
    refused: Option<(Stage, Reply)>,
    /// The reply to the end of the message.
    sent: Option<Reply>,
}

/// What is to be written next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Reset,
    Mail,
    Rcpt(usize),
    Data,
    Nothing,
}

impl Transaction {
    /// Plans the sending of `envelope` to a server of these capabilities. With `reset`, an earlier
    /// transaction is cleared away first.
    pub(super) fn new(
        envelope: Envelope,
        capabilities: &Capabilities,
        reset: bool,
    ) -> Result<Self, SendError> {
        if envelope.recipients().is_empty() {
            return Err(SendError::NoRecipients);
        }
        if !is_ascii(&envelope) {
            return Err(SendError::NonAsciiAddress);
        }
        let declared = envelope.mail();
        if let (Some(size), Some(limit)) = (declared.size(), capabilities.size())
            && size > limit
        {
            return Err(SendError::TooBig { limit });
        }
        let eight_bit = capabilities.offers(Extension::EightBitMime);
        let body = match declared.body() {
            Some(BodyType::EightBitMime) if !eight_bit => {
                return Err(SendError::Missing(Extension::EightBitMime));
            }
            // 7BIT is what a server takes a message for anyway (RFC 6152 §3).
            Some(BodyType::SevenBit) => None,
            _ => eight_bit.then_some(BodyType::EightBitMime),
        };
        let size = declared
            .size()
            .filter(|_| capabilities.offers(Extension::Size));
        Ok(Self {
            mail: declared.clone().with_size(size).with_body(body),
            envelope,
            next: if reset { Next::Reset } else { Next::Mail },
            answered: 0,
            accepted: 0,
            refused: None,
            sent: None,
        })
    }

    /// Whether the message may hold octets above 127.
    pub(super) fn is_eight_bit(&self) -> bool {
        self.mail.body() == Some(BodyType::EightBitMime)
    }

    /// The next command to write; `None` once there is none, or none that makes sense.
    pub(super) fn next_command(&mut self) -> Option<(Command<'static>, Awaited)> {
        if self.refused.is_some() {
            self.next = Next::Nothing;
        }
        let recipients = self.envelope.recipients();
        let (command, awaited, next) = match self.next {
            Next::Reset => (Command::Rset, Awaited::Rset, Next::Mail),
            Next::Mail => (
                Command::Mail(self.mail.clone()),
                Awaited::Mail,
                Next::Rcpt(0),
            ),
            Next::Rcpt(index) => (
                Command::Rcpt(recipients[index].clone()),
                Awaited::Rcpt,
                if index + 1 < recipients.len() {
                    Next::Rcpt(index + 1)
                } else {
                    Next::Data
                },
            ),
            Next::Data => (Command::Data, Awaited::Data, Next::Nothing),
            Next::Nothing => return None,
        };
        self.next = next;
        Some((command, awaited))
    }

    /// The reply to a RCPT: which one it was, unless the message is refused already.
    pub(super) fn recipient(&mut self, reply: &Reply) -> Option<usize> {
        let index = self.answered;
        self.answered += 1;
        if self.refused.is_some() {
            return None;
        }
        if reply.is_positive() {
            self.accepted += 1;
        } else if self.accepted == 0 && self.answered == self.envelope.recipients().len() {
            self.refuse(Stage::Rcpt, reply.clone());
        }
        Some(index)
    }

    /// Notes a refusal; the first one counts.
    pub(super) fn refuse(&mut self, at: Stage, reply: Reply) {
        self.refused.get_or_insert((at, reply));
    }

    /// Whether it is refused, so that a server which says 354 all the same gets nothing.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// The message was accepted.
    pub(super) fn accept(&mut self, reply: Reply) {
        self.sent = Some(reply);
    }

    /// What became of it, once every reply is there and nothing is left to write.
    pub(super) fn outcome(&mut self) -> Option<Result<Reply, (Stage, Reply)>> {
        match (self.refused.take(), self.sent.take()) {
            (Some(refused), _) => Some(Err(refused)),
            (None, Some(reply)) => Some(Ok(reply)),
            (None, None) => None,
        }
    }
}

fn is_ascii(envelope: &Envelope) -> bool {
    let sender = match envelope.sender() {
        ReversePath::Mailbox(mailbox) => mailbox.as_str().is_ascii(),
        ReversePath::Null => true,
    };
    let recipient = |rcpt: &Rcpt<'_>| match rcpt.to() {
        ForwardPath::Mailbox(mailbox) => mailbox.as_str().is_ascii(),
        ForwardPath::Postmaster => true,
    };
    sender && envelope.recipients().iter().all(recipient)
}
