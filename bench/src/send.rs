//! Sending a body by DATA: dots that open a line doubled, and by whoever checks it CR and LF never
//! alone. What is written is counted and forgotten. An LF alone becomes CRLF here and with no peer.

use crate::ehlo;
use crate::measure::{Group, Unit, Way};
use crate::memory::{Memory, at_once};
use crate::receive::dots;
use futures_util::{AsyncWriteExt, io};
use lettre::transport::smtp::{client::AsyncSmtpConnection, extension::ClientId};
use mail_send::SmtpClient;
use memchr::memmem;
use smtp_message::EscapingDataWriter;
use smtp_proto::bytes::{Buf, Bytes};
use smtp_proto::client::{Config, Connection, Event};
use smtp_proto::{Envelope, Hello};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

const OCTETS: usize = 10 * 1024 * 1024;
/// What is given to a library at once, by those that take a body in parts.
const PART: usize = 64 * 1024;

pub(crate) fn groups() -> [Group; 3] {
    [
        group(
            "send a body of 72-octet lines",
            &format!("{}\r\n", "x".repeat(72)),
        ),
        group(
            "send a body of 72-octet lines that end in LF",
            &format!("{}\n", "x".repeat(72)),
        ),
        group("send a body of lines of one dot", ".\r\n"),
    ]
}

fn group(name: &'static str, line: &str) -> Group {
    let message = line.repeat(OCTETS / line.len()).into_bytes();
    let message: &'static [u8] = message.leak();
    let ways = vec![
        Way::new("limit: look for CRLF.", move |meter| {
            let finder = memmem::Finder::new(b"\r\n.");
            meter.measure(|| {
                for part in message.chunks(PART) {
                    black_box(finder.find_iter(black_box(part)).count());
                }
            });
        }),
        Way::new("limit: look octet by octet", move |meter| {
            meter.measure(|| {
                for part in message.chunks(PART) {
                    black_box(dots(black_box(part)));
                }
            });
        }),
        Way::new("a copy alone", move |meter| {
            let mut buffer = vec![0; PART];
            meter.measure(|| {
                for part in message.chunks(PART) {
                    black_box(&mut buffer)[..part.len()].copy_from_slice(black_box(part));
                }
            });
        }),
        here(message),
        smtp_message(message),
        Way::new("mail-send", move |meter| {
            let mut client = SmtpClient {
                stream: Memory::default(),
                timeout: Duration::from_secs(60),
            };
            meter.measure(|| {
                let sent = at_once(client.write_message(black_box(message)));
                sent.expect("memory takes it all");
            });
            assert!(client.stream.heard > message.len());
        }),
        lettre(message),
    ];
    Group {
        name,
        unit: Unit::Octets(u32::try_from(message.len()).expect("few octets")),
        ways,
        part: None,
    }
}

fn here(message: &'static [u8]) -> Way {
    let hello = Hello::ehlo("client.example.org").expect("a name");
    let mut client = Connection::new(Arc::new(Config::new(hello)));
    let mut replies = [
        "220 mx\r\n",
        "250 mx\r\n",
        "250 ok\r\n",
        "250 ok\r\n",
        "354 go\r\n",
    ]
    .iter();
    loop {
        match client.poll().expect("the replies are sound") {
            Event::NeedInput => {
                let reply = replies.next().expect("it wants no more than that");
                client.receive(reply.as_bytes());
            }
            Event::Flush => {
                let octets = client.transmit().remaining();
                client.transmit().advance(octets);
            }
            Event::Ready(ready) => {
                let envelope = Envelope::new("", ["b@example.com"]).expect("an address");
                ready.send(envelope).expect("a message that may be sent");
            }
            Event::Body(_) => break,
            _ => {}
        }
    }
    Way::new("smtp-proto, its machine with it", move |meter| {
        let mut client = client.clone();
        let mut body = Bytes::from_static(message);
        let mut written = 0;
        meter.measure(|| {
            loop {
                match client.poll().expect("the message is sound") {
                    Event::Body(sink) if body.is_empty() => sink.finish(),
                    Event::Body(sink) => sink.send(body.split_to(PART.min(body.len()))),
                    Event::Flush => {
                        while client.transmit().has_remaining() {
                            let octets = black_box(client.transmit().chunk()).len();
                            client.transmit().advance(octets);
                            written += octets;
                        }
                    }
                    Event::NeedInput => break,
                    other => panic!("nothing was replied: {other:?}"),
                }
            }
        });
        assert!(written > message.len());
    })
}

fn smtp_message(message: &'static [u8]) -> Way {
    let way = Way::new("smtp-message", move |meter| {
        meter.measure(|| {
            at_once(async {
                let mut writer = EscapingDataWriter::new(io::sink());
                for mut part in message.chunks(PART) {
                    while !part.is_empty() {
                        let written = writer.write(black_box(part)).await;
                        part = &part[written.expect("memory takes it all")..];
                    }
                }
                writer.finish().await.expect("memory takes it all");
            });
        });
    });
    // `write_all` takes that for an error.
    way.note("says 0 written where it doubles a first octet")
}

/// Its stuffing can't be had without a connection.
fn lettre(message: &'static [u8]) -> Way {
    let hello = ClientId::Domain("client.example.org".to_owned());
    let server = Memory::saying(&[b"220 mx.example.com\r\n", ehlo::CORPUS].concat());
    let client = AsyncSmtpConnection::connect_with_transport(Box::new(server), &hello);
    let mut client = at_once(client).expect("a reply it can read");
    Way::new("lettre", move |meter| {
        meter.measure(|| {
            let sent = at_once(client.message(black_box(message)));
            sent.expect("memory takes it all");
        });
    })
}
