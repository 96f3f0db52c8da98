//! Under TLS: by STARTTLS and from the first octet, with peers that mean well and with others.

// The certificates are those of the other adapter's tests, whose types have the same names.
extern crate smtp_blocking as smtp_tokio;

#[path = "../../smtp-tokio/tests/support/identity.rs"]
mod identity;
#[path = "support/served.rs"]
mod served;
#[path = "../../smtp-tokio/tests/support/mod.rs"]
mod support;

use identity::{Identity, NAME};
use served::{Served, Told};
use smtp_blocking::rustls::{ClientConnection, ServerConnection, StreamOwned};
use smtp_blocking::smtp_proto::server::{Closed, Fault};
use smtp_blocking::smtp_proto::{Wait, client};
use smtp_blocking::{
    Client, ClientTls, Config, Connect, Delivery, Envelope, Error, ErrorKind, Extension, Hello,
    Report, SendError,
};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use support::large;
use support::peer::Peer;

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

/// Short beside any wait a test can afford, long beside what a busy machine takes for a step.
const SHORT: Duration = Duration::from_millis(300);

fn envelope() -> Envelope {
    Envelope::new("a@example.org", ["ann@example.com"]).expect("addresses")
}

/// Connects, sends a message and takes leave.
fn deliver(connect: Connect, addr: SocketAddr, message: &[u8]) -> (Report, bool) {
    let mut client = connect.connect(addr).expect("a connection");
    let secure = client.is_secure();
    if secure {
        let offers = client.capabilities();
        assert!(!offers.offers(Extension::StartTls), "it is offered once");
    }
    let report = client.send(envelope(), message).expect("a report");
    client.quit().expect("a goodbye");
    (report, secure)
}

fn refused(connect: Connect, addr: SocketAddr) -> Error {
    connect.connect(addr).expect_err("no connection")
}

/// Hears that a handshake failed, and that the connection is over by that.
fn fails(server: &Served, why: io::ErrorKind, fault: Fault) {
    assert_eq!(server.told(), Told::TlsFailed(why));
    assert_eq!(server.told(), Told::Closed(Closed::Fault(fault)));
}

/// How a test sets a connection up.
type How = fn(Connect, ClientTls) -> Connect;

/// A server that does this with the one client it has.
fn mock<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let serve = move || serve(listener.accept().expect("a client").0);
    (addr, thread::spawn(serve))
}

/// A server that says these lines, and hears one of the client's behind each.
fn scripted(replies: &'static [&'static str]) -> (SocketAddr, JoinHandle<String>) {
    mock(move |stream| {
        let mut peer = Peer::over(stream);
        let mut heard = String::new();
        for reply in replies {
            peer.write(format!("{reply}\r\n").as_bytes());
            heard += &peer.reply();
            heard.push('\n');
        }
        heard.trim_end().to_owned()
    })
}

#[test]
fn a_message_goes_under_tls_whichever_way_tls_comes_in() {
    let identity = Identity::new();
    let clear = Served::with(|_| {}, |server| server.starttls(identity.server()));
    let implicit = Served::with(|_| {}, |server| server.implicit_tls(identity.server()));
    let ways: [(_, How); 3] = [
        (&clear, Connect::starttls),
        (&clear, Connect::starttls_if_offered),
        (&implicit, Connect::implicit_tls),
    ];
    for (server, how) in ways {
        for message in [MESSAGE, &large()] {
            let connect = how(Client::builder(), identity.client());
            let (report, secure) = deliver(connect, server.addr, message);
            assert!(secure && report.is_accepted_by_all());
            assert_eq!(server.told(), Told::Message(message.to_vec()));
            assert_eq!(server.told(), Told::Closed(Closed::Quit));
        }
    }
}

#[test]
fn a_server_may_ask_for_tls_first() {
    let identity = Identity::new();
    let require = |config: &mut Config| config.require.tls = true;
    let server = Served::with(require, |server| server.starttls(identity.server()));
    let (report, _) = deliver(Client::builder(), server.addr, MESSAGE);
    let (_, reply) = report.recipients().next().expect("a recipient");
    assert!(reply.to_string().starts_with("530 5.7.0 "), "{reply}");
    let connect = Client::builder().starttls(identity.client());
    let (report, _) = deliver(connect, server.addr, MESSAGE);
    assert!(report.is_accepted_by_all());
}

