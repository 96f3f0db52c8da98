//! A server in the hands of clients good and bad: what its handler sees, and what they are told.

#[path = "support/served.rs"]
mod served;
mod support;

use served::{Served, Told};
use smtp_tokio::Extension;
use smtp_tokio::smtp_proto::ContentFault;
use smtp_tokio::smtp_proto::server::{Closed, Fault};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::peer::Peer;
use support::{dotted, large};

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

fn message() -> Told {
    Told::Message(MESSAGE.to_vec())
}

#[test]
fn a_message_is_handed_on_whole_and_answered_in_the_handlers_words() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    assert_eq!(peer.send("ann", MESSAGE), "250 2.0.0 kept");
    assert_eq!(server.told(), message());
    assert_eq!(peer.send("ann", b""), "250 2.0.0 kept");
    assert_eq!(server.told(), Told::Message(Vec::new()));
    assert_eq!(peer.ask("QUIT"), "221 2.0.0 goodbye");
    assert_eq!(peer.rest(), "");
    assert_eq!(server.told(), Told::Closed(Closed::Quit));
}

/// RFC 5321 §4.3.1: "the client SHOULD wait for the greeting".
#[test]
fn who_does_not_wait_for_the_greeting_is_hung_up_on() {
    let pause = |server: smtp_tokio::Server| server.greet_after(Duration::from_millis(500));
    let server = Served::with(|_| {}, pause);
    let mut hasty = Peer::connect(server.addr);
    hasty.write(b"EHLO a\r\nMAIL FROM:<>\r\n");
    assert!(hasty.rest().starts_with("554 "));
    assert_eq!(server.told(), Told::Closed(Closed::Fault(Fault::EarlyTalk)));
    let mut patient = Peer::hello(server.addr);
    assert_eq!(patient.send("ann", MESSAGE), "250 2.0.0 kept");
    let lenient = |config: &mut smtp_tokio::Config| config.accept_early_talk = true;
    let server = Served::with(lenient, pause);
    let mut hasty = Peer::connect(server.addr);
    hasty.write(b"EHLO a\r\n");
    assert!(hasty.reply().starts_with("220 "));
    assert!(hasty.reply().starts_with("250-"));
}

#[test]
fn who_errs_too_often_waits_and_is_answered() {
    let slow = |config: &mut smtp_tokio::Config| {
        config.limits.soft_errors = Some(0);
        config.timeouts.penalty = Duration::from_millis(100);
    };
    let server = Served::start(slow);
    let mut peer = Peer::hello(server.addr);
    let began = Instant::now();
    peer.write(b"FOO\r\nFOO\r\nNOOP\r\n");
    for code in ["500 ", "500 ", "250 "] {
        assert!(peer.reply().starts_with(code));
    }
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_body_can_be_read_in_small_pieces() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    let message = dotted();
    let stuffed = String::from_utf8(message.clone()).expect("text");
    let stuffed = stuffed.replace("\r\n.", "\r\n..");
    assert_eq!(peer.send("frugal", stuffed.as_bytes()), "250 2.0.0 kept");
    assert_eq!(server.told(), Told::Message(message));
}

#[test]
fn a_handler_that_accepts_before_the_end_is_answered_451() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    assert!(peer.send("hasty", MESSAGE).starts_with("451 4.3.0 "));
    assert_eq!(peer.send("careless", MESSAGE), "250 2.0.0 kept");
    assert_eq!(server.told(), Told::Message(Vec::new()));
    assert!(peer.send("hasty", b"").starts_with("451 4.3.0 "));
    assert_eq!(peer.send("ann", MESSAGE), "250 2.0.0 kept");
}

#[test]
fn an_early_refusal_is_given_at_the_end_of_the_message() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    for (recipient, refusal) in [("full", "452 4.2.2 "), ("picky", "550 5.7.1 ")] {
        peer.begin(recipient);
        // Lines that would be commands if the rest weren't drained.
        peer.write(&b"MAIL FROM:<evil@example.org>\r\nQUIT\r\n..\r\n".repeat(20_000));
        peer.write(&[&large()[..], b".\r\n"].concat());
        let reply = peer.reply();
        assert!(reply.starts_with(refusal), "{reply}");
        assert_eq!(peer.send("ann", MESSAGE), "250 2.0.0 kept");
        assert_eq!(server.told(), message());
    }
    peer.begin("full");
    peer.write(b"a\nb\r\n.\r\n");
    assert!(
        peer.reply().starts_with("550 5.5.2 "),
        "what is void is refused for that"
    );
}

