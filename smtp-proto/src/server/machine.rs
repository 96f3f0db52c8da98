//! The session's own half of the work: what is written, counted and remembered as commands are
//! accepted and refused. It sees no input.

use super::body::Incoming;
use super::discipline::Discipline;
use super::refusals::About;
use super::session::Channel;
use super::state::State;
use super::{Closed, Config, Fault, Session};
use crate::command::Hello;
use crate::extension::{Bdat, Extension, Mechanism, Syntax};
use crate::reply::{Code, EnhancedStatusCode, Refusal, Reply, Text};
use crate::secret::Secret;
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
    StartTls,
    Upgrade,
    Auth,
    Mail,
    Rcpt,
    Data,
    Burl,
    Message,
    Verify,
    Expand,
    Help,
    Etrn,
    Atrn,
    XClient,
    XForward,
    Own,
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

/// An exchange of AUTH that is open.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) mechanism: Mechanism<'static>,
    /// What the client said last.
    pub(super) response: Option<Secret>,
    /// Whether a challenge went before it.
    pub(super) challenged: bool,
}

/// What a refused chunk is answered, and how often.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Fault(Fault, usize),
    Refusal(Refusal, usize),
}

/// When what is in the output goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    AtOnce,
    /// Later, and nothing more is done before that.
    Late,
    /// Now, before anything more is done.
    Due,
}

#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) config: Arc<Config>,
    /// [`Config::command_line`], which takes a walk through all extensions.
    pub(super) command_line: usize,
    pub(super) state: State,
    pub(super) session: Session,
    pub(super) question: Question,
    pub(super) notice: Option<Notice>,
    pub(super) body: Option<Incoming>,
    /// The chunk that DATA's question is about, where it is BDAT's.
    pub(super) chunk: Option<Bdat>,
    /// Octets of a refused chunk that are still to be dropped, and what it is answered then.
    pub(super) discard: u64,
    pub(super) answer: Option<Answer>,
    /// The exchange of AUTH that is open.
    pub(super) exchange: Option<Exchange>,
    pub(super) output: Transmit,
    pub(super) answers: Answers,
    /// What is written while answers are late.
    pub(super) nothing: Transmit,
    pub(super) closed: Option<Closed>,
    pub(super) shutdown: bool,
    /// There is input already behind what is at hand: the connection, or a command.
    pub(super) ahead: bool,
    /// The client asked for UTF-8 in the reply that is due.
    pub(super) utf8: bool,
    pub(super) transcript: Transcript,
    /// MAIL commands that came where one may.
    pub(super) mails: u32,
    /// RCPT commands that came where one may.
    pub(super) rcpts: u32,
    /// Commands taken.
    commands: u64,
    pub(super) discipline: Discipline,
    /// What is waited for, and how far it had got when that was noted.
    wait: (Wait, u64),
    generation: u64,
}

impl Machine {
    pub(super) fn new(config: Arc<Config>, channel: Channel) -> Self {
        Self {
            command_line: config.command_line(),
            config,
            state: State::Connected,
            session: Session::new(channel),
            question: Question::Settled,
            notice: None,
            body: None,
            chunk: None,
            discard: 0,
            answer: None,
            exchange: None,
            output: Transmit::default(),
            answers: Answers::AtOnce,
            nothing: Transmit::default(),
            closed: None,
            shutdown: false,
            ahead: false,
            utf8: false,
            transcript: Transcript::default(),
            mails: 0,
            rcpts: 0,
            commands: 0,
            discipline: Discipline::default(),
            wait: (Wait::Command, 0),
            generation: 0,
        }
    }

    /// Whether the client said EHLO, or LHLO.
    pub(super) fn is_extended(&self) -> bool {
        self.session.hello().is_some_and(Hello::is_extended)
    }

