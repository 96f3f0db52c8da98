//! Several messages on one connection: what becomes of each, whatever becomes of the connection.

#[path = "support/mock.rs"]
mod mock;
#[path = "support/served.rs"]
mod served;
mod support;

use mock::{Mock, envelope, fates};
use served::{Served, Told};
use smtp_tokio::smtp_proto::server::Closed;
use smtp_tokio::{Client, Delivery, Envelope, Error, ErrorKind, Hello, Report, SendError};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, BufReader, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\n.Hello.\r\n";

type Message = (Envelope, &'static [u8]);

fn messages(count: usize) -> impl Iterator<Item = Message> {
    (0..count).map(|_| (envelope(&["b@example.com"]), MESSAGE))
}

/// A client over a socket, greeted by a server that offers what these lines say.
async fn connected(offers: &str) -> (Client, Mock<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let hello = Hello::ehlo("client.example").expect("a name");
    let client = tokio::spawn(async move { Client::connect(addr).hello(hello.into_owned()).await });
    let (stream, _) = listener.accept().await.expect("a client");
    let mut mock = Mock(BufReader::new(stream));
    mock.say("220 mock").await;
    mock.talk(&[("EHLO", offers)]).await;
    let client = client.await.expect("no panic").expect("a connection");
    (client, mock)
}

/// Results as they are short to compare.
fn short(result: Option<Result<Report, Error>>) -> String {
    match result {
        None => "none".to_owned(),
        Some(Ok(report)) => fates(&report).join(", "),
        Some(Err(error)) => {
            let kind = match error.kind() {
                ErrorKind::Lost => "lost",
                ErrorKind::Content(_) => "content",
                ErrorKind::Send(_) => "send",
                _ => "first",
            };
            format!("{kind}: {:?}", error.delivery())
        }
    }
}

#[test]
fn every_message_has_its_result_in_order_and_is_delivered_in_order() {
    let server = Served::start(|config| config.limits.message = Some(100_000));
    let numbered = |number: usize| format!("Subject: {number}\r\n\r\nHello.\r\n").into_bytes();
    let contents: Vec<_> = (0..40).map(numbered).collect();
    let queue = contents.iter().enumerate().map(|(number, content)| {
        let size = if number % 10 == 7 { 1_000_000 } else { 0 };
        (envelope(&["ann@example.com"]).with_size(size), &content[..])
    });
    let send = async {
        let mut client = Client::connect(server.addr).await.expect("a connection");
        let mut sent = client.send_all(queue);
        for number in 0..40 {
            match sent.next().await.expect("a result") {
                Ok(report) => assert!(report.is_accepted_by_all() && number % 10 != 7),
                Err(error) => {
                    assert!(number % 10 == 7);
                    let too_big = SendError::TooBig { limit: 100_000 };
                    assert!(matches!(error.kind(), ErrorKind::Send(why) if *why == too_big));
                    assert_eq!(error.delivery(), Delivery::NotAccepted);
                }
            }
        }
        assert!(sent.next().await.is_none());
        client.quit().await.expect("a goodbye");
    };
    Runtime::new().expect("a runtime").block_on(send);
    for (number, content) in contents.into_iter().enumerate() {
        if number % 10 != 7 {
            assert_eq!(server.told(), Told::Message(content));
        }
    }
    assert_eq!(server.told(), Told::Closed(Closed::Quit));
}

/// The commands of a message that begins behind another.
const NEXT: [(&str, &str); 4] = [
    ("RSET", "250 ok"),
    ("MAIL", "250 ok"),
    ("RCPT", "250 ok"),
    ("DATA", "354 go"),
];

#[tokio::test]
async fn the_next_message_begins_before_the_last_is_answered() {
    let (mut client, mut mock) = connected("250-mock\r\n250 PIPELINING").await;
    let server = async {
        mock.talk(&NEXT[1..]).await;
        for reply in ["250 first", "554 second"] {
            mock.body().await;
            for (command, _) in NEXT {
                mock.hear(command).await;
            }
            mock.say(reply).await;
            for (_, reply) in NEXT {
                mock.say(reply).await;
            }
        }
        mock.body().await;
        mock.say("250 third").await;
    };
    let client = async {
        let mut sent = client.send_all(messages(3));
        for reply in ["250 first", "554 second", "250 third"] {
            let fate = format!("<b@example.com> {reply}");
            assert_eq!(short(sent.next().await), fate);
        }
        assert_eq!(short(sent.next().await), "none");
    };
    tokio::join!(server, client);
}

#[tokio::test]
async fn what_is_known_of_each_is_told_when_the_connection_is_lost() {
    let accepted = "<b@example.com> 250 kept";
    for (answered, expected) in [
        (0, ["first: Unknown", "lost: NotAccepted", "none"]),
        (1, [accepted, "first: NotAccepted", "none"]),
    ] {
        let (mut client, mut mock) = connected("250-mock\r\n250 PIPELINING").await;
        let server = async move {
            mock.talk(&NEXT[1..]).await;
            mock.body().await;
            for (command, _) in NEXT {
                mock.hear(command).await;
            }
            for _ in 0..answered {
                mock.say("250 kept").await;
            }
        };
        let mut queue = messages(3);
        let client = async {
            let mut sent = client.send_all(queue.by_ref());
            for result in expected {
                assert_eq!(short(sent.next().await), result, "{answered} answered");
            }
        };
        tokio::join!(server, client);
        assert_eq!(queue.count(), 1, "who wasn't begun is left");
    }
}

/// A server that takes messages by BDAT, answers the first of them, and hears the commands of the third.
async fn take_chunks(mock: &mut Mock<TcpStream>) {
    let mut chunk = vec![0; MESSAGE.len()];
    mock.talk(&NEXT[1..3]).await;
    for replies in [&["250 kept", "250 ok", "250 ok", "250 ok"][..], &[]] {
        mock.hear("BDAT").await;
        mock.0.read_exact(&mut chunk).await.expect("a message");
        for (command, _) in &NEXT[..3] {
            mock.hear(command).await;
        }
        for reply in replies {
            mock.say(reply).await;
        }
    }
}

#[tokio::test]
async fn of_several_that_are_wholly_on_their_way_nothing_is_known() {
    let (mut client, mut mock) = connected("250-mock\r\n250-PIPELINING\r\n250 CHUNKING").await;
    let server = async move {
        take_chunks(&mut mock).await;
        mock.hear("BDAT").await;
        let mut chunk = vec![0; MESSAGE.len()];
        mock.0.read_exact(&mut chunk).await.expect("a message");
    };
    let client = async {
        let mut sent = client.send_all(messages(3));
        for result in [
            "<b@example.com> 250 kept",
            "first: Unknown",
            "lost: Unknown",
            "none",
        ] {
            assert_eq!(short(sent.next().await), result);
        }
    };
    tokio::join!(server, client);
}

/// Content that can't be read.
struct Failing;

impl AsyncRead for Failing {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("the disk is gone")))
    }
}

