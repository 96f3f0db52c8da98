//! A server on threads, in the hands of clients good and bad.

#[path = "support/served.rs"]
mod served;
#[path = "../../smtp-tokio/tests/support/mod.rs"]
mod support;

use served::{Served, Told};
use smtp_blocking::smtp_proto::server::{Closed, Fault};
use smtp_blocking::smtp_proto::{ContentFault, Wait};
use smtp_blocking::{
    Accepted, Body, Client, Config, Dialect, Domain, Envelope, Extension, Handler, Hello, Rcpt,
    Refusal, Server,
};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};
use support::peer::Peer;

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

/// Short beside any wait a test can afford, long beside what a busy machine takes for a step.
const SHORT: Duration = Duration::from_millis(300);

#[test]
fn messages_are_handed_on_and_answered_as_the_handler_says() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    assert!(
        peer.send("hasty", MESSAGE).starts_with("451 4.3.0 "),
        "Ok before the end"
    );
    peer.begin("full");
    peer.write(&b"MAIL FROM:<evil@example.org>\r\nQUIT\r\n".repeat(20_000));
    assert!(
        peer.ask(".").starts_with("452 4.2.2 "),
        "a refusal before the end"
    );
    assert!(peer.send("ann", MESSAGE).starts_with("250 "));
    assert_eq!(server.told(), Told::Message(MESSAGE.to_vec()));
    peer.ask("MAIL FROM:<a@example.org>");
    peer.ask("RSET");
    assert_eq!(server.told(), Told::Reset);
    peer.ask("QUIT");
    assert_eq!(peer.rest(), "");
    assert_eq!(server.told(), Told::Closed(Closed::Quit));
}

#[test]
fn who_errs_too_often_waits_and_is_answered() {
    let server = Served::start(|config| {
        config.limits.soft_errors = Some(0);
        config.timeouts.penalty = SHORT;
    });
    let mut peer = Peer::hello(server.addr);
    let began = Instant::now();
    peer.write(b"FOO\r\nNOOP\r\n");
    for code in ["500 ", "250 "] {
        assert!(peer.reply().starts_with(code));
    }
    assert!(began.elapsed() >= SHORT);
}

/// RFC 5321 §4.3.1: "the client SHOULD wait for the greeting".
#[test]
fn who_does_not_wait_for_the_greeting_is_hung_up_on() {
    let pause = |server: Server| server.greet_after(SHORT);
    let server = Served::with(|_| {}, pause);
    let mut hasty = Peer::connect(server.addr);
    hasty.write(b"EHLO a\r\nMAIL FROM:<>\r\n");
    assert!(hasty.rest().starts_with("554 "));
    assert_eq!(server.told(), Told::Closed(Closed::Fault(Fault::EarlyTalk)));
    let mut patient = Peer::hello(server.addr);
    assert!(patient.send("ann", MESSAGE).starts_with("250 "));
}

#[test]
fn a_void_message_is_an_error_and_never_accepted() {
    let server = Served::start(|config| config.limits.message = Some(100));
    let mut peer = Peer::hello(server.addr);
    let refused = peer.send("ann", b"one\ntwo\r\n");
    assert!(refused.starts_with("550 5.5.2 "), "{refused}");
    let fault = Fault::Content(ContentFault::BareLf);
    assert_eq!(server.told(), Told::Void(Some(fault)));
    let refused = peer.send("ann", &b"0123456789\r\n".repeat(100_000));
    assert!(refused.starts_with("552 5.3.4 "), "{refused}");
    assert_eq!(server.told(), Told::Void(Some(Fault::MessageTooBig)));
    peer.begin("ann");
    peer.write(b"Hello.\r\n.\r");
    peer.finish();
    assert_eq!(peer.rest(), "");
    assert_eq!(server.told(), Told::Void(Some(Fault::EndOfInput)));
    assert_eq!(server.told(), Told::Closed(Closed::EndOfInput));
}

#[test]
fn what_trickles_in_gains_no_time() {
    let server = Served::start(|config| {
        config.timeouts.command = SHORT;
        config.timeouts.body = SHORT;
    });
    let mut peer = Peer::connect(server.addr);
    assert!(peer.reply().starts_with("220 "));
    assert!(peer.trickle(b'N').starts_with("421 4.4.2 "));
    let fault = Fault::TimedOut(Wait::Command);
    assert_eq!(server.told(), Told::Closed(Closed::Fault(fault)));

    let server = Served::start(|config| config.timeouts.body = SHORT);
    let mut peer = Peer::hello(server.addr);
    peer.begin("ann");
    assert!(peer.trickle(b'x').starts_with("421 4.4.2 "));
    assert_eq!(server.told(), Told::Void(Some(Fault::TimedOut(Wait::Body))));
}

