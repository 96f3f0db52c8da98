//! Parsing one command: its line found, its verb and its values checked.
//!
//! The library here and its peers get the same lines with their CRLF, and each ends with its own value
//! of a whole command.

use crate::measure::{Group, Unit, Way};
use mailin::{Handler, Response, SessionBuilder};
use memchr::memchr;
use smtp_proto::extension::{Offers, Syntax};
use smtp_proto::{Command, Extensions};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

static CORPUS: &[u8] = include_bytes!("../corpora/commands.txt");

/// How often a pass goes through the corpus: a clock is no good for a microsecond.
const ROUNDS: u32 = 200;

pub(crate) fn group() -> Group {
    let lines: Vec<&'static [u8]> = CORPUS.split_inclusive(|octet| *octet == b'\n').collect();
    let count = u32::try_from(lines.len()).expect("a short corpus");
    let ways = vec![
        way("limit: find LF, look for <>:, check UTF-8", &lines, look),
        way("smtp-proto", &lines, here()),
        way("smtp-proto by Stalwart", &lines, |line| {
            stalwart_smtp_proto::Request::parse(&mut black_box(line).iter()).is_ok()
        }),
        way("mailin, its machine with it", &lines, mailin()),
        way("smtp-message", &lines, |line| {
            smtp_message::Command::<&str>::parse(black_box(line)).is_ok()
        }),
        way("smtp-codec", &lines, |line| {
            smtp_codec::parse::command::command(black_box(line)).is_ok()
        }),
        #[cfg(feature = "rustyknife")]
        way("rustyknife", &lines, |line| {
            use rustyknife::{behaviour::Intl, rfc5321};
            rfc5321::command::<Intl>(black_box(line)).is_ok()
        }),
    ];
    Group {
        name: "parse a command",
        unit: Unit::Each("command", count * ROUNDS),
        ways,
        part: None,
    }
}

/// A parser that says whether it took the line.
fn way(
    name: &'static str,
    lines: &[&'static [u8]],
    mut parse: impl FnMut(&'static [u8]) -> bool + 'static,
) -> Way {
    let taken = lines.iter().filter(|line| parse(line)).count();
    let lines = lines.to_vec();
    let all = lines.len();
    let way = Way::new(name, move |meter| {
        meter.measure(|| {
            for _ in 0..ROUNDS {
                for line in &lines {
                    black_box(parse(line));
                }
            }
        });
    });
    way.note(format!("takes {taken} of {all}"))
}

fn look(line: &'static [u8]) -> bool {
    let line = black_box(line);
    let Some(end) = memchr(b'\n', line) else {
        return false;
    };
    let line = &line[..end];
    black_box(memchr::memchr3(b'<', b'>', b':', line));
    str::from_utf8(line).is_ok()
}

fn here() -> impl FnMut(&'static [u8]) -> bool {
    let offers: &'static Offers = Box::leak(Box::new(Offers::from(Extensions::ALL)));
    let mut syntax = Syntax::new(offers);
    syntax.utf8 = true;
    move |line| {
        let line = black_box(line);
        let end = memchr(b'\n', line).filter(|end| line[..*end].ends_with(b"\r"));
        end.is_some_and(|end| Command::parse(&line[..end - 1], syntax).is_ok())
    }
}

/// Refuses every recipient, so that DATA doesn't make the rest of the corpus a message.
struct Nobody;

impl Handler for Nobody {
    fn rcpt(&mut self, _to: &str) -> Response {
        mailin::response::NO_MAILBOX
    }
}

/// Its parser can't be had without the machine, which is over with QUIT.
fn mailin() -> impl FnMut(&'static [u8]) -> bool {
    let builder = SessionBuilder::new("mx.example.com");
    let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), Nobody);
    move |line| {
        let reply = session.process(black_box(line));
        if reply.code == 221 {
            session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), Nobody);
        }
        !matches!(reply.code, 500..=502)
    }
}
