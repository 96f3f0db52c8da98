//! A message that PRDR's last reply refuses is accepted for nobody, whatever was said for each
//! recipient before. In LMTP, where there is no such reply, each stands for itself.

mod common;

use common::{client_config, take};
use smtp_proto::bytes::BytesMut;
use smtp_proto::client::{Connection, Event, Report, Stage};
use smtp_proto::extension::Prdr;
use smtp_proto::{Envelope, Hello};

/// What is reported of a message to two recipients, by a server that says these replies.
fn report(lmtp: bool, replies: &[&str]) -> Report {
    let mut envelope = Envelope::new("a@b", ["c@d", "e@f"]).unwrap();
    let mut config = client_config();
    if lmtp {
        config.hello = Hello::lhlo("client.example.org").unwrap();
    } else {
        envelope = envelope.with(Prdr);
    }
    let mut report = Report::new(&envelope);
    let mut conn = Connection::new(config.into());
    let (mut replies, mut envelope) = (replies.iter(), Some(envelope));
    let mut content = Some("hi\r\n");
    loop {
        match conn.poll().unwrap() {
            Event::NeedInput => {
                let reply = replies.next().expect("there is a reply");
                conn.receive(format!("{reply}\r\n").as_bytes());
            }
            Event::Flush => take(conn.transmit(), usize::MAX, &mut BytesMut::new()),
            Event::Ready(ready) => match envelope.take() {
                Some(envelope) => ready.send(envelope).unwrap(),
                None => return report,
            },
            Event::Body(body) => match content.take() {
                Some(content) => body.send(content),
                None => body.finish(),
            },
            Event::Recipient { index, reply } => report.note_recipient(index, reply),
            Event::Delivered { index, reply } => report.note_delivered(index, reply),
            Event::Sent { reply } => report.note_sent(reply),
            Event::Refused { at, reply } => report.note_refused(at, reply),
            Event::Closed(_) => return report,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn by_prdr_the_last_reply_decides() {
    let begun = [
        "220 mx",
        "250-mx\r\n250 PRDR",
        "250 ok",
        "250 ok",
        "250 ok",
        "354 go",
        "353 each",
    ];
    for (replies, accepted) in [
        (
            &["250 first", "550 second", "250 so be it"][..],
            [true, false],
        ),
        (&["250 first", "250 second", "250 so be it"], [true, true]),
        (&["250 first", "250 second", "451 later"], [false, false]),
        (&["250 first", "550 second", "550 no"], [false, false]),
        (&["250 first", "250 second", "421 bye"], [false, false]),
        (&["250 first", "421 bye"], [false, false]),
    ] {
        let report = report(false, &[&begun, replies].concat());
        assert_eq!(report.end().unwrap().0, Stage::Message);
        let taken = report.recipients().map(|(_, reply)| reply.is_positive());
        assert!(taken.eq(accepted), "{replies:?}: {report:?}");
        assert_eq!(report.is_accepted(), accepted[0], "{replies:?}");
        assert_eq!(report.is_accepted_by_all(), accepted[1], "{replies:?}");
    }
}

#[test]
fn each_recipient_has_the_reply_to_its_own_rcpt() {
    let report = report(
        false,
        &[
            "220 mx",
            "250-mx\r\n250-PIPELINING\r\n250 PRDR",
            "250 ok",
            "251 2.1.5 forwarded",
            "450 later",
            "354 go",
            "250 taken",
            "250 taken",
        ],
    );
    let replies = report
        .rcpt_replies()
        .map(|(path, reply)| format!("{path} {}", reply.unwrap()));
    assert!(replies.eq(["<c@d> 251 2.1.5 forwarded", "<e@f> 450 later"]));
    let (first, second) = {
        let mut replies = report.rcpt_replies().filter_map(|(_, reply)| reply);
        (replies.next().unwrap(), replies.next().unwrap())
    };
    assert!(first.is_positive() && !first.is_transient() && !first.is_permanent());
    assert!(second.is_transient() && !second.is_permanent());
}

#[test]
fn in_lmtp_each_reply_stands_for_itself() {
    let begun = ["220 mx", "250 mx", "250 ok", "250 ok", "250 ok", "354 go"];
    for (replies, accepted) in [
        (&["250 first", "450 second"][..], [true, false]),
        (&["250 first", "421 bye"], [true, false]),
        (&["450 first", "550 second"], [false, false]),
    ] {
        let report = report(true, &[&begun, replies].concat());
        let taken = report.recipients().map(|(_, reply)| reply.is_positive());
        assert!(taken.eq(accepted), "{replies:?}: {report:?}");
    }
}
