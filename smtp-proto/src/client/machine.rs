//! The session's own half of the work: what is written, and when. What comes back is for `replies` to
//! say, and the message itself for `content`. It sees no input.
//!
//! Transactions stand in the order they are written in. Only the newest is written; the others have
//! their end in the output and wait to be answered. One that may begin before they are begins with
//! RSET, whether they turn out to be or not: when replies come changes no words.

use super::auth::LINE;
use super::plan::{Past, plan};
use super::state::Awaited;
use super::transaction::{Transaction, Write};
use super::{Closed, Config, Delivery, Error, SendError, Stage};
use crate::capability::Capabilities;
use crate::command::Command;
use crate::envelope::Envelope;
use crate::extension::{Burl, Extension};
use crate::reply::Reply;
use crate::secret::Secret;
use crate::timeout::{BLOCK, Timeout, Wait};
use crate::transcript::{Entry, Transcript};
use crate::verb::Verb;
use crate::wire::Transmit;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use bytes::{Buf, BufMut};
use core::fmt::{self, Write as _};

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
    /// How far the output has to be written for it to have been asked.
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

#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) config: Arc<Config>,
    pub(super) output: Transmit,
    pub(super) capabilities: Capabilities,
    /// The server that has these accepted the last message that it got by BDAT.
    pub(super) takes_chunks: bool,
    pub(super) closed: Option<Closed>,
    pub(super) transcript: Transcript,
    /// What the replies to come answer, in order.
    pub(super) awaited: VecDeque<Asked>,
    /// The messages under way, oldest first.
    pub(super) transactions: VecDeque<Transaction>,
    past: Past,
    pub(super) exchange: Option<Exchange>,
    /// The connection is under TLS.
    pub(super) secure: bool,
    /// The server waits for a TLS handshake.
    pub(super) upgrading: bool,
    /// What the server refused the connection or our hello with.
    pub(super) turned_away: Option<Reply>,
    /// A transaction may be open on the server that we have done with.
    pub(super) needs_reset: bool,
    /// A command that waits for the reply to the RSET before it.
    pub(super) behind_reset: Option<(Command<'static>, Awaited)>,
    /// What ended the connection.
    failed: Option<Error>,
    pub(super) replies: u64,
    /// What is waited for, and how far it had got when that was noted.
    wait: (Wait, u64),
    generation: u64,
}

impl Machine {
    pub(super) fn new(config: Arc<Config>, secure: bool) -> Self {
        let greeting = Asked {
            awaited: Awaited::Greeting,
            done: 0,
        };
        Self {
            config,
            output: Transmit::default(),
            capabilities: Capabilities::default(),
            takes_chunks: false,
            closed: None,
            transcript: Transcript::default(),
            awaited: VecDeque::from([greeting]),
            transactions: VecDeque::new(),
            past: Past::default(),
            exchange: None,
            secure,
            upgrading: false,
            turned_away: None,
            needs_reset: false,
            behind_reset: None,
            failed: None,
            replies: 0,
            wait: (Wait::Greeting, 0),
            generation: 0,
        }
    }

    pub(super) fn is_lmtp(&self) -> bool {
        self.config.hello.verb() == Verb::Lhlo
    }

    pub(super) fn write(&mut self, command: &dyn fmt::Display, awaited: Awaited) {
        if awaited == Awaited::Auth {
            self.output.expect_secret(LINE);
        }
        put_line(&mut self.output, &self.transcript, command);
        self.expect(awaited);
    }

    /// The output so far asks for that.
    pub(super) fn expect(&mut self, awaited: Awaited) {
        let done = self.filled();
        self.awaited.push_back(Asked { awaited, done });
    }

    /// Says hello. What the server said it offers holds no longer, and nor does what it showed.
    pub(super) fn introduce(&mut self) {
        self.learn(Capabilities::default());
        self.takes_chunks = false;
        let hello = self.config.hello.clone();
        let awaited = match hello.verb() {
            Verb::Lhlo => Awaited::Lhlo,
            Verb::Helo => Awaited::Helo,
            _ => Awaited::Ehlo,
        };
        self.write(&Command::Hello(hello), awaited);
    }

    /// What the server offers, by what it says.
    pub(super) fn learn(&mut self, capabilities: Capabilities) {
        self.past.forget_limits();
        self.capabilities = capabilities;
    }

    /// Octets ever put into the output.
    pub(super) fn filled(&self) -> u64 {
        self.output.taken() + self.output.remaining() as u64
    }

    pub(super) fn is_pipelining(&self) -> bool {
        self.config.pipelining && self.capabilities.offers(Extension::Pipelining)
    }

