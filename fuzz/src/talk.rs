//! A driver for one client connection whose server's words are given.
//!
//! A reply that comes before its command was asked for is another matter than the same reply
//! later, so the server's octets are handed on reply by reply, as many at a time as commands are
//! unanswered; the cuts go through those.

use crate::envelope;
use crate::errands::{respond, run_errand, shake_hands};
use crate::script::{Cuts, Script, Verdict, Verdicts, octets, whole};
use smtp_proto::bytes::Buf;
use smtp_proto::client::{Closed, Config, Connection, Delivery, Error, Event, SendError};
use smtp_proto::{Entry, Envelope};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Messages a client sends before it takes leave.
const MESSAGES: usize = 3;

/// How often something else is done first.
const ERRANDS: usize = 8;

/// How often in a row a question is left unanswered.
const PATIENCE: u32 = 3;

/// What the client has to send, and what it hears.
pub(crate) struct Part<'a> {
    pub(crate) script: Script<'a>,
    pub(crate) config: Config,
    pub(crate) envelope: &'a Envelope,
    pub(crate) content: &'a [u8],
    pub(crate) server: &'a [u8],
}

/// How the server's octets are cut.
#[derive(Clone, Copy)]
pub(crate) enum Segments {
    Whole,
    Scripted,
    Octets,
}

impl Segments {
    fn cuts<'a>(self, script: &Script<'a>) -> Cuts<'a> {
        match self {
            Self::Whole => whole(),
            Self::Scripted => script.cuts(),
            Self::Octets => octets(),
        }
    }
}

/// All that came of it.
#[derive(Debug)]
pub(crate) struct Talked {
    /// The events, as `Debug` writes them.
    pub(crate) told: Vec<String>,
    pub(crate) written: Vec<u8>,
    pub(crate) bodies: Vec<Written>,
    /// Where the responses of AUTH begin in what was written.
    pub(crate) responses: Vec<usize>,
    /// Where what was written goes on under TLS.
    pub(crate) upgrades: Vec<usize>,
    /// It ended in an error: what was still to be written is lost.
    pub(crate) failed: bool,
    /// Of each message under way then: which one it is, in MAILs, and what was known of it.
    pub(crate) under_way: Vec<(usize, Delivery)>,
}

/// One body that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// How many MAILs were said before.
    pub(crate) mails: usize,
    /// Where it begins in what was written, by DATA.
    pub(crate) start: usize,
    pub(crate) finished: bool,
}

struct Talk<'a> {
    part: &'a Part<'a>,
    conn: Connection,
    cuts: Cuts<'a>,
    flushes: Cuts<'a>,
    verdicts: Verdicts<'a>,
    ignored: u32,
    /// Commands written, MAILs among them, and replies fed.
    asked: Arc<AtomicUsize>,
    mails: Arc<AtomicUsize>,
    fed: usize,
    /// The server's octets to come, and those of them that may be fed now.
    server: &'a [u8],
    flight: &'a [u8],
    chunks: Cuts<'a>,
    content: &'a [u8],
    messages: usize,
    errands: usize,
    /// The messages under way, in MAILs, and the body of the newest if that was begun.
    under_way: VecDeque<usize>,
    body: Option<usize>,
    talked: Talked,
}

impl Part<'_> {
    pub(crate) fn talk(&self, segments: Segments) -> Talked {
        let asked = Arc::new(AtomicUsize::new(1));
        let mails = Arc::new(AtomicUsize::new(0));
        let config = Arc::new(self.config.clone());
        let mut conn = if self.script.has(b'T') {
            Connection::over_tls(config)
        } else {
            Connection::new(config)
        };
        conn.set_transcript(count(Arc::clone(&asked), Arc::clone(&mails)));
        let mut talk = Talk {
            part: self,
            conn,
            cuts: segments.cuts(&self.script),
            flushes: envelope::scaled(&self.script, segments.cuts(&self.script)),
            verdicts: self.script.verdicts(),
            ignored: 0,
            asked,
            mails,
            fed: 0,
            server: self.server,
            flight: &[],
            chunks: envelope::scaled(&self.script, self.script.cuts()),
            content: &[],
            messages: 0,
            errands: 0,
            under_way: VecDeque::new(),
            body: None,
            talked: Talked {
                told: Vec::new(),
                written: Vec::new(),
                bodies: Vec::new(),
                responses: Vec::new(),
                upgrades: Vec::new(),
                failed: false,
                under_way: Vec::new(),
            },
        };
        talk.run();
        talk.talked
    }
}

