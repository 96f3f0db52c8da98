//! The client's machine: the same replies give the same events and commands, whatever the
//! segments; every line it writes is a command, and every body it writes ends once.

use crate::decide::CHALLENGE;
use crate::envelope;
use crate::offers;
use crate::reference::{self, Framing, Sent};
use crate::script::Script;
use crate::talk::{Part, Segments, Talked, Written};
use smtp_proto::client::Delivery;
use smtp_proto::{BodyType, Command, Envelope, Mail, Offers, Syntax};
use std::collections::BTreeSet;

/// Between what the client has to send and what the server says.
const FENCE: &[u8] = b"\n----\n";

/// A script's line, the envelope, the message, a line `----`, and what the server sends.
///
/// The verdicts are the client's: `a` goes on, `i` leaves it for the next `poll`, `d` hears the
/// server's next reply first, and where there is nothing under way `t` begins AUTH, `w` STARTTLS and
/// `s` a command that stands by itself; anything else gives up. With `t` among the settings the wait
/// behind the last reply runs out, otherwise the server hangs up; with `R` the message is repeated
/// until it is long, with `U` the server is to fetch it, and with `N` each message is said as the one before ends.
pub fn client(data: &[u8]) {
    let (script, rest) = Script::split(data);
    let (envelope, rest) = envelope::split(&script, rest);
    let envelope = envelope.unwrap_or_else(|| {
        Envelope::new("a@example.com", ["b@example.org", "c@example.org"]).expect("addresses")
    });
    let fence = rest.windows(FENCE.len()).position(|window| window == FENCE);
    let (content, server) = match fence {
        Some(at) => (&rest[..at], &rest[at + FENCE.len()..]),
        None => (&[][..], rest),
    };
    let part = Part {
        script,
        config: envelope::config(&script),
        envelope: &envelope,
        content: &envelope::content(&script, content),
        server,
    };
    let whole = part.talk(Segments::Whole);
    check(&part, &whole);
    for segments in [Segments::Scripted, Segments::Octets] {
        let cut = part.talk(segments);
        assert_eq!(cut.told, whole.told);
        if whole.failed {
            // How much of it was out by then is a matter of time.
            let same =
                cut.written.starts_with(&whole.written) || whole.written.starts_with(&cut.written);
            assert!(same, "other words");
        } else {
            assert_eq!(cut.written, whole.written);
        }
        check(&part, &cut);
    }
}

/// What was written are commands, each a line, and bodies where bodies were asked for.
fn check(part: &Part<'_>, talked: &Talked) {
    let mut wire = Wire {
        part,
        talked,
        rest: &talked.written,
        offers: offers::everything(),
        last: Vec::new(),
        secure: part.script.has(b'T'),
        mails: 0,
        body: None,
        gathered: Vec::new(),
        chunked: false,
        whole: BTreeSet::new(),
    };
    let complete = wire.walk();
    let cut_off = talked.failed || talked.told.iter().any(|told| told.starts_with("Server("));
    assert!(complete || cut_off, "half a command or half a body");
    for (number, delivery) in &talked.under_way {
        let mut bodies = talked.bodies.iter();
        let finished = bodies.any(|body| body.mails == *number && body.finished);
        if wire.whole.contains(number) {
            assert_eq!(*delivery, Delivery::Unknown);
        } else if *number > wire.mails || wire.chunked || !finished {
            assert_eq!(*delivery, Delivery::NotAccepted);
        }
        // Otherwise some of the final dot's line may be out.
    }
}

/// What the client wrote, being read.
struct Wire<'a> {
    part: &'a Part<'a>,
    talked: &'a Talked,
    rest: &'a [u8],
    offers: Offers,
    last: Vec<u8>,
    /// Under TLS.
    secure: bool,
    mails: usize,
    body: Option<BodyType>,
    /// The chunks of the message so far.
    gathered: Vec<u8>,
    chunked: bool,
    /// The messages that have their end, in MAILs.
    whole: BTreeSet<usize>,
}

