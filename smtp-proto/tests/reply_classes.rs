//! What the client makes of replies (RFC 5321 §4.3.2): every class of them at every step of a session,
//! against an oracle that is written from the RFCs and knows nothing of the client's table; by DATA and
//! by BDAT, with pipelining and without, and in LMTP.

mod common;

use std::collections::{HashSet, VecDeque};

use common::{Action, Client, client_config};
use smtp_proto::client::Delivery;
use smtp_proto::{Command, Envelope, Hello};

/// One of each class, those with a meaning of their own at some step, and two that no reply has.
const CODES: [u16; 16] = [
    150, 220, 221, 235, 250, 334, 353, 354, 355, 421, 450, 500, 502, 521, 550, 650,
];

/// What a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Greeting,
    Hello,
    /// HELO, for a server that doesn't know EHLO.
    OldHello,
    StartTls,
    Auth,
    Rset,
    Mail,
    Rcpt(usize),
    Data,
    Message,
    /// In LMTP, the message for that recipient.
    Delivery(usize),
    Noop,
    Quit,
}

use Step::*;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Way {
    pipelining: bool,
    chunking: bool,
    lmtp: bool,
}

/// How a session stands in the eyes of the RFCs.
#[allow(clippy::struct_excessive_bools)] // each is a fact by itself
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Oracle {
    way: Way,
    /// The replies to come.
    asked: VecDeque<Step>,
    /// How much is begun of STARTTLS, AUTH, two messages, NOOP and QUIT.
    begun: usize,
    /// The last hello was EHLO or LHLO.
    extended: bool,
    challenges: usize,
    message: Option<Message>,
    /// A transaction that came to nothing may be open.
    stale: bool,
    /// The server has accepted the last message it was sent in chunks.
    takes_chunks: bool,
    /// What the connection was refused with.
    turned_away: Option<u16>,
    over: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Message {
    next: Option<Step>,
    recipients: usize,
    accepted: Vec<usize>,
    ended: bool,
    refused: Option<(&'static str, u16)>,
    sent: Option<u16>,
}

/// What the client is to write and to tell.
#[derive(Debug, Default, PartialEq, Eq)]
struct Did {
    says: String,
    tells: Vec<String>,
}

fn reply(code: u16) -> String {
    // It is to be base64 where it is a challenge.
    format!("{code} YQ==")
}

impl Message {
    fn refuse(&mut self, at: &'static str, code: u16) {
        self.refused.get_or_insert((at, code));
    }
}

impl Oracle {
    fn on(mut self, code: u16) -> (Did, Self) {
        let mut did = Did::default();
        let step = self.asked.pop_front().expect("a reply is awaited");
        let broken = match (step, code) {
            (_, ..200 | 600..) => Some("Reply(Code)".into()),
            // §4.1.1.10: whatever the answer is, it is over.
            (Quit, _) => {
                did.tells.push(match self.turned_away {
                    Some(code) => format!("closed: Server(Reply({}))", reply(code)),
                    None => "closed: Quit".into(),
                });
                self.over = true;
                return (did, self);
            }
            // §4.2.3: "This may be a reply to any command if the service knows it must shut down"; 521
            // is RFC 7504's.
            (_, 421) | (Greeting, 521) => {
                self.close(step, code, &mut did);
                return (did, self);
            }
            (_, 400..) => {
                self.refuse(step, code, &mut did);
                None
            }
            (Auth, 334) => self.challenge(&mut did),
            (Greeting | StartTls, 220) | (Step::Hello | OldHello, 250) | (Auth, 235) => {
                self.open(step, code, &mut did);
                None
            }
            // RFC 2033 §4.2: DATA "MUST fail" where nobody was accepted, as no reply comes to the dot.
            (Data, 354) if !(self.way.lmtp && self.is_refused()) => {
                self.content(&mut did);
                None
            }
            (Rset | Mail | Rcpt(_) | Step::Message | Delivery(_) | Noop, 200..300) => {
                self.accept(step, code, &mut did);
                None
            }
            _ => Some(format!("UnexpectedReply(Reply({}))", reply(code))),
        };
        if let Some(broken) = broken {
            // What is known of the message is told first.
            if let Some((at, code)) = self.message.as_ref().and_then(|message| message.refused) {
                did.tells.push(format!("refused at {at}: {}", reply(code)));
                self.message = None;
            }
            did.tells.push(format!("error: {broken}"));
            self.over = true;
        } else {
            self.go_on(&mut did);
        }
        (did, self)
    }

    fn ask(&mut self, step: Step, line: &str, did: &mut Did) {
        did.says += line;
        did.says += "\r\n";
        self.asked.push_back(step);
    }

    fn hello(&mut self, did: &mut Did) {
        self.extended = false;
        self.takes_chunks = false;
        let verb = if self.way.lmtp { "LHLO" } else { "EHLO" };
        self.ask(Step::Hello, &format!("{verb} client.example.org"), did);
    }

    fn close(&mut self, step: Step, code: u16, did: &mut Did) {
        let at = stage(step);
        let refused = match &mut self.message {
            Some(message) => {
                message.refuse(at, code);
                message.refused
            }
            None => Some((at, code)).filter(|_| matches!(at, "Connect" | "Hello")),
        };
        let refused = refused.map(|(at, code)| format!("refused at {at}: {}", reply(code)));
        did.tells.extend(refused);
        did.tells
            .push(format!("closed: Server(Reply({}))", reply(code)));
        self.message = None;
        self.over = true;
    }

    fn refuse(&mut self, step: Step, code: u16, did: &mut Did) {
        let told = reply(code);
        match step {
            // §3.2: "the client SHOULD be able to fall back and send HELO"; RFC 2033 has no older hello than LHLO.
            Step::Hello if matches!(code, 500 | 502) && !self.way.lmtp => {
                self.ask(OldHello, "HELO client.example.org", did);
            }
            Greeting | Step::Hello | OldHello => {
                did.tells
                    .push(format!("refused at {}: {told}", stage(step)));
                self.turned_away = Some(code);
                self.ask(Quit, "QUIT", did);
            }
            StartTls => did.tells.push(format!("reply: STARTTLS {told}")),
            Auth => did.tells.push(format!("reply: AUTH {told}")),
            Noop => did.tells.push(format!("reply: NOOP {told}")),
            _ => {}
        }
        let Some(message) = &mut self.message else {
            return;
        };
        match step {
            Rcpt(index) if message.refused.is_none() => {
                did.tells.push(format!("recipient {index}: {told}"));
                let last = index + 1 == message.recipients;
                if last && message.accepted.is_empty() {
                    message.refuse("Rcpt", code);
                }
            }
            Rcpt(_) => {}
            // RFC 2033 §4.2: each stands for itself.
            Delivery(index) => {
                did.tells.push(format!("delivered {index}: {told}"));
                if self.asked.is_empty() && message.sent.is_none() {
                    message.refuse("Message", code);
                }
            }
            _ => message.refuse(stage(step), code),
        }
    }

    /// RFC 4954 §4: the first is responded to, and for the others the exchange is cancelled.
    fn challenge(&mut self, did: &mut Did) -> Option<String> {
        self.challenges += 1;
        if self.challenges > 5 {
            return Some("Challenge".into());
        }
        did.tells.push("challenge: \"a\"".into());
        let response = if self.challenges == 1 { "Yg==" } else { "*" };
        self.ask(Auth, response, did);
        None
    }

    /// A yes before or between messages.
    fn open(&mut self, step: Step, code: u16, did: &mut Did) {
        match step {
            Step::Hello => self.extended = true,
            OldHello => {}
            Auth => did.tells.push(format!("reply: AUTH {}", reply(code))),
            // The greeting; and RFC 3207 §4.2: all that was known is forgotten.
            _ => self.hello(did),
        }
    }

    fn is_refused(&self) -> bool {
        let message = self.message.as_ref();
        message.is_some_and(|message| message.refused.is_some())
    }

    /// The server wants the message.
    fn content(&mut self, did: &mut Did) {
        if self.is_refused() {
            // RFC 2920 §3.1: nobody is to get it, and "the client SMTP should send a single dot".
            self.ask(Step::Message, ".", did);
        } else {
            self.end("hi\r\n.\r\n", did);
        }
    }

    /// The message is written with its end.
    fn end(&mut self, octets: &str, did: &mut Did) {
        let message = self.message.as_mut().expect("a message is under way");
        message.ended = true;
        did.says += octets;
        if self.way.lmtp {
            let each = message.accepted.iter().map(|index| Delivery(*index));
            self.asked.extend(each);
        } else {
            self.asked.push_back(Step::Message);
        }
    }

    fn accept(&mut self, step: Step, code: u16, did: &mut Did) {
        if step == Noop {
            did.tells.push(format!("reply: NOOP {}", reply(code)));
        }
        let Some(message) = &mut self.message else {
            return;
        };
        match step {
            Rcpt(index) if message.refused.is_none() => {
                did.tells
                    .push(format!("recipient {index}: {}", reply(code)));
                message.accepted.push(index);
            }
            Step::Message => message.sent = Some(code),
            Delivery(index) => {
                did.tells
                    .push(format!("delivered {index}: {}", reply(code)));
                message.sent = Some(code);
            }
            _ => {}
        }
    }

    /// What is written next, and what is known once nothing is awaited.
    fn go_on(&mut self, did: &mut Did) {
        loop {
            if self.message.is_some() {
                self.write(did);
            }
            if !self.asked.is_empty() {
                return;
            }
            if let Some(message) = self.message.take() {
                self.stale = message.refused.is_some();
                if self.way.chunking && self.extended && message.ended {
                    self.takes_chunks = !self.stale;
                }
                did.tells.push(match (message.refused, message.sent) {
                    (Some((at, code)), _) => format!("refused at {at}: {}", reply(code)),
                    (None, Some(code)) => format!("sent: {}", reply(code)),
                    (None, None) => panic!("nothing is known"),
                });
            }
            self.begin(did);
        }
    }

    fn begin(&mut self, did: &mut Did) {
        self.begun += 1;
        match self.begun {
            1 if self.extended => self.ask(StartTls, "STARTTLS", did),
            1 => did.tells.push("not sent: Missing(StartTls)".into()),
            2 if self.extended => self.ask(Auth, "AUTH X", did),
            2 => did.tells.push("not sent: Missing(Auth)".into()),
            3 | 4 => {
                self.message = Some(Message {
                    next: Some(if self.stale { Rset } else { Mail }),
                    recipients: 5 - self.begun,
                    ..Message::default()
                });
            }
            5 => self.ask(Noop, "NOOP", did),
            _ => self.ask(Quit, "QUIT", did),
        }
    }

    fn write(&mut self, did: &mut Did) {
        let chunking = self.way.chunking && self.extended;
        let pipelining = self.way.pipelining && self.extended;
        while let Some(message) = &mut self.message
            && message.refused.is_none()
            && let Some(step) = message.next
        {
            // In LMTP the end is answered for each recipient, so these are to be known; and a server that
            // doesn't take a chunk may take its octets for commands.
            let seen = self.way.lmtp || !self.takes_chunks;
            let waits = !pipelining || (step == Data && chunking && seen);
            if waits && !self.asked.is_empty() {
                return;
            }
            message.next = match step {
                Rset => Some(Mail),
                Mail => Some(Rcpt(0)),
                Rcpt(index) if index + 1 < message.recipients => Some(Rcpt(index + 1)),
                Rcpt(_) => Some(Data),
                _ => None,
            };
            match step {
                Rset => self.ask(step, "RSET", did),
                Mail => self.ask(step, "MAIL FROM:<a@b>", did),
                Rcpt(index) => self.ask(step, &format!("RCPT TO:<{index}@d>"), did),
                _ if chunking => self.end("BDAT 4 LAST\r\nhi\r\n", did),
                _ => self.ask(step, "DATA", did),
            }
        }
    }

    /// What is known of the message if nothing more comes.
    fn delivery(&self) -> Delivery {
        match &self.message {
            None => Delivery::Idle,
            Some(message) if message.ended => Delivery::Unknown,
            Some(_) => Delivery::NotAccepted,
        }
    }
}

/// By what name a refusal there is told.
fn stage(step: Step) -> &'static str {
    match step {
        Greeting => "Connect",
        Step::Hello | OldHello => "Hello",
        Rset | Mail => "Mail",
        Rcpt(_) => "Rcpt",
        Data => "Data",
        Step::Message | Delivery(_) => "Message",
        StartTls | Auth | Noop | Quit => "none",
    }
}

fn client(way: Way) -> Client {
    let mut config = client_config();
    if way.lmtp {
        config.hello = Hello::lhlo("client.example.org").unwrap();
    }
    let message = |recipients: &[&str]| {
        let envelope = Envelope::new("a@b", recipients).unwrap();
        Action::Send(envelope, b"hi\r\n".to_vec())
    };
    let actions = [
        Action::StartTls,
        Action::Auth("X".into(), None, vec!["b".into()]),
        message(&["0@d", "1@d"]),
        message(&["0@d"]),
        Action::Command(Command::Noop),
        Action::Quit,
    ];
    let mut client = Client::new(config, actions, usize::MAX);
    assert!(client.run());
    client
}

/// A reply of that code, as a server of that way has it; the reply to a hello says what it offers.
fn said(way: Way, step: Step, code: u16) -> String {
    let mut lines = Vec::new();
    if (step, code) == (Step::Hello, 250) {
        lines = vec!["mx", "STARTTLS", "AUTH X"];
        lines.extend(way.pipelining.then_some("PIPELINING"));
        lines.extend(way.chunking.then_some("CHUNKING"));
    }
    let lines = lines.into_iter().map(|line| format!("{code}-{line}\r\n"));
    lines.chain([reply(code), "\r\n".into()]).collect()
}

/// Depth first; equal states go on alike, but for what the last two replies may have left behind.
fn walk(
    before: &Client,
    oracle: &Oracle,
    path: &mut Vec<u16>,
    known: &mut HashSet<(Oracle, Vec<u16>)>,
) {
    let last = path[path.len().saturating_sub(2)..].to_vec();
    if oracle.over || !known.insert((oracle.clone(), last)) {
        return;
    }
    for code in CODES {
        let mut client = before.clone();
        client.output.clear();
        client.events.clear();
        path.push(code);
        let (expected, after) = oracle.clone().on(code);
        let open = client.feed(said(oracle.way, oracle.asked[0], code).as_bytes());
        let did = Did {
            says: String::from_utf8(client.output.to_vec()).unwrap(),
            tells: client.events.clone(),
        };
        assert_eq!(did, expected, "{path:?}: {oracle:?}");
        assert_eq!(open, !after.over, "{path:?}: {oracle:?}");
        assert_eq!(
            client.conn.delivery(),
            after.delivery(),
            "{path:?}: {oracle:?}"
        );
        walk(&client, &after, path, known);
        path.pop();
    }
}

#[test]
fn every_class_of_reply_at_every_step_means_what_the_rfcs_say() {
    for bits in 0..8_u8 {
        let way = Way {
            pipelining: bits & 1 != 0,
            chunking: bits & 2 != 0,
            lmtp: bits & 4 != 0,
        };
        let oracle = Oracle {
            way,
            asked: VecDeque::from([Greeting]),
            ..Oracle::default()
        };
        let mut known = HashSet::new();
        walk(&client(way), &oracle, &mut Vec::new(), &mut known);
        assert!(known.len() > 1_000, "{way:?}: {}", known.len());
    }
}
