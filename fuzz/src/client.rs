//! The client's machine: the same replies give the same events and commands, whatever the
//! segments; every line it writes is a command, and every body it writes ends once.

use crate::envelope;
use crate::reference;
use crate::script::Script;
use crate::talk::{Part, Segments, Talked};
use smtp_proto::{Command, Envelope, Extensions, Offers, Syntax};

/// Between what the client has to send and what the server says.
const FENCE: &[u8] = b"\n----\n";

/// A script's line, the envelope, the message, a line `----`, and what the server sends.
///
/// The verdicts are the client's: `a` goes on, `i` leaves it for the next `poll`, `d` hears the
/// server's next reply first, anything else gives up. With `t` the wait behind the last reply runs
/// out, otherwise the server hangs up.
pub fn client(data: &[u8]) {
    let (script, rest) = Script::split(data);
    let (envelope, rest) = envelope::split(&script, rest);
    let envelope = envelope.unwrap_or_else(|| {
        Envelope::new("a@example.com", ["b@example.org", "c@example.org"]).expect("addresses")
    });
    let fence = rest.windows(FENCE.len()).position(|window| window == FENCE);
    let (content, server) = match fence {
        Some(at) => (&rest[..at], &rest[at + FENCE.len()..]),
        None => (&[][..], rest),
    };
    let part = Part {
        script,
        config: envelope::config(&script),
        envelope: &envelope,
        content,
        server,
    };
    let whole = part.talk(Segments::Whole);
    check(&part, &whole);
    for segments in [Segments::Scripted, Segments::Octets] {
        let cut = part.talk(segments);
        assert_eq!(cut.told, whole.told);
        if whole.failed {
            // How much of it was out by then is a matter of time.
            let same =
                cut.written.starts_with(&whole.written) || whole.written.starts_with(&cut.written);
            assert!(same, "other words");
        } else {
            assert_eq!(cut.written, whole.written);
        }
        check(&part, &cut);
    }
}

/// What was written are commands, each a line, and bodies where bodies were asked for.
fn check(part: &Part<'_>, talked: &Talked) {
    let mut rest = &talked.written[..];
    let mut bodies = talked.bodies.iter();
    let mut body = bodies.next();
    let mut last = Vec::new();
    let mut eight_bit = false;
    let offers = Offers::from(Extensions::ALL);
    while !rest.is_empty() {
        let at = talked.written.len() - rest.len();
        if let Some(begun) = body.filter(|body| body.start == at) {
            body = bodies.next();
            let Some(octets) = check_body(part, rest, begun.finished, eight_bit) else {
                assert!(
                    talked.failed || talked.told.iter().any(|told| told.starts_with("Server("))
                );
                return;
            };
            rest = &rest[octets..];
            continue;
        }
        let Some(end) = rest.iter().position(|&octet| octet == b'\n') else {
            assert!(talked.failed, "half a line: {}", rest.escape_ascii());
            return;
        };
        let line = rest[..end].strip_suffix(b"\r").expect("CRLF ends a line");
        rest = &rest[end + 1..];
        // A body for nobody, where the server wants one though it refused everyone.
        if line != b"." || last != b"DATA" {
            let command = Command::parse(line, Syntax::new(&offers));
            let command =
                command.unwrap_or_else(|error| panic!("{error}: {}", line.escape_ascii()));
            assert_eq!(command.to_string().as_bytes(), line);
            if let Command::Mail(mail) = &command {
                eight_bit = mail.body() == Some(smtp_proto::BodyType::EightBitMime);
            }
        }
        last = line.to_vec();
    }
}

/// How many octets the body takes up, if its end was written.
fn check_body(part: &Part<'_>, octets: &[u8], finished: bool, eight_bit: bool) -> Option<usize> {
    let decoded = reference::decode(octets, false, u64::MAX);
    assert_eq!(decoded.fault, None);
    decoded.end?;
    assert!(finished, "an end nobody asked for");
    let sent = reference::canonical(part.content, part.config.newlines, !eight_bit);
    assert_eq!(Some(decoded.message), sent);
    decoded.end
}
