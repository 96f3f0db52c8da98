//! What a client may make a server hold, whatever it sends: bounded by the settings and by nothing
//! the client says.

mod common;

use common::{Action, Client, Server, Verdict, answer, client_config, server_config, take};
use smtp_proto::Envelope;
use smtp_proto::bytes::{Buf, BufMut, BytesMut};
use smtp_proto::server::{Connection, Event};

#[test]
fn a_flood_of_commands_fills_no_memory_though_it_is_flushed_only_when_told() {
    let mut config = server_config();
    config.limits.junk_commands = u32::MAX;
    let (limit, most_input) = (config.limits.output, config.limits.input + 1);
    let mut conn = Connection::new(config.into());
    let flood = b"NOOP\r\n".repeat(200_000);
    let (mut rest, mut replies) = (&flood[..], 0);
    let mut output = BytesMut::new();
    loop {
        match conn.poll() {
            Event::NeedInput if rest.is_empty() => break,
            Event::NeedInput => {
                let taken = conn.receive(rest);
                assert!(taken > 0 && taken <= most_input);
                rest = &rest[taken..];
            }
            Event::Flush => {
                assert!(conn.transmit().remaining() < limit + 512);
                take(conn.transmit(), usize::MAX, &mut output);
                replies += output
                    .split()
                    .windows(2)
                    .filter(|end| end == b"\r\n")
                    .count();
            }
            event => answer(event, Verdict::Accept),
        }
    }
    assert_eq!(replies, 200_001);
}

#[test]
fn a_client_that_never_reads_has_its_output_bounded_and_its_input_left_alone() {
    let mut config = server_config();
    config.limits.junk_commands = u32::MAX;
    let (limit, most_input) = (config.limits.output + 512, config.limits.input + 1);
    let mut conn = Connection::new(config.into());
    let mut taken = 0;
    for _ in 0..1_000 {
        match conn.poll() {
            Event::NeedInput | Event::Flush => taken += conn.receive(&b"HELP\r\n".repeat(1_000)),
            event => answer(event, Verdict::Accept),
        }
        assert!(conn.transmit().remaining() <= limit);
    }
    assert!(taken < limit + most_input);
}

#[test]
fn no_more_than_the_limit_is_held_while_a_decision_is_open() {
    let mut config = server_config();
    config.limits.errors = u32::MAX;
    let mut server = Server::new(config, |_: &str| Verdict::Accept);
    server.run();
    server.feed(b"HELO a\r\n");
    let mut taken = 0;
    for _ in 0..1_000 {
        taken += server.conn.receive(&b"MAIL FROM:<a@b>\r\n".repeat(100));
        match server.conn.poll() {
            Event::Mail(request) => request.defer(),
            other => panic!("{other:?}"),
        }
    }
    assert!((65_536..=65_537).contains(&taken), "{taken}");
    assert!(server.run());
    assert_eq!(server.seen.replies(), 2 + taken / 17);
}

#[test]
fn a_line_without_end_is_not_kept() {
    let mut server = Server::new(server_config(), |_: &str| Verdict::Accept);
    server.run();
    for _ in 0..1_000 {
        assert!(server.feed(&[b'x'; 10_000]));
    }
    assert!(server.feed(b"\r\nNOOP\r\n"));
    let expected = b"220 mx.example.org ESMTP\r\n500 5.5.2 line too long\r\n250 2.0.0 ok\r\n";
    assert_eq!(&server.seen.output[..], expected);
}

#[test]
fn a_mark_of_nothing_flushes_every_reply_and_stops_nobody() {
    let mut config = server_config();
    config.limits.output = 0;
    let mut server = Server::new(config, |_: &str| Verdict::Accept);
    assert!(server.run());
    assert!(server.feed(b"NOOP\r\nNOOP\r\n"));
    assert_eq!(server.seen.replies(), 3);

    let mut config = client_config();
    config.output = 0;
    let envelope = Envelope::new("a@b", ["c@d"]).unwrap();
    let mut client = Client::new(config, [Action::Send(envelope, b"hello".to_vec())], 1);
    client.run();
    for reply in [
        "220 mx\r\n",
        "250-mx\r\n250 PIPELINING\r\n",
        "250 ok\r\n",
        "250 ok\r\n",
        "354 go\r\n",
        "250 ok\r\n",
    ] {
        assert!(client.feed(reply.as_bytes()));
    }
    assert_eq!(client.events, ["recipient 0: 250 ok", "sent: 250 ok"]);
}

#[test]
fn the_buffer_to_read_into_has_as_much_room_as_the_limit_leaves() {
    let mut config = server_config();
    config.limits.input = 3_000;
    let mut conn = Connection::new(config.into());
    let mut held = 0;
    loop {
        let mut buffer = conn.receive_buf();
        let room = buffer.remaining_mut();
        assert_eq!(room, 3_000 - held);
        if room == 0 {
            break;
        }
        let octets = room.min(700);
        buffer.put_bytes(b'x', octets);
        held += octets;
    }
    assert_eq!(conn.receive(b"x"), 0);
    conn.receive_eof();
    assert_eq!(conn.receive_buf().remaining_mut(), 0);
}

#[test]
fn what_is_empty_is_given_back_and_nothing_else() {
    let mut server = Server::new(server_config(), |_: &str| Verdict::Accept);
    let mut client = Client::new(client_config(), [Action::Quit], 1);
    // Whatever stands in a buffer stays, at any octet.
    let said = b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n";
    server.run();
    for octet in said {
        server.conn.shrink();
        server.feed(&[*octet]);
        server.conn.shrink();
    }
    let (_, body) = server.seen.messages().next().expect("a message");
    assert_eq!(body, b"hi\r\n");
    client.run();
    for octet in b"220 mx\r\n250-mx\r\n250 SIZE\r\n221 bye\r\n" {
        client.conn.shrink();
        client.feed(&[*octet]);
    }
    assert!(client.output.ends_with(b"QUIT\r\n"));
}
