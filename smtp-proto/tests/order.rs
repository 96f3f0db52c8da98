//! Which command may come when (RFC 5321 §4.1.4): every sequence up to six commands long, against
//! an oracle that is written from the RFCs and knows nothing of the machine's table; once for plain
//! SMTP, once with extensions that order commands, and once for LMTP.

mod common;

use std::collections::HashSet;

use common::{Server, Verdict, server_config};
use smtp_proto::extension::{Mechanism, Mechanisms};
use smtp_proto::server::Dialect;
use smtp_proto::{Extension, Refusal, server};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Command {
    Ehlo,
    Helo,
    Lhlo,
    Mail,
    RefusedMail,
    Rcpt,
    RefusedRcpt,
    /// With a message behind it where the server wants one.
    Data,
    /// With its octets behind it; with a NUL among them where it is faulty.
    Bdat {
        last: bool,
        faulty: bool,
    },
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    Quit,
    /// With a handshake behind it where the server wants one.
    StartTls,
    Auth,
    Etrn,
}

use Command::*;

const PLAIN: [Command; 14] = [
    Ehlo,
    Helo,
    Mail,
    RefusedMail,
    Rcpt,
    RefusedRcpt,
    Data,
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    Quit,
    StartTls,
];

const CHUNK: Command = Bdat {
    last: false,
    faulty: false,
};
const LAST_CHUNK: Command = Bdat {
    last: true,
    faulty: false,
};
const FAULTY_CHUNK: Command = Bdat {
    last: false,
    faulty: true,
};
const FAULTY_LAST_CHUNK: Command = Bdat {
    last: true,
    faulty: true,
};

const EXTENDED: [Command; 17] = [
    Ehlo,
    Helo,
    Lhlo,
    Mail,
    Rcpt,
    RefusedRcpt,
    Data,
    CHUNK,
    LAST_CHUNK,
    FAULTY_CHUNK,
    FAULTY_LAST_CHUNK,
    Rset,
    Noop,
    Quit,
    StartTls,
    Auth,
    Etrn,
];

impl Command {
    const fn line(self) -> &'static str {
        match self {
            Ehlo => "EHLO a",
            Helo => "HELO a",
            Lhlo => "LHLO a",
            Mail => "MAIL FROM:<a@b>",
            RefusedMail => "MAIL FROM:<refused@x>",
            Rcpt => "RCPT TO:<c@d>",
            RefusedRcpt => "RCPT TO:<refused@x>",
            Data => "DATA",
            // What follows would be answered if it were taken for a command.
            CHUNK => "BDAT 6\r\nNOOP",
            LAST_CHUNK => "BDAT 6 LAST\r\nNOOP",
            FAULTY_CHUNK => "BDAT 3\r\n\0",
            FAULTY_LAST_CHUNK => "BDAT 3 LAST\r\n\0",
            Rset => "RSET",
            Noop => "NOOP",
            Vrfy => "VRFY a",
            Expn => "EXPN a",
            Help => "HELP",
            Quit => "QUIT",
            StartTls => "STARTTLS",
            Auth => "AUTH PLAIN AGEAYg==",
            Etrn => "ETRN example.com",
        }
    }
}

fn policy(request: &str) -> Verdict {
    if request.contains("refused") {
        Verdict::Reject(Refusal::policy())
    } else if request.starts_with("AUTH") {
        Verdict::Identity("a".into())
    } else {
        Verdict::Accept
    }
}

/// Which server it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Kind {
    #[default]
    Plain,
    Extended,
    Lmtp,
}

/// How much of a message came in chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Chunks {
    #[default]
    None,
    Some,
    /// RFC 3030 §2: one was refused, and so is all that follows until RSET.
    Refused,
}

/// The RFCs' own view of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
struct Oracle {
    kind: Kind,
    /// §3.1: the greeting was 554.
    turned_away: bool,
    /// The last hello, and whether it asked for extensions.
    hello: Option<bool>,
    secure: bool,
    identity: bool,
    mail: bool,
    recipients: usize,
    chunks: Chunks,
    messages: u64,
    over: bool,
}

