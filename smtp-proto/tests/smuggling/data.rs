//! The server and bodies that come by DATA: only `CRLF . CRLF` ends one, whatever the settings.

use crate::common::server_config;
use crate::cuts::cuts;
use crate::false_ends::bodies;
use crate::judge::{Given, Play, is_sound, play, server};
use smtp_proto::Hello;
use smtp_proto::server::{BareNewline, Config, Dialect, Hasty};

const OPENING: [&str; 4] = [
    "EHLO a\r\n",
    "MAIL FROM:<a@b>\r\n",
    "RCPT TO:<c@d>\r\n",
    "DATA\r\n",
];

const BEHIND: [&str; 5] = [
    "MAIL FROM:<e@f>\r\n",
    "RCPT TO:<g@h>\r\n",
    "DATA\r\n",
    "second\r\n",
    ".\r\n",
];

/// Every combination of what can be relaxed, and of what is done with those who don't wait.
fn settings() -> impl Iterator<Item = Config> {
    (0..16_u8).map(|bits| {
        let mut config = server_config();
        if bits & 1 != 0 {
            config.bare_newline = BareNewline::AcceptAsData;
        }
        config.accept_bare_lf_in_commands = bits & 2 != 0;
        config.accept_early_talk = bits & 4 != 0;
        if bits & 8 != 0 {
            config.hasty_clients = Hasty::Close;
        }
        config
    })
}

/// The content of a message as DATA has it: up to the first `CRLF . CRLF`, the CRLF of DATA being one,
/// and the rest.
fn up_to_the_end(text: &[u8]) -> (&[u8], &[u8]) {
    let with_data = [b"\r\n", text].concat();
    let end = with_data.windows(5).position(|five| five == b"\r\n.\r\n");
    let end = end.expect("an end");
    (&text[..end], &text[end + 3..])
}

/// Without the dot that opens a line.
fn unstuffed(content: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    for (at, &octet) in content.iter().enumerate() {
        let opens = at == 0 || content[..at].ends_with(b"\r\n");
        if !(opens && octet == b'.') {
            octets.push(octet);
        }
    }
    octets
}

fn expected(content: &[u8], bare_newline: BareNewline) -> Given {
    let body = is_sound(content, bare_newline).then(|| unstuffed(content));
    let mut given = Given::default();
    given.transaction(["a@b", "c@d"], body);
    given.transaction(["e@f", "g@h"], Some(b"second\r\n".to_vec()));
    given
}

/// As the client has it that waits where it has to: what stands behind the body line by line.
fn politely(server: &Play, text: &[u8], cuts: &[usize]) -> Given {
    let mut lines: Vec<_> = cuts.iter().copied().filter(|at| *at < text.len()).collect();
    let mut end = text.len();
    let mut octets = text.to_vec();
    for line in BEHIND {
        lines.push(end);
        octets.extend_from_slice(line.as_bytes());
        end = octets.len();
    }
    play(server, &octets, &lines)
}

#[test]
fn no_false_end_ends_a_message_in_any_setting_and_at_any_segmentation() {
    for config in settings() {
        let (bare_newline, hasty) = (config.bare_newline, config.hasty_clients);
        let newline = if config.accept_bare_lf_in_commands {
            "\n"
        } else {
            "\r\n"
        };
        let opening = OPENING.map(|line| line.replace("\r\n", newline));
        let server = server(config, &opening);
        for body in bodies() {
            let text = [&body.octets[..], b"\r\n.\r\n"].concat();
            let (content, rest) = up_to_the_end(&text);
            assert!(rest.is_empty(), "{body}: only the last end is one");
            let expected = expected(content, bare_newline);
            let flight = [&text[..], BEHIND.concat().as_bytes()].concat();
            for cuts in cuts(flight.len(), &body.end) {
                let given = play(&server, &flight, &cuts);
                match hasty {
                    Hasty::Serve => assert_eq!(given, expected, "{body} cut at {cuts:?}"),
                    // Some cuts have octets behind DATA before it is answered.
                    Hasty::Close => {
                        assert!(given.is_start_of(&expected), "{body} cut at {cuts:?}");
                        let given = politely(&server, &text, &cuts);
                        assert_eq!(given, expected, "{body} cut at {cuts:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn no_false_end_ends_a_message_that_is_too_big_already() {
    let mut config = server_config();
    config.limits.message = Some(0);
    config.bare_newline = BareNewline::AcceptAsData;
    let server = server(config, &OPENING);
    for body in bodies() {
        let text = [b"x", &body.octets[..], b"\r\n.\r\n"].concat();
        let flight = [&text[..], b"MAIL FROM:<e@f>\r\n"].concat();
        for cuts in cuts(flight.len(), &body.end) {
            let given = play(&server, &flight, &cuts);
            let asked = ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "MAIL FROM:<e@f>"];
            assert_eq!(given.asked, asked, "{body} cut at {cuts:?}");
            assert_eq!(given.messages, [], "{body} cut at {cuts:?}");
        }
    }
}

#[test]
fn no_false_end_ends_a_message_in_lmtp() {
    let mut config = server_config();
    config.dialect = Dialect::Lmtp;
    config.bare_newline = BareNewline::AcceptAsData;
    let lhlo = format!("{}\r\n", Hello::lhlo("a").unwrap());
    let server = server(config, &[&lhlo[..], OPENING[1], OPENING[2], OPENING[3]]);
    for body in bodies() {
        let text = [&body.octets[..], b"\r\n.\r\n"].concat();
        let expected = expected(up_to_the_end(&text).0, BareNewline::AcceptAsData);
        let flight = [&text[..], BEHIND.concat().as_bytes()].concat();
        for cuts in cuts(flight.len(), &body.end) {
            let given = play(&server, &flight, &cuts);
            assert_eq!(given, expected, "{body} cut at {cuts:?}");
        }
    }
}

#[test]
fn every_true_end_is_found_at_any_segmentation_whatever_stands_before_it() {
    for bare_newline in [BareNewline::Reject, BareNewline::AcceptAsData] {
        let mut config = server_config();
        config.bare_newline = bare_newline;
        let server = server(config, &OPENING);
        for text in [
            &b".\r\n"[..],
            b"a\r\n.\r\n",
            b"\r\n.\r\n",
            b"..\r\n.\r\n",
            // Whoever misses these hangs.
            b"a\r\r\n.\r\n",
            b"\r\r\n.\r\n",
            b"\n\r\n.\r\n",
            b"a\n.\r\n\r\n.\r\n",
            b"\r\n.\r\r\n.\r\n",
            b"\0\r\n.\r\n",
        ] {
            let (content, _) = up_to_the_end(text);
            let expected = expected(content, bare_newline);
            let flight = [text, BEHIND.concat().as_bytes()].concat();
            for cuts in cuts(flight.len(), &(0..text.len())) {
                let given = play(&server, &flight, &cuts);
                assert_eq!(given, expected, "{text:?} cut at {cuts:?}");
            }
        }
    }
}
