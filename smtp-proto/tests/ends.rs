//! How sessions end: hung up on, shut down or given up, at every octet.

mod common;

use common::{
    Action, Client, Server, Verdict, answer, client_config, describe, server_config, take,
};
use smtp_proto::bytes::{Buf, BytesMut};
use smtp_proto::client::{self, Delivery};
use smtp_proto::server::{self, Event};
use smtp_proto::{ContentFault, Envelope, Extension};

const SESSION: [&[u8]; 2] = [
    b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\none\r\n..\r\n.\r\n",
    b"MAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\nNOOP\r\nQUIT\r\n",
];

fn server() -> Server<fn(&str) -> Verdict> {
    let mut server = Server::new(
        server_config(),
        (|_| Verdict::Accept) as fn(&str) -> Verdict,
    );
    assert!(server.run());
    server
}

#[test]
fn a_client_that_hangs_up_at_any_octet_has_delivered_what_it_ended_and_nothing_else() {
    let session = SESSION.concat();
    for end in 0..session.len() {
        let mut server = server();
        assert!(server.feed(&session[..end]));
        let in_body = server.conn.session().transaction().is_some_and(|_| {
            // Where DATA was answered and the dot wasn't.
            server
                .seen
                .output
                .ends_with(b"354 end data with <CRLF>.<CRLF>\r\n")
        });
        let (output, told) = (server.seen.output.clone(), server.seen.told().count());
        server.conn.receive_eof();
        assert!(!server.run());
        let told: Vec<_> = server.seen.told().skip(told).collect();
        let expected = ["aborted: EndOfInput", "closed: EndOfInput"];
        assert_eq!(told, expected[usize::from(!in_body)..], "at {end}");
        assert_eq!(server.seen.output, output, "at {end}");
        let ended = session[..end]
            .windows(5)
            .filter(|end| end == b"\r\n.\r\n")
            .count();
        assert_eq!(server.seen.messages().count(), ended, "at {end}");
        assert_eq!(server.conn.receive(b"NOOP\r\n"), 0);
    }
}

#[test]
fn a_client_that_hangs_up_behind_its_last_octet_is_still_served() {
    for end in [SESSION[0].len(), SESSION.concat().len() - b"QUIT\r\n".len()] {
        let mut server = server();
        assert_eq!(server.conn.receive(&SESSION.concat()[..end]), end);
        server.conn.receive_eof();
        assert!(!server.run());
        assert!(
            server
                .seen
                .output
                .ends_with(b"250 2.0.0 message accepted\r\n")
                || server.seen.output.ends_with(b"250 2.0.0 ok\r\n")
        );
        assert_eq!(server.seen.told().last(), Some("closed: EndOfInput"));
    }
}

#[test]
fn a_server_that_shuts_down_at_any_octet_finishes_the_open_transaction_and_says_421() {
    let session = SESSION.concat();
    let mut undisturbed = server();
    undisturbed.feed(&session);
    for at in 0..=session.len() - b"QUIT\r\n".len() {
        let mut server = server();
        assert!(server.feed(&session[..at]));
        let before = server.seen.messages().count();
        let open = server.conn.session().transaction().is_some();
        server.conn.shutdown();
        let going_on = server.run();
        assert_eq!(going_on, open, "at {at}");
        if going_on {
            assert!(!server.feed(&session[at..]), "at {at}");
        }
        assert_eq!(
            server.seen.told().last(),
            Some("closed: Fault(Shutdown)"),
            "at {at}"
        );
        let replies = server
            .seen
            .output
            .strip_suffix(b"421 4.3.2 service shutting down\r\n")
            .unwrap();
        assert!(undisturbed.seen.output.starts_with(replies), "at {at}");
        let by_rset = server.seen.told().any(|what| what == "reset") && before == 1;
        let finished = server.seen.messages().count() - before;
        assert!(finished == usize::from(open) || by_rset && open, "at {at}");
    }
}

#[test]
fn a_server_that_shuts_down_before_it_greets_says_421_in_place_of_the_greeting() {
    let mut server = Server::new(server_config(), |_: &str| Verdict::Accept);
    server.conn.shutdown();
    assert!(!server.run());
    assert_eq!(&server.seen.output[..], b"421 service shutting down\r\n");
}