#[test]
fn a_client_that_trickles_on_after_the_last_reply_is_hung_up_on() {
    let server = Served::start(|config| config.timeouts.command = SHORT);
    let mut peer = Peer::connect(server.addr);
    assert!(peer.reply().starts_with("220 "));
    assert!(peer.reply().starts_with("421 4.4.2 "));
    // It would never end if the server read for as long as something came.
    while peer.try_write(b"N").is_ok() {
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_last_reply_reaches_a_client_that_goes_on_talking() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    peer.write(&b"NOOP\r\n".repeat(20_000));
    let replies = peer.rest();
    assert!(replies.starts_with("250 2.0.0 ok\r\n"));
    let last = replies.lines().last().unwrap_or_default();
    assert!(last.starts_with("421 4.7.0 "), "{last}");
}

#[test]
fn the_connection_over_the_limit_is_told_421_and_a_panic_frees_its_place() {
    let server = Served::start(|_| {});
    let mut peers: Vec<_> = (0..4).map(|_| Peer::hello(server.addr)).collect();
    for _ in 0..20 {
        assert!(Peer::connect(server.addr).rest().starts_with("421 "));
    }
    let mut panicky = peers.pop().expect("four");
    panicky.ask("MAIL FROM:<a@example.org>");
    panicky.ask("RCPT TO:<panicky@example.com>");
    assert!(panicky.ask("DATA").starts_with("354 "));
    assert_eq!(panicky.rest(), "");
    for peer in &mut peers {
        assert!(peer.send("ann", MESSAGE).starts_with("250 "));
    }
    // Its thread is over a moment after the client has seen the end.
    while !Peer::connect(server.addr).reply().starts_with("220 ") {}
}

#[test]
fn a_shutdown_tells_clients_that_wait_and_finishes_transactions() {
    let server = Served::start(|_| {});
    let mut waiting = Peer::hello(server.addr);
    let mut sending = Peer::hello(server.addr);
    sending.begin("ann");
    let addr = server.addr;
    let end = server.stop();
    assert!(waiting.reply().starts_with("421 4.3.2 "));
    assert_eq!(waiting.rest(), "");
    sending.write(&[MESSAGE, b".\r\n"].concat());
    assert!(sending.reply().starts_with("250 "));
    assert!(sending.reply().starts_with("421 4.3.2 "));
    assert_eq!(sending.rest(), "");
    let told = end();
    assert!(told.contains(&Told::Message(MESSAGE.to_vec())));
    assert_eq!(
        told.len(),
        3,
        "who knocks to stop it is no client: {told:?}"
    );
    assert!(TcpStream::connect(addr).is_err(), "nobody new is let in");
}

#[test]
fn messages_in_chunks_and_by_lmtp_are_messages_like_any_other() {
    let server = Served::start(|config| {
        config.dialect = Dialect::Lmtp;
        config.offers.add(Extension::Chunking);
    });
    for chunking in [true, false] {
        let hello = Hello::lhlo("client.example").expect("a name");
        let connect = Client::builder()
            .hello(hello)
            .configure(move |config| config.chunking = chunking);
        let mut client = connect.connect(server.addr).expect("it is greeted");
        let to = ["ann@example.com", "bob@example.com"];
        let envelope = Envelope::new("a@example.org", to).expect("addresses");
        let report = client.send(envelope, MESSAGE).expect("it is sent");
        assert!(report.is_accepted_by_all());
        assert_eq!(server.told(), Told::Message(MESSAGE.to_vec()));
        client.quit().expect("it takes leave");
        assert_eq!(server.told(), Told::Closed(Closed::Quit));
    }
}

struct Nobody;

impl Handler for Nobody {
    fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Err(Refusal::relay_denied())
    }

    fn message(&mut self, _: Envelope, _: Body<'_>) -> Result<Accepted, Refusal> {
        Err(Refusal::policy())
    }
}

#[test]
fn a_panic_where_handlers_come_from_is_the_end_of_one_connection() {
    let config = Config::new(Domain::try_from("mx.example.com").expect("a name"));
    let server = Server::bind("127.0.0.1:0", config).expect("a port");
    let addr = server.local_addr().expect("it listens");
    let stopper = server.stopper().expect("it listens");
    let mut made = 0;
    let handler = move |_| {
        made += 1;
        assert_ne!(made, 1, "as the test wants it");
        Nobody
    };
    let end = thread::spawn(move || server.serve(handler));
    assert_eq!(Peer::connect(addr).rest(), "");
    assert!(Peer::connect(addr).reply().starts_with("220 "));
    stopper.stop();
    end.join().expect("no panic").expect("it serves");
}
