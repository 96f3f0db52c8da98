//! What a client is to send, as the inputs of `client` and `pair` write it behind their script:
//! the sender, the recipients, a line each, and an empty line.

use crate::offers;
use crate::script::{Cuts, Script, split_line};
use smtp_proto::client::{Config, Ready, SendError};
use smtp_proto::extension::Burl;
use smtp_proto::{BodyType, Command, Envelope, Hello, Newlines, Syntax};

/// The least octets of a message that is repeated: some chunks of a client's.
const LONG: usize = 140_000;

/// The envelope, `None` where one of the lines is none of it, and what stands behind it. A line is
/// an address, or a path in its brackets with parameters behind it. With `7`, `8` or `B` the body's
/// type is declared, with `z` its size.
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
    let (from, to) = lines.split_first()?;
    let mut envelope = match command("MAIL FROM:", from)? {
        Command::Mail(mail) => Envelope::from(mail),
        _ => return None,
    };
    for to in to {
        match command("RCPT TO:", to)? {
            Command::Rcpt(rcpt) => envelope.push(rcpt),
            _ => return None,
        }
    }
    let types = [
        (b'7', BodyType::SevenBit),
        (b'8', BodyType::EightBitMime),
        (b'B', BodyType::BinaryMime),
    ];
    let declared = types.into_iter().find(|(letter, _)| script.has(*letter));
    if let Some((_, body)) = declared {
        envelope = envelope.with_body(body);
    }
    if script.has(b'z') {
        envelope = envelope.with_size(size as u64);
    }
    Some(envelope)
}

/// The command that line stands for, everything being offered.
fn command(verb: &str, line: &[u8]) -> Option<Command<'static>> {
    let line = str::from_utf8(line).ok()?;
    let offers = offers::everything();
    let mut syntax = Syntax::new(&offers);
    syntax.utf8 = true;
    let line = match line {
        path if path.starts_with('<') => format!("{verb}{path}"),
        // Whether a sender may be UTF-8 is for the client to say.
        mailbox if verb.starts_with('M') && !mailbox.is_ascii() => {
            format!("{verb}<{mailbox}> SMTPUTF8")
        }
        mailbox => format!("{verb}<{mailbox}>"),
    };
    let command = Command::parse(line.as_bytes(), syntax).ok()?;
    Some(command.into_owned())
}

/// What the message is: what the input says or, with `R`, that over and over.
pub(crate) fn content(script: &Script<'_>, content: &[u8]) -> Vec<u8> {
    match content.len() {
        0 => Vec::new(),
        octets if script.has(b'R') => content.repeat(LONG.div_ceil(octets)),
        _ => content.to_vec(),
    }
}

/// How many octets of the message are handed over, and written out, at a time: as the script cuts, or
/// many times as many of a long one.
pub(crate) fn scaled<'a>(script: &Script<'_>, cuts: Cuts<'a>) -> Cuts<'a> {
    let times = if script.has(b'R') { 64 } else { 1 };
    Box::new(cuts.map(move |cut| cut.saturating_mul(times)))
}

/// Where the message stands that a server is to fetch.
pub(crate) const URL: &str = "imap://joe@imap.example.org/outbox;uid=3";

/// Begins to send: with `U`, what stands elsewhere.
pub(crate) fn send(
    script: &Script<'_>,
    ready: Ready<'_>,
    envelope: &Envelope,
) -> Result<(), SendError> {
    let envelope = envelope.clone();
    if script.has(b'U') {
        ready.send_url(envelope, &Burl::new(URL, false).expect("a URL"))
    } else {
        ready.send(envelope)
    }
}

/// What the settings' letters mean to a client:
///
/// | letter | |
/// |---|---|
/// | `p` | no pipelining |
/// | `c` | no BDAT |
/// | `x` | the extension of our own is known |
/// | `K` | no passwords in clear |
/// | `u` | next to nothing of a message is sent before its recipients are answered |
/// | `r` | CRLF required of content |
/// | `h` | HELO |
/// | `L` | LMTP |
/// | `o` | little output at a time |
pub(crate) fn config(script: &Script<'_>) -> Config {
    let hello = match () {
        () if script.has(b'L') => Hello::lhlo("client.example.com"),
        () if script.has(b'h') => Hello::helo("client.example.com"),
        () => Hello::ehlo("client.example.com"),
    };
    let mut config = Config::new(hello.expect("a name"));
    config.send_clear_passwords = !script.has(b'K');
    config.pipelining = !script.has(b'p');
    config.chunking = !script.has(b'c');
    if script.has(b'x') {
        config.own = vec![offers::own()];
    }
    if script.has(b'u') {
        config.unseen = 8;
    }
    if script.has(b'r') {
        config.newlines = Newlines::RequireCrlf;
    }
    if script.has(b'o') {
        config.output = 16;
    }
    config
}
