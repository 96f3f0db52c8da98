//! The session's own half of the work: what is written, whose reply is next, and what it means.
//! It sees no input.

use super::state::{Awaited, Meaning};
use super::transaction::Transaction;
use super::{Closed, Config, Delivery, Error, SendError, Stage};
use crate::capability::Capabilities;
use crate::command::{Command, Hello};
use crate::envelope::Envelope;
use crate::extension::Extension;
use crate::reply::Reply;
use crate::timeout::{BLOCK, Timeout, Wait};
use crate::transcript::{Entry, Transcript};
use crate::wire::{Stuffer, Transmit};
use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::sync::Arc;
use bytes::{Buf, Bytes};

/// Something to be told, that borrows nothing.
#[derive(Clone, Debug)]
pub(super) enum News {
    Recipient { index: usize, reply: Reply },
    Sent(Reply),
    Refused { at: Stage, reply: Reply },
}

#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) config: Arc<Config>,
    pub(super) output: Transmit,
    pub(super) capabilities: Capabilities,
    pub(super) closed: Option<Closed>,
    pub(super) transcript: Transcript,
    /// What the replies to come answer, in order, and how far the output has to be written for it
    /// to have been asked.
    awaited: VecDeque<(Awaited, u64)>,
    transaction: Option<Transaction>,
    /// The body, while it is being written.
    body: Option<Stuffer>,
    /// Octets of it so far.
    octets: u64,
    /// How far the output had been filled when the body's end was written.
    end: Option<u64>,
    /// What the server refused the connection or our hello with.
    turned_away: Option<Reply>,
    /// A transaction may be open on the server that we have done with.
    needs_reset: bool,
    /// The caller's fault, which ends the connection.
    failed: Option<Error>,
    replies: u64,
    /// What is waited for, and how far it had got when that was noted.
    wait: (Wait, u64),
    generation: u64,
}