/// RFC 3207 §4, RFC 2645 §5: behind their replies it isn't SMTP in clear that the client expects.
#[test]
fn a_server_that_shuts_down_says_nothing_to_who_waits_for_a_handshake_or_for_a_client() {
    for (verb, told) in [
        ("STARTTLS", "closed: Fault(Shutdown)"),
        ("ATRN", "closed: Turned"),
    ] {
        let mut server = server();
        let mut config = server_config();
        config.offers.add(Extension::StartTls);
        config.offers.add(Extension::Atrn);
        server.conn = server::Connection::new(config.into());
        server.run();
        server.feed(b"EHLO a\r\n");
        server.conn.receive(format!("{verb}\r\n").as_bytes());
        let request = server.conn.poll();
        assert_eq!(describe(&request), verb);
        answer(request, Verdict::Accept);
        server.conn.shutdown();
        server.seen = common::Seen::default();
        assert!(!server.run());
        assert_eq!(server.seen.told().last(), Some(told));
        let output = &server.seen.output[..];
        let lines = output.split_inclusive(|octet| *octet == b'\n').count();
        assert!(output.starts_with(b"2") && lines == 1);
        assert!(!server.conn.session().is_secure());
    }
}

/// A client cut off once it has written `octets`, and whether the server took its message by then.
/// It is `None` if the client had no more to write.
fn cut_off(pipelining: bool, octets: usize) -> Option<(client::Connection, bool)> {
    let mut config = client_config();
    config.pipelining = pipelining;
    let mut conn = client::Connection::new(config.into());
    let mut server = server();
    let (mut content, mut sent) = (&b"one\n."[..], false);
    let (mut written, mut replied) = (BytesMut::new(), 0);
    while written.len() < octets {
        match conn.poll().unwrap() {
            client::Event::NeedInput => replied += conn.receive(&server.seen.output[replied..]),
            client::Event::Flush => {
                let before = written.len();
                take(conn.transmit(), octets - before, &mut written);
                server.feed(&written[before..]);
            }
            client::Event::Ready(_) if sent => return None,
            client::Event::Ready(ready) => {
                ready.send(Envelope::new("a@b", ["c@d"]).unwrap()).unwrap();
                sent = true;
            }
            client::Event::Body(body) if content.is_empty() => body.finish(),
            client::Event::Body(body) => body.send(std::mem::take(&mut content)),
            _ => {}
        }
    }
    Some((conn, server.seen.messages().count() == 1))
}

#[test]
fn a_message_is_not_accepted_for_certain_until_the_first_octet_of_its_end_has_left() {
    for pipelining in [true, false] {
        let cuts = (0..).map_while(|octets| cut_off(pipelining, octets));
        let known: Vec<_> = cuts
            .map(|(mut conn, accepted)| {
                conn.receive_eof();
                while conn.poll().is_ok() {}
                assert!(!conn.transmit().has_remaining());
                (conn.delivery(), accepted)
            })
            .collect();
        let end = known
            .iter()
            .position(|(delivery, _)| *delivery == Delivery::Unknown)
            .unwrap();
        // CRLF . CRLF: the end of the last line belongs to it.
        assert_eq!(known.len() - end, 5);
        assert!(known[..end].iter().all(|(_, accepted)| !accepted));
        assert!(
            known[end..]
                .iter()
                .all(|(delivery, _)| *delivery == Delivery::Unknown)
        );
        assert!(known.last().unwrap().1);
    }
}

#[test]
fn a_message_given_up_is_never_ended() {
    for fault in [None, Some(ContentFault::Nul)] {
        let envelope = Envelope::new("a@b", ["c@d"]).unwrap();
        let mut client = Client::new(client_config(), [Action::Send(envelope, Vec::new())], 1);
        client.run();
        for reply in ["220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n"] {
            assert!(client.feed(reply.as_bytes()));
        }
        let written = client.output.len();
        client.conn.receive(b"354 go\r\n");
        let Ok(client::Event::Body(body)) = client.conn.poll() else {
            panic!()
        };
        body.send(&b"half a mess"[..]);
        let Ok(client::Event::Body(body)) = client.conn.poll() else {
            panic!()
        };
        let expected = match fault {
            None => {
                body.abort();
                client::Error::Aborted
            }
            Some(fault) => {
                body.send(&b"age\0\r\n"[..]);
                client::Error::Content(fault)
            }
        };
        for _ in 0..2 {
            assert_eq!(client.conn.poll().unwrap_err(), expected);
        }
        assert_eq!(client.output.len(), written);
        assert!(!client.conn.transmit().has_remaining());
        assert_eq!(client.conn.delivery(), Delivery::NotAccepted);
    }
}

