//! The server's side of a connection: input in, events out.

use super::auth::AuthRequest;
use super::body::Progress;
use super::input::Input;
use super::kind::{Connect, Data, Expand, Message, ShowHelp, Verify};
use super::machine::{Answers, Ask, Machine, Notice, Question};
use super::request::Request;
use super::session::Channel;
use super::state::State;
use super::upgrade::{StartTls, Upgrade};
use super::{Closed, Config, Event, Fault, Session};
use crate::command::{Command, SyntaxErrorKind};
use crate::timeout::Timeout;
use crate::transcript::{Entry, Transcript};
use crate::verb::{Verb, opens_auth, opens_bdat};
use crate::wire::{Line, LineRules, Transmit, give_back};
use alloc::sync::Arc;
use bytes::{Buf, BufMut, Bytes};

/// Octets asked of one read: a flight of commands, most messages, or a good part of one that is longer.
const READ_COMMANDS: usize = 4 * 1024;
const READ_BODY: usize = 16 * 1024;
const READ_ON: usize = 64 * 1024;

/// One client's connection.
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
/// No order of calls and no input makes it panic, but for `advance` on more of [`Transmit`] than there is.
#[derive(Clone, Debug)]
pub struct Connection {
    input: Input,
    machine: Machine,
}

impl Connection {
    /// A connection that was just made: the first `poll` gives [`Event::Connect`].
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            input: Input::default(),
            machine: Machine::new(config, Channel::Clear),
        }
    }

    /// A connection under TLS from its first octet (RFC 8314 §3.3), the handshake made already.
    pub fn over_tls(config: Arc<Config>) -> Self {
        Self {
            input: Input::default(),
            machine: Machine::new(config, Channel::Tls),
        }
    }

    /// Says that mechanisms of AUTH can be bound to the TLS the connection is under (RFC 5802 §6, RFC
    /// 9266): those whose names end in `-PLUS` are offered from the next hello on. Without TLS nothing
    /// comes of it.
    pub fn bind_channel(&mut self) {
        let channel = &mut self.machine.session.channel;
        if channel.is_secure() {
            *channel = Channel::Bound;
        }
    }

    /// Tells `sink` every line said on this connection.
    pub fn set_transcript(&mut self, sink: impl Fn(Entry<'_>) + Send + Sync + 'static) {
        self.machine.transcript = Transcript::new(sink);
    }

    /// The buffer to read into. It has no room once [`Limits::input`](crate::Limits) octets are
    /// held, during a TLS handshake, or once the connection is closed; read nothing then.
    pub fn receive_buf(&mut self) -> impl BufMut {
        let room = self.room();
        self.input.drop_used();
        match &self.machine.body {
            Some(body) if self.machine.state.is_body() => {
                let read = if body.octets() == 0 {
                    READ_BODY
                } else {
                    READ_ON
                };
                self.input.buffer.reserve(read.min(room));
            }
            _ => self.input.reserve(READ_COMMANDS.min(room)),
        }
        (&mut self.input.buffer).limit(room)
    }

    /// Copies input in; says how much of it was taken. Behind [`Event::NeedInput`] there is room
    /// for [`Limits::input`](crate::Limits) less a line.
    pub fn receive(&mut self, data: &[u8]) -> usize {
        let taken = data.len().min(self.room());
        self.input.drop_used();
        if !self.machine.state.is_body() {
            self.input.reserve(taken);
        }
        self.input.buffer.extend_from_slice(&data[..taken]);
        taken
    }

    /// How many octets [`receive`](Self::receive) would take, which is what there is room for in
    /// [`receive_buf`](Self::receive_buf): for a driver that reads into a buffer of its own, and sets none
    /// aside for a client that says nothing.
    pub fn room(&self) -> usize {
        let machine = &self.machine;
        let upgrading = matches!(machine.state, State::Upgrade | State::Turned);
        if machine.closed.is_some() || upgrading || self.input.ended {
            return 0;
        }
        // A line within its limit always fits, and so does the octet that shows it isn't, or nothing
        // would ever get on.
        let line = machine.line_rules().limit.saturating_add(1);
        let most = machine.config.limits.input.max(line);
        most.saturating_sub(self.input.buffer.len() - self.input.used)
    }

    /// Whether input that no [`poll`](Self::poll) has seen yet may hold a secret of AUTH: a driver asks
    /// behind [`receive`](Self::receive), and wipes what it read into if so. In the midst of a message
    /// none is looked for.
    pub fn holds_secret(&self) -> bool {
        let state = self.machine.state;
        state == State::Auth || (!state.is_body() && self.input.has_auth())
    }

    /// Gives back memory that nothing is in, but for a few hundred octets: for a driver that found
    /// nothing to read, since a client may be silent for long and there may be many. Until then each
    /// message goes where the last was.
    pub fn shrink(&mut self) {
        self.input.drop_used();
        if !self.machine.state.is_body() {
            give_back(&mut self.input.buffer);
            self.machine.output.shrink();
        }
    }

    /// The client will send nothing more. What it has sent is still served.
    pub fn receive_eof(&mut self) {
        // Nobody is left to wait.
        self.machine.answers = Answers::AtOnce;
        self.input.ended = true;
    }

    /// What is to be written to the client; nothing while it is to wait for that
    /// ([`Wait::Penalty`](crate::Wait::Penalty)).
    pub fn transmit(&mut self) -> &mut Transmit {
        if self.machine.answers == Answers::Late {
            &mut self.machine.nothing
        } else {
            &mut self.machine.output
        }
    }

    /// What is waited for and for how long; `None` once the connection is closed.
    pub fn timeout(&self) -> Option<Timeout> {
        self.machine.timeout()
    }

    /// That wait is over. A stale one is ignored.
    pub fn handle_timeout(&mut self, expired: Timeout) {
        self.machine.handle_timeout(expired);
    }

    /// What is known of the client so far.
    pub fn session(&self) -> &Session {
        &self.machine.session
    }

    /// The settings.
    pub fn config(&self) -> &Arc<Config> {
        &self.machine.config
    }

    /// Closes with 421 at the next gap between transactions; an open one is finished first. A TLS
    /// handshake is not, and ends without a word; a connection that ATRN turns round is turned.
    pub fn shutdown(&mut self) {
        self.machine.shutdown = true;
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Event<'_> {
        self.settle();
        self.input.drop_used();
        loop {
            if !self.machine.state.is_body() && !self.next_chunk() {
                break;
            }
            if let Some(event) = self.poll_body() {
                return event.into_event(&mut self.machine);
            }
        }
        let Self { input, machine } = self;
        let (buffer, used, length) = (&input.buffer, &mut input.used, &mut input.line);
        loop {
            if let Some(event) = machine.hindrance() {
                return event.into_event(machine);
            }
            match machine.state {
                State::Connected => {
                    machine.ahead = buffer.len() > *used;
                    return Bare::Connect.into_event(machine);
                }
                State::Auth if machine.question == Question::Deferred(Ask::Auth) => {
                    return Bare::Auth.into_event(machine);
                }
                State::Upgrade | State::Turned => return machine.upgrade().into_event(machine),
                // The chunk's octets are the next poll's.
                State::Chunk => return Event::Flush,
                _ => {}
            }
            let rest = &buffer[*used..];
            if machine.discard > 0 {
                *used += machine.discard_from(rest.len());
                if machine.discard > 0 {
                    return machine.need_input(input.ended).into_event(machine);
                }
                continue;
            }
            let (octets, end) = match input.lines.next(rest, machine.line_rules()) {
                Line::Whole { octets, end } => (octets, end),
                Line::More { discard } => {
                    *used += discard;
                    input.secret |= discard > 0;
                    return machine.need_input(input.ended).into_event(machine);
                }
                Line::TooLong { octets, bdat } => {
                    *used += octets;
                    input.secret = true;
                    machine.count_command();
                    machine.line_too_long(bdat);
                    continue;
                }
                Line::Bare => {
                    machine.refuse(None, Fault::BareNewline);
                    continue;
                }
                Line::Foreign => {
                    machine.refuse(None, Fault::ForeignProtocol);
                    continue;
                }
            };
            let line = &rest[..octets - end];
            machine.ahead = rest.len() > octets;
            input.secret |= machine.state == State::Auth || opens_auth(line);
            if machine.state == State::Auth {
                *used += octets;
                if machine.take_response(line) {
                    return Bare::Auth.into_event(machine);
                }
                continue;
            }
            match machine.take_line(line) {
                None => {
                    *used += octets;
                    // It may have been offered before.
                    *length = 0;
                }
                Some(command) => {
                    *length = octets;
                    return machine.ask(command);
                }
            }
        }
    }

    /// Takes a BDAT at the front of the input, where a message goes on with it.
    fn next_chunk(&mut self) -> bool {
        let Self { input, machine } = self;
        let untold = machine.closed.is_some() || machine.notice.is_some();
        let hindered = untold || machine.answers != Answers::AtOnce || !machine.has_room();
        // A message that began with BURL has no body yet: whether it may is to be asked.
        let goes_on = machine.state == State::Chunks && machine.body.is_some();
        if !goes_on || hindered || !opens_bdat(&input.buffer) {
            return false;
        }
        let Line::Whole { octets, end } = input.lines.next(&input.buffer, machine.line_rules())
        else {
            return false;
        };
        machine.take_line(&input.buffer[..octets - end]);
        input.buffer.advance(octets);
        machine.state.is_body()
    }

    /// Answers what nobody answered, and uses up the line of what was.
    fn settle(&mut self) {
        if let Question::Deferred(_) = self.machine.question {
            return;
        }
        if let Question::Open(ask) = self.machine.question {
            self.machine.question = Question::Settled;
            ask.settle(&mut self.machine);
        }
        self.input.used += core::mem::take(&mut self.input.line);
    }

    /// What the body has to tell, where one is arriving.
    fn poll_body(&mut self) -> Option<Bare> {
        let Self { input, machine } = self;
        if machine.question == Question::Deferred(Ask::Message) {
            return Some(Bare::Message);
        }
        if let Some(event) = machine.hindrance() {
            return Some(event);
        }
        let body = machine.body.as_mut()?;
        match body.next(&mut input.buffer) {
            Progress::Chunk(chunk) => Some(Bare::Body(chunk)),
            Progress::Void(fault) => Some(Bare::Aborted(fault)),
            Progress::More => Some(machine.need_input(input.ended)),
            Progress::End(None) if body.is_last() => {
                machine.transcript.tell(Entry::Content(body.octets()));
                machine.count_command();
                Some(Bare::Message)
            }
            Progress::End(fault) => {
                let (octets, last) = (body.octets(), body.is_last());
                let chunk = body.chunk_octets();
                if last {
                    machine.transcript.tell(Entry::Content(octets));
                    machine.count_command();
                }
                machine.finish_chunk(chunk, last, fault);
                None
            }
        }
    }
}

