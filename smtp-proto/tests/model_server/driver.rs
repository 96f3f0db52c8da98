//! The machine, driven as the turns say, and all that it told and said.

use super::body::LIMIT;
use super::common::{Verdict, answer, server_config, take};
use super::model::{Ask, End, Model, RECIPIENTS, Told};
use super::turn::{Choice, Turn};
use smtp_proto::bytes::{Buf, BytesMut};
use smtp_proto::extension::{Extension, Mechanism, Mechanisms};
use smtp_proto::server::{Closed, Config, Connection, Dialect, Event};
use smtp_proto::{Hello, Refusal};
use std::collections::VecDeque;

/// What `poll` may take beyond a step for each octet received, from a turn to when it asks for something:
/// the greeting, a body that is void, a flush, an end.
pub(crate) const STEPS: usize = 8;

pub(crate) struct Driver {
    conn: Connection,
    choices: VecDeque<Choice>,
    /// The request that was put off, and what it is to be answered now.
    asked: Option<Ask>,
    answer: Option<Choice>,
    reads: bool,
    /// Octets received that no step was taken for yet.
    received: usize,
    told: Vec<Told>,
    output: BytesMut,
    body: Vec<u8>,
    bodies: Vec<Vec<u8>>,
}

fn config(model: &Model) -> Config {
    let mut config = server_config();
    config.offers.add(Extension::StartTls);
    config.offers.add(Extension::Chunking);
    config.offers.add(Mechanisms::new([Mechanism::PLAIN]));
    config.accept_clear_passwords = true;
    if model.lmtp {
        config.dialect = Dialect::Lmtp;
    }
    let limits = &mut config.limits;
    limits.message = Some(LIMIT as u64);
    limits.recipients = RECIPIENTS;
    limits.errors = model.patience.errors;
    limits.soft_errors = Some(model.patience.soft_errors);
    limits.refusals = model.patience.refusals;
    limits.junk_commands = model.patience.junk;
    limits.auth_failures = model.patience.auth_failures;
    // Whatever is put off, there is room.
    limits.input = 1 << 20;
    limits.output = if model.one_by_one { 1 } else { 1 << 20 };
    config
}

impl Driver {
    pub(crate) fn new(model: &Model) -> Self {
        let mut driver = Self {
            conn: Connection::new(config(model).into()),
            choices: VecDeque::from([model.opening]),
            asked: None,
            answer: None,
            reads: true,
            received: 0,
            told: Vec::new(),
            output: BytesMut::new(),
            body: Vec::new(),
            bodies: Vec::new(),
        };
        driver.run();
        driver
    }

    pub(crate) fn take(&mut self, turn: &Turn) {
        match turn {
            Turn::Send(sent, segment) => {
                let octets: Vec<_> = sent.iter().flat_map(super::sent::Sent::octets).collect();
                for segment in octets.chunks(*segment) {
                    let taken = self.conn.receive(segment);
                    if taken == 0 {
                        return;
                    }
                    assert_eq!(taken, segment.len());
                    self.received += taken;
                    self.run();
                }
                return;
            }
            Turn::Decide(choice) => self.choices.push_back(*choice),
            Turn::Answer(choice) => self.answer = self.asked.is_some().then_some(*choice),
            Turn::Read(reads) => self.reads = *reads,
            Turn::ReadSome(octets) => {
                let transmit = self.conn.transmit();
                let all = transmit.remaining();
                take(
                    transmit,
                    (*octets).min(all.saturating_sub(1)),
                    &mut self.output,
                );
            }
            Turn::Expire => {
                if let Some(timeout) = self.conn.timeout() {
                    self.conn.handle_timeout(timeout);
                    // With that it is settled, or everything is over.
                    self.asked = None;
                }
            }
            Turn::Shutdown => self.conn.shutdown(),
            Turn::End => self.conn.receive_eof(),
        }
        self.run();
    }

    /// Polls until something is asked for that isn't to be had.
    fn run(&mut self) {
        let (mut steps, mut stuck) = (0, false);
        loop {
            steps += 1;
            if steps > STEPS {
                let left = self.received.checked_sub(1);
                self.received = left.expect("more steps than octets");
            }
            let event = self.conn.poll();
            stuck &= matches!(event, Event::Flush);
            let told = match &event {
                Event::NeedInput => {
                    assert!(!self.conn.transmit().has_remaining(), "replies unsaid");
                    assert!(self.conn.timeout().is_some(), "waits without a bound");
                    return;
                }
                // There may be more to do without that; if so, the next step is another one.
                Event::Flush if !self.reads && stuck => return,
                Event::Flush if !self.reads => {
                    stuck = true;
                    continue;
                }
                Event::Flush => {
                    take(self.conn.transmit(), usize::MAX, &mut self.output);
                    continue;
                }
                Event::Body(octets) => {
                    self.body.extend_from_slice(octets);
                    continue;
                }
                Event::Aborted(_) => {
                    self.body.clear();
                    Told::Aborted
                }
                Event::Reset => Told::Reset,
                Event::Closed(closed) => {
                    let closed = Told::Closed(end(*closed));
                    if self.told.last() != Some(&closed) {
                        self.told.push(closed);
                    }
                    return self.stays_closed();
                }
                request => Told::Asked(ask(request)),
            };
            let Told::Asked(ask) = told else {
                self.asked = None;
                self.told.push(told);
                continue;
            };
            let choice = if let Some(before) = self.asked {
                assert_eq!(before, ask, "another request than was put off");
                self.answer.take().unwrap_or(Choice::Later)
            } else {
                self.told.push(told);
                if ask == Ask::Message {
                    self.bodies.push(std::mem::take(&mut self.body));
                }
                self.choices.pop_front().unwrap_or(Choice::Yes)
            };
            answer(event, verdict(ask, choice));
            self.asked = (choice == Choice::Later).then_some(ask);
            if choice == Choice::Later {
                // What was said before is to be read in the meantime.
                if !(self.reads && self.conn.transmit().has_remaining()) {
                    return;
                }
                take(self.conn.transmit(), usize::MAX, &mut self.output);
            }
        }
    }

