//! A driver for one server connection: octets in segments, verdicts, an interruption, and the
//! promises of `poll` checked at every turn.

use crate::decide::answer;
use crate::observe::{self, Run, Seen};
use crate::said::{self, Said, Transcript, Turns};
use crate::script::{Cuts, Interruption, Script, Verdict, Verdicts};
use crate::segments::Segments;
use smtp_proto::bytes::Buf;
use smtp_proto::server::{Closed, Config, Connection, Dialect, Event, Hasty};
use smtp_proto::{Extension, Wait};
use std::sync::Arc;

/// The longest reply our configurations write: to EHLO. LMTP's to a message has so much more for
/// each recipient.
const REPLY: usize = 1024;
const RECIPIENT: usize = 64;

/// How often in a row a request is deferred before it is accepted after all.
const PATIENCE: u32 = 3;

/// Serves `input` to its end.
pub(crate) fn serve(config: Config, script: &Script<'_>, cuts: Cuts<'_>, input: &[u8]) -> Run {
    let transcript = Transcript::default();
    let mark = config.limits.output;
    let chunking = config.offers.contains(Extension::Chunking);
    let turns = Turns::new(config.dialect == Dialect::Lmtp, chunking);
    let mut conn = if script.has(b'T') {
        Connection::over_tls(Arc::new(config))
    } else {
        Connection::new(Arc::new(config))
    };
    conn.set_transcript(said::sink(&transcript));
    let mut server = Server {
        conn,
        segments: Segments::new(script, cuts, input),
        transcript: Arc::clone(&transcript),
        heard: 0,
        recipients: 0,
        verdicts: script.verdicts(),
        mark,
        offered: None,
        offers: 0,
        expiring: false,
        open: Some(false),
        budget: 64 + 8 * input.len(),
        events: Vec::new(),
        output: Vec::new(),
        closed: None,
    };
    server.run(script, input);
    let run = Run {
        events: server.events,
        output: server.output,
        session: format!("{:?}", server.conn.session()),
        said: said::take(&transcript),
        closed: server.closed,
    };
    run.check(turns);
    run
}

struct Server<'a> {
    conn: Connection,
    segments: Segments<'a>,
    transcript: Transcript,
    /// How much of the transcript was looked at.
    heard: usize,
    /// Recipients of the transaction that is open.
    recipients: usize,
    verdicts: Verdicts<'a>,
    /// Octets of output from which on a flush is due.
    mark: usize,
    /// The request that was deferred.
    offered: Option<Seen>,
    offers: u32,
    expiring: bool,
    /// Whether a transaction is open, as the events have it; behind a void body they don't say.
    open: Option<bool>,
    /// How many more polls are reasonable.
    budget: usize,
    events: Vec<Seen>,
    output: Vec<u8>,
    closed: Option<Closed>,
}

/// Why polling pauses.
#[derive(PartialEq, Eq)]
enum Pause {
    NeedInput,
    Deferred,
    Closed,
}

