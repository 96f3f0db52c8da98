//! AUTH as an exchange (RFC 4954 §4): challenges and responses carried, and their meaning left to
//! whoever knows the mechanism.

use super::machine::{Ask, Exchange, Machine, Question};
use super::state::State;
use super::{Fault, Session};
use crate::extension::{Mechanism, decode_base64, encode_base64};
use crate::reply::{Refusal, Text};
use crate::secret::Secret;
use crate::transcript::Entry;
use alloc::string::String;
use bytes::BufMut;
use core::fmt;

/// The client authenticates itself: what the mechanism says to its response is yours to decide.
///
/// The crate knows no mechanism. A SASL library is given [`response`](Self::response) and says what
/// comes of it: a [`challenge`](Self::challenge), [`accept`](Self::accept) or
/// [`reject`](Self::reject). Left unanswered, it is refused with 454 4.7.0.
#[must_use = "an unanswered request is refused (454) at the next poll"]
pub struct AuthRequest<'c> {
    pub(super) machine: &'c mut Machine,
}

/// What comes of a response that isn't refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthStep {
    /// A response to these octets is wanted.
    Challenge(Secret),
    /// The client is that user.
    Accept(String),
}

impl AuthRequest<'_> {
    /// By which mechanism; one of those offered.
    pub fn mechanism(&self) -> &Mechanism<'static> {
        const NONE: &Mechanism<'static> = &Mechanism::PLAIN;
        self.exchange().map_or(NONE, |exchange| &exchange.mechanism)
    }

    /// The client's initial response, or its response to the challenge before; `None` where AUTH
    /// came without one.
    pub fn response(&self) -> Option<&Secret> {
        self.exchange()?.response.as_ref()
    }

    /// Whether the exchange begins here: what you kept of one that the client broke off, as with the name
    /// that LOGIN said first, is to be forgotten.
    pub fn is_first(&self) -> bool {
        self.exchange().is_none_or(|exchange| !exchange.challenged)
    }

    fn exchange(&self) -> Option<&Exchange> {
        self.machine.exchange.as_ref()
    }

    /// What is known of the client so far.
    pub fn session(&self) -> &Session {
        &self.machine.session
    }

    /// Asks for a response: 334 with these octets in base64. The next event of the exchange has it,
    /// unless the client gives up.
    pub fn challenge(self, challenge: &[u8]) {
        self.machine.question = Question::Settled;
        self.machine.challenge(challenge);
    }

    /// Says 235: the client is that user. [`Session::identity`] says so from here on.
    pub fn accept(self, identity: impl Into<String>) {
        self.machine.question = Question::Settled;
        self.machine.authenticate(identity.into());
    }

    /// Says no, [`Refusal::bad_credentials`] for instance, and counts a failure.
    pub fn reject(self, refusal: Refusal) {
        self.machine.question = Question::Settled;
        self.machine.reject(Ask::Auth, refusal);
    }

    /// Goes on with the exchange, or ends it.
    pub fn answer(self, verdict: Result<AuthStep, Refusal>) {
        match verdict {
            Ok(AuthStep::Challenge(challenge)) => self.challenge(challenge.expose()),
            Ok(AuthStep::Accept(identity)) => self.accept(identity),
            Err(refusal) => self.reject(refusal),
        }
    }

    /// Leaves it open: the next `poll` offers it again, as [`Request::defer`](super::Request::defer).
    pub fn defer(self) {
        self.machine.question = Question::Deferred(Ask::Auth);
        self.machine.note_wait();
    }
}

impl fmt::Debug for AuthRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthRequest")
            .field(self.mechanism())
            .finish()
    }
}

impl Machine {
    /// Whether that mechanism is offered in this session.
    pub(super) fn has_mechanism(&self, mechanism: &Mechanism<'_>) -> bool {
        let offered = self.config.mechanisms(self.session.channel);
        offered.contains(mechanism)
    }

    fn challenge(&mut self, challenge: &[u8]) {
        if let Some(exchange) = &mut self.exchange {
            exchange.challenged = true;
            exchange.response = None;
        }
        self.discipline.accepted();
        let line = encode_base64(challenge);
        let out = self.output.tail();
        out.put_slice(b"334 ");
        out.put_slice(line.as_bytes());
        out.put_slice(b"\r\n");
        self.transcript.tell(Entry::ServerSecret(b"334 "));
        self.state = State::auth(true);
    }

    fn authenticate(&mut self, identity: String) {
        self.end_exchange();
        self.session.identity = Some(identity);
        let text = Text::of("authentication succeeded");
        self.accept(235, Some((2, 7, 0)), text);
    }

    /// A line behind a challenge. It is a response whatever it looks like; with one that is to be
    /// judged by somebody, true.
    pub(super) fn take_response(&mut self, line: &[u8]) -> bool {
        self.count_command();
        self.transcript.tell(Entry::ClientSecret(b""));
        if line == b"*" {
            self.give_up(Fault::AuthCancelled);
            return false;
        }
        let response = decode_base64(line);
        if let (Some(exchange), Some(response)) = (&mut self.exchange, response) {
            exchange.response = Some(response);
            return true;
        }
        self.give_up(Fault::Base64);
        false
    }

    /// The exchange ends by the client's own doing.
    pub(super) fn give_up(&mut self, fault: Fault) {
        self.end_exchange();
        self.refuse(None, fault);
    }

    /// The exchange ends in a refusal, which is written.
    pub(super) fn fail_auth(&mut self) {
        self.end_exchange();
        if !self.discipline.allows_auth_failure(&self.config.limits) {
            self.refuse(None, Fault::TooManyAuthFailures);
        }
    }

    fn end_exchange(&mut self) {
        self.exchange = None;
        self.state = State::auth(false);
    }
}
