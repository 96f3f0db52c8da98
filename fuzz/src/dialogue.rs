//! Sessions that make sense for longer than chance would have them: `arbitrary` picks commands,
//! bodies and slips of the pen, and what comes out is an input for [`server`](crate::server).

use arbitrary::{Arbitrary, Unstructured};

/// Octets that spell a [`Session`].
pub fn dialogue(data: &[u8]) {
    if let Ok(session) = Session::arbitrary_take_rest(Unstructured::new(data)) {
        crate::server(&session.to_input());
    }
}

/// A script and a client's half of a session.
#[derive(Arbitrary, Clone, Debug)]
pub struct Session {
    settings: [u8; SETTINGS.len()],
    cuts: Vec<u8>,
    verdicts: Vec<u8>,
    interruption: Option<(u8, u8)>,
    steps: Vec<Step>,
}

/// The letters there are. Most of the time most of them are off.
const SETTINGS: &[u8; 13] = b"blnsokxLTgqQH";

/// What a client sends next.
#[derive(Arbitrary, Clone, Debug)]
enum Step {
    Hello,
    Mail(Address, Vec<u8>),
    Rcpt(Address, Vec<u8>),
    Data,
    Body(Vec<Piece>),
    /// MAIL, RCPT, DATA and a body with its end.
    Message(Vec<Piece>),
    Chunk(Claim, bool, Vec<Piece>),
    /// MAIL, RCPT and a BDAT LAST with its octets.
    Chunks(Vec<Piece>),
    Auth(Initial),
    Response(Initial),
    /// A command of an extension.
    Other(u8),
    Rset,
    Noop,
    Ask(Address),
    Quit,
    Octets(Vec<u8>),
}

/// How many octets a BDAT says there are.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Claim {
    True,
    TooMany(u8),
    TooFew(u8),
    /// Something that is no number, or a large one.
    Hostile(u8),
}

/// What stands behind AUTH's mechanism, or answers a challenge.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Initial {
    Nothing,
    Empty,
    Base64,
    Broken,
    Star,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Address {
    Null,
    Plain,
    Quoted,
    Literal,
    Postmaster,
    Utf8,
    Broken,
}

/// What bodies are made of.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Piece {
    Text,
    Dot,
    Cr,
    Lf,
    CrLf,
    End,
    Nul,
    HighBit,
}

/// Parameters, each sound by itself but for the last ones.
const PARAMETERS: [&str; 28] = [
    "SIZE=20",
    "SIZE=99999",
    "BODY=8BITMIME",
    "BODY=BINARYMIME",
    "SMTPUTF8",
    "REQUIRETLS",
    "AUTH=<>",
    "BY=120;R",
    "HOLDFOR=60",
    "HOLDUNTIL=2027-01-01T00:00:00Z",
    "MT-PRIORITY=3",
    "SOLICIT=net.example:ADV",
    "RET=HDRS",
    "ENVID=1@example.com",
    "MTRK=AAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "SUBMITTER=joe@example.com",
    "CONPERM",
    "TRANSID=<12345@claremont.edu>",
    "PRDR",
    "XQUEUE=slow",
    "NOTIFY=SUCCESS,DELAY",
    "ORCPT=rfc822;joe@example.com",
    "RRVS=2014-04-03T23:01:00Z;C",
    "CONNEG",
    "XFLAG",
    "NOTIFY=NEVER,SUCCESS",
    "ENVID=+0D+0A",
    "X=1",
];

const OTHERS: [&str; 12] = [
    "STARTTLS",
    "starttls",
    "ETRN @example.com",
    "ETRN #queue",
    "ATRN",
    "ATRN example.org,example.com",
    "XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE]",
    "XFORWARD ADDR=192.0.2.1",
    "XFLUSH slow",
    "BURL imap://joe@imap.example.org/outbox;uid=3",
    "BURL imap://joe@imap.example.org/outbox;uid=4 LAST",
    "VRFY jo\u{eb} SMTPUTF8",
];

const HOSTILE: [&str; 8] = [
    "-1",
    "+5",
    "0x10",
    "4294967301",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551621",
    "5 LAST x",
];

fn pick<T: Copy>(from: &[T], by: u8) -> T {
    from[usize::from(by) % from.len()]
}

impl Session {
    /// As the `server` target takes it.
    pub fn to_input(&self) -> Vec<u8> {
        let pick_all = |from: &[u8], by: &[u8]| -> Vec<u8> {
            by.iter().take(64).map(|by| pick(from, *by)).collect()
        };
        let mut input = vec![b'-'];
        for (letter, octet) in SETTINGS.iter().zip(self.settings) {
            let one_in = if b"kx".contains(letter) { 2 } else { 5 };
            if octet % one_in == 1 {
                input.push(*letter);
            }
        }
        let lmtp = input.contains(&b'L');
        input.push(b' ');
        input.extend(pick_all(b"12345789acgz", &self.cuts));
        input.push(b' ');
        input.extend(pick_all(b"aaaaaaaatrcidws", &self.verdicts));
        if let Some((kind, at)) = self.interruption {
            input.extend([b' ', pick(b"stx", kind)]);
            input.extend((u16::from(at) * 2).to_string().bytes());
        }
        input.push(b'\n');
        for step in &self.steps {
            step.write(&mut input, lmtp);
        }
        input
    }
}

