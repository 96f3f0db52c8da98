//! Of each message what became of it, and of no other, whichever are under way with it.

mod common;

use common::{client_config, take};
use smtp_proto::bytes::BytesMut;
use smtp_proto::client::{Connection, Delivery, Event, Report, Reports, SendError, Stage};
use smtp_proto::{Envelope, Refusal};
use std::iter;

const HELLO: [&str; 2] = ["220 mx", "250-mx\r\n250-PIPELINING\r\n250 SIZE 1000"];
const BEGUN: [&str; 3] = ["250 ok", "250 ok", "354 go"];
/// As the next one begins: its RSET is answered too.
const NEXT: [&str; 4] = ["250 ok", "250 ok", "250 ok", "354 go"];

#[derive(Debug, PartialEq, Eq)]
enum Unsent {
    Unfit(SendError),
    Unread,
    Lost(Delivery),
}

impl From<SendError> for Unsent {
    fn from(error: SendError) -> Self {
        Self::Unfit(error)
    }
}

fn envelope() -> Envelope {
    Envelope::new("a@b", ["c@d"]).unwrap()
}

type Message = (Envelope, Option<&'static str>);

const WHOLE: Option<&str> = Some("hi\r\n");

fn message() -> Message {
    (envelope(), WHOLE)
}

/// What is told of messages sent by a client to whom these replies are said, and nothing behind them; one
/// without content can't be read. With `patient` it asks only at the end.
fn told_of(patient: bool, messages: Vec<Message>, replies: &[&[&str]]) -> Vec<String> {
    let mut conn = Connection::new(client_config().into());
    let (mut messages, replies) = (messages.into_iter(), replies.concat());
    let (mut replies, mut content) = (replies.into_iter(), None);
    let mut reports = Reports::default();
    let mut results = Vec::new();
    loop {
        if !patient {
            results.extend(iter::from_fn(|| reports.pop()));
        }
        match conn.poll().map(|event| reports.note(event)) {
            Ok(None) => {}
            Ok(Some(Event::NeedInput)) => match replies.next() {
                Some(reply) => {
                    conn.receive(format!("{reply}\r\n").as_bytes());
                }
                None => conn.receive_eof(),
            },
            Ok(Some(Event::Flush)) => take(conn.transmit(), usize::MAX, &mut BytesMut::new()),
            Ok(Some(Event::Ready(ready))) => match messages.next() {
                Some((envelope, next)) => {
                    content = Some(next);
                    reports.begin(envelope, |envelope| ready.send(envelope));
                }
                None => ready.quit(),
            },
            Ok(Some(Event::Body(body))) => match content.take() {
                Some(Some(text)) => body.send(text),
                Some(None) => {
                    reports.break_off(Unsent::Unread);
                    body.abort();
                }
                None => match messages.next() {
                    Some((envelope, next)) => {
                        content = Some(next);
                        reports.begin(envelope, |envelope| body.finish_then(envelope));
                    }
                    None => body.finish(),
                },
            },
            Ok(Some(other)) => {
                assert!(matches!(other, Event::Closed(_)), "{other:?}");
                break;
            }
            Err(_) => {
                reports.lose(conn.deliveries(), Unsent::Lost);
                break;
            }
        }
    }
    results.extend(iter::from_fn(|| reports.pop()));
    assert!(reports.is_empty());
    results.into_iter().map(short).collect()
}

fn short(result: Result<Report, Unsent>) -> String {
    match result {
        Ok(report) => {
            let fates = report.recipients().map(|(_, reply)| reply.to_string());
            fates.collect::<Vec<_>>().join(", ")
        }
        Err(error) => format!("{error:?}"),
    }
}

#[track_caller]
fn assert_told(messages: &[Message], replies: &[&[&str]], expected: &[&str]) {
    for patient in [false, true] {
        let told = told_of(patient, messages.to_vec(), replies);
        assert_eq!(told, expected, "asked only at the end: {patient}");
    }
}

#[test]
fn each_of_several_has_its_own_replies() {
    assert_told(
        &[message(), message(), message()],
        &[
            &HELLO,
            &BEGUN,
            &["250 first"],
            &NEXT,
            &["250 second"],
            &NEXT,
            &["250 third"],
        ],
        &["250 first", "250 second", "250 third"],
    );
}

#[test]
fn one_that_is_refused_is_the_one_that_was() {
    let two = Envelope::new("a@b", ["c@d", "e@f"]).unwrap();
    assert_told(
        &[message(), (two, WHOLE), message()],
        &[
            &HELLO,
            &BEGUN,
            &["250 first"],
            &["250 ok", "250 ok", "250 ok", "550 nobody", "354 go"],
            &["552 second"],
            &NEXT,
            &["250 third"],
        ],
        &["250 first", "552 second, 550 nobody", "250 third"],
    );
}

#[test]
fn one_that_cannot_be_sent_is_told_of_in_its_place_and_what_comes_is_about_the_others() {
    assert_told(
        &[
            (envelope().with_size(2_000), WHOLE),
            message(),
            (envelope().with_size(3_000), WHOLE),
            message(),
        ],
        &[&HELLO, &BEGUN, &["250 first"], &BEGUN, &["250 second"]],
        &[
            "Unfit(TooBig { limit: 1000 })",
            "250 first",
            "Unfit(TooBig { limit: 1000 })",
            "250 second",
        ],
    );
}

#[test]
fn each_that_was_under_way_is_lost_and_what_is_known_of_it_is_told() {
    assert_told(
        &[message(), message(), message()],
        &[&HELLO, &BEGUN, &["250 first"], &NEXT],
        &["250 first", "Lost(Unknown)", "Lost(NotAccepted)"],
    );
}

#[test]
fn one_whose_content_breaks_off_says_so_and_those_before_it_have_what_is_theirs() {
    let broken = (envelope(), None);
    assert_told(
        &[message(), broken.clone()],
        &[&HELLO, &BEGUN, &["250 first"], &NEXT],
        &["250 first", "Unread"],
    );
    let chunking = ["220 mx", "250-mx\r\n250-PIPELINING\r\n250 CHUNKING"];
    assert_told(
        &[message(), message(), broken],
        &[&chunking, &BEGUN[..2], &["250 first"], &NEXT[..3]],
        &["250 first", "Lost(Unknown)", "Unread"],
    );
}

#[test]
fn nothing_is_noted_where_no_message_is_under_way() {
    let mut reports = Reports::<Unsent>::default();
    let event = Event::Refused {
        at: Stage::Connect,
        reply: Refusal::local_error().into(),
    };
    assert!(matches!(reports.note(event), Some(Event::Refused { .. })));
    reports.lose(iter::empty(), Unsent::Lost);
    assert!(reports.is_empty() && reports.pop().is_none());
}
