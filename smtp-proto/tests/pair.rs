//! What the client writes, the server reads back: both machines of this crate on one link, whose
//! every octet travels in segments and at times that the property chooses.

mod common;

use common::{Action, Client, Server, Verdict, client_config, server_config};
use proptest::collection::vec;
use proptest::prelude::*;
use smtp_proto::client::Delivery;
use smtp_proto::server::{BareNewline, Dialect};
use smtp_proto::{BodyType, Envelope, Extension, Hello, Newlines, client, server};

/// How the link moves octets: on each turn, to the server or to the client, and how many at most.
type Link = Vec<(bool, usize)>;

/// What came of a session.
struct Outcome {
    client: Client,
    received: Vec<(Envelope, Vec<u8>)>,
}

/// Lets both talk until neither has anything to say.
fn talk(
    client: client::Config,
    server: server::Config,
    link: &Link,
    actions: Vec<Action>,
) -> Outcome {
    let chunk = link[0].1;
    let mut client = Client::new(client, actions, chunk);
    let mut server = Server::new(server, |_: &str| Verdict::Accept);
    // Each has been told that the other hung up, or that it itself is done.
    let mut open = [client.run(), server.run()];
    let (mut sent, mut replied) = (0, 0);
    let mut idle = 0;
    for &(to_server, most) in link.iter().cycle() {
        let (upstream, downstream) = (
            client.output.len() - sent,
            server.seen.output.len() - replied,
        );
        if to_server {
            let segment = sent..sent + upstream.min(most);
            sent = segment.end;
            open[1] = open[1] && server.feed(&client.output[segment]);
        } else {
            let segment = replied..replied + downstream.min(most);
            replied = segment.end;
            open[0] = open[0] && client.feed(&server.seen.output[segment]);
        }
        idle = if upstream + downstream == 0 {
            idle + 1
        } else {
            0
        };
        if idle > link.len() {
            break;
        }
    }
    if open[1] {
        server.conn.receive_eof();
        server.run();
    }
    let received = server.seen.messages();
    let received = received
        .map(|(envelope, body)| (envelope.clone(), body.to_vec()))
        .collect();
    Outcome { client, received }
}

fn link() -> impl Strategy<Value = Link> {
    let octets = prop_oneof![Just(1), 1..20_usize, Just(100_000)];
    // Both directions, or nothing would ever get on.
    (
        octets.clone(),
        octets.clone(),
        vec((any::<bool>(), octets), 0..20),
    )
        .prop_map(|(up, down, mut link)| {
            link.extend([(true, up), (false, down)]);
            link
        })
}

fn mailbox() -> impl Strategy<Value = String> {
    let local = prop_oneof![
        "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-z0-9]{1,5}){0,2}",
        // Quoted-string: qtextSMTP and quoted-pairSMTP
        "\"([ !#-\\[\\]-~]|\\\\[ -~]){0,20}\"",
    ];
    let host = prop_oneof![
        "[a-zA-Z0-9]{1,10}(\\.[a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?){0,3}",
        any::<std::net::Ipv4Addr>().prop_map(|ip| format!("[{ip}]")),
        any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[IPv6:{ip}]")),
        "\\[x[a-z-]{0,5}x:[!-Z^-~]{1,20}\\]",
    ];
    (local, host).prop_map(|(local, host)| format!("{local}@{host}"))
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let from = prop_oneof![1 => Just(String::new()), 4 => mailbox()];
    let to = vec(
        prop_oneof![9 => mailbox(), 1 => Just("Postmaster".into())],
        1..5,
    );
    (from, to).prop_map(|(from, to)| Envelope::new(&from, to).unwrap())
}

