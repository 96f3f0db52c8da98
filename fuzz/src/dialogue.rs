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
    settings: [bool; 5],
    cuts: Vec<u8>,
    verdicts: Vec<u8>,
    interruption: Option<(u8, u8)>,
    steps: Vec<Step>,
}

/// What a client sends next.
#[derive(Arbitrary, Clone, Debug)]
enum Step {
    Hello,
    Mail(Address, Option<u16>),
    Rcpt(Address),
    Data,
    Body(Vec<Piece>),
    /// MAIL, RCPT, DATA and a body with its end.
    Message(Vec<Piece>),
    Rset,
    Noop,
    Ask(Address),
    Quit,
    Octets(Vec<u8>),
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

impl Session {
    /// As the `server` target takes it.
    pub fn to_input(&self) -> Vec<u8> {
        let pick = |from: &[u8], by: &[u8]| -> Vec<u8> {
            let chosen = by
                .iter()
                .map(|&octet| from[usize::from(octet) % from.len()]);
            chosen.take(64).collect()
        };
        let letters = b"blnso".iter().zip(self.settings);
        let mut input = vec![b'-'];
        input.extend(letters.filter_map(|(&letter, on)| on.then_some(letter)));
        input.push(b' ');
        input.extend(pick(b"12345789acgz", &self.cuts));
        input.push(b' ');
        input.extend(pick(b"aaaaaaaatrcidws", &self.verdicts));
        if let Some((kind, at)) = self.interruption {
            input.extend([b' ', b"stx"[usize::from(kind) % 3]]);
            input.extend((u16::from(at) * 2).to_string().bytes());
        }
        input.push(b'\n');
        self.steps.iter().for_each(|step| step.write(&mut input));
        input
    }
}

impl Step {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello => out.extend(b"EHLO client.example.com\r\n"),
            Self::Mail(from, size) => {
                out.extend(b"MAIL FROM:");
                out.extend(from.octets());
                if let Some(size) = size {
                    out.extend(format!(" SIZE={size}").bytes());
                }
                out.extend(b"\r\n");
            }
            Self::Rcpt(to) => {
                out.extend(b"RCPT TO:");
                out.extend(to.octets());
                out.extend(b"\r\n");
            }
            Self::Data => out.extend(b"DATA\r\n"),
            Self::Body(pieces) => out.extend(pieces.iter().flat_map(|piece| piece.octets())),
            Self::Message(pieces) => {
                out.extend(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
                out.extend(pieces.iter().flat_map(|piece| piece.octets()));
                out.extend(b"\r\n.\r\n");
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

impl Address {
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