#[test]
fn a_server_that_cannot_prove_itself_is_sent_nothing() {
    let (identity, stranger) = (Identity::new(), Identity::new());
    let clear = Served::with(|_| {}, |server| server.starttls(identity.server()));
    let implicit = Served::with(|_| {}, |server| server.implicit_tls(identity.server()));
    let elsewhere = ClientTls::new("mx.example.net", identity.trust()).expect("a name");
    for tls in [stranger.client(), elsewhere] {
        let ways: [(_, How); 3] = [
            (&clear, Connect::starttls),
            (&clear, Connect::starttls_if_offered),
            (&implicit, Connect::implicit_tls),
        ];
        for (server, how) in ways {
            let error = refused(how(Client::builder(), tls.clone()), server.addr);
            assert!(matches!(error.kind(), ErrorKind::Tls(_)), "{error}");
            assert!(error.to_string().contains("certificate"), "{error}");
            assert_eq!(error.delivery(), Delivery::Idle);
        }
    }
    for (server, times) in [(clear, 4), (implicit, 2)] {
        for _ in 0..times {
            fails(&server, io::ErrorKind::InvalidData, Fault::Handshake);
        }
        assert_eq!(server.stop()(), []);
    }
}

#[test]
fn a_certificate_is_replaced_without_a_restart() {
    let (old, new) = (Identity::new(), Identity::new());
    let tls = old.server();
    let server = Served::with(|_| {}, |server| server.starttls(tls.clone()));
    let connect = |identity: &Identity| Client::builder().starttls(identity.client());
    let mut open = connect(&old).connect(server.addr).expect("a connection");
    tls.replace(new.config());
    let report = open
        .send(envelope(), MESSAGE)
        .expect("it keeps what it has");
    assert!(report.is_accepted_by_all());
    let (report, _) = deliver(connect(&new), server.addr, MESSAGE);
    assert!(report.is_accepted_by_all());
    let error = refused(connect(&old), server.addr);
    assert!(matches!(error.kind(), ErrorKind::Tls(_)), "{error}");
}

#[test]
fn where_tls_is_not_to_be_had_it_is_an_error_only_where_it_must_be() {
    let tls = Identity::new().client();
    let not_offered: &[_] = &["220 mx", "250 mx", "221 bye"];
    let not_now: &[_] = &["220 mx", "250-mx\r\n250 STARTTLS", "454 not now", "221 bye"];
    for (replies, said) in [(not_offered, ""), (not_now, "STARTTLS\n")] {
        let (addr, heard) = scripted(replies);
        let connect = Client::builder()
            .hello(Hello::ehlo("client.example").expect("a name"))
            .starttls_if_offered(tls.clone());
        let client = connect.connect(addr).expect("a connection");
        assert!(!client.is_secure());
        client.quit().expect("a goodbye");
        let heard = heard.join().expect("it ends well");
        assert_eq!(heard, format!("EHLO client.example\n{said}QUIT"));
    }
    let (addr, _heard) = scripted(&not_offered[..2]);
    let error = refused(Client::builder().starttls(tls.clone()), addr);
    let missing = SendError::Missing(Extension::StartTls);
    assert!(
        matches!(error.kind(), ErrorKind::Send(why) if *why == missing),
        "{error}"
    );
    let (addr, _heard) = scripted(&not_now[..3]);
    let error = refused(Client::builder().starttls(tls), addr);
    assert_eq!(error.to_string(), "STARTTLS refused: 454 not now");
}

#[test]
fn what_stands_behind_starttls_is_never_obeyed() {
    let identity = Identity::new();
    let small = |config: &mut Config| config.limits.input = 4_096;
    let server = Served::with(small, |server| server.starttls(identity.server()));
    let mut peer = Peer::hello(server.addr);
    peer.write(b"STARTTLS\r\nRSET\r\n");
    assert_eq!(peer.rest(), "");
    assert_eq!(server.told(), Told::Closed(Closed::Fault(Fault::Glued)));
    // In the next segment it is read as the handshake, and isn't one.
    let mut peer = Peer::hello(server.addr);
    assert!(peer.ask("STARTTLS").starts_with("220 "));
    peer.write(b"MAIL FROM:<a@example.org>\r\n");
    assert!(!peer.rest().starts_with("250"));
    fails(&server, io::ErrorKind::InvalidData, Fault::Handshake);
    // So it is where the machine's room ends with the command.
    let mut peer = Peer::hello(server.addr);
    let noop = |octets: usize| format!("NOOP {}\r\n", "x".repeat(octets - 7));
    let before = noop(500).repeat(8) + &noop(86) + "STARTTLS\r\n";
    assert_eq!(before.len(), 4_096);
    peer.write((before + "MAIL FROM:<a@example.org>\r\n").as_bytes());
    let (replies, after) = (peer.rest(), "\n220 2.0.0 ");
    assert!(replies.contains(after), "{replies}");
    fails(&server, io::ErrorKind::InvalidData, Fault::Handshake);
}

