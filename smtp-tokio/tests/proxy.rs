//! Behind a proxy that says who its client is, and before those who only claim to be one.

#[path = "support/identity.rs"]
mod identity;

use identity::{Identity, NAME};
use smtp_tokio::rustls::pki_types::ServerName;
use smtp_tokio::{
    Accepted, Body, Config, Domain, Envelope, Handler, Listener, Peer, Rcpt, Refusal, Server,
};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsConnector;

const PROXY: &str = "10.1.0.1:50000";
const STRANGER: &str = "203.0.113.9:50000";

/// The signature of version 2, the command and the family, the length, and what follows.
fn v2(command_and_family: [u8; 2], length: usize, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(length).expect("a length").to_be_bytes();
    let signature = b"\r\n\r\n\0\r\nQUIT\n";
    [&signature[..], &command_and_family, &length, rest].concat()
}

const IPV4: &[u8] = b"\xc0\x00\x02\x01\xc6\x33\x64\x02\x9c\x40\x00\x19";

struct Nobody;

impl Handler for Nobody {
    async fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Err(Refusal::relay_denied())
    }

    async fn message(&mut self, _: Envelope, _: Body<'_>) -> Result<Accepted, Refusal> {
        Err(Refusal::policy())
    }
}

/// Connections from whom a test says.
struct Front(mpsc::UnboundedReceiver<(DuplexStream, Peer)>);

impl Listener for Front {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Peer)> {
        Ok(self.0.recv().await.expect("the test goes on"))
    }
}

/// A server that trusts [`PROXY`] and tells for whom it makes handlers.
struct Served {
    connect: mpsc::UnboundedSender<(DuplexStream, Peer)>,
    handlers: mpsc::UnboundedReceiver<Peer>,
    shutdown: oneshot::Sender<()>,
    end: JoinHandle<io::Result<()>>,
}

fn config() -> Config {
    Config::new(Domain::try_from("mx.example.com").expect("a name"))
}

fn peer(addr: &str) -> Peer {
    addr.parse::<SocketAddr>().expect("an address").into()
}

impl Served {
    fn start() -> Self {
        Self::with(|server| server)
    }

    fn with(set: impl FnOnce(Server<Front>) -> Server<Front>) -> Self {
        let (connect, front) = mpsc::unbounded_channel();
        let (handler, handlers) = mpsc::unbounded_channel();
        let (shutdown, stopped) = oneshot::channel();
        let server = Server::from_listener(Front(front), config());
        let server = set(server.proxy_protocol(|client| client == peer(PROXY)));
        let made = move |peer| {
            handler.send(peer).expect("the test goes on");
            Nobody
        };
        let end = tokio::spawn(server.serve(made, stopped));
        Self {
            connect,
            handlers,
            shutdown,
            end,
        }
    }

    fn connect(&self, from: &str) -> DuplexStream {
        let (ours, theirs) = duplex(64 * 1024);
        let connection = (theirs, peer(from));
        self.connect.send(connection).expect("it listens");
        ours
    }

    /// Says `pieces` one after another, and whether there was a greeting then.
    async fn introduces(&self, pieces: &[&[u8]]) -> bool {
        let mut stream = self.connect(PROXY);
        for piece in pieces {
            // It may have been enough for the server already.
            let _ = stream.write_all(piece).await;
            sleep(Duration::from_millis(1)).await;
        }
        let mut greeting = [0; 4];
        match stream.read(&mut greeting).await {
            Ok(0) => false,
            read => {
                assert_eq!((read.expect("a stream"), &greeting), (4, b"220 "));
                true
            }
        }
    }
}

/// Everything until a line begins like that, or the end.
async fn until(stream: &mut (impl AsyncRead + Unpin), line: &str) -> String {
    let mut heard = String::new();
    while !heard.lines().any(|said| said.starts_with(line)) || !heard.ends_with('\n') {
        let mut octets = [0; 512];
        match stream.read(&mut octets).await.expect("a stream") {
            0 => break,
            read => heard += std::str::from_utf8(&octets[..read]).expect("text"),
        }
    }
    heard
}

