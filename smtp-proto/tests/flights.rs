//! Round trips, counted: a flight is all that the client writes before it reads again.

mod common;

use common::{Action, Client, Server, Verdict, client_config, server_config};
use smtp_proto::server::Dialect;
use smtp_proto::{Envelope, Extension, Hello, client, server};

/// How many flights it takes to say hello and to take leave.
const HELLO: usize = 1;
const QUIT: usize = 1;

/// The flights of a session of these messages, each to two recipients, less hello and QUIT.
fn flights(
    client: client::Config,
    server: server::Config,
    messages: impl Iterator<Item = Action>,
) -> usize {
    let mut client = Client::new(client, messages.chain([Action::Quit]), usize::MAX);
    let messages = client.actions.len() - 1;
    let mut server = Server::new(server, |_: &str| Verdict::Accept);
    let (mut flights, mut read, mut written) = (0, 0, 0);
    client.run();
    server.run();
    loop {
        let open = client.feed(&server.seen.output[read..]);
        read = server.seen.output.len();
        if !open {
            break;
        }
        assert!(client.output.len() > written, "nobody says anything");
        flights += 1;
        server.feed(&client.output[written..]);
        written = client.output.len();
    }
    assert_eq!(client.events.last().unwrap(), "closed: Quit");
    assert_eq!(server.seen.messages().count(), messages);
    flights - HELLO - QUIT
}

fn envelope() -> Envelope {
    Envelope::new("a@b", ["c@d", "e@f"]).unwrap()
}

/// So many messages, each begun when the one before is answered.
fn one_by_one(messages: usize) -> impl Iterator<Item = Action> {
    (0..messages).map(|_| Action::Send(envelope(), b"hi\r\n".to_vec()))
}

/// So many, each said as the one before ends.
fn behind_each_other(messages: usize) -> impl Iterator<Item = Action> {
    (0..messages).map(|_| Action::Then(envelope(), b"hi\r\n".to_vec()))
}

fn chunking() -> server::Config {
    let mut config = server_config();
    config.offers.add(Extension::Chunking);
    config
}

#[test]
fn by_bdat_with_pipelining_a_message_takes_one_flight_and_the_first_one_more() {
    for messages in 1..6 {
        let flights = flights(client_config(), chunking(), one_by_one(messages));
        assert_eq!(flights, messages + 1);
    }
}

#[test]
fn by_data_with_pipelining_a_message_takes_two_flights() {
    for messages in 1..6 {
        let flights = flights(client_config(), server_config(), one_by_one(messages));
        assert_eq!(flights, 2 * messages);
    }
}

#[test]
fn by_data_messages_behind_each_other_take_one_flight_each_and_the_first_one_more() {
    for messages in 1..6 {
        let flights = flights(
            client_config(),
            server_config(),
            behind_each_other(messages),
        );
        assert_eq!(flights, messages + 1);
    }
}

#[test]
fn by_bdat_messages_behind_the_first_take_one_flight_for_as_many_as_may_be_unanswered() {
    for unanswered in 0..5 {
        for messages in 1..10 {
            let mut config = client_config();
            config.unanswered = unanswered;
            let flights = flights(config, chunking(), behind_each_other(messages));
            // The first takes two; what the answers to one flight make room for goes in the next.
            assert_eq!(flights, 2 + (messages - 1).div_ceil(unanswered.max(1)));
        }
    }
    assert_eq!(client_config().unanswered, 2);
}

#[test]
fn without_pipelining_every_command_takes_a_flight() {
    let mut config = client_config();
    config.pipelining = false;
    // MAIL, RCPT, RCPT, DATA, the content; or BDAT with it.
    for (server, expected) in [(server_config(), 5), (chunking(), 4)] {
        let sent = flights(config.clone(), server.clone(), one_by_one(3));
        assert_eq!(sent, 3 * expected);
        let then = flights(config.clone(), server, behind_each_other(3));
        assert_eq!(then, 3 * expected);
    }
}

#[test]
fn in_lmtp_the_content_waits_for_the_recipients_and_so_each_message_takes_a_flight_more() {
    let mut config = client_config();
    config.hello = Hello::lhlo("client.example.org").unwrap();
    for mut server in [server_config(), chunking()] {
        server.dialect = Dialect::Lmtp;
        let sent = flights(config.clone(), server.clone(), one_by_one(4));
        assert_eq!(sent, 2 * 4);
        let then = flights(config.clone(), server, behind_each_other(4));
        assert_eq!(then, 4 + 1);
    }
}

#[test]
fn a_message_longer_than_may_go_unseen_takes_one_flight_more() {
    let mut config = client_config();
    config.unseen = 40_000;
    let long = vec![b'x'; 100_000];
    let messages = |kind: fn(Envelope, Vec<u8>) -> Action| {
        let long = long.clone();
        (0..3).map(move |_| kind(envelope(), long.clone()))
    };
    let sent = flights(config.clone(), chunking(), messages(Action::Send));
    assert_eq!(sent, 2 * 3);
    let then = flights(config, chunking(), messages(Action::Then));
    assert_eq!(then, 3 + 1);
}

/// What the client gathers before a chunk goes out.
const CHUNK: usize = 64 * 1024;

/// The chunks in that.
fn chunks(written: &[u8]) -> usize {
    written.windows(5).filter(|start| start == b"BDAT ").count()
}

#[test]
fn sixteen_chunks_go_in_one_flight_and_one_more_for_each_that_is_answered() {
    let messages = [
        Action::Send(envelope(), vec![b'x'; 30 * CHUNK]),
        Action::Then(envelope(), vec![b'x'; 5 * CHUNK]),
    ];
    let mut client = Client::new(client_config(), messages, CHUNK);
    client.run();
    client.feed(b"220 mx\r\n");
    client.feed(b"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    client.feed(&b"250 ok\r\n".repeat(3));
    for answered in 0..14 {
        assert_eq!(chunks(&client.output), 16 + answered);
        client.feed(b"250 ok\r\n");
    }
    // The second message waits for the first one to be taken, and then has these many by itself.
    assert_eq!(chunks(&client.output), 30);
    client.feed(&b"250 ok\r\n".repeat(15));
    assert_eq!(chunks(&client.output), 30);
    client.feed(&b"250 ok\r\n".repeat(1 + 4));
    assert_eq!(chunks(&client.output), 35);
    client.feed(&b"250 ok\r\n".repeat(5));
    assert_eq!(
        client
            .events
            .iter()
            .filter(|event| event.starts_with("sent"))
            .count(),
        2
    );
}

#[test]
fn the_chunks_of_two_messages_count_together() {
    let mut config = client_config();
    config.unseen = u64::MAX;
    let long = || vec![b'x'; 10 * CHUNK];
    let messages = [
        Action::Send(envelope(), Vec::new()),
        Action::Send(envelope(), long()),
        Action::Then(envelope(), long()),
    ];
    let mut client = Client::new(config, messages, CHUNK);
    client.run();
    client.feed(b"220 mx\r\n");
    client.feed(b"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    client.feed(&b"250 ok\r\n".repeat(3));
    let before = client.output.len();
    client.feed(b"250 ok\r\n");
    assert_eq!(chunks(&client.output[before..]), 16);
    client.feed(&b"250 ok\r\n".repeat(3));
    assert_eq!(chunks(&client.output[before..]), 16);
    client.feed(b"250 ok\r\n");
    assert_eq!(chunks(&client.output[before..]), 17);
}