#[test]
fn what_stands_behind_its_220_is_never_believed() {
    let (addr, heard) = mock(|stream| {
        let mut peer = Peer::over(stream);
        peer.write(b"220 mock\r\n");
        peer.reply();
        assert_eq!(peer.ask("250-mock\r\n250 STARTTLS"), "STARTTLS");
        peer.write(b"220 go\r\n250 2.0.0 injected\r\n");
        peer.rest()
    });
    let error = refused(Client::builder().starttls(Identity::new().client()), addr);
    assert!(
        matches!(error.kind(), ErrorKind::Protocol(client::Error::Glued)),
        "{error}"
    );
    assert_eq!(heard.join().expect("it ends well"), "");
}

/// How a record of a handshake begins.
const RECORD: &[u8] = b"\x16\x03\x01\x10\x00";

#[test]
fn a_handshake_is_not_waited_for_for_ever() {
    let identity = Identity::new();
    let hurry = |config: &mut Config| config.timeouts.handshake = SHORT;
    let server = Served::with(hurry, |server| server.starttls(identity.server()));
    for trickles in [false, true] {
        let mut peer = Peer::hello(server.addr);
        assert!(peer.ask("STARTTLS").starts_with("220 "));
        if trickles {
            peer.write(RECORD);
            assert_eq!(peer.trickle(b'x'), "");
        } else {
            assert_eq!(peer.rest(), "");
        }
        let timed_out = Fault::TimedOut(Wait::Handshake);
        fails(&server, io::ErrorKind::TimedOut, timed_out);
    }
    let server = Served::with(hurry, |server| server.implicit_tls(identity.server()));
    assert_eq!(Peer::connect(server.addr).rest(), "");
    let end = server.stop();
    let timed_out = Told::Closed(Closed::Fault(Fault::TimedOut(Wait::Handshake)));
    assert_eq!(end(), [Told::TlsFailed(io::ErrorKind::TimedOut), timed_out]);
}

#[test]
fn a_shutdown_does_not_wait_for_handshakes() {
    let identity = Identity::new();
    let down = || Told::Closed(Closed::Fault(Fault::Shutdown));
    let began = Instant::now();
    let server = Served::with(|_| {}, |server| server.starttls(identity.server()));
    let mut peer = Peer::hello(server.addr);
    assert!(peer.ask("STARTTLS").starts_with("220 "));
    assert_eq!(server.stop()(), [down()]);
    assert_eq!(peer.rest(), "");

    let server = Served::with(|_| {}, |server| server.implicit_tls(identity.server()));
    let mut peer = Peer::connect(server.addr);
    // Who comes behind it and is greeted shows that it was let in.
    let client = Client::builder()
        .implicit_tls(identity.client())
        .connect(server.addr);
    assert_eq!(server.stop()(), [down(), down()]);
    assert_eq!(peer.rest(), "");
    drop(client);
    // A handshake may take a minute.
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn nor_by_a_client() {
    let trickle = |mut peer: Peer| {
        peer.write(RECORD);
        while peer.try_write(b"x").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    };
    let hurry = || Client::builder().configure(|config| config.timeouts.handshake = SHORT);
    let (addr, _) = mock(move |stream| {
        let mut peer = Peer::over(stream);
        peer.write(b"220 mock\r\n");
        peer.reply();
        assert_eq!(peer.ask("250-mock\r\n250 STARTTLS"), "STARTTLS");
        peer.write(b"220 go\r\n");
        peer.read();
        trickle(peer);
    });
    let tls = Identity::new().client();
    let error = refused(hurry().starttls(tls.clone()), addr);
    let timed_out = client::Error::TimedOut(Wait::Handshake);
    assert!(
        matches!(error.kind(), ErrorKind::Protocol(why) if *why == timed_out),
        "{error}"
    );
    let (addr, _) = mock(move |stream| trickle(Peer::over(stream)));
    let error = refused(hurry().implicit_tls(tls), addr);
    assert!(
        matches!(error.kind(), ErrorKind::Tls(why) if why.kind() == io::ErrorKind::TimedOut),
        "{error}"
    );
}

/// A stream that gives out a few octets at a time, and takes in one half of them long before the other.
struct Halting(TcpStream, bool);

impl Read for Halting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let few = buffer.len().min(1_000);
        self.0.read(&mut buffer[..few])
    }
}