#[tokio::test]
async fn one_that_cannot_be_read_has_its_own_error_and_those_before_it_theirs() {
    let (mut client, mut mock) = connected("250-mock\r\n250-PIPELINING\r\n250 CHUNKING").await;
    let server = async move { take_chunks(&mut mock).await };
    let contents: [Box<dyn AsyncRead + Unpin>; 4] = [
        Box::new(MESSAGE),
        Box::new(MESSAGE),
        Box::new(Failing),
        Box::new(MESSAGE),
    ];
    let mut queue = contents
        .map(|content| (envelope(&["b@example.com"]), content))
        .into_iter();
    let client = async {
        let mut sent = client.send_all(queue.by_ref());
        for result in [
            "<b@example.com> 250 kept",
            "first: Unknown",
            "content: NotAccepted",
            "none",
        ] {
            assert_eq!(short(sent.next().await), result);
        }
    };
    tokio::join!(server, client);
    assert_eq!(queue.len(), 1, "who wasn't begun is left");
}

#[tokio::test]
async fn a_connection_that_is_lost_in_between_is_told_of_by_the_next() {
    let (mut client, mut mock) = connected("250 mock").await;
    let server = async move {
        mock.talk(&NEXT[1..]).await;
        mock.body().await;
        mock.say("250 kept").await;
        mock.say("421 going down").await;
        mock.rest().await;
    };
    let client = async move {
        // Without PIPELINING the next waits for the reply, and is refused by what follows that.
        let mut sent = client.send_all(messages(3));
        for result in [
            "<b@example.com> 250 kept",
            "<b@example.com> 421 going down",
            "first: NotAccepted",
            "none",
        ] {
            assert_eq!(short(sent.next().await), result);
        }
    };
    tokio::join!(server, client);
}

#[tokio::test]
async fn a_wait_for_a_result_that_was_given_up_is_taken_up_again() {
    let (mut client, mut mock) = connected("250-mock\r\n250 PIPELINING").await;
    let mut sent = client.send_all(messages(2));
    let server = tokio::spawn(async move {
        mock.talk(&NEXT[1..]).await;
        mock.body().await;
        for (command, _) in NEXT {
            mock.hear(command).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        mock.say("250 first").await;
        for (_, reply) in NEXT {
            mock.say(reply).await;
        }
        assert_eq!(
            mock.body().await.as_bytes(),
            [b"Subject: hello\r\n\r\n.", &MESSAGE[18..], b".\r\n"].concat()
        );
        mock.say("250 second").await;
    });
    let mut results = Vec::new();
    while results.len() < 3 {
        if let Ok(result) = timeout(Duration::from_millis(10), sent.next()).await {
            results.push(short(result));
        }
    }
    let expected = [
        "<b@example.com> 250 first",
        "<b@example.com> 250 second",
        "none",
    ];
    assert_eq!(results, expected);
    server.await.expect("no panic");
}

#[tokio::test]
async fn a_queue_that_was_empty_is_asked_again_once_everything_is_answered() {
    let (mut client, mut mock) = connected("250-mock\r\n250 PIPELINING").await;
    let server = async move {
        for reply in ["250 first", "250 second"] {
            mock.talk(&NEXT[1..]).await;
            mock.body().await;
            mock.say(reply).await;
        }
        mock.rest().await;
    };
    let client = async move {
        let (sender, queue) = std::sync::mpsc::channel();
        let mut sent = client.send_all(queue.try_iter());
        for result in ["<b@example.com> 250 first", "<b@example.com> 250 second"] {
            sender.send(messages(1).next().expect("one")).expect("room");
            assert_eq!(short(sent.next().await), result);
        }
        assert_eq!(short(sent.next().await), "none");
    };
    tokio::join!(server, client);
}
