//! Drivers for both machines that write down all they see.

#![allow(dead_code)] // each test file uses its own part

pub(crate) mod calls;
pub(crate) mod models;
pub(crate) mod script;

use std::collections::VecDeque;

use smtp_proto::address::{Domain, ForwardPath};
use smtp_proto::bytes::{Buf, Bytes, BytesMut};
use smtp_proto::extension::{Auth, Burl, Mechanism, MtPriority, Queue};
use smtp_proto::reply::Text;
use smtp_proto::server::{self, Accepted, Event};
use smtp_proto::{Command, Envelope, Hello, Refusal, Secret, Transmit, client};

pub(crate) fn server_config() -> server::Config {
    server::Config::new(Domain::try_from("mx.example.org").unwrap())
}

pub(crate) fn client_config() -> client::Config {
    let mut config = client::Config::new(Hello::ehlo("client.example.org").unwrap());
    config.send_clear_passwords = true;
    config
}

/// What a request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    Accept,
    Text(Text),
    /// 250 with what is known, for VRFY and EXPN only.
    Verified(Text),
    /// 251, for RCPT only.
    Forward(ForwardPath<'static>),
    Reject(Refusal),
    /// For each recipient of a message in LMTP.
    Each(Vec<Result<(), Refusal>>),
    /// 334 with these octets, for AUTH only.
    Challenge(String),
    /// 235, for AUTH only.
    Identity(String),
    /// For ETRN only.
    Queue(Queue),
    /// 250 with another priority than was asked for, for MAIL only.
    Priority(MtPriority),
    /// 355 with a transaction's recipients and how much of it is there, for MAIL only.
    Again(Envelope, u64),
    Defer,
    Ignore,
}

/// What happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) output: BytesMut,
    pub(crate) events: Vec<Note>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// A request as it was finally answered, or something that needs no answer.
    Told(String),
    /// Octets of a message; adjacent ones are joined.
    Body(BytesMut),
    /// A message that was accepted.
    Message(Envelope, BytesMut),
}

impl Seen {
    fn tell(&mut self, what: String) {
        self.events.push(Note::Told(what));
    }

    fn body(&mut self, chunk: &[u8]) {
        match self.events.last_mut() {
            Some(Note::Body(body)) => body.extend_from_slice(chunk),
            _ => self.events.push(Note::Body(chunk.into())),
        }
    }

