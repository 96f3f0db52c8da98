//! The client's side of a connection: input in, events out.

use super::machine::{Machine, News};
use super::request::{Body, Challenge, Ready, Upgrade};
use super::{Closed, Config, Delivery, Error, Event};
use crate::capability::Capabilities;
use crate::timeout::Timeout;
use crate::transcript::{Entry, Transcript};
use crate::wire::{ReplyReader, Transmit, give_back};
use alloc::sync::Arc;
use bytes::{Buf, BufMut, BytesMut};
use core::fmt;

/// Octets asked of one read.
const READ: usize = 4 * 1024;

/// A connection to one server.
///
/// Four kinds of methods:
/// * **input**: [`receive_buf`](Self::receive_buf) or [`receive`](Self::receive) when octets can
///   be read, [`receive_eof`](Self::receive_eof) at their end;
/// * **output**: [`transmit`](Self::transmit), to be written whenever it holds anything;
/// * **time**: [`timeout`](Self::timeout), and [`handle_timeout`](Self::handle_timeout) when it
///   has run out;
/// * **events**: [`poll`](Self::poll), after any of these, until it says
///   [`NeedInput`](Event::NeedInput) or [`Closed`](Event::Closed).
///
/// A driver has to read while it writes: a server that isn't read may stop reading (RFC 2920 §3.1).
/// On [`Flush`](Event::Flush) and [`Body`](Event::Body) it writes what it can and reads what there is,
/// whichever is possible first, and polls again. Then neither waits for the other, whatever fits
/// between them: input is taken while output waits, as every `poll` uses up the replies that are there.
#[derive(Clone)]
pub struct Connection {
    input: BytesMut,
    ended: bool,
    replies: ReplyReader,
    machine: Machine,
}