impl Oracle {
    /// Whether a transaction is under way, sound or not.
    fn is_open(self) -> bool {
        self.mail || self.chunks != Chunks::None
    }

    /// So many times, as LMTP answers a message (RFC 2033 §4.2, §4.3).
    fn each(self, code: u16) -> Vec<u16> {
        match self.kind {
            Kind::Lmtp => vec![code; self.recipients],
            _ => vec![code],
        }
    }

    /// The codes a command is answered with, and how things stand then.
    #[allow(clippy::match_same_arms)] // an arm for each rule
    fn on(self, command: Command) -> (Vec<u16>, Self) {
        let no_transaction = Self {
            mail: false,
            recipients: 0,
            chunks: Chunks::None,
            ..self
        };
        let hello = |extended| Self {
            hello: Some(extended),
            ..no_transaction
        };
        let one = |code, after| (vec![code], after);
        let needs_ehlo = self.hello != Some(true);
        match command {
            Quit => one(
                221,
                Self {
                    over: true,
                    ..no_transaction
                },
            ),
            // §3.1: "SHOULD respond to any intervening commands with 503".
            _ if self.turned_away => one(503, self),
            // RFC 2033 §4.1: "The LHLO command has identical semantics to the EHLO command", and the
            // others "MUST NOT return a Positive Completion reply".
            Ehlo | Helo if self.kind == Kind::Lmtp => one(500, self),
            Lhlo if self.kind != Kind::Lmtp => one(502, self),
            // §4.1.4: "at any time during a session", and then as RSET.
            Ehlo | Lhlo => one(250, hello(true)),
            Helo => one(250, hello(false)),
            // §4.1.4: "NOOP, HELP, EXPN, VRFY, and RSET […] can be used at any time during a session,
            // or without previously initializing a session."
            Noop => one(250, self),
            Help => one(214, self),
            Expn | Vrfy => one(252, self),
            Rset => one(250, no_transaction),
            // §4.1.4: "MAIL MUST NOT be sent if a mail transaction is already open".
            Mail | RefusedMail if self.hello.is_none() || self.is_open() => one(503, self),
            Mail => one(250, Self { mail: true, ..self }),
            RefusedMail => one(550, self),
            // §4.1.4: "RCPT […] if there is no MAIL": 503; RFC 3030 §2: nor behind BDAT.
            Rcpt | RefusedRcpt if !self.mail || self.chunks != Chunks::None => one(503, self),
            Rcpt => one(
                250,
                Self {
                    recipients: self.recipients + 1,
                    ..self
                },
            ),
            RefusedRcpt => one(550, self),
            // RFC 3030 §2: "the DATA and BDAT commands cannot be used in the same transaction".
            Data if !self.mail || self.chunks != Chunks::None => one(503, self),
            // §3.3: "If there was no MAIL, or no RCPT, command, or all such commands were rejected,
            // the server MAY return […] 503 […] or 554"; RFC 2033 §4.2: "MUST fail with a 503".
            Data if self.recipients == 0 && self.kind == Kind::Lmtp => one(503, self),
            Data if self.recipients == 0 => one(554, self),
            Data => (
                [vec![354], self.each(250)].concat(),
                Self {
                    messages: self.messages + 1,
                    ..no_transaction
                },
            ),
            Bdat { .. } if needs_ehlo => one(503, self),
            Bdat { last, faulty } => self.on_bdat(last, faulty, no_transaction),
            StartTls | Auth | Etrn if self.kind == Kind::Plain => one(502, self),
            // For servers with a queue.
            Etrn if self.kind == Kind::Lmtp => one(502, self),
            // RFC 3207 §4, RFC 4954 §4, RFC 1985 §5: within a session, and outside a transaction.
            StartTls | Auth | Etrn if needs_ehlo || self.is_open() => one(503, self),
            // RFC 3207 §4.2: "the client MUST NOT attempt to start a TLS session if one is active",
            // and whatever was said before is forgotten.
            StartTls if self.secure => one(503, self),
            StartTls => one(
                220,
                Self {
                    hello: None,
                    identity: false,
                    secure: true,
                    ..self
                },
            ),
            // RFC 4954 §4: "after an AUTH command has been successfully completed, no more".
            Auth if self.identity => one(503, self),
            Auth => one(
                235,
                Self {
                    identity: true,
                    ..self
                },
            ),
            Etrn => one(250, self),
        }
    }

