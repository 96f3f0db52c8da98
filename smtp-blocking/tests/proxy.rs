//! Behind a proxy that says who its client is, and before those who only claim to be one.

// The certificates are those of the other adapter's tests, whose types have the same names.
extern crate smtp_blocking as smtp_tokio;

#[path = "../../smtp-tokio/tests/support/identity.rs"]
mod identity;
#[path = "../../smtp-tokio/tests/support/mod.rs"]
mod support;

use identity::{Identity, NAME};
use smtp_blocking::rustls::{ClientConnection, StreamOwned};
use smtp_blocking::{
    Accepted, Body, Config, Domain, Envelope, Handler, Peer, Rcpt, Refusal, Server, Stopper,
};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};
use support::{PATIENCE, peer, program};

/// The signature of version 2, the command and the family, the length, and what follows.
fn v2(command_and_family: [u8; 2], length: usize, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(length).expect("a length").to_be_bytes();
    let signature = b"\r\n\r\n\0\r\nQUIT\n";
    [&signature[..], &command_and_family, &length, rest].concat()
}

const IPV4: &[u8] = b"\xc0\x00\x02\x01\xc6\x33\x64\x02\x9c\x40\x00\x19";

struct Nobody;

impl Handler for Nobody {
    fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Err(Refusal::relay_denied())
    }

    fn message(&mut self, _: Envelope, _: Body<'_>) -> Result<Accepted, Refusal> {
        Err(Refusal::policy())
    }
}

/// A server that tells for whom it makes handlers.
struct Served {
    addr: SocketAddr,
    handlers: mpsc::Receiver<Peer>,
    stopper: Stopper,
    end: JoinHandle<io::Result<()>>,
}

impl Served {
    /// Behind a proxy, which is whoever connects.
    fn trusting(set: impl FnOnce(Server) -> Server) -> Self {
        Self::with(|server| set(server.proxy_protocol(|_| true)))
    }

    fn with(set: impl FnOnce(Server) -> Server) -> Self {
        let config = Config::new(Domain::try_from("mx.example.com").expect("a name"));
        let server = Server::bind("127.0.0.1:0", config).expect("a port");
        let server = set(server.max_connections(1_000));
        let (handler, handlers) = mpsc::channel();
        let made = move |peer| {
            let _ = handler.send(peer);
            Nobody
        };
        Self {
            addr: server.local_addr().expect("it listens"),
            handlers,
            stopper: server.stopper().expect("it listens"),
            end: thread::spawn(|| server.serve(made)),
        }
    }

    /// Connects, says `pieces` one after another, and whether there was a greeting then.
    fn introduces(&self, pieces: &[&[u8]]) -> Option<peer::Peer> {
        let mut peer = peer::Peer::connect(self.addr);
        for piece in pieces {
            // It may have been enough for the server already.
            let _ = peer.try_write(piece);
            sleep(Duration::from_millis(1));
        }
        let greeting = peer.try_reply().unwrap_or_default();
        assert!(greeting.is_empty() || greeting.starts_with("220 "));
        (!greeting.is_empty()).then_some(peer)
    }

    /// Whom a handler was made for: the client, where it isn't the proxy itself.
    fn client(&self, of: &peer::Peer) -> Option<String> {
        let client = self.handlers.recv_timeout(PATIENCE).expect("a handler");
        let proxy = of.stream().local_addr().expect("it is connected");
        (client != proxy.into()).then(|| client.to_string())
    }

    /// That no handler was made for anybody.
    fn served_nobody(&self) {
        assert_eq!(self.handlers.try_recv(), Err(mpsc::TryRecvError::Empty));
    }
}

#[test]
fn the_client_is_who_the_header_says_wherever_it_is_cut() {
    let cases: [(&[u8], Option<&str>); 3] = [
        (
            b"PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\r\n",
            Some("192.0.2.1:40000"),
        ),
        (&v2([0x21, 0x11], 12, IPV4), Some("192.0.2.1:40000")),
        (&v2([0x20, 0x11], 12, IPV4), None),
    ];
    let served = Served::trusting(|server| server);
    for (header, client) in cases {
        let octets: Vec<_> = header.chunks(1).collect();
        let cut = |cut| header.split_at(cut);
        let cuts = (0..header.len()).map(|at| vec![cut(at).0, cut(at).1]);
        for pieces in cuts.chain([octets]) {
            let met = served.introduces(&pieces).expect("it is sound");
            assert_eq!(served.client(&met).as_deref(), client, "{pieces:?}");
        }
    }
}

#[test]
fn a_long_header_is_read_to_its_end() {
    let served = Served::trusting(|server| server);
    let header = v2([0x20, 0], 4_080, &[0; 4_080]);
    let met = served.introduces(&[&header]).expect("it is sound");
    assert_eq!(served.client(&met), None);
}

