//! The machine, driven as the turns say, and held against what its server has seen.

use super::common::{client_config, take};
use super::messages::{End, Message, Outcome};
use super::seen::{Seen, What};
use super::turn::{Action, Plan, Terms, Turn};
use smtp_proto::bytes::{Buf, BytesMut};
use smtp_proto::client::{Body, Closed, Config, Connection, Delivery, Error, Event, Ready, Stage};
use smtp_proto::extension::{Auth, Mechanism};
use smtp_proto::{Command, Envelope, Hello, Reply, Secret, Wait};
use std::collections::VecDeque;

/// What `poll` may take beyond a step for each octet received and for each thing the owner does, from a turn
/// to when it asks for something: a flush, and the end.
const STEPS: usize = 4;

/// How a session may end before its time, by somebody's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A reply that no server says, or not then.
    Lie,
    /// A refusal of a message that was still on its way.
    CutShort,
    HungUp,
    Silence,
    Handshake,
    Challenges,
    /// 421, or no welcome.
    Turned,
}

#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub(crate) struct Driver {
    conn: Connection,
    pub(super) seen: Seen,
    pub(super) messages: Vec<Message>,
    actions: VecDeque<Action>,
    works: bool,
    pub(super) challenges: usize,
    /// Replies to what is no part of a message that were told.
    answers: usize,
    reads: bool,
    goes_on: bool,
    /// Octets that the server has read, and all that are written.
    pub(super) read: usize,
    pub(super) written: usize,
    /// Steps that were paid for.
    credit: usize,
    pub(super) causes: Vec<Cause>,
    welcome_refused: bool,
    pub(super) over: bool,
}

fn config(terms: &Terms) -> Config {
    let mut config = client_config();
    config.pipelining = terms.may_pipeline;
    config.unseen = terms.unseen;
    config.unanswered = terms.unanswered;
    if terms.lmtp {
        config.hello = Hello::lhlo("client.example.org").unwrap().into_owned();
    }
    config
}

impl Driver {
    pub(crate) fn new(terms: &Terms) -> Self {
        let mut driver = Self {
            conn: Connection::new(config(terms).into()),
            seen: Seen::new(terms),
            messages: Vec::new(),
            actions: VecDeque::new(),
            works: true,
            challenges: 0,
            answers: 0,
            reads: true,
            goes_on: true,
            read: 0,
            written: 0,
            credit: 0,
            causes: Vec::new(),
            welcome_refused: false,
            over: false,
        };
        driver.run();
        driver
    }