impl Talk<'_> {
    fn run(&mut self) {
        let octets = self.part.server.len() + MESSAGES * self.part.content.len();
        let recipients = self.part.envelope.recipients().len();
        for _ in 0..512 + 16 * octets + 2048 * MESSAGES * (recipients + 4) {
            let filled = self.talked.written.len() + self.conn.transmit().remaining();
            match self.conn.poll() {
                Err(error) => return self.fail(&error),
                Ok(Event::NeedInput) => {
                    let unsaid = self.conn.transmit().has_remaining();
                    assert!(!unsaid, "waits with words unsaid");
                    assert!(self.conn.timeout().is_some(), "waits without a bound");
                    self.need_input();
                }
                Ok(Event::Flush) => self.flush(),
                Ok(Event::Ready(_) | Event::Body(_) | Event::Challenge(_))
                    if !self.flight.is_empty() =>
                {
                    assert!(self.feed() > 0, "takes no input");
                }
                Ok(Event::Upgrade(upgrade)) => {
                    let verdict = verdict(&mut self.verdicts, &mut self.ignored);
                    if shake_hands(upgrade, verdict) {
                        self.talked.upgrades.push(filled);
                    }
                }
                Ok(Event::Challenge(challenge)) => {
                    let told = format!("Challenge {:?}", challenge.octets());
                    self.talked.told.push(told);
                    let verdict = verdict(&mut self.verdicts, &mut self.ignored);
                    if respond(challenge, verdict) {
                        self.talked.responses.push(filled);
                    }
                }
                Ok(Event::Ready(ready)) => {
                    assert!(self.under_way.is_empty(), "ready within a message");
                    self.talked
                        .told
                        .push(format!("Ready {:?}", ready.capabilities()));
                    match verdict(&mut self.verdicts, &mut self.ignored) {
                        errand @ (Verdict::AcceptWithText
                        | Verdict::Expire
                        | Verdict::DeferIntoShutdown)
                            if self.errands < ERRANDS =>
                        {
                            self.errands += 1;
                            let begun = run_errand(ready, errand, self.errands);
                            self.talked.told.push(format!("{begun:?}"));
                        }
                        Verdict::Accept if self.messages < MESSAGES => {
                            let Part {
                                script, envelope, ..
                            } = self.part;
                            let begun = envelope::send(script, ready, envelope);
                            self.begin(&begun);
                        }
                        Verdict::Ignore => drop(ready),
                        Verdict::Defer if !self.server.is_empty() => self.next_replies(1),
                        _ => ready.quit(),
                    }
                }
                Ok(Event::Body(body)) => {
                    let bodies = &mut self.talked.bodies;
                    let index = *self.body.get_or_insert_with(|| {
                        bodies.push(Written {
                            mails: self.mails.load(Ordering::Relaxed),
                            start: filled,
                            finished: false,
                        });
                        bodies.len() - 1
                    });
                    match verdict(&mut self.verdicts, &mut self.ignored) {
                        Verdict::Reject | Verdict::Close => body.abort(),
                        Verdict::Ignore => drop(body),
                        Verdict::Defer if !self.server.is_empty() => self.next_replies(1),
                        _ if self.content.is_empty() => {
                            bodies[index].finished = true;
                            if self.part.script.has(b'N') && self.messages < MESSAGES {
                                let begun = body.finish_then(self.part.envelope.clone());
                                self.begin(&begun);
                            } else {
                                body.finish();
                            }
                        }
                        _ => {
                            let cut = self.chunks.next().unwrap_or(1).min(self.content.len());
                            body.send(self.content[..cut].to_vec());
                            self.content = &self.content[cut..];
                        }
                    }
                }
                Ok(Event::Closed(closed)) => return self.close(&closed),
                Ok(event) => {
                    if matches!(event, Event::Sent { .. } | Event::Refused { .. }) {
                        self.under_way.pop_front();
                    }
                    self.talked.told.push(format!("{event:?}"));
                    assert_eq!(self.conn.deliveries().count(), self.under_way.len());
                }
            }
        }
        panic!("polled without end");
    }

    /// A message was taken on, or can't be sent.
    fn begin(&mut self, begun: &Result<(), SendError>) {
        self.messages += 1;
        self.talked.told.push(format!("{begun:?}"));
        if begun.is_ok() {
            // Those before it have said theirs.
            let mails = self.mails.load(Ordering::Relaxed);
            self.under_way.push_back(mails + 1);
            self.content = self.part.content;
            self.body = None;
        }
    }

    /// An error is the end, and every poll behind it says so again.
    fn fail(&mut self, error: &Error) {
        assert_eq!(self.conn.poll().err().as_ref(), Some(error));
        assert!(!self.conn.transmit().has_remaining(), "goes on writing");
        assert_eq!(self.conn.timeout(), None);
        self.tell(format!("{error:?}"));
        self.talked.failed = true;
        let known: Vec<_> = self.conn.deliveries().collect();
        assert_eq!(known.len(), self.under_way.len());
        self.talked.under_way = self.under_way.drain(..).zip(known).collect();
    }

    /// So is being closed, and no message is left without an outcome.
    fn close(&mut self, closed: &Closed) {
        for _ in 0..3 {
            assert!(matches!(self.conn.poll(), Ok(Event::Closed(how)) if how == *closed));
            assert_eq!(self.conn.receive(b"250 ok\r\n"), 0);
            assert_eq!(self.conn.timeout(), None);
        }
        assert!(self.under_way.is_empty(), "a message without an outcome");
        self.tell(format!("{closed:?}"));
    }

    fn tell(&mut self, told: String) {
        self.talked.told.push(told);
    }

    /// As many replies more as may come in one flight.
    fn next_replies(&mut self, replies: usize) {
        let mut octets = 0;
        for _ in 0..replies {
            octets += one_reply(&self.server[octets..]);
        }
        self.fed += replies;
        (self.flight, self.server) = self.server.split_at(octets);
    }

    fn need_input(&mut self) {
        if self.flight.is_empty() {
            let unanswered = self.asked.load(Ordering::Relaxed).saturating_sub(self.fed);
            self.next_replies(unanswered.max(1));
        }
        if !self.flight.is_empty() {
            assert!(self.feed() > 0, "wants input and takes none");
        } else if self.part.script.has(b't')
            && let Some(timeout) = self.conn.timeout()
        {
            self.conn.handle_timeout(timeout);
        } else {
            self.conn.receive_eof();
        }
    }

    fn flush(&mut self) {
        let transmit = self.conn.transmit();
        let octets = transmit.chunk().len().min(self.flushes.next().unwrap_or(1));
        assert!(octets > 0, "a flush of nothing");
        let written = &mut self.talked.written;
        written.extend_from_slice(&transmit.chunk()[..octets]);
        transmit.advance(octets);
    }

    fn feed(&mut self) -> usize {
        let segment = self.flight.len().min(self.cuts.next().unwrap_or(1));
        let taken = self.conn.receive(&self.flight[..segment]);
        self.flight = &self.flight[taken..];
        taken
    }
}

