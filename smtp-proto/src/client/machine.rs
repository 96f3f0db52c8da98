//! The session's own half of the work: what is written, whose reply is next, and what it means.
//! It sees no input.

use super::outgoing::Outgoing;
use super::plan::{Past, plan};
use super::state::{Awaited, Meaning};
use super::transaction::{Transaction, Write};
use super::{Closed, Config, Delivery, Error, SendError, Stage};
use crate::capability::Capabilities;
use crate::command::{Command, Hello};
use crate::envelope::Envelope;
use crate::extension::{Burl, Extension};
use crate::reply::Reply;
use crate::secret::Secret;
use crate::timeout::{BLOCK, Timeout, Wait};
use crate::transcript::{Entry, Transcript};
use crate::verb::Verb;
use crate::wire::{SentBy, Transmit};
use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::sync::Arc;
use bytes::Buf;

/// Something to be told, that borrows nothing.
#[derive(Clone, Debug)]
pub(super) enum News {
    Reply { verb: Verb, reply: Reply },
    Recipient { index: usize, reply: Reply },
    Delivered { index: usize, reply: Reply },
    Sent(Reply),
    Refused { at: Stage, reply: Reply },
}

/// A reply to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// What it answers.
    pub(super) awaited: Awaited,
    /// How far the output has to be written for it to have been asked at all, and wholly.
    pub(super) begun: u64,
    pub(super) done: u64,
}

