//! A client that waits: for how long, in the test's own time, and for a server that says much
//! while it reads little.

#[path = "support/mock.rs"]
mod mock;
#[path = "support/queue.rs"]
mod queue;

use mock::{Mock, config, envelope, fates, greeted, sending};
use queue::full;
use smtp_tokio::smtp_proto::Wait;
use smtp_tokio::smtp_proto::client::{Config, Error as Fault};
use smtp_tokio::{Client, Delivery, Error, ErrorKind};
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, duplex};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\n.Hello.\r\n";

/// Longer than any wait there is.
const LONG: Duration = Duration::from_secs(3_600);

/// 1 MB in lines.
fn long() -> Vec<u8> {
    b"0123456789abcdef0123456789abcd\r\n".repeat(32 * 1024)
}

fn waited_for(error: &Error) -> Option<Wait> {
    match error.kind() {
        ErrorKind::Protocol(Fault::TimedOut(wait)) => Some(*wait),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_waited_for_as_long_as_the_rfc_has_it() {
    let (ours, _theirs) = duplex(4096);
    let began = Instant::now();
    let error = Client::handshake(ours, Arc::new(config()))
        .await
        .expect_err("nobody speaks");
    assert_eq!(waited_for(&error), Some(Wait::Greeting));
    assert_eq!(began.elapsed().as_secs(), 300);

    let script = [("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")];
    let waits = [
        (Wait::Mail, 300),
        (Wait::Rcpt, 300),
        (Wait::Data, 120),
        (Wait::Message, 600),
    ];
    for (stage, (wait, seconds)) in waits.into_iter().enumerate() {
        let (client, mut mock) = greeted("", 4096).await;
        let client = sending(client, MESSAGE);
        mock.talk(&script[..stage]).await;
        let began = Instant::now();
        let (sent, _) = client.await.expect("no panic");
        let error = sent.expect_err("nobody speaks");
        assert_eq!(waited_for(&error), Some(wait));
        assert_eq!(began.elapsed().as_secs(), seconds);
        let expected = match wait {
            Wait::Message => Delivery::Unknown,
            _ => Delivery::NotAccepted,
        };
        assert_eq!(error.delivery(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_trickles_in_gains_no_time() {
    let (ours, mut theirs) = duplex(4096);
    let began = Instant::now();
    let trickle = async {
        while theirs.write_all(b"2").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let error = tokio::select! {
        greeted = Client::handshake(ours, Arc::new(config())) => greeted.expect_err("no greeting"),
        () = trickle => unreachable!("the client is there"),
    };
    assert_eq!(waited_for(&error), Some(Wait::Greeting));
    assert_eq!(began.elapsed().as_secs(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_none_of_the_message_is_given_up() {
    let (client, mut mock) = greeted("", 4096).await;
    let content = std::io::Cursor::new(long());
    let client = sending(client, content);
    mock.talk(&[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")])
        .await;
    let began = Instant::now();
    let (sent, _) = client.await.expect("no panic");
    let error = sent.expect_err("nobody reads");
    assert_eq!(waited_for(&error), Some(Wait::Write));
    assert_eq!(error.delivery(), Delivery::NotAccepted);
    assert_eq!(began.elapsed().as_secs(), 180);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_16_kib_in_three_minutes_is_waited_for() {
    let (client, mut mock) = greeted("", 1024).await;
    let content = std::io::Cursor::new(long());
    let client = sending(client, content);
    mock.talk(&[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")])
        .await;
    let mut body = Vec::new();
    while !body.ends_with(b"\r\n.\r\n") {
        let mut octets = [0; 1024];
        let read = timeout(LONG, mock.0.read(&mut octets)).await;
        let read = read.expect("the client hasn't given up").expect("octets");
        body.extend_from_slice(&octets[..read]);
        sleep(Duration::from_secs(5)).await;
    }
    mock.say("250 kept").await;
    let (sent, _) = client.await.expect("no panic");
    assert!(sent.expect("a report").is_accepted_by_all());
    assert_eq!(body.len(), long().len() + b".\r\n".len());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_before_it_reads_on_does_not_block_the_client() {
    const RECIPIENTS: usize = 1_000;
    // Far less room than a flight or its replies take.
    let (mut client, mut mock) = greeted("PIPELINING", 64).await;
    let recipients = vec!["b@example.com"; RECIPIENTS];
    let server = async {
        mock.talk(&[("MAIL", "250 ok")]).await;
        for number in 0..RECIPIENTS {
            let reply = format!("250-{}\r\n250 {number}", "so much to say ".repeat(20));
            mock.talk(&[("RCPT", &reply)]).await;
        }
        mock.talk(&[("DATA", "354 go")]).await;
        assert_eq!(mock.body().await.len(), long().len() + b".\r\n".len());
        mock.say("250 kept").await;
    };
    let long = long();
    let client = client.send(envelope(&recipients), &long[..]);
    let both = timeout(LONG, async { tokio::join!(client, server) }).await;
    let (report, ()) = both.expect("neither waits for the other");
    let report = report.expect("a report");
    assert!(report.is_accepted_by_all());
    assert_eq!(report.rcpt_replies().count(), RECIPIENTS);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_within_the_message_and_reads_no_more_is_heard() {
    let (client, mut mock) = greeted("", 64).await;
    let client = sending(client, std::io::Cursor::new(long()));
    mock.talk(&[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")])
        .await;
    mock.hear("0123").await;
    mock.say("552 too much").await;
    let (sent, mut client) = client.await.expect("no panic");
    assert_eq!(
        fates(&sent.expect("a report")),
        ["<b@example.com> 552 too much"]
    );
    let again = client.send(envelope(&["b@example.com"]), MESSAGE).await;
    assert!(again.is_err(), "a message without its end is under way");
}

#[tokio::test]
async fn a_greeting_in_pieces_is_a_greeting() {
    let (ours, theirs) = duplex(1);
    let mut mock = Mock(BufReader::new(theirs));
    let server = async {
        mock.say("220-a\r\n220-b\r\n220 c").await;
        mock.talk(&[
            ("EHLO", "500 what"),
            ("HELO client.example\r\n", "250 mock"),
        ])
        .await;
    };
    let (client, ()) = tokio::join!(Client::handshake(ours, Arc::new(config())), server);
    assert!(client.is_ok());
}

#[tokio::test]
async fn an_address_that_lets_nobody_in_is_waited_for_as_long_as_is_said() {
    let hurry = |config: &mut Config| config.timeouts.connect = Duration::from_millis(300);
    let (full, _queue) = full();
    let refused = Client::connect(full).configure(hurry).await;
    let error = refused.expect_err("nobody is let in");
    assert!(
        matches!(error.kind(), ErrorKind::Io(why) if why.kind() == io::ErrorKind::TimedOut),
        "{error}"
    );
    assert_eq!(error.delivery(), Delivery::Idle);

    // And the next one is tried.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let open = listener.local_addr().expect("an address");
    let both: &[SocketAddr] = vec![full, open].leak();
    let client = tokio::spawn(Client::connect(both).configure(hurry).into_future());
    let (stream, _) = listener.accept().await.expect("a client");
    let mut mock = Mock(BufReader::new(stream));
    mock.say("220 mock").await;
    mock.talk(&[("EHLO [127.0.0.1]", "250 mock")]).await;
    client.await.expect("no panic").expect("a connection");
}