/// Counts what wants an answer: BDAT LAST and its content are one thing.
fn count(asked: Arc<AtomicUsize>, mails: Arc<AtomicUsize>) -> impl Fn(Entry<'_>) + Send + Sync {
    move |entry| {
        let line = match entry {
            Entry::Server(_) | Entry::ServerSecret(_) => return,
            Entry::Client(line) => line,
            _ => b"",
        };
        if line.starts_with(b"BDAT") && line.ends_with(b"LAST") {
            return;
        }
        asked.fetch_add(1, Ordering::Relaxed);
        if line.starts_with(b"MAIL") {
            mails.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn verdict(verdicts: &mut Verdicts<'_>, ignored: &mut u32) -> Verdict {
    match verdicts.draw() {
        Verdict::Ignore if *ignored < PATIENCE => {
            *ignored += 1;
            Verdict::Ignore
        }
        Verdict::Ignore => {
            *ignored = 0;
            Verdict::Accept
        }
        verdict => verdict,
    }
}

/// How many octets make the next reply, or what stands in place of one.
fn one_reply(octets: &[u8]) -> usize {
    let mut end = 0;
    for line in octets.split_inclusive(|&octet| octet == b'\n') {
        end += line.len();
        if line.get(3) != Some(&b'-') {
            break;
        }
    }
    end
}