    pub(crate) fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Reply(classes, cut) => return self.reply(&classes, cut),
            Turn::Early(class) => return self.reply_early(class),
            Turn::Read(reads) => self.reads = reads,
            Turn::ReadSome(octets) => self.write(octets),
            Turn::Do(action) => self.actions.push_back(action),
            Turn::GoOn(goes_on) => self.goes_on = goes_on,
            Turn::Expire => {
                let expected = self.waits_for();
                let timeout = self.conn.timeout();
                assert_eq!(timeout.map(|timeout| timeout.wait), expected);
                if let Some(timeout) = timeout {
                    self.conn.handle_timeout(timeout);
                    self.causes.push(Cause::Silence);
                }
            }
            Turn::End => {
                self.conn.receive_eof();
                self.causes.push(Cause::HungUp);
            }
        }
        self.run();
    }

    fn waits_for(&mut self) -> Option<Wait> {
        if self.over {
            None
        } else if self.conn.transmit().has_remaining() {
            Some(Wait::Write)
        } else {
            let first = self.seen.unanswered(usize::MAX).next();
            first.map(|at| self.seen.asked[at].what.wait())
        }
    }

    pub(super) fn receive(&mut self, octets: &[u8]) {
        let taken = self.conn.receive(octets);
        self.credit += taken;
        assert!(taken == octets.len() || taken == 0);
        self.run();
    }

    /// The server reads so many octets.
    fn write(&mut self, most: usize) {
        self.show();
        let mut octets = BytesMut::new();
        take(self.conn.transmit(), most, &mut octets);
        self.read += octets.len();
    }

    /// Shows what is written by now.
    fn show(&mut self) {
        let left = self.conn.transmit().remaining();
        let new = (self.read + left).saturating_sub(self.written);
        if new > 0 {
            let mut octets = BytesMut::new();
            take(self.conn.clone().transmit(), usize::MAX, &mut octets);
            self.written += new;
            self.seen.read(&octets[left - new..]);
        }
    }

    /// Polls until something is asked for that isn't to be had.
    fn run(&mut self) {
        let mut steps = 0;
        loop {
            steps += 1;
            if steps > STEPS {
                let left = self.credit.checked_sub(1);
                self.credit = left.expect("more steps than octets");
            }
            let goes_on = self.poll();
            self.show();
            if !goes_on {
                return;
            }
        }
    }

    /// Does what is asked; whether there is more.
    fn poll(&mut self) -> bool {
        let event = match self.conn.poll() {
            Ok(event) => event,
            Err(error) => {
                self.fail(&error);
                return false;
            }
        };
        match event {
            Event::NeedInput => {
                assert!(!self.conn.transmit().has_remaining(), "words unsaid");
                assert!(self.conn.timeout().is_some(), "waits without a bound");
                return false;
            }
            Event::Flush => {
                if self.reads {
                    self.write(usize::MAX);
                }
                return self.reads;
            }
            Event::Ready(_) | Event::Body(_) | Event::Challenge(_) if !self.goes_on => {
                return false;
            }
            Event::Ready(ready) => {
                assert!(self.messages.iter().all(|message| message.told.is_some()));
                let Some(action) = self.actions.pop_front() else {
                    return false;
                };
                self.credit += 1;
                match action {
                    Action::Send(plan) => {
                        ready.send(envelope(self.messages.len(), &plan)).unwrap();
                        self.messages.push(Message::new(plan));
                        self.seen.begun += 1;
                    }
                    action => self.works = run(ready, &action).unwrap_or(self.works),
                }
            }
            Event::Body(body) => {
                let newest = self.messages.len() - 1;
                let recipients = self.messages[newest].plan.recipients;
                let refusal = self.seen.refusal(newest, recipients);
                assert_eq!(refusal, None, "asked for what is refused");
                let next = self.actions.pop_front();
                let (message, left) = go_on(body, &mut self.messages, self.written, next);
                self.handed_over(message, left);
            }
            Event::Challenge(challenge) => {
                assert_eq!(challenge.octets(), b"a");
                self.credit += 1;
                challenge.respond(b"x");
            }
            Event::Upgrade(upgrade) if self.works => upgrade.complete(),
            Event::Upgrade(upgrade) => {
                self.causes.push(Cause::Handshake);
                upgrade.fail();
            }
            Event::Reply { .. } => self.answers += 1,
            Event::Recipient { index, reply } => {
                let (at, message) = self.oldest();
                assert_eq!(index, message.recipients);
                message.recipients += 1;
                self.is_said(at, What::Rcpt(index), &reply);
            }
            Event::Delivered { index, reply } => {
                let (at, message) = self.oldest();
                message.delivered.push(index);
                let told = message.delivered.clone();
                assert!(self.seen.accepted(at).starts_with(&told));
                self.is_said(at, What::Delivery(index), &reply);
            }
            Event::Sent { reply } => self.tell(Outcome::Sent(reply.code().value())),
            Event::Refused {
                at: Stage::Connect | Stage::Hello,
                ..
            } => {
                assert!(self.causes.contains(&Cause::Turned) && !self.welcome_refused);
                self.welcome_refused = true;
            }
            Event::Refused { at, reply } => self.tell(Outcome::Refused(at, reply.code().value())),
            Event::Closed(closed) => {
                self.close(&closed);
                return false;
            }
            event => panic!("{event:?}"),
        }
        true
    }

    /// A piece of the newest message was, or its end, and maybe the next message.
    fn handed_over(&mut self, message: Option<Message>, left: Option<Action>) {
        self.credit += 1;
        if let Some(action) = left {
            self.actions.push_front(action);
        }
        self.show();
        let newest = self.messages.last_mut().unwrap();
        if self.seen.chunking
            && let Some(end) = &mut newest.end
        {
            // A chunk is whole with its last octet; of CRLF . CRLF each may be what is missing.
            *end = End(self.written);
        }
        if let Some(message) = message {
            self.messages.push(message);
            self.seen.begun += 1;
        }
    }

    fn is_said(&self, message: usize, what: What, reply: &Reply) {
        let said = self.seen.of(message).find(|asked| asked.what == what);
        assert_eq!(said.unwrap().reply, Some(reply.code().value()));
    }

    /// The oldest message under way.
    fn oldest(&mut self) -> (usize, &mut Message) {
        let mut all = self.messages.iter_mut().enumerate();
        all.find(|(_, message)| message.told.is_none())
            .expect("a message")
    }

    /// What became of it is told, once, and is true.
    fn tell(&mut self, outcome: Outcome) {
        let (at, message) = self.oldest();
        message.told = Some(outcome);
        let recipients = message.plan.recipients;
        self.seen.over.push(at);
        match outcome {
            Outcome::Sent(_) => {
                assert!(self.seen.took(at), "told as sent");
                assert!(self.seen.refusal(at, recipients).is_none());
            }
            Outcome::Refused(stage, code) => {
                assert!(!self.seen.took(at), "told as refused");
                let lied = self.causes.contains(&Cause::Lie);
                let closing = code == 421;
                let said = self.seen.refusal(at, recipients);
                assert!(
                    lied || closing || said == Some((stage, code)),
                    "{outcome:?}: {said:?}"
                );
            }
        }
    }

    fn fail(&mut self, error: &Error) {
        let causes: &[Cause] = match error {
            Error::UnexpectedReply(_) => &[Cause::Lie, Cause::CutShort],
            Error::EndOfInput => &[Cause::HungUp],
            Error::TimedOut(_) => &[Cause::Silence],
            Error::Glued => &[Cause::Lie],
            Error::Handshake => &[Cause::Handshake],
            Error::Challenge => &[Cause::Challenges],
            _ => &[],
        };
        let given_up = self.messages.iter().any(|message| match error {
            Error::Aborted => message.plan.abort,
            Error::Content(_) => message.is_unsound() || message.converted().is_none(),
            _ => false,
        });
        let known = causes.iter().any(|cause| self.causes.contains(cause));
        assert!(given_up || known, "{error:?}: {:?}", self.causes);
        self.over = true;
        assert_eq!(self.conn.poll().err().as_ref(), Some(error));
        assert_eq!(self.conn.timeout(), None);
        assert!(!self.conn.transmit().has_remaining());
    }

    fn close(&mut self, closed: &Closed) {
        let quit = self.seen.asked.iter().any(|asked| asked.what == What::Quit);
        match closed {
            Closed::Quit => assert!(quit),
            Closed::EndOfInput => assert!(self.causes.contains(&Cause::HungUp)),
            Closed::Server(_) => assert!(self.causes.contains(&Cause::Turned)),
            closed => panic!("{closed:?}"),
        }
        assert!(self.messages.iter().all(|message| message.told.is_some()));
        self.over = true;
        assert_eq!(self.conn.receive(b"250 ok\r\n"), 0);
        assert!(matches!(self.conn.poll(), Ok(Event::Closed(again)) if again == *closed));
        assert_eq!(self.conn.timeout(), None);
    }

    /// What is known of those under way is true.
    pub(crate) fn check(&self) {
        let under_way = || {
            let all = self.messages.iter().enumerate();
            all.filter(|(_, message)| message.told.is_none())
        };
        let expected: Vec<_> = under_way()
            .map(|(_, message)| message.delivery(self.read))
            .collect();
        let known: Vec<_> = self.conn.deliveries().collect();
        assert_eq!(known, expected);
        assert_eq!(
            self.conn.delivery(),
            expected.first().copied().unwrap_or(Delivery::Idle)
        );
        for ((at, _), known) in under_way().zip(known) {
            assert!(
                known == Delivery::Unknown || !self.seen.took(at),
                "surely not accepted"
            );
        }
        let answered = self.seen.asked.iter().filter(|asked| match asked.what {
            What::StartTls => asked.reply.is_some_and(|code| code != 220),
            What::Auth => asked.reply.is_some_and(|code| code != 334),
            What::Noop => asked.reply.is_some(),
            _ => false,
        });
        assert!(self.over || self.answers == answered.count());
        for (at, content) in &self.seen.contents {
            let message = &self.messages[*at];
            let mut expected = message.converted().unwrap();
            let chunked = self.seen.of(*at).any(|asked| asked.what == What::Chunk)
                || !self.seen.of(*at).any(|asked| asked.what == What::Data);
            if !chunked && !expected.is_empty() && !expected.ends_with("\r\n") {
                expected += "\r\n";
            }
            let none = message.end.is_none() && self.seen.accepted(*at).is_empty();
            let expected = if none { "" } else { &expected };
            assert_eq!(content, expected.as_bytes());
        }
    }
}