#[test]
fn without_a_sound_header_a_proxy_is_hung_up_on() {
    let cases: [&[u8]; 2] = [
        b"EHLO client.example\r\n",
        // Nobody waits for the rest of one that is too long.
        &v2([0x20, 0x11], 4_081, b""),
    ];
    let served = Served::trusting(|server| server);
    let begun = Instant::now();
    for header in cases {
        assert!(served.introduces(&[header]).is_none(), "{header:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "it isn't waited");
    served.served_nobody();
}

#[test]
fn what_is_glued_to_the_header_is_the_sessions() {
    let (direct, proxied) = (
        Served::with(|server| server),
        Served::trusting(|server| server),
    );
    let commands = b"EHLO client.example\r\nNOOP\r\nQUIT\r\n";
    let said = |served: &Served, header: &[u8]| {
        let mut peer = peer::Peer::connect(served.addr);
        peer.write(&[header, commands].concat());
        peer.rest()
    };
    let expected = said(&direct, b"");
    assert_eq!(expected.matches("220 ").count(), 1, "{expected}");
    for header in [b"PROXY UNKNOWN\r\n", &v2([0x21, 0x11], 12, IPV4)[..]] {
        assert_eq!(said(&proxied, header), expected);
    }
}

#[test]
fn a_header_from_anybody_else_is_an_unknown_command() {
    let served = Served::with(|server| server.proxy_protocol(|_| false));
    let mut met = served.introduces(&[]).expect("it greets");
    assert_eq!(served.client(&met), None);
    let reply = met.ask("PROXY TCP4 10.1.0.1 198.51.100.2 40000 25");
    assert!(reply.starts_with("500 "), "{reply}");
    served.served_nobody();
}

#[test]
fn a_header_that_trickles_in_gains_no_time_and_nobody_waits_for_it() {
    let served = Served::trusting(|server| server);
    let begun = Instant::now();
    let connect = || peer::Peer::connect(served.addr);
    let (mut silent, mut slow) = (connect(), connect());
    assert!(served.introduces(&[b"PROXY UNKNOWN\r\n"]).is_some());
    assert!(begun.elapsed() < Duration::from_secs(4));
    slow.write(b"PROXY UNKNOWN ");
    while slow.try_write(b"x").is_ok() {
        sleep(Duration::from_millis(100));
    }
    assert!(begun.elapsed() >= Duration::from_secs(5));
    assert_eq!(silent.rest(), "");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_proxy_that_says_nothing_counts_and_does_not_hold_up_a_shutdown() {
    let served = Served::trusting(|server| server.max_connections(1));
    let mut silent = peer::Peer::connect(served.addr);
    assert!(peer::Peer::connect(served.addr).rest().starts_with("421 "));
    let begun = Instant::now();
    served.stopper.stop();
    served.end.join().expect("no panic").expect("it serves");
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(silent.rest(), "");
}

#[test]
fn the_header_comes_before_tls_and_the_transcript_knows_the_client() {
    let identity = Identity::new();
    let (seen, peers) = mpsc::channel();
    let served = Served::trusting(|server| {
        server
            .implicit_tls(identity.server())
            .transcript(move |peer, _| {
                let _ = seen.send(peer);
            })
    });
    let mut stream = TcpStream::connect(served.addr).expect("it listens");
    let header = v2([0x21, 0x11], 12, IPV4);
    stream.write_all(&header).expect("it listens");
    let name = NAME.try_into().expect("a name");
    let tls = ClientConnection::new(Arc::new(identity.trust()), name).expect("a client");
    let mut greeting = [0; 4];
    let greeted = StreamOwned::new(tls, stream).read_exact(&mut greeting);
    greeted.expect("a greeting");
    assert_eq!(&greeting, b"220 ");
    let peer = peers.recv_timeout(PATIENCE).expect("a greeting");
    assert_eq!(peer.to_string(), "192.0.2.1:40000");
}

#[test]
fn swaks_says_who_its_client_is_in_both_versions() {
    let Some(swaks) = program("swaks") else {
        return;
    };
    let served = Served::trusting(|server| server);
    let port = served.addr.port().to_string();
    for (version, family, source, client) in [
        ("1", "TCP4", "192.0.2.1", "192.0.2.1:40000"),
        ("1", "TCP6", "2001:db8::1", "[2001:db8::1]:40000"),
        ("2", "AF_INET", "192.0.2.3", "192.0.2.3:40000"),
        ("2", "AF_INET6", "2001:db8::3", "[2001:db8::3]:40000"),
    ] {
        let output = Command::new(&swaks)
            .args(["--server", "127.0.0.1", "--port", &port, "--to", "a@b"])
            .args(["--quit-after", "EHLO", "--proxy-version", version])
            .args(["--proxy-family", family, "--proxy-source", source])
            .args(["--proxy-source-port", "40000", "--proxy-dest", source])
            .args(["--proxy-dest-port", "25"])
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        let met = served.handlers.recv_timeout(PATIENCE).expect("a handler");
        assert_eq!(met.to_string(), client, "{said}");
    }
}
