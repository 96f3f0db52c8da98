//! Transcripts as files: cases of `C:` and `S:` lines, and directives.

use std::fs;
use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Client(Vec<u8>),
    Server(Vec<u8>),
    /// A directive's name and value.
    Directive(String, String),
}

pub(crate) struct Case {
    /// File and title.
    pub(crate) name: String,
    lines: Vec<Line>,
}

/// What stands for `# proven` in a client's case.
const PROOF: &str = "\
C: MAIL FROM:<a@b>
C: RCPT TO:<c@d>
S: 250 ok
S: 250 ok
# recipient 0: 250 ok
C: BDAT 0 LAST
S: 250 ok
# sent: 250 ok
";

impl Case {
    pub(crate) fn directives(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Directive(name, value) => Some((name.as_str(), value.as_str())),
            _ => None,
        })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.directives().any(|(known, _)| known == name)
    }

    /// The session in which a server has taken a message by BDAT before the first one.
    fn prove(&mut self) {
        let mut clients = self.lines.iter().enumerate();
        let behind_ehlo = clients
            .by_ref()
            .filter(|(_, line)| client_line(line).is_some())
            .nth(1);
        let at = behind_ehlo.map_or(self.lines.len(), |(at, _)| at);
        let proof = PROOF.lines().map(|line| read(line).unwrap());
        self.lines.splice(at..at, proof);
        self.lines
            .insert(0, read("# send: a@b to c@d | \"\"").unwrap());
    }

    /// All that one side says.
    pub(crate) fn said(&self, side: fn(&Line) -> Option<&Vec<u8>>) -> Vec<u8> {
        self.lines
            .iter()
            .filter_map(side)
            .flatten()
            .copied()
            .collect()
    }

    /// Turn by turn: what the side that is played says, and what the other side is to say then.
    pub(crate) fn turns(
        &self,
        played: fn(&Line) -> Option<&Vec<u8>>,
        tested: fn(&Line) -> Option<&Vec<u8>>,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut turns = vec![(Vec::new(), Vec::new())];
        for line in &self.lines {
            if let Some(said) = played(line) {
                if turns.last().is_some_and(|(_, answer)| !answer.is_empty()) {
                    turns.push((Vec::new(), Vec::new()));
                }
                turns.last_mut().unwrap().0.extend_from_slice(said);
            } else if let Some(said) = tested(line) {
                turns.last_mut().unwrap().1.extend_from_slice(said);
            }
        }
        turns
    }

    /// The events that are to come.
    pub(crate) fn events(&self) -> Vec<String> {
        const EVENTS: [&str; 12] = [
            "challenge",
            "reply",
            "delivered",
            "message",
            "reset",
            "aborted",
            "closed",
            "recipient",
            "sent",
            "refused",
            "not sent",
            "error",
        ];
        let events = self.directives().filter(|(name, _)| {
            EVENTS
                .iter()
                .any(|event| name == event || name.starts_with(&format!("{event} ")))
        });
        let whole = events.map(|(name, value)| match value {
            "" => name.to_string(),
            _ => format!("{name}: {value}"),
        });
        whole.map(|event| escape(&unescape(&event))).collect()
    }
}

pub(crate) fn client_line(line: &Line) -> Option<&Vec<u8>> {
    match line {
        Line::Client(octets) => Some(octets),
        _ => None,
    }
}

pub(crate) fn server_line(line: &Line) -> Option<&Vec<u8>> {
    match line {
        Line::Server(octets) => Some(octets),
        _ => None,
    }
}

pub(crate) fn cases(side: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts")
        .join(side);
    let mut cases = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(title) = line.strip_prefix("=== ") {
                let name = format!("{}: {title}", path.display());
                cases.push(Case {
                    name,
                    lines: Vec::new(),
                });
            } else if !line.is_empty() && !line.starts_with("--") {
                let case = cases.last_mut().expect("a title first");
                case.lines
                    .push(read(line).unwrap_or_else(|| panic!("{}: {line}", case.name)));
            }
        }
    }
    for case in cases.iter_mut().filter(|case| case.has("proven")) {
        case.prove();
    }
    cases
}

fn read(line: &str) -> Option<Line> {
    if let Some(directive) = line.strip_prefix("# ") {
        let (name, value) = directive.split_once(": ").unwrap_or((directive, ""));
        return Some(Line::Directive(name.into(), value.into()));
    }
    let (side, text) = line.split_at_checked(2)?;
    let text = text.strip_prefix(' ').unwrap_or(text);
    let octets = match text.strip_suffix('\\') {
        Some(text) if !text.ends_with('\\') => unescape(text),
        _ => [&unescape(text)[..], b"\r\n"].concat(),
    };
    match side {
        "C:" => Some(Line::Client(octets)),
        "S:" => Some(Line::Server(octets)),
        _ => None,
    }
}

pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        octets.extend_from_slice(before.as_bytes());
        let (kind, behind) = escape.split_at(1);
        rest = behind;
        match kind {
            "r" => octets.push(b'\r'),
            "n" => octets.push(b'\n'),
            "t" => octets.push(b'\t'),
            "0" => octets.push(0),
            "x" => {
                octets.push(u8::from_str_radix(&behind[..2], 16).unwrap());
                rest = &behind[2..];
            }
            "[" => {
                let (repeat, behind) = behind.split_once(']').unwrap();
                let (what, times) = repeat.rsplit_once('*').unwrap();
                octets.extend(what.repeat(times.parse().unwrap()).bytes());
                rest = behind;
            }
            other => octets.extend_from_slice(other.as_bytes()),
        }
    }
    octets.extend_from_slice(rest.as_bytes());
    octets
}

pub(crate) fn escape(octets: &[u8]) -> String {
    octets
        .escape_ascii()
        .to_string()
        .replace("\\\"", "\"")
        .replace("\\'", "'")
}
