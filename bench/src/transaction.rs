//! One message of 4 KiB through a server's machine: commands, body and replies, no socket.

use crate::measure::{Group, Unit, Way};
use mailin::{Handler, SessionBuilder};
use memchr::memchr_iter;
use smtp_proto::bytes::Buf;
use smtp_proto::server::{Config, Connection, Event};
use std::hint::black_box;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

const MESSAGES: u32 = 500;

/// What a client without PIPELINING sends at once, each behind a reply.
fn flights() -> Vec<Vec<u8>> {
    let line = format!("{}\r\n", "x".repeat(72));
    let body = line.repeat(4_096 / line.len()) + ".\r\n";
    let commands = [
        "MAIL FROM:<a@example.org>\r\n",
        "RCPT TO:<b@example.com>\r\n",
        "DATA\r\n",
    ];
    let commands = commands.into_iter().map(|line| line.as_bytes().to_vec());
    commands.chain([body.into_bytes()]).collect()
}

pub(crate) fn group() -> Group {
    let look = flights();
    let ways = vec![
        Way::new("limit: find every LF", move |meter| {
            meter.measure(|| {
                for _ in 0..MESSAGES {
                    for flight in &look {
                        black_box(memchr_iter(b'\n', black_box(flight)).count());
                    }
                }
            });
        }),
        here("smtp-proto, command by command", flights()),
        here("smtp-proto, in one flight", vec![flights().concat()]),
        mailin(),
    ];
    Group {
        name: "take a message of 4 KiB, with its commands",
        unit: Unit::Each("message", MESSAGES),
        ways,
        part: None,
    }
}

fn here(name: &'static str, flights: Vec<Vec<u8>>) -> Way {
    let config = Config::new("mx.example.com".try_into().expect("a name"));
    let mut server = Connection::new(config.into());
    feed(&mut server, b"EHLO a\r\n");
    Way::new(name, move |meter| {
        meter.measure(|| {
            let mut messages = 0;
            for _ in 0..MESSAGES {
                for flight in &flights {
                    messages += feed(&mut server, black_box(flight));
                }
            }
            assert_eq!(messages, MESSAGES);
        });
    })
}

/// Messages taken.
fn feed(server: &mut Connection, flight: &[u8]) -> u32 {
    let (mut fed, mut messages) = (false, 0);
    loop {
        match server.poll() {
            Event::NeedInput if fed => return messages,
            Event::NeedInput => fed = server.receive(flight) == flight.len(),
            Event::Flush => {
                let octets = black_box(server.transmit().chunk()).len();
                server.transmit().advance(octets);
            }
            Event::Rcpt(rcpt) => rcpt.accept(),
            Event::Body(chunk) => _ = black_box(chunk),
            Event::Message(message) => {
                messages += 1;
                message.accept();
            }
            event => event.answer_by_default(),
        }
    }
}

struct Forget;

impl Handler for Forget {
    fn data(&mut self, octets: &[u8]) -> io::Result<()> {
        black_box(octets);
        Ok(())
    }
}

fn mailin() -> Way {
    let builder = SessionBuilder::new("mx.example.com");
    let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), Forget);
    session.process(b"EHLO a\r\n");
    let (flights, mut buffer, mut replies) = (flights(), Vec::new(), Vec::new());
    let way = Way::new("mailin", move |meter| {
        meter.measure(|| {
            for _ in 0..MESSAGES {
                for flight in &flights {
                    buffer.extend_from_slice(black_box(flight));
                    let mut begin = 0;
                    for end in memchr_iter(b'\n', &buffer) {
                        let reply = session.process(&buffer[begin..=end]);
                        assert!(!reply.is_error);
                        reply.write_to(&mut replies).expect("memory takes it all");
                        begin = end + 1;
                    }
                    buffer.clear();
                    black_box(&mut replies).clear();
                }
            }
        });
    });
    way.note("line by line, each found by memchr")
}
