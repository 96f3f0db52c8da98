//! What AUTH says stays nowhere in the memory of whoever heard it or said it.
//!
//! One test, in a process of its own, that looks through all of the process's memory.
#![cfg(target_os = "linux")]

mod common;

use common::{client_config, server_config};
use smtp_proto::bytes::{Buf, BufMut};
use smtp_proto::extension::{Auth, Mechanism, Mechanisms};
use smtp_proto::{Secret, client, server};
use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Octets of a secret, and of its base64.
const PLAIN: usize = 48;
const ENCODED: usize = 64;

/// The octets of a secret, which nobody writes down, in base64.
fn encoded(at: usize) -> u8 {
    b'a' + u8::try_from((at * at * 7 + at * 3 + 5) % 23).expect("a letter")
}

fn value(letter: u8) -> u32 {
    u32::from(letter - b'a' + 26)
}

/// The same, decoded.
fn plain(at: usize) -> u8 {
    let quad = (at / 3 * 4..at / 3 * 4 + 4).fold(0, |bits, at| bits << 6 | value(encoded(at)));
    quad.to_be_bytes()[1 + at % 3]
}

/// What looks through memory, and sets none aside while it does: that might be where a secret was.
struct Search {
    memory: File,
    maps: String,
    part: Vec<u8>,
}

impl Search {
    fn new() -> Self {
        Self {
            memory: File::open("/proc/self/mem").expect("its own memory"),
            maps: String::with_capacity(1 << 16),
            part: vec![0; 1 << 20],
        }
    }

    /// How often half of a secret stands in memory that can be written to: whoever gives memory back
    /// writes over some of it.
    fn find(&mut self, octet: fn(usize) -> u8, octets: usize) -> usize {
        let Self { memory, maps, part } = self;
        maps.clear();
        let mut file = File::open("/proc/self/maps").expect("a process of Linux");
        file.read_to_string(maps).expect("text");
        let mut found = 0;
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (range, _) = line.split_once(' ').expect("a range");
            let (start, end) = range.split_once('-').expect("two ends");
            let address = |end| u64::from_str_radix(end, 16).expect("an address");
            let (mut at, end) = (address(start), address(end));
            while at < end {
                let want = part.len().min(usize::try_from(end - at).expect("so many"));
                let read = memory.read_at(&mut part[..want], at).unwrap_or(0);
                if read == 0 {
                    break;
                }
                let stands = |start: usize, half: Range<usize>| {
                    part[start..read].len() >= half.len()
                        && part[start..]
                            .iter()
                            .zip(half)
                            .all(|(is, at)| *is == octet(at))
                };
                let starts = (0..read).filter(|start| {
                    stands(*start, 0..octets / 2) || stands(*start, octets / 2..octets)
                });
                found += starts.count();
                at += read as u64;
            }
        }
        // It would be found the next time.
        black_box(part).fill(0);
        found
    }

    fn both(&mut self) -> (usize, usize) {
        (self.find(encoded, ENCODED), self.find(plain, PLAIN))
    }
}

fn greeted() -> server::Connection {
    let mut config = server_config();
    config.offers.add(Mechanisms::new([Mechanism::PLAIN]));
    config.accept_clear_passwords = true;
    let mut server = server::Connection::new(config.into());
    serve(&mut server);
    server.receive(b"EHLO a\r\n");
    serve(&mut server);
    server
}

/// Lets a server say all it has to say, and takes its client for somebody.
fn serve(server: &mut server::Connection) {
    loop {
        match server.poll() {
            server::Event::NeedInput | server::Event::Closed(_) => return server.shrink(),
            server::Event::Flush => {
                let octets = server.transmit().remaining();
                server.transmit().advance(octets);
            }
            server::Event::Auth(request) if request.response().is_none() => {
                request.challenge(b"");
            }
            server::Event::Auth(request) => {
                request.accept("joe");
                server.receive(b"NOOP\r\n");
            }
            event => event.answer_by_default(),
        }
    }
}

/// Says it to a server so many times, so many octets at a time, behind a command and with one behind it.
fn hear(server: &mut server::Connection, before: &[u8], times: usize, cut: usize) {
    let end = before.len() + times * ENCODED;
    let line = |at: usize| match at {
        at if at < before.len() => before[at],
        at if at < end => encoded((at - before.len()) % ENCODED),
        at => b"\r\nNOOP\r\n"[at - end],
    };
    let mut at = 0;
    while at < end + 8 {
        if cut == 1 {
            server.receive(&[line(at)]);
            let heard = (before.len()..end).contains(&at);
            assert!(server.holds_secret() || !heard, "{before:?} at {at}");
            at += 1;
        } else {
            let mut buffer = server.receive_buf();
            let octets = cut.min(end + 8 - at).min(buffer.remaining_mut());
            (at..at + octets).for_each(|at| buffer.put_u8(line(at)));
            drop(buffer);
            let heard = at < end && at + octets > before.len();
            assert!(server.holds_secret() || !heard, "{before:?} at {at}");
            at += octets;
        }
        serve(server);
    }
}

/// A client that has it, and says it in small writes: at once, or when it is asked.
fn say(at_once: bool) {
    let mut client = client::Connection::new(client_config().into());
    client.receive(b"220 mx\r\n");
    let secret = || Secret::from((0..PLAIN).map(plain).collect::<Vec<_>>());
    let hello = &b"250-mx\r\n250 AUTH PLAIN\r\n"[..];
    let mut replies = [hello]
        .into_iter()
        .chain((!at_once).then_some(&b"334 \r\n"[..]));
    loop {
        match client.poll().expect("the server does as it should") {
            client::Event::Flush => {
                let octets = client.transmit().chunk().len().min(7);
                client.transmit().advance(octets);
            }
            client::Event::NeedInput => match replies.next() {
                Some(reply) => _ = client.receive(reply),
                None => break,
            },
            client::Event::Ready(ready) => {
                let auth = Auth::new(Mechanism::PLAIN, at_once.then(secret));
                ready.auth(auth).expect("it is offered");
            }
            client::Event::Challenge(challenge) => challenge.respond(secret().expose()),
            event => panic!("{event:?}"),
        }
    }
}

#[test]
fn no_secret_stays_in_memory() {
    let mut search = Search::new();
    let written: Vec<u8> = (0..ENCODED).map(encoded).collect();
    assert!(search.find(encoded, ENCODED) > 0, "it is found where it is");
    drop(black_box(Secret::from(written)));
    assert_eq!(search.both(), (0, 0));

    for cut in [1, 7, 30, 1_000] {
        for (before, times) in [
            (&b"AUTH PLAIN "[..], 1),
            (b"AUTH PLAIN\r\n", 1),
            // Nobody reads these.
            (b"AUTH ", 1),
            (b"auth PLAIN =", 1),
            (b"AUTH PLAIN ", 300),
        ] {
            let mut server = greeted();
            hear(&mut server, before, times, cut);
            assert_eq!(search.both(), (0, 0), "{before:?} cut at {cut}");
        }
    }
    // A line without an end, and a connection that is lost.
    let mut server = greeted();
    server.receive(b"AUTH PLAIN ");
    {
        let mut buffer = server.receive_buf();
        (0..ENCODED).for_each(|at| buffer.put_u8(encoded(at)));
    }
    serve(&mut server);
    drop(server);
    assert_eq!(search.both(), (0, 0));

    for at_once in [true, false] {
        say(at_once);
        assert_eq!(search.both(), (0, 0));
    }
}
