//! A session with BDAT in it, as plainly as RFC 3030 §2 and RFC 2033 §4.3 say it.
//!
//! It knows a handful of commands, each in one spelling, and takes everybody's yes for granted. At
//! the first line it doesn't know it stops.

use super::bdat::chunk;
use super::body::{Void, decode};
use crate::observe::Seen;
use smtp_proto::ContentFault;
use smtp_proto::command::SyntaxErrorKind;
use smtp_proto::server::{Closed, Fault};

/// What a server is told that reads it.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) events: Vec<Seen>,
    /// The codes of its replies.
    pub(crate) codes: Vec<u16>,
    /// How many octets were understood.
    pub(crate) octets: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Idle,
    Mail,
    Rcpt,
    Chunks,
    /// A chunk was refused.
    Void,
}

/// A message as far as it is there.
#[derive(Debug, Default)]
struct Message {
    octets: u64,
    behind_cr: bool,
    fault: Option<ContentFault>,
}

/// The commands there are, BDAT apart.
#[derive(Clone, Copy, Debug)]
enum Line {
    Mail { binary: bool },
    Rcpt,
    Data,
    Rset,
    Noop,
    Quit,
    Other,
}

impl Line {
    fn of(line: &[u8]) -> Self {
        match line {
            b"MAIL FROM:<a@example.com>"
            | b"MAIL FROM:<a@example.com> BODY=7BIT"
            | b"MAIL FROM:<a@example.com> BODY=8BITMIME" => Self::Mail { binary: false },
            b"MAIL FROM:<a@example.com> BODY=BINARYMIME" => Self::Mail { binary: true },
            b"RCPT TO:<b@example.org>" => Self::Rcpt,
            b"DATA" => Self::Data,
            b"RSET" => Self::Rset,
            b"NOOP" => Self::Noop,
            b"QUIT" => Self::Quit,
            _ => Self::Other,
        }
    }
}

/// What a server is told once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) lmtp: bool,
    /// A lone CR or LF is data.
    pub(crate) bare: bool,
    /// Octets of a message at most.
    pub(crate) octets: u64,
    pub(crate) recipients: usize,
}

/// What MAIL and RCPT said.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    binary: bool,
    recipients: usize,
}

#[derive(Debug)]
pub(crate) struct Reader {
    rules: Rules,
    place: Place,
    open: Option<Open>,
    message: Option<Message>,
    heard: Heard,
}

