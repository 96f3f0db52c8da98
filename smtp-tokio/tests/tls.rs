//! Under TLS: by STARTTLS and from the first octet, with peers that mean well and with others.

#[path = "support/identity.rs"]
mod identity;
#[path = "support/mock.rs"]
mod mock;
#[path = "support/served.rs"]
mod served;
mod support;

use identity::{Identity, NAME};
use mock::{Mock, config, envelope, fates};
use served::{Served, Told};
use smtp_tokio::rustls::{ClientConnection, StreamOwned};
use smtp_tokio::smtp_proto::server::{Closed, Fault};
use smtp_tokio::smtp_proto::{Wait, client};
use smtp_tokio::{
    Client, ClientTls, Connect, Delivery, Error, ErrorKind, Extension, Report, SendError,
};
use std::future::IntoFuture;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use support::peer::Peer;
use support::{PATIENCE, large};
use tokio::io::{BufReader, duplex};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

/// The server has a runtime of its own, so the client gets one too.
fn now<F: IntoFuture>(future: F) -> F::Output {
    Runtime::new()
        .expect("a runtime")
        .block_on(async { future.await })
}

type Connected = Result<Client, Error>;

/// Connects, sends a message and takes leave.
fn deliver(connect: impl IntoFuture<Output = Connected>, message: &[u8]) -> (Report, bool) {
    now(async {
        let mut client = connect.await.expect("a connection");
        let secure = client.is_secure();
        if secure {
            let offers = client.capabilities();
            assert!(!offers.offers(Extension::StartTls), "it is offered once");
        }
        let report = client.send(envelope(&["ann@example.com"]), message).await;
        client.quit().await.expect("a goodbye");
        (report.expect("a report"), secure)
    })
}

fn refused(connect: impl IntoFuture<Output = Connected>) -> Error {
    now(connect).expect_err("no connection")
}

/// How a test sets a connection up.
type How = fn(Connect, ClientTls) -> Connect;

/// A server that says these lines, and hears one of the client's behind each.
fn scripted(replies: &'static [&'static str]) -> (SocketAddr, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let heard = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let mut peer = Peer::over(stream);
        let mut heard = String::new();
        for reply in replies {
            peer.write(format!("{reply}\r\n").as_bytes());
            heard += &peer.reply();
            heard.push('\n');
        }
        heard.trim_end().to_owned()
    });
    (addr, heard)
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
            let connect = how(Client::connect(server.addr), identity.client());
            let (report, secure) = deliver(connect, message);
            assert!(secure && report.is_accepted_by_all());
            assert_eq!(server.told(), Told::Message(message.to_vec()));
            assert_eq!(server.told(), Told::Closed(Closed::Quit));
        }
    }
}

#[test]
fn a_server_may_ask_for_tls_first() {
    let identity = Identity::new();
    let require = |config: &mut smtp_tokio::Config| config.require.tls = true;
    let server = Served::with(require, |server| server.starttls(identity.server()));
    let (report, _) = deliver(Client::connect(server.addr), MESSAGE);
    assert!(fates(&report)[0].contains(" 530 5.7.0 "), "{report:?}");
    let connect = Client::connect(server.addr).starttls(identity.client());
    assert!(deliver(connect, MESSAGE).0.is_accepted_by_all());
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
            let error = refused(how(Client::connect(server.addr), tls.clone()));
            assert!(matches!(error.kind(), ErrorKind::Tls(_)), "{error}");
            assert!(error.to_string().contains("certificate"), "{error}");
            assert_eq!(error.delivery(), Delivery::Idle);
        }
    }
    for (server, times) in [(clear, 4), (implicit, 2)] {
        for _ in 0..times {
            assert_eq!(server.told(), Told::Closed(Closed::Fault(Fault::Handshake)));
        }
        assert_eq!(server.stop()(), []);
    }
}

#[test]
fn a_certificate_is_replaced_without_a_restart() {
    let (old, new) = (Identity::new(), Identity::new());
    let tls = old.server();
    let server = Served::with(|_| {}, |server| server.starttls(tls.clone()));
    let connect = |tls| Client::connect(server.addr).starttls(tls);
    now(async {
        let mut open = connect(old.client()).await.expect("a connection");
        tls.replace(new.config());
        let sent = open.send(envelope(&["ann@example.com"]), MESSAGE).await;
        assert!(
            sent.expect("a report").is_accepted_by_all(),
            "it keeps what it has"
        );
    });
    assert!(
        deliver(connect(new.client()), MESSAGE)
            .0
            .is_accepted_by_all()
    );
    assert!(matches!(
        refused(connect(old.client())).kind(),
        ErrorKind::Tls(_)
    ));
}