/// An event that borrows nothing from the input.
enum Bare {
    NeedInput,
    Flush,
    Connect,
    Reset,
    Body(Bytes),
    Aborted(Fault),
    Message,
    Auth,
    Upgrade,
    Closed(Closed),
}

impl Bare {
    fn into_event(self, machine: &mut Machine) -> Event<'_> {
        match self {
            Self::NeedInput => Event::NeedInput,
            Self::Flush => Event::Flush,
            Self::Reset => Event::Reset,
            Self::Body(chunk) => Event::Body(chunk),
            Self::Aborted(fault) => Event::Aborted(fault),
            Self::Closed(closed) => Event::Closed(closed),
            Self::Connect => Event::Connect(machine.request(Ask::Connect, Connect)),
            Self::Message => Event::Message(machine.request(Ask::Message, Message)),
            Self::Auth => {
                machine.question = Question::Open(Ask::Auth);
                Event::Auth(AuthRequest { machine })
            }
            Self::Upgrade => {
                machine.question = Question::Open(Ask::Upgrade);
                Event::Upgrade(Upgrade { machine })
            }
        }
    }
}

impl Machine {
    /// Hands out a decision.
    fn request<K>(&mut self, ask: Ask, value: K) -> Request<'_, K> {
        self.question = Question::Open(ask);
        Request {
            value,
            machine: self,
        }
    }

    /// What has to be seen to before any more input is looked at.
    fn hindrance(&mut self) -> Option<Bare> {
        if self.shutdown && self.closed.is_none() {
            match self.state {
                // Behind the 220 to STARTTLS nothing is said in clear.
                State::Upgrade => self.close(Closed::Fault(Fault::Shutdown)),
                state if state.is_gap() => self.refuse(None, Fault::Shutdown),
                _ => {}
            }
        }
        let waiting = self.output.remaining();
        let event = match (self.notice.take(), self.closed) {
            (Some(Notice::Reset), _) => Bare::Reset,
            (Some(Notice::Aborted(fault)), _) => Bare::Aborted(fault),
            (None, Some(closed)) if waiting == 0 => Bare::Closed(closed),
            (None, None) if self.answers == Answers::Late => Bare::NeedInput,
            (None, None) if self.answers == Answers::Due && waiting > 0 => Bare::Flush,
            (None, None) if self.has_room() => {
                self.answers = Answers::AtOnce;
                return None;
            }
            _ => Bare::Flush,
        };
        self.note_wait();
        Some(event)
    }

    /// There is no more to be made of the input.
    fn need_input(&mut self, ended: bool) -> Bare {
        let event = if self.output.has_remaining() {
            Bare::Flush
        } else if ended {
            self.close(Closed::EndOfInput);
            match self.notice.take() {
                Some(Notice::Aborted(fault)) => Bare::Aborted(fault),
                _ => Bare::Closed(Closed::EndOfInput),
            }
        } else {
            Bare::NeedInput
        };
        self.note_wait();
        event
    }

    /// How the next line is read: AUTH's responses are longer, and may look like anything.
    fn line_rules(&self) -> LineRules {
        let config = &self.config;
        let is_response = self.state == State::Auth;
        LineRules {
            limit: if is_response {
                config.limits.auth_line
            } else {
                self.command_line
            },
            bare_lf: config.accept_bare_lf_in_commands,
            commands: !is_response,
        }
    }

    fn line_too_long(&mut self, bdat: bool) {
        if self.state == State::Auth {
            self.give_up(Fault::AuthLineTooLong);
        } else if bdat && self.is_chunking() {
            self.refuse(Some(Verb::Bdat), Fault::Syntax(SyntaxErrorKind::ChunkSize));
        } else {
            self.refuse(None, Fault::LineTooLong);
        }
    }

    /// What is to be done once the reply that leads to an upgrade is out.
    fn upgrade(&mut self) -> Bare {
        if self.output.has_remaining() {
            self.note_wait();
            return Bare::Flush;
        }
        if self.state == State::Turned {
            self.close(Closed::Turned);
            return Bare::Closed(Closed::Turned);
        }
        self.note_wait();
        Bare::Upgrade
    }

    fn ask<'c>(&'c mut self, command: Command<'c>) -> Event<'c> {
        match command {
            Command::Hello(hello) => Event::Hello(self.request(Ask::Hello, hello)),
            Command::StartTls => Event::StartTls(self.request(Ask::StartTls, StartTls)),
            Command::Auth(_) => Bare::Auth.into_event(self),
            Command::Mail(mail) => Event::Mail(self.request(Ask::Mail, mail)),
            Command::Rcpt(rcpt) => Event::Rcpt(self.request(Ask::Rcpt, rcpt)),
            Command::Data => Event::Data(self.request(Ask::Data, Data { chunked: false })),
            Command::Bdat(_) => Event::Data(self.request(Ask::Data, Data { chunked: true })),
            Command::Burl(burl) => Event::Burl(self.request(Ask::Burl, burl)),
            Command::Vrfy(who) => Event::Verify(self.request(Ask::Verify, Verify(who))),
            Command::Expn(list) => Event::Expand(self.request(Ask::Expand, Expand(list))),
            Command::Help(topic) => Event::Help(self.request(Ask::Help, ShowHelp(topic))),
            Command::Etrn(etrn) => Event::Etrn(self.request(Ask::Etrn, etrn)),
            Command::Atrn(atrn) => Event::Atrn(self.request(Ask::Atrn, atrn)),
            Command::XClient(xclient) => Event::XClient(self.request(Ask::XClient, xclient)),
            Command::XForward(xforward) => Event::XForward(self.request(Ask::XForward, xforward)),
            Command::Own(own) => Event::Own(self.request(Ask::Own, own)),
            Command::Rset | Command::Noop | Command::Quit => Event::Flush,
        }
    }
}
