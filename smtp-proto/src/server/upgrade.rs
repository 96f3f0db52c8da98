//! When the connection becomes another one: STARTTLS (RFC 3207), ATRN (RFC 2645), XCLIENT.
//!
//! The rule here: nothing crosses. Input that came before an upgrade ends the session, and what was
//! said before it is forgotten.

use super::kind::{Kind, text_or};
use super::machine::{Ask, Machine, Question};
use super::request::Request;
use super::session::Channel;
use super::state::State;
use super::{Closed, Fault};
use crate::extension::{Atrn, XClient};
use crate::reply::Text;
use crate::verb::Verb;
use alloc::string::String;
use core::fmt;

/// STARTTLS: accepted with 220, behind which [`Event::Upgrade`](super::Event::Upgrade) comes. Where
/// TLS can't be had for now, [`Refusal::tls_not_available`](crate::Refusal::tls_not_available) is the
/// answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartTls;

/// The reply to STARTTLS is out: make the handshake on the socket itself, as the server, and say how
/// it went. Until then the connection takes no input. Left without an answer, it has failed.
#[must_use = "without an answer the handshake has failed"]
pub struct Upgrade<'c> {
    pub(super) machine: &'c mut Machine,
}

impl Upgrade<'_> {
    /// The session is under TLS from here on. Whatever the client had said is forgotten; it says
    /// EHLO again.
    pub fn complete(self) {
        self.machine.question = Question::Settled;
        self.machine.session.forget(Channel::Tls);
        self.machine.state = State::greeted(true);
    }

    /// The handshake failed: the connection is over, without a word.
    pub fn fail(self) {
        self.machine.question = Question::Settled;
        self.machine.close(Closed::Fault(Fault::Handshake));
    }

    /// Leaves it open: the next `poll` offers it again. In the meantime
    /// [`Wait::Handshake`](crate::Wait::Handshake) is running.
    pub fn defer(self) {
        self.machine.question = Question::Deferred(Ask::Upgrade);
        self.machine.note_wait();
    }
}

impl fmt::Debug for Upgrade<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").finish_non_exhaustive()
    }
}

impl Kind for StartTls {
    const ASK: Ask = Ask::StartTls;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.state = machine.state.after(Verb::StartTls);
        machine.accept(220, Some((2, 0, 0)), text_or(text, "ready to start TLS"));
    }
}

impl Kind for Atrn<'_> {
    const ASK: Ask = Ask::Atrn;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.state = machine.state.after(Verb::Atrn);
        machine.accept(
            250,
            Some((2, 0, 0)),
            text_or(text, "now reversing the connection"),
        );
    }
}

impl Kind for XClient<'_> {
    const ASK: Ask = Ask::XClient;

    /// The reply is the greeting.
    fn accept(self, machine: &mut Machine, _: Option<Text>) {
        machine.state = machine.state.after(Verb::XClient);
        let channel = machine.session.channel;
        machine.session.forget(channel);
    }
}

impl Request<'_, XClient<'_>> {
    /// Says 220, as [`accept`](Self::accept) does, and the client is that user, as if by AUTH: what
    /// `LOGIN=` says.
    pub fn accept_as(self, identity: impl Into<String>) {
        self.machine.question = Question::Settled;
        self.value.accept(self.machine, None);
        self.machine.session.identity = Some(identity.into());
    }
}
