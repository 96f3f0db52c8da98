//! A client and the servers it meets: what is reported of each recipient.

#[path = "support/mock.rs"]
mod mock;

use mock::{Mock, config, envelope, fates, greeted, sending};
use smtp_tokio::smtp_proto::Command;
use smtp_tokio::smtp_proto::command::Argument;
use smtp_tokio::smtp_proto::extension::{Atrn, Etrn};
use smtp_tokio::{BodyType, Client, Delivery, Domain, ErrorKind, Extension, SendError, Stage};
use std::sync::Arc;
use tokio::io::{BufReader, duplex};

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\n.Hello.\r\n";

#[tokio::test]
async fn each_recipient_has_the_reply_that_decided_its_fate() {
    for extensions in ["", "PIPELINING ENHANCEDSTATUSCODES"] {
        let (mut client, mut mock) = greeted(extensions, 4096).await;
        let server = async {
            mock.talk(&[
                ("MAIL FROM:<a@example.org>\r\n", "250 2.1.0 ok"),
                ("RCPT TO:<b@example.com>\r\n", "250 2.1.5 ok"),
                ("RCPT TO:<c@example.com>\r\n", "550 5.1.1 no such mailbox"),
                ("RCPT TO:<d@example.com>\r\n", "251 2.1.5 forwarded"),
                ("DATA\r\n", "354 go"),
            ])
            .await;
            assert_eq!(mock.body().await, "Subject: hello\r\n\r\n..Hello.\r\n.\r\n");
            mock.say("250 2.0.0 kept").await;
            mock.talk(&[("QUIT\r\n", "221 bye")]).await;
            assert_eq!(mock.rest().await, b"");
        };
        let client = async {
            let to = envelope(&["b@example.com", "c@example.com", "d@example.com"]);
            let report = client.send(to, MESSAGE).await.expect("a report");
            client.quit().await.expect("a goodbye");
            report
        };
        let (report, ()) = tokio::join!(client, server);
        assert_eq!(
            fates(&report),
            [
                "<b@example.com> 250 2.0.0 kept",
                "<c@example.com> 550 5.1.1 no such mailbox",
                "<d@example.com> 250 2.0.0 kept",
            ]
        );
        assert!(report.is_accepted() && !report.is_accepted_by_all());
    }
}

#[tokio::test]
async fn a_refusal_at_any_stage_is_a_report_and_the_next_message_goes() {
    let (mut client, mut mock) = greeted("", 4096).await;
    let server = async {
        mock.talk(&[("MAIL", "450 later"), ("RSET", "250 ok")])
            .await;
        mock.talk(&[
            ("MAIL", "250 ok"),
            ("RCPT", "550 nobody"),
            ("RSET", "250 ok"),
        ])
        .await;
        let until_data = [("MAIL", "250 ok"), ("RCPT", "250 ok")];
        mock.talk(&until_data).await;
        mock.talk(&[("DATA", "451 not now"), ("RSET", "250 ok")])
            .await;
        mock.talk(&until_data).await;
        mock.talk(&[("DATA", "354 go")]).await;
        mock.body().await;
        mock.say("554 spam").await;
        mock.talk(&[("RSET", "250 ok")]).await;
        mock.talk(&until_data).await;
        mock.talk(&[("DATA", "354 go")]).await;
        mock.body().await;
        mock.say("250").await;
    };
    let client = async {
        for (stage, reply) in [
            (Stage::Mail, "450 later"),
            (Stage::Rcpt, "550 nobody"),
            (Stage::Data, "451 not now"),
            (Stage::Message, "554 spam"),
            (Stage::Message, "250"),
        ] {
            let report = client.send(envelope(&["b@example.com"]), MESSAGE).await;
            let report = report.expect("a report");
            let (at, end) = report.end().expect("an end");
            assert_eq!((at, end.to_string().as_str()), (stage, reply));
        }
    };
    tokio::join!(client, server);
}

#[tokio::test]
async fn a_421_refuses_what_is_under_way_and_ends_the_connection() {
    let (mut client, mut mock) = greeted("", 4096).await;
    let server = async move {
        mock.talk(&[("MAIL", "250 ok"), ("RCPT", "421 going down")])
            .await;
    };
    let (report, ()) = tokio::join!(client.send(envelope(&["b@example.com"]), MESSAGE), server);
    assert_eq!(
        fates(&report.expect("a report")),
        ["<b@example.com> 421 going down"]
    );
    let again = client.send(envelope(&["b@example.com"]), MESSAGE).await;
    let error = again.expect_err("it is closed");
    assert!(matches!(error.kind(), ErrorKind::Closed(Some(reply)) if reply.code().value() == 421));
    assert_eq!(error.delivery(), Delivery::NotAccepted);
}

#[tokio::test]
async fn a_connection_or_hello_that_is_refused_is_an_error() {
    for (greeting, hello, stage) in [
        ("554 no", None, Stage::Connect),
        ("421 not now", None, Stage::Connect),
        ("220 mock", Some("550 not you"), Stage::Hello),
    ] {
        let (ours, theirs) = duplex(4096);
        let mut mock = Mock(BufReader::new(theirs));
        let server = async move {
            mock.say(greeting).await;
            if let Some(hello) = hello {
                mock.talk(&[("EHLO", hello)]).await;
            }
        };
        let (client, ()) = tokio::join!(Client::handshake(ours, Arc::new(config())), server);
        let error = client.expect_err("it is refused");
        assert!(matches!(error.kind(), ErrorKind::Refused(at, _) if *at == stage));
        assert_eq!(error.delivery(), Delivery::Idle);
    }
}

