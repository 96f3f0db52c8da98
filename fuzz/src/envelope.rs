//! What a client is to send, as the inputs of `client` and `pair` write it behind their script:
//! the sender, the recipients, a line each, and an empty line.

use crate::script::{Script, split_line};
use smtp_proto::client::Config;
use smtp_proto::{BodyType, Envelope, Hello, Newlines};

/// The envelope, `None` where one of the lines is no address, and what stands behind it. With `7`
/// or `8` the body's type is declared, with `z` its size.
pub(crate) fn split<'a>(script: &Script<'_>, data: &'a [u8]) -> (Option<Envelope>, &'a [u8]) {
    let mut lines = Vec::new();
    let mut rest = data;
    loop {
        let (line, behind) = split_line(rest);
        rest = behind;
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    (build(script, &lines, rest.len()), rest)
}

fn build(script: &Script<'_>, lines: &[&[u8]], size: usize) -> Option<Envelope> {
    let mut lines = lines.iter().map(|line| str::from_utf8(line));
    let from = match lines.next()?.ok()? {
        "<>" => "",
        from => from,
    };
    let to = lines.collect::<Result<Vec<_>, _>>().ok()?;
    let mut envelope = Envelope::new(from, to).ok()?;
    if script.has(b'7') {
        envelope = envelope.with_body(BodyType::SevenBit);
    } else if script.has(b'8') {
        envelope = envelope.with_body(BodyType::EightBitMime);
    }
    if script.has(b'z') {
        envelope = envelope.with_size(size as u64);
    }
    Some(envelope)
}

/// What the settings' letters mean to a client: `p` no pipelining, `r` CRLF required of content,
/// `h` HELO, `o` little output at a time.
pub(crate) fn config(script: &Script<'_>) -> Config {
    let hello = if script.has(b'h') {
        Hello::helo("client.example.com")
    } else {
        Hello::ehlo("client.example.com")
    };
    let mut config = Config::new(hello.expect("a name"));
    config.pipelining = !script.has(b'p');
    if script.has(b'r') {
        config.newlines = Newlines::RequireCrlf;
    }
    if script.has(b'o') {
        config.output = 16;
    }
    config
}
