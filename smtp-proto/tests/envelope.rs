//! Envelopes are made of addresses and parameters, and made into others.

use smtp_proto::extension::{Notify, Ret, Size};
use smtp_proto::{Envelope, Extension};

fn lines(envelope: &Envelope) -> Vec<String> {
    let mail = envelope.mail().to_string();
    let rcpts = envelope.recipients().iter().map(ToString::to_string);
    [mail].into_iter().chain(rcpts).collect()
}

#[test]
fn an_address_that_is_none_makes_no_envelope() {
    assert!(Envelope::new("joe", ["ann@example.org"]).is_err());
    assert!(Envelope::new("", ["ann@example.org", "bob@"]).is_err());
    assert!(Envelope::new("jö@example.com", ["ann@example.org"]).is_err());
    assert!(Envelope::parse_utf8("jö@example.com", ["ann@@example.org"]).is_err());
    let utf8 = Envelope::parse_utf8("jö@example.com", ["änn@example.org"]).unwrap();
    assert_eq!(
        lines(&utf8),
        ["MAIL FROM:<jö@example.com>", "RCPT TO:<änn@example.org>"]
    );
}

#[test]
fn nobody_is_lost_and_nobody_told_twice_where_it_is_split() {
    let all: Vec<_> = (0..7).map(|at| format!("r{at}@example.org")).collect();
    let whole = Envelope::new("joe@example.com", &all)
        .unwrap()
        .with(Ret::Headers);
    for (most, parts) in [(0, 7), (1, 7), (2, 4), (6, 2), (7, 1), (usize::MAX, 1)] {
        let split: Vec<_> = whole.clone().split(most).collect();
        assert_eq!(split.len(), parts, "{most}");
        assert!(split.iter().all(|part| part.mail() == whole.mail()));
        let told = split.iter().flat_map(Envelope::recipients);
        assert!(told.eq(whole.recipients()), "{most}");
    }
    let none = Envelope::new("joe@example.com", [""; 0]).unwrap();
    assert_eq!(none.split(1).count(), 0);
}

#[test]
fn parameters_come_and_go_by_themselves_or_with_their_extension() {
    let plain = Envelope::new("joe@example.com", ["ann@example.org", "bob@example.net"]).unwrap();
    let full = plain
        .clone()
        .with_size(1_000)
        .with(Ret::Headers)
        .with_rcpt(&Notify::NEVER);
    assert_eq!(
        lines(&full),
        [
            "MAIL FROM:<joe@example.com> SIZE=1000 RET=HDRS",
            "RCPT TO:<ann@example.org> NOTIFY=NEVER",
            "RCPT TO:<bob@example.net> NOTIFY=NEVER",
        ]
    );
    let without = full.clone().without::<Ret>().without::<Size>();
    assert_eq!(without.mail(), plain.mail());
    assert_eq!(without.recipients(), full.recipients());
    assert_eq!(full.clone().with_size(None), full.clone().without::<Size>());
    let without = full.without_extension(Extension::Dsn);
    assert_eq!(without, plain.with_size(1_000));
}