#[test]
fn a_void_message_is_an_error_and_never_accepted() {
    let server = Served::start(|config| config.limits.message = Some(100));
    let mut peer = Peer::hello(server.addr);
    let cases: [(&[u8], Fault, &str); 4] = [
        (
            b"one\ntwo\r\n",
            Fault::Content(ContentFault::BareLf),
            "550 5.5.2 ",
        ),
        (
            b"one\rtwo\r\n",
            Fault::Content(ContentFault::BareCr),
            "550 5.5.2 ",
        ),
        (
            b"one\0two\r\n",
            Fault::Content(ContentFault::Nul),
            "550 5.5.2 ",
        ),
        (&[b'x'; 101], Fault::MessageTooBig, "552 5.3.4 "),
    ];
    for (body, fault, refusal) in cases {
        let reply = peer.send("ann", &[body, b"\r\n"].concat());
        assert!(reply.starts_with(refusal), "{reply}");
        assert_eq!(server.told(), Told::Void(Some(fault)));
    }
    assert_eq!(peer.send("ann", MESSAGE), "250 2.0.0 kept");
    assert_eq!(server.told(), message());
}

#[test]
fn a_message_the_client_hangs_up_in_is_void() {
    let server = Served::start(|_| {});
    for sent in [
        "",
        "Subject: hello\r\n\r\nHel",
        "Hello.\r\n",
        "Hello.\r\n.",
        "Hello.\r\n.\r",
    ] {
        let mut peer = Peer::hello(server.addr);
        peer.begin("ann");
        peer.write(sent.as_bytes());
        peer.finish();
        assert_eq!(peer.rest(), "");
        assert_eq!(server.told(), Told::Void(Some(Fault::EndOfInput)));
        assert_eq!(server.told(), Told::Closed(Closed::EndOfInput));
    }
}

#[test]
fn what_came_before_the_end_of_the_stream_is_answered() {
    let server = Served::start(|_| {});
    let mut peer = Peer::connect(server.addr);
    peer.write(b"EHLO c\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<ann@example.com>\r\nDATA\r\n");
    peer.write(&[MESSAGE, b".\r\nNOOP\r\nMAIL FROM:<half"].concat());
    peer.finish();
    let said = peer.rest();
    assert!(
        said.ends_with("250 2.0.0 kept\r\n250 2.0.0 ok\r\n"),
        "{said}"
    );
    assert_eq!(server.told(), message());
    assert_eq!(server.told(), Told::Closed(Closed::EndOfInput));
}

#[test]
fn rset_and_a_new_hello_within_a_transaction_reset_the_handler() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    peer.ask("RSET");
    for reset in ["RSET", "EHLO again.example"] {
        peer.ask("MAIL FROM:<a@example.org>");
        peer.ask(reset);
        assert_eq!(server.told(), Told::Reset);
    }
    assert!(peer.ask("RCPT TO:<ann@example.com>").starts_with("503 "));
}

#[test]
fn a_panic_in_one_handler_harms_no_other_connection() {
    let server = Served::start(|_| {});
    let mut other = Peer::hello(server.addr);
    let mut peer = Peer::hello(server.addr);
    assert!(peer.ask("MAIL FROM:<a@example.org>").starts_with("250 "));
    assert!(
        peer.ask("RCPT TO:<panicky@example.com>")
            .starts_with("250 ")
    );
    let _ = peer.try_write(b"DATA\r\n");
    // It is asked for the message before the handler is; then there is nobody left.
    assert!(
        peer.try_reply()
            .is_ok_and(|reply| reply.starts_with("354 "))
    );
    assert!(peer.try_reply().map_or(true, |reply| reply.is_empty()));
    assert_eq!(other.send("ann", MESSAGE), "250 2.0.0 kept");
    assert_eq!(
        Peer::hello(server.addr).send("ann", MESSAGE),
        "250 2.0.0 kept"
    );
}

#[test]
fn the_replies_to_a_flight_come_in_one_write() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    for _ in 0..50 {
        peer.write(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<nobody@example.com>\r\nRCPT TO:<ann@example.com>\r\nDATA\r\n");
        let replies = peer.read();
        let codes: Vec<_> = replies.lines().map(|line| &line[..3]).collect();
        assert_eq!(codes, ["250", "550", "250", "354"]);
        peer.write(b".\r\n");
        assert_eq!(peer.reply(), "250 2.0.0 kept");
    }
}

