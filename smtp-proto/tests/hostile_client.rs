//! A server of any driver's against a client that says anything: no panic, no endless loop, bounded
//! memory, one reply a command, and the same events however the octets are cut.

mod common;

use common::calls::{Call, call, read};
use common::{Server, Verdict, answer, describe, is_request, server_config, take};
use proptest::collection::vec;
use proptest::prelude::*;
use smtp_proto::Refusal;
use smtp_proto::bytes::{Buf, BytesMut};
use smtp_proto::server::{self, BareNewline, Event};

/// What a client may say, whole lines and parts of them.
fn talk() -> impl Strategy<Value = Vec<u8>> {
    const TOKENS: [&[u8]; 32] = [
        b"EHLO a\r\n",
        b"HELO b\r\n",
        b"MAIL FROM:<a@b>\r\n",
        b"MAIL FROM:<> SIZE=99\r\n",
        b"RCPT TO:<c@d>\r\n",
        b"RCPT TO:<",
        b"DATA\r\n",
        b"DATA\r\n",
        b"\r\n.\r\n",
        b".\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"VRFY x\r\n",
        b"HELP\r\n",
        b"QUIT\r\n",
        b"STARTTLS\r\n",
        b"BDAT 5\r\n",
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03",
        b"\r\n",
        b"\r",
        b"\n",
        b".",
        b"\0",
        b" ",
        b"\xE9",
        b"\n.\n",
        b"\r\n.\n",
        b"\r\n.\r",
        b"x@y> SIZE=5\r\n",
        b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
        b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
    ];
    let token = prop_oneof![
        12 => prop::sample::select(TOKENS.to_vec()).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..20),
        1 => (500..900_usize).prop_map(|octets| vec![b'x'; octets]),
    ];
    let opening = prop_oneof![
        Just(&b""[..]),
        Just(b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n".as_slice()),
    ];
    (opening, vec(token, 0..25)).prop_map(|(opening, tokens)| [opening, &tokens.concat()].concat())
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        20 => Just(Verdict::Accept),
        2 => Just(Verdict::Reject(Refusal::policy())),
        1 => Just(Verdict::Reject(Refusal::shutting_down())),
        4 => Just(Verdict::Defer),
        1 => Just(Verdict::Ignore),
    ]
}

/// Tight limits, so that they are met.
fn tight() -> server::Config {
    let mut config = server_config();
    config.limits.message = Some(60);
    config.limits.recipients = 2;
    config.limits.command_line = 1;
    config.limits.input = 1_000;
    config.limits.output = 200;
    config
}

/// Follows a server's events and panics where one can't come.
#[derive(Debug, Default)]
struct Follower {
    mail: bool,
    recipients: usize,
    body: Body,
    closed: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Body {
    #[default]
    None,
    Sound,
    Void,
    /// Whole, and not decided on.
    Whole,
}

impl Follower {
    fn transaction_ends(&mut self) {
        *self = Self {
            closed: self.closed.take(),
            ..Self::default()
        };
    }