    /// Writes what may be written now of the newest transaction: all that is left where the server
    /// takes flights, one command otherwise, and nothing while too many are unanswered or one before
    /// it is given up.
    pub(super) fn fill(&mut self) {
        if self.awaited.is_empty()
            && let Some((command, awaited)) = self.behind_reset.take()
        {
            self.write(&command, awaited);
        }
        let pipelining = self.is_pipelining();
        let under_way = self.transactions.len();
        let mut given_up = self.transactions.iter().filter_map(Transaction::given_up);
        if under_way > self.config.unanswered.max(1) || given_up.next().is_some() {
            return;
        }
        while self.has_room()
            && (pipelining || self.awaited.is_empty())
            && let Some(transaction) = self.transactions.back_mut()
            && let Some(write) = transaction.next_write(self.needs_reset)
        {
            match write {
                Write::Command(command, awaited) => {
                    put_line(&mut self.output, &self.transcript, command);
                    self.expect(awaited);
                    let filled = self.filled();
                    if awaited == Awaited::Message
                        && let Some(transaction) = self.transactions.back_mut()
                    {
                        // The message is elsewhere: with the command the server has all of it.
                        transaction.end = Some(filled - 1);
                    }
                }
                Write::Chunks(sent_by) => self.begin_body(sent_by),
            }
        }
        self.flush_chunk();
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
        self.transactions.is_empty() && self.awaited.is_empty() && self.exchange.is_none()
    }

    /// Takes a message on, behind those under way.
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
        let may_be_early = self.is_pipelining() && self.config.unanswered > 1;
        let behind = may_be_early && !self.transactions.is_empty();
        let transaction = Transaction::new(planned, behind, chunking, url);
        self.transactions.push_back(transaction);
        Ok(())
    }

    /// Writes a command that stands by itself.
    pub(super) fn query(&mut self, command: &Command<'_>) {
        match command.verb() {
            Verb::StartTls => self.write_outside(command, Awaited::StartTls),
            // RFC 5321 §4.1.4: these may come "at any time".
            verb @ (Verb::Noop | Verb::Help | Verb::Vrfy | Verb::Expn) => {
                self.write(command, Awaited::Query(verb));
            }
            verb => self.write_outside(command, Awaited::Query(verb)),
        }
    }

    /// Writes a command that is "not permitted during a mail transaction" (RFC 4954 §4, RFC 1985 §5): where
    /// one may be open on the server, RSET ends it first, and is answered before anything else is said.
    pub(super) fn write_outside(&mut self, command: &Command<'_>, awaited: Awaited) {
        if self.needs_reset {
            self.behind_reset = Some((command.clone().into_owned(), awaited));
            self.write(&Command::Rset, Awaited::Rset);
        } else {
            self.write(command, awaited);
        }
    }

    pub(super) fn quit(&mut self) {
        self.write(&Command::Quit, Awaited::Quit);
    }

    /// Gives the newest message up, and the connection with it.
    pub(super) fn give_up(&mut self, error: Error) {
        if let Some(transaction) = self.transactions.back_mut() {
            transaction.give_up(error);
        }
    }

    /// Gives the connection up; nothing more is written.
    pub(super) fn fail(&mut self, error: Error) {
        self.output.clear();
        self.failed.get_or_insert(error);
    }

    /// What ended the connection; a message that was given up does once those before it are
    /// answered. A message that was refused before is told to be first: that is the reason, and whatever
    /// else was to be answered for it changes nothing.
    pub(super) fn failure(&mut self) -> Result<Option<News>, Error> {
        let oldest = self.transactions.front();
        if let Some(error) = oldest.and_then(Transaction::given_up) {
            self.fail(error.clone());
        }
        let Some(error) = self.failed.clone() else {
            return Ok(None);
        };
        let oldest = self.transactions.front();
        if !oldest.is_some_and(Transaction::is_refused) {
            return Err(error);
        }
        self.awaited.clear();
        Ok(self.outcome())
    }

    pub(super) fn deliveries(&self) -> impl Iterator<Item = Delivery> {
        let written = self.output.taken();
        self.transactions
            .iter()
            .map(move |transaction| transaction.delivery(written))
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

fn put_line(output: &mut Transmit, transcript: &Transcript, command: &dyn fmt::Display) {
    let tail = output.tail();
    let start = tail.len();
    // Writing to memory can't fail.
    let _ = write!(tail, "{command}");
    transcript.tell(Entry::client(&tail[start..]));
    tail.put_slice(b"\r\n");
}
