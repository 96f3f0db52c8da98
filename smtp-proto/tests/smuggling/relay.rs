//! The client that passes on what a server took for data: it converts or it refuses, and whoever reads
//! what it writes sees the messages it was given and no other.

use crate::common::{Action, Client, client_config, server_config};
use crate::false_ends::{Body, bodies};
use crate::judge::{is_sound, server};
use crate::receivers::{self, Received, Receiver, SLOPPY};
use smtp_proto::server::{BareNewline, Config};
use smtp_proto::{BodyType, Envelope, Extension, Newlines};

/// A message as the handler of a server was given it that takes lone CR and LF for data.
struct Taken {
    envelope: Envelope,
    body: Vec<u8>,
}

fn accepting() -> Config {
    let mut config = server_config();
    config.bare_newline = BareNewline::AcceptAsData;
    config.offers.add(Extension::Chunking);
    config.offers.add(Extension::BinaryMime);
    config
}

fn take(mail: &str, content: &[u8]) -> Option<Taken> {
    let mut play = server(accepting(), &["EHLO a\r\n", mail, "RCPT TO:<c@d>\r\n"]);
    assert!(play.feed(content));
    let (envelope, body) = play.seen.messages().next()?;
    Some(Taken {
        envelope: envelope.clone(),
        body: body.to_vec(),
    })
}

/// Every body there is, by DATA and by BDAT.
fn taken() -> impl Iterator<Item = Taken> {
    bodies().flat_map(|Body { octets, .. }| {
        let by_data = [b"DATA\r\n", &octets[..], b"\r\n.\r\n"].concat();
        let bdat = format!("BDAT {} LAST\r\n", octets.len());
        let by_bdat = [bdat.as_bytes(), &octets].concat();
        [by_data, by_bdat]
            .map(|content| take("MAIL FROM:<a@b>\r\n", &content))
            .into_iter()
            .flatten()
    })
}

/// All that a client says which relays a message to a sound server, and another one behind it. It is
/// given the message in pieces of so many octets.
fn relay(taken: &Taken, newlines: Newlines, to: Config, piece: usize) -> Client {
    let mut config = client_config();
    config.newlines = newlines;
    let second = Envelope::new("e@f", ["g@h"]).unwrap();
    let actions = [
        Action::Send(taken.envelope.clone(), taken.body.clone()),
        Action::Send(second, b"second\r\n".to_vec()),
        Action::Quit,
    ];
    let mut client = Client::new(config, actions, piece);
    let mut server = server(to, &[] as &[&str]);
    let (mut said, mut answered) = (0, 0);
    let mut open = client.run();
    while open && answered < server.seen.output.len() {
        let replies = server.seen.output[answered..].to_vec();
        answered += replies.len();
        open = client.feed(&replies);
        server.feed(&client.output[said..]);
        said = client.output.len();
    }
    client
}

fn envelopes(messages: &[Received]) -> Vec<&[String]> {
    messages
        .iter()
        .map(|message| &message.envelope[..])
        .collect()
}

/// As a relay writes a message that only looks for lines that begin with a dot.
fn naively(body: &[u8]) -> Vec<u8> {
    let mut said = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n".to_vec();
    for (at, &octet) in body.iter().enumerate() {
        if octet == b'.' && (at == 0 || body[..at].ends_with(b"\r\n")) {
            said.push(b'.');
        }
        said.push(octet);
    }
    said.extend_from_slice(b"\r\n.\r\n");
    said
}

#[test]
fn every_sloppy_receiver_is_fooled_by_a_relay_that_passes_on_what_it_was_given() {
    let reads_evil = |receiver: &Receiver, taken: &Taken| {
        let messages = receiver.messages(&naively(&taken.body));
        assert!(!messages.is_empty());
        messages.len() > 1 || messages[0].envelope.concat().contains("evil")
    };
    for receiver in SLOPPY {
        let fooled = taken().filter(|taken| reads_evil(&receiver, taken)).count();
        assert!(fooled > 4, "{receiver:?}: {fooled}");
    }
}