/// The steps of an AUTH that is under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    /// The initial response, where the line had no room for it.
    pub(super) held: Option<Secret>,
    /// The challenge that wants a response.
    pub(super) challenge: Option<Secret>,
    /// Challenges so far.
    pub(super) challenges: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) config: Arc<Config>,
    pub(super) output: Transmit,
    pub(super) capabilities: Capabilities,
    pub(super) closed: Option<Closed>,
    pub(super) transcript: Transcript,
    /// What the replies to come answer, in order.
    pub(super) awaited: VecDeque<Asked>,
    pub(super) transaction: Option<Transaction>,
    past: Past,
    /// The body, while it is being written.
    pub(super) body: Option<Outgoing>,
    /// Octets of the message that the server has from an earlier time (RFC 1845).
    pub(super) offset: u64,
    /// Up to which octet of the output the server can't have the whole message.
    pub(super) end: Option<u64>,
    pub(super) exchange: Option<Exchange>,
    /// The connection is under TLS.
    pub(super) secure: bool,
    /// The server waits for a TLS handshake.
    pub(super) upgrading: bool,
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
    pub(super) fn new(config: Arc<Config>, secure: bool) -> Self {
        let greeting = Asked {
            awaited: Awaited::Greeting,
            begun: 0,
            done: 0,
        };
        Self {
            config,
            output: Transmit::default(),
            capabilities: Capabilities::default(),
            closed: None,
            transcript: Transcript::default(),
            awaited: VecDeque::from([greeting]),
            transaction: None,
            past: Past::default(),
            body: None,
            offset: 0,
            end: None,
            exchange: None,
            secure,
            upgrading: false,
            turned_away: None,
            needs_reset: false,
            failed: None,
            replies: 0,
            wait: (Wait::Greeting, 0),
            generation: 0,
        }
    }

    pub(super) fn is_lmtp(&self) -> bool {
        self.config.hello.verb() == Verb::Lhlo
    }

    pub(super) fn write(&mut self, command: &Command<'_>, awaited: Awaited) {
        let line = command.to_string();
        self.transcript.tell(Entry::client(line.as_bytes()));
        self.output.put(line.as_bytes());
        self.output.put(b"\r\n");
        self.expect(awaited);
    }

    /// The output so far asks for that.
    pub(super) fn expect(&mut self, awaited: Awaited) {
        let filled = self.filled();
        self.awaited.push_back(Asked {
            awaited,
            begun: filled,
            done: filled,
        });
    }

    /// Octets ever put into the output.
    pub(super) fn filled(&self) -> u64 {
        self.output.taken() + self.output.remaining() as u64
    }

    pub(super) fn is_pipelining(&self) -> bool {
        self.config.pipelining && self.capabilities.offers(Extension::Pipelining)
    }

    /// Writes what may be written now: all that is left where the server takes flights, one
    /// command otherwise.
    pub(super) fn fill(&mut self) {
        let pipelining = self.is_pipelining();
        while self.has_room()
            && (pipelining || self.awaited.is_empty())
            && let Some(transaction) = &mut self.transaction
            && let Some(write) = transaction.next_write()
        {
            match write {
                Write::Command(command, awaited) => {
                    self.write(&command, awaited);
                    if awaited == Awaited::Message {
                        // The message is elsewhere: with the command the server has all of it.
                        self.end = Some(self.filled() - 1);
                    }
                }
                Write::Chunks(sent_by) => self.begin_body(sent_by),
            }
        }
        self.flush_chunk();
    }

    /// A reply came.
    pub(super) fn answer(&mut self, reply: Reply) -> Result<Option<News>, Error> {
        self.replies += 1;
        let Some(asked) = self.awaited.pop_front() else {
            return self.unasked(reply);
        };
        let awaited = asked.awaited;
        let written = self.output.taken();
        match awaited.meaning(reply.code()) {
            Meaning::Broken => Err(Error::UnexpectedReply(reply)),
            Meaning::Closing => Ok(self.closing(awaited.stage(), reply)),
            // No server can answer what it hasn't read, but it may give up on the message.
            meaning if written < asked.begun => match (awaited, meaning) {
                (Awaited::Message | Awaited::Delivery, Meaning::Refused) => {
                    Ok(self.closing(Stage::Message, reply))
                }
                _ => Err(Error::UnexpectedReply(reply)),
            },
            // Nor can it take a chunk it hasn't got, but it may refuse one.
            Meaning::Done | Meaning::Each if written < asked.done => {
                Err(Error::UnexpectedReply(reply))
            }
            Meaning::TryHelo => {
                let name = self.config.hello.name().to_string();
                if let Ok(hello) = Hello::helo(&name) {
                    self.write(&Command::Hello(hello), Awaited::Helo);
                }
                Ok(None)
            }
            Meaning::Challenge => self.challenged(&reply).map(|()| None),
            Meaning::Each if self.transaction.as_ref().is_some_and(Transaction::has_prdr) => {
                self.expect_each(asked);
                Ok(None)
            }
            Meaning::Each => Err(Error::UnexpectedReply(reply)),
            meaning => {
                let done = meaning == Meaning::Done;
                if let Some(verb) = awaited.query() {
                    return Ok(self.answered(verb, done, reply));
                }
                let news = self.settle(awaited, done, reply)?;
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
        self.exchange = None;
        self.output.clear();
        self.closed = Some(Closed::Server(reply.clone()));
        open.then_some(News::Refused { at, reply })
    }

    /// The answer to a command that stands by itself.
    fn answered(&mut self, verb: Verb, done: bool, reply: Reply) -> Option<News> {
        match verb {
            Verb::StartTls if done => {
                self.upgrading = true;
                return None;
            }
            Verb::Auth => self.exchange = None,
            Verb::Atrn if done => self.closed = Some(Closed::Turned),
            // It is the greeting of a new session.
            Verb::XClient if done => self.introduce(),
            _ => {}
        }
        Some(News::Reply { verb, reply })
    }

    /// Says hello. What the server said it offers holds no longer.
    pub(super) fn introduce(&mut self) {
        self.capabilities = Capabilities::default();
        let hello = self.config.hello.clone();
        let awaited = match hello.verb() {
            Verb::Lhlo => Awaited::Lhlo,
            Verb::Helo => Awaited::Helo,
            _ => Awaited::Ehlo,
        };
        self.write(&Command::Hello(hello), awaited);
    }

    /// Carries out what a reply says.
    fn settle(
        &mut self,
        awaited: Awaited,
        done: bool,
        reply: Reply,
    ) -> Result<Option<News>, Error> {
        match awaited {
            Awaited::Greeting if done => self.introduce(),
            Awaited::Ehlo | Awaited::Lhlo if done => {
                self.capabilities = Capabilities::from_reply(&reply);
            }
            Awaited::Greeting | Awaited::Ehlo | Awaited::Helo | Awaited::Lhlo if !done => {
                // No client closes without QUIT (§4.1.1.10).
                self.turned_away = Some(reply.clone());
                self.quit();
                let at = awaited.stage();
                return Ok(Some(News::Refused { at, reply }));
            }
            Awaited::Quit => self.leave(),
            _ => {}
        }
        let lmtp = self.is_lmtp();
        let Some(transaction) = &mut self.transaction else {
            return Ok(None);
        };
        match awaited {
            Awaited::Rcpt => {
                let index = transaction.recipient(&reply);
                if transaction.is_refused() {
                    self.body = None;
                }
                return Ok(index.map(|index| News::Recipient { index, reply }));
            }
            Awaited::MailAgain if done => {
                let again = reply.code().value() == 355;
                transaction.begin(again);
                self.offset = match offset(&reply) {
                    Some(offset) if again => offset,
                    None if again => return Err(Error::UnexpectedReply(reply)),
                    _ => 0,
                };
            }
            Awaited::Data if done && transaction.is_refused() => {
                if lmtp {
                    // RFC 2033 §4.2: "MUST fail with a 503", since no reply answers the dot.
                    return Err(Error::UnexpectedReply(reply));
                }
                // RFC 2920 §3.1: 354 though nobody is to get it; end it at once.
                self.output.put(b".\r\n");
                self.expect(Awaited::Message);
            }
            Awaited::Data if done => self.begin_body(SentBy::Data),
            Awaited::Delivery => {
                let index = transaction.conclude(&reply, lmtp);
                return Ok(index.map(|index| News::Delivered { index, reply }));
            }
            Awaited::Message if done => transaction.accept(reply),
            _ if !done => {
                transaction.refuse(awaited.stage(), reply);
                self.body = None;
            }
            _ => {}
        }
        Ok(None)
    }

    /// By PRDR, replies for each recipient come before the one that was asked for.
    fn expect_each(&mut self, asked: Asked) {
        let each = Asked {
            awaited: Awaited::Delivery,
            ..asked
        };
        self.awaited.push_front(asked);
        let recipients = self.transaction.as_ref().map_or(0, Transaction::accepted);
        (0..recipients).for_each(|_| self.awaited.push_front(each));
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
    pub(super) fn has_room(&self) -> bool {
        self.output.remaining() < self.config.output.max(1)
    }

    /// Whether only the reply to QUIT is left to come, which nobody needs.
    pub(super) fn is_leaving(&self) -> bool {
        let next = self.awaited.front().map(|asked| asked.awaited);
        next == Some(Awaited::Quit)
    }

    /// QUIT is answered, or won't be.
    pub(super) fn leave(&mut self) {
        self.awaited.clear();
        self.closed = Some(self.turned_away.take().map_or(Closed::Quit, Closed::Server));
    }

    /// Whether nothing is open and nothing awaited.
    pub(super) fn is_ready(&self) -> bool {
        self.transaction.is_none() && self.awaited.is_empty() && self.exchange.is_none()
    }

    pub(super) fn send(
        &mut self,
        envelope: Envelope,
        url: Option<Burl<'static>>,
    ) -> Result<(), SendError> {
        if url.is_some() && !self.capabilities.offers(Extension::Burl) {
            return Err(SendError::Missing(Extension::Burl));
        }
        let chunking = self.config.chunking && self.capabilities.offers(Extension::Chunking);
        let planned = plan(
            envelope,
            &self.capabilities,
            &self.config,
            self.secure,
            &mut self.past,
        )?;
        let chunking = chunking && !planned.has_id();
        let transaction = Transaction::new(planned, self.needs_reset, chunking, url);
        self.transaction = Some(transaction);
        self.needs_reset = false;
        self.offset = 0;
        Ok(())
    }

    /// Writes a command that stands by itself.
    pub(super) fn query(&mut self, command: &Command<'_>) {
        let awaited = match command.verb() {
            Verb::StartTls => Awaited::StartTls,
            verb => Awaited::Query(verb),
        };
        self.write(command, awaited);
    }

    pub(super) fn quit(&mut self) {
        self.write(&Command::Quit, Awaited::Quit);
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
        } else if self.upgrading {
            (Wait::Handshake, self.replies)
        } else {
            let next = self.awaited.front();
            (
                next.map_or(Wait::Reply, |asked| asked.awaited.wait()),
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
        let idle = self.awaited.is_empty() && !self.output.has_remaining() && !self.upgrading;
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

/// `355 octet-offset …` (RFC 1845 §4): how much of the message the server has.
fn offset(reply: &Reply) -> Option<u64> {
    let line = reply.text().as_lines().next()?;
    let digits = line.split(|octet| *octet == b' ').next()?;
    core::str::from_utf8(digits).ok()?.parse().ok()
}
