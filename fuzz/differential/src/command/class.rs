//! The rule that gives a difference about a command line its class: by what we say is wrong with it, or
//! by what of it a peer doesn't take.

use super::{one, parse};
use crate::family::Case;
use crate::reading::{Difference, Reading};
use smtp_proto::address::{AddressLiteral, Domain, Host, Literal, LocalPart, Mailbox};
use smtp_proto::command::{SyntaxError, SyntaxErrorKind};
use smtp_proto::extension::RawParameter;
use smtp_proto::{Command, Mail, Rcpt};

pub(super) fn class(case: &Case<'_>) -> String {
    let line = one(case.input);
    match (case.difference, parse(line)) {
        (Difference::Takes, Err(error)) => {
            let values = case.peer.name == "Stalwart";
            format!("refused-{}", refused(line, error, values))
        }
        (Difference::Refuses, Ok(command)) => format!("taken-{}", taken(case, &command)),
        (Difference::Reads(field), Ok(command)) => format!("read-{}", read(field, case, &command)),
        (Difference::Panics, _) => "panic".to_owned(),
        // A line can't be both.
        _ => "unknown".to_owned(),
    }
}

/// Why we refuse a line; `values` if it was taken by somebody who looks at the values of parameters.
pub(crate) fn refused(line: &[u8], error: SyntaxError, values: bool) -> String {
    let verb = super::verb(line).to_ascii_lowercase();
    match error.kind {
        SyntaxErrorKind::Control => match line.get(error.offset) {
            Some(0) => "nul".to_owned(),
            Some(b'\r') => "cr".to_owned(),
            Some(b'\n') => "lf".to_owned(),
            Some(b'\t') => "tab".to_owned(),
            _ => "control".to_owned(),
        },
        SyntaxErrorKind::UnknownVerb if line.starts_with(b" ") => "blank-first".to_owned(),
        SyntaxErrorKind::UnknownVerb => "verb".to_owned(),
        SyntaxErrorKind::Argument if matches!(verb.as_str(), "mail" | "rcpt") => {
            // The offset is that of a parameter, or right behind the verb.
            let what = if error.offset == 4 {
                "from-or-to"
            } else {
                "parameters"
            };
            what.to_owned()
        }
        SyntaxErrorKind::Argument if matches!(verb.as_str(), "ehlo" | "helo" | "lhlo") => {
            hello(line).to_owned()
        }
        SyntaxErrorKind::Argument => format!("argument-of-{verb}"),
        SyntaxErrorKind::UnexpectedArgument => "argument-where-none-is".to_owned(),
        SyntaxErrorKind::NonAscii => "non-ascii".to_owned(),
        SyntaxErrorKind::NonAsciiAddress => "utf8-path-without-smtputf8".to_owned(),
        SyntaxErrorKind::ReversePath | SyntaxErrorKind::ForwardPath => path(line).to_owned(),
        SyntaxErrorKind::UnknownParameter | SyntaxErrorKind::ParameterValue => {
            parameter(line, error, values)
        }
        SyntaxErrorKind::Base64 => "base64".to_owned(),
        SyntaxErrorKind::ChunkSize => chunk(line).to_owned(),
        _ => "unknown".to_owned(),
    }
}

fn hello(line: &[u8]) -> &'static str {
    let name = line.get(5..).unwrap_or_default();
    if name.is_ascii() && name.contains(&b' ') {
        "blank-in-hello"
    } else if !name.is_ascii() {
        "non-ascii-hello"
    } else if name.len() > 255 {
        "long-hello"
    } else if name.contains(&b'[') || name.contains(&b']') {
        "literal-in-hello"
    } else {
        "hello"
    }
}

