//! Trace lines through the public API: which dates there are, and that whatever a peer calls itself
//! one well-formed header field comes of it.

use std::net::IpAddr;

use proptest::prelude::*;
use smtp_proto::address::{Domain, ForwardPath, Host};
use smtp_proto::trace::{Date, Features, Protocol, Received};

#[test]
fn dates_are_those_of_the_gregorian_calendar() {
    for (seconds, date) in [
        (0, "Thu, 1 Jan 1970 00:00:00 +0000"),
        (68_169_599, "Mon, 28 Feb 1972 23:59:59 +0000"),
        (68_169_600, "Tue, 29 Feb 1972 00:00:00 +0000"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        (951_868_800, "Wed, 1 Mar 2000 00:00:00 +0000"),
        (1_735_603_200, "Tue, 31 Dec 2024 00:00:00 +0000"),
        (1_795_487_820, "Tue, 24 Nov 2026 02:37:00 +0000"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 +0000"),
        (4_107_542_400, "Mon, 1 Mar 2100 00:00:00 +0000"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 +0000"),
    ] {
        assert_eq!(Date::from_unix(seconds).to_string(), date);
    }
}

fn stamp(hello: &str, peer: Option<IpAddr>) -> String {
    let by = Domain::try_from("mx.example.org").unwrap();
    let received = Received::new(hello, &by, Protocol::Smtp, Date::from_unix(0));
    match peer {
        None => received.to_string(),
        Some(peer) => received.peer(peer).to_string(),
    }
}

#[test]
fn a_peer_without_a_proper_name_is_unknown_and_its_word_stands_in_a_comment() {
    let peer = Some(IpAddr::from([192, 0, 2, 1]));
    for (hello, peer, from) in [
        ("a.example", None, "a.example"),
        ("a.example", peer, "a.example ([192.0.2.1])"),
        ("[10.0.0.1]", peer, "[10.0.0.1] ([192.0.2.1])"),
        ("[10.0.0.1]", None, "unknown (HELO [10.0.0.1])"),
        ("my_host", peer, "unknown ([192.0.2.1]) (HELO my_host)"),
        ("a) by (b\\", None, r"unknown (HELO a\) by \(b\\)"),
        ("a\r\nX: b\0\u{85}é", None, "unknown (HELO aX: b)"),
    ] {
        let field = stamp(hello, peer).replace("\r\n\t", " ");
        let from = format!("Received: from {from} by mx.example.org ");
        assert!(field.starts_with(&from), "{field}");
    }
}

#[test]
fn an_id_is_an_atom() {
    let by = Domain::try_from("b").unwrap();
    let received = Received::new("a", &by, Protocol::Smtp, Date::from_unix(0));
    assert!(received.id("4bX9qz-1").is_ok());
    for refused in ["", "a b", "a\r\nX:", "a;b", "<a@b>", "é", &"a".repeat(256)] {
        let error = received.id(refused).expect_err(refused);
        assert!(error.to_string().contains("no atom"), "{error}");
    }
}

#[test]
fn the_clauses_stand_in_the_order_of_the_grammar() {
    let (by, path) = (
        Domain::try_from("b").unwrap(),
        ForwardPath::try_from("<c@d>").unwrap(),
    );
    let with = |smtputf8, tls, auth| {
        let features = Features {
            smtputf8,
            tls,
            auth,
        };
        [Protocol::Esmtp(features), Protocol::Lmtp(features)]
    };
    for (protocols, names) in [
        (with(false, false, false), ["ESMTP", "LMTP"]),
        (with(false, true, false), ["ESMTPS", "LMTPS"]),
        (with(false, true, true), ["ESMTPSA", "LMTPSA"]),
        (with(true, false, true), ["UTF8SMTPA", "UTF8LMTPA"]),
    ] {
        for (protocol, name) in protocols.into_iter().zip(names) {
            let received = Received::new("a", &by, protocol, Date::from_unix(0));
            let field = received.id("4bX9qz").unwrap().recipient(&path).to_string();
            assert_eq!(
                field.replace("\r\n\t", " "),
                format!(
                    "Received: from a by b with {name} id 4bX9qz for <c@d>; \
                     Thu, 1 Jan 1970 00:00:00 +0000\r\n"
                )
            );
        }
    }
}

/// Takes comments out of an unfolded field. `None` if they don't balance.
fn without_comments(field: &str) -> Option<String> {
    let (mut depth, mut left, mut characters) = (0u32, String::new(), field.chars());
    while let Some(character) = characters.next() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            '\\' if depth > 0 => _ = characters.next()?,
            _ if depth == 0 => left.push(character),
            _ => {}
        }
    }
    (depth == 0).then_some(left)
}

proptest! {
    #[test]
    fn whatever_a_peer_calls_itself_it_writes_one_field_and_stays_in_its_comment(
        hello in prop_oneof![any::<String>(), "[a-z()\\\\\r\n\0 ;]{0,600}", "[(\\\\]{600}"],
        peer in any::<Option<IpAddr>>(),
    ) {
        let field = stamp(&hello, peer);
        let unfolded = field.replace("\r\n\t", " ");
        let line = unfolded.strip_suffix("\r\n").unwrap();
        prop_assert!(line.bytes().all(|octet| matches!(octet, b' '..=b'~')));
        prop_assert!(field.lines().all(|line| line.len() <= 998));
        if Host::try_from(hello.as_str()).is_err() {
            let left = without_comments(line).unwrap();
            let words = left.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(words, "Received: from unknown by mx.example.org with SMTP; \
                Thu, 1 Jan 1970 00:00:00 +0000");
        }
    }

    #[test]
    fn lines_of_ordinary_clauses_have_at_most_78_octets(
        hello in "[a-z]{1,60}",
        id in "[a-z]{1,60}",
        local_part in "[a-z]{1,30}",
        peer in any::<IpAddr>(),
    ) {
        let by = Domain::try_from("mx.example.org").unwrap();
        let recipient = format!("{local_part}@example.org");
        let recipient = ForwardPath::try_from(recipient.as_str()).unwrap();
        let received = Received::new(&hello, &by, Protocol::Smtp, Date::from_unix(1 << 30))
            .peer(peer)
            .id(&id)
            .unwrap()
            .recipient(&recipient);
        prop_assert!(received.to_string().lines().all(|line| line.len() <= 78));
    }
}