#[test]
fn two_hundred_recipients_in_one_flight_are_answered_one_by_one() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    let rcpts = "RCPT TO:<nobody@example.com>\r\nRCPT TO:<ann@example.com>\r\n".repeat(100);
    peer.write(format!("MAIL FROM:<a@example.org>\r\n{rcpts}").as_bytes());
    assert!(peer.reply().starts_with("250 2.1.0 "));
    for _ in 0..100 {
        assert!(peer.reply().starts_with("550 5.1.1 "));
        assert!(peer.reply().starts_with("250 2.1.5 "));
    }
}

#[test]
fn vrfy_expn_and_help_say_what_the_handler_says() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    assert_eq!(peer.ask("VRFY ann"), "250 2.1.5 Ann <ann@example.com>");
    assert!(peer.ask("VRFY bob").starts_with("252 2.5.0 "));
    let staff = "250-2.1.5 <ann@example.com>\n250 2.1.5 <bob@example.com>";
    assert_eq!(peer.ask("EXPN staff"), staff);
    assert!(peer.ask("EXPN secret").starts_with("550 5.7.1 "));
    assert!(peer.ask("EXPN other").starts_with("252 2.5.0 "));
    assert!(peer.ask("HELP").starts_with("214 2.0.0 "));
    assert_eq!(peer.ask("HELP all").lines().count(), 100);
}

#[test]
fn every_line_stands_in_the_transcript_and_no_message() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let server = Served::with(
        |_| {},
        |server| {
            server.transcript(move |peer, entry| {
                assert!(peer.addr().is_some_and(|addr| addr.ip().is_loopback()));
                sink.lock().expect("a list").push(entry.to_string());
            })
        },
    );
    let mut peer = Peer::hello(server.addr);
    peer.send("ann", MESSAGE);
    peer.ask("NOOP \x1b[2J");
    peer.ask("QUIT");
    server.stop()();
    let lines = lines.lock().expect("a list");
    let from_mail = lines.iter().position(|line| line.starts_with("C: MAIL"));
    assert_eq!(
        lines[from_mail.expect("a MAIL")..],
        [
            "C: MAIL FROM:<a@example.org>",
            "S: 250 2.1.0 sender ok",
            "C: RCPT TO:<ann@example.com>",
            "S: 250 2.1.5 recipient ok",
            "C: DATA",
            "S: 354 end data with <CRLF>.<CRLF>",
            "C: (26 octets)",
            "S: 250 2.0.0 kept",
            "C: NOOP \\x1b[2J",
            "S: 501 5.5.4 control character in command",
            "C: QUIT",
            "S: 221 2.0.0 goodbye",
        ]
    );
}

#[test]
fn a_message_in_chunks_is_one_message_whatever_is_asked_between_them() {
    let server = Served::start(|config| config.offers.add(Extension::Chunking));
    let mut peer = Peer::hello(server.addr);
    let begin = |peer: &mut Peer| {
        assert!(peer.ask("MAIL FROM:<a@example.org>").starts_with("250 "));
        assert!(peer.ask("RCPT TO:<ann@example.com>").starts_with("250 "));
        peer.write(b"BDAT 7\r\nSubject");
        assert!(peer.reply().starts_with("250 "));
    };
    begin(&mut peer);
    assert_eq!(peer.ask("NOOP"), "250 2.0.0 ok");
    assert!(peer.ask("VRFY joe").starts_with("252 "));
    let rest = "BDAT 19 LAST\r\n: hello\r\n\r\nHello.\r";
    peer.write(rest.as_bytes());
    peer.write(b"\nQUIT\r\n");
    assert_eq!(peer.reply(), "250 2.0.0 kept");
    assert_eq!(server.told(), message());
    assert_eq!(peer.reply(), "221 2.0.0 goodbye");
    assert_eq!(server.told(), Told::Closed(Closed::Quit));

    for (last_word, fault) in [
        ("RSET", Some(Fault::Reset)),
        ("EHLO again", None),
        ("QUIT", Some(Fault::Reset)),
    ] {
        let mut peer = Peer::hello(server.addr);
        begin(&mut peer);
        peer.ask(last_word);
        assert_eq!(server.told(), Told::Void(fault), "{last_word}");
        drop(peer);
        assert!(matches!(server.told(), Told::Closed(_)));
    }
}
