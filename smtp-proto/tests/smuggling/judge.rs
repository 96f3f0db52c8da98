//! What a server's handler was given, and what it should have been.

use crate::common::{Seen, Server, Verdict};
use crate::cuts::segments;
use smtp_proto::Envelope;
use smtp_proto::server::{self, BareNewline};

pub(crate) type Play = Server<fn(&str) -> Verdict>;

/// Senders and recipients it was asked for, in order, and the messages: to whom, and their octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) asked: Vec<String>,
    pub(crate) messages: Vec<(String, Vec<u8>)>,
    /// How many messages it was told to forget.
    pub(crate) void: usize,
}

impl Given {
    pub(crate) fn of(seen: &Seen) -> Self {
        let asked = seen.told();
        let asked = asked.filter(|what| what.starts_with("MAIL") || what.starts_with("RCPT"));
        let messages = seen.messages();
        Self {
            asked: asked.map(String::from).collect(),
            messages: messages
                .map(|(envelope, body)| (addresses(envelope), body.to_vec()))
                .collect(),
            void: seen
                .told()
                .filter(|what| what.starts_with("aborted: Content"))
                .count(),
        }
    }

    /// A transaction from `<a@b>` to `<c@d>` or the like, and what came of it.
    pub(crate) fn transaction(&mut self, [from, to]: [&str; 2], body: Option<Vec<u8>>) {
        self.asked.push(format!("MAIL FROM:<{from}>"));
        self.asked.push(format!("RCPT TO:<{to}>"));
        match body {
            Some(body) => self.messages.push((format!("<{from}> <{to}>"), body)),
            None => self.void += 1,
        }
    }

    pub(crate) fn is_start_of(&self, whole: &Self) -> bool {
        whole.asked.starts_with(&self.asked)
            && whole.messages.starts_with(&self.messages)
            && self.void <= whole.void
    }
}

fn addresses(envelope: &Envelope) -> String {
    let sender = std::iter::once(envelope.sender().to_string());
    let recipients = envelope.recipients().iter();
    let recipients = recipients.map(|recipient| recipient.to().to_string());
    sender.chain(recipients).collect::<Vec<_>>().join(" ")
}

/// A server that was said those lines, each when the one before was answered.
pub(crate) fn server(config: server::Config, lines: &[impl AsRef<[u8]>]) -> Play {
    let mut server = Server::new(config, (|_| Verdict::Accept) as fn(&str) -> Verdict);
    assert!(server.run());
    for line in lines {
        assert!(server.feed(line.as_ref()));
    }
    server
}

/// What the handler is given if the octets come so.
pub(crate) fn play(server: &Play, octets: &[u8], cuts: &[usize]) -> Given {
    let mut server = server.clone();
    for segment in segments(octets, cuts) {
        if !server.feed(segment) {
            break;
        }
    }
    Given::of(&server.seen)
}

/// Whether a message of that content may be taken: octet by octet, by RFC 5321 §2.3.8 and §4.5.2, unless a setting takes a
/// lone CR or LF for data. Nothing takes NUL.
pub(crate) fn is_sound(content: &[u8], bare_newline: BareNewline) -> bool {
    content.iter().enumerate().all(|(at, &octet)| match octet {
        0 => false,
        _ if bare_newline == BareNewline::AcceptAsData => true,
        b'\r' => content.get(at + 1) == Some(&b'\n'),
        b'\n' => at > 0 && content[at - 1] == b'\r',
        _ => true,
    })
}