#[test]
fn where_tls_is_not_to_be_had_it_is_an_error_only_where_it_must_be() {
    let tls = Identity::new().client();
    let not_offered: &[_] = &["220 mx", "250 mx", "221 bye"];
    let not_now: &[_] = &["220 mx", "250-mx\r\n250 STARTTLS", "454 not now", "221 bye"];
    for (replies, said) in [(not_offered, ""), (not_now, "STARTTLS\n")] {
        let (addr, heard) = scripted(replies);
        let connect = Client::connect(addr).hello(config().hello);
        now(async {
            let client = connect.starttls_if_offered(tls.clone()).await;
            let client = client.expect("a connection");
            assert!(!client.is_secure());
            client.quit().await.expect("a goodbye");
        });
        let heard = heard.join().expect("it ends well");
        assert_eq!(heard, format!("EHLO client.example\n{said}QUIT"));
    }
    let (addr, _heard) = scripted(&not_offered[..2]);
    let error = refused(Client::connect(addr).starttls(tls.clone()));
    let missing = SendError::Missing(Extension::StartTls);
    assert!(
        matches!(error.kind(), ErrorKind::Send(why) if *why == missing),
        "{error}"
    );
    let (addr, _heard) = scripted(&not_now[..3]);
    let error = refused(Client::connect(addr).starttls(tls));
    assert_eq!(error.to_string(), "STARTTLS refused: 454 not now");
}

#[test]
fn what_stands_behind_starttls_is_never_obeyed() {
    let identity = Identity::new();
    let server = Served::with(|_| {}, |server| server.starttls(identity.server()));
    let mut peer = Peer::hello(server.addr);
    peer.write(b"STARTTLS\r\nRSET\r\n");
    assert_eq!(peer.rest(), "");
    assert_eq!(server.told(), Told::Closed(Closed::Fault(Fault::Glued)));
    // In the next segment it is read as the handshake, and isn't one.
    let mut peer = Peer::hello(server.addr);
    assert!(peer.ask("STARTTLS").starts_with("220 "));
    peer.write(b"MAIL FROM:<a@example.org>\r\n");
    let mut alert = Vec::new();
    let _ = peer.stream().read_to_end(&mut alert);
    assert!(!alert.starts_with(b"250"), "{alert:?}");
    assert_eq!(server.told(), Told::Closed(Closed::Fault(Fault::Handshake)));
}

#[tokio::test]
async fn what_stands_behind_its_220_is_never_believed() {
    let (ours, theirs) = duplex(4096);
    let mut mock = Mock(BufReader::new(theirs));
    let tls = Identity::new().client();
    let server = async {
        mock.say("220 mock").await;
        mock.talk(&[("EHLO", "250-mock\r\n250 STARTTLS")]).await;
        mock.talk(&[("STARTTLS", "220 go\r\n250 2.0.0 injected")])
            .await;
        mock.rest().await
    };
    let client = async { Client::handshake_starttls(ours, Arc::new(config()), tls).await };
    let (error, heard) = tokio::join!(client, server);
    let error = error.expect_err("no connection");
    assert!(
        matches!(error.kind(), ErrorKind::Protocol(client::Error::Glued)),
        "{error}"
    );
    assert_eq!(heard, b"");
}

