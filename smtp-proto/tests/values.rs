//! No value that can be built writes a stray CR, LF or NUL: whatever text its constructor is given,
//! it either refuses or stays on its line.

mod common;

use common::{Server, Verdict, server_config};
use proptest::prelude::*;
use smtp_proto::address::{
    AddressLiteral, Domain, ForwardPath, Host, LocalPart, Mailbox, ReversePath,
};
use smtp_proto::reply::Text;
use smtp_proto::{
    Command, Entry, Envelope, Extensions, Hello, Mail, Offers, Rcpt, Refusal, Syntax,
};

/// Text with a bent for what ends lines.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        2 => "[\r\n\0\t]",
        2 => "[ -~]{1,10}",
        2 => prop::sample::select(vec![
            "a@b", "<a@b>", "\"a", "\\", "@", "<", ">", ":", "[IPv6:", "]", "[127.0.0.1]", "Postmaster", ".",
            "\u{85}", "\u{2028}", "é", "\u{FF20}", " SIZE=1", "+0D",
        ]).prop_map(String::from),
        1 => any::<String>(),
    ];
    prop_oneof![
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()),
        // An address but for one octet.
        (
            "[a-z]{1,3}",
            "[\r\n\0\t\u{80}-\u{9F} \"]",
            "[a-z]{0,3}",
            any::<bool>()
        )
            .prop_map(|(a, odd, b, quoted)| {
                if quoted {
                    format!("\"{a}{odd}{b}\"@c")
                } else {
                    format!("{a}{odd}{b}@c")
                }
            }),
    ]
}

fn stays_on_its_line(line: &str) -> bool {
    !line.contains(|c: char| c.is_control())
}

/// The output of a server that gives `verdict` to RCPT, behind the reply to MAIL.
fn reply_to_rcpt(verdict: &Verdict) -> Vec<u8> {
    let mut server = Server::new(server_config(), |request: &str| match request {
        "RCPT TO:<c@d>" => verdict.clone(),
        _ => Verdict::Accept,
    });
    server.run();
    server.feed(b"HELO a\r\nMAIL FROM:<a@b>\r\n");
    let before = server.seen.output.len();
    server.feed(b"RCPT TO:<c@d>\r\n");
    server.seen.output[before..].to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_address_holds_a_control_character(text in text()) {
        let written = [
            Domain::parse_utf8(&text).map(|value| value.to_string()),
            AddressLiteral::try_from(&*text).map(|value| value.to_string()),
            Host::parse_utf8(&text).map(|value| value.to_string()),
            LocalPart::parse_utf8(&text).map(|value| value.to_string()),
            Mailbox::parse_utf8(&text).map(|value| value.to_string()),
            ReversePath::parse_utf8(&text).map(|value| value.to_string()),
            ForwardPath::parse_utf8(&text).map(|value| value.to_string()),
        ];
        for line in written.into_iter().flatten() {
            prop_assert!(stays_on_its_line(&line), "{:?}", line);
        }
    }

    #[test]
    fn no_command_that_can_be_built_is_more_than_one_line(
        (one, two) in (text(), text()),
        size in any::<Option<u64>>(),
        octets in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut lines = Vec::new();
        lines.extend(Hello::ehlo(&one).map(|hello| hello.to_string()));
        lines.extend(Hello::helo(&one).map(|hello| hello.to_string()));
        if let Ok(envelope) = Envelope::new(&one, [&two]) {
            let envelope = envelope.with_size(size);
            lines.push(envelope.mail().to_string());
            lines.extend(envelope.recipients().iter().map(ToString::to_string));
        }
        lines.extend(ReversePath::parse_utf8(&one).map(|from| Mail::new(from).to_string()));
        lines.extend(ForwardPath::parse_utf8(&one).map(|to| Rcpt::new(to).to_string()));
        let offers = Offers::from(Extensions::ALL);
        let syntax = Syntax::new(&offers);
        for verb in [
            "EHLO ", "MAIL FROM:", "MAIL FROM:<> ", "RCPT TO:", "RCPT TO:<a@b> ", "VRFY ", "HELP ", "NOOP ",
            "AUTH ", "BDAT ", "BURL ", "ETRN ", "ATRN ", "XCLIENT NAME=", "XFORWARD IDENT=", "",
        ] {
            for argument in [one.as_bytes(), &octets] {
                let line = [verb.as_bytes(), argument].concat();
                lines.extend(Command::parse(&line, syntax).map(|command| command.to_string()));
            }
        }
        for line in lines {
            prop_assert!(stays_on_its_line(&line), "{:?}", line);
        }
    }

    #[test]
    fn no_reply_that_can_be_built_is_more_lines_than_its_text(texts in prop::collection::vec(text(), 1..4)) {
        let lines: Vec<_> = texts.iter().map(String::as_str).collect();
        let Ok(text) = Text::lines(lines.iter().copied()) else {
            let sound = |line: &&str| line.len() <= 496 && line.chars().all(|c| c == '\t' || (' '..='~').contains(&c));
            prop_assert!(!lines.iter().all(sound));
            return Ok(());
        };
        let refusal = Refusal::with_text(550, (5, 1, 1), text.clone()).unwrap();
        for (verdict, start) in [
            (Verdict::Text(text), ["250-2.1.5 ", "250 2.1.5 "]),
            (Verdict::Reject(refusal), ["550-5.1.1 ", "550 5.1.1 "]),
        ] {
            let mut expected = String::new();
            for (index, line) in lines.iter().enumerate() {
                expected += start[usize::from(index + 1 == lines.len())];
                expected += line;
                expected += "\r\n";
            }
            let written = String::from_utf8(reply_to_rcpt(&verdict)).unwrap();
            prop_assert!(written.lines().all(|line| line.len() + 2 <= 512));
            prop_assert_eq!(written, expected);
        }
    }

    #[test]
    fn a_refusal_is_4yz_or_5yz_with_an_enhanced_code_of_its_class(
        code in any::<u16>(),
        enhanced in (0..9_u8, 0..1_100_u16, 0..1_100_u16),
    ) {
        let class = u16::from(enhanced.0);
        let sound = (400..600).contains(&code) && code / 100 == class && enhanced.1 < 1_000 && enhanced.2 < 1_000;
        prop_assert_eq!(Refusal::new(code, enhanced, "no").is_ok(), sound);
    }

    #[test]
    fn a_transcript_shows_visible_ascii_only(octets in prop::collection::vec(any::<u8>(), 0..50)) {
        for entry in [Entry::Client(&octets), Entry::Server(&octets)] {
            prop_assert!(entry.to_string().bytes().all(|octet| matches!(octet, b' '..=b'~')));
        }
    }

    #[test]
    fn a_path_a_message_is_forwarded_to_stays_on_its_line(text in text()) {
        let Ok(path) = ForwardPath::parse_utf8(&text) else { return Ok(()) };
        let written = reply_to_rcpt(&Verdict::Forward(path.into_owned()));
        prop_assert!(written.starts_with(b"251 2.1.5 "));
        prop_assert!(written.iter().filter(|octet| **octet < 32).eq(b"\r\n"));
    }
}
