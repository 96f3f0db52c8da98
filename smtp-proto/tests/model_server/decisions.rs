//! What the owner of a server is asked, and what comes of what it says.

use super::body::Body;
use super::model::{Answer, Ask, Awaits, End, Model, RECIPIENTS, Told};
use super::turn::Choice;

impl Model {
    pub(super) fn ask(&mut self, ask: Ask) {
        self.told.push(Told::Asked(ask));
        if ask == Ask::Message {
            let content = self.body.as_ref().map(Body::content);
            self.bodies.extend(content);
        }
        let choice = self.choices.pop_front().unwrap_or(Choice::Yes);
        self.answer(ask, choice);
    }

    pub(super) fn answer(&mut self, ask: Ask, choice: Choice) {
        let refusal = match (ask, choice) {
            (_, Choice::Later) => {
                self.asked = Some(ask);
                return;
            }
            (_, Choice::Yes | Choice::Partly)
            | (Ask::Verify | Ask::Expand | Ask::Help, Choice::Nothing) => None,
            (Ask::Connect, Choice::Nothing) | (_, Choice::Bye) => Some(421),
            (Ask::StartTls | Ask::Auth, Choice::Nothing) => Some(454),
            (_, Choice::Nothing | Choice::NotNow) => Some(451),
            (_, Choice::No) => Some(550),
        };
        match refusal {
            Some(_) if ask == Ask::Upgrade => self.close(End::Fault),
            Some(code) => self.reject(ask, code),
            None => self.accept(ask, choice == Choice::Partly),
        }
    }

    fn accept(&mut self, ask: Ask, partly: bool) {
        match ask {
            // RFC 5321 §4.3.1: "the sender … waits for the greeting".
            Ask::Connect if !self.input.is_empty() => self.hang_up(554),
            Ask::Connect => {
                self.awaits = Awaits::Command;
                self.say(220);
            }
            Ask::Hello(extended) => {
                self.reset();
                self.hello = Some(extended);
                self.say(250);
            }
            Ask::StartTls => {
                self.awaits = Awaits::Handshake;
                self.say(220);
            }
            Ask::Upgrade => {
                (self.secure, self.hello, self.identity) = (true, None, false);
                self.awaits = Awaits::Command;
            }
            Ask::Auth if partly => {
                self.awaits = Awaits::Response;
                self.say(334);
            }
            Ask::Auth => {
                (self.awaits, self.identity) = (Awaits::Command, true);
                self.say(235);
            }
            Ask::Mail => {
                self.mail = Some(0);
                self.say(250);
            }
            Ask::Rcpt => {
                self.mail = self.mail.map(|recipients| recipients + 1);
                self.say(250);
            }
            Ask::Data => {
                (self.awaits, self.body) = (Awaits::Body, Some(Body::new(true)));
                self.say(354);
            }
            Ask::Chunk => {
                let (octets, last) = self.offered;
                let mut body = Body::new(false);
                body.begin(octets, last);
                (self.awaits, self.body) = (Awaits::Body, Some(body));
            }
            Ask::Message => {
                let verdict = |index| if partly && index > 0 { 550 } else { 250 };
                self.conclude(verdict);
            }
            Ask::Verify | Ask::Expand => self.say(252),
            Ask::Help => self.say(214),
        }
    }

    fn reject(&mut self, ask: Ask, code: u16) {
        self.refusals += 1;
        if self.refusals > self.patience.refusals {
            return self.hang_up(421);
        }
        match ask {
            Ask::Message => return self.conclude(|_| code),
            Ask::Chunk => {
                let (octets, last) = self.offered;
                return self.refuse_chunk(octets, last, Answer::Policy(code));
            }
            // RFC 5321 §3.1, §3.8.
            Ask::Connect if code == 550 => {
                (self.turned_away, self.awaits) = (true, Awaits::Command);
                return self.say(554);
            }
            Ask::Connect => {
                self.say(421);
                return self.close(End::Refused);
            }
            _ => self.write(code),
        }
        if ask == Ask::Mail {
            self.in_flight = RECIPIENTS + 1;
        }
        if code == 421 {
            return self.close(End::Refused);
        }
        if ask == Ask::Auth {
            self.awaits = Awaits::Command;
            self.auth_failures += 1;
            if self.auth_failures > self.patience.auth_failures {
                self.hang_up(421);
            }
        }
    }

    /// RFC 2033 §4.2: the end of a message is answered for each recipient.
    fn conclude(&mut self, verdict: impl Fn(usize) -> u16) {
        let recipients = self.mail.unwrap_or_default();
        self.end_transaction();
        let verdicts: Vec<_> = (0..recipients).map(verdict).collect();
        let refusal = verdicts.iter().copied().find(|code| *code != 250);
        let replies = if self.lmtp {
            verdicts
        } else {
            vec![refusal.unwrap_or(250)]
        };
        for code in &replies {
            self.write(*code);
        }
        if replies.contains(&250) {
            self.messages += 1;
            (self.errors, self.refusals, self.junk) = (0, 0, 0);
            self.in_flight = 0;
        }
        if replies.contains(&421) {
            self.close(End::Refused);
        }
    }
}