fn envelope(index: usize, plan: &Plan) -> Envelope {
    let recipients = (0..plan.recipients).map(|recipient| format!("{recipient}@m{index}"));
    let recipients: Vec<_> = recipients.collect();
    Envelope::new(&format!("{index}@b"), recipients.iter().map(String::as_str)).unwrap()
}

/// Says something that is no message; for STARTTLS, whether the handshake is to work.
fn run(ready: Ready<'_>, action: &Action) -> Option<bool> {
    // What isn't offered isn't said.
    match action {
        Action::StartTls { works } => {
            let _ = ready.starttls();
            return Some(*works);
        }
        Action::Auth => {
            let _ = ready.auth(Auth::new(
                Mechanism::PLAIN,
                Some(Secret::from(&b"\0a\0b"[..])),
            ));
        }
        Action::Noop => ready.command(&Command::Noop).unwrap(),
        Action::Quit | Action::Send(_) => ready.quit(),
    }
    None
}

/// The next piece of the newest message, or its end; what of `next` begins with that, and what is left.
fn go_on(
    body: Body<'_>,
    messages: &mut [Message],
    written: usize,
    next: Option<Action>,
) -> (Option<Message>, Option<Action>) {
    let index = messages.len();
    let newest = messages.last_mut().unwrap();
    if let Some(piece) = newest.plan.pieces.get(newest.pieces) {
        newest.pieces += 1;
        body.send(piece.as_bytes());
        return (None, next);
    }
    if newest.plan.abort {
        body.abort();
        return (None, next);
    }
    if newest.converted().is_some() {
        newest.end = Some(End(written + 1));
    }
    match next {
        Some(Action::Send(plan)) if plan.then => {
            body.finish_then(envelope(index, &plan)).unwrap();
            (Some(Message::new(plan)), None)
        }
        next => {
            body.finish();
            (None, next)
        }
    }
}
