//! The session's own half of the work: what is written, counted and remembered as commands are
//! accepted and refused. It sees no input.

use super::body::Incoming;
use super::discipline::Discipline;
use super::state::State;
use super::{Closed, Config, Fault, Session};
use crate::extension::{Extension, Extensions};
use crate::reply::{Code, EnhancedStatusCode, Refusal, Reply, Text};
use crate::timeout::{BLOCK, Timeout, Wait};
use crate::transcript::{Entry, Transcript};
use crate::verb::Verb;
use crate::wire::Transmit;
use alloc::sync::Arc;
use bytes::Buf;

/// Which decision is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Connect,
    Hello,
    Mail,
    Rcpt,
    Data,
    Message,
    Verify,
    Expand,
    Help,
}

/// The decision asked for last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// None, or it has its answer.
    Settled,
    /// Handed out by `poll`; if nobody answers, the next `poll` does.
    Open(Ask),
    /// To be handed out again.
    Deferred(Ask),
}

/// Something to be told that nobody has to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Reset,
    Aborted(Fault),
}

#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) config: Arc<Config>,
    pub(super) state: State,
    pub(super) session: Session,
    pub(super) question: Question,
    pub(super) notice: Option<Notice>,
    pub(super) body: Option<Incoming>,
    pub(super) output: Transmit,
    pub(super) closed: Option<Closed>,
    pub(super) shutdown: bool,
    /// The client talked before it was greeted.
    pub(super) early_talk: bool,
    pub(super) transcript: Transcript,
    /// Commands taken.
    commands: u64,
    pub(super) discipline: Discipline,
    /// What is waited for, and how far it had got when that was noted.
    wait: (Wait, u64),
    generation: u64,
}

