//! Waits as data (RFC 5321 §4.5.3.2): which one is running, when its time starts anew, and what
//! comes of it when it runs out.

mod common;

use std::time::Duration;

use common::{Action, Client, Server, Verdict, client_config, server_config, take};
use smtp_proto::bytes::Buf;
use smtp_proto::client::{self, Delivery};
use smtp_proto::server::{self, Event};
use smtp_proto::{Envelope, Extension, Refusal, Timeout, Wait};

fn accept(_: &str) -> Verdict {
    Verdict::Accept
}

fn greeted() -> Server<fn(&str) -> Verdict> {
    let mut server = Server::new(server_config(), accept as fn(&str) -> Verdict);
    assert!(server.run());
    server
}

/// A server that said 354.
fn receiving() -> Server<fn(&str) -> Verdict> {
    let mut server = greeted();
    assert!(server.feed(b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"));
    server.seen = common::Seen::default();
    server
}

/// Lets the wait of a server run out; what it then says and tells.
fn expire<P: FnMut(&str) -> Verdict>(server: &mut Server<P>) -> (String, Vec<String>) {
    server.seen = common::Seen::default();
    server.conn.handle_timeout(server.conn.timeout().unwrap());
    server.run();
    let output = String::from_utf8(server.seen.output.to_vec()).unwrap();
    (output, server.seen.told().map(str::to_string).collect())
}

#[test]
fn a_client_that_trickles_a_command_gains_no_time_and_one_that_finishes_it_does() {
    let mut server = greeted();
    let first = server.conn.timeout().unwrap();
    assert_eq!(
        (first.wait, first.after),
        (Wait::Command, Duration::from_secs(300))
    );
    for octet in b"NOOP\r" {
        assert!(server.feed(&[*octet]));
        assert_eq!(server.conn.timeout(), Some(first));
    }
    assert!(server.feed(b"\n"));
    let second = server.conn.timeout().unwrap();
    assert_eq!(second.wait, Wait::Command);
    assert_ne!(second.generation, first.generation);
    server.conn.handle_timeout(first);
    assert!(server.run(), "a stale generation is ignored");
    // A line without end is no more than a trickle, however long.
    assert!(server.feed(&vec![b'x'; 100_000]));
    assert_eq!(server.conn.timeout(), Some(second));
}

#[test]
fn a_client_that_errs_too_often_waits_for_its_answers() {
    let mut config = server_config();
    config.limits.soft_errors = Some(2);
    config.limits.errors = 4;
    let mut server = Server::new(config, accept as fn(&str) -> Verdict);
    assert!(server.run());
    assert!(server.feed(b"HELO a\r\nFOO\r\nFOO\r\n"));
    assert_eq!(server.conn.timeout().unwrap().wait, Wait::Command);
    let start = server.seen.output.len();
    // What comes behind the third error waits with its answer.
    assert!(server.feed(b"FOO\r\nNOOP\r\nFOO\r\nNOOP\r\n"));
    let wait = server.conn.timeout().unwrap();
    assert_eq!(
        (wait.wait, wait.after),
        (Wait::Penalty, Duration::from_secs(1))
    );
    assert_eq!(server.seen.output.len(), start);
    assert!(!server.conn.transmit().has_remaining());
    let (output, _) = expire(&mut server);
    assert_eq!(output, "500 5.5.2 command unrecognized\r\n");
    // It doesn't grow impatient by more of the same.
    let wait = server.conn.timeout().unwrap();
    assert!(server.feed(b"FOO\r\n"));
    assert_eq!(server.conn.timeout(), Some(wait));
    server.seen = common::Seen::default();
    server.conn.handle_timeout(wait);
    assert!(!server.run(), "and more than that is too much");
    let output = String::from_utf8_lossy(&server.seen.output);
    let replies: Vec<_> = output.lines().map(|line| &line[..4]).collect();
    assert_eq!(replies, ["250 ", "500 ", "250 ", "421 "]);
}

/// RFC 3030 §2: the next chunk of a message is a command as well.
#[test]
fn a_chunk_behind_too_many_errors_waits_with_their_answers() {
    let mut config = server_config();
    config.offers.add(Extension::Chunking);
    config.limits.soft_errors = Some(0);
    let mut server = Server::new(config, accept as fn(&str) -> Verdict);
    assert!(server.run());
    assert!(server.feed(b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2\r\nhi"));
    // Nobody knows where the next command begins behind such a one, so it is the last.
    assert!(server.feed(b"FOO\r\n"));
    assert!(server.feed(b"BDAT x\r\n"));
    assert_eq!(server.conn.timeout().unwrap().wait, Wait::Penalty);
    let (output, told) = expire(&mut server);
    let replies = "500 5.5.2 command unrecognized\r\n501 5.5.4 malformed chunk size\r\n";
    assert_eq!(output, replies);
    let expected = [
        "aborted: Syntax(ChunkSize)",
        "closed: Fault(Syntax(ChunkSize))",
    ];
    assert_eq!(told, expected);
}

#[test]
fn whoever_hangs_up_needs_no_answer() {
    let mut config = server_config();
    config.limits.soft_errors = Some(0);
    let mut server = Server::new(config, accept as fn(&str) -> Verdict);
    assert!(server.run());
    assert!(server.feed(b"FOO\r\n"));
    assert_eq!(server.conn.timeout().unwrap().wait, Wait::Penalty);
    server.conn.receive_eof();
    assert!(!server.run());
}

#[test]
fn a_client_silent_for_too_long_is_told_421_once() {
    let mut server = greeted();
    let expired = server.conn.timeout().unwrap();
    server.conn.handle_timeout(expired);
    // Before the next poll as well as after it.
    server.conn.handle_timeout(expired);
    assert!(!server.run());
    server.conn.handle_timeout(expired);
    assert!(!server.run());
    assert_eq!(
        &server.seen.output[..],
        b"220 mx.example.org ESMTP\r\n421 4.4.2 timed out\r\n"
    );
    assert_eq!(server.conn.timeout(), None);
}

#[test]
fn a_body_gains_time_by_the_block_of_16_kib() {
    let mut server = receiving();
    let first = server.conn.timeout().unwrap();
    assert_eq!(
        (first.wait, first.after),
        (Wait::Body, Duration::from_secs(300))
    );
    for _ in 0..16 {
        assert!(server.feed(&[b'x'; 1_000]));
        assert_eq!(server.conn.timeout(), Some(first));
    }
    assert!(server.feed(&[b'x'; 1_000]));
    let second = server.conn.timeout().unwrap();
    assert_eq!(second.wait, Wait::Body);
    assert_ne!(second.generation, first.generation);
    // So does one that is only drained, and its end starts the wait for a command.
    assert!(server.feed(b"\n"));
    assert!(server.feed(&[b'x'; 16 * 1024]));
    assert_ne!(server.conn.timeout(), Some(second));
    assert!(server.feed(b"\r\n.\r\n"));
    assert_eq!(server.conn.timeout().unwrap().wait, Wait::Command);
}

#[test]
fn a_body_that_stops_is_void_before_the_connection_is_closed() {
    let mut server = receiving();
    assert!(server.feed(b"half a mess"));
    let (output, told) = expire(&mut server);
    assert_eq!(output, "421 4.4.2 timed out\r\n");
    assert_eq!(
        told,
        ["aborted: TimedOut(Body)", "closed: Fault(TimedOut(Body))"]
    );
}

#[test]
fn a_void_body_that_stops_is_not_void_again() {
    let mut server = receiving();
    assert!(server.feed(b"half a\nmess"));
    let (output, told) = expire(&mut server);
    assert_eq!(output, "421 4.4.2 timed out\r\n");
    assert_eq!(told, ["closed: Fault(TimedOut(Body))"]);
}

#[test]
fn a_body_over_the_limit_is_void_before_the_connection_is_closed_though_nobody_polled_in_between() {
    let mut config = server_config();
    config.limits.message = Some(5);
    let mut server = Server::new(config, accept as fn(&str) -> Verdict);
    assert!(server.run());
    assert!(server.feed(b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"));
    server.conn.receive(b"1234567");
    assert!(matches!(server.conn.poll(), Event::Body(_)));
    let (_, told) = expire(&mut server);
    assert_eq!(
        told,
        ["aborted: TimedOut(Body)", "closed: Fault(TimedOut(Body))"]
    );
}

/// Polls until there is something to decide, and defers it.
fn defer_next(conn: &mut server::Connection) -> Timeout {
    loop {
        match conn.poll() {
            Event::Flush => take(
                conn.transmit(),
                usize::MAX,
                &mut smtp_proto::bytes::BytesMut::new(),
            ),
            Event::Body(_) | Event::Reset => {}
            event => {
                assert!(common::is_request(&event), "{event:?}");
                common::answer(event, Verdict::Defer);
                return conn.timeout().unwrap();
            }
        }
    }
}

#[test]
fn a_decision_put_off_for_too_long_is_451_and_the_session_goes_on() {
    for said in [
        &b"HELO a\r\n"[..],
        b"MAIL FROM:<a@b>\r\n",
        b"RCPT TO:<c@d>\r\n",
        b"DATA\r\n",
        b"hello\r\n.\r\n",
    ] {
        let mut server = greeted();
        let before: &[u8] = match said {
            b"HELO a\r\n" => b"",
            b"MAIL FROM:<a@b>\r\n" => b"HELO a\r\n",
            b"RCPT TO:<c@d>\r\n" => b"HELO a\r\nMAIL FROM:<a@b>\r\n",
            b"DATA\r\n" => b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n",
            _ => b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
        };
        assert!(server.feed(before));
        assert_eq!(server.conn.receive(said), said.len());
        let first = defer_next(&mut server.conn);
        assert_eq!(
            (first.wait, first.after),
            (Wait::Decision, Duration::from_secs(540))
        );
        // Offered again and put off again, it is the same decision; what comes meanwhile is held.
        assert_eq!(server.conn.receive(b"NOOP\r\n"), 6);
        assert_eq!(defer_next(&mut server.conn), first);
        let (output, told) = expire(&mut server);
        let refusal = if said.starts_with(b"HELO") {
            "451 local error, try again later"
        } else {
            "451 4.3.0 local error, try again later"
        };
        assert_eq!(output, format!("{refusal}\r\n250 2.0.0 ok\r\n"));
        assert_eq!(told, [] as [&str; 0]);
        assert_eq!(server.conn.timeout().unwrap().wait, Wait::Command);
    }
}

#[test]
fn the_next_decision_has_its_own_time() {
    let mut server = greeted();
    assert!(server.feed(b"HELO a\r\nMAIL FROM:<a@b>\r\n"));
    let mut seen = Vec::new();
    server.conn.receive(b"RCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n");
    for _ in 0..2 {
        seen.push(defer_next(&mut server.conn));
        let Event::Rcpt(request) = server.conn.poll() else {
            panic!()
        };
        request.accept();
        take(
            server.conn.transmit(),
            usize::MAX,
            &mut smtp_proto::bytes::BytesMut::new(),
        );
    }
    assert_eq!([seen[0].wait, seen[1].wait], [Wait::Decision; 2]);
    assert_ne!(seen[0].generation, seen[1].generation);
}

#[test]
fn once_a_decision_is_made_it_is_no_longer_waited_for() {
    for accepted in [true, false] {
        let mut server = greeted();
        let commands = b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";
        assert!(server.feed(commands));
        server.conn.receive(b"DATA\r\n");
        let Event::Data(request) = server.conn.poll() else {
            panic!()
        };
        request.defer();
        assert_eq!(server.conn.timeout().unwrap().wait, Wait::Decision);
        let Event::Data(request) = server.conn.poll() else {
            panic!()
        };
        if accepted {
            request.accept();
        } else {
            request.reject(Refusal::local_error());
        }
        // The reply may be written out before the next poll.
        assert_eq!(server.conn.timeout().unwrap().wait, Wait::Write);
    }
}

#[test]
fn a_client_that_reads_nothing_is_closed_with_nothing_more_said() {
    let mut server = greeted();
    assert_eq!(server.conn.receive(b"NOOP\r\n"), 6);
    assert!(matches!(server.conn.poll(), Event::Flush));
    let first = server.conn.timeout().unwrap();
    assert_eq!(
        (first.wait, first.after),
        (Wait::Write, Duration::from_secs(300))
    );
    // It takes a few octets, and that is no progress.
    server.conn.transmit().advance(4);
    assert!(matches!(server.conn.poll(), Event::Flush));
    assert_eq!(server.conn.timeout(), Some(first));
    let (output, told) = expire(&mut server);
    assert_eq!(
        (output.as_str(), &told[..]),
        ("", &["closed: Fault(TimedOut(Write))".into()][..])
    );
}

#[test]
fn a_client_that_reads_nothing_loses_the_message_it_sends() {
    let mut server = greeted();
    assert!(server.feed(b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"));
    server.conn.receive(b"DATA\r\nhalf a mess");
    loop {
        match server.conn.poll() {
            Event::Data(request) => request.accept(),
            Event::Body(_) => {}
            Event::Flush => break,
            other => panic!("{other:?}"),
        }
    }
    let (output, told) = expire(&mut server);
    assert_eq!(output, "");
    assert_eq!(
        told,
        ["aborted: TimedOut(Write)", "closed: Fault(TimedOut(Write))"]
    );
}

const SCRIPT: [(Wait, u64, &[u8]); 7] = [
    (Wait::Greeting, 300, b"220 mx\r\n"),
    (Wait::Hello, 300, b"250 mx\r\n"),
    (Wait::Mail, 300, b"250 ok\r\n"),
    (Wait::Rcpt, 300, b"250 ok\r\n"),
    (Wait::Data, 120, b"354 go\r\n"),
    (Wait::Message, 600, b"250 ok\r\n"),
    (Wait::Reply, 20, b"221 bye\r\n"),
];

/// A client that was answered so far, reply by reply.
fn answered(replies: &str) -> Client {
    let mut client = client();
    client.run();
    for reply in replies.split_inclusive('\n') {
        assert!(client.feed(reply.as_bytes()));
    }
    client
}

fn client() -> Client {
    let envelope = Envelope::new("a@b", ["c@d"]).unwrap();
    Client::new(
        client_config(),
        [Action::Send(envelope, b"hi".to_vec()), Action::Quit],
        1,
    )
}

#[test]
fn a_client_waits_for_each_reply_as_long_as_the_rfc_says_and_no_longer_for_a_trickle() {
    let mut client = client();
    client.run();
    let mut before = None;
    for (wait, seconds, reply) in SCRIPT {
        let timeout = client.conn.timeout().unwrap();
        assert_eq!(
            (timeout.wait, timeout.after),
            (wait, Duration::from_secs(seconds))
        );
        assert_ne!(before, Some(timeout.generation), "{wait:?}");
        before = Some(timeout.generation);
        for octet in &reply[..reply.len() - 1] {
            assert!(client.feed(&[*octet]));
            assert_eq!(client.conn.timeout(), Some(timeout));
        }
        client.feed(b"\n");
        client.conn.handle_timeout(timeout);
    }
    assert_eq!(
        client.events,
        ["recipient 0: 250 ok", "sent: 250 ok", "closed: Quit"]
    );
    assert_eq!(client.conn.timeout(), None);
}

#[test]
fn a_client_whose_wait_runs_out_says_nothing_more() {
    for stage in 0..SCRIPT.len() {
        let mut client = client();
        client.run();
        for (_, _, reply) in &SCRIPT[..stage] {
            assert!(client.feed(reply));
        }
        let timeout = client.conn.timeout().unwrap();
        client.conn.handle_timeout(timeout);
        let delivery = match SCRIPT[stage].0 {
            Wait::Greeting | Wait::Hello | Wait::Reply => Delivery::Idle,
            Wait::Message => Delivery::Unknown,
            _ => Delivery::NotAccepted,
        };
        assert_eq!(client.conn.delivery(), delivery, "{timeout:?}");
        for _ in 0..2 {
            let error = client.conn.poll().unwrap_err();
            assert_eq!(error, client::Error::TimedOut(SCRIPT[stage].0));
        }
        assert_eq!(client.conn.timeout(), None);
        assert!(!client.conn.transmit().has_remaining());
    }
}

#[test]
fn each_reply_of_a_flight_has_its_own_time() {
    let mut client = answered("220 mx\r\n250-mx\r\n250 PIPELINING\r\n");
    let mut seen = Vec::new();
    for reply in ["250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n"] {
        seen.push(client.conn.timeout().unwrap());
        assert!(client.feed(reply.as_bytes()));
    }
    let waits: Vec<_> = seen.iter().map(|timeout| timeout.wait).collect();
    assert_eq!(waits, [Wait::Mail, Wait::Rcpt, Wait::Data, Wait::Message]);
    assert!(seen.is_sorted_by(|a, b| a.generation < b.generation));
}

#[test]
fn nothing_runs_out_while_the_client_waits_for_its_own_message_or_has_nothing_to_do() {
    let mut client = answered("220 mx\r\n250 mx\r\n250 ok\r\n250 ok\r\n");
    client.actions.clear();
    client.conn.receive(b"354 go\r\n");
    assert!(matches!(client.conn.poll(), Ok(client::Event::Body(_))));
    assert_eq!(client.conn.timeout(), None);
    client.run();
    assert!(client.feed(b"250 ok\r\n"));
    assert!(matches!(client.conn.poll(), Ok(client::Event::Ready(_))));
    assert_eq!(client.conn.timeout(), None);
}

#[test]
fn a_server_that_reads_nothing_of_a_message_ends_the_connection() {
    let mut client = answered("220 mx\r\n250 mx\r\n250 ok\r\n250 ok\r\n");
    client.conn.receive(b"354 go\r\n");
    loop {
        match client.conn.poll().unwrap() {
            client::Event::Body(body) => body.send(vec![b'x'; 40_000]),
            client::Event::Flush => break,
            other => panic!("{other:?}"),
        }
    }
    let first = client.conn.timeout().unwrap();
    assert_eq!(
        (first.wait, first.after),
        (Wait::Write, Duration::from_secs(180))
    );
    client.conn.transmit().advance(1_000);
    assert!(client.conn.poll().is_ok());
    assert_eq!(client.conn.timeout(), Some(first));
    client.conn.transmit().advance(16_000);
    assert!(client.conn.poll().is_ok());
    let second = client.conn.timeout().unwrap();
    assert_ne!(second.generation, first.generation);
    client.conn.handle_timeout(second);
    assert_eq!(
        client.conn.poll().unwrap_err(),
        client::Error::TimedOut(Wait::Write)
    );
    assert_eq!(client.conn.delivery(), Delivery::NotAccepted);
}
