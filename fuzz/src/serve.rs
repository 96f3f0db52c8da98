//! A driver for one server connection: octets in segments, verdicts, an interruption, and the
//! promises of `poll` checked at every turn.

use crate::decide::answer;
use crate::observe::{self, Run, Seen, Transcript};
use crate::script::{Cuts, Interruption, Script, Verdict, Verdicts};
use smtp_proto::Wait;
use smtp_proto::bytes::Buf;
use smtp_proto::server::{Closed, Config, Connection, Event};
use std::sync::Arc;

/// The longest reply our configurations write: to EHLO.
const REPLY: usize = 512;

/// How often in a row a request is deferred before it is accepted after all.
const PATIENCE: u32 = 3;

/// Serves `input` to its end.
pub(crate) fn serve(config: Config, script: &Script<'_>, cuts: Cuts<'_>, input: &[u8]) -> Run {
    let transcript = Transcript::default();
    let mark = config.limits.output;
    let mut conn = Connection::new(Arc::new(config));
    conn.set_transcript(observe::sink(&transcript));
    let mut server = Server {
        conn,
        cuts,
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
        said: observe::take(&transcript),
        closed: server.closed,
    };
    run.check();
    run
}

struct Server<'a> {
    conn: Connection,
    cuts: Cuts<'a>,
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
        let mut stuck = false;
        loop {
            let segment = match input {
                [] => input,
                _ => &input[..input.len().min(self.cuts.next().unwrap_or(1))],
            };
            let taken = self.conn.receive(segment);
            input = &input[taken..];
            match self.pump() {
                Pause::Closed => return,
                Pause::Deferred => {}
                Pause::NeedInput if input.is_empty() => return,
                Pause::NeedInput => {
                    assert!(taken > 0 || !stuck, "wants input and takes none");
                    stuck = taken == 0;
                }
            }
        }
    }

    /// Polls until there is a reason to do something else.
    fn pump(&mut self) -> Pause {
        loop {
            self.budget = self.budget.checked_sub(1).expect("polled without end");
            let waiting = self.conn.transmit().remaining();
            assert!(
                waiting <= self.mark + REPLY,
                "{waiting} octets of output pile up"
            );
            let event = self.conn.poll();
            let seen = observe::seen(&event);
            match event {
                Event::NeedInput => {
                    assert!(
                        !self.conn.transmit().has_remaining(),
                        "waits with a reply unsaid"
                    );
                    assert!(self.conn.timeout().is_some(), "waits without a bound");
                    let open = self.conn.session().transaction().is_some();
                    assert_eq!(open, self.open.unwrap_or(open), "behind {:?}", self.events);
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
                    if self.closed.replace(closed).is_none() {
                        self.events.extend(seen);
                    }
                    return Pause::Closed;
                }
                request => {
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
                    Some(timeout) if timeout.wait == Wait::Decision => {
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
            _ => {}
        }
        self.offers = 0;
        self.expiring = false;
        false
    }

    fn flush(&mut self) {
        let transmit = self.conn.transmit();
        while transmit.has_remaining() {
            let chunk = transmit.chunk();
            let octets = chunk.len().min(self.cuts.next().unwrap_or(1));
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
