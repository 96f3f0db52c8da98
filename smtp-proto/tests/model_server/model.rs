//! A server as the RFCs have it, slow and plain: what it knows of its client, what it has said, and
//! what it waits for. Which command may come when is in `order`.

use super::body::Body;
use super::turn::{Choice, Turn};
use std::collections::VecDeque;
use std::fmt;

/// Recipients that a message may have.
pub(crate) const RECIPIENTS: usize = 2;

/// How often a client may do something.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    pub(crate) errors: u32,
    /// Errors behind which each answer comes late.
    pub(crate) soft_errors: u32,
    pub(crate) refusals: u32,
    pub(crate) junk: u32,
    pub(crate) auth_failures: u32,
}

/// What somebody is told of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Asked(Ask),
    Aborted,
    Reset,
    Closed(End),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Connect,
    /// Of EHLO or LHLO, or of HELO.
    Hello(bool),
    StartTls,
    Upgrade,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The first chunk.
    Chunk,
    Message,
    Verify,
    Expand,
    Help,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Quit,
    HungUp,
    Refused,
    Fault,
}

/// What comes next from the client.
#[derive(Clone, Debug)]
pub(super) enum Awaits {
    Nothing,
    Command,
    Body,
    Response,
    Handshake,
    /// So many octets more of a chunk that is refused, and that is then told so, so often.
    Refused {
        left: usize,
        answer: Answer,
        times: usize,
    },
}

/// Said to what is refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// By the server itself, as an error or as what an honest client can't help.
    Fault(u16, bool),
    /// By its owner.
    Policy(u16),
}

/// How much of a message came in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    None,
    Some,
    /// One was refused, and so is what follows, until RSET (RFC 3030 §2).
    Refused,
}

/// Where a client stands, for the choice of what it sends next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage {
    NoHello,
    Idle,
    Mail(usize),
    Chunks,
    Body,
    Response,
}

#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) lmtp: bool,
    pub(crate) patience: Patience,
    /// Each reply is to be read before anything more is done.
    pub(crate) one_by_one: bool,
    /// What the owner says to the connection itself.
    pub(crate) opening: Choice,

    pub(crate) secure: bool,
    /// Whether it was EHLO or LHLO.
    pub(crate) hello: Option<bool>,
    pub(crate) identity: bool,
    /// The transaction's recipients, and whom it is from.
    pub(crate) mail: Option<usize>,
    pub(crate) sender: String,
    pub(super) chunks: Chunks,
    pub(crate) messages: u64,
    /// The greeting was 554 (RFC 5321 §3.1).
    pub(super) turned_away: bool,
    pub(super) errors: u32,
    pub(super) refusals: u32,
    pub(super) junk: u32,
    pub(super) auth_failures: u32,
    /// RCPTs that may still come behind a MAIL that was refused.
    pub(super) in_flight: usize,

    pub(super) awaits: Awaits,
    pub(super) body: Option<Body>,
    pub(super) asked: Option<Ask>,
    /// The octets of the chunk that is asked for, and whether it is the last.
    pub(super) offered: (usize, bool),
    pub(super) input: VecDeque<u8>,
    ended: bool,
    shutdown: bool,
    closed: Option<End>,
    pub(super) choices: VecDeque<Choice>,

    pub(crate) reads: bool,
    /// Replies that the client hasn't read.
    unread: bool,
    /// They are withheld for a while.
    late: bool,
    /// They were, and are to be read before anything more is done.
    due: bool,
    pub(crate) told: Vec<Told>,
    pub(crate) replies: Vec<u16>,
    /// Replies were dropped with the client that didn't read them.
    pub(crate) lost: bool,
    pub(crate) bodies: Vec<Vec<u8>>,
}

/// What it was made of.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("lmtp", &self.lmtp)
            .field("patience", &self.patience)
            .field("one_by_one", &self.one_by_one)
            .field("opening", &self.opening)
            .finish_non_exhaustive()
    }
}

