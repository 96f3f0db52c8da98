//! `smtp_proto::client::Connection`.

use super::{lines, mechanisms};
use crate::reading::Reading;
use smtp_proto::bytes::Buf;
use smtp_proto::client::{Config, Connection, Error, Event};
use smtp_proto::extension::{Mechanism, Mechanisms};
use smtp_proto::{Envelope, Extension, Hello, Reply};
use std::sync::Arc;

/// The reply to RCPT, where enhanced codes were announced and where they weren't.
pub(super) fn reply(input: &[u8]) -> Reading {
    let plain = answered(b"250 mx\r\n", input);
    let enhanced = answered(b"250-mx\r\n250 ENHANCEDSTATUSCODES\r\n", input);
    let (Some(plain), Some(enhanced)) = (plain, enhanced) else {
        return Reading::Refused;
    };
    let code = enhanced
        .enhanced()
        .map_or(String::new(), |code| code.to_string());
    Reading::Taken(vec![
        ("code", plain.code().to_string()),
        ("enhanced", code),
        ("lines", lines(plain.text().as_lines())),
    ])
}

fn answered(offer: &[u8], input: &[u8]) -> Option<Reply> {
    let mut conn = client();
    let mut envelope = Envelope::new("a@example.com", ["b@example.org"]).ok();
    let mut answers = [b"220 mx\r\n", offer, b"250 ok\r\n", input].into_iter();
    loop {
        match conn.poll() {
            Ok(Event::NeedInput) => _ = conn.receive(answers.next()?),
            Ok(Event::Flush) => flush(&mut conn),
            Ok(Event::Ready(ready)) => {
                ready.send(envelope.take()?).expect("an ASCII envelope");
            }
            Ok(Event::Recipient { reply, .. } | Event::Refused { reply, .. }) => {
                return Some(reply);
            }
            Err(Error::UnexpectedReply(reply)) => return Some(reply),
            _ => return None,
        }
    }
}

fn client() -> Connection {
    let hello = Hello::ehlo("client.example.com").expect("a name");
    Connection::new(Arc::new(Config::new(hello)))
}

fn flush(conn: &mut Connection) {
    let octets = conn.transmit().remaining();
    conn.transmit().advance(octets);
}

pub(super) fn capabilities(input: &[u8]) -> Reading {
    let mut conn = client();
    let mut answers = [b"220 mx\r\n", input].into_iter();
    loop {
        match conn.poll() {
            Ok(Event::NeedInput) => match answers.next() {
                Some(answer) => _ = conn.receive(answer),
                None => return Reading::Refused,
            },
            Ok(Event::Flush) => {
                flush(&mut conn);
            }
            Ok(Event::Ready(ready)) => {
                let found = ready.capabilities();
                let offered = |extension| found.offers(extension).to_string();
                let all = found.get::<Mechanisms>();
                let names = all.iter().flat_map(Mechanisms::iter);
                return Reading::Taken(vec![
                    ("8BITMIME", offered(Extension::EightBitMime)),
                    ("SMTPUTF8", offered(Extension::SmtpUtf8)),
                    ("STARTTLS", offered(Extension::StartTls)),
                    ("PIPELINING", offered(Extension::Pipelining)),
                    ("CHUNKING", offered(Extension::Chunking)),
                    ("DSN", offered(Extension::Dsn)),
                    ("REQUIRETLS", offered(Extension::RequireTls)),
                    ("SIZE", found.size().unwrap_or(0).to_string()),
                    ("AUTH", mechanisms(names.map(Mechanism::as_str))),
                ]);
            }
            _ => return Reading::Refused,
        }
    }
}
