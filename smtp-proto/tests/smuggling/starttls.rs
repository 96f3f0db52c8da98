//! STARTTLS and what whoever listens puts around it (RFC 3207 §5): nothing said in clear is taken for
//! something said under TLS, by either side, wherever it is cut; and what was learned in clear is
//! forgotten.

use crate::common::{Action, Client, Server, Verdict, client_config, server_config, take};
use crate::cuts::{cuts, segments};
use crate::judge::Given;
use smtp_proto::bytes::{BufMut, BytesMut};
use smtp_proto::extension::{Mechanism, Mechanisms};
use smtp_proto::server::{self, Dialect, Event, Hasty};
use smtp_proto::{Extension, Extensions, client};

const STARTTLS: &[u8] = b"STARTTLS\r\n";

fn offering() -> server::Config {
    let mut config = server_config();
    config.offers.add(Extension::StartTls);
    config.offers.add(Extension::Chunking);
    config.offers.add(Mechanisms::new([Mechanism::PLAIN]));
    config.accept_clear_passwords = true;
    config
}

type Play = Server<fn(&str) -> Verdict>;

fn policy(request: &str) -> Verdict {
    match request {
        _ if request.starts_with("AUTH") => Verdict::Identity("joe".into()),
        _ => Verdict::Accept,
    }
}

/// A server that knows its client's name and identity.
fn known(config: server::Config) -> Play {
    let hello: &[u8] = match config.dialect {
        Dialect::Lmtp => b"LHLO a\r\n",
        Dialect::Smtp => b"EHLO a\r\n",
    };
    let mut server = Server::new(config, policy as fn(&str) -> Verdict);
    assert!(server.run() && server.feed(hello));
    assert!(server.feed(b"AUTH PLAIN AGEAYg==\r\n"));
    assert_eq!(server.conn.session().identity(), Some("joe"));
    server
}

fn is_upgraded(server: &Play) -> bool {
    server.seen.told().any(|what| what == "upgrade")
}

#[test]
fn commands_glued_behind_starttls_are_never_served_wherever_they_are_cut() {
    let mut relaxed = offering();
    relaxed.accept_bare_lf_in_commands = true;
    let mut hasty = offering();
    hasty.hasty_clients = Hasty::Close;
    let mut lmtp = offering();
    lmtp.dialect = Dialect::Lmtp;
    for config in [offering(), relaxed, hasty, lmtp] {
        let before = known(config);
        for injected in [
            &b"MAIL FROM:<evil@x>\r\nRCPT TO:<evil@x>\r\nDATA\r\nevil\r\n.\r\n"[..],
            b"EHLO evil\r\nMAIL FROM:<evil@x>\r\n",
            b"LHLO evil\r\nMAIL FROM:<evil@x>\r\n",
            b"RSET\r\n",
            b"\r\n",
            b"\n",
            b"M",
            b"\x16\x03\x01",
        ] {
            let said = [STARTTLS, injected].concat();
            for cuts in cuts(said.len(), &(STARTTLS.len() - 2..STARTTLS.len() + 2)) {
                let mut server = before.clone();
                // What comes once STARTTLS is answered is the handshake's, and none of it reaches us.
                let mut segments = segments(&said, &cuts);
                let open = segments.all(|segment| is_upgraded(&server) || server.feed(segment));
                let in_time = cuts.contains(&STARTTLS.len());
                assert_eq!(open, in_time, "{injected:?} cut at {cuts:?}");
                assert_eq!(
                    is_upgraded(&server),
                    in_time,
                    "{injected:?} cut at {cuts:?}"
                );
                assert_eq!(Given::of(&server.seen), Given::default());
                let greeted = server.seen.told().filter(|what| what.contains("HLO"));
                assert_eq!(greeted.count(), 1, "{injected:?} cut at {cuts:?}");
            }
        }
    }
}

