//! Bodies as they arrive: the message, its first fault and the place of its end are those of a
//! decoder that goes octet by octet, and what stands behind the end are commands.

use crate::observe::{Run, Seen};
use crate::reference::{self, Void};
use crate::script::{self, Cuts, Script};
use crate::serve::serve;
use crate::settings;
use smtp_proto::server::{Config, Dialect};

const HELLO: &[u8] = b"EHLO client.example.com\r\n";
const ENVELOPE: &[u8] = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n";

/// A script's line, of which the cuts and the settings `b` and `s` count, then what stands behind
/// DATA.
pub fn body(data: &[u8]) {
    let (script, input) = Script::split(data);
    let mut config = settings::framing(&script);
    config.dialect = Dialect::Smtp;
    let limit = config.limits.message.unwrap_or(u64::MAX);
    let expected = reference::decode(input, script.has(b'b'), limit);
    let prelude = [HELLO, ENVELOPE].concat();
    let before = run(&config, script::whole(), &[&prelude]);
    let rest = expected.end.map_or(&[][..], |end| &input[end..]);
    let greeted = run(&config, script::whole(), &[HELLO]);
    let behind = run(&config, script::whole(), &[HELLO, rest]);

    let mut events = before.events;
    if !expected.message.is_empty() {
        events.push(Seen::Body(expected.message));
    }
    if let Some(fault) = expected.fault {
        events.push(Seen::Aborted(fault.into()));
    } else if expected.end.is_some() {
        events.push(Seen::Asked("message", String::new()));
    }
    events.extend_from_slice(&behind.events[greeted.events.len()..]);
    let code: &[u8] = match (expected.end, expected.fault) {
        (None, _) => b"",
        (Some(_), None) => b"250 ",
        (Some(_), Some(Void::TooBig)) => b"552 ",
        (Some(_), Some(Void::Content(_))) => b"550 ",
    };

    for cuts in [script::whole(), script.cuts(), script::octets()] {
        let found = run(&config, cuts, &[&prelude, input]);
        assert_eq!(found.events, events);
        let replies = found
            .output
            .strip_prefix(&before.output[..])
            .expect("the same prelude");
        let own = replies.strip_suffix(&behind.output[greeted.output.len()..]);
        let own = own.expect("behind it, what the rest gets by itself");
        assert!(own.starts_with(code), "{}", own.escape_ascii());
        let lines = own.split_inclusive(|&octet| octet == b'\n').count();
        assert_eq!(
            lines,
            usize::from(expected.end.is_some()),
            "one reply a body"
        );
    }
}

fn run(config: &Config, cuts: Cuts<'_>, parts: &[&[u8]]) -> Run {
    serve(config.clone(), &Script::default(), cuts, &parts.concat())
}
