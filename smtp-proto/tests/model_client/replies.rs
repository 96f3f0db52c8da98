//! The server's words: honest ones, in the order of what it has read, and others.

use super::driver::{Cause, Driver};
use super::seen::What;
use super::turn::Class;
use std::collections::VecDeque;

impl Driver {
    /// The server answers in order what it has read.
    pub(super) fn reply(&mut self, classes: &[Class], cut: usize) {
        let mut classes = classes.iter();
        loop {
            let (mut octets, mut replies) = (Vec::new(), VecDeque::new());
            for (at, class) in self.seen.unanswered(self.read).zip(classes.by_ref()) {
                let what = self.seen.asked[at].what;
                let code = class.code(what);
                octets.extend(self.words(what, code));
                replies.push_back((octets.len(), at, code));
            }
            if octets.is_empty() || self.over {
                return;
            }
            let mut said = 0;
            for segment in octets.chunks(cut) {
                said += segment.len();
                while let Some((end, at, code)) = replies.front().copied()
                    && end <= said
                {
                    self.hear(at, code);
                    replies.pop_front();
                }
                self.receive(segment);
            }
        }
    }

    pub(super) fn reply_early(&mut self, class: Class) {
        if self.over || self.seen.unanswered(self.read).next().is_some() {
            return;
        }
        let first = self.seen.unanswered(usize::MAX).next();
        let what = first.map_or(What::Noop, |at| self.seen.asked[at].what);
        let code = class.code(what);
        self.causes.push(Cause::Lie);
        if code == 421 {
            self.causes.push(Cause::Turned);
        }
        let words = self.words(what, code);
        self.receive(&words);
        assert!(self.over, "{code} to what nobody had asked");
    }

    /// A reply is whole for the client: what it may lead to.
    fn hear(&mut self, at: usize, code: u16) {
        self.seen.answered(at, code);
        let what = self.seen.asked[at].what;
        let under_way = self.written > self.read
            || self
                .messages
                .last()
                .is_some_and(|last| last.told.is_none() && last.end.is_none());
        match what {
            _ if code == 421 => self.causes.push(Cause::Turned),
            What::Chunk | What::Message { .. } if code >= 400 && under_way => {
                self.causes.push(Cause::CutShort);
            }
            What::Greeting | What::Hello | What::OldHello if code >= 400 => {
                self.causes.push(Cause::Turned);
            }
            What::Auth if code == 334 => {
                self.challenges += 1;
                if self.challenges > 5 {
                    self.causes.push(Cause::Challenges);
                }
            }
            What::Auth => self.challenges = 0,
            // RFC 2033 §4.2: nobody is there to answer for.
            What::Data if code == 354 && self.seen.terms.lmtp => {
                let asked = self
                    .seen
                    .asked
                    .iter()
                    .rfind(|asked| asked.what == What::Data);
                let message = asked.and_then(|asked| asked.message);
                let none = message.is_some_and(|at| {
                    let recipients = self.messages[at].plan.recipients;
                    self.seen.refusal(at, recipients).is_some()
                });
                if none {
                    self.causes.push(Cause::Lie);
                }
            }
            _ => {}
        }
        if code < 400
            && code != what.yes()
            && !(what == What::Auth && code == 334)
            && what != What::Quit
        {
            self.causes.push(Cause::Lie);
        }
    }

    fn words(&self, what: What, code: u16) -> Vec<u8> {
        let mut lines = Vec::new();
        if (what, code) == (What::Hello, 250) {
            lines.extend(["mx", "STARTTLS", "AUTH PLAIN"]);
            lines.extend(self.seen.terms.pipelining.then_some("PIPELINING"));
            lines.extend(self.seen.terms.chunking.then_some("CHUNKING"));
        }
        let lines = lines.into_iter().map(|line| format!("{code}-{line}\r\n"));
        // Base64, where it is a challenge.
        let last = format!("{code} YQ==\r\n");
        lines.chain([last]).flat_map(String::into_bytes).collect()
    }
}

impl Class {
    fn code(self, what: What) -> u16 {
        match (self, what) {
            (Self::Challenge, What::Auth) => 334,
            (Self::Yes | Self::Challenge, what) => what.yes(),
            (Self::NotNow, _) => 450,
            (Self::No, _) => 550,
            (Self::Unknown, _) => 502,
            (Self::Bye, _) => 421,
            (Self::Odd, What::Data | What::Greeting | What::StartTls | What::Auth) => 250,
            (Self::Odd, _) => 354,
        }
    }
}

impl What {
    const fn yes(self) -> u16 {
        match self {
            Self::Greeting | Self::StartTls => 220,
            Self::Data => 354,
            Self::Auth => 235,
            Self::Quit => 221,
            _ => 250,
        }
    }
}