/// Octets of which many make or break lines.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let sound = prop_oneof![
        4 => Just("\r\n".to_string()),
        2 => Just(".".into()),
        2 => Just("\r\n.\r\n".into()),
        2 => "[a-z .]{1,10}",
        1 => Just("\r\nMAIL FROM:<evil@x>\r\n".into()),
        1 => (2_000..5_000_usize).prop_map(|octets| "x".repeat(octets)),
    ];
    let sound = vec(sound.prop_map(String::into_bytes), 0..20);
    let broken = prop_oneof![
        3 => Just(b"\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => Just(b"\0".to_vec()),
        1 => vec(any::<u8>(), 0..5),
    ];
    (sound, vec((any::<prop::sample::Index>(), broken), 0..3)).prop_map(|(mut pieces, broken)| {
        for (at, piece) in broken {
            pieces.insert(at.index(pieces.len() + 1), piece);
        }
        pieces.concat()
    })
}

/// By what messages travel.
#[derive(Clone, Copy, Debug)]
struct Way {
    pipelining: bool,
    chunking: bool,
    lmtp: bool,
    unseen: u64,
    unanswered: usize,
}

fn way() -> impl Strategy<Value = Way> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (flags, 0..200_u64, 0..4_usize).prop_map(
        |((pipelining, chunking, lmtp), unseen, unanswered)| Way {
            pipelining,
            chunking,
            lmtp,
            unseen,
            unanswered,
        },
    )
}

/// A client and a server that go that way.
fn configs(way: Way) -> (client::Config, server::Config) {
    let (mut ours, mut theirs) = (client_config(), server_config());
    ours.pipelining = way.pipelining;
    ours.unseen = way.unseen;
    ours.unanswered = way.unanswered;
    if way.chunking {
        theirs.offers.add(Extension::Chunking);
        theirs.offers.add(Extension::BinaryMime);
    }
    if way.lmtp {
        ours.hello = Hello::lhlo("client.example.org").unwrap();
        theirs.dialect = Dialect::Lmtp;
    }
    (ours, theirs)
}

/// The content as it is to arrive, octet by octet; `None` if it can't be sent.
fn wire_form(content: &[u8], newlines: Newlines, eight_bit: bool, lines: bool) -> Option<Vec<u8>> {
    let mut form = Vec::new();
    for (at, &octet) in content.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| content[before]);
        match octet {
            0 => return None,
            b'\r' if content.get(at + 1) != Some(&b'\n') => return None,
            b'\n' if before != Some(b'\r') && newlines == Newlines::RequireCrlf => return None,
            b'\n' if before != Some(b'\r') => form.extend_from_slice(b"\r\n"),
            128.. if !eight_bit => return None,
            _ => form.push(octet),
        }
    }
    if lines && !form.is_empty() && !form.ends_with(b"\r\n") {
        form.extend_from_slice(b"\r\n");
    }
    Some(form)
}

