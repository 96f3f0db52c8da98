//! Addresses through the public API: which spellings are taken, which are refused and where, and
//! that what is written reads back as the same value.

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use smtp_proto::address::AddressErrorKind::{NonAscii, Syntax, TooLong};
use smtp_proto::address::{
    AddressError, AddressErrorKind, AddressLiteral, Domain, ForwardPath, Host, Literal, LocalPart,
    Mailbox, ReversePath,
};

fn fault<T: std::fmt::Debug>(result: Result<T, AddressError>) -> (AddressErrorKind, usize) {
    let error = result.unwrap_err();
    (error.kind(), error.offset())
}

fn label(octets: usize) -> String {
    "a".repeat(octets)
}

/// A domain of `octets` octets, all of whose labels are short enough.
fn domain_of(octets: usize) -> String {
    let mut domain = [label(49).as_str(); 6].join(".");
    domain.truncate(octets);
    domain
}

#[test]
fn mailboxes_of_rfc_5321_are_taken_as_written() {
    for (section, mailbox) in [
        ("4.1.2 Atom", "joe@example.com"),
        ("4.1.2 Dot-string", "joe.q.public@example.com"),
        ("4.1.2 atext", "!#$%&'*+-/=?^_`{|}~@example.com"),
        ("4.1.2 Quoted-string", r#""joe smith"@example.com"#),
        ("4.1.2 Quoted-string", r#""a@b"@c"#),
        ("4.1.2 Quoted-string", r#""<>,;:[]()"@c"#),
        ("4.1.2 Quoted-string", r#"""@example.com"#),
        ("4.1.2 quoted-pairSMTP", r#""Joe\,Smith\"\\\ "@example.com"#),
        ("4.1.2 Domain", "joe@localhost"),
        ("4.1.2 Domain", "joe@3com.x--y.123"),
        ("4.1.2 Domain", "joe@xn--bcher-kva.example"),
        ("4.1.3 IPv4-address-literal", "joe@[192.0.2.1]"),
        ("4.1.3 IPv6-address-literal", "joe@[IPv6:2001:db8::1]"),
        ("4.1.3 General-address-literal", "joe@[x-tag:a:b@c<>]"),
        (
            "4.5.3.1.1 longer than asked for",
            &format!("{}@example.com", label(65)),
        ),
        ("4.5.3.1.3", &format!("{}@{}", label(4), domain_of(249))),
    ] {
        let parsed = Mailbox::try_from(mailbox).expect(section);
        assert_eq!(parsed.to_string(), mailbox, "{section}");
        assert_eq!(
            Mailbox::parse_utf8(mailbox),
            Ok(parsed.clone()),
            "{section}"
        );
        let path = format!("<{mailbox}>");
        assert_eq!(
            ReversePath::try_from(path.as_str()),
            Ok(parsed.clone().into()),
            "{section}"
        );
        assert_eq!(
            ForwardPath::try_from(path.as_str()),
            Ok(parsed.into()),
            "{section}"
        );
    }
}

#[test]
fn what_is_no_mailbox_is_refused_at_the_octet_that_does_not_fit() {
    for (section, mailbox, kind, offset) in [
        ("4.1.2 Mailbox", "", Syntax, 0),
        ("4.1.2 Mailbox", "joe", Syntax, 3),
        ("4.1.2 Mailbox", "joe@", Syntax, 4),
        ("4.1.2 Mailbox", "@example.com", Syntax, 0),
        ("4.1.2 Mailbox", "joe@example.com ", Syntax, 15),
        ("4.1.2 Mailbox", " joe@example.com", Syntax, 0),
        ("4.1.2 Mailbox", "a@b@c", Syntax, 3),
        ("4.1.2 Dot-string", ".joe@a", Syntax, 0),
        ("4.1.2 Dot-string", "joe.@a", Syntax, 4),
        ("4.1.2 Dot-string", "joe..q@a", Syntax, 4),
        ("4.1.2 atext", "joe smith@a", Syntax, 3),
        ("4.1.2 Quoted-string", r#""joe@a"#, Syntax, 6),
        ("4.1.2 Quoted-string", r#""joe"smith@a"#, Syntax, 5),
        ("4.1.2 Quoted-string", r#"joe."smith"@a"#, Syntax, 4),
        ("4.1.2 qtextSMTP, no control", "\"joe\0\"@a", Syntax, 4),
        (
            "4.1.2 qtextSMTP, no control",
            "\"joe\r\nRSET\"@a",
            Syntax,
            4,
        ),
        ("4.1.2 qtextSMTP, no control", "\"joe\t\"@a", Syntax, 4),
        ("4.1.2 qtextSMTP, no control", "\"joe\x7F\"@a", Syntax, 4),
        (
            "4.1.2 quoted-pairSMTP, no control",
            "\"joe\\\n\"@a",
            Syntax,
            5,
        ),
        ("4.1.2 no control", "joe@a\r\nRSET", Syntax, 5),
        ("4.1.2 no underscore", "joe@my_host", Syntax, 6),
        ("4.1.2 sub-domain", "joe@example.", Syntax, 12),
        ("4.1.2 sub-domain", "joe@a..b", Syntax, 6),
        ("4.1.2 sub-domain", "joe@-a", Syntax, 4),
        ("4.1.2 sub-domain", "joe@a-.b", Syntax, 6),
        ("4.1.3 IPv4-address-literal", "joe@[192.0.2]", Syntax, 4),
        ("4.1.3 address-literal", "joe@[192.0.2.1", Syntax, 14),
        ("4.1.3 address-literal", "joe@192.0.2.1]", Syntax, 13),
        (
            "4.5.3.1.3",
            &format!("{}@{}", label(5), domain_of(249)),
            TooLong,
            254,
        ),
        ("RFC 1035 2.3.4", &format!("a@b.{}", label(64)), TooLong, 67),
        ("RFC 6531 without SMTPUTF8", "jörg@example.com", NonAscii, 1),
        ("RFC 6531 without SMTPUTF8", "a.ö@example.com", NonAscii, 2),
        (
            "RFC 6531 without SMTPUTF8",
            "\"jörg\"@example.com",
            NonAscii,
            2,
        ),
        ("RFC 6531 without SMTPUTF8", "a@x-é.example", NonAscii, 4),
        ("RFC 6531 without SMTPUTF8", "a@b.é", NonAscii, 4),
    ] {
        assert_eq!(
            fault(Mailbox::try_from(mailbox)),
            (kind, offset),
            "{section}: {mailbox:?}"
        );
    }
}

#[test]
fn smtputf8_widens_local_parts_and_labels_and_folds_nothing() {
    for mailbox in [
        "jörg@example.com",
        "\"jörg müller\"@example.com",
        "用户@例子.广告",
        "a@bücher-é.example",
        // U+2163 and U+FF20 look like "IV" and "@" after compatibility folding.
        "\u{2163}\u{FF20}a@b",
        // An ideographic full stop is no dot: this is one label.
        "a@例\u{3002}b",
    ] {
        let parsed = Mailbox::parse_utf8(mailbox).expect(mailbox);
        assert_eq!(parsed.as_str(), mailbox);
        assert_eq!(
            Mailbox::try_from(mailbox).unwrap_err().kind(),
            NonAscii,
            "{mailbox}"
        );
    }
    for (refused, offset) in [
        ("a\u{85}@b", 1),
        ("a@b\u{9B}", 3),
        ("\"\\é\"@b", 2),
        ("a\u{FF20}b", 5),
        ("a@é-", 5),
        ("a@[x:é]", 5),
    ] {
        assert_eq!(
            fault(Mailbox::parse_utf8(refused)),
            (Syntax, offset),
            "{refused:?}"
        );
    }
    let long = format!("a@b.{}", "é".repeat(40));
    assert!(
        Mailbox::parse_utf8(&long).is_ok(),
        "63 octets is the limit of its A-label"
    );
    let long = "é".repeat(128);
    assert_eq!(fault(Domain::parse_utf8(&long)), (TooLong, 255));
}

#[test]
fn a_domain_has_255_octets_at_most_and_a_label_63() {
    assert!(Domain::try_from(domain_of(255).as_str()).is_ok());
    assert_eq!(
        fault(Domain::try_from(domain_of(256).as_str())),
        (TooLong, 255)
    );
    assert!(Domain::try_from(label(63).as_str()).is_ok());
    assert_eq!(fault(Domain::try_from(label(64).as_str())), (TooLong, 63));
}

#[test]
fn a_literal_says_which_address_it_means() {
    let v4 = |a, b, c, d| Literal::V4(Ipv4Addr::new(a, b, c, d));
    let v6 = |text: &str| Literal::V6(text.parse().unwrap());
    for (literal, addr) in [
        ("[0.0.0.0]", v4(0, 0, 0, 0)),
        ("[192.000.002.010]", v4(192, 0, 2, 10)),
        ("[255.255.255.255]", v4(255, 255, 255, 255)),
        ("[IPv6:::]", v6("::")),
        ("[ipV6:::1]", v6("::1")),
        ("[IPv6:1:2:3:4:5:6:7:8]", v6("1:2:3:4:5:6:7:8")),
        ("[IPv6:0001:2:3:4:5:6::]", v6("1:2:3:4:5:6::")),
        ("[IPv6:::3:4:5:6:7:8]", v6("::3:4:5:6:7:8")),
        ("[IPv6:1:2:3::6:7:8]", v6("1:2:3::6:7:8")),
        ("[IPv6:::FFFF:192.0.2.01]", v6("::ffff:192.0.2.1")),
        ("[IPv6:1:2:3:4:5:6:192.0.2.1]", v6("1:2:3:4:5:6:192.0.2.1")),
        ("[IPv6:1:2:3:4::192.0.2.1]", v6("1:2:3:4::192.0.2.1")),
        ("[IPv6:::192.0.2.1]", v6("::192.0.2.1")),
        (
            "[x:y]",
            Literal::General {
                tag: "x",
                content: "y",
            },
        ),
        (
            "[-x400:c=a:b]",
            Literal::General {
                tag: "-x400",
                content: "c=a:b",
            },
        ),
        (
            "[IPv7:1]",
            Literal::General {
                tag: "IPv7",
                content: "1",
            },
        ),
    ] {
        let parsed = AddressLiteral::try_from(literal).expect(literal);
        assert_eq!(parsed.addr(), addr, "{literal}");
        assert_eq!(parsed.to_string(), literal);
        assert_eq!(parsed.clone().into_owned(), parsed);
    }
}

#[test]
fn what_only_resembles_a_literal_is_refused() {
    for literal in [
        "",
        "[]",
        "192.0.2.1",
        "[192.0.2.256]",
        "[192.0.2.0001]",
        "[192.0.2.1.1]",
        "[192.0.2.]",
        "[192.0.2.+1]",
        "[ 192.0.2.1]",
        "[2001:db8::1 ]",
        "[IPv6:]",
        "[IPv6:1]",
        "[IPv6:1:2:3:4:5:6:7]",
        "[IPv6:1:2:3:4:5:6:7:8:9]",
        "[IPv6:1:2:3:4:5:6:7::]",
        "[IPv6:1:2:3:4::6:7:8]",
        "[IPv6:1:2:3:4:5::192.0.2.1]",
        "[IPv6:1:2:3:4:5:6:7:192.0.2.1]",
        "[IPv6:1::2::3]",
        "[IPv6::::]",
        "[IPv6::1]",
        "[IPv6:12345::]",
        "[IPv6:g::]",
        "[IPv6:+1::]",
        "[IPv6:192.0.2.1]",
        "[IPv6:192.0.2.1::]",
        "[IPv6:::192.0.2.1:1]",
        "[IPv6:fe80::1%eth0]",
        "[x:]",
        "[x-:y]",
        "[x_y:z]",
        "[:y]",
        "[x:[y]]",
        "[x:y\\z]",
        "[x:y z]",
        "[x:y\0]",
    ] {
        assert_eq!(
            AddressLiteral::try_from(literal).unwrap_err().kind(),
            Syntax,
            "{literal}"
        );
    }
    assert_eq!(fault(AddressLiteral::try_from("[x:é]")), (NonAscii, 3));
    let long = format!("[x:{}]", label(252));
    assert_eq!(
        fault(AddressLiteral::try_from(long.as_str())),
        (TooLong, 255)
    );
    let long = format!("a@{long}");
    assert_eq!(fault(Mailbox::try_from(long.as_str())), (TooLong, 254));
}

#[test]
fn all_quoted_forms_of_a_local_part_are_equivalent() {
    let joe = LocalPart::try_from("joe").unwrap();
    for spelling in ["joe", r#""joe""#, r#""j\oe""#, r#""\j\o\e""#] {
        let same = LocalPart::try_from(spelling).unwrap();
        assert_eq!(same, joe);
        assert_eq!(same.unquoted(), "joe");
        assert!(HashSet::from([joe.clone()]).contains(&same));
    }
    for other in ["Joe", r#""joe ""#, r#""joe\\""#, r#""""#, "jo"] {
        assert_ne!(LocalPart::try_from(other).unwrap(), joe);
    }
    assert!(matches!(joe.unquoted(), Cow::Borrowed("joe")));
    assert_eq!(LocalPart::try_from(r#""""#).unwrap().unquoted(), "");
    assert_eq!(
        LocalPart::try_from(r#""\"\\""#).unwrap().unquoted(),
        r#""\"#
    );
}

#[test]
fn case_matters_in_front_of_the_at_only() {
    let mailbox = |text| Mailbox::try_from(text).unwrap();
    assert_eq!(mailbox("joe@Example.COM"), mailbox("\"joe\"@example.com"));
    assert_ne!(mailbox("Joe@example.com"), mailbox("joe@example.com"));
    assert_eq!(mailbox("a@[X:y]"), mailbox("a@[X:y]"));
    assert_eq!(mailbox("a@[IPv6:::0001]"), mailbox("a@[ipv6:0::1]"));
    assert_ne!(mailbox("a@[192.0.2.1]"), mailbox("a@192.0.2.1"));
    let seen = HashSet::from([mailbox("joe@Example.COM")]);
    assert!(seen.contains(&mailbox("joe@example.com")));
    assert!(mailbox("a@Example.COM").is_local_to("example.com"));
    assert!(!mailbox("a@sub.example.com").is_local_to("example.com"));
    assert!(!mailbox("\"a@example.com\"@b").is_local_to("example.com"));
}

#[test]
fn a_source_route_is_read_and_dropped() {
    let path = ForwardPath::try_from("<@hosta.int,@jkl.org:userc@d.bar.org>").unwrap();
    assert_eq!(path.to_string(), "<userc@d.bar.org>");
    for (refused, offset) in [
        ("<@a>", 3),
        ("<@a,b:c@d>", 4),
        ("<@a,:c@d>", 4),
        ("<@:c@d>", 2),
        ("<@[192.0.2.1]:c@d>", 2),
        ("<@a:>", 4),
        ("<@a:Postmaster>", 14),
    ] {
        assert_eq!(
            fault(ForwardPath::try_from(refused)),
            (Syntax, offset),
            "{refused}"
        );
        assert_eq!(
            fault(ReversePath::try_from(refused)),
            (Syntax, offset),
            "{refused}"
        );
    }
    let route = format!("<@{}:c@d>", domain_of(249));
    assert!(ForwardPath::try_from(route.as_str()).is_ok());
    let route = format!("<@{}:c@d>", domain_of(251));
    assert_eq!(fault(ForwardPath::try_from(route.as_str())), (TooLong, 256));
    let behind_a_route = format!("<@a:c@{}>", label(64));
    assert_eq!(
        fault(ForwardPath::try_from(behind_a_route.as_str())),
        (TooLong, 69)
    );
}

#[test]
fn the_null_path_and_postmaster_are_never_taken_for_each_other() {
    for null in ["", "<>"] {
        assert_eq!(ReversePath::try_from(null), Ok(ReversePath::Null));
        assert_eq!(ForwardPath::try_from(null).unwrap_err().kind(), Syntax);
    }
    for postmaster in ["postmaster", "<Postmaster>", "<POSTMASTER>"] {
        assert_eq!(
            ForwardPath::try_from(postmaster),
            Ok(ForwardPath::Postmaster)
        );
        assert_eq!(
            ReversePath::try_from(postmaster).unwrap_err().kind(),
            Syntax
        );
    }
    assert!(ForwardPath::Postmaster.is_local_to("any.example"));
    assert_eq!(ForwardPath::Postmaster.to_string(), "<Postmaster>");
    assert_eq!(ForwardPath::Postmaster.mailbox(), None);
    assert_eq!(ReversePath::Null.mailbox(), None);
    for refused in [
        "<Postmaster",
        "<Postmaster >",
        "<Postmasters>",
        "<\"Postmaster\">",
        "< >",
        "<",
    ] {
        assert_eq!(
            ForwardPath::try_from(refused).unwrap_err().kind(),
            Syntax,
            "{refused}"
        );
    }
}

#[test]
fn a_path_ends_with_its_bracket() {
    for (refused, offset) in [
        ("<a@b", 4),
        ("<a@b>>", 5),
        ("<a@b> ", 5),
        ("a@b>", 3),
        ("<<a@b>>", 1),
    ] {
        assert_eq!(
            fault(ReversePath::try_from(refused)),
            (Syntax, offset),
            "{refused}"
        );
    }
}

#[test]
fn debug_shows_the_text_in_quotes() {
    assert_eq!(
        format!("{:?}", Mailbox::try_from("a@b").unwrap()),
        r#"Mailbox("a@b")"#
    );
    assert_eq!(
        format!("{:?}", Domain::try_from("b").unwrap()),
        r#"Domain("b")"#
    );
}

fn local_part() -> impl Strategy<Value = String> {
    prop_oneof![
        r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,9}(\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,9}){0,2}",
        r#""([ !#-\[\]-~]|\\[ -~]){0,20}""#,
    ]
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?){0,3}",
        any::<IpAddr>().prop_map(|addr| AddressLiteral::from(addr).to_string()),
        r"\[X[a-z0-9-]{0,4}[a-z0-9]:[!-Z^-~]{1,20}\]",
    ]
}

/// Text that is nearly an address.
fn near_address() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r#"<?(@a[,:])?[a.é"\\\r\n\x00\x{80} ]{0,6}@?[a.\-é\[\]:1]{0,6}>?"#,
    ]
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same_mailbox(local_part in local_part(), host in host()) {
        let (local, at) = (LocalPart::try_from(local_part.as_str())?, Host::try_from(host.as_str())?);
        let made = Mailbox::new(&local, &at)?;
        let text = made.to_string();
        let read = Mailbox::try_from(text.as_str())?;
        prop_assert_eq!(&read, &made);
        prop_assert_eq!(read.local_part(), local);
        prop_assert_eq!(read.local_part().to_string(), local_part);
        prop_assert_eq!(read.host(), at);
        prop_assert_eq!(read.host().to_string(), host);
        prop_assert_eq!(read.clone().into_owned(), read.clone());

        let reverse = ReversePath::from(read.clone());
        prop_assert_eq!(ReversePath::try_from(reverse.to_string().as_str())?.into_owned(), reverse);
        let forward = ForwardPath::from(read);
        prop_assert_eq!(ForwardPath::try_from(forward.to_string().as_str())?.into_owned(), forward);
    }

    #[test]
    fn what_is_read_is_written_as_it_was_and_holds_no_control_character(text in near_address()) {
        for read in [Mailbox::try_from(text.as_str()), Mailbox::parse_utf8(&text)] {
            match read {
                Ok(mailbox) => {
                    prop_assert_eq!(mailbox.to_string(), text.as_str());
                    prop_assert!(!text.contains(char::is_control));
                }
                Err(error) => prop_assert!(error.offset() <= text.len()),
            }
        }
        if let Ok(path) = ReversePath::parse_utf8(&text) {
            let written = path.to_string();
            prop_assert_eq!(ReversePath::parse_utf8(&written)?, path);
            prop_assert!(!written.contains(char::is_control));
        }
        if let Ok(path) = ForwardPath::parse_utf8(&text) {
            let written = path.to_string();
            prop_assert_eq!(ForwardPath::parse_utf8(&written)?, path);
            prop_assert!(!written.contains(char::is_control));
        }
    }

    #[test]
    fn an_address_that_lacks_only_smtputf8_is_told_from_a_malformed_one(text in near_address()) {
        match (ForwardPath::try_from(text.as_str()), ForwardPath::parse_utf8(&text)) {
            (Ok(ascii), utf8) => prop_assert_eq!(Ok(ascii), utf8),
            (Err(error), Ok(_)) => {
                prop_assert_eq!(error.kind(), NonAscii);
                prop_assert_eq!(Some(error.offset()), text.find(|c: char| !c.is_ascii()));
            }
            (Err(_), Err(_)) => prop_assert!(Mailbox::parse_utf8(&text).is_err()),
        }
    }

    #[test]
    fn a_text_that_means_an_address_to_core_net_means_the_same_here(text in "[0-9a-f:.]{0,24}") {
        let literal = format!("[IPv6:{text}]");
        let read = AddressLiteral::try_from(literal.as_str()).map(|literal| match literal.addr() {
            Literal::V6(addr) => addr,
            other => panic!("{other:?}"),
        });
        match (text.parse::<Ipv6Addr>(), read) {
            (Ok(theirs), Ok(ours)) => prop_assert_eq!(theirs, ours),
            // RFC 5321 §4.1.3: "::" stands for two groups at least.
            (Ok(_), Err(_)) => prop_assert_eq!(text.matches(':').count(), 8),
            // Zeros in front of an IPv4 number.
            (Err(_), Ok(_)) => prop_assert!(text.contains(".0") || text.contains(":0")),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn an_ip_address_reads_back_from_its_literal(addr in any::<IpAddr>()) {
        let made = AddressLiteral::from(addr);
        let text = made.to_string();
        let read = AddressLiteral::try_from(text.as_str())?;
        prop_assert_eq!(&read, &made);
        prop_assert_eq!(read.addr(), match addr {
            IpAddr::V4(addr) => Literal::V4(addr),
            IpAddr::V6(addr) => Literal::V6(addr),
        });
    }
}