impl Wire<'_> {
    /// Whether what was written ends with a whole line or body.
    fn walk(&mut self) -> bool {
        while !self.rest.is_empty() {
            let at = self.talked.written.len() - self.rest.len();
            self.secure |= self.talked.upgrades.contains(&at);
            let written = self.written().filter(|body| body.start == at);
            if let Some(body) = written.filter(|_| self.last == b"DATA") {
                self.last.clear();
                if !self.dotted(body) {
                    return false;
                }
                continue;
            }
            let Some(end) = self.rest.iter().position(|&octet| octet == b'\n') else {
                return false;
            };
            let line = self.rest[..end].strip_suffix(b"\r");
            let line = line.expect("CRLF ends a line");
            self.rest = &self.rest[end + 1..];
            if self.talked.responses.contains(&at) {
                assert!(line == b"*" || line == CHALLENGE.1, "another response");
                continue;
            }
            if !self.line(line) {
                return false;
            }
            self.last = line.to_vec();
        }
        true
    }

    /// The body of the message under way.
    fn written(&self) -> Option<Written> {
        let mut bodies = self.talked.bodies.iter();
        bodies.find(|body| body.mails == self.mails).copied()
    }

    /// Whether the line, and what belongs to it, is there.
    fn line(&mut self, line: &[u8]) -> bool {
        // A body for nobody, where the server wants one though it refused everyone.
        if line == b"." && self.last == b"DATA" {
            return true;
        }
        let mut syntax = Syntax::new(&self.offers);
        syntax.utf8 = true;
        let command = Command::parse(line, syntax);
        let command = command.unwrap_or_else(|error| panic!("{error}: {}", line.escape_ascii()));
        assert_eq!(command.to_string().as_bytes(), line);
        match command {
            Command::Auth(auth) => {
                let clear = auth.mechanism().is_clear() && !self.secure;
                assert!(
                    !clear || self.part.config.send_clear_passwords,
                    "a password"
                );
            }
            Command::Mail(mail) => {
                let hidden = mail.find("REQUIRETLS").is_some();
                assert!(self.secure || !hidden, "a message that needs TLS");
                self.begin(&mail);
            }
            Command::Bdat(_) => return self.chunk(line),
            Command::Burl(burl) if burl.is_last() => self.end(),
            _ => {}
        }
        true
    }

    fn begin(&mut self, mail: &Mail<'_>) {
        self.mails += 1;
        self.body = mail.body();
        self.gathered.clear();
        self.chunked = false;
    }

    fn end(&mut self) {
        self.whole.insert(self.mails);
    }

    /// Whether all of a chunk was written, and is what comes next.
    fn chunk(&mut self, line: &[u8]) -> bool {
        let told = reference::chunk(line).expect("a BDAT");
        let (size, last) = told.expect("a size");
        let size = usize::try_from(size).expect("a small chunk");
        let here = size.min(self.rest.len());
        self.gathered.extend_from_slice(&self.rest[..here]);
        self.rest = &self.rest[here..];
        self.chunked = true;
        let framing = match self.body {
            Some(BodyType::BinaryMime) => Framing::Binary,
            _ => Framing::Chunks,
        };
        let sent = self.sent(framing);
        assert!(sent.octets.starts_with(&self.gathered), "other content");
        assert!(self.part.config.chunking, "BDAT, though it was forbidden");
        if last {
            let body = self.written().expect("a body that was asked for");
            assert!(body.finished, "an end nobody asked for");
            assert!(sent.sound);
            assert_eq!(self.gathered.len() + size - here, sent.octets.len());
            if here == size {
                self.end();
            }
        }
        here == size
    }

    /// Whether the end of a body was written.
    fn dotted(&mut self, begun: Written) -> bool {
        let decoded = reference::decode(self.rest, false, u64::MAX);
        assert_eq!(decoded.fault, None);
        let Some(end) = decoded.end else {
            return false;
        };
        assert!(begun.finished, "an end nobody asked for");
        assert_eq!(Some(decoded.message), self.sent(Framing::Data).whole());
        self.rest = &self.rest[end..];
        self.end();
        true
    }

    fn sent(&self, framing: Framing) -> Sent {
        let seven_bit = self.body != Some(BodyType::EightBitMime);
        reference::sent(
            self.part.content,
            framing,
            self.part.config.newlines,
            seven_bit,
        )
    }
}
