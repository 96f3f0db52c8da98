//! The client and replies: one that isn't ended by CRLF, or that nothing asked for, makes no message one
//! that was sent, whatever it says.

use crate::common::{Action, Client, client_config};
use crate::cuts::{cuts, segments};
use smtp_proto::Envelope;
use smtp_proto::client::Delivery;

const REPLIES: [&str; 6] = [
    "220 mx\r\n",
    "250 mx\r\n",
    "250 sender ok\r\n",
    "250 recipient ok\r\n",
    "354 go\r\n",
    "250 sent\r\n",
];

/// A client with a message, and those replies behind it, each in its time.
fn client(replies: &[&str]) -> Client {
    let envelope = Envelope::new("a@b", ["c@d"]).unwrap();
    let actions = [Action::Send(envelope, b"one\r\n".to_vec()), Action::Quit];
    let mut client = Client::new(client_config(), actions, 1);
    client.run();
    for reply in replies {
        assert!(client.feed(reply.as_bytes()));
    }
    client
}

#[test]
fn a_reply_holds_no_other_whatever_separates_them() {
    for (step, reply) in REPLIES.iter().enumerate() {
        let before = client(&REPLIES[..step]);
        for newline in ["\n", "\r", "\r\r\n", "\n\r", "\n\n"] {
            let one = reply.trim_end();
            let said = format!("{one}{newline}{}", REPLIES[step..].concat());
            for cuts in cuts(said.len(), &(one.len()..one.len() + newline.len())) {
                let mut client = before.clone();
                let open = segments(said.as_bytes(), &cuts).all(|segment| client.feed(segment));
                assert!(!open, "{said:?} cut at {cuts:?}");
                let (last, others) = client.events.split_last().unwrap();
                assert_eq!(
                    last, "error: Reply(BareNewline)",
                    "{said:?} cut at {cuts:?}"
                );
                assert_eq!(others, before.events, "{said:?} cut at {cuts:?}");
                assert_eq!(client.output, before.output, "{said:?} cut at {cuts:?}");
            }
        }
    }
}

#[test]
fn a_reply_glued_behind_another_answers_nothing_that_is_yet_to_be_asked() {
    for (step, reply) in REPLIES.iter().enumerate() {
        for extra in REPLIES {
            let mut client = client(&REPLIES[..step]);
            let said = format!("{reply}{extra}");
            assert!(!client.feed(said.as_bytes()), "{said:?}");
            let last = client.events.last().unwrap();
            assert!(
                last.starts_with("error: UnexpectedReply"),
                "{said:?}: {last}"
            );
            let sent = client.events.iter().any(|event| event.starts_with("sent"));
            assert_eq!(sent, step == 5, "{said:?}");
            let known = client.conn.delivery();
            assert_ne!(known, Delivery::Unknown, "{said:?}");
        }
    }
}
