//! Reading the reply to EHLO into what the server can do.

use crate::measure::{Group, Unit, Way};
use crate::memory::{Memory, at_once};
use lettre::transport::smtp::{client::AsyncSmtpConnection, extension::ClientId};
use smtp_proto::bytes::{Buf, BytesMut};
use smtp_proto::client::{Config, Connection, Event};
use smtp_proto::{Capabilities, Extension, Hello, ReplyLimits, ReplyReader};
use std::hint::black_box;
use std::sync::Arc;

pub(crate) static CORPUS: &[u8] = include_bytes!("../corpora/ehlo.txt");

/// Replies a pass reads.
const REPLIES: u32 = 2_000;

/// Machines there are at once, few enough for the cache to have them.
const BATCH: u32 = 20;

pub(crate) fn group() -> Group {
    let ways = vec![
        Way::new("limit: find lines and digits", |meter| {
            meter.measure(|| {
                for _ in 0..REPLIES {
                    black_box(look(black_box(CORPUS)));
                }
            });
        }),
        Way::new("smtp-proto", |meter| {
            let limits = ReplyLimits::default();
            let mut input = BytesMut::with_capacity(4_096);
            meter.measure(|| {
                for _ in 0..REPLIES {
                    input.extend_from_slice(black_box(CORPUS));
                    let reply = ReplyReader::default().next(&mut input, &limits, false);
                    let reply = reply.expect("it is sound").expect("it is whole");
                    black_box(Capabilities::from_reply(reply));
                }
            });
        }),
        with_machine("smtp-proto, its machine with it", greeted(), CORPUS.len()),
        with_machine("smtp-proto, octet by octet", greeted(), 1),
        Way::new("smtp-proto by Stalwart", |meter| {
            meter.measure(|| {
                for _ in 0..REPLIES {
                    let mut octets = black_box(CORPUS).iter();
                    let reply = stalwart_smtp_proto::EhloResponse::parse(&mut octets);
                    black_box(reply.expect("a reply it can read"));
                }
            });
        }),
        Way::new("smtp-codec", |meter| {
            meter.measure(|| {
                for _ in 0..REPLIES {
                    let reply = smtp_codec::parse::response::ehlo_ok_rsp(black_box(CORPUS));
                    black_box(reply.expect("a reply it can read"));
                }
            });
        }),
        lettre(),
    ];
    Group {
        name: "read an EHLO reply of 16 lines into capabilities",
        unit: Unit::Each("reply", REPLIES),
        ways,
        part: None,
    }
}

fn look(reply: &[u8]) -> usize {
    let mut begin = 0;
    for end in memchr::memchr_iter(b'\n', reply) {
        let line = &reply[begin..end];
        if !line[..3].iter().all(u8::is_ascii_digit) {
            return 0;
        }
        begin = end + 1;
    }
    begin
}

/// Waits for the reply to EHLO.
fn greeted() -> Connection {
    let hello = Hello::ehlo("client.example.org").expect("a name");
    let mut client = Connection::new(Arc::new(Config::new(hello)));
    client.receive(b"220 mx.example.com\r\n");
    while matches!(client.poll(), Ok(Event::Flush)) {
        let octets = client.transmit().remaining();
        client.transmit().advance(octets);
    }
    client
}

fn with_machine(name: &'static str, asked: Connection, cut: usize) -> Way {
    Way::new(name, move |meter| {
        for _ in 0..REPLIES / BATCH {
            let mut clients = vec![asked.clone(); BATCH as usize];
            meter.measure(|| {
                for client in &mut clients {
                    black_box(read(client, cut));
                }
            });
        }
    })
}

fn read(client: &mut Connection, cut: usize) -> bool {
    for part in CORPUS.chunks(cut) {
        client.receive(black_box(part));
        match client.poll() {
            Ok(Event::Ready(ready)) => return ready.capabilities().offers(Extension::RequireTls),
            Ok(Event::NeedInput) => {}
            other => panic!("the reply is sound: {other:?}"),
        }
    }
    panic!("the reply is whole");
}

/// Its reader can't be had without a connection.
fn lettre() -> Way {
    let hello = ClientId::Domain("client.example.org".to_owned());
    let way = Way::new("lettre, a connection with it", move |meter| {
        let hello = hello.clone();
        meter.measure(|| {
            for _ in 0..REPLIES {
                let server = Memory::saying(&[b"220 mx.example.com\r\n", CORPUS].concat());
                let client = AsyncSmtpConnection::connect_with_transport(Box::new(server), &hello);
                black_box(at_once(client).expect("a reply it can read"));
            }
        });
    });
    way.note("the greeting is read too")
}