/// How things stand, and how much input there is; what it says may be secret.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("octets", &self.input.len())
            .field("ended", &self.ended)
            .field("machine", &self.machine)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection that was just made.
    pub fn new(config: Arc<Config>) -> Self {
        Self::with(Machine::new(config, false))
    }

    /// A connection under TLS from its first octet (RFC 8314 §3.3), the handshake made already.
    pub fn over_tls(config: Arc<Config>) -> Self {
        Self::with(Machine::new(config, true))
    }

    fn with(machine: Machine) -> Self {
        Self {
            input: BytesMut::new(),
            ended: false,
            replies: ReplyReader::default(),
            machine,
        }
    }

    /// Whether the connection is under TLS.
    pub fn is_secure(&self) -> bool {
        self.machine.secure
    }

    /// The settings.
    pub fn config(&self) -> &Arc<Config> {
        &self.machine.config
    }

    /// Tells `sink` every line said on this connection.
    pub fn set_transcript(&mut self, sink: impl Fn(Entry<'_>) + Send + Sync + 'static) {
        self.machine.transcript = Transcript::new(sink);
    }

    /// The buffer to read into. It has no room once [`ReplyLimits::octets`](crate::ReplyLimits)
    /// are held, or during a TLS handshake; read nothing then.
    pub fn receive_buf(&mut self) -> impl BufMut {
        let room = self.room();
        self.input.reserve(READ.min(room));
        (&mut self.input).limit(room)
    }

    /// Copies input in; says how much of it was taken. Behind [`Event::NeedInput`] there is room
    /// for the rest of a reply of [`ReplyLimits::octets`](crate::ReplyLimits).
    pub fn receive(&mut self, data: &[u8]) -> usize {
        let taken = data.len().min(self.room());
        self.input.extend_from_slice(&data[..taken]);
        taken
    }

    /// How many octets [`receive`](Self::receive) would take, which is what there is room for in
    /// [`receive_buf`](Self::receive_buf): for a driver that reads into a buffer of its own.
    pub fn room(&self) -> usize {
        let machine = &self.machine;
        if machine.closed.is_some() || machine.upgrading || self.ended {
            return 0;
        }
        let limits = &machine.config.replies;
        let line = limits.line.max(limits.challenge);
        limits.octets.max(line).saturating_sub(self.input.len())
    }

    /// Whether input that no [`poll`](Self::poll) has seen yet may hold a secret, a challenge of AUTH: a
    /// driver asks behind [`receive`](Self::receive), and wipes what it read into if so.
    pub fn holds_secret(&self) -> bool {
        self.machine.awaits_challenge()
    }

    /// Gives back memory that nothing is in, but for a few hundred octets: for a driver that found
    /// nothing to read.
    pub fn shrink(&mut self) {
        give_back(&mut self.input);
        self.machine.output.shrink();
    }

    /// The server will send nothing more.
    pub fn receive_eof(&mut self) {
        self.ended = true;
    }

    /// What is to be written to the server.
    pub fn transmit(&mut self) -> &mut Transmit {
        &mut self.machine.output
    }

    /// What is waited for and for how long; `None` while nothing is.
    pub fn timeout(&self) -> Option<Timeout> {
        self.machine.timeout()
    }

    /// That wait is over, and so is the connection. A stale one is ignored.
    pub fn handle_timeout(&mut self, expired: Timeout) {
        self.machine.handle_timeout(expired);
    }

    /// What the server offers.
    pub fn capabilities(&self) -> &Capabilities {
        &self.machine.capabilities
    }

    /// What would be known of the message under way if the connection were lost now. Of several it is
    /// what is known of the oldest, which got furthest: [`Delivery::NotAccepted`] holds for all of them.
    pub fn delivery(&self) -> Delivery {
        self.deliveries().next().unwrap_or(Delivery::Idle)
    }

    /// What would be known of each message under way, oldest first: those that
    /// [`Ready::send`](super::Ready::send) or [`Body::finish_then`](super::Body::finish_then) took and
    /// whose [`Sent`](Event::Sent) or [`Refused`](Event::Refused) is still to come.
    pub fn deliveries(&self) -> impl Iterator<Item = Delivery> {
        self.machine.deliveries()
    }

    /// What is to be done next.
    ///
    /// # Errors
    /// [`Error`] once the connection is done for, and then always.
    pub fn poll(&mut self) -> Result<Event<'_>, Error> {
        loop {
            let step = match self.machine.failure()? {
                Some(news) => Ok(Step::News(news)),
                None => self.step(),
            };
            match step {
                Ok(step) => return Ok(step.into_event(&mut self.machine)),
                Err(error) => self.machine.fail(error),
            }
        }
    }

    fn step(&mut self) -> Result<Step, Error> {
        let Self {
            input,
            replies,
            machine,
            ..
        } = self;
        while machine.closed.is_none() && !machine.upgrading {
            // What is known is told before anything that came behind it is looked at.
            if let Some(news) = machine.outcome() {
                return Ok(Step::News(news));
            }
            let secret = machine.awaits_challenge();
            let mut limits = machine.config.replies.clone();
            if secret {
                limits.line = limits.line.max(limits.challenge);
            }
            let reply = replies.next(input, &limits, machine.has_enhanced_codes());
            let Some(reply) = reply.map_err(Error::Reply)? else {
                break;
            };
            if secret && reply.code().value() == 334 {
                machine.transcript.tell(Entry::ServerSecret(b"334 "));
            } else {
                machine.transcript.tell_reply(&reply);
            }
            if let Some(news) = machine.answer(reply)? {
                return Ok(Step::News(news));
            }
        }
        if self.ended && machine.is_leaving() {
            machine.leave();
        }
        machine.fill();
        if let Some(news) = machine.outcome() {
            return Ok(Step::News(news));
        }
        if machine.upgrading && !input.is_empty() {
            return Err(Error::Glued);
        }
        let step = if let Some(closed) = &machine.closed {
            Step::Closed(closed.clone())
        } else if machine.upgrading {
            Step::Upgrade
        } else if self.ended && machine.is_ready() {
            machine.closed = Some(Closed::EndOfInput);
            Step::Closed(Closed::EndOfInput)
        } else if self.ended {
            return Err(Error::EndOfInput);
        } else if machine
            .exchange
            .as_ref()
            .is_some_and(|open| open.challenge.is_some())
        {
            Step::Challenge
        } else if machine.wants_body() {
            Step::Body
        } else if machine.output.has_remaining() {
            Step::Flush
        } else if machine.is_ready() {
            Step::Ready
        } else {
            Step::NeedInput
        };
        machine.note_wait();
        Ok(step)
    }
}

/// An event before it borrows the machine.
enum Step {
    NeedInput,
    Flush,
    Ready,
    Upgrade,
    Challenge,
    Body,
    News(News),
    Closed(Closed),
}

impl Step {
    fn into_event(self, machine: &mut Machine) -> Event<'_> {
        match self {
            Self::NeedInput => Event::NeedInput,
            Self::Flush => Event::Flush,
            Self::Ready => Event::Ready(Ready { machine }),
            Self::Upgrade => Event::Upgrade(Upgrade { machine }),
            Self::Challenge => Event::Challenge(Challenge { machine }),
            Self::Body => Event::Body(Body { machine }),
            Self::News(News::Reply { verb, reply }) => Event::Reply { verb, reply },
            Self::News(News::Delivered { index, reply }) => Event::Delivered { index, reply },
            Self::News(News::Recipient { index, reply }) => Event::Recipient { index, reply },
            Self::News(News::Sent(reply)) => Event::Sent { reply },
            Self::News(News::Refused { at, reply }) => Event::Refused { at, reply },
            Self::Closed(closed) => Event::Closed(closed),
        }
    }
}