#[test]
fn no_receiver_splits_what_the_client_relays() {
    let first = ["MAIL FROM:<a@b> BODY=8BITMIME", "RCPT TO:<c@d>"];
    let last = ["MAIL FROM:<e@f> BODY=8BITMIME", "RCPT TO:<g@h>"];
    let expected = [first.map(String::from), last.map(String::from)];
    let mut by_bdat = server_config();
    by_bdat.offers.add(Extension::Chunking);
    let (mut relayed, mut refused) = (0, 0);
    for taken in taken() {
        // Where each LF made a CRLF is enough.
        let with_crlf = String::from_utf8_lossy(&taken.body)
            .replace("\r\n", "\n")
            .replace('\n', "\r\n");
        let converted = is_sound(with_crlf.as_bytes(), BareNewline::Reject);
        let sound = is_sound(&taken.body, BareNewline::Reject);
        for (newlines, sendable) in [
            (Newlines::Convert, converted),
            (Newlines::RequireCrlf, sound),
        ] {
            for to in [server_config(), by_bdat.clone()] {
                for piece in 1..=taken.body.len() {
                    let client = relay(&taken, newlines, to.clone(), piece);
                    let what = || format!("{} in {piece}", taken.body.escape_ascii());
                    let broken = client
                        .events
                        .iter()
                        .any(|event| event.starts_with("error: Content"));
                    assert_eq!(broken, !sendable, "{}", what());
                    for receiver in receivers::all() {
                        let messages = receiver.messages(&client.output);
                        if !sendable {
                            assert_eq!(messages, [], "{}: {receiver:?}", what());
                            continue;
                        }
                        assert_eq!(envelopes(&messages), expected, "{}: {receiver:?}", what());
                        let octets = &messages[0].octets;
                        assert!(is_sound(octets, BareNewline::Reject), "{}", what());
                        // And so it is for whoever gets it from that receiver, chunks or not.
                        let next = naively(octets);
                        let split =
                            receivers::all().any(|next_one| next_one.messages(&next).len() != 1);
                        assert!(!split, "{}: {receiver:?}", what());
                    }
                    *(if sendable { &mut relayed } else { &mut refused }) += 1;
                }
            }
        }
    }
    assert!(relayed > 1_000 && refused > 1_000, "{relayed}, {refused}");
}

#[test]
fn a_binary_message_is_relayed_in_chunks_as_it_is_and_to_no_server_that_wants_lines() {
    for Body { octets, .. } in bodies() {
        let content = [
            format!("BDAT {} LAST\r\n", octets.len()).as_bytes(),
            &octets,
        ]
        .concat();
        let taken = take("MAIL FROM:<a@b> BODY=BINARYMIME\r\n", &content).expect("sound");
        let client = relay(&taken, Newlines::Convert, accepting(), 7);
        for receiver in receivers::all() {
            let messages = receiver.messages(&client.output);
            assert_eq!(messages.len(), 2, "{receiver:?}");
            assert_eq!(messages[0].octets, octets, "{receiver:?}");
            assert!(messages[1].envelope[0].starts_with("MAIL FROM:<e@f>"));
        }
        let mut no_binary = accepting();
        no_binary.offers.remove(Extension::BinaryMime);
        for to in [server_config(), no_binary] {
            let client = relay(&taken, Newlines::Convert, to, 7);
            assert!(client.events[0].starts_with("not sent: Missing"));
            for receiver in receivers::all() {
                let messages = receiver.messages(&client.output);
                assert_eq!(messages.len(), 1, "{receiver:?}");
                assert!(messages[0].envelope[0].starts_with("MAIL FROM:<e@f>"));
            }
        }
        assert_eq!(taken.envelope.mail().body(), Some(BodyType::BinaryMime));
    }
}