    fn stays_closed(&mut self) {
        assert!(!self.conn.transmit().has_remaining());
        assert_eq!(self.conn.timeout(), None);
        assert_eq!(self.conn.receive(b"NOOP\r\n"), 0);
        assert!(matches!(self.conn.poll(), Event::Closed(_)));
    }

    pub(crate) fn check(&self, model: &Model) {
        assert_eq!(self.told, model.told);
        assert_eq!(self.bodies, model.bodies);
        let (body, arriving) = (&self.body, model.arriving());
        let held = "\r\n.".len();
        assert!(
            arriving.starts_with(body) && body.len() + held >= arriving.len(),
            "{body:?}: {arriving:?}"
        );
        let replies = replies(&self.output);
        assert!(
            model.replies.starts_with(&replies),
            "{replies:?}: {:?}",
            model.replies
        );
        assert!(
            model.is_unread() || model.lost || replies.len() == model.replies.len(),
            "{replies:?}: {:?}",
            model.replies
        );
        let session = self.conn.session();
        assert_eq!(session.is_secure(), model.secure);
        assert_eq!(session.hello().map(Hello::is_extended), model.hello);
        assert_eq!(session.identity(), model.identity.then_some("joe"));
        let transaction = session.transaction();
        assert_eq!(transaction.map(|open| open.recipients().len()), model.mail);
        assert!(transaction.is_none_or(|open| open.sender().to_string() == model.sender));
        assert_eq!(session.messages(), model.messages);
    }
}

/// The codes of those that were read to their ends.
fn replies(output: &[u8]) -> Vec<u16> {
    let lines = output.split_inclusive(|octet| *octet == b'\n');
    let whole = lines.filter(|line| line.ends_with(b"\r\n") && line.get(3) == Some(&b' '));
    whole
        .map(|line| str::from_utf8(&line[..3]).unwrap().parse().unwrap())
        .collect()
}

fn ask(event: &Event<'_>) -> Ask {
    match event {
        Event::Connect(_) => Ask::Connect,
        Event::Hello(request) => Ask::Hello(request.value().is_extended()),
        Event::StartTls(_) => Ask::StartTls,
        Event::Upgrade(_) => Ask::Upgrade,
        Event::Auth(_) => Ask::Auth,
        Event::Mail(_) => Ask::Mail,
        Event::Rcpt(_) => Ask::Rcpt,
        Event::Data(request) if request.value().is_chunked() => Ask::Chunk,
        Event::Data(_) => Ask::Data,
        Event::Message(_) => Ask::Message,
        Event::Verify(_) => Ask::Verify,
        Event::Expand(_) => Ask::Expand,
        Event::Help(_) => Ask::Help,
        event => panic!("{event:?}"),
    }
}

fn end(closed: Closed) -> End {
    match closed {
        Closed::Quit => End::Quit,
        Closed::EndOfInput => End::HungUp,
        Closed::Refused => End::Refused,
        Closed::Fault(_) => End::Fault,
        closed => panic!("{closed:?}"),
    }
}

fn verdict(ask: Ask, choice: Choice) -> Verdict {
    match (choice, ask) {
        (Choice::Yes, Ask::Auth) => Verdict::Identity("joe".into()),
        (Choice::Partly, Ask::Auth) => Verdict::Challenge("who?".into()),
        (Choice::Partly, Ask::Message) => {
            let no = std::iter::repeat_n(Err(Refusal::policy()), RECIPIENTS - 1);
            Verdict::Each(std::iter::once(Ok(())).chain(no).collect())
        }
        (Choice::Yes | Choice::Partly, _) => Verdict::Accept,
        (Choice::NotNow, _) => Verdict::Reject(Refusal::local_error()),
        (Choice::No, _) => Verdict::Reject(Refusal::policy()),
        (Choice::Bye, _) => Verdict::Reject(Refusal::shutting_down()),
        (Choice::Later, _) => Verdict::Defer,
        (Choice::Nothing, _) => Verdict::Ignore,
    }
}