impl Write for Halting {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.1 ^= true;
        if self.1 {
            return self.0.write(&data[..data.len().div_ceil(2)]);
        }
        thread::sleep(SHORT);
        self.0.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Halted = BufReader<StreamOwned<ServerConnection, Halting>>;

fn line(server: &mut Halted) -> String {
    let mut line = String::new();
    server.read_line(&mut line).expect("text");
    line
}

fn say(server: &mut Halted, reply: &str) {
    write!(server.get_mut(), "{reply}\r\n").expect("the client is there");
}

/// A server under TLS from the first octet, as far as the 354.
fn as_far_as_data(identity: &Identity, stream: TcpStream) -> Halted {
    let tls = ServerConnection::new(Arc::new(identity.config())).expect("a server");
    let mut server = BufReader::new(StreamOwned::new(tls, Halting(stream, false)));
    say(&mut server, "220 mock");
    for reply in ["250 mock", "250 ok", "250 ok", "354 go"] {
        line(&mut server);
        say(&mut server, reply);
    }
    server
}

#[test]
fn a_message_gets_through_however_little_goes_at_a_time() {
    let identity = Identity::new();
    let connect = Client::builder().implicit_tls(identity.client());
    let (addr, served) = mock(move |stream| {
        let mut server = as_far_as_data(&identity, stream);
        let mut body = String::new();
        while !body.ends_with("\r\n.\r\n") {
            body += &line(&mut server);
        }
        say(&mut server, "250 kept");
        line(&mut server);
        say(&mut server, "221 bye");
        let rest = server.read(&mut [0]).expect("it takes leave of TLS too");
        assert_eq!(rest, 0);
        body
    });
    let message = b"line\r\n".repeat(200_000);
    let (report, _) = deliver(connect, addr, &message);
    assert!(report.is_accepted_by_all());
    let body = served.join().expect("it ends well");
    assert_eq!(body.len(), message.len() + 3);
}

#[test]
fn a_server_that_writes_while_it_does_not_read_does_not_block_the_client() {
    let identity = Identity::new();
    let connect = Client::builder().implicit_tls(identity.client());
    let (addr, served) = mock(move |stream| {
        let mut server = as_far_as_data(&identity, stream);
        say(&mut server, "552 too much");
        // It reads no more, and neither closes.
        server
    });
    let mut client = connect.connect(addr).expect("a connection");
    let report = client.send(envelope(), &large()[..]).expect("a report");
    let (_, reply) = report.end().expect("an end");
    assert_eq!(reply.code().value(), 552);
    drop(served.join());
}

/// One reply: they are short, so each comes in one piece.
fn hear(stream: &mut impl Read) {
    assert_ne!(stream.read(&mut [0; 1024]).expect("a reply"), 0);
}

/// A client by rustls alone, in the middle of a message.
fn amid_a_message(
    addr: SocketAddr,
    identity: &Identity,
) -> StreamOwned<ClientConnection, TcpStream> {
    let name = NAME.try_into().expect("a name");
    let tls = ClientConnection::new(Arc::new(identity.trust()), name).expect("a client");
    let mut stream = StreamOwned::new(tls, TcpStream::connect(addr).expect("it listens"));
    let commands = [
        "EHLO a",
        "MAIL FROM:<>",
        "RCPT TO:<ann@example.com>",
        "DATA",
    ];
    for command in commands {
        hear(&mut stream);
        write!(stream, "{command}\r\n").expect("the server is there");
    }
    hear(&mut stream);
    stream.write_all(MESSAGE).expect("the server is there");
    stream
}

#[test]
fn a_stream_that_is_cut_off_delivers_nothing() {
    let identity = Identity::new();
    let server = Served::with(|_| {}, |server| server.implicit_tls(identity.server()));
    // Cut by whoever is in between, or by the client without a dot.
    drop(amid_a_message(server.addr, &identity).sock);
    assert_eq!(server.told(), Told::Void(None));
    assert_eq!(server.told(), Told::Closed(Closed::EndOfInput));
    let mut stream = amid_a_message(server.addr, &identity);
    stream.conn.send_close_notify();
    stream.flush().expect("the server is there");
    assert_eq!(server.told(), Told::Void(Some(Fault::EndOfInput)));
    assert_eq!(server.told(), Told::Closed(Closed::EndOfInput));
    // And all of it is a message.
    let mut stream = amid_a_message(server.addr, &identity);
    stream.write_all(b".\r\n").expect("the server is there");
    assert_eq!(server.told(), Told::Message(MESSAGE.to_vec()));
}

#[test]
fn a_server_takes_leave_of_tls_too() {
    let identity = Identity::new();
    let server = Served::with(|_| {}, |server| server.implicit_tls(identity.server()));
    for quit in [true, false] {
        let mut stream = amid_a_message(server.addr, &identity);
        let last: &[u8] = if quit { b".\r\nQUIT\r\n" } else { b".\r\n" };
        stream.write_all(last).expect("the server is there");
        if !quit {
            stream.conn.send_close_notify();
            stream.flush().expect("the server is there");
        }
        let mut replies = String::new();
        stream.read_to_string(&mut replies).expect("a sound end");
        assert!(replies.starts_with("250 "), "{replies}");
        assert_eq!(replies.lines().count(), 1 + usize::from(quit));
    }
}