impl Step {
    fn write(&self, out: &mut Vec<u8>, lmtp: bool) {
        match self {
            Self::Hello if lmtp => out.extend(b"LHLO client.example.com\r\n"),
            Self::Hello => out.extend(b"EHLO client.example.com\r\n"),
            Self::Mail(from, parameters) => {
                out.extend(b"MAIL FROM:");
                from.write(parameters, out);
            }
            Self::Rcpt(to, parameters) => {
                out.extend(b"RCPT TO:");
                to.write(parameters, out);
            }
            Self::Data => out.extend(b"DATA\r\n"),
            Self::Body(pieces) => out.extend(octets(pieces)),
            Self::Message(pieces) => {
                out.extend(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
                out.extend(octets(pieces));
                out.extend(b"\r\n.\r\n");
            }
            Self::Chunk(claim, last, pieces) => claim.write(*last, &octets(pieces), out),
            Self::Chunks(pieces) => {
                out.extend(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\n");
                Claim::True.write(true, &octets(pieces), out);
            }
            Self::Auth(initial) => {
                out.extend(b"AUTH PLAIN");
                if !matches!(initial, Initial::Nothing) {
                    out.push(b' ');
                }
                out.extend(initial.octets());
                out.extend(b"\r\n");
            }
            Self::Response(initial) => {
                out.extend(initial.octets());
                out.extend(b"\r\n");
            }
            Self::Other(which) => {
                out.extend(pick(&OTHERS, *which).bytes());
                out.extend(b"\r\n");
            }
            Self::Rset => out.extend(b"RSET\r\n"),
            Self::Noop => out.extend(b"noop\r\n"),
            Self::Ask(who) => {
                out.extend(b"VRFY ");
                out.extend(who.octets());
                out.extend(b"\r\nEXPN all\r\nHELP\r\n");
            }
            Self::Quit => out.extend(b"QUIT\r\n"),
            Self::Octets(octets) => out.extend(octets),
        }
    }
}

fn octets(pieces: &[Piece]) -> Vec<u8> {
    pieces
        .iter()
        .flat_map(|piece| piece.octets())
        .copied()
        .collect()
}

impl Claim {
    fn write(self, last: bool, octets: &[u8], out: &mut Vec<u8>) {
        let size = octets.len();
        let size = match self {
            Self::True => size.to_string(),
            Self::TooMany(more) => (size + usize::from(more)).to_string(),
            Self::TooFew(less) => size.saturating_sub(less.into()).to_string(),
            Self::Hostile(which) => pick(&HOSTILE, which).to_owned(),
        };
        out.extend(format!("BDAT {size}").bytes());
        out.extend(if last { &b" LAST\r\n"[..] } else { b"\r\n" });
        out.extend(octets);
    }
}

impl Initial {
    fn octets(self) -> &'static [u8] {
        match self {
            Self::Nothing => b"",
            Self::Empty => b"=",
            Self::Base64 => b"AGpvZQBzZWNyZXQ=",
            Self::Broken => b"AGpvZQ",
            Self::Star => b"*",
        }
    }
}

impl Address {
    fn write(self, parameters: &[u8], out: &mut Vec<u8>) {
        out.extend(self.octets());
        for parameter in parameters.iter().take(5) {
            out.push(b' ');
            out.extend(pick(&PARAMETERS, *parameter).bytes());
        }
        out.extend(b"\r\n");
    }

    fn octets(self) -> &'static [u8] {
        match self {
            Self::Null => b"<>",
            Self::Plain => b"<joe@example.org>",
            Self::Quoted => b"<\"a\\\" b\"@example.org>",
            Self::Literal => b"<joe@[IPv6:2001:db8::1]>",
            Self::Postmaster => b"<Postmaster>",
            Self::Utf8 => "<jo\u{eb}@example.org>".as_bytes(),
            Self::Broken => b"<joe@@example..org",
        }
    }
}

impl Piece {
    fn octets(self) -> &'static [u8] {
        match self {
            Self::Text => b"MAIL FROM:<evil@x>",
            Self::Dot => b".",
            Self::Cr => b"\r",
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
            Self::End => b"\r\n.\r\n",
            Self::Nul => b"\0",
            Self::HighBit => b"\x80",
        }
    }
}