    /// What was told, less bodies and messages.
    pub(crate) fn told(&self) -> impl Iterator<Item = &str> {
        self.events.iter().filter_map(|note| match note {
            Note::Told(what) => Some(what.as_str()),
            _ => None,
        })
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = (&Envelope, &[u8])> {
        self.events.iter().filter_map(|note| match note {
            Note::Message(envelope, body) => Some((envelope, &body[..])),
            _ => None,
        })
    }

    /// How many replies, and parts of one, were written.
    pub(crate) fn replies(&self) -> usize {
        let lines = self.output.split_inclusive(|&octet| octet == b'\n');
        lines.filter(|line| line.get(3) != Some(&b'-')).count()
    }
}

/// A request in the words of its command; anything else by its name.
pub(crate) fn describe(event: &Event<'_>) -> String {
    match event {
        Event::Connect(_) => "connect".into(),
        Event::Hello(request) => request.to_string(),
        Event::StartTls(_) => "STARTTLS".into(),
        Event::Upgrade(_) => "upgrade".into(),
        Event::Auth(request) => {
            let response = match request.response() {
                Some(secret) => format!(" {:?}", String::from_utf8_lossy(secret.expose())),
                None => String::new(),
            };
            let first = if request.is_first() {
                "AUTH"
            } else {
                "AUTH goes on"
            };
            format!("{first} {}{response}", request.mechanism())
        }
        Event::Mail(request) => request.to_string(),
        Event::Rcpt(request) => request.to_string(),
        Event::Data(request) if request.value().is_chunked() => "BDAT".into(),
        Event::Data(_) => "DATA".into(),
        Event::Burl(request) => request.to_string(),
        Event::Message(_) => "message".into(),
        Event::Verify(request) => format!("VRFY {}", request.value().text()),
        Event::Expand(request) => format!("EXPN {}", request.value().text()),
        Event::Help(request) => format!("HELP {:?}", request.value().text()),
        Event::Etrn(request) => request.to_string(),
        Event::Atrn(request) => request.to_string(),
        Event::XClient(request) => request.to_string(),
        Event::XForward(request) => request.to_string(),
        Event::Own(request) => request.to_string(),
        Event::Aborted(fault) => format!("aborted: {fault:?}"),
        Event::Reset => "reset".into(),
        Event::Closed(closed) => format!("closed: {closed:?}"),
        other => format!("{other:?}"),
    }
}

/// Answers a request.
pub(crate) fn answer(event: Event<'_>, verdict: Verdict) {
    // What can be answered is sealed, so this can't be a function.
    macro_rules! give {
        ($request:expr) => {
            match verdict {
                Verdict::Text(text) => $request.accept_with_text(text),
                Verdict::Reject(refusal) => $request.reject(refusal),
                Verdict::Defer => $request.defer(),
                Verdict::Ignore => drop($request),
                _ => $request.accept(),
            }
        };
    }
    match (event, &verdict) {
        (Event::Rcpt(request), Verdict::Forward(path)) => request.accept_forwarded(path),
        (Event::Message(request), Verdict::Each(each)) => {
            request.conclude(Ok(Accepted::each(each.clone())));
        }
        (Event::Auth(request), Verdict::Challenge(challenge)) => {
            request.challenge(challenge.as_bytes());
        }
        (Event::Auth(request), Verdict::Identity(identity)) => request.accept(identity.clone()),
        (Event::Auth(request), Verdict::Reject(refusal)) => request.reject(refusal.clone()),
        (Event::Auth(request), Verdict::Defer) => request.defer(),
        (Event::Upgrade(upgrade), Verdict::Accept) => upgrade.complete(),
        (Event::Upgrade(upgrade), Verdict::Reject(_)) => upgrade.fail(),
        (Event::Upgrade(upgrade), Verdict::Defer) => upgrade.defer(),
        (Event::Etrn(request), Verdict::Queue(queue)) => request.accept_queue(*queue),
        (Event::Mail(request), Verdict::Priority(priority)) => {
            request.accept_at_priority(*priority);
        }
        (Event::Mail(request), Verdict::Again(begun, offset)) => {
            request.accept_again(begun.clone(), *offset);
        }
        (Event::Verify(request), Verdict::Verified(text)) => request.accept_verified(text.clone()),
        (Event::Expand(request), Verdict::Verified(text)) => request.accept_expanded(text.clone()),
        (Event::Connect(request), _) => give!(request),
        (Event::StartTls(request), _) => give!(request),
        (Event::Burl(request), _) => give!(request),
        (Event::Etrn(request), _) => give!(request),
        (Event::Atrn(request), _) => give!(request),
        (Event::XClient(request), _) => give!(request),
        (Event::XForward(request), _) => give!(request),
        (Event::Own(request), _) => give!(request),
        (Event::Hello(request), _) => give!(request),
        (Event::Mail(request), _) => give!(request),
        (Event::Rcpt(request), _) => give!(request),
        (Event::Data(request), _) => give!(request),
        (Event::Message(request), _) => give!(request),
        (Event::Verify(request), _) => give!(request),
        (Event::Expand(request), _) => give!(request),
        (Event::Help(request), _) => give!(request),
        _ => {}
    }
}

/// Whether somebody has to answer it; input, output and bodies are seen to already.
pub(crate) fn is_request(event: &Event<'_>) -> bool {
    !matches!(event, Event::Aborted(_) | Event::Reset | Event::Closed(_))
}

/// Writes out up to `most` octets.
pub(crate) fn take(transmit: &mut Transmit, most: usize, to: &mut BytesMut) {
    let mut left = most;
    while left > 0 && transmit.has_remaining() {
        let chunk = transmit.chunk();
        let taken = chunk.len().min(left);
        to.extend_from_slice(&chunk[..taken]);
        transmit.advance(taken);
        left -= taken;
    }
}

/// A server whose requests `policy` decides on, knowing their description.
#[derive(Clone)]
pub(crate) struct Server<P> {
    pub(crate) conn: server::Connection,
    pub(crate) seen: Seen,
    policy: P,
}

impl<P: FnMut(&str) -> Verdict> Server<P> {
    pub(crate) fn new(config: server::Config, policy: P) -> Self {
        Self {
            conn: server::Connection::new(config.into()),
            seen: Seen::default(),
            policy,
        }
    }