#[tokio::test]
async fn without_8bitmime_only_ascii_goes_and_nothing_is_declared() {
    let (mut client, mut mock) = greeted("SIZE PIPELINING", 4096).await;
    let eight = envelope(&["b@example.com"]).with_body(BodyType::EightBitMime);
    let error = client
        .send(eight, MESSAGE)
        .await
        .expect_err("it is lacking");
    let missing = SendError::Missing(Extension::EightBitMime);
    assert!(matches!(error.kind(), ErrorKind::Send(found) if *found == missing));
    assert_eq!(error.delivery(), Delivery::NotAccepted);
    let client = sending(client, MESSAGE);
    assert_eq!(mock.hear("MAIL").await, "MAIL FROM:<a@example.org>\r\n");
    mock.say("250 ok").await;
    mock.talk(&[("RCPT", "250 ok"), ("DATA", "354 go")]).await;
    mock.body().await;
    mock.say("250 kept").await;
    let (sent, _) = client.await.expect("no panic");
    assert!(sent.expect("a report").is_accepted_by_all());
}

#[tokio::test]
async fn a_command_that_stands_by_itself_gets_its_reply_whatever_that_says() {
    let (mut client, mut mock) = greeted("ETRN", 4096).await;
    let server = async {
        mock.talk(&[
            ("VRFY ann\r\n", "252-perhaps\r\n252 or not"),
            ("NOOP\r\n", "250 ok"),
            ("ETRN example.org\r\n", "458 not now"),
            ("MAIL", "250 ok"),
            ("RCPT", "250 ok"),
            ("DATA", "354 go"),
        ])
        .await;
        mock.body().await;
        mock.say("250 kept").await;
        mock.talk(&[("NOOP\r\n", "250 ok"), ("QUIT\r\n", "221 bye")])
            .await;
    };
    let client = async {
        let host = Domain::try_from("example.org").expect("a name");
        let etrn = Etrn::host(&host).expect("it is a whole one");
        let who = Argument::try_from("ann").expect("a name");
        let mut codes = Vec::new();
        for command in [Command::Vrfy(who), Command::Noop, Command::Etrn(etrn)] {
            let reply = client.command(&command).await.expect("a reply");
            codes.push(reply.code().value());
        }
        assert_eq!(codes, [252, 250, 458]);
        // Those that don't are refused before anything is said, and so is what isn't offered.
        let atrn = Command::Atrn(Atrn::default());
        for (command, why) in [
            (Command::Rset, SendError::NotAlone),
            (Command::Data, SendError::NotAlone),
            (atrn, SendError::Missing(Extension::Atrn)),
        ] {
            let error = client.command(&command).await.expect_err("not this one");
            assert!(matches!(error.kind(), ErrorKind::Send(error) if *error == why));
        }
        let report = client.send(envelope(&["b@example.com"]), MESSAGE).await;
        assert!(report.expect("a report").is_accepted_by_all());
        let reply = client.command(&Command::Noop).await.expect("a reply");
        assert!(reply.is_positive());
        client.quit().await.expect("a goodbye");
    };
    tokio::join!(client, server);
}

#[tokio::test]
async fn a_message_in_memory_goes_as_one_that_is_read() {
    let message = ".0123456789\r\n".repeat(20_000);
    for in_memory in [true, false] {
        let (mut client, mut mock) = greeted("", 4096).await;
        let server = async {
            mock.talk(&[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")])
                .await;
            let stuffed = "..0123456789\r\n".repeat(20_000) + ".\r\n";
            assert!(mock.body().await == stuffed);
            mock.say("250 kept").await;
        };
        let to = envelope(&["b@example.com"]);
        let (report, ()) = if in_memory {
            tokio::join!(client.send_bytes(to, message.clone()), server)
        } else {
            tokio::join!(client.send(to, message.as_bytes()), server)
        };
        assert!(report.expect("a report").is_accepted());
    }
}

#[tokio::test]
async fn nothing_is_set_aside_for_all_that_may_wait_to_be_written() {
    let (ours, theirs) = duplex(4096);
    let mut mock = Mock(BufReader::new(theirs));
    let server = async {
        mock.say("220 mock").await;
        mock.talk(&[("EHLO", "250 mock"), ("MAIL", "250 ok"), ("RCPT", "250 ok")])
            .await;
        mock.talk(&[("DATA", "354 go")]).await;
        mock.body().await;
        mock.say("250 kept").await;
    };
    let client = async {
        let mut config = config();
        config.output = usize::MAX;
        let client = Client::handshake(ours, Arc::new(config)).await;
        let mut client = client.expect("a connection");
        client.send(envelope(&["b@example.com"]), MESSAGE).await
    };
    let (report, ()) = tokio::join!(client, server);
    assert!(report.expect("a report").is_accepted());
}