    /// What a command line may say now.
    pub(super) fn syntax(&self) -> Syntax<'_> {
        let mut syntax = Syntax::new(&self.config.offers);
        syntax.extended = self.is_extended();
        syntax.extensions = self.session.extensions;
        syntax.utf8 = self.session.is_smtputf8();
        syntax
    }

    /// Whether the output is below its mark; one that is empty always is.
    pub(super) fn has_room(&self) -> bool {
        self.output.remaining() < self.config.limits.output.max(1)
    }

    fn has_enhanced_codes(&self) -> bool {
        self.config
            .offered()
            .contains(Extension::EnhancedStatusCodes)
    }

    /// How a reply is written: the greeting and the reply to a hello carry no enhanced code (RFC
    /// 2034 §4), and UTF-8 is for clients that asked for it (RFC 6531 §3.7.4).
    fn write<C>(&mut self, reply: &Reply<C>, enhanced: bool) {
        let enhanced = enhanced && self.has_enhanced_codes();
        let tail = self.output.tail();
        let start = tail.len();
        reply.write(enhanced, self.utf8, tail);
        self.transcript.tell_lines(&tail[start..], Entry::Server);
    }

    /// A refusal as one of several replies.
    pub(super) fn write_refusal(&mut self, refusal: &Refusal) {
        self.write(refusal, true);
    }

    /// Says yes.
    pub(super) fn accept(&mut self, code: u16, enhanced: Option<(u8, u16, u16)>, text: Text) {
        self.discipline.accepted();
        let enhanced =
            enhanced.map(|(class, subject, detail)| EnhancedStatusCode::of(class, subject, detail));
        self.write(&Reply::any(Code::of(code), enhanced, text), true);
    }

    /// Says no on the user's behalf.
    pub(super) fn reject(&mut self, ask: Ask, refusal: Refusal) {
        if !self.discipline.allows_refusal(&self.config.limits) {
            return self.refuse(None, Fault::TooManyErrors);
        }
        match ask {
            Ask::Connect => {
                self.write(&refusal.clone().into_greeting(), false);
                self.state = State::greeted(false);
            }
            Ask::Message => return self.conclude(&Err(refusal)),
            Ask::Data | Ask::Burl => match self.chunk.take() {
                Some(chunk) => return self.refuse_chunk(chunk, refusal),
                None => self.write_refusal(&refusal),
            },
            _ => self.write(&refusal, ask != Ask::Hello),
        }
        let closes = match ask {
            Ask::Connect => refusal.into_greeting().closes(),
            _ => refusal.closes(),
        };
        match ask {
            Ask::Mail => self.discipline.mail_refused(&self.config.limits),
            // The last word is said once.
            Ask::Auth if !closes => self.fail_auth(),
            _ => {}
        }
        if closes {
            self.close(Closed::Refused);
        }
    }

    /// Says no by itself, and counts it.
    pub(super) fn refuse(&mut self, verb: Option<Verb>, fault: Fault) {
        self.refuse_about(verb, fault, None, 1);
    }

    /// As [`refuse`](Self::refuse), saying what it is about, so many times.
    pub(super) fn refuse_about(
        &mut self,
        verb: Option<Verb>,
        fault: Fault,
        about: Option<About<'_>>,
        times: usize,
    ) {
        let limits = &self.config.limits;
        let counted = match self.discipline.refused(verb, fault, limits) {
            // Whoever was turned away gets 503 to whatever isn't QUIT (RFC 5321 §3.1).
            fault if self.state == State::Refused && !fault.closes() => Fault::Order,
            fault => fault,
        };
        let about = about.filter(|_| counted == fault);
        let fault = counted;
        if fault.is_silent() {
            return self.close(Closed::Fault(fault));
        }
        let plain = self.state == State::Connected
            || matches!(verb, Some(Verb::Ehlo | Verb::Helo | Verb::Lhlo));
        let reply = fault.reply(about);
        for _ in 0..if fault.closes() { 1 } else { times } {
            self.write(&reply, !plain);
        }
        if fault.closes() {
            self.close(Closed::Fault(fault));
        } else {
            self.slow_down();
        }
    }

    /// Lets a client that errs too often wait for its answers.
    fn slow_down(&mut self) {
        if self.discipline.is_slowed(&self.config.limits) {
            self.answers = Answers::Late;
        }
    }

    /// One more command was read.
    pub(super) fn count_command(&mut self) {
        self.commands += 1;
    }

    /// Forgets the transaction and says so where there was one; RSET or a hello asked for it.
    pub(super) fn reset(&mut self, verb: Verb) {
        let had_body = self.body.take().is_some_and(|body| body.is_sound());
        if self.session.transaction.take().is_some() {
            self.notice = Some(if had_body {
                Notice::Aborted(Fault::Reset)
            } else {
                Notice::Reset
            });
        }
        self.state = self.state.after(verb);
    }

    /// Nothing more is read; what is written goes out. A body that was still arriving is void.
    pub(super) fn close(&mut self, closed: Closed) {
        if self.closed.is_some() {
            return;
        }
        let fault = match closed {
            Closed::Fault(fault) => fault,
            Closed::Quit => Fault::Reset,
            // No request comes while a body does.
            Closed::EndOfInput | Closed::Refused | Closed::Turned => Fault::EndOfInput,
        };
        if self.body.as_ref().is_some_and(Incoming::is_sound) && !self.has_whole_message() {
            self.notice = Some(Notice::Aborted(fault));
        }
        self.session.transaction = None;
        self.body = None;
        self.exchange = None;
        self.answers = Answers::AtOnce;
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
        let body = self.body.as_ref().filter(|_| self.state.is_body());
        let wait = if self.answers == Answers::Late {
            (Wait::Penalty, self.commands)
        } else if self.output.has_remaining() {
            (Wait::Write, self.output.taken() / BLOCK)
        } else if self.state == State::Upgrade {
            (Wait::Handshake, self.commands)
        } else if matches!(self.question, Question::Deferred(_)) {
            (Wait::Decision, self.commands)
        } else if let Some(body) = body {
            (Wait::Body, body.blocks())
        } else if self.discard > 0 {
            (Wait::Body, self.discard / BLOCK)
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
            Wait::Penalty => timeouts.penalty,
            Wait::Write => timeouts.write,
            Wait::Handshake => timeouts.handshake,
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
            Wait::Penalty => self.answers = Answers::Due,
            Wait::Decision => {
                if let Question::Deferred(ask) = self.question {
                    self.question = Question::Open(ask);
                }
            }
            // Nobody is there to be told, or not in this language.
            wait @ (Wait::Write | Wait::Handshake) => {
                self.output.clear();
                self.close(Closed::Fault(Fault::TimedOut(wait)));
            }
            wait => self.refuse(None, Fault::TimedOut(wait)),
        }
        // What has run out is stale from here on, polled in between or not.
        self.note_wait();
    }
}
