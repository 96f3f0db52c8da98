//! `smtp_proto::server::Connection`.

use super::{Given, fields, play, shown};
use crate::reading::Reading;
use smtp_proto::Extension;
use smtp_proto::bytes::Buf;
use smtp_proto::server::{BareNewline, Config, Connection, Event};

/// With a lone CR or LF as data it is held against the others; `refused` are the messages that it
/// refuses as it is by default.
pub(super) fn both(opening: &[&[u8]], input: &[u8], behind: &[u8]) -> Reading {
    let (lenient, lenient_stable) = play(lenient, opening, input, behind);
    let (strict, strict_stable) = play(strict, opening, input, behind);
    let refused = lenient
        .messages
        .iter()
        .filter(|&message| !strict.messages.contains(message));
    let refused: Vec<_> = refused.map(|message| shown(message)).collect();
    let mut fields = fields(&lenient, lenient_stable && strict_stable);
    fields.push(("refused", refused.join(" + ")));
    Reading::Taken(fields)
}

fn lenient(segments: &[&[u8]]) -> Given {
    session(segments, BareNewline::AcceptAsData)
}

fn strict(segments: &[&[u8]]) -> Given {
    session(segments, BareNewline::Reject)
}

fn session(segments: &[&[u8]], bare_newline: BareNewline) -> Given {
    let mut config = Config::new("mx.example.com".try_into().expect("a name"));
    config.bare_newline = bare_newline;
    config.offers.add(Extension::Chunking);
    config.offers.add(Extension::BinaryMime);
    config.limits.errors = u32::MAX;
    config.limits.junk_commands = u32::MAX;
    let mut server = Connection::new(config.into());
    let mut given = Given::default();
    let mut message = Vec::new();
    let mut open = run(&mut server, &mut given, &mut message);
    for segment in segments {
        let mut rest = *segment;
        while open && !rest.is_empty() {
            rest = &rest[server.receive(rest)..];
            open = run(&mut server, &mut given, &mut message);
        }
    }
    given
}

/// Until it wants input; whether it will.
fn run(server: &mut Connection, given: &mut Given, message: &mut Vec<u8>) -> bool {
    loop {
        match server.poll() {
            Event::NeedInput => return true,
            Event::Closed(_) => return false,
            Event::Flush => {
                let octets = server.transmit().remaining();
                server.transmit().advance(octets);
            }
            Event::Mail(request) => {
                given.asked.push(request.value().from().to_string());
                request.accept();
            }
            Event::Rcpt(request) => {
                given.asked.push(request.value().to().to_string());
                request.accept();
            }
            Event::Body(octets) => message.extend_from_slice(&octets),
            Event::Message(request) => {
                request.accept();
                given.messages.push(std::mem::take(message));
            }
            Event::Aborted(_) => message.clear(),
            event => event.answer_by_default(),
        }
    }
}