    fn see(&mut self, event: &Event<'_>, verdict: &Verdict) {
        let what = describe(event);
        let yes = matches!(verdict, Verdict::Accept);
        if let Some(closed) = &self.closed {
            return assert_eq!(&what, closed, "closed is closed");
        }
        match (event, self.body) {
            (Event::Body(chunk), Body::Sound) => assert!(!chunk.is_empty()),
            (Event::Aborted(_), Body::Sound) => self.body = Body::Void,
            (Event::Message(_), Body::Sound | Body::Whole) => {
                self.body = Body::Whole;
                if !matches!(verdict, Verdict::Defer) {
                    self.transaction_ends();
                }
            }
            (Event::Body(_) | Event::Aborted(_) | Event::Message(_), body) => {
                panic!("{what} in {body:?}")
            }
            (Event::Closed(_), Body::Sound) => {
                panic!("closed, and nobody was told that the body is void")
            }
            (_, Body::Sound) => panic!("{what} in a body"),
            (_, Body::Void | Body::Whole) => self.transaction_ends(),
            (_, Body::None) => {}
        }
        match event {
            Event::Reset => {
                assert!(self.mail, "a reset of nothing");
                self.transaction_ends();
            }
            Event::Mail(_) => {
                assert!(!self.mail, "MAIL within a transaction");
                self.mail = yes;
            }
            Event::Rcpt(_) => {
                assert!(self.mail, "RCPT without MAIL");
                self.recipients += usize::from(yes);
            }
            Event::Data(_) => {
                assert!(self.recipients > 0, "DATA without a recipient");
                self.body = if yes { Body::Sound } else { Body::None };
            }
            Event::Closed(_) => self.closed = Some(what),
            _ => {}
        }
    }
}

/// Whether octets are reply lines and nothing else.
fn is_replies(output: &[u8]) -> bool {
    let line = |line: &[u8]| match line {
        [
            b'2'..=b'5',
            b'0'..=b'9',
            b'0'..=b'9',
            b' ' | b'-',
            text @ ..,
            b'\r',
            b'\n',
        ] => text
            .iter()
            .all(|octet| matches!(octet, b' '..=b'~' | b'\t')),
        _ => false,
    };
    output.split_inclusive(|&octet| octet == b'\n').all(line)
}

/// A policy that answers by what it was given, in turns, and puts nothing off twice running.
fn in_turns(verdicts: Vec<Verdict>) -> impl FnMut(&str) -> Verdict + Clone {
    let mut turn = 0;
    move |_| {
        turn += 1;
        match verdicts.get(turn % (verdicts.len() + 1)) {
            None => Verdict::Accept,
            Some(verdict) => verdict.clone(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_server_survives_any_octets_and_any_order_of_calls(
        talk in talk(),
        calls in vec(call(), 1..200),
        verdicts in vec(verdict(), 1..8),
        relaxed in any::<bool>(),
    ) {
        let mut config = tight();
        config.accept_bare_lf_in_commands = relaxed;
        if relaxed {
            config.bare_newline = BareNewline::AcceptAsData;
        }
        let (most_input, most_output) = (config.command_line().max(config.limits.input) + 1, 200 + 1_000);
        let mut conn = server::Connection::new(config.into());
        let (mut follower, mut output) = (Follower::default(), BytesMut::new());
        let mut verdicts = verdicts.iter().cycle();
        let (mut rest, mut held, mut events, mut old) = (&talk[..], 0, 0, None);
        for call in &calls {
            match call {
                Call::Receive(octets) => {
                    held += read(conn.receive_buf(), &mut rest, *octets);
                    prop_assert!(held <= most_input);
                }
                Call::Poll => {
                    let event = conn.poll();
                    // Some of what was held may be used up.
                    held = 0;
                    match &event {
                        Event::NeedInput | Event::Flush => {}
                        _ => {
                            let verdict = verdicts.next().unwrap();
                            follower.see(&event, verdict);
                            let put_off = is_request(&event) && matches!(verdict, Verdict::Defer);
                            events += usize::from(!put_off && follower.closed.is_none());
                            answer(event, verdict.clone());
                        }
                    }
                }
                Call::Write(octets) => take(conn.transmit(), *octets, &mut output),
                Call::Expire => {
                    if let Some(timeout) = conn.timeout() {
                        conn.handle_timeout(timeout);
                    }
                }
                Call::ExpireOld => {
                    let now = conn.timeout();
                    if let (Some(old), Some(now)) = (old, now) && old != now {
                        let waiting = conn.transmit().remaining();
                        conn.handle_timeout(old);
                        prop_assert_eq!(conn.timeout(), Some(now));
                        prop_assert_eq!(conn.transmit().remaining(), waiting);
                    }
                    old = now;
                }
                Call::Shutdown => conn.shutdown(),
                Call::End => conn.receive_eof(),
            }
            prop_assert!(conn.transmit().remaining() <= most_output);
        }
        prop_assert!(events <= 2 * talk.len() + 10, "{} events", events);
        let closed = follower.closed.is_some();
        take(conn.transmit(), usize::MAX, &mut output);
        // A client that didn't read may have got part of a line.
        let lines = output.iter().rposition(|&octet| octet == b'\n').map_or(0, |end| end + 1);
        prop_assert!(is_replies(&output[..lines]), "{:?}", output);
        prop_assert!(!closed || conn.timeout().is_none());
    }

    #[test]
    fn the_same_octets_give_a_server_the_same_events_however_they_are_cut(
        talk in talk(),
        cuts in vec(1..20_usize, 1..20),
        verdicts in vec(verdict(), 1..8),
        relaxed in any::<bool>(),
    ) {
        let mut config = tight();
        config.accept_bare_lf_in_commands = relaxed;
        if relaxed {
            config.bare_newline = BareNewline::AcceptAsData;
        }
        let start = |verdicts: Vec<Verdict>| {
            let mut server = Server::new(config.clone(), in_turns(verdicts));
            let open = server.run();
            (server, open)
        };
        let (mut whole, open) = start(verdicts.clone());
        let open_whole = open && whole.feed(&talk);
        let (mut cut, mut open) = start(verdicts);
        let (mut rest, mut cuts) = (&talk[..], cuts.iter().cycle());
        while open && !rest.is_empty() {
            let (segment, behind) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            rest = behind;
            open = cut.feed(segment);
        }
        for (server, open) in [(&mut whole, open_whole), (&mut cut, open)] {
            if open {
                server.conn.receive_eof();
                server.run();
            }
        }
        prop_assert_eq!(&whole.seen, &cut.seen);
        prop_assert_eq!(format!("{:?}", whole.conn.session()), format!("{:?}", cut.conn.session()));
        prop_assert!(is_replies(&whole.seen.output));
    }

    #[test]
    fn every_command_gets_one_reply_until_the_connection_closes(
        lines in vec(
            prop_oneof![
                10 => prop::sample::select(vec![
                    "EHLO a", "HELO a", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA", "RSET", "NOOP", "VRFY a",
                    "EXPN a", "HELP", "STARTTLS", "MAIL", "RCPT TO:<", "DATA x", "", "WHAT",
                ]).prop_map(String::from),
                1 => "[ -~]{0,40}",
                1 => (500..900_usize).prop_map(|octets| "x".repeat(octets)),
            ],
            0..40,
        ),
        verdicts in vec(verdict(), 1..8),
    ) {
        let mut config = tight();
        config.limits.junk_commands = 30;
        let mut server = Server::new(config.clone(), in_turns(verdicts.clone()));
        let mut open = server.run();
        prop_assert_eq!(server.seen.replies(), 1);
        let mut input = Vec::new();
        let mut say = |server: &mut Server<_>, said: &[u8]| {
            let before = server.seen.replies();
            input.extend_from_slice(said);
            let open = server.feed(said);
            (open, server.seen.replies() - before)
        };
        for line in &lines {
            if !open {
                break;
            }
            let replies;
            (open, replies) = say(&mut server, format!("{line}\r\n").as_bytes());
            prop_assert_eq!(replies, 1, "{}", line);
            if server.seen.output.ends_with(b"354 end data with <CRLF>.<CRLF>\r\n") {
                let replies;
                (open, replies) = say(&mut server, b"a\r\n..\r\n.\r\n");
                prop_assert_eq!(replies, 1);
            }
        }
        // In one flight the replies are the same ones.
        let mut flight = Server::new(config, in_turns(verdicts));
        if flight.run() {
            flight.feed(&input);
        }
        prop_assert_eq!(&flight.seen.output, &server.seen.output);
    }
}