#[test]
fn a_server_may_give_up_on_a_message_while_it_is_written() {
    for (reply, refused, end) in [
        (
            "452 full\r\n",
            true,
            "error: UnexpectedReply(Reply(452 full))",
        ),
        ("421 bye\r\n", true, "closed: Server(Reply(421 bye))"),
        ("250 ok\r\n", false, "error: UnexpectedReply(Reply(250 ok))"),
    ] {
        let envelope = Envelope::new("a@b", ["c@d"]).unwrap();
        let mut client = Client::new(client_config(), [Action::Send(envelope, Vec::new())], 1);
        client.run();
        for reply in ["220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n"] {
            assert!(client.feed(reply.as_bytes()));
        }
        let written = client.output.len();
        client.conn.receive(b"354 go\r\n");
        let Ok(client::Event::Body(body)) = client.conn.poll() else {
            panic!()
        };
        body.send(&b"half a mess"[..]);
        assert!(!client.feed(reply.as_bytes()));
        let mut expected = vec!["recipient 0: 250 ok".to_string()];
        if refused {
            expected.push(format!("refused at Message: {}", reply.trim_end()));
        }
        expected.push(end.into());
        assert_eq!(client.events, expected);
        assert_eq!(client.output.len(), written);
    }
}

#[test]
fn a_message_put_off_is_decided_on_though_the_client_has_hung_up() {
    let mut server = server();
    server.conn.receive(SESSION[0]);
    server.conn.receive_eof();
    loop {
        match server.conn.poll() {
            Event::Flush => take(server.conn.transmit(), usize::MAX, &mut server.seen.output),
            Event::Message(request) => break request.defer(),
            Event::Body(_) => {}
            event => common::answer(event, Verdict::Accept),
        }
    }
    assert!(!server.run());
    assert_eq!(server.seen.messages().count(), 1);
    assert!(
        server
            .seen
            .output
            .ends_with(b"250 2.0.0 message accepted\r\n")
    );
}

#[test]
fn a_reply_to_what_was_never_sent_is_one_too_many() {
    for answers in [
        &b"220 mx\r\n250 mx\r\n"[..],
        b"220 mx\r\n250-mx\r\n250 PIPELINING\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n",
    ] {
        let mut client = client::Connection::new(client_config().into());
        assert_eq!(client.receive(answers), answers.len());
        let error = client.poll().expect_err("EHLO is still to be written");
        assert!(
            matches!(&error, client::Error::UnexpectedReply(reply) if reply.code().value() == 250)
        );
        assert_eq!(client.transmit().remaining(), 0);
    }
}

#[test]
fn a_server_may_give_up_on_a_message_whose_end_is_still_to_be_written() {
    let mut client = client::Connection::new(client_config().into());
    let mut envelope = Some(Envelope::new("a@b", ["c@d"]).expect("addresses"));
    let reply = |client: &mut client::Connection, octets: &[u8]| {
        assert_eq!(client.receive(octets), octets.len());
    };
    reply(&mut client, b"220 mx\r\n");
    let replies = ["250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"];
    let mut replies = replies.map(str::as_bytes).into_iter();
    loop {
        match client.poll().expect("a sound session") {
            client::Event::Ready(ready) => {
                let envelope = envelope.take().expect("one message");
                ready.send(envelope).expect("it can be sent");
            }
            client::Event::Flush => {
                let octets = client.transmit().remaining();
                client.transmit().advance(octets);
            }
            client::Event::NeedInput => reply(&mut client, replies.next().expect("a reply")),
            client::Event::Body(body) => {
                body.finish();
                break;
            }
            _ => {}
        }
    }
    reply(&mut client, b"552 too big\r\n");
    assert!(matches!(
        client.poll(),
        Ok(client::Event::Refused { at: client::Stage::Message, reply }) if reply.code().value() == 552
    ));
    assert!(matches!(
        client.poll(),
        Err(client::Error::UnexpectedReply(_))
    ));
}

#[test]
fn starttls_put_off_and_then_followed_by_input_closes_the_connection() {
    let mut config = server_config();
    config.offers.add(smtp_proto::Extension::StartTls);
    let mut conn = smtp_proto::server::Connection::new(config.into());
    let mut pump = |input: &[u8]| {
        conn.receive(input);
        loop {
            match conn.poll() {
                Event::Flush => take(conn.transmit(), usize::MAX, &mut BytesMut::new()),
                Event::StartTls(request) => {
                    request.defer();
                    return "put off";
                }
                Event::NeedInput => return "waits",
                Event::Closed(_) => return "closed",
                other => other.answer_by_default(),
            }
        }
    };
    assert_eq!(pump(b""), "waits");
    assert_eq!(pump(b"EHLO a\r\nSTARTTLS\r\n"), "put off");
    assert_eq!(pump(b""), "put off");
    assert_eq!(pump(b"EXPN"), "closed");
    assert_eq!(pump(b"NOOP\r\n"), "closed");
}
