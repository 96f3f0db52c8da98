//! Messages and chunks as they arrive, wanted or not (RFC 5321 §4.1.1.4, RFC 3030 §2).

use super::body::{Body, LIMIT};
use super::model::{Answer, Ask, Awaits, Chunks, End, Model, Told};

impl Model {
    /// BDAT: whatever it is answered, so many octets are behind it (RFC 3030 §2).
    pub(super) fn chunk(&mut self, argument: &str) {
        let (size, last) = match argument.strip_suffix(" LAST") {
            Some(size) => (size, true),
            None => (argument, false),
        };
        // Where the next command begins isn't known then.
        let Ok(octets) = size.parse() else {
            return self.hang_up(501);
        };
        let announced = self.body.as_ref().map_or(0, |body| body.announced);
        let (code, counts) = match self.may_come("BDAT") {
            Err(fault @ (_, true)) => {
                return self.discard(octets, Answer::Fault(fault.0, true), 1);
            }
            Err(fault) => fault,
            Ok(()) if octets == 0 && !last && self.is_too_much_junk() => (421, false),
            Ok(()) if announced + octets > LIMIT => (552, true),
            Ok(()) => {
                if let Some(body) = &mut self.body {
                    body.begin(octets, last);
                    self.awaits = Awaits::Body;
                } else {
                    self.offered = (octets, last);
                    self.ask(Ask::Chunk);
                }
                return;
            }
        };
        self.refuse_chunk(octets, last, Answer::Fault(code, counts));
    }

    /// RFC 3030 §2: "accept and discard the associated message data before sending the … code", and
    /// nothing of the message counts from there on.
    pub(super) fn refuse_chunk(&mut self, octets: usize, last: bool, answer: Answer) {
        let times = if last { self.replies_to_message() } else { 1 };
        self.abort();
        if last && self.chunks != Chunks::Refused {
            self.end_transaction();
        } else if self.is_open() {
            self.chunks = Chunks::Refused;
            if last {
                self.mail = None;
            }
        }
        self.discard(octets, answer, times);
    }

    fn discard(&mut self, left: usize, answer: Answer, times: usize) {
        self.awaits = Awaits::Refused {
            left,
            answer,
            times,
        };
        if left == 0 {
            self.read_refused(left, answer, times);
        }
    }

    pub(super) fn read_body(&mut self) -> bool {
        let Some(body) = &mut self.body else {
            return false;
        };
        // A chunk may have no octets.
        if body.dotted || body.left > 0 {
            let Some(octet) = self.input.pop_front() else {
                return false;
            };
            if body.push(octet) {
                self.told.push(Told::Aborted);
            }
        }
        let body = body.clone();
        if body.is_whole() {
            self.end_body(body);
        }
        true
    }

    fn end_body(&mut self, mut body: Body) {
        if body.last && body.end() {
            self.told.push(Told::Aborted);
        }
        let (last, fault) = (body.last, body.fault);
        self.body = Some(body);
        self.awaits = Awaits::Command;
        match fault {
            None if last => self.ask(Ask::Message),
            None => {
                self.chunks = Chunks::Some;
                self.say(250);
            }
            Some(code) if last => {
                let times = self.replies_to_message();
                self.end_transaction();
                self.refuse("", code, true, times);
            }
            Some(code) => {
                (self.chunks, self.body) = (Chunks::Refused, None);
                self.refuse("BDAT", code, true, 1);
            }
        }
    }

    pub(super) fn replies_to_message(&self) -> usize {
        if self.lmtp {
            self.mail.unwrap_or_default()
        } else {
            1
        }
    }

    pub(super) fn read_refused(&mut self, left: usize, answer: Answer, times: usize) -> bool {
        if left > 0 {
            let moved = self.input.pop_front().is_some();
            let left = left - usize::from(moved);
            self.awaits = Awaits::Refused {
                left,
                answer,
                times,
            };
            return moved;
        }
        self.awaits = Awaits::Command;
        match answer {
            Answer::Fault(421, _) => self.hang_up(421),
            Answer::Fault(code, counts) => self.refuse("BDAT", code, counts, times),
            Answer::Policy(code) => {
                (0..times).for_each(|_| self.write(code));
                if code == 421 {
                    self.close(End::Refused);
                }
            }
        }
        true
    }
}