/// What is wrong with a path.
fn path(line: &[u8]) -> &'static str {
    let Some(colon) = line.iter().position(|octet| *octet == b':') else {
        return "unknown";
    };
    let path = &line[colon + 1..];
    if path.starts_with(b" ") {
        return "blank-before-path";
    }
    let Some(path) = path.strip_prefix(b"<") else {
        return "path-without-brackets";
    };
    let Ok(path) = str::from_utf8(path) else {
        return "path-of-no-utf8";
    };
    let Some(end) = unquoted(path, '>') else {
        return "path-without-end";
    };
    let (path, behind) = path.split_at(end);
    if !matches!(behind.as_bytes(), [b'>'] | [b'>', b' ', ..]) {
        return "text-behind-path";
    }
    if path.is_empty() {
        return "null-forward-path";
    }
    if path.len() + 2 > 256 {
        return "long-path";
    }
    let mailbox = match path.strip_prefix('@') {
        None => path,
        Some(_) => match unquoted(path, ':') {
            Some(colon) if path[..colon].split(',').all(is_at_domain) => &path[colon + 1..],
            _ => return "source-route",
        },
    };
    let Some(at) = unquoted(mailbox, '@') else {
        return "path-without-domain";
    };
    let (local, host) = (&mailbox[..at], &mailbox[at + 1..]);
    if LocalPart::parse_utf8(local).is_err() {
        if local.starts_with('"') {
            "quoted-string"
        } else {
            "dot-string"
        }
    } else if host.starts_with('[') && AddressLiteral::try_from(host).is_err() {
        "literal"
    } else if Domain::parse_utf8(host).is_err() {
        if host.contains('@') {
            "second-at"
        } else {
            domain(host)
        }
    } else {
        "unknown"
    }
}

fn domain(host: &str) -> &'static str {
    if host.split('.').any(|label| label.len() > 63) {
        "long-label"
    } else if host.contains('_') {
        "underscore-in-domain"
    } else if host.contains("..") || host.starts_with('.') || host.ends_with('.') {
        "empty-label"
    } else if host.is_empty() {
        "empty-domain"
    } else {
        "domain"
    }
}

fn is_at_domain(text: &str) -> bool {
    text.strip_prefix('@')
        .is_some_and(|name| Domain::parse_utf8(name).is_ok())
}

/// Where that character stands outside of quotes and of the brackets behind an `@`.
fn unquoted(text: &str, wanted: char) -> Option<usize> {
    let (mut quoted, mut escaped, mut literal, mut last) = (false, false, false, ' ');
    text.char_indices().find_map(|(at, character)| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !literal => quoted = !quoted,
            '[' if last == '@' && !quoted => literal = true,
            ']' => literal = false,
            _ if character == wanted && !quoted && !literal => return Some(at),
            _ => {}
        }
        last = character;
        None
    })
}

/// What is wrong with a list of parameters.
fn parameter(line: &[u8], error: SyntaxError, values: bool) -> String {
    let (before, list) = line.split_at(error.offset.min(line.len()));
    if list.starts_with(b" ") || list.is_empty() && before.ends_with(b" ") {
        return "blanks-in-parameters".to_owned();
    }
    let what = match error.kind {
        SyntaxErrorKind::UnknownParameter => "unknown-parameter",
        _ => "value",
    };
    if !values {
        return what.to_owned();
    }
    let keyword = list.split(|octet| matches!(octet, b'=' | b' ')).next();
    let keyword = String::from_utf8_lossy(keyword.unwrap_or_default()).to_ascii_lowercase();
    let before = String::from_utf8_lossy(before).to_ascii_lowercase();
    if error.kind == SyntaxErrorKind::UnknownParameter {
        "unknown-parameter-of-value-reader".to_owned()
    } else if before.contains(&format!(" {keyword}")) {
        "doubled-parameter".to_owned()
    } else {
        format!("value-of-{keyword}")
    }
}

fn chunk(line: &[u8]) -> &'static str {
    let argument = line.get(4..).unwrap_or_default().trim_ascii();
    let size = argument.split(|octet| !octet.is_ascii_digit()).next();
    let size = size.unwrap_or_default();
    let behind = &argument[size.len()..];
    if size.is_empty() {
        "chunk-without-size"
    } else if !behind.is_empty() && !behind.starts_with(b" ") {
        "chunk-size-of-other-octets"
    } else if size.len() > 18 {
        "chunk-size-over-63-bits"
    } else if behind.is_empty() || behind.trim_ascii().eq_ignore_ascii_case(b"LAST") {
        "blanks-in-bdat"
    } else {
        "text-behind-bdat"
    }
}