impl Server<'_> {
    fn run(&mut self, script: &Script<'_>, input: &[u8]) {
        if !(script.has(b'e') || script.has(b'E')) {
            self.feed(&[]);
        }
        let interruption = script.interruption();
        let at = interruption.map_or(input.len(), |(_, at)| at.min(input.len()));
        self.feed(&input[..at]);
        match interruption {
            Some((Interruption::Shutdown, _)) => self.conn.shutdown(),
            Some((Interruption::End, _)) => self.conn.receive_eof(),
            Some((Interruption::Timeout, _)) => {
                if let Some(timeout) = self.conn.timeout() {
                    self.conn.handle_timeout(timeout);
                }
            }
            None => {}
        }
        self.feed(&[]);
        self.feed(&input[at..]);
        if self.closed.is_some() {
            self.stay_closed();
        }
    }

    /// Feeds segment by segment, until all is used up or there is no one to take it.
    fn feed(&mut self, mut input: &[u8]) {
        let (mut stuck, mut held) = (false, false);
        loop {
            let left = if held { 0 } else { input.len() };
            let segment = &input[..self.segments.next(left)];
            let taken = self.conn.receive(segment);
            input = &input[taken..];
            self.segments.took(taken);
            match self.pump() {
                Pause::Closed => return,
                Pause::Deferred => held = self.holds(),
                Pause::NeedInput if input.is_empty() => return,
                Pause::NeedInput if held => held = false,
                Pause::NeedInput => {
                    assert!(taken > 0 || !stuck, "wants input and takes none");
                    stuck = taken == 0;
                }
            }
        }
    }

    /// Whether nothing may come while a decision is open: how much that is depends on the cuts, and may
    /// be what counts. While its time runs out nothing comes either, since for that there may be replies
    /// to be written first.
    fn holds(&self) -> bool {
        let turns = matches!(
            self.offered,
            Some(Seen::Asked("starttls" | "atrn" | "xclient", _))
        );
        let hasty = self.conn.config().hasty_clients == Hasty::Close;
        hasty || self.expiring || (self.segments.is_at_turn() && !turns)
    }

    /// Polls until there is a reason to do something else.
    fn pump(&mut self) -> Pause {
        loop {
            self.budget = self.budget.checked_sub(1).expect("polled without end");
            let waiting = self.conn.transmit().remaining();
            assert!(
                waiting <= self.mark + REPLY + RECIPIENT * self.recipients,
                "{waiting} octets of output pile up"
            );
            let open = self.conn.session().transaction();
            self.recipients = open.map_or(self.recipients, |open| open.recipients().len());
            let event = self.conn.poll();
            let seen = observe::seen(&event);
            match event {
                Event::NeedInput => {
                    assert!(
                        !self.conn.transmit().has_remaining(),
                        "waits with a reply unsaid"
                    );
                    assert!(self.conn.timeout().is_some(), "waits without a bound");
                    let expected = self.hear();
                    let open = self.conn.session().transaction().is_some();
                    assert_eq!(open, expected.unwrap_or(open), "behind {:?}", self.events);
                    return Pause::NeedInput;
                }
                Event::Flush => self.flush(),
                Event::Body(chunk) => {
                    assert!(!chunk.is_empty());
                    match self.events.last_mut() {
                        Some(Seen::Body(body)) => body.extend_from_slice(&chunk),
                        _ => self.events.extend(seen),
                    }
                }
                Event::Aborted(_) | Event::Reset => {
                    self.open = matches!(event, Event::Reset).then_some(false);
                    self.events.extend(seen);
                }
                Event::Closed(closed) => {
                    let turned = closed == Closed::Turned;
                    assert!(!turned || self.segments.is_at_turn(), "something is lost");
                    if self.closed.replace(closed).is_none() {
                        self.events.extend(seen);
                    }
                    return Pause::Closed;
                }
                request => {
                    if let Event::Upgrade(_) = request {
                        assert!(self.segments.is_at_turn(), "something crosses");
                    }
                    let verdict = if self.expiring {
                        Verdict::Expire
                    } else if self.offers >= PATIENCE {
                        Verdict::Accept
                    } else {
                        self.verdicts.draw()
                    };
                    answer(request, verdict);
                    self.note(seen);
                    if self.follow_up(verdict) {
                        return Pause::Deferred;
                    }
                }
            }
        }
    }

    /// Keeps a request, unless it is one that was deferred: that must be the same again.
    fn note(&mut self, seen: Option<Seen>) {
        match self.offered.take() {
            Some(before) => assert_eq!(seen, Some(before), "another request than the one deferred"),
            None => self.events.extend(seen.clone()),
        }
        self.offered = seen;
    }

    /// What goes with a verdict beside the answer; whether the request is still open.
    fn follow_up(&mut self, verdict: Verdict) -> bool {
        self.offers += 1;
        match verdict {
            Verdict::Defer => return true,
            Verdict::DeferIntoShutdown => {
                self.conn.shutdown();
                // It may be closed instead of offered again, and then asks something else.
                return true;
            }
            Verdict::Expire => {
                self.flush();
                match self.conn.timeout() {
                    Some(timeout) if matches!(timeout.wait, Wait::Decision | Wait::Handshake) => {
                        self.conn.handle_timeout(timeout);
                        self.conn.handle_timeout(timeout);
                    }
                    _ => {
                        self.expiring = true;
                        return true;
                    }
                }
            }
            _ => {}
        }
        let accepted = matches!(verdict, Verdict::Accept | Verdict::AcceptWithText);
        match self.offered.take() {
            Some(Seen::Asked("mail", _)) if accepted => self.open = Some(true),
            Some(Seen::Asked("message", _)) => self.open = Some(false),
            Some(Seen::Asked("hello", _)) if accepted => self.open = Some(false),
            Some(Seen::Asked(what @ ("upgrade" | "xclient"), _)) if accepted => {
                let session = self.conn.session();
                assert!(session.hello().is_none() && session.identity().is_none());
                assert!(session.transaction().is_none());
                assert!(what == "xclient" || session.is_secure());
                self.open = Some(false);
            }
            // A part that is refused may have been the last.
            Some(Seen::Asked("burl", url)) if !accepted || url.ends_with(" LAST") => {
                self.open = None;
            }
            Some(Seen::Asked("data", by)) if !accepted && !by.is_empty() => self.open = None,
            _ => {}
        }
        self.offers = 0;
        self.expiring = false;
        false
    }

    /// Whether a transaction is open, as far as that can be told: of a chunk that the machine itself
    /// refuses no event says what it leads to.
    fn hear(&mut self) -> Option<bool> {
        let transcript = self.transcript.lock().expect("no one panicked in it");
        let mut at = self.heard;
        while at < transcript.len() {
            let Said::Client(line) = &transcript[at] else {
                at += 1;
                continue;
            };
            if said::verb(line) == b"BDAT" {
                self.heard = at;
                match transcript.get(at + 1) {
                    None => return None,
                    Some(Said::Content) => {}
                    Some(Said::Server(line)) if line.starts_with(b"2") => {}
                    Some(_) => self.open = None,
                }
            }
            at += 1;
        }
        self.heard = at;
        self.open
    }

    fn flush(&mut self) {
        let transmit = self.conn.transmit();
        while transmit.has_remaining() {
            let chunk = transmit.chunk();
            let octets = chunk.len().min(self.segments.cut());
            assert!(octets > 0, "a flush of nothing");
            self.output.extend_from_slice(&chunk[..octets]);
            transmit.advance(octets);
        }
    }

    /// After the end nothing more happens, whatever comes.
    fn stay_closed(&mut self) {
        for _ in 0..3 {
            assert_eq!(self.conn.receive(b"NOOP\r\n"), 0);
            assert!(matches!(self.conn.poll(), Event::Closed(how) if Some(how) == self.closed));
            assert!(!self.conn.transmit().has_remaining());
            assert_eq!(self.conn.timeout(), None);
            assert!(self.conn.session().transaction().is_none());
            self.conn.shutdown();
            self.conn.receive_eof();
        }
    }
}