    /// RFC 3030 §2.
    fn on_bdat(self, last: bool, faulty: bool, no_transaction: Self) -> (Vec<u16>, Self) {
        let replies = |code| if last { self.each(code) } else { vec![code] };
        let takes = self.mail && self.recipients > 0 && self.chunks != Chunks::Refused;
        let after_refusal = match self.chunks {
            // Until RSET; its end takes the recipients with it.
            Chunks::Refused if last => Self {
                mail: false,
                recipients: 0,
                ..self
            },
            Chunks::Refused => self,
            _ if !self.mail => self,
            _ if last => no_transaction,
            _ => Self {
                chunks: Chunks::Refused,
                ..self
            },
        };
        match (takes, faulty, last) {
            (false, ..) => (replies(503), after_refusal),
            (true, true, _) => (replies(550), after_refusal),
            (true, false, true) => (
                replies(250),
                Self {
                    messages: self.messages + 1,
                    ..no_transaction
                },
            ),
            (true, false, false) => (
                vec![250],
                Self {
                    chunks: Chunks::Some,
                    ..self
                },
            ),
        }
    }
}

type Play = Server<fn(&str) -> Verdict>;

fn codes(output: &[u8]) -> Vec<u16> {
    let lines = output.split_inclusive(|&octet| octet == b'\n');
    let last = lines.filter(|line| line.get(3) == Some(&b' '));
    last.map(|line| std::str::from_utf8(&line[..3]).unwrap().parse().unwrap())
        .collect()
}

/// Says `command` and compares.
fn step(before: &Play, oracle: Oracle, command: Command, path: &[Command]) -> (Play, Oracle) {
    let mut play = before.clone();
    play.seen = common::Seen::default();
    let (expected, after) = oracle.on(command);
    play.feed(format!("{}\r\n", command.line()).as_bytes());
    if expected.first() == Some(&354) {
        play.feed(b"hello\r\n.\r\n");
    }
    assert_eq!(codes(&play.seen.output), expected, "{path:?}, {command:?}");
    let session = play.conn.session();
    let transaction = session.transaction();
    let seen = Oracle {
        hello: session.hello().map(smtp_proto::Hello::is_extended),
        secure: session.is_secure(),
        identity: session.identity().is_some(),
        mail: transaction.is_some(),
        recipients: transaction.map_or(0, |envelope| envelope.recipients().len()),
        messages: session.messages(),
        ..after
    };
    assert_eq!(seen, after, "{path:?}, {command:?}");
    let is_chunk = matches!(command, Bdat { .. });
    if expected.first().is_some_and(|code| *code >= 400) && !is_chunk {
        let untouched = format!("{:?}", before.conn.session());
        assert_eq!(format!("{session:?}"), untouched, "{path:?}, {command:?}");
    }
    let delivered = play.seen.messages().count() as u64;
    assert_eq!(
        delivered,
        after.messages - oracle.messages,
        "{path:?}, {command:?}"
    );
    let told = |event: &str| play.seen.told().any(|what| what.starts_with(event));
    let is_reset = matches!(command, Ehlo | Helo | Lhlo | Rset) && expected == [250];
    // A message that had begun is told to be void instead.
    let had_begun = oracle.chunks == Chunks::Some;
    assert_eq!(
        told("reset"),
        is_reset && oracle.mail && !had_begun,
        "{path:?}, {command:?}"
    );
    let voids = match command {
        Bdat { faulty, .. } => faulty && expected.contains(&550),
        Quit => had_begun,
        _ => is_reset && had_begun,
    };
    assert_eq!(told("aborted"), voids, "{path:?}, {command:?}");
    (play, after)
}

/// States already walked from: the oracle's, the session, and the commands said last, for a machine
/// may remember what its session doesn't show.
type Known = HashSet<(usize, Oracle, String, Vec<Command>)>;