#[test]
fn while_hands_are_shaken_the_server_takes_no_octet() {
    let mut conn = known(offering()).conn;
    assert_eq!(conn.receive(STARTTLS), STARTTLS.len());
    let mut upgrades = 0;
    while upgrades < 3 {
        match conn.poll() {
            Event::StartTls(request) => request.accept(),
            Event::Upgrade(upgrade) => {
                upgrades += 1;
                upgrade.defer();
                assert_eq!(conn.receive(b"NOOP\r\n"), 0);
                assert_eq!(conn.receive_buf().remaining_mut(), 0);
            }
            Event::Flush => take(conn.transmit(), usize::MAX, &mut BytesMut::new()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn behind_a_handshake_the_server_knows_nothing_of_what_was_said_before() {
    let mut server = known(offering());
    assert!(server.feed(STARTTLS));
    let session = server.conn.session();
    assert!(session.is_secure());
    assert!(session.hello().is_none() && session.identity().is_none());
    assert!(session.transaction().is_none());
    let mut expected = Given::default();
    expected.transaction(["e@f", "g@h"], Some(b"one\r\n".to_vec()));
    // No MAIL before a hello, no parameter and no BDAT behind HELO.
    let said = "MAIL FROM:<a@b>\r\nBDAT 4 LAST\r\nevilHELO b\r\nMAIL FROM:<a@b> SIZE=1\r\n\
        MAIL FROM:<e@f>\r\nRCPT TO:<g@h>\r\nDATA\r\none\r\n.\r\n";
    for cuts in cuts(said.len(), &(0..0)) {
        let mut server = server.clone();
        for segment in segments(said.as_bytes(), &cuts) {
            assert!(server.feed(segment));
        }
        assert_eq!(Given::of(&server.seen), expected, "cut at {cuts:?}");
        assert_eq!(server.conn.session().identity(), None);
    }
}

#[test]
fn a_transaction_never_crosses_a_handshake() {
    let mut server = known(offering());
    assert!(server.feed(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"));
    assert!(server.feed(STARTTLS));
    assert!(!is_upgraded(&server));
    assert!(!server.conn.session().is_secure());
    assert!(server.feed(b"RSET\r\n") && server.feed(STARTTLS));
    assert!(is_upgraded(&server));
    assert!(server.feed(b"DATA\r\n") && server.feed(b"RCPT TO:<c@d>\r\n"));
    assert_eq!(server.seen.messages().count(), 0);
    assert!(server.conn.session().transaction().is_none());
}

/// A client that has asked for TLS.
fn asking() -> Client {
    let mut client = Client::new(client_config(), [Action::StartTls], 1);
    client.run();
    let hello = "220 mx\r\n250-mx\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n";
    for line in hello.split_inclusive('\n') {
        assert!(client.feed(line.as_bytes()));
    }
    assert!(client.output.ends_with(STARTTLS));
    client
}

#[test]
fn replies_glued_behind_that_to_starttls_are_never_read_wherever_they_are_cut() {
    let before = asking();
    for reply in ["220 go\r\n", "220-a\r\n220 go\r\n", "220\r\n"] {
        for injected in [
            "250-evil\r\n250-AUTH PLAIN\r\n250 CHUNKING\r\n",
            "250 evil\r\n",
            "250-evil\r\n",
            "2",
            "\r\n",
            "\n",
            "421 bye\r\n",
            "\x16\x03\x03",
        ] {
            let said = format!("{reply}{injected}");
            for cuts in cuts(said.len(), &(reply.len() - 2..reply.len() + 2)) {
                let mut client = before.clone();
                let mut segments = segments(said.as_bytes(), &cuts);
                let open = segments.all(|segment| client.conn.is_secure() || client.feed(segment));
                let in_time = cuts.contains(&reply.len());
                assert_eq!(client.conn.is_secure(), in_time, "{said:?} cut at {cuts:?}");
                assert_eq!(open, in_time, "{said:?} cut at {cuts:?}");
                let events: &[&str] = if in_time { &[] } else { &["error: Glued"] };
                assert_eq!(client.events, events, "{said:?} cut at {cuts:?}");
                let said_again = client
                    .output
                    .ends_with(b"STARTTLS\r\nEHLO client.example.org\r\n");
                assert_eq!(said_again, in_time, "{said:?} cut at {cuts:?}");
            }
        }
    }
}

#[test]
fn while_hands_are_shaken_the_client_takes_no_octet_and_then_knows_nothing_of_what_was_offered() {
    let mut conn = asking().conn;
    conn.receive(b"220 go\r\n");
    for _ in 0..3 {
        assert!(matches!(conn.poll(), Ok(client::Event::Upgrade(_))));
        assert_eq!(conn.receive(b"250 evil\r\n"), 0);
        assert_eq!(conn.receive_buf().remaining_mut(), 0);
    }
    let Ok(client::Event::Upgrade(upgrade)) = conn.poll() else {
        panic!("the handshake is still to be made")
    };
    upgrade.complete();
    assert!(conn.is_secure());
    assert_eq!(conn.capabilities().extensions(), Extensions::default());
}