    /// Does all that can be done; false once the connection is closed.
    pub(crate) fn run(&mut self) -> bool {
        loop {
            match self.conn.poll() {
                Event::NeedInput => {
                    self.conn.shrink();
                    return true;
                }
                Event::Flush => take(self.conn.transmit(), usize::MAX, &mut self.seen.output),
                Event::Body(chunk) => self.seen.body(&chunk),
                event => {
                    let what = describe(&event);
                    if !is_request(&event) {
                        let closed = matches!(event, Event::Closed(_));
                        self.seen.tell(what);
                        if closed {
                            return false;
                        }
                        continue;
                    }
                    let verdict = (self.policy)(&what);
                    if let (
                        Event::Message(request),
                        Verdict::Accept | Verdict::Text(_) | Verdict::Each(_),
                    ) = (&event, &verdict)
                    {
                        let envelope = request.session().transaction().unwrap().clone();
                        let body = match self.seen.events.last() {
                            Some(Note::Body(body)) => body.clone(),
                            _ => BytesMut::new(),
                        };
                        self.seen.events.push(Note::Message(envelope, body));
                    } else if !matches!(verdict, Verdict::Defer) {
                        self.seen.tell(what);
                    }
                    answer(event, verdict);
                }
            }
        }
    }

    /// Brings input in, as it fits; false once the connection is closed.
    pub(crate) fn feed(&mut self, mut input: &[u8]) -> bool {
        while !input.is_empty() {
            let taken = self.conn.receive(input);
            input = &input[taken..];
            if !self.run() {
                return false;
            }
            assert!(taken > 0, "no room for more");
        }
        true
    }
}

/// What a client does whenever it is ready.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Send(Envelope, Vec<u8>),
    /// Said as the message before it ends; as `Send`, if there is none.
    Then(Envelope, Vec<u8>),
    /// By its URL.
    SendUrl(Envelope, String),
    StartTls,
    /// A mechanism, an initial response, and the responses to each challenge; behind those it gives
    /// up.
    Auth(String, Option<String>, Vec<String>),
    Command(Command<'static>),
    Quit,
}

/// A client that works off its actions and hands its messages over in chunks of `chunk` octets.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) conn: client::Connection,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) output: BytesMut,
    pub(crate) events: Vec<String>,
    chunk: usize,
    content: Bytes,
    responses: VecDeque<String>,
    /// The octets that the server has already are left out.
    resumed: bool,
    /// Whether handshakes succeed.
    pub(crate) secure: bool,
    /// Octets that the server reads before it reads no more.
    pub(crate) reads: usize,
}

impl Client {
    pub(crate) fn new(
        config: client::Config,
        actions: impl IntoIterator<Item = Action>,
        chunk: usize,
    ) -> Self {
        Self {
            conn: client::Connection::new(config.into()),
            actions: actions.into_iter().collect(),
            output: BytesMut::new(),
            events: Vec::new(),
            chunk,
            content: Bytes::new(),
            responses: VecDeque::new(),
            resumed: false,
            secure: true,
            reads: usize::MAX,
        }
    }

