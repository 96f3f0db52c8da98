//! The server and bodies that come by BDAT (RFC 3030 §2): a chunk ends behind as many octets as its
//! command says, whatever they are, and a size that can't be read leads to no command at all.

use crate::common::server_config;
use crate::cuts::cuts;
use crate::false_ends::bodies;
use crate::judge::{Given, is_sound, play, server};
use smtp_proto::Extension;
use smtp_proto::server::{BareNewline, Config};

const OPENING: [&str; 3] = ["EHLO a\r\n", "MAIL FROM:<a@b>\r\n", "RCPT TO:<c@d>\r\n"];

/// A chunk that was refused wants RSET.
const BEHIND: &str =
    "RSET\r\nMAIL FROM:<e@f>\r\nRCPT TO:<g@h>\r\nBDAT 8 LAST\r\nsecond\r\nNOOP\r\n";

fn chunking(bare_newline: BareNewline) -> Config {
    let mut config = server_config();
    config.bare_newline = bare_newline;
    config.offers.add(Extension::Chunking);
    config.offers.add(Extension::BinaryMime);
    config
}

/// The first so many octets in a chunk, the rest in another, and a message behind.
fn flight(octets: &[u8], first: usize) -> Vec<u8> {
    let (one, two) = octets.split_at(first);
    let mut flight = format!("BDAT {}\r\n", one.len()).into_bytes();
    flight.extend_from_slice(one);
    flight.extend_from_slice(format!("BDAT {} LAST\r\n", two.len()).as_bytes());
    flight.extend_from_slice(two);
    flight.extend_from_slice(BEHIND.as_bytes());
    flight
}

#[test]
fn nothing_in_a_chunk_ends_it_wherever_chunks_and_segments_are_cut() {
    for bare_newline in [BareNewline::Reject, BareNewline::AcceptAsData] {
        let server = server(chunking(bare_newline), &OPENING);
        for body in bodies() {
            let mut expected = Given::default();
            let sound = is_sound(&body.octets, bare_newline);
            expected.transaction(["a@b", "c@d"], sound.then(|| body.octets.clone()));
            expected.transaction(["e@f", "g@h"], Some(b"second\r\n".to_vec()));
            for first in body.end.start..=body.end.end {
                let flight = flight(&body.octets, first);
                for cuts in cuts(flight.len(), &(0..0)) {
                    let given = play(&server, &flight, &cuts);
                    assert_eq!(given, expected, "{body} in two at {first}, cut at {cuts:?}");
                }
            }
        }
    }
}

#[test]
fn a_binary_message_may_hold_anything_and_ends_where_its_chunks_do() {
    let opening = [
        OPENING[0],
        "MAIL FROM:<a@b> BODY=BINARYMIME\r\n",
        OPENING[2],
    ];
    let server = server(chunking(BareNewline::Reject), &opening);
    for body in bodies() {
        for first in body.end.start..=body.end.end {
            let flight = flight(&body.octets, first);
            for cuts in cuts(flight.len(), &(0..0)) {
                let given = play(&server, &flight, &cuts);
                let messages = [
                    ("<a@b> <c@d>".to_string(), body.octets.clone()),
                    ("<e@f> <g@h>".to_string(), b"second\r\n".to_vec()),
                ];
                assert_eq!(
                    given.messages, messages,
                    "{body} at {first}, cut at {cuts:?}"
                );
                assert!(!given.asked.concat().contains("evil"));
            }
        }
    }
}

#[test]
fn behind_a_size_that_cannot_be_read_or_is_not_reached_nothing_is_a_command() {
    let mut unlimited = chunking(BareNewline::AcceptAsData);
    unlimited.limits.message = None;
    let limited = server(chunking(BareNewline::AcceptAsData), &OPENING);
    let unlimited = server(unlimited, &OPENING);
    for size in [
        "-1",
        "+5",
        "0x10",
        "5 LAST x",
        "5LAST",
        "5, LAST",
        "",
        "LAST",
        "\u{0665}",
        // 2³² + 5, 2⁶³ - 1 and 2⁶⁴ + 5: what of them is left in fewer bits is five, or less than none.
        "4294967301",
        "4294967301 LAST",
        "9223372036854775807",
        "18446744073709551621",
        "99999999999999999999999999 LAST",
    ] {
        let smuggled = "RSET\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<evil@x>\r\nBDAT 4 LAST\r\nevil";
        let flight = format!("BDAT {size}\r\nfive.{smuggled}");
        for cuts in cuts(flight.len(), &(0..0)) {
            for server in [&limited, &unlimited] {
                let given = play(server, flight.as_bytes(), &cuts);
                assert_eq!(given.messages, [], "{size}, cut at {cuts:?}");
                let asked = ["MAIL FROM:<a@b>", "RCPT TO:<c@d>"];
                assert_eq!(given.asked, asked, "{size}, cut at {cuts:?}");
            }
        }
    }
}

#[test]
fn an_empty_last_chunk_ends_the_message_and_what_follows_is_commands() {
    let server = server(chunking(BareNewline::Reject), &OPENING);
    let mut expected = Given::default();
    expected.transaction(["a@b", "c@d"], Some(Vec::new()));
    expected.transaction(["e@f", "g@h"], Some(b"second\r\n".to_vec()));
    let flight = format!("BDAT 0 LAST\r\n{BEHIND}");
    for cuts in cuts(flight.len(), &(0..15)) {
        let given = play(&server, flight.as_bytes(), &cuts);
        assert_eq!(given, expected, "cut at {cuts:?}");
    }
}
