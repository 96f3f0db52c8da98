//! What a server makes of the items: which command answers what, and whether it may be there. A command
//! is held against the replies that were there when it was written; those that weren't count as yes.

use super::turn::Terms;
use super::wire::{Item, Next, Wire};
use smtp_proto::Wait;
use smtp_proto::client::Stage;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Greeting,
    Hello,
    OldHello,
    StartTls,
    Auth,
    Rset,
    Mail,
    Rcpt(usize),
    Data,
    /// A chunk that isn't the last.
    Chunk,
    /// The message, by BDAT or by DATA.
    Message {
        chunked: bool,
    },
    /// LMTP's reply to it for one recipient.
    Delivery(usize),
    Noop,
    Quit,
}

use What::*;

/// Something that wants a reply.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) what: What,
    /// The message it is part of.
    pub(crate) message: Option<usize>,
    /// Octets that a server has read by then.
    pub(crate) end: usize,
    pub(crate) reply: Option<u16>,
}

impl Asked {
    fn is_refused(&self) -> bool {
        self.reply.is_some_and(|code| code >= 400)
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.reply.is_some_and(|code| code < 300)
    }
}

#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub(crate) struct Seen {
    pub(crate) terms: Terms,
    pub(crate) wire: Wire,
    pub(crate) asked: Vec<Asked>,
    /// The chunks and lines of the message that is being written.
    content: Vec<u8>,
    /// The messages' contents as they went, once they have ends.
    pub(crate) contents: Vec<(usize, Vec<u8>)>,
    /// The BDAT whose octets come.
    last_chunk: bool,
    /// A challenge was said: what comes is a response.
    challenged: bool,
    /// What the server offers, as it said in reply to the last hello.
    pub(crate) pipelining: bool,
    pub(crate) chunking: bool,
    /// Messages begun by their owner, and those of them whose outcome was told.
    pub(crate) begun: usize,
    pub(crate) over: Vec<usize>,
}

impl Seen {
    pub(crate) fn new(terms: &Terms) -> Self {
        let greeting = Asked {
            what: Greeting,
            message: None,
            end: 0,
            reply: None,
        };
        Self {
            terms: terms.clone(),
            wire: Wire::new(),
            asked: vec![greeting],
            content: Vec::new(),
            contents: Vec::new(),
            last_chunk: false,
            challenged: false,
            pipelining: false,
            chunking: false,
            begun: 0,
            over: Vec::new(),
        }
    }

    /// Reads what was written.
    pub(crate) fn read(&mut self, octets: &[u8]) {
        self.wire.push(octets);
        while let Some(item) = self.wire.item() {
            match item {
                Item::Line(line) => self.line(&line),
                Item::Chunk(chunk) => {
                    self.content.extend(chunk);
                    self.wire.next = Next::Line;
                    let what = if self.last_chunk {
                        Message { chunked: true }
                    } else {
                        Chunk
                    };
                    self.end(what);
                }
                Item::Content(content) => {
                    self.content = content;
                    self.wire.next = Next::Line;
                    self.end(Message { chunked: false });
                }
            }
        }
    }

    fn line(&mut self, line: &str) {
        if self.challenged {
            assert_eq!(line, "eA==", "a response");
            self.challenged = false;
            return self.push(Auth, None);
        }
        let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
        let number = |before: &str| -> usize {
            let digits = argument.split(before).nth(1).unwrap();
            let end = digits.find(|digit: char| !digit.is_ascii_digit()).unwrap();
            digits[..end].parse().unwrap()
        };
        match word {
            "EHLO" | "LHLO" => {
                assert_eq!(word == "LHLO", self.terms.lmtp);
                (self.pipelining, self.chunking) = (false, false);
                self.ask(Hello, None);
            }
            "HELO" => self.ask(OldHello, None),
            "STARTTLS" => self.ask(StartTls, None),
            "AUTH" => self.ask(Auth, None),
            "RSET" => {
                // Those in between were over before they said MAIL. Where there is no other, it stands for
                // itself.
                let first = self.last_mail().map_or(0, |message| message + 1);
                let next = (first..self.begun).find(|message| !self.over.contains(message));
                self.ask(Rset, next);
            }
            "MAIL" => self.ask(Mail, Some(number("<"))),
            "RCPT" => {
                let message = number("@m");
                assert_eq!(Some(message), self.last_mail());
                self.ask(Rcpt(number("<")), Some(message));
            }
            "DATA" => {
                self.content.clear();
                self.ask(Data, self.last_mail());
                self.wire.next = Next::Nothing;
            }
            "BDAT" => self.chunk(argument),
            "NOOP" => self.ask(Noop, None),
            "QUIT" => {
                self.ask(Quit, None);
                self.wire.next = Next::Nothing;
            }
            _ => panic!("no command of ours: {line}"),
        }
    }