#[test]
fn a_handshake_is_not_waited_for_for_ever() {
    let identity = Identity::new();
    let hurry = |config: &mut smtp_tokio::Config| {
        config.timeouts.handshake = Duration::from_millis(50);
    };
    let server = Served::with(hurry, |server| server.starttls(identity.server()));
    let mut peer = Peer::hello(server.addr);
    assert!(peer.ask("STARTTLS").starts_with("220 "));
    assert_eq!(peer.rest(), "");
    let timed_out = Closed::Fault(Fault::TimedOut(Wait::Handshake));
    assert_eq!(server.told(), Told::Closed(timed_out));
    let server = Served::with(hurry, |server| server.implicit_tls(identity.server()));
    assert_eq!(Peer::connect(server.addr).rest(), "");
    assert_eq!(server.stop()(), [Told::Closed(timed_out)]);
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
    let client = now(Client::connect(server.addr).implicit_tls(identity.client()));
    assert_eq!(server.stop()(), [down(), down()]);
    assert_eq!(peer.rest(), "");
    drop(client);
    // A handshake may take a minute.
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn nor_by_a_client() {
    let (ours, theirs) = duplex(4096);
    let mut mock = Mock(BufReader::new(theirs));
    let tls = Identity::new().client();
    let server = async {
        mock.say("220 mock").await;
        mock.talk(&[("EHLO", "250-mock\r\n250 STARTTLS"), ("STARTTLS", "220 go")])
            .await;
        mock.rest().await
    };
    let client = async { Client::handshake_starttls(ours, Arc::new(config()), tls).await };
    let (error, _) = tokio::join!(client, server);
    let error = error.expect_err("no connection");
    let timed_out = client::Error::TimedOut(Wait::Handshake);
    assert!(
        matches!(error.kind(), ErrorKind::Protocol(why) if *why == timed_out),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_gets_through_however_little_goes_at_a_time() {
    let identity = Identity::new();
    let acceptor = TlsAcceptor::from(Arc::new(identity.config()));
    // Over less than a few hundred octets tokio-rustls makes no handshake.
    for room in [4_000, 500] {
        let (ours, theirs) = duplex(room);
        let mut mock = Mock(BufReader::new(theirs));
        let server = async {
            mock.say("220 mock").await;
            mock.talk(&[("EHLO", "250-mock\r\n250 STARTTLS"), ("STARTTLS", "220 go")])
                .await;
            let secured = acceptor.accept(mock.0.into_inner()).await;
            let mut mock = Mock(BufReader::new(secured.expect("a handshake")));
            mock.talk(&[("EHLO", "250-mock\r\n250 PIPELINING")]).await;
            mock.talk(&[("MAIL", "250 ok")]).await;
            mock.talk(&[("RCPT", "250 ok")].repeat(2_000)).await;
            mock.talk(&[("DATA", "354 go")]).await;
            let body = mock.body().await;
            mock.say("250 kept").await;
            mock.talk(&[("QUIT", "221 bye")]).await;
            body
        };
        let message = b"line\r\n".repeat(10_000);
        let client = async {
            let config = Arc::new(config());
            let client = Client::handshake_starttls(ours, config, identity.client()).await;
            let mut client = client.expect("a connection");
            // What TLS holds back goes out while replies to the first of it come in.
            let sent = client.send(envelope(&["ann@example.com"].repeat(2_000)), &message[..]);
            assert!(sent.await.expect("a report").is_accepted_by_all());
            client.quit().await.expect("a goodbye");
        };
        let (body, ()) = tokio::join!(server, client);
        assert_eq!(body.len(), message.len() + 3);
    }
}

/// One reply: they are short, so each comes in one piece.
fn hear(stream: &mut impl Read) {
    assert_ne!(stream.read(&mut [0; 1024]).expect("a reply"), 0);
}

/// Who isn't read under TLS has a buffer more to say, which must not keep the connection open.
#[test]
fn a_client_that_does_not_read_is_left() {
    let identity = Identity::new();
    let hurry = |config: &mut smtp_tokio::Config| {
        config.timeouts.write = Duration::from_millis(50);
    };
    let server = Served::with(hurry, |server| server.implicit_tls(identity.server()));
    let name = NAME.try_into().expect("a name");
    let tls = ClientConnection::new(Arc::new(identity.trust()), name).expect("a client");
    let socket = TcpStream::connect(server.addr).expect("it listens");
    let mut stream = StreamOwned::new(tls, socket);
    hear(&mut stream);
    // It gets 45 KB for each of them, and is hung up on before it has said all.
    let _ = stream.write_all(&b"HELP all\r\n".repeat(500));
    let timed_out = Closed::Fault(Fault::TimedOut(Wait::Write));
    assert_eq!(server.told(), Told::Closed(timed_out));
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(server.stop()()));
    assert_eq!(told.recv_timeout(PATIENCE), Ok(Vec::new()));
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
    // And all of it is a message.
    let mut stream = amid_a_message(server.addr, &identity);
    stream.write_all(b".\r\n").expect("the server is there");
    while !matches!(server.told(), Told::Message(message) if message == MESSAGE) {}
}
