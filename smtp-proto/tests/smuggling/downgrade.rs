//! Whoever stands between keeps TLS from being had. A client that wants it learns so, and has said
//! nothing by then that needs it; a server that wants it serves nothing without.

use crate::common::{Action, Client, Server, Verdict, client_config, server_config};
use crate::cuts::{cuts, segments};
use crate::judge::Given;
use smtp_proto::client::Event;
use smtp_proto::extension::{Mechanism, Mechanisms, RequireTls};
use smtp_proto::{Envelope, Extension, Refusal};

const SECRET: &str = "\0joe\0secret";

/// How TLS isn't had: the replies to EHLO and to STARTTLS, behind which no handshake succeeds, and how the
/// client sees it.
const DOWNGRADES: [(&str, &str, &str); 8] = [
    (
        "250-mx\r\n250-REQUIRETLS\r\n250 AUTH PLAIN\r\n",
        "",
        "not sent: Missing(StartTls)",
    ),
    (
        "250-mx\r\n250-XXXXTLS\r\n250-REQUIRETLS\r\n250 AUTH PLAIN\r\n",
        "",
        "not sent: Missing(StartTls)",
    ),
    (
        "250-mx\r\n250 STARTTLSX\r\n",
        "",
        "not sent: Missing(StartTls)",
    ),
    ("502 what\r\n250 mx\r\n", "", "not sent: Missing(StartTls)"),
    (OFFERED, "454 not now\r\n", "reply: STARTTLS 454 not now"),
    (OFFERED, "502 what\r\n", "reply: STARTTLS 502 what"),
    (
        OFFERED,
        "250 ok\r\n",
        "error: UnexpectedReply(Reply(250 ok))",
    ),
    (OFFERED, "220 go\r\n", "error: Handshake"),
];

const OFFERED: &str = "250-mx\r\n250-STARTTLS\r\n250-REQUIRETLS\r\n250 AUTH PLAIN\r\n";

/// A client that wants TLS and then says what needs it.
fn client() -> Client {
    let mut config = client_config();
    config.send_clear_passwords = false;
    let needs_tls = Envelope::new("a@b", ["c@d"]).unwrap().with(RequireTls);
    let actions = [
        Action::StartTls,
        Action::Auth("PLAIN".into(), Some(SECRET.into()), vec![]),
        Action::Send(needs_tls, b"one\r\n".to_vec()),
        Action::Quit,
    ];
    let mut client = Client::new(config, actions, 1);
    client.secure = false;
    client.run();
    client
}

#[test]
fn a_client_without_tls_says_no_password_and_no_message_that_needs_it() {
    for (hello, starttls, seen) in DOWNGRADES {
        let mut client = client();
        let replies = ["220 mx\r\n", hello, starttls].concat();
        for line in replies.split_inclusive('\n') {
            client.feed(line.as_bytes());
        }
        assert_eq!(client.events[0], seen);
        let said = String::from_utf8_lossy(&client.output);
        assert!(!said.contains("AUTH") && !said.contains("MAIL"), "{said}");
        let refused = client.events[1..].iter();
        assert!(refused.clone().all(|event| event.starts_with("not sent")));
        assert!(seen.starts_with("error") || refused.count() == 2, "{seen}");
        assert!(!client.conn.is_secure());
    }
}

#[test]
fn a_server_that_hangs_up_in_the_handshake_leaves_nothing_said_in_clear() {
    let mut client = client();
    client.secure = true;
    for reply in ["220 mx\r\n", OFFERED] {
        assert!(client.feed(reply.as_bytes()));
    }
    client.conn.receive(b"220 go\r\n");
    client.conn.receive_eof();
    let Ok(Event::Upgrade(upgrade)) = client.conn.poll() else {
        panic!("the handshake is for the driver to see fail")
    };
    upgrade.fail();
    assert!(!client.run());
    assert_eq!(client.events, ["error: Handshake"]);
    assert!(client.output.ends_with(b"STARTTLS\r\n"));
}

#[test]
fn a_server_that_wants_tls_serves_nothing_in_clear_wherever_it_is_cut() {
    let mut config = server_config();
    config.require.tls = true;
    config.offers.add(Extension::StartTls);
    config.offers.add(Extension::Chunking);
    config.offers.add(Mechanisms::new([Mechanism::PLAIN]));
    config.accept_clear_passwords = true;
    let said = "EHLO a\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<evil@x>\r\n\
        BDAT 4 LAST\r\nevilDATA\r\nNOOP\r\n";
    for fails in [false, true] {
        for cuts in cuts(said.len(), &(0..0)) {
            let mut server = Server::new(config.clone(), |request: &str| match request {
                "upgrade" if fails => Verdict::Reject(Refusal::policy()),
                _ => Verdict::Accept,
            });
            assert!(server.run());
            for segment in segments(said.as_bytes(), &cuts) {
                assert!(server.feed(segment));
            }
            // A handshake that fails is the end: nothing goes on in clear.
            assert_eq!(server.feed(b"STARTTLS\r\n"), !fails, "cut at {cuts:?}");
            assert_eq!(server.feed(said.as_bytes()), !fails);
            let given = Given::of(&server.seen);
            assert_eq!(given.messages.len(), usize::from(!fails), "cut at {cuts:?}");
            assert_eq!(given.asked.len(), 2 * given.messages.len());
            let authenticated = server.seen.told().any(|what| what.starts_with("AUTH"));
            assert_eq!(authenticated, !fails, "cut at {cuts:?}");
        }
    }
}