    fn chunk(&mut self, argument: &str) {
        let (size, last) = match argument.strip_suffix(" LAST") {
            Some(size) => (size, true),
            None => (argument, false),
        };
        let message = self.last_mail();
        let of_this = |asked: &&Asked| asked.message == message;
        if !self
            .asked
            .iter()
            .filter(of_this)
            .any(|asked| asked.what == Chunk)
        {
            self.content.clear();
        }
        self.last_chunk = last;
        self.wire.next = Next::Chunk(size.parse().unwrap());
        let what = if last {
            Message { chunked: true }
        } else {
            Chunk
        };
        self.may_come(what, message);
        self.may_go_unseen(message);
    }

    /// A message, or a chunk of it, ends.
    fn end(&mut self, what: What) {
        let message = self.last_mail();
        if what == Chunk {
            return self.push(what, message);
        }
        let index = message.unwrap();
        self.contents
            .push((index, std::mem::take(&mut self.content)));
        if !self.terms.lmtp {
            return self.push(what, message);
        }
        // RFC 2033 §4.2.
        for recipient in self.accepted(index) {
            self.push(Delivery(recipient), message);
        }
    }

    fn ask(&mut self, what: What, message: Option<usize>) {
        self.may_come(what, message);
        self.push(what, message);
    }

    fn push(&mut self, what: What, message: Option<usize>) {
        self.asked.push(Asked {
            what,
            message,
            end: self.wire.read,
            reply: None,
        });
    }

    fn last_mail(&self) -> Option<usize> {
        let last = self.asked.iter().rfind(|asked| asked.what == Mail);
        last.and_then(|asked| asked.message)
    }

    pub(crate) fn of(&self, message: usize) -> impl Iterator<Item = &Asked> {
        self.asked
            .iter()
            .filter(move |asked| asked.message == Some(message))
    }

    /// Recipients that were accepted.
    pub(crate) fn accepted(&self, message: usize) -> Vec<usize> {
        let accepted = self.of(message).filter(|asked| asked.is_accepted());
        accepted
            .filter_map(|asked| match asked.what {
                Rcpt(index) => Some(index),
                _ => None,
            })
            .collect()
    }

    /// Whether a server would have to refuse that for its order (RFC 5321 §4.1.4), and whether it may be
    /// in a group with what isn't answered (RFC 2920 §3.1).
    fn may_come(&self, what: What, message: Option<usize>) {
        let unanswered = || self.asked.iter().filter(|asked| asked.reply.is_none());
        let may_go_on = |asked: &Asked| {
            matches!(
                asked.what,
                Rset | Mail | Rcpt(_) | Chunk | Message { .. } | Delivery(_)
            )
        };
        let in_group = unanswered().next().is_none()
            || (self.pipelining && self.terms.may_pipeline && unanswered().all(may_go_on));
        assert!(
            in_group,
            "{what:?} before an answer to {:?}",
            unanswered().next()
        );
        let (mut greeted, mut hello, mut open, mut recipients, mut void) =
            (false, false, false, 0, false);
        for asked in self.asked.iter().filter(|asked| !asked.is_refused()) {
            match asked.what {
                Greeting => greeted = true,
                Hello | OldHello => (hello, open) = (true, false),
                StartTls => (hello, open) = (false, false),
                Mail => (open, recipients, void) = (true, 0, false),
                Rcpt(_) => recipients += 1,
                Rset | Message { .. } | Delivery(_) => open = false,
                _ => {}
            }
        }
        // A refusal ends a message that was whole (§3.3), and a chunk refused spoils it (RFC 3030 §2).
        for asked in self.asked.iter().filter(|asked| asked.is_refused()) {
            let of_newest = asked.message == self.last_mail();
            match asked.what {
                Message { .. } | Delivery(_) if of_newest => open = false,
                Chunk if of_newest => void = true,
                _ => {}
            }
        }
        let legal = match what {
            Greeting => false,
            Hello => greeted && !open,
            OldHello => !hello,
            // RFC 4954 §4: "not permitted during a mail transaction". More than RSET can't be said.
            StartTls | Auth => {
                hello && (!open || self.asked.last().is_some_and(|last| last.what == Rset))
            }
            Mail => hello && !open && message < Some(self.begun),
            Rcpt(_) => open,
            Data | Chunk | Message { .. } | Delivery(_) => open && recipients > 0 && !void,
            Rset | Noop => hello,
            Quit => true,
        };
        assert!(legal, "{what:?} behind {:?}", self.asked);
    }