/// An envelope less what the client adds to MAIL by itself.
fn paths(envelope: &Envelope) -> (String, Vec<String>) {
    let to = envelope
        .recipients()
        .iter()
        .map(|rcpt| rcpt.to().to_string());
    (envelope.sender().to_string(), to.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_the_client_sends_the_server_receives_once_and_nothing_else(
        messages in vec((envelope(), content(), any::<bool>()), 1..5),
        link in link(),
        way in way(),
        eight_bit in any::<bool>(),
        require_crlf in any::<bool>(),
    ) {
        let (mut ours, mut theirs) = configs(way);
        if require_crlf {
            ours.newlines = Newlines::RequireCrlf;
        }
        if !eight_bit {
            theirs.offers.remove(Extension::EightBitMime);
        }
        let form = |content: &[u8]| wire_form(content, ours.newlines, eight_bit, !way.chunking);
        // The first message that can't be sent costs the connection.
        let sound = messages.iter().map_while(|(envelope, content, _)| Some((envelope, form(content)?)));
        let expected: Vec<_> = sound.collect();
        let actions = messages.iter().map(|(envelope, content, behind)| match behind {
            true => Action::Then(envelope.clone(), content.clone()),
            false => Action::Send(envelope.clone(), content.clone()),
        });
        let actions = actions.chain([Action::Quit]).collect();
        let outcome = talk(ours.clone(), theirs, &link, actions);

        prop_assert_eq!(outcome.received.len(), expected.len());
        for ((received, body), (sent, form)) in outcome.received.iter().zip(&expected) {
            prop_assert_eq!(paths(received), paths(sent));
            prop_assert_eq!(received.mail().body(), eight_bit.then_some(BodyType::EightBitMime));
            prop_assert_eq!(body, form);
        }
        let last = outcome.client.events.last().unwrap();
        if expected.len() == messages.len() {
            prop_assert_eq!(last, "closed: Quit");
            prop_assert_eq!(outcome.client.conn.delivery(), Delivery::Idle);
        } else {
            prop_assert!(last.starts_with("error: Content("), "{}", last);
            let sent = outcome.client.events.iter().filter(|event| event.starts_with("sent"));
            prop_assert_eq!(sent.count(), expected.len());
            prop_assert_eq!(outcome.client.conn.delivery(), Delivery::NotAccepted);
        }
    }

    #[test]
    fn a_binary_message_arrives_as_it_is(
        content in vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), any::<u8>()], 0..200),
        envelope in envelope(),
        link in link(),
        way in way(),
    ) {
        let (ours, theirs) = configs(Way { chunking: true, ..way });
        let envelope = envelope.with_body(BodyType::BinaryMime);
        let actions = vec![Action::Send(envelope.clone(), content.clone()), Action::Quit];
        let outcome = talk(ours, theirs, &link, actions);
        prop_assert_eq!(outcome.client.events.last().unwrap(), "closed: Quit");
        let arrived: Vec<_> = outcome.received.iter().map(|(to, body)| (paths(to), body.clone())).collect();
        prop_assert_eq!(arrived, [(paths(&envelope), content)]);
    }

    #[test]
    fn a_lone_cr_or_lf_taken_as_data_is_never_passed_on_as_it_is(
        content in content(),
        link in link(),
        require_crlf in any::<bool>(),
    ) {
        // A sender of no good, who writes just that.
        let mut relay = server_config();
        relay.bare_newline = BareNewline::AcceptAsData;
        let mut first = Server::new(relay, |_: &str| Verdict::Accept);
        first.run();
        first.feed(b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
        first.feed(&content);
        first.feed(b"\r\n.\r\n");
        let taken: Vec<_> = first.seen.messages().map(|(envelope, body)| (envelope.clone(), body.to_vec())).collect();
        let Some((envelope, body)) = taken.first().cloned() else { return Ok(()) };

        let mut ours = client_config();
        if require_crlf {
            ours.newlines = Newlines::RequireCrlf;
        }
        let form = wire_form(&body, ours.newlines, true, true);
        let actions = vec![Action::Send(envelope.clone(), body), Action::Quit];
        let outcome = talk(ours, server_config(), &link, actions);
        let arrived: Vec<_> = outcome.received.iter().map(|(to, body)| (paths(to), body.clone())).collect();
        let expected: Vec<_> = form.into_iter().map(|form| (paths(&envelope), form)).collect();
        prop_assert_eq!(arrived, expected);
    }
}

#[test]
fn a_message_of_a_megabyte_passes_in_small_and_in_large_segments() {
    let body = b".line of a message\r\n".repeat(50_000);
    for link in [
        vec![(true, 1_460), (false, 1)],
        vec![(true, usize::MAX), (false, usize::MAX)],
    ] {
        let envelope = Envelope::new("a@b", ["c@d"]).unwrap();
        let actions = vec![Action::Send(envelope, body.clone()), Action::Quit];
        let outcome = talk(client_config(), server_config(), &link, actions);
        assert_eq!(outcome.received.len(), 1);
        assert!(outcome.received[0].1 == body);
        assert_eq!(outcome.client.events.last().unwrap(), "closed: Quit");
    }
}