impl Reader {
    /// Stands behind the hello.
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            place: Place::Idle,
            open: None,
            message: None,
            heard: Heard::default(),
        }
    }

    pub(crate) fn read(mut self, input: &[u8]) -> Heard {
        let mut rest = input;
        while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
            let (line, behind) = (&rest[..end], &rest[end + 2..]);
            let Some(taken) = self.line(line, behind) else {
                break;
            };
            rest = &behind[taken..];
            if matches!(self.heard.events.last(), Some(Seen::Closed(_))) {
                break;
            }
        }
        self.heard.octets = input.len() - rest.len();
        self.heard
    }

    /// Octets behind the line that belong to it; `None` where the line isn't known.
    fn line(&mut self, line: &[u8], behind: &[u8]) -> Option<usize> {
        if line.len() > 500 || line.contains(&b'\r') || line.contains(&b'\n') {
            return None;
        }
        match (Line::of(line), self.place) {
            (Line::Noop, _) => self.say(250),
            (Line::Quit, _) => {
                self.abort(Fault::Reset);
                self.say(221);
                self.heard.events.push(Seen::Closed(Closed::Quit));
            }
            (Line::Rset, _) => {
                if self.open.is_some() && !self.abort(Fault::Reset) {
                    self.heard.events.push(Seen::Reset);
                }
                self.end();
                self.place = Place::Idle;
                self.say(250);
            }
            (Line::Mail { binary }, Place::Idle) => {
                self.ask("mail", line);
                self.place = Place::Mail;
                self.open = Some(Open {
                    binary,
                    recipients: 0,
                });
                self.say(250);
            }
            (Line::Rcpt, Place::Mail | Place::Rcpt) => {
                let open = self.open.as_mut().expect("a transaction");
                if open.recipients == self.rules.recipients {
                    self.say(452);
                } else {
                    open.recipients += 1;
                    self.ask("rcpt", line);
                    self.place = Place::Rcpt;
                    self.say(250);
                }
            }
            (Line::Data, Place::Mail) if !self.rules.lmtp => self.say(554),
            (Line::Data, Place::Rcpt) if !self.is_binary() => {
                self.ask("data", b"");
                self.say(354);
                return Some(self.dotted(behind));
            }
            (Line::Mail { .. } | Line::Rcpt | Line::Data, _) => self.say(503),
            (Line::Other, _) => {
                if let Ok((size, last)) = chunk(line)? {
                    return Some(self.bdat(size, last, behind));
                }
                let fault = Fault::Syntax(SyntaxErrorKind::ChunkSize);
                self.abort(fault);
                self.say(501);
                self.heard.events.push(Seen::Closed(Closed::Fault(fault)));
            }
        }
        Some(0)
    }

    fn is_binary(&self) -> bool {
        self.open.is_some_and(|open| open.binary)
    }

    /// A body by DATA.
    fn dotted(&mut self, input: &[u8]) -> usize {
        let body = decode(input, self.rules.bare, self.rules.octets);
        self.hand_on(&body.message);
        let Some(end) = body.end else {
            if let Some(fault) = body.fault {
                self.heard.events.push(Seen::Aborted(fault.into()));
            }
            return input.len();
        };
        self.conclude(match body.fault {
            None => Ok(()),
            Some(Void::TooBig) => Err((Fault::MessageTooBig, 552)),
            Some(fault) => Err((fault.into(), 550)),
        });
        end
    }

    fn bdat(&mut self, size: u64, last: bool, behind: &[u8]) -> usize {
        let so_far = self.message.as_ref().map_or(0, |message| message.octets);
        let here = behind
            .len()
            .min(usize::try_from(size).unwrap_or(usize::MAX));
        let fits = size <= self.rules.octets - so_far;
        match self.place {
            Place::Rcpt | Place::Chunks if fits => {
                if self.message.is_none() {
                    self.ask("data", b"chunked");
                    self.message = Some(Message::default());
                }
                behind[..here].iter().for_each(|octet| self.octet(*octet));
                if here as u64 == size {
                    self.chunk_ends(last);
                }
            }
            place => {
                let code = match place {
                    Place::Rcpt | Place::Chunks => 552,
                    _ => 503,
                };
                self.abort(Fault::MessageTooBig);
                self.refuse_chunk(code, last, here as u64 == size);
            }
        }
        here
    }

    /// It is said once the octets are there (RFC 3030 §2).
    fn refuse_chunk(&mut self, code: u16, last: bool, here: bool) {
        let replies = match (here, last) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => self.replies(),
        };
        (0..replies).for_each(|_| self.say(code));
        self.message = None;
        self.place = match self.place {
            Place::Idle => Place::Idle,
            Place::Void => Place::Void,
            _ if last => Place::Idle,
            _ => Place::Void,
        };
        if last {
            self.end();
        }
    }

    fn chunk_ends(&mut self, last: bool) {
        let message = self.message.as_mut().expect("a message");
        if last && message.behind_cr {
            message.behind_cr = false;
            self.stray(b'\r', ContentFault::BareCr);
        }
        let fault = self.message.as_ref().and_then(|message| message.fault);
        match fault {
            None if last => self.conclude(Ok(())),
            None => {
                self.place = Place::Chunks;
                self.say(250);
            }
            Some(_) => self.refuse_chunk(550, last, true),
        }
    }

    /// The next octet of a chunk.
    fn octet(&mut self, octet: u8) {
        let message = self.message.as_mut().expect("a message");
        message.octets += 1;
        let behind_cr = std::mem::take(&mut message.behind_cr);
        if self.is_binary() {
            return self.hand_on(&[octet]);
        }
        if behind_cr && octet == b'\n' {
            return self.hand_on(b"\r\n");
        }
        if behind_cr {
            self.stray(b'\r', ContentFault::BareCr);
        }
        let message = self.message.as_mut().expect("a message");
        match octet {
            b'\r' => message.behind_cr = true,
            b'\n' => self.stray(octet, ContentFault::BareLf),
            0 => self.fail(ContentFault::Nul),
            _ => self.hand_on(&[octet]),
        }
    }

    fn stray(&mut self, octet: u8, fault: ContentFault) {
        if self.rules.bare {
            self.hand_on(&[octet]);
        } else {
            self.fail(fault);
        }
    }

    fn fail(&mut self, fault: ContentFault) {
        if let Some(message) = &mut self.message
            && message.fault.is_none()
        {
            message.fault = Some(fault);
            self.heard.events.push(Seen::Aborted(Fault::Content(fault)));
        }
    }

    /// Octets of the message, unless it is void.
    fn hand_on(&mut self, octets: &[u8]) {
        let fault = self.message.as_ref().and_then(|message| message.fault);
        if octets.is_empty() || fault.is_some() {
            return;
        }
        match self.heard.events.last_mut() {
            Some(Seen::Body(body)) => body.extend(octets),
            _ => self.heard.events.push(Seen::Body(octets.to_vec())),
        }
    }

    /// The message came to its end, sound or not.
    fn conclude(&mut self, verdict: Result<(), (Fault, u16)>) {
        let code = match verdict {
            Ok(()) => {
                self.ask("message", b"");
                250
            }
            Err((fault, code)) => {
                self.heard.events.push(Seen::Aborted(fault));
                code
            }
        };
        (0..self.replies()).for_each(|_| self.say(code));
        self.end();
        self.place = Place::Idle;
    }

    /// Says that a message is void if nobody knows yet.
    fn abort(&mut self, fault: Fault) -> bool {
        let sound = self
            .message
            .take()
            .is_some_and(|message| message.fault.is_none());
        if sound {
            self.heard.events.push(Seen::Aborted(fault));
        }
        sound
    }

    /// How many the end of a message gets.
    fn replies(&self) -> usize {
        if self.rules.lmtp {
            self.open.map_or(0, |open| open.recipients)
        } else {
            1
        }
    }

    fn end(&mut self) {
        self.message = None;
        self.open = None;
    }

    fn ask(&mut self, what: &'static str, value: &[u8]) {
        let value = String::from_utf8_lossy(value).into_owned();
        self.heard.events.push(Seen::Asked(what, value));
    }

    fn say(&mut self, code: u16) {
        self.heard.codes.push(code);
    }
}

impl From<Void> for Fault {
    fn from(void: Void) -> Self {
        match void {
            Void::Content(fault) => Self::Content(fault),
            Void::TooBig => Self::MessageTooBig,
        }
    }
}
