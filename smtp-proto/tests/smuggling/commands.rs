//! The server and lines: nothing but CRLF ends one, or LF where a setting says so, and nothing is taken
//! for a command that came before the greeting or behind a line that can't be trusted.

use crate::common::{Server, Verdict, server_config};
use crate::cuts::{cuts, segments};
use crate::judge::{Given, play, server};

/// A line with one octet in it that some server took for its end.
const TWO_IN_ONE: [(&str, &str); 4] = [
    ("MAIL FROM:<a@b>", "RCPT TO:<evil@x>"),
    ("NOOP", "MAIL FROM:<evil@x>"),
    ("VRFY a", "RSET"),
    ("HELP", ""),
];

const BEHIND: &str = "\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<evil@x>\r\nDATA\r\nevil\r\n.\r\n";

#[test]
fn behind_a_lone_cr_or_lf_in_a_command_nothing_is_one() {
    for relaxed in [false, true] {
        let mut config = server_config();
        config.accept_bare_lf_in_commands = relaxed;
        let server = server(config, &["EHLO a\r\n"]);
        let newlines = ["\r", "\r\r\n", "\n", "\n\r"];
        let newlines = &newlines[..if relaxed { 2 } else { 4 }];
        for (one, two) in TWO_IN_ONE {
            for newline in newlines {
                let flight = format!("{one}{newline}{two}{BEHIND}");
                let window = one.len()..one.len() + newline.len();
                for cuts in cuts(flight.len(), &window) {
                    let given = play(&server, flight.as_bytes(), &cuts);
                    assert_eq!(given, Given::default(), "{flight:?} cut at {cuts:?}");
                }
            }
        }
    }
}

#[test]
fn a_nul_in_a_command_costs_the_command_alone() {
    let server = server(server_config(), &["EHLO a\r\n"]);
    let mut expected = Given::default();
    expected.transaction(["a@b", "c@d"], Some(b"one\r\n".to_vec()));
    for nul in [
        "MAIL FROM:<evil@x>\0\r\n",
        "MAIL\0FROM:<evil@x>\r\n",
        "MAIL FROM:<evil\0@x>\r\n",
        "NOOP\0\r\n",
        "\0MAIL FROM:<evil@x>\r\n",
    ] {
        let flight =
            format!("{nul}MAIL FROM:<a@b>\r\n{nul}RCPT TO:<c@d>\r\n{nul}DATA\r\none\r\n.\r\n{nul}");
        for cuts in cuts(flight.len(), &(0..0)) {
            let given = play(&server, flight.as_bytes(), &cuts);
            assert_eq!(given, expected, "{nul:?} cut at {cuts:?}");
        }
    }
}

#[test]
fn an_lf_ends_a_command_where_a_setting_says_so_and_a_cr_behind_it_none() {
    let mut config = server_config();
    config.accept_bare_lf_in_commands = true;
    let server = server(config, &["EHLO a\n"]);
    let mut expected = Given::default();
    expected.transaction(["a@b", "c@d"], Some(b"one\r\n".to_vec()));
    let flight = "MAIL FROM:<a@b>\nRCPT TO:<c@d>\r\nDATA\none\r\n.\r\nNOOP\n\rMAIL FROM:<evil@x>\n";
    for cuts in cuts(flight.len(), &(0..0)) {
        let given = play(&server, flight.as_bytes(), &cuts);
        assert_eq!(given, expected, "cut at {cuts:?}");
    }
}

#[test]
fn what_comes_before_the_greeting_is_a_command_only_where_a_setting_says_so() {
    let flight = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\none\r\n.\r\n";
    let mut whole = Given::default();
    whole.transaction(["a@b", "c@d"], Some(b"one\r\n".to_vec()));
    for accepted in [false, true] {
        let mut config = server_config();
        config.accept_early_talk = accepted;
        for early in 0..flight.len() {
            let (before, behind) = flight.as_bytes().split_at(early);
            for cuts in cuts(behind.len(), &(0..0)) {
                let mut server = Server::new(config.clone(), |_: &str| Verdict::Accept);
                server.conn.receive(before);
                let mut open = server.run();
                for segment in segments(behind, &cuts) {
                    open = open && server.feed(segment);
                }
                let expected = if accepted || early == 0 {
                    whole.clone()
                } else {
                    Given::default()
                };
                let given = Given::of(&server.seen);
                assert_eq!(given, expected, "{early} octets, cut at {cuts:?}");
            }
        }
    }
}
