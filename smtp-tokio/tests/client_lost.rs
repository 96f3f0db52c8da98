//! A message that comes to no end: what is known of it, and that nobody takes it for a whole one.

#[path = "support/mock.rs"]
mod mock;

use mock::{Mock, Sent, envelope, fates, greeted, sending};
use smtp_tokio::smtp_proto::ContentFault;
use smtp_tokio::smtp_proto::client::Error as Fault;
use smtp_tokio::{Delivery, ErrorKind, Stage};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf, duplex, repeat};
use tokio::task::JoinHandle;
use tokio::time::sleep;

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\n.Hello.\r\n";

#[tokio::test]
async fn a_hang_up_says_whether_the_message_may_have_been_accepted() {
    let script = [("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")];
    for stage in 0..=script.len() {
        let (client, mut mock) = greeted("", 4096).await;
        let client = sending(client, MESSAGE);
        mock.talk(&script[..stage]).await;
        let expected = if let Some((command, _)) = script.get(stage) {
            mock.hear(command).await;
            Delivery::NotAccepted
        } else {
            mock.body().await;
            Delivery::Unknown
        };
        drop(mock);
        let (sent, mut client) = client.await.expect("no panic");
        let error = sent.expect_err("it hung up");
        assert_eq!(error.delivery(), expected, "at {stage}: {error}");
        let unknown = "(the message may have been accepted)";
        assert_eq!(
            error.to_string().contains(unknown),
            expected == Delivery::Unknown
        );
        assert!(
            client
                .send(envelope(&["b@example.com"]), MESSAGE)
                .await
                .is_err()
        );
    }
}

/// A client in the middle of a message whose rest `content` is yet to give.
async fn halfway() -> (JoinHandle<Sent>, Mock, DuplexStream) {
    let (client, mut mock) = greeted("", 4096).await;
    let (mut content, theirs) = duplex(4096);
    let client = sending(client, theirs);
    mock.talk(&[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")])
        .await;
    content.write_all(b"one\r\n").await.expect("room");
    // Until all there is to do has been done.
    sleep(Duration::from_secs(1)).await;
    (client, mock, content)
}

#[tokio::test(start_paused = true)]
async fn a_hang_up_within_the_message_means_that_it_was_not_accepted() {
    let (client, mock, mut content) = halfway().await;
    drop(mock);
    content.write_all(b"two\r\n").await.expect("room");
    drop(content);
    let (sent, _) = client.await.expect("no panic");
    assert_eq!(
        sent.expect_err("it hung up").delivery(),
        Delivery::NotAccepted
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_server_says_before_it_hangs_up_within_a_message_is_heard() {
    let (client, mut mock, mut content) = halfway().await;
    mock.say("421 going down").await;
    drop(mock);
    content.write_all(b"two\r\n").await.expect("room");
    drop(content);
    let (sent, _) = client.await.expect("no panic");
    let report = sent.expect("a report");
    assert_eq!(fates(&report), ["<b@example.com> 421 going down"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_came_first_is_reported_whatever_the_server_closes_with() {
    // There is room for all of the message, or for a part of its first chunk.
    for (last_words, room) in [
        (Some("421 too many errors"), 1 << 20),
        (Some("999"), 1 << 20),
        (None, 1 << 20),
        (Some("421 too many errors"), 4096),
        (None, 4096),
    ] {
        let (client, mut mock) = greeted("PIPELINING CHUNKING", room).await;
        let client = sending(client, repeat(b'x').take(200_000));
        mock.talk(&[("MAIL", "250 ok"), ("RCPT", "250 ok")]).await;
        // Until all is on its way that can be.
        sleep(Duration::from_secs(1)).await;
        mock.say("552 too much").await;
        mock.say("551 what").await;
        if let Some(last_words) = last_words {
            mock.say(last_words).await;
        }
        drop(mock);
        let (sent, _) = client.await.expect("no panic");
        let report = sent.expect("a report");
        assert_eq!(fates(&report), ["<b@example.com> 552 too much"]);
        assert!(matches!(report.end(), Some((Stage::Message, _))));
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_to_its_end_gets_no_final_dot() {
    let (client, mut mock) = greeted("", 4096).await;
    let broken = io::Error::other("the disk is gone");
    let content = MESSAGE.chain(Failing(Some(broken)));
    let client = sending(client, content);
    mock.talk(&[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")])
        .await;
    let (sent, client) = client.await.expect("no panic");
    let error = sent.expect_err("it can't be read");
    assert!(matches!(error.kind(), ErrorKind::Content(_)));
    assert_eq!(error.delivery(), Delivery::NotAccepted);
    assert!(client.quit().await.is_err());
    assert!(MESSAGE_AS_SENT.starts_with(&mock.rest().await));
}

/// [`MESSAGE`] on the wire, as far as its last line end, which would open the final dot's line.
const MESSAGE_AS_SENT: &[u8] = b"Subject: hello\r\n\r\n..Hello.\r\n";

/// Content that can't be read.
struct Failing(Option<io::Error>);

impl AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.take().map_or(Ok(()), Err))
    }
}

#[tokio::test]
async fn an_octet_that_cannot_be_sent_gets_no_final_dot() {
    let script = [("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")];
    for (content, fault) in [
        (&b"one\r\ntwo\rthree\r\n"[..], ContentFault::BareCr),
        (b"one\r\n\0\r\n", ContentFault::Nul),
        ("one\r\nzw\u{f6}lf\r\n".as_bytes(), ContentFault::EightBit),
    ] {
        let (client, mut mock) = greeted("", 4096).await;
        let client = sending(client, content);
        mock.talk(&script).await;
        let (sent, client) = client.await.expect("no panic");
        let error = sent.expect_err("it can't be sent");
        let expected = Fault::Content(fault);
        assert!(matches!(error.kind(), ErrorKind::Protocol(found) if *found == expected));
        assert_eq!(error.delivery(), Delivery::NotAccepted);
        drop(client);
        let sent = mock.rest().await;
        assert!(
            b"one\r\n".starts_with(&sent) || !sent.ends_with(b".\r\n"),
            "{sent:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_that_was_dropped_leaves_nothing_to_go_on_with() {
    let (mut client, mut mock) = greeted("", 4096).await;
    let (mut content, theirs) = duplex(4096);
    content.write_all(b"one\r\n").await.expect("room");
    let server = async {
        mock.talk(&[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")])
            .await;
        sleep(Duration::from_secs(1)).await;
    };
    tokio::select! {
        _ = client.send(envelope(&["b@example.com"]), theirs) => panic!("it has no end"),
        () = server => {}
    }
    let again = client.send(envelope(&["b@example.com"]), MESSAGE).await;
    let error = again.expect_err("half a message is under way");
    assert!(matches!(error.kind(), ErrorKind::Interrupted));
    assert_eq!(error.delivery(), Delivery::NotAccepted);
    let error = client
        .quit()
        .await
        .expect_err("half a message is under way");
    assert!(matches!(error.kind(), ErrorKind::Interrupted));
    // What there was has gone out, and no end of it.
    assert_eq!(mock.rest().await, b"one\r\n");
}
