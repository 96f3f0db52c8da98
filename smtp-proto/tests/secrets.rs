//! What AUTH says is on the wire and nowhere else: not in `Debug`, not in a transcript.

mod common;

use std::sync::{Arc, Mutex};

use common::{Action, Client, Server, Verdict, client_config, server_config, take};
use smtp_proto::bytes::BytesMut;
use smtp_proto::extension::{Auth, Mechanism, Mechanisms};
use smtp_proto::{Secret, Transmit, client, server};

const WORDS: [&str; 3] = ["tanstaaf", "swordfish", "xyzzy"];

/// In base64, at any of the three places it may stand at, and as it is.
fn shows_a_secret(text: &str) -> bool {
    let encoded = [
        "dGFuc3RhYW",
        "Rhbn",
        "YW5z",
        "c3dvcmRmaX",
        "N3b3Jk",
        "eHl6en",
    ];
    let octets = WORDS.iter().map(|word| format!("{:?}", word.as_bytes()));
    let octets: Vec<_> = octets
        .map(|list| list.trim_matches(['[', ']']).to_string())
        .collect();
    let plain = WORDS.iter().copied().chain(encoded).map(String::from);
    plain.chain(octets).any(|secret| text.contains(&secret))
}

#[test]
fn no_secret_is_shown_by_either_side_at_any_step() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = |seen: &Arc<Mutex<Vec<String>>>| {
        let seen = Arc::clone(seen);
        move |entry: smtp_proto::Entry<'_>| {
            seen.lock().unwrap().push(format!("{entry} {entry:?}"));
        }
    };
    let mut config = server_config();
    config
        .offers
        .add(Mechanisms::new([Mechanism::PLAIN, Mechanism::LOGIN]));
    config.accept_clear_passwords = true;
    let mut steps = 0;
    let policy = move |request: &str| {
        steps += usize::from(request.starts_with("AUTH"));
        match steps {
            1 => Verdict::Challenge("swordfish".into()),
            2 => Verdict::Challenge("xyzzy".into()),
            3 => Verdict::Identity("tim".into()),
            _ => Verdict::Accept,
        }
    };
    let mut server = Server::new(config, policy);
    let auth = Action::Auth(
        "PLAIN".into(),
        Some("\0tim\0tanstaaf".into()),
        vec!["swordfish".into(), "xyzzy".into()],
    );
    let mut client = Client::new(client_config(), [auth, Action::Quit], 1);
    server.conn.set_transcript(sink(&seen));
    client.conn.set_transcript(sink(&seen));
    let (mut to_client, mut to_server) = (0, 0);
    server.run();
    client.run();
    // Octet by octet, so that every buffer holds a part of a secret at some time.
    loop {
        let before = (to_client, to_server);
        if let Some(octet) = server.seen.output.get(to_client).copied() {
            to_client += 1;
            client.feed(&[octet]);
        }
        if let Some(octet) = client.output.get(to_server).copied() {
            to_server += 1;
            server.feed(&[octet]);
        }
        let shown = format!("{:?}\n{:?}", server.conn, client.conn);
        assert!(!shows_a_secret(&shown), "{shown}");
        if (to_client, to_server) == before {
            break;
        }
    }
    let said = String::from_utf8_lossy(&client.output).into_owned();
    assert!(shows_a_secret(&said), "{said}");
    let told = seen.lock().unwrap().join("\n");
    assert!(
        told.contains("C: AUTH PLAIN (secret)") && told.contains("S: 334 (secret)"),
        "{told}"
    );
    assert!(!shows_a_secret(&told), "{told}");
    assert!(
        client
            .events
            .iter()
            .any(|event| event.starts_with("reply: AUTH 235"))
    );
}

/// What every event is shown as, while a client says AUTH with two of the words, by a link that is whole.
#[test]
fn no_event_shows_a_secret() {
    let mut config = server_config();
    config.offers.add(Mechanisms::new([Mechanism::PLAIN]));
    config.accept_clear_passwords = true;
    let mut server = server::Connection::new(config.into());
    let mut client = client::Connection::new(client_config().into());
    let (mut shown, mut responses, mut over) = (Vec::new(), 0, false);
    while !over {
        let event = server.poll();
        shown.push(format!("{event:?}"));
        match event {
            server::Event::Auth(request) if request.is_first() => request.challenge(b"xyzzy"),
            server::Event::Auth(request) => request.accept("tim"),
            server::Event::Flush => pass(server.transmit(), |data| client.receive(data)),
            server::Event::NeedInput => {}
            event => event.answer_by_default(),
        }
        let event = client.poll().unwrap();
        shown.push(format!("{event:?}"));
        match event {
            client::Event::Ready(ready) if responses == 0 => {
                let first = Secret::from(b"\0tim\0tanstaaf");
                shown.push(format!("{first:?}"));
                ready
                    .auth(Auth::new(Mechanism::PLAIN, Some(first)))
                    .unwrap();
            }
            client::Event::Ready(_) => over = true,
            client::Event::Challenge(challenge) => {
                responses += 1;
                assert_eq!(challenge.octets(), b"xyzzy");
                challenge.respond(b"swordfish");
            }
            client::Event::Flush => pass(client.transmit(), |data| server.receive(data)),
            _ => {}
        }
    }
    assert_eq!(responses, 1);
    let told = shown.join("\n");
    assert!(
        told.contains("AuthRequest(") && told.contains("Challenge {"),
        "{told}"
    );
    assert!(!shows_a_secret(&told), "{told}");
}

fn pass(from: &mut Transmit, to: impl FnOnce(&[u8]) -> usize) {
    let mut octets = BytesMut::new();
    take(from, usize::MAX, &mut octets);
    assert_eq!(to(&octets), octets.len());
}

#[test]
fn a_read_is_to_be_wiped_only_where_auth_may_be_in_it() {
    let mut server = Server::new(server_config(), |_: &str| Verdict::Accept);
    server.run();
    for (read, secret) in [
        ("EHLO a\r\n", false),
        ("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", false),
        ("AUTH is spoken of\r\n.\r\n", false),
        ("NOOP\r\nauth PLAIN AGE=\r\nNOOP\r\n", true),
        ("NOOP\r\nAUT", false),
        ("H PLAIN AGE=\r\n", true),
    ] {
        server.conn.receive(read.as_bytes());
        assert_eq!(server.conn.holds_secret(), secret, "{read}");
        server.run();
    }
    let auth = Action::Auth("PLAIN".into(), None, vec!["swordfish".into()]);
    let mut client = Client::new(client_config(), [auth], 1);
    client.run();
    for (read, secret) in [
        ("220 mx\r\n", false),
        ("250-mx\r\n250 AUTH PLAIN\r\n", false),
        ("334 AGE=\r\n", true),
    ] {
        client.conn.receive(read.as_bytes());
        assert_eq!(client.conn.holds_secret(), secret, "{read}");
        client.run();
    }
}