impl Model {
    pub(crate) fn new(lmtp: bool, strict: bool, one_by_one: bool, opening: Choice) -> Self {
        let most = |few, many| if strict { few } else { many };
        let mut model = Self {
            lmtp,
            patience: Patience {
                errors: most(4, 20),
                soft_errors: most(2, 15),
                refusals: most(5, 50),
                junk: most(6, 50),
                auth_failures: most(1, 5),
            },
            one_by_one,
            opening,
            secure: false,
            hello: None,
            identity: false,
            mail: None,
            sender: String::new(),
            chunks: Chunks::None,
            messages: 0,
            turned_away: false,
            errors: 0,
            refusals: 0,
            junk: 0,
            auth_failures: 0,
            in_flight: 0,
            awaits: Awaits::Nothing,
            body: None,
            asked: None,
            offered: (0, false),
            input: VecDeque::new(),
            ended: false,
            shutdown: false,
            closed: None,
            choices: VecDeque::from([opening]),
            reads: true,
            unread: false,
            late: false,
            due: false,
            told: Vec::new(),
            replies: Vec::new(),
            lost: false,
            bodies: Vec::new(),
        };
        model.run();
        model
    }

    pub(crate) fn take(&mut self, turn: &Turn) {
        match turn {
            Turn::Send(sent, segment) => {
                let octets: Vec<_> = sent.iter().flat_map(super::sent::Sent::octets).collect();
                for segment in octets.chunks(*segment) {
                    let handshake = matches!(self.awaits, Awaits::Handshake);
                    if self.ended || handshake || self.closed.is_some() {
                        return;
                    }
                    self.input.extend(segment);
                    self.run();
                }
                return;
            }
            Turn::Decide(choice) => self.choices.push_back(*choice),
            Turn::Answer(choice) => {
                if let Some(ask) = self.asked.take() {
                    self.answer(ask, *choice);
                }
            }
            Turn::Read(reads) => self.reads = *reads,
            Turn::ReadSome(_) => {}
            Turn::Expire => self.expire(),
            Turn::Shutdown => self.shutdown = true,
            Turn::End => (self.ended, self.late, self.due) = (true, false, false),
        }
        self.run();
    }

    pub(crate) fn stage(&self) -> Stage {
        match (&self.awaits, self.hello, self.mail) {
            (Awaits::Body, ..) => Stage::Body,
            (Awaits::Response, ..) => Stage::Response,
            (_, None, _) => Stage::NoHello,
            (_, Some(_), _) if self.chunks != Chunks::None => Stage::Chunks,
            (_, Some(_), Some(recipients)) => Stage::Mail(recipients),
            (_, Some(_), None) => Stage::Idle,
        }
    }

    pub(crate) fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    pub(crate) fn is_unread(&self) -> bool {
        self.unread
    }

    /// What was handed on of a message that isn't complete.
    pub(crate) fn arriving(&self) -> Vec<u8> {
        let body = self.body.as_ref().filter(|body| body.fault.is_none());
        let body = body.filter(|_| self.asked != Some(Ask::Message));
        body.map(Body::content).unwrap_or_default()
    }

    /// Whether a transaction is under way, sound or not.
    pub(super) fn is_open(&self) -> bool {
        self.mail.is_some() || self.chunks != Chunks::None
    }

    fn run(&mut self) {
        while self.step() {}
    }