#[tokio::test(start_paused = true)]
async fn the_client_is_who_the_header_says_wherever_it_is_cut() {
    let cases: [(&[u8], &str); 3] = [
        (
            b"PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\r\n",
            "192.0.2.1:40000",
        ),
        (&v2([0x21, 0x11], 12, IPV4), "192.0.2.1:40000"),
        (&v2([0x20, 0x11], 12, IPV4), PROXY),
    ];
    let mut served = Served::start();
    for (header, client) in cases {
        for cut in 0..header.len() {
            let (front, rest) = header.split_at(cut);
            assert!(served.introduces(&[front, rest]).await, "{header:?}");
            assert_eq!(served.handlers.recv().await, Some(peer(client)));
        }
        let octets: Vec<_> = header.chunks(1).collect();
        assert!(served.introduces(&octets).await, "{header:?}");
        assert_eq!(served.handlers.recv().await, Some(peer(client)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_header_is_read_to_its_end() {
    let mut served = Served::start();
    let header = v2([0x20, 0], 4_080, &[0; 4_080]);
    assert!(served.introduces(&[&header]).await);
    assert_eq!(served.handlers.recv().await, Some(peer(PROXY)));
}

#[tokio::test(start_paused = true)]
async fn without_a_sound_header_a_proxy_is_hung_up_on() {
    let cases: [&[u8]; 2] = [
        b"EHLO client.example\r\n",
        // Nobody waits for the rest of one that is too long.
        &v2([0x20, 0x11], 4_081, b""),
    ];
    let served = Served::start();
    let begun = Instant::now();
    for header in cases {
        assert!(!served.introduces(&[header]).await, "{header:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(served.handlers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_glued_to_the_header_is_the_sessions() {
    let served = Served::start();
    let commands = b"EHLO client.example\r\nNOOP\r\nQUIT\r\n";
    let mut direct = served.connect(STRANGER);
    direct.write_all(commands).await.expect("it listens");
    let expected = until(&mut direct, "221 ").await;
    assert_eq!(expected.matches("220 ").count(), 1, "{expected}");
    for header in [b"PROXY UNKNOWN\r\n", &v2([0x21, 0x11], 12, IPV4)[..]] {
        let mut stream = served.connect(PROXY);
        let glued = [header, commands].concat();
        stream.write_all(&glued).await.expect("it listens");
        assert_eq!(until(&mut stream, "221 ").await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_from_anybody_else_is_an_unknown_command() {
    let mut served = Served::start();
    let mut stream = served.connect(STRANGER);
    assert!(until(&mut stream, "220 ").await.starts_with("220 "));
    assert_eq!(served.handlers.recv().await, Some(peer(STRANGER)));
    let header = b"PROXY TCP4 10.1.0.1 198.51.100.2 40000 25\r\n";
    stream.write_all(header).await.expect("it listens");
    assert!(until(&mut stream, "500 ").await.starts_with("500 "));
    assert!(served.handlers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_header_that_trickles_in_gains_no_time_and_nobody_waits_for_it() {
    let served = Served::start();
    let begun = Instant::now();
    let (mut silent, mut slow) = (served.connect(PROXY), served.connect(PROXY));
    assert!(served.introduces(&[b"PROXY UNKNOWN\r\n"]).await);
    assert!(begun.elapsed() < Duration::from_secs(1));
    slow.write_all(b"PROXY UNKNOWN ").await.expect("it listens");
    while slow.write_all(b"x").await.is_ok() {
        sleep(Duration::from_millis(500)).await;
    }
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(5) && waited < Duration::from_secs(6));
    for stream in [&mut silent, &mut slow] {
        assert_eq!(until(stream, "2").await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing_counts_and_does_not_hold_up_a_shutdown() {
    let served = Served::with(|server| server.max_connections(1));
    let begun = Instant::now();
    let mut silent = served.connect(PROXY);
    for from in [PROXY, STRANGER] {
        let mut turned_away = served.connect(from);
        assert!(until(&mut turned_away, "421 ").await.starts_with("421 "));
    }
    drop(served.shutdown);
    served.end.await.expect("no panic").expect("it serves");
    assert_eq!(until(&mut silent, "2").await, "");
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn the_header_comes_before_tls_and_the_transcript_knows_the_client() {
    let identity = Identity::new();
    let (seen, mut peers) = mpsc::unbounded_channel();
    let server = Server::bind("127.0.0.1:0", config()).await.expect("a port");
    let server = server
        .implicit_tls(identity.server())
        .proxy_protocol(|peer| peer.addr().is_some_and(|addr| addr.ip().is_loopback()))
        .transcript(move |peer, _| seen.send(peer).expect("the test goes on"));
    let addr = server.local_addr().expect("it listens");
    tokio::spawn(server.serve(|_| Nobody, std::future::pending::<()>()));
    let mut stream = TcpStream::connect(addr).await.expect("it listens");
    let header = v2([0x21, 0x11], 12, IPV4);
    stream.write_all(&header).await.expect("it listens");
    let tls = TlsConnector::from(Arc::new(identity.trust()));
    let name = ServerName::try_from(NAME).expect("a name");
    let mut stream = tls.connect(name, stream).await.expect("a handshake");
    assert!(until(&mut stream, "220 ").await.starts_with("220 "));
    assert_eq!(peers.recv().await, Some(peer("192.0.2.1:40000")));
}
