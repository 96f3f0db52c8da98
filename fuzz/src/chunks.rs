//! Sessions with BDAT in them: events, replies and the places where commands stand are those of a
//! reader that goes octet by octet.

use crate::reference::{Heard, Reader, Rules};
use crate::said::Said;
use crate::script::{self, Script};
use crate::serve::serve;
use crate::settings;
use smtp_proto::Extension;

/// A script's line, of which the cuts and the settings `b`, `L` and `s` count, then what a client
/// sends behind its hello. Each command has one spelling here: those of `src/reference/chunks.rs`.
pub fn chunks(data: &[u8]) {
    let (script, input) = Script::split(data);
    let mut config = settings::framing(&script);
    config.offers.add(Extension::EightBitMime);
    config.offers.add(Extension::Chunking);
    config.offers.add(Extension::BinaryMime);
    config.accept_bare_lf_in_commands = false;

    let rules = Rules {
        lmtp: script.has(b'L'),
        bare: script.has(b'b'),
        octets: config.limits.message.unwrap_or(u64::MAX),
        recipients: config.limits.recipients,
    };
    let expected = Reader::new(rules).read(input);
    let Heard { octets, .. } = expected;
    let hello: &[u8] = if rules.lmtp {
        b"LHLO client.example.com\r\n"
    } else {
        b"EHLO client.example.com\r\n"
    };
    let input = [hello, &input[..octets]].concat();
    for cuts in [script::whole(), script.cuts(), script::octets()] {
        let found = serve(config.clone(), &Script::default(), cuts, &input);
        // The greeting and the hello come first.
        assert_eq!(found.events[2..], expected.events);
        let codes: Vec<_> = found.said.iter().filter_map(code).skip(2).collect();
        assert_eq!(codes, expected.codes, "{:?}", found.said);
    }
}

/// The code of a line that ends a reply.
fn code(said: &Said) -> Option<u16> {
    let Said::Server(line) = said else {
        return None;
    };
    let code = str::from_utf8(&line[..3]).expect("digits");
    (line[3] == b' ').then(|| code.parse().expect("digits"))
}