    fn step(&mut self) -> bool {
        if let Some(end) = self.closed {
            let news = Told::Closed(end);
            if !self.unread && self.told.last() != Some(&news) {
                self.told.push(news);
            }
            return self.flush();
        }
        if self.shutdown && !self.is_open() {
            match self.awaits {
                // What is said now is for TLS.
                Awaits::Handshake => self.close(End::Fault),
                _ => self.hang_up(421),
            }
            return true;
        }
        if self.late {
            return false;
        }
        if self.unread && (self.one_by_one || self.due) {
            return self.flush();
        }
        if let Some(ask) = self.asked {
            // RFC 3207 §5: nothing that came before the handshake counts behind it.
            let glued = ask == Ask::StartTls && !self.input.is_empty();
            if glued {
                self.close(End::Fault);
            }
            return glued || self.flush();
        }
        let moved = match self.awaits.clone() {
            Awaits::Nothing => {
                self.ask(Ask::Connect);
                true
            }
            Awaits::Handshake if self.unread => false,
            Awaits::Handshake => {
                self.ask(Ask::Upgrade);
                true
            }
            Awaits::Body => self.read_body(),
            Awaits::Refused {
                left,
                answer,
                times,
            } => self.read_refused(left, answer, times),
            Awaits::Command | Awaits::Response => self.read_line(),
        };
        if moved || self.flush() {
            return true;
        }
        let over = self.ended && !self.unread;
        if over {
            self.close(End::HungUp);
        }
        over
    }

    /// The client reads what there is, if it reads at all; whether there was something.
    fn flush(&mut self) -> bool {
        let reads = self.reads && self.unread && !self.late;
        if reads {
            (self.unread, self.due) = (false, false);
        }
        reads
    }

    pub(super) fn end_transaction(&mut self) {
        (self.mail, self.chunks, self.body) = (None, Chunks::None, None);
        self.awaits = Awaits::Command;
    }

    /// RSET, or a hello.
    pub(super) fn reset(&mut self) {
        let sound = self.body.as_ref().is_some_and(|body| body.fault.is_none());
        if self.mail.is_some() {
            self.told
                .push(if sound { Told::Aborted } else { Told::Reset });
        }
        self.end_transaction();
    }

    /// Says that a message which was handed on is void.
    pub(super) fn abort(&mut self) {
        if self.body.take().is_some_and(|body| body.fault.is_none()) {
            self.told.push(Told::Aborted);
        }
    }

    pub(super) fn close(&mut self, end: End) {
        if self.closed.is_some() {
            return;
        }
        if self.asked != Some(Ask::Message) {
            self.abort();
        }
        self.end_transaction();
        (self.asked, self.late, self.due) = (None, false, false);
        self.closed = Some(end);
    }

    pub(super) fn write(&mut self, code: u16) {
        self.replies.push(code);
        self.unread = true;
    }

    /// Says yes.
    pub(super) fn say(&mut self, code: u16) {
        self.in_flight = 0;
        self.write(code);
    }

    /// Says no by itself, so many times, to a command or something else.
    pub(super) fn refuse(&mut self, verb: &str, code: u16, counts: bool, times: usize) {
        // What was in flight behind a MAIL is no error of an honest client.
        let in_flight = self.in_flight > 0 && matches!(verb, "RCPT" | "DATA" | "BDAT");
        match verb {
            "MAIL" if code == 552 => self.in_flight = RECIPIENTS + 1,
            "RCPT" => self.in_flight = self.in_flight.saturating_sub(1),
            _ => self.in_flight = 0,
        }
        let allowed = if in_flight || !counts {
            self.refusals += 1;
            self.refusals <= self.patience.refusals
        } else {
            self.errors += 1;
            self.errors <= self.patience.errors
        };
        if !allowed {
            return self.hang_up(421);
        }
        for _ in 0..times {
            self.write(if self.turned_away { 503 } else { code });
        }
        self.late = self.late || self.errors > self.patience.soft_errors;
    }

    /// Says no, and that it was the last word.
    pub(super) fn hang_up(&mut self, code: u16) {
        self.write(code);
        self.close(End::Fault);
    }

    /// The wait that is running is over.
    fn expire(&mut self) {
        if self.late {
            (self.late, self.due) = (false, true);
        } else if self.unread {
            (self.unread, self.due, self.lost) = (false, false, true);
            self.close(End::Fault);
        } else if self.closed.is_some() {
            // Nothing is waited for.
        } else if matches!(self.awaits, Awaits::Handshake) {
            self.close(End::Fault);
        } else if let Some(ask) = self.asked.take() {
            self.answer(ask, Choice::Nothing);
        } else {
            self.hang_up(421);
        }
    }
}
