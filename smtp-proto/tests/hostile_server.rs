//! A client of any driver's against a server that says anything: no panic, no endless loop, and the
//! same events however the replies are cut.

mod common;

use common::calls::{Call, call, read};
use common::{Action, Client, client_config, take};
use proptest::collection::vec;
use proptest::prelude::*;
use smtp_proto::Envelope;
use smtp_proto::bytes::BytesMut;
use smtp_proto::client::{Connection, Delivery, Event, Stage};

/// What a server may say, and what none should.
fn reply() -> impl Strategy<Value = Vec<u8>> {
    const TOKENS: [&[u8]; 18] = [
        b"220 mx\r\n",
        b"250-mx\r\n250 PIPELINING\r\n",
        b"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
        b"250 mx\r\n",
        b"250 ok\r\n",
        b"354 go\r\n",
        b"421 bye\r\n",
        b"550 no\r\n",
        b"450-not\r\n450 now\r\n",
        b"250\r\n",
        b"250-",
        b"250 ",
        b"\r",
        b"\n",
        b"\r\n",
        b"999 x\r\n",
        b"502 what\r\n",
        b"250-a\r\n550 b\r\n",
    ];
    prop_oneof![
        4 => prop::sample::select(TOKENS[..8].to_vec()).prop_map(<[u8]>::to_vec),
        2 => prop::sample::select(TOKENS.to_vec()).prop_map(<[u8]>::to_vec),
        1 => (0..60_usize).prop_map(|octets| vec![b'x'; octets]),
        1 => vec(any::<u8>(), 0..5),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_client_survives_any_octets_and_any_order_of_calls(
        replies in vec(reply(), 0..20),
        calls in vec(call(), 1..200),
        chunk in vec(any::<u8>(), 0..20),
        unanswered in 0..4_usize,
        behind in any::<bool>(),
    ) {
        let talk = replies.concat();
        let mut config = client_config();
        config.replies.line = 40;
        config.replies.lines = 3;
        config.replies.octets = 100;
        config.unanswered = unanswered;
        let mut conn = Connection::new(config.into());
        let (mut rest, mut events, mut old) = (&talk[..], 0, None);
        let (mut output, mut failed) = (BytesMut::new(), None);
        let (mut under_way, mut next, mut bodies) = (0, 0, 0);
        let envelope = Envelope::new("a@b", ["c@d", "e@f"]).unwrap();
        for call in &calls {
            match call {
                Call::Receive(octets) => {
                    read(conn.receive_buf(), &mut rest, *octets);
                }
                Call::Poll => match conn.poll() {
                    Err(error) => {
                        let first = failed.get_or_insert_with(|| error.clone());
                        prop_assert_eq!(first, &error);
                    }
                    Ok(event) => {
                        prop_assert!(failed.is_none());
                        match event {
                            Event::Ready(ready) => {
                                prop_assert_eq!(under_way, 0);
                                ready.send(envelope.clone()).unwrap();
                                (under_way, bodies) = (1, 0);
                            }
                            Event::Recipient { index, .. } => {
                                prop_assert!(under_way > 0);
                                prop_assert_eq!(index, next);
                                next += 1;
                            }
                            Event::Body(body) => {
                                prop_assert!(under_way > 0);
                                bodies += 1;
                                if bodies <= 2 {
                                    body.send(chunk.clone());
                                } else if behind {
                                    body.finish_then(envelope.clone()).unwrap();
                                    (under_way, bodies) = (under_way + 1, 0);
                                } else {
                                    body.finish();
                                }
                            }
                            Event::Sent { .. } => {
                                prop_assert!(under_way > 0 && next == 2);
                                (under_way, next) = (under_way - 1, 0);
                            }
                            // Of the connection, before there is a message.
                            Event::Refused { at: Stage::Connect | Stage::Hello, .. } => {}
                            Event::Refused { .. } => {
                                prop_assert!(under_way > 0);
                                (under_way, next) = (under_way - 1, 0);
                            }
                            Event::NeedInput | Event::Flush | Event::Closed(_) => continue,
                            other => panic!("{other:?}"),
                        }
                        events += 1;
                    }
                },
                Call::Write(octets) => take(conn.transmit(), *octets, &mut output),
                Call::Expire => {
                    if let Some(timeout) = conn.timeout() {
                        conn.handle_timeout(timeout);
                    }
                }
                Call::ExpireOld => {
                    if let Some(old) = old && conn.timeout() != Some(old) {
                        let now = conn.timeout();
                        conn.handle_timeout(old);
                        prop_assert_eq!(conn.timeout(), now);
                    }
                    old = conn.timeout();
                }
                Call::Shutdown => {}
                Call::End => conn.receive_eof(),
            }
            // One waits for its turn, if they are as many as may be.
            prop_assert!(under_way <= unanswered.max(1) + 1);
            prop_assert_eq!(conn.deliveries().count(), under_way);
            prop_assert!(conn.deliveries().is_sorted_by_key(|known| known == Delivery::NotAccepted));
        }
        prop_assert!(events <= 6 * talk.len() + 30, "{} events", events);
    }

    #[test]
    fn a_reply_is_the_same_however_it_is_cut(
        replies in vec(reply(), 0..20),
        cuts in vec(1..10_usize, 1..20),
        pipelining in any::<bool>(),
        behind in any::<bool>(),
    ) {
        // What is said too early is another matter, so no segment goes beyond a line.
        let talk = replies.concat();
        let mut config = client_config();
        config.pipelining = pipelining;
        config.replies.line = 40;
        config.replies.lines = 3;
        config.replies.octets = 100;
        let envelope = Envelope::new("a@b", ["c@d", "e@f"]).unwrap();
        let action = if behind { Action::Then } else { Action::Send };
        let actions = vec![action(envelope, b"hello".to_vec()); 3];
        let play = |cuts: &[usize]| {
            let mut client = Client::new(config.clone(), actions.clone(), usize::MAX);
            let mut open = client.run();
            let mut cuts = cuts.iter().cycle();
            for mut line in talk.split_inclusive(|&octet| octet == b'\n') {
                while open && !line.is_empty() {
                    let (segment, behind) = line.split_at(line.len().min(*cuts.next().unwrap()));
                    line = behind;
                    open = client.feed(segment);
                }
            }
            if open {
                client.conn.receive_eof();
                client.run();
            }
            let known: Vec<_> = client.conn.deliveries().collect();
            (client.output, client.events, known)
        };
        prop_assert_eq!(play(&[usize::MAX]), play(&cuts));
    }
}