/// Depth first; equal states go on alike.
fn walk(
    play: &Play,
    oracle: Oracle,
    commands: &[Command],
    path: &mut Vec<Command>,
    known: &mut Known,
) {
    let session = format!("{:?}", play.conn.session());
    let last = path[path.len().saturating_sub(2)..].to_vec();
    if path.len() == 6 || oracle.over || !known.insert((path.len(), oracle, session, last)) {
        return;
    }
    for &command in commands {
        let (play, oracle) = step(play, oracle, command, path);
        path.push(command);
        walk(&play, oracle, commands, path, known);
        path.pop();
    }
}

fn server(kind: Kind, policy: fn(&str) -> Verdict) -> Play {
    let mut config = server_config();
    config.limits.errors = u32::MAX;
    config.limits.junk_commands = u32::MAX;
    if kind != Kind::Plain {
        for extension in [Extension::Chunking, Extension::StartTls, Extension::Etrn] {
            config.offers.add(extension);
        }
        config.offers.add(Mechanisms::new([Mechanism::PLAIN]));
        config.accept_clear_passwords = true;
    }
    if kind == Kind::Lmtp {
        config.dialect = Dialect::Lmtp;
    }
    start(config, policy)
}

fn start(config: server::Config, policy: fn(&str) -> Verdict) -> Play {
    let mut server = Server::new(config, policy);
    assert!(server.run());
    server
}

/// Walks every sequence; how many states there were.
fn walk_all(kind: Kind, commands: &[Command]) -> usize {
    let mut known = HashSet::new();
    let oracle = Oracle {
        kind,
        ..Oracle::default()
    };
    let start = server(kind, policy);
    walk(&start, oracle, commands, &mut Vec::new(), &mut known);
    known.len()
}

#[test]
fn every_sequence_of_six_commands_is_answered_as_the_rfc_says() {
    let states = walk_all(Kind::Plain, &PLAIN);
    assert!(states > 500, "{states}");
}

#[test]
fn every_sequence_of_six_with_extensions_is_answered_as_their_rfcs_say() {
    let states = walk_all(Kind::Extended, &EXTENDED);
    assert!(states > 2_000, "{states}");
}

#[test]
fn every_sequence_of_six_in_lmtp_is_answered_as_rfc_2033_says() {
    let states = walk_all(Kind::Lmtp, &EXTENDED);
    assert!(states > 2_000, "{states}");
}

#[test]
fn a_client_turned_away_gets_503_to_every_sequence_but_quit() {
    let turn_away = |request: &str| match request {
        "connect" => Verdict::Reject(Refusal::policy()),
        _ => policy(request),
    };
    for (kind, commands) in [(Kind::Plain, &PLAIN[..]), (Kind::Extended, &EXTENDED)] {
        let oracle = Oracle {
            kind,
            turned_away: true,
            ..Oracle::default()
        };
        let start = server(kind, turn_away);
        walk(
            &start,
            oracle,
            commands,
            &mut Vec::new(),
            &mut HashSet::new(),
        );
    }
}

#[test]
fn errors_close_at_their_limit_in_any_order_of_commands() {
    for wrong in [Mail, Rcpt, Data, StartTls] {
        let mut config = server_config();
        config.limits.errors = 3;
        let mut play = start(config, policy);
        let line = format!("{}\r\n", wrong.line());
        assert!(play.feed(line.repeat(3).as_bytes()));
        assert!(!play.feed(line.as_bytes()), "{wrong:?}");
        let codes = codes(&play.seen.output);
        assert_eq!(codes[1..4], [codes[1]; 3], "{wrong:?}");
        assert_eq!(codes[4..], [421], "{wrong:?}");
    }
}

#[test]
fn commands_that_lead_to_no_mail_close_at_their_limit() {
    for junk in [Ehlo, Helo, Rset, Noop, Vrfy, Expn, Help] {
        let mut config = server_config();
        config.limits.junk_commands = 3;
        let mut play = start(config, policy);
        let line = format!("{}\r\n", junk.line());
        assert!(play.feed(line.repeat(3).as_bytes()), "{junk:?}");
        assert!(!play.feed(line.as_bytes()), "{junk:?}");
        assert_eq!(codes(&play.seen.output)[4..], [421], "{junk:?}");
    }
}