impl Machine {
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            output: Transmit::default(),
            capabilities: Capabilities::default(),
            closed: None,
            transcript: Transcript::default(),
            awaited: VecDeque::from([(Awaited::Greeting, 0)]),
            transaction: None,
            body: None,
            octets: 0,
            end: None,
            turned_away: None,
            needs_reset: false,
            failed: None,
            replies: 0,
            wait: (Wait::Greeting, 0),
            generation: 0,
        }
    }

    fn write(&mut self, command: &Command<'_>, awaited: Awaited) {
        let line = command.to_string();
        self.transcript.tell(Entry::Client(line.as_bytes()));
        self.output.put(line.as_bytes());
        self.output.put(b"\r\n");
        self.expect(awaited);
    }

    /// The output so far asks for that.
    fn expect(&mut self, awaited: Awaited) {
        self.awaited.push_back((awaited, self.filled()));
    }

    /// Octets ever put into the output.
    fn filled(&self) -> u64 {
        self.output.taken() + self.output.remaining() as u64
    }

    /// Writes what may be written now: all that is left where the server takes flights, one
    /// command otherwise.
    pub(super) fn fill(&mut self) {
        let pipelining = self.config.pipelining && self.capabilities.offers(Extension::Pipelining);
        while self.has_room()
            && (pipelining || self.awaited.is_empty())
            && let Some((command, awaited)) = self
                .transaction
                .as_mut()
                .and_then(Transaction::next_command)
        {
            self.write(&command, awaited);
        }
    }

    /// A reply came.
    pub(super) fn answer(&mut self, reply: Reply) -> Result<Option<News>, Error> {
        self.replies += 1;
        let Some((awaited, asked)) = self.awaited.pop_front() else {
            return self.unasked(reply);
        };
        match awaited.meaning(reply.code()) {
            Meaning::Broken => Err(Error::UnexpectedReply(reply)),
            Meaning::Closing => Ok(self.closing(awaited.stage(), reply)),
            // No server can answer what it hasn't read, but it may give up on the message.
            meaning if self.output.taken() < asked => match (awaited, meaning) {
                (Awaited::Message, Meaning::Refused) => Ok(self.closing(Stage::Message, reply)),
                _ => Err(Error::UnexpectedReply(reply)),
            },
            Meaning::TryHelo => {
                let name = self.config.hello.name().to_string();
                if let Ok(hello) = Hello::helo(&name) {
                    self.write(&Command::Hello(hello), Awaited::Helo);
                }
                Ok(None)
            }
            meaning => {
                let news = self.settle(awaited, meaning == Meaning::Done, reply);
                Ok(news.or_else(|| self.outcome()))
            }
        }
    }

    /// A reply that answers no command. While a body is being written a server may give up on it;
    /// otherwise only 421 may come by itself (§3.8).
    fn unasked(&mut self, reply: Reply) -> Result<Option<News>, Error> {
        let allowed = match self.body {
            Some(_) => reply.code().is_negative(),
            None => reply.code().value() == 421,
        };
        if allowed {
            Ok(self.closing(Stage::Message, reply))
        } else {
            Err(Error::UnexpectedReply(reply))
        }
    }

    /// The server closes the connection; a message under way is refused by that.
    fn closing(&mut self, at: Stage, reply: Reply) -> Option<News> {
        let open = self.transaction.take().is_some() || at.is_opening();
        self.awaited.clear();
        self.body = None;
        self.end = None;
        self.output.clear();
        self.closed = Some(Closed::Server(reply.clone()));
        open.then_some(News::Refused { at, reply })
    }

    /// Carries out what a reply says.
    fn settle(&mut self, awaited: Awaited, done: bool, reply: Reply) -> Option<News> {
        match awaited {
            Awaited::Greeting if done => {
                let hello = self.config.hello.clone();
                let awaited = if hello.is_extended() {
                    Awaited::Ehlo
                } else {
                    Awaited::Helo
                };
                self.write(&Command::Hello(hello), awaited);
            }
            Awaited::Ehlo if done => self.capabilities = Capabilities::from_reply(&reply),
            Awaited::Greeting | Awaited::Ehlo | Awaited::Helo if !done => {
                // No client closes without QUIT (§4.1.1.10).
                self.turned_away = Some(reply.clone());
                self.quit();
                let at = awaited.stage();
                return Some(News::Refused { at, reply });
            }
            Awaited::Quit => self.leave(),
            _ => {}
        }
        let transaction = self.transaction.as_mut()?;
        match awaited {
            Awaited::Rcpt => {
                let index = transaction.recipient(&reply)?;
                return Some(News::Recipient { index, reply });
            }
            Awaited::Data if done && transaction.is_refused() => {
                // RFC 2920 §3.1: 354 though nobody is to get it; end it at once.
                self.output.put(b".\r\n");
                self.expect(Awaited::Message);
            }
            Awaited::Data if done => {
                let seven_bit = !transaction.is_eight_bit();
                self.body = Some(Stuffer::new(self.config.newlines, seven_bit));
                self.octets = 0;
            }
            Awaited::Message if done => transaction.accept(reply),
            Awaited::Mail | Awaited::Data | Awaited::Message if !done => {
                transaction.refuse(awaited.stage(), reply);
            }
            _ => {}
        }
        None
    }

    /// What became of the message, once all is said.
    pub(super) fn outcome(&mut self) -> Option<News> {
        if !self.awaited.is_empty() || self.body.is_some() {
            return None;
        }
        let outcome = self.transaction.as_mut()?.outcome()?;
        self.transaction = None;
        self.end = None;
        self.needs_reset = outcome.is_err();
        Some(match outcome {
            Ok(reply) => News::Sent(reply),
            Err((at, reply)) => News::Refused { at, reply },
        })
    }

    /// Whether the replies announce enhanced status codes.
    pub(super) fn has_enhanced_codes(&self) -> bool {
        self.capabilities.offers(Extension::EnhancedStatusCodes)
    }

    /// Whether the output is below its mark; one that is empty always is.
    fn has_room(&self) -> bool {
        self.output.remaining() < self.config.output.max(1)
    }

    /// Whether more of the message may be written.
    pub(super) fn wants_body(&self) -> bool {
        self.body.is_some() && self.has_room()
    }

    /// Whether only the reply to QUIT is left to come, which nobody needs.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.awaited.front(), Some((Awaited::Quit, _)))
    }

    /// QUIT is answered, or won't be.
    pub(super) fn leave(&mut self) {
        self.awaited.clear();
        self.closed = Some(self.turned_away.take().map_or(Closed::Quit, Closed::Server));
    }

    /// Whether nothing is open and nothing awaited.
    pub(super) fn is_ready(&self) -> bool {
        self.transaction.is_none() && self.awaited.is_empty()
    }

    pub(super) fn send(&mut self, envelope: Envelope) -> Result<(), SendError> {
        let transaction = Transaction::new(envelope, &self.capabilities, self.needs_reset)?;
        self.transaction = Some(transaction);
        self.needs_reset = false;
        Ok(())
    }

    pub(super) fn quit(&mut self) {
        self.write(&Command::Quit, Awaited::Quit);
    }

    /// Writes more of the message.
    pub(super) fn write_body(&mut self, chunk: Bytes) {
        self.octets += chunk.len() as u64;
        if let Some(body) = &mut self.body
            && let Err(fault) = body.write(chunk, &mut self.output)
        {
            self.fail(Error::Content(fault));
        }
    }

    /// Writes its end.
    pub(super) fn finish_body(&mut self) {
        let Some(body) = self.body.take() else { return };
        let before = self.filled();
        if let Err(fault) = body.finish(&mut self.output) {
            return self.fail(Error::Content(fault));
        }
        self.end = Some(before);
        self.transcript.tell(Entry::Content(self.octets));
        self.expect(Awaited::Message);
    }

    /// Gives the connection up; nothing more is written.
    pub(super) fn fail(&mut self, error: Error) {
        self.output.clear();
        self.failed.get_or_insert(error);
    }

    pub(super) fn failure(&self) -> Result<(), Error> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    pub(super) fn delivery(&self) -> Delivery {
        match (&self.transaction, self.end) {
            (None, _) => Delivery::Idle,
            (Some(_), Some(end)) if self.output.taken() > end => Delivery::Unknown,
            (Some(_), _) => Delivery::NotAccepted,
        }
    }

    /// Notes what is waited for now; a new wait, or one that got on, starts its time anew.
    pub(super) fn note_wait(&mut self) {
        let wait = if self.output.has_remaining() {
            (Wait::Write, self.output.taken() / BLOCK)
        } else {
            let awaited = self.awaited.front();
            (
                awaited.map_or(Wait::Reply, |(awaited, _)| awaited.wait()),
                self.replies,
            )
        };
        if wait != self.wait {
            self.wait = wait;
            self.generation += 1;
        }
    }

    pub(super) fn timeout(&self) -> Option<Timeout> {
        // While the message is wanted of the caller, the server owes nothing.
        let idle = self.awaited.is_empty() && !self.output.has_remaining();
        if self.failed.is_some() || self.closed.is_some() || idle {
            return None;
        }
        let (wait, _) = self.wait;
        Some(Timeout {
            wait,
            after: self.config.timeouts.of(wait),
            generation: self.generation,
        })
    }

    pub(super) fn handle_timeout(&mut self, expired: Timeout) {
        if self.timeout() == Some(expired) {
            self.fail(Error::TimedOut(expired.wait));
        }
    }
}
