//! The server's machine: the same octets give the same events, replies and session, whatever the
//! segments, and one reply to each command.

use crate::observe::Run;
use crate::script::{self, Script};
use crate::serve::serve;
use crate::settings::config;

/// A script's line (`src/script.rs`), then what the client sends.
pub fn server(data: &[u8]) {
    let (script, input) = Script::split(data);
    let run = |cuts| serve(config(&script), &script, cuts, input);
    let whole = run(script::whole());
    compare(&whole, &run(script.cuts()));
    compare(&whole, &run(script::octets()));
    let commands = input
        .windows(2)
        .filter(|pair| *pair == b"\r\n" || pair[1] == b'\n')
        .count();
    assert!(
        whole.output.len() <= 1024 * (commands + 3),
        "more output than commands explain"
    );
}

fn compare(one: &Run, other: &Run) {
    assert_eq!(one.events, other.events);
    assert_eq!(
        one.output.escape_ascii().to_string(),
        other.output.escape_ascii().to_string()
    );
    assert_eq!(one.session, other.session);
    assert_eq!(one.said, other.said);
}
