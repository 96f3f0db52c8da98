//! What was seen of a server, and what must hold of it whatever the client sent.

use smtp_proto::server::{Closed, Event, Fault};
use smtp_proto::{Entry, server};
use std::sync::{Arc, Mutex};

/// One event, kept: requests as they are written, adjacent bodies to be joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Asked(&'static str, String),
    Body(Vec<u8>),
    Aborted(Fault),
    Reset,
    Closed(Closed),
}

/// One line of a transcript, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Client(Vec<u8>),
    Server(Vec<u8>),
    Content,
}

/// A transcript as it grows.
pub(crate) type Transcript = Arc<Mutex<Vec<Said>>>;

/// What writes it.
pub(crate) fn sink(transcript: &Transcript) -> impl Fn(Entry<'_>) + Send + Sync + 'static {
    let transcript = Arc::clone(transcript);
    move |entry| {
        let said = match entry {
            // What follows a secret's beginning isn't told, so it can't be compared.
            Entry::Client(line) | Entry::ClientSecret(line) => Said::Client(line.to_vec()),
            Entry::Server(line) => Said::Server(line.to_vec()),
            Entry::Content(_) => Said::Content,
            _ => return,
        };
        transcript.lock().expect("no one panicked in it").push(said);
    }
}

/// Takes what was said so far.
pub(crate) fn take(transcript: &Transcript) -> Vec<Said> {
    std::mem::take(&mut *transcript.lock().expect("no one panicked in it"))
}

/// All that came of one session.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) events: Vec<Seen>,
    pub(crate) output: Vec<u8>,
    /// The session at its end, as `Debug` writes it.
    pub(crate) session: String,
    pub(crate) said: Vec<Said>,
    pub(crate) closed: Option<Closed>,
}

impl Run {
    /// Every command has one final reply, in order, and what the client wasn't asking for is the
    /// greeting, an error in framing, or the last word.
    pub(crate) fn check(&self) {
        let (mut asked, mut greeted) = (false, false);
        let mut last_word = false;
        for said in &self.said {
            assert!(
                !last_word,
                "something was said behind the last word: {:?}",
                self.said
            );
            match said {
                Said::Client(_) | Said::Content => {
                    assert!(
                        greeted && !asked,
                        "two commands and no reply: {:?}",
                        self.said
                    );
                    asked = true;
                }
                Said::Server(line) => {
                    check_reply_line(line);
                    if line.get(3) == Some(&b'-') {
                        continue;
                    }
                    if !asked && greeted {
                        last_word = line.starts_with(b"421 ");
                        assert!(
                            line.starts_with(b"500 ") || last_word,
                            "unasked: {:?}",
                            self.said
                        );
                    }
                    (asked, greeted) = (false, true);
                }
            }
        }
        let cut_off = matches!(self.closed, Some(Closed::Fault(Fault::TimedOut(_))));
        assert!(!asked || cut_off, "no reply: {:?}", self.said);
        self.check_output(cut_off);
        self.check_bodies();
    }

    /// A body that was begun ends as a message or is said to be void.
    fn check_bodies(&self) {
        for pair in self.events.windows(2) {
            if let [Seen::Body(_), behind] = pair {
                let ends = matches!(behind, Seen::Aborted(_) | Seen::Asked("message", _));
                assert!(ends, "{behind:?} behind a body");
            }
        }
    }

    fn check_output(&self, cut_off: bool) {
        let lines = self.said.iter().filter_map(|said| match said {
            Said::Server(line) => Some([line, &b"\r\n"[..]].concat()),
            _ => None,
        });
        let told: Vec<u8> = lines.flatten().collect();
        if cut_off {
            assert!(told.starts_with(&self.output));
        } else {
            assert_eq!(self.output, told);
        }
    }
}

fn check_reply_line(line: &[u8]) {
    let shaped = matches!(
        line,
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..]
    );
    let printable = line
        .iter()
        .all(|octet| matches!(octet, b'\t' | b' '..=b'~'));
    assert!(
        shaped && printable && line.len() <= 510,
        "{:?}",
        line.escape_ascii().to_string()
    );
}

/// The event, to be kept. Requests aren't answered by this.
pub(crate) fn seen(event: &Event<'_>) -> Option<Seen> {
    Some(match event {
        Event::Connect(_) => Seen::Asked("connect", String::new()),
        Event::Hello(request) => Seen::Asked("hello", request.value().to_string()),
        Event::Mail(request) => Seen::Asked("mail", request.value().to_string()),
        Event::Rcpt(request) => Seen::Asked("rcpt", request.value().to_string()),
        Event::Data(_) => Seen::Asked("data", String::new()),
        Event::Message(_) => Seen::Asked("message", String::new()),
        Event::Verify(request) => Seen::Asked("vrfy", request.value().text().to_owned()),
        Event::Expand(request) => Seen::Asked("expn", request.value().text().to_owned()),
        Event::Help(request) => Seen::Asked("help", format!("{:?}", request.value().text())),
        Event::Body(chunk) => Seen::Body(chunk.to_vec()),
        Event::Aborted(fault) => Seen::Aborted(*fault),
        Event::Reset => Seen::Reset,
        Event::Closed(closed) => Seen::Closed(*closed),
        _ => return None,
    })
}

/// What the settings' letters mean to a server: `b` a lone CR or LF is data, `l` an LF alone ends a
/// command, `e` the client talks first, `E` and is let, `n` no extensions, `s` small limits,
/// `o` little output at a time.
pub(crate) fn config(script: &crate::script::Script<'_>) -> server::Config {
    let hostname = smtp_proto::address::Domain::try_from("mx.example.org").expect("a domain");
    let mut config = server::Config::new(hostname);
    if script.has(b'b') {
        config.bare_newline = server::BareNewline::AcceptAsData;
    }
    config.accept_bare_lf_in_commands = script.has(b'l');
    config.accept_early_talk = script.has(b'E');
    if script.has(b'n') {
        config.offers = smtp_proto::Offers::NONE;
    }
    if script.has(b'o') {
        config.limits.output = 100;
    }
    if script.has(b's') {
        config.limits.command_line = 64;
        config.limits.message = Some(32);
        config.limits.recipients = 2;
        config.limits.errors = 3;
        config.limits.junk_commands = 4;
        config.limits.input = 64;
        config.limits.output = 100;
    }
    config
}