    /// Does all that can be done; false once the connection is done for.
    pub(crate) fn run(&mut self) -> bool {
        loop {
            let event = match self.conn.poll() {
                Ok(event) => event,
                Err(error) => {
                    self.events.push(format!("error: {error:?}"));
                    return false;
                }
            };
            match event {
                client::Event::NeedInput => return true,
                client::Event::Flush => {
                    let most = self.reads - self.output.len();
                    take(self.conn.transmit(), most, &mut self.output);
                    if self.conn.transmit().has_remaining() {
                        return true;
                    }
                }
                client::Event::Ready(ready) => match self.actions.pop_front() {
                    None => return true,
                    Some(Action::Quit) => ready.quit(),
                    Some(Action::Send(envelope, content) | Action::Then(envelope, content)) => {
                        match ready.send(envelope) {
                            Ok(()) => self.content = content.into(),
                            Err(error) => self.events.push(format!("not sent: {error:?}")),
                        }
                    }
                    Some(Action::SendUrl(envelope, url)) => {
                        let url = Burl::new(&url, true).unwrap();
                        if let Err(error) = ready.send_url(envelope, &url) {
                            self.events.push(format!("not sent: {error:?}"));
                        }
                    }
                    Some(Action::StartTls) => {
                        if let Err(error) = ready.starttls() {
                            self.events.push(format!("not sent: {error:?}"));
                        }
                    }
                    Some(Action::Auth(mechanism, initial, responses)) => {
                        let initial = initial.map(|initial| Secret::from(initial.as_bytes()));
                        let mechanism = Mechanism::try_from(mechanism.as_str()).unwrap();
                        self.responses = responses.into();
                        if let Err(error) = ready.auth(Auth::new(mechanism, initial)) {
                            self.events.push(format!("not sent: {error:?}"));
                        }
                    }
                    Some(Action::Command(command)) => {
                        if let Err(error) = ready.command(&command) {
                            self.events.push(format!("not sent: {error:?}"));
                        }
                    }
                },
                client::Event::Upgrade(upgrade) if self.secure => upgrade.complete(),
                client::Event::Upgrade(upgrade) => upgrade.fail(),
                client::Event::Challenge(challenge) => {
                    let asked = String::from_utf8_lossy(challenge.octets()).into_owned();
                    self.events.push(format!("challenge: {asked:?}"));
                    match self.responses.pop_front() {
                        Some(response) => challenge.respond(response.as_bytes()),
                        None => challenge.cancel(),
                    }
                }
                client::Event::Reply { verb, reply } => {
                    self.events.push(format!("reply: {verb} {reply}"));
                }
                client::Event::Delivered { index, reply } => {
                    self.events.push(format!("delivered {index}: {reply}"));
                }
                client::Event::Body(body) if body.offset() > 0 && !self.resumed => {
                    self.resumed = true;
                    let offset = usize::try_from(body.offset()).unwrap();
                    self.content.advance(offset);
                }
                client::Event::Body(body) if self.content.is_empty() => {
                    if !matches!(self.actions.front(), Some(Action::Then(..))) {
                        body.finish();
                    } else if let Some(Action::Then(envelope, content)) = self.actions.pop_front() {
                        match body.finish_then(envelope) {
                            Ok(()) => self.content = content.into(),
                            Err(error) => self.events.push(format!("not sent: {error:?}")),
                        }
                    }
                }
                client::Event::Body(body) => {
                    let chunk = self.content.len().min(self.chunk);
                    body.send(self.content.split_to(chunk));
                }
                client::Event::Recipient { index, reply } => {
                    self.events.push(format!("recipient {index}: {reply}"));
                }
                client::Event::Sent { reply } => self.events.push(format!("sent: {reply}")),
                client::Event::Refused { at, reply } => {
                    self.events.push(format!("refused at {at:?}: {reply}"));
                }
                client::Event::Closed(closed) => {
                    self.events.push(format!("closed: {closed:?}"));
                    return false;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Brings input in, as it fits; false once the connection is done for.
    pub(crate) fn feed(&mut self, mut input: &[u8]) -> bool {
        while !input.is_empty() {
            let taken = self.conn.receive(input);
            if taken == 0 {
                return true;
            }
            input = &input[taken..];
            if !self.run() {
                return false;
            }
            self.conn.shrink();
        }
        true
    }
}
