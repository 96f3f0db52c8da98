//! What a client sends: commands that are right or wrong, and the octets of messages.

use super::model::{Model, Stage};
use proptest::prelude::*;
use proptest::sample::select;
use std::fmt;

#[derive(Clone)]
pub(crate) enum Sent {
    /// With its CRLF.
    Line(&'static str),
    Octets(&'static [u8]),
    /// BDAT and its octets, LAST or not.
    Chunk(&'static [u8], bool),
    /// A line that is too long.
    Long,
}

impl Sent {
    pub(crate) fn octets(&self) -> Vec<u8> {
        match self {
            Self::Line(line) => [line.as_bytes(), b"\r\n"].concat(),
            Self::Octets(octets) => octets.to_vec(),
            Self::Chunk(octets, last) => {
                let last = if *last { " LAST" } else { "" };
                let line = format!("BDAT {}{last}\r\n", octets.len());
                [line.as_bytes(), octets].concat()
            }
            Self::Long => [&b"NOOP "[..], &[b'x'; 2_100], b"\r\n"].concat(),
        }
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.octets().escape_ascii())
    }
}

const COMMANDS: &[&str] = &[
    "EHLO a",
    "HELO a",
    "LHLO a",
    "EHLO",
    "MAIL FROM:<a@b>",
    "mail from:<a@b>",
    "MAIL FROM:<a@b> SIZE=999",
    "MAIL FROM:<a@b> X=1",
    "MAIL FROM:<a@@b",
    "RCPT TO:<c@d>",
    "RCPT TO:<c@d",
    "DATA",
    "DATA x",
    "RSET",
    "RSET x",
    "NOOP",
    "NOOP \0",
    "noop x",
    "VRFY a",
    "VRFY",
    "EXPN a",
    "HELP",
    "QUIT x",
    "STARTTLS",
    "AUTH PLAIN AGEAYg==",
    "AUTH PLAIN",
    "AUTH PLAIN !",
    "AUTH X",
    "ETRN a",
    "TURN",
    "FOO",
    "",
    ".",
];

/// These end the connection, so they are rare.
const LAST_WORDS: &[&str] = &["QUIT", "BDAT x", "NO\rOP", "NO\nOP", "GET / HTTP/1.1"];

const RESPONSES: &[&str] = &["AGEAYg==", "", "*", "!", "DATA", "MAIL FROM:<a@b>"];

const SOUND: &[&[u8]] = &[
    b"",
    b"hi\r\n",
    b"..\r\n",
    b".a\r\n",
    b"a.\r\n",
    b"MAIL FROM:<evil@x>\r\n",
    b"\r\n",
    b"half",
    b"half\r",
    b"\nhalf",
    b"0123456789012345678901234567890\r\n",
];

const FAULTY: &[&[u8]] = &[b"\r", b"\n", b"\0", b"\n.\n", b"\r\n.\r\r\n"];

const ENDS: &[&[u8]] = &[b".\r\n", b"\r\n.\r\n", b"\n.\r\n", b"\r\r\n.\r\n"];

fn line(lines: &'static [&'static str]) -> impl Strategy<Value = Sent> {
    select(lines).prop_map(Sent::Line)
}

fn content() -> impl Strategy<Value = &'static [u8]> {
    prop_oneof![6 => select(SOUND), 1 => select(FAULTY)]
}

fn chunk() -> impl Strategy<Value = Sent> {
    (content(), any::<bool>()).prop_map(|(octets, last)| Sent::Chunk(octets, last))
}

fn any_sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        20 => line(COMMANDS),
        2 => line(LAST_WORDS),
        1 => line(RESPONSES),
        3 => content().prop_map(Sent::Octets),
        2 => select(ENDS).prop_map(Sent::Octets),
        4 => chunk(),
        1 => Just(Sent::Long),
    ]
}

/// What leads on from there, most of the time.
fn next(model: &Model) -> BoxedStrategy<Vec<Sent>> {
    let lines = |lines: &[&'static str]| lines.iter().copied().map(Sent::Line).collect();
    let one = |lines: &'static [&'static str]| line(lines).prop_map(|sent| vec![sent]);
    let rcpt = "RCPT TO:<c@d>";
    let flight = |lines: &[&'static str], sent: &[Sent]| {
        let lines: Vec<_> = lines.iter().copied().map(Sent::Line).collect();
        Just([lines, sent.to_vec()].concat())
    };
    let last = Sent::Chunk(b"hi\r\n", true);
    let message = Sent::Octets(b"hi\r\n.\r\n");
    match model.stage() {
        Stage::Body => prop_oneof![
            3 => content().prop_map(|octets| vec![Sent::Octets(octets)]),
            2 => select(ENDS).prop_map(|octets| vec![Sent::Octets(octets)]),
        ]
        .boxed(),
        Stage::Response => one(RESPONSES).boxed(),
        Stage::NoHello if model.lmtp => Just(lines(&["LHLO a"])).boxed(),
        Stage::NoHello => prop_oneof![
            4 => Just(lines(&["EHLO a"])),
            1 => Just(lines(&["HELO a"])),
        ]
        .boxed(),
        Stage::Idle => prop_oneof![
            3 => Just(lines(&["MAIL FROM:<a@b>"])),
            1 => Just(lines(&["STARTTLS"])),
            1 => one(&["AUTH PLAIN AGEAYg==", "AUTH PLAIN"]),
            2 => flight(&["MAIL FROM:<a@b>", rcpt, rcpt, "DATA"], &[]),
            1 => flight(&["MAIL FROM:<a@b>", rcpt, rcpt, rcpt, "DATA"], std::slice::from_ref(&message)),
            2 => flight(&["MAIL FROM:<a@b>", rcpt, rcpt], &[last.clone(), Sent::Line("QUIT")]),
            2 => flight(&["RSET", "MAIL FROM:<a@b>", rcpt], &[Sent::Chunk(b"half\r", false), Sent::Chunk(b"\nhi\r\n", true)]),
        ]
        .boxed(),
        Stage::Mail(0) => Just(lines(&[rcpt])).boxed(),
        Stage::Mail(_) => prop_oneof![
            1 => Just(lines(&[rcpt])),
            3 => Just(lines(&["DATA"])),
            3 => chunk().prop_map(|chunk| vec![chunk]),
        ]
        .boxed(),
        Stage::Chunks => prop_oneof![
            4 => chunk().prop_map(|chunk| vec![chunk]),
            1 => Just(lines(&["RSET"])),
        ]
        .boxed(),
    }
}

/// What a client sends at once.
pub(crate) fn flight(model: &Model) -> impl Strategy<Value = Vec<Sent>> + use<> {
    prop_oneof![
        4 => next(model),
        1 => prop::collection::vec(any_sent(), 1..4),
    ]
}