impl Machine {
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            state: State::Connected,
            session: Session::default(),
            question: Question::Settled,
            notice: None,
            body: None,
            output: Transmit::default(),
            closed: None,
            shutdown: false,
            early_talk: false,
            transcript: Transcript::default(),
            commands: 0,
            discipline: Discipline::default(),
            wait: (Wait::Command, 0),
            generation: 0,
        }
    }

    /// The extensions this session has: none before EHLO, nor after HELO.
    pub(super) fn extensions(&self) -> Extensions {
        match &self.session.hello {
            Some(hello) if hello.is_extended() => self.config.extensions,
            _ => Extensions::NONE,
        }
    }

    fn has_enhanced_codes(&self) -> bool {
        self.config
            .extensions
            .contains(Extension::EnhancedStatusCodes)
    }

    fn write<C>(&mut self, reply: &Reply<C>, enhanced: bool) {
        let tail = self.output.tail();
        let start = tail.len();
        reply.write(enhanced, tail);
        self.transcript.tell_lines(&tail[start..], Entry::Server);
    }

    /// Says yes.
    pub(super) fn accept(&mut self, code: u16, enhanced: Option<(u8, u16, u16)>, text: Text) {
        self.discipline.accepted();
        let enhanced =
            enhanced.map(|(class, subject, detail)| EnhancedStatusCode::of(class, subject, detail));
        let announced = self.has_enhanced_codes();
        self.write(&Reply::any(Code::of(code), enhanced, text), announced);
    }

    /// Says no on the user's behalf; the greeting and the reply to EHLO carry no enhanced code
    /// (RFC 2034 §4).
    pub(super) fn reject(&mut self, ask: Ask, refusal: Refusal) {
        if !self.discipline.allows_refusal(&self.config.limits) {
            return self.refuse(None, Fault::TooManyErrors);
        }
        let plain = matches!(ask, Ask::Connect | Ask::Hello);
        let refusal = match ask {
            Ask::Connect => refusal.into_greeting(),
            _ => refusal,
        };
        self.write(&refusal, !plain && self.has_enhanced_codes());
        match ask {
            Ask::Connect => self.state = State::greeted(false),
            Ask::Message => self.end_transaction(),
            Ask::Mail => self.discipline.mail_refused(&self.config.limits),
            _ => {}
        }
        if refusal.closes() {
            self.close(Closed::Refused);
        }
    }

    /// Says no by itself, and counts it.
    pub(super) fn refuse(&mut self, verb: Option<Verb>, fault: Fault) {
        let limits = &self.config.limits;
        let fault = match self.discipline.refused(verb, fault, limits) {
            // Whoever was turned away gets 503 to whatever isn't QUIT (RFC 5321 §3.1).
            fault if self.state == State::Refused && !fault.closes() => Fault::Order,
            fault => fault,
        };
        let plain = self.state == State::Connected || matches!(verb, Some(Verb::Ehlo | Verb::Helo));
        self.write(&fault.reply(), !plain && self.has_enhanced_codes());
        if fault.closes() {
            self.close(Closed::Fault(fault));
        }
    }

    /// One more command was read.
    pub(super) fn count_command(&mut self) {
        self.commands += 1;
    }

    /// Forgets the transaction and says so where there was one; RSET, EHLO or HELO asked for it.
    pub(super) fn reset(&mut self, verb: Verb) {
        if self.session.transaction.take().is_some() {
            self.notice = Some(Notice::Reset);
        }
        self.state = self.state.after(verb);
    }

    /// The message is over, whatever came of it.
    pub(super) fn end_transaction(&mut self) {
        self.session.transaction = None;
        self.body = None;
        self.state = State::AFTER_MESSAGE;
    }

    /// Nothing more is read; what is written goes out. A body that was still arriving is void.
    pub(super) fn close(&mut self, closed: Closed) {
        if self.closed.is_some() {
            return;
        }
        let fault = match closed {
            Closed::Fault(fault) => fault,
            // Neither QUIT nor a request comes while a body does.
            Closed::EndOfInput | Closed::Quit | Closed::Refused => Fault::EndOfInput,
        };
        if self.body.as_ref().is_some_and(Incoming::is_sound) && !self.has_whole_message() {
            self.notice = Some(Notice::Aborted(fault));
        }
        self.session.transaction = None;
        self.body = None;
        self.question = Question::Settled;
        self.state = State::Closed;
        self.closed = Some(closed);
    }

    fn has_whole_message(&self) -> bool {
        matches!(
            self.question,
            Question::Open(Ask::Message) | Question::Deferred(Ask::Message)
        )
    }

    /// Notes what is waited for now; a new wait, or one that got on, starts its time anew.
    pub(super) fn note_wait(&mut self) {
        let wait = if self.output.has_remaining() {
            (Wait::Write, self.output.taken() / BLOCK)
        } else if matches!(self.question, Question::Deferred(_)) {
            (Wait::Decision, self.commands)
        } else if let Some(body) = &self.body {
            (Wait::Body, body.blocks())
        } else {
            (Wait::Command, self.commands)
        };
        if wait != self.wait {
            self.wait = wait;
            self.generation += 1;
        }
    }

    pub(super) fn timeout(&self) -> Option<Timeout> {
        if self.closed.is_some() && !self.output.has_remaining() {
            return None;
        }
        let timeouts = &self.config.timeouts;
        let (wait, _) = self.wait;
        let after = match wait {
            Wait::Body => timeouts.body,
            Wait::Decision => timeouts.decision,
            Wait::Write => timeouts.write,
            _ => timeouts.command,
        };
        Some(Timeout {
            wait,
            after,
            generation: self.generation,
        })
    }

    pub(super) fn handle_timeout(&mut self, expired: Timeout) {
        if self.timeout() != Some(expired) {
            return;
        }
        match expired.wait {
            Wait::Decision => {
                if let Question::Deferred(ask) = self.question {
                    self.question = Question::Open(ask);
                }
            }
            Wait::Write => {
                self.output.clear();
                self.close(Closed::Fault(Fault::TimedOut(Wait::Write)));
            }
            wait => self.refuse(None, Fault::TimedOut(wait)),
        }
        // What has run out is stale from here on, polled in between or not.
        self.note_wait();
    }
}
