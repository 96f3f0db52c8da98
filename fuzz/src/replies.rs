//! Replies as a client reads them: each one, and the first that is none, are those of a reader that
//! goes octet by octet, at any segmentation and within the limits.

use crate::reference::{Lines, Read, replies};
use crate::script::{self, Cuts, Script};
use smtp_proto::bytes::Buf;
use smtp_proto::client::{Closed, Config, Connection, Error, Event};
use smtp_proto::{Envelope, Hello, Reply, ReplyLimits};
use std::sync::Arc;

/// How many replies are read at most: to so many recipients.
const RECIPIENTS: usize = 40;

/// A script's line, of which the cuts count and the settings `s` for small limits and `n` for a
/// server without enhanced status codes, then what a server answers to RCPT after RCPT.
pub fn reply(data: &[u8]) {
    let (script, input) = Script::split(data);
    let mut limits = ReplyLimits::default();
    if script.has(b's') {
        (limits.line, limits.lines, limits.octets) = (40, 4, 90);
    }
    let enhanced = !script.has(b'n');
    let expected = replies(input, &limits, RECIPIENTS);
    for cuts in [script::whole(), script.cuts(), script::octets()] {
        let found = read(input, &limits, enhanced, cuts);
        assert_eq!(found.fault, expected.fault, "behind {:?}", found.replies);
        assert_eq!(found.replies.len(), expected.replies.len());
        for (found, expected) in found.replies.iter().zip(&expected.replies) {
            compare(found, expected, enhanced);
        }
    }
}

fn compare(found: &Reply, (code, lines): &Lines, enhanced: bool) {
    assert_eq!(found.code().value(), *code);
    let prefix = found.enhanced().map(|code| format!("{code}"));
    assert!(enhanced || prefix.is_none(), "a code that wasn't announced");
    let texts = found.text().as_lines();
    for (text, line) in texts.zip(lines) {
        assert!(!text.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)));
        let shown: Vec<u8> = line.iter().map(|&octet| visible(octet)).collect();
        match &prefix {
            None => assert_eq!(text, shown),
            Some(code) => {
                let rest = shown
                    .strip_prefix(code.as_bytes())
                    .expect("the code on each line");
                assert_eq!(text, rest.strip_prefix(b" ").unwrap_or(rest));
                assert_eq!(
                    u16::from(code.as_bytes()[0] - b'0'),
                    found.code().value() / 100
                );
            }
        }
    }
    assert_eq!(found.text().as_lines().count(), lines.len());
}

fn visible(octet: u8) -> u8 {
    if octet != b'\t' && octet.is_ascii_control() {
        b'?'
    } else {
        octet
    }
}

/// What a client that has sent all its recipients reads in `input`.
fn read(input: &[u8], limits: &ReplyLimits, enhanced: bool, cuts: Cuts<'_>) -> Read<Reply> {
    let mut conn = recipients_sent(limits, enhanced);
    let (mut read, mut rest) = (
        Read {
            replies: Vec::new(),
            fault: None,
        },
        input,
    );
    for cut in cuts {
        let taken = conn.receive(&rest[..rest.len().min(cut)]);
        assert!(taken > 0 || rest.is_empty(), "wants input and takes none");
        rest = &rest[taken..];
        loop {
            if read.replies.len() == RECIPIENTS {
                return read;
            }
            match conn.poll() {
                Ok(Event::Recipient { index, reply }) => {
                    assert_eq!(index, read.replies.len());
                    read.replies.push(reply);
                }
                Ok(Event::Refused { reply, .. }) => {
                    read.replies.push(reply.clone());
                    let closed = conn.poll();
                    assert!(
                        matches!(closed, Ok(Event::Closed(Closed::Server(why))) if why == reply)
                    );
                    return read;
                }
                Ok(Event::NeedInput) if rest.is_empty() => return read,
                Ok(Event::NeedInput) => break,
                Ok(event) => panic!("{event:?} behind {:?}", read.replies),
                Err(Error::UnexpectedReply(reply)) => {
                    read.replies.push(reply);
                    return read;
                }
                Err(Error::Reply(fault)) => {
                    read.fault = Some(fault);
                    assert!(matches!(conn.poll(), Err(Error::Reply(again)) if again == fault));
                    return read;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    read
}

fn recipients_sent(limits: &ReplyLimits, enhanced: bool) -> Connection {
    let hello = Hello::ehlo("client.example.com").expect("a name");
    let mut config = Config::new(hello);
    config.replies = limits.clone();
    let mut conn = Connection::new(Arc::new(config));
    let offer: &[u8] = if enhanced {
        b"250-mx\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n"
    } else {
        b"250-mx\r\n250 PIPELINING\r\n"
    };
    let to = (0..RECIPIENTS).map(|number| format!("r{number}@example.org"));
    let mut envelope = Envelope::new("a@example.com", to).ok();
    let mut answers = [&b"220 mx\r\n"[..], offer, b"250 2.1.0 ok\r\n"].into_iter();
    loop {
        match conn.poll().expect("a good server") {
            Event::NeedInput => match answers.next() {
                Some(answer) => assert_eq!(conn.receive(answer), answer.len()),
                None => return conn,
            },
            Event::Flush => {
                let all = conn.transmit().remaining();
                conn.transmit().advance(all);
            }
            Event::Ready(ready) => {
                let envelope = envelope.take().expect("one message");
                ready.send(envelope).expect("an ASCII envelope");
            }
            event => panic!("{event:?}"),
        }
    }
}