/// What the peer doesn't take: whatever it is, it takes the line without it.
fn taken(case: &Case<'_>, command: &Command<'_>) -> String {
    let takes = |line: &str| matches!(case.peer.try_read(line.as_bytes()), Reading::Taken(_));
    let line = one(case.input);
    if line.trim_ascii_end().len() < line.len() && takes(&command.to_string()) {
        return "blanks-at-the-end".to_owned();
    }
    match command {
        Command::Hello(hello) => match hello.host() {
            None => "hello-that-is-no-name".to_owned(),
            Some(Host::Literal(_)) => "literal-in-hello".to_owned(),
            Some(_) => "name-in-hello".to_owned(),
        },
        Command::Mail(mail) => {
            if takes(&Mail::new(mail.from().clone()).to_string()) {
                return unread_parameter(case, mail.parameters(), "MAIL FROM:<a@b>");
            }
            match mail.from().mailbox() {
                None => "null-path".to_owned(),
                Some(mailbox) => unread_mailbox(case, mailbox),
            }
        }
        Command::Rcpt(rcpt) => {
            if takes(&Rcpt::new(rcpt.to().clone()).to_string()) {
                return unread_parameter(case, rcpt.parameters(), "RCPT TO:<a@b>");
            }
            match rcpt.to().mailbox() {
                None => "postmaster".to_owned(),
                Some(mailbox) => unread_mailbox(case, mailbox),
            }
        }
        Command::Noop | Command::Help(_) | Command::Vrfy(_) | Command::Expn(_) => {
            "text-that-is-no-string".to_owned()
        }
        Command::Auth(auth) if takes(&format!("AUTH {}", auth.mechanism())) => {
            "auth-response".to_owned()
        }
        Command::Auth(_) => "auth-mechanism".to_owned(),
        Command::Bdat(_) => "chunk-size".to_owned(),
        _ => format!("{}", command.verb()).to_ascii_lowercase(),
    }
}

fn unread_parameter<'p>(
    case: &Case<'_>,
    all: impl Iterator<Item = RawParameter<'p>>,
    command: &str,
) -> String {
    if case.peer.name != "Stalwart" {
        return "parameters".to_owned();
    }
    for parameter in all {
        let keyword = parameter.keyword.to_ascii_uppercase();
        let value = parameter
            .value
            .map_or(String::new(), |value| format!("={value}"));
        let alone = format!("{command} {keyword}{value}");
        if !matches!(case.peer.try_read(alone.as_bytes()), Reading::Taken(_)) {
            return format!("parameter-{}", keyword.to_ascii_lowercase());
        }
    }
    "parameters-together".to_owned()
}

fn unread_mailbox(case: &Case<'_>, mailbox: &Mailbox<'_>) -> String {
    let line = case.input;
    let colon = line.iter().position(|octet| *octet == b':').unwrap_or(0);
    let text = mailbox.as_str();
    let what = if !text.is_ascii() {
        "utf8-path"
    } else if line[colon..].starts_with(b":<@") {
        "source-route"
    } else if text.starts_with('"') {
        "quoted-string"
    } else {
        match mailbox.host() {
            Host::Literal(literal) => match literal.addr() {
                Literal::V4(_) => "literal-of-ipv4",
                Literal::V6(_) => "literal-of-ipv6",
                Literal::General { .. } => "literal-of-another-kind",
            },
            Host::Domain(_) => "path",
        }
    };
    what.to_owned()
}

/// What both take and read in two ways.
fn read(field: &str, case: &Case<'_>, command: &Command<'_>) -> String {
    let theirs = case.theirs.get(field).unwrap_or_default();
    let line = one(case.input);
    let behind = &line[line.trim_ascii_end().len()..];
    match (field, command) {
        ("path", _) if theirs.starts_with('@') => "source-route".to_owned(),
        ("path", _) if case.ours.get("path") == Some("Postmaster") => "postmaster".to_owned(),
        ("path", Command::Mail(_) | Command::Rcpt(_)) if case.input.contains(&b'"') => {
            "quotes".to_owned()
        }
        ("rest", _) => "line-end".to_owned(),
        _ if behind.contains(&b'\t') => "tab-at-the-end".to_owned(),
        _ => field.to_ascii_lowercase(),
    }
}
