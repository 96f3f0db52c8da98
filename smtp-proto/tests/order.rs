//! Which command may come when (RFC 5321 §4.1.4): every sequence up to six commands long, against
//! an oracle that is written from the RFC and knows nothing of the machine's table.

mod common;

use std::collections::HashSet;

use common::{Server, Verdict, server_config};
use smtp_proto::{Refusal, server};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Command {
    Ehlo,
    Helo,
    Mail,
    RefusedMail,
    Rcpt,
    RefusedRcpt,
    /// With a message behind it where the server wants one.
    Data,
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    Quit,
    StartTls,
}

use Command::*;

const COMMANDS: [Command; 14] = [
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

impl Command {
    const fn line(self) -> &'static str {
        match self {
            Ehlo => "EHLO a",
            Helo => "HELO a",
            Mail => "MAIL FROM:<a@b>",
            RefusedMail => "MAIL FROM:<refused@x>",
            Rcpt => "RCPT TO:<c@d>",
            RefusedRcpt => "RCPT TO:<refused@x>",
            Data => "DATA",
            Rset => "RSET",
            Noop => "NOOP",
            Vrfy => "VRFY a",
            Expn => "EXPN a",
            Help => "HELP",
            Quit => "QUIT",
            StartTls => "STARTTLS",
        }
    }
}

fn policy(request: &str) -> Verdict {
    if request.contains("refused") {
        Verdict::Reject(Refusal::policy())
    } else {
        Verdict::Accept
    }
}

/// The RFC's own view of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Oracle {
    /// §3.1: the greeting was 554.
    turned_away: bool,
    /// The last hello, and whether it was EHLO.
    hello: Option<bool>,
    mail: bool,
    recipients: usize,
    messages: u64,
    over: bool,
}

impl Oracle {
    /// The codes a command is answered with, and how things stand then.
    #[allow(clippy::match_same_arms)] // an arm for each rule
    fn on(self, command: Command) -> (&'static [u16], Self) {
        let no_transaction = Self {
            mail: false,
            recipients: 0,
            ..self
        };
        match command {
            Quit => (
                &[221],
                Self {
                    over: true,
                    ..no_transaction
                },
            ),
            // §3.1: "SHOULD respond to any intervening commands with 503".
            _ if self.turned_away => (&[503], self),
            // §4.1.4: "at any time during a session", and then as RSET.
            Ehlo => (
                &[250],
                Self {
                    hello: Some(true),
                    ..no_transaction
                },
            ),
            Helo => (
                &[250],
                Self {
                    hello: Some(false),
                    ..no_transaction
                },
            ),
            // §4.1.4: "NOOP, HELP, EXPN, VRFY, and RSET […] can be used at any time during a session,
            // or without previously initializing a session."
            Noop => (&[250], self),
            Help => (&[214], self),
            Expn | Vrfy => (&[252], self),
            Rset => (&[250], no_transaction),
            // §4.1.4: "MAIL MUST NOT be sent if a mail transaction is already open".
            Mail | RefusedMail if self.hello.is_none() || self.mail => (&[503], self),
            Mail => (&[250], Self { mail: true, ..self }),
            RefusedMail => (&[550], self),
            // §4.1.4: "RCPT […] if there is no MAIL": 503.
            Rcpt | RefusedRcpt if !self.mail => (&[503], self),
            Rcpt => (
                &[250],
                Self {
                    recipients: self.recipients + 1,
                    ..self
                },
            ),
            RefusedRcpt => (&[550], self),
            // §3.3: "If there was no MAIL, or no RCPT, command, or all such commands were rejected,
            // the server MAY return […] 503 […] or 554".
            Data if !self.mail => (&[503], self),
            Data if self.recipients == 0 => (&[554], self),
            Data => (
                &[354, 250],
                Self {
                    messages: self.messages + 1,
                    ..no_transaction
                },
            ),
            StartTls => (&[502], self),
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
    if expected[0] == 354 {
        play.feed(b"hello\r\n.\r\n");
    }
    assert_eq!(codes(&play.seen.output), expected, "{path:?}, {command:?}");
    let session = play.conn.session();
    let transaction = session.transaction();
    let seen = Oracle {
        hello: session.hello().map(smtp_proto::Hello::is_extended),
        mail: transaction.is_some(),
        recipients: transaction.map_or(0, |envelope| envelope.recipients().len()),
        messages: session.messages(),
        ..after
    };
    assert_eq!(seen, after, "{path:?}, {command:?}");
    if expected[0] >= 400 {
        let untouched = format!("{:?}", before.conn.session());
        assert_eq!(format!("{session:?}"), untouched, "{path:?}, {command:?}");
    }
    let delivered = play.seen.messages().count() as u64;
    assert_eq!(
        delivered,
        after.messages - oracle.messages,
        "{path:?}, {command:?}"
    );
    let told_reset = play.seen.told().any(|what| what == "reset");
    let dropped = oracle.mail && matches!(command, Ehlo | Helo | Rset);
    assert_eq!(told_reset, dropped, "{path:?}, {command:?}");
    (play, after)
}

/// States already walked from: the oracle's, the session, and the commands said last, for a machine
/// may remember what its session doesn't show.
type Known = HashSet<(usize, Oracle, String, Vec<Command>)>;

/// Depth first; equal states go on alike.
fn walk(play: &Play, oracle: Oracle, path: &mut Vec<Command>, known: &mut Known) {
    let session = format!("{:?}", play.conn.session());
    let last = path[path.len().saturating_sub(2)..].to_vec();
    if path.len() == 6 || oracle.over || !known.insert((path.len(), oracle, session, last)) {
        return;
    }
    for command in COMMANDS {
        let (play, oracle) = step(play, oracle, command, path);
        path.push(command);
        walk(&play, oracle, path, known);
        path.pop();
    }
}

fn server(policy: fn(&str) -> Verdict) -> Play {
    let mut config = server_config();
    config.limits.errors = u32::MAX;
    config.limits.junk_commands = u32::MAX;
    start(config, policy)
}

fn start(config: server::Config, policy: fn(&str) -> Verdict) -> Play {
    let mut server = Server::new(config, policy);
    assert!(server.run());
    server
}

#[test]
fn every_sequence_of_six_commands_is_answered_as_the_rfc_says() {
    let mut known = HashSet::new();
    walk(
        &server(policy),
        Oracle::default(),
        &mut Vec::new(),
        &mut known,
    );
    assert!(known.len() > 500, "{}", known.len());
}

#[test]
fn a_client_turned_away_gets_503_to_every_sequence_but_quit() {
    let turn_away = |request: &str| match request {
        "connect" => Verdict::Reject(Refusal::policy()),
        _ => policy(request),
    };
    let oracle = Oracle {
        turned_away: true,
        ..Oracle::default()
    };
    walk(
        &server(turn_away),
        oracle,
        &mut Vec::new(),
        &mut HashSet::new(),
    );
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
