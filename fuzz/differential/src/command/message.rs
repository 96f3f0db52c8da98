//! `smtp-message`: `Command::parse`.

use super::{mailbox, parameters, verb};
use crate::reading::{Field, Reading};
use smtp_message::{Command, Email, Hostname, ParameterName, Parameters};

/// The verbs it has.
const VERBS: [&str; 13] = [
    "DATA", "EHLO", "EXPN", "HELO", "HELP", "LHLO", "MAIL", "NOOP", "QUIT", "RCPT", "RSET",
    "STARTTLS", "VRFY",
];

pub(super) fn read(line: &[u8]) -> Reading {
    let known = VERBS.contains(&verb(line).as_str());
    let input = [line, b"\r\n"].concat();
    let Ok((rest, command)) = Command::<&str>::parse(&input) else {
        return if known {
            Reading::Refused
        } else {
            Reading::Unknown
        };
    };
    let mut fields = vec![("rest", rest.len().to_string())];
    let verb = match command {
        Command::Data => "DATA",
        Command::Ehlo { hostname } => named(&hostname, &mut fields, "EHLO"),
        Command::Helo { hostname } => named(&hostname, &mut fields, "HELO"),
        Command::Lhlo { hostname } => named(&hostname, &mut fields, "LHLO"),
        Command::Expn { .. } => "EXPN",
        Command::Help { .. } => "HELP",
        Command::Mail { email, params, .. } => {
            fields.push(("path", email.map_or(String::new(), |email| address(&email))));
            fields.push(("parameters", list(&params)));
            "MAIL"
        }
        Command::Rcpt { email, params, .. } => {
            fields.push(("path", address(&email)));
            fields.push(("parameters", list(&params)));
            "RCPT"
        }
        Command::Noop { .. } => "NOOP",
        Command::Quit => "QUIT",
        Command::Rset => "RSET",
        Command::Starttls => "STARTTLS",
        Command::Vrfy { .. } => "VRFY",
    };
    fields.push(("verb", verb.to_owned()));
    Reading::Taken(fields)
}

fn named(host: &Hostname<&str>, fields: &mut Vec<Field>, verb: &'static str) -> &'static str {
    fields.push(("name", (*host.raw()).to_owned()));
    verb
}

fn address(email: &Email<&str>) -> String {
    let local = email.localpart.raw();
    match &email.hostname {
        Some(host) => mailbox(&format!("{local}@{}", host.raw())),
        None if local.eq_ignore_ascii_case("postmaster") => "Postmaster".to_owned(),
        None => (*local).to_owned(),
    }
}

fn list(all: &Parameters<&str>) -> String {
    parameters(all.0.iter().map(|(ParameterName::Other(keyword), value)| {
        (
            *keyword,
            value.as_ref().map(smtp_message::MaybeUtf8::as_str),
        )
    }))
}
