//! Receiving a body behind DATA: its end looked for, its dots unstuffed, and by whoever checks it CR
//! and LF never alone.
//!
//! The wire's octets come in reads of 16 KiB, each copied into a buffer of the receiver, as a socket's
//! are. The end doesn't come.

use crate::measure::{Group, Unit, Way};
use futures_util::AsyncRead;
use mailin::{Handler, SessionBuilder};
use memchr::{memchr_iter, memmem};
use smtp_message::{DataUnescaper, EscapedDataReader};
use smtp_proto::bytes::Buf;
use smtp_proto::server::{BareNewline, Config, Connection, Event};
use stalwart_smtp_proto::request::receiver::DataReceiver;
use std::hint::black_box;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

const READ: usize = 16 * 1024;
const OCTETS: usize = 10 * 1024 * 1024;

pub(crate) fn groups() -> [Group; 3] {
    let line = "x".repeat(72);
    [
        group("receive a body of 72-octet lines", &format!("{line}\r\n")),
        group(
            "receive a body whose every line begins with a dot",
            &format!(".{line}\r\n").replacen('x', ".", 1),
        ),
        group("receive a body of lines of one dot", "..\r\n"),
    ]
}

fn group(name: &'static str, line: &str) -> Group {
    let mut wire = line.repeat(OCTETS / line.len() + 1).into_bytes();
    wire.truncate(OCTETS);
    let wire: &'static [u8] = wire.leak();
    let ways = vec![
        Way::new("limit: look for CRLF.", move |meter| {
            let finder = memmem::Finder::new(b"\r\n.");
            meter.measure(|| {
                for read in wire.chunks(READ) {
                    black_box(finder.find_iter(black_box(read)).count());
                }
            });
        }),
        Way::new("limit: look octet by octet", move |meter| {
            meter.measure(|| {
                for read in wire.chunks(READ) {
                    black_box(dots(black_box(read)));
                }
            });
        }),
        Way::new("the reads alone", move |meter| {
            let mut buffer = [0; READ];
            meter.measure(|| {
                for read in wire.chunks(READ) {
                    black_box(&mut buffer)[..read.len()].copy_from_slice(black_box(read));
                }
            });
        }),
        here("smtp-proto, its machine with it", wire, BareNewline::Reject),
        here(
            "smtp-proto, CR and LF as data",
            wire,
            BareNewline::AcceptAsData,
        ),
        stalwart(wire),
        smtp_message(wire),
        mailin(wire),
    ];
    Group {
        name,
        unit: Unit::Octets(u32::try_from(OCTETS).expect("few octets")),
        ways,
        part: Some(2),
    }
}

/// Dots that open a line: the least that has to be done where there are many.
pub(crate) fn dots(octets: &[u8]) -> usize {
    let (mut last, mut found) = (0_u32, 0);
    for octet in octets {
        last = (last << 8 | u32::from(*octet)) & 0x00ff_ffff;
        found += usize::from(last == 0x000d_0a2e);
    }
    found
}

fn here(name: &'static str, wire: &'static [u8], bare_newline: BareNewline) -> Way {
    let mut config = Config::new("mx.example.com".try_into().expect("a name"));
    config.bare_newline = bare_newline;
    config.limits.message = None;
    let mut server = Connection::new(config.into());
    let mut opening = [
        &b"EHLO a\r\n"[..],
        b"MAIL FROM:<>\r\n",
        b"RCPT TO:<b@example.com>\r\n",
        b"DATA\r\n",
    ]
    .into_iter();
    loop {
        match server.poll() {
            Event::NeedInput => match opening.next() {
                Some(line) => _ = server.receive(line),
                None => break,
            },
            Event::Flush => {
                let octets = server.transmit().remaining();
                server.transmit().advance(octets);
            }
            Event::Rcpt(rcpt) => rcpt.accept(),
            event => event.answer_by_default(),
        }
    }
    Way::new(name, move |meter| {
        let mut server = server.clone();
        let mut octets = 0;
        meter.measure(|| {
            for read in wire.chunks(READ) {
                assert_eq!(server.receive(black_box(read)), read.len());
                loop {
                    match server.poll() {
                        Event::Body(chunk) => octets += black_box(chunk).len(),
                        Event::NeedInput => break,
                        other => panic!("the body is sound: {other:?}"),
                    }
                }
            }
        });
        assert!(octets > wire.len() / 2 - READ);
    })
}

fn stalwart(wire: &'static [u8]) -> Way {
    let mut message = Vec::with_capacity(OCTETS + READ);
    let way = Way::new("smtp-proto by Stalwart", move |meter| {
        let (mut buffer, mut receiver) = ([0; READ], DataReceiver::new());
        message.clear();
        meter.measure(|| {
            for read in wire.chunks(READ) {
                let buffer = &mut buffer[..read.len()];
                buffer.copy_from_slice(black_box(read));
                assert!(!receiver.ingest(&mut buffer.iter(), &mut message));
            }
        });
    });
    way.note("into a Vec that has room; CR and LF may stand alone")
}

fn smtp_message(wire: &'static [u8]) -> Way {
    let way = Way::new("smtp-message", move |meter| {
        meter.measure(|| {
            let (mut behind, mut buffer, mut begin) = ([0; READ], [0; READ], 0);
            let reads = Reads(wire);
            let mut reader = pin!(EscapedDataReader::new(&mut behind, 0..0, reads));
            let mut unescaper = DataUnescaper::new(true);
            let mut context = Context::from_waker(Waker::noop());
            // The stream ends without the end of the body, which is an error.
            while let Poll::Ready(Ok(octets)) = reader
                .as_mut()
                .poll_read(&mut context, &mut buffer[begin..])
            {
                let end = begin + octets;
                let done = unescaper.unescape(&mut buffer[..end]);
                black_box(&buffer[..done.written]);
                buffer.copy_within(done.unhandled_idx..end, 0);
                begin = end - done.unhandled_idx;
            }
        });
    });
    way.note("CR and LF may stand alone")
}

struct Reads(&'static [u8]);

impl AsyncRead for Reads {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let (read, rest) = self.0.split_at(self.0.len().min(buffer.len()));
        buffer[..read.len()].copy_from_slice(black_box(read));
        self.0 = rest;
        Poll::Ready(Ok(read.len()))
    }
}

struct Forget;

impl Handler for Forget {
    fn data(&mut self, octets: &[u8]) -> io::Result<()> {
        black_box(octets);
        Ok(())
    }
}

fn mailin(wire: &'static [u8]) -> Way {
    let builder = SessionBuilder::new("mx.example.com");
    let way = Way::new("mailin, its machine with it", move |meter| {
        let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), Forget);
        for line in [
            "EHLO a\r\n",
            "MAIL FROM:<a@example.org>\r\n",
            "RCPT TO:<b@example.com>\r\n",
            "DATA\r\n",
        ] {
            assert!(!session.process(line.as_bytes()).is_error);
        }
        let mut buffer = Vec::with_capacity(2 * READ);
        meter.measure(|| {
            for read in wire.chunks(READ) {
                buffer.extend_from_slice(black_box(read));
                let mut begin = 0;
                for end in memchr_iter(b'\n', &buffer) {
                    black_box(session.process(&buffer[begin..=end]));
                    begin = end + 1;
                }
                buffer.drain(..begin);
            }
        });
    });
    way.note("line by line, each found by memchr")
}