    /// Whether a chunk may go before the recipients are answered: only to a server that took the last
    /// message that came so, and none in LMTP (`client::Config::unseen`).
    fn may_go_unseen(&self, message: Option<usize>) {
        let of_this = self.asked.iter().filter(|asked| asked.message == message);
        let answered = of_this
            .clone()
            .all(|asked| !matches!(asked.what, Rcpt(_)) || asked.reply.is_some());
        let hello = self
            .asked
            .iter()
            .rposition(|asked| asked.what == Hello)
            .unwrap_or_default();
        let last = self.asked[hello..]
            .iter()
            .rfind(|asked| asked.what == Message { chunked: true } && asked.reply.is_some());
        let proven = last.is_some_and(Asked::is_accepted) && self.terms.unseen > 0;
        assert!(answered || (proven && !self.terms.lmtp), "a chunk unseen");
    }

    /// Those that a server has read with so many octets, and not answered.
    pub(crate) fn unanswered(&self, read: usize) -> impl Iterator<Item = usize> + use<> {
        let open = self
            .asked
            .iter()
            .enumerate()
            .filter(|(_, asked)| asked.reply.is_none());
        let open: Vec<_> = open
            .take_while(|(_, asked)| asked.end <= read)
            .map(|(at, _)| at)
            .collect();
        open.into_iter()
    }

    /// It is answered, and that is what a client may know.
    pub(crate) fn answered(&mut self, at: usize, code: u16) {
        self.asked[at].reply = Some(code);
        let what = self.asked[at].what;
        self.wire.next = match (what, code) {
            (Greeting | OldHello | StartTls, ..300) | (Hello, _) | (Data, 400..) => Next::Line,
            (Greeting | OldHello, _) if code != 421 => Next::Line,
            (Data, 354) => Next::Content,
            _ => self.wire.next,
        };
        match (what, code) {
            (Hello, 250) => {
                (self.pipelining, self.chunking) = (self.terms.pipelining, self.terms.chunking);
            }
            (Auth, 334) => self.challenged = true,
            _ => {}
        }
    }

    /// Whether the server took a message on: it read all of it, and said yes to each of its commands and
    /// to a recipient.
    pub(crate) fn took(&self, message: usize) -> bool {
        let refused =
            |asked: &Asked| asked.is_refused() && !matches!(asked.what, Rcpt(_) | Delivery(_));
        let whole = |asked: &Asked| {
            matches!(asked.what, Message { .. } | Delivery(_)) && asked.is_accepted()
        };
        let closed = |asked: &Asked| asked.reply == Some(421);
        let mut of_this = self.of(message);
        !self
            .of(message)
            .any(|asked| refused(asked) || closed(asked))
            && !self.accepted(message).is_empty()
            && of_this.any(whole)
    }

    /// What a message was refused by first, if it was.
    pub(crate) fn refusal(&self, message: usize, recipients: usize) -> Option<(Stage, u16)> {
        let deliveries = self
            .of(message)
            .filter(|asked| matches!(asked.what, Delivery(_)))
            .count();
        let (mut no, mut undelivered) = (0, 0);
        for asked in self.of(message) {
            let Some(code) = asked.reply.filter(|code| *code >= 400) else {
                continue;
            };
            let stage = match asked.what {
                Rset | Mail => Stage::Mail,
                Rcpt(_) => {
                    no += 1;
                    Stage::Rcpt
                }
                Data => Stage::Data,
                _ => Stage::Message,
            };
            undelivered += usize::from(matches!(asked.what, Delivery(_)));
            let decides = match asked.what {
                Rcpt(_) => no == recipients,
                Delivery(_) => undelivered == deliveries,
                _ => true,
            };
            if decides || code == 421 {
                return Some((stage, code));
            }
        }
        None
    }
}

impl What {
    pub(crate) fn wait(self) -> Wait {
        match self {
            Greeting => Wait::Greeting,
            Hello | OldHello => Wait::Hello,
            StartTls | Auth => Wait::Security,
            Mail => Wait::Mail,
            Rcpt(_) => Wait::Rcpt,
            Data => Wait::Data,
            Chunk => Wait::Chunk,
            Message { .. } | Delivery(_) => Wait::Message,
            Rset | Noop | Quit => Wait::Reply,
        }
    }
}
