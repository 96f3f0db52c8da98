//! `rustyknife`: `rfc5321::command`, and the commands it has apart from that.

use super::{mailbox, parameters, verb};
use crate::reading::Reading;
use rustyknife::behaviour::Intl;
use rustyknife::rfc5321::{self, Command, ForwardPath, Param, Path, ReversePath};

/// The verbs it has.
const VERBS: [&str; 13] = [
    "EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY", "EXPN", "HELP",
    "STARTTLS", "BDAT",
];

pub(super) fn read(line: &[u8]) -> Reading {
    let verb = verb(line);
    let input = [line, b"\r\n"].concat();
    let mut fields = vec![("verb", verb.clone())];
    let rest = match verb.as_str() {
        "STARTTLS" => rfc5321::starttls_command(&input).map(|(rest, ())| rest),
        "BDAT" => rfc5321::bdat_command(&input).map(|(rest, (size, last))| {
            fields.push(("size", size.to_string()));
            fields.push(("last", last.to_string()));
            rest
        }),
        _ => rfc5321::command::<Intl>(&input).map(|(rest, command)| {
            match command {
                Command::EHLO(host) => fields.push(("name", host.to_string())),
                Command::HELO(host) => fields.push(("name", host.to_string())),
                Command::MAIL(from, all) => {
                    let path = match from {
                        ReversePath::Path(Path(path, _)) => mailbox(&path.to_string()),
                        ReversePath::Null => String::new(),
                    };
                    fields.push(("path", path));
                    fields.push(("parameters", list(&all)));
                }
                Command::RCPT(to, all) => {
                    let path = match to {
                        ForwardPath::Path(Path(path, _)) => mailbox(&path.to_string()),
                        ForwardPath::PostMaster(None) => "Postmaster".to_owned(),
                        ForwardPath::PostMaster(Some(domain)) => {
                            mailbox(&format!("postmaster@{domain}"))
                        }
                    };
                    fields.push(("path", path));
                    fields.push(("parameters", list(&all)));
                }
                _ => {}
            }
            rest
        }),
    };
    match rest {
        Ok(rest) => {
            fields.push(("rest", rest.len().to_string()));
            Reading::Taken(fields)
        }
        Err(_) if VERBS.contains(&verb.as_str()) => Reading::Refused,
        Err(_) => Reading::Unknown,
    }
}

fn list(all: &[Param]) -> String {
    parameters(
        all.iter()
            .map(|Param(keyword, value)| (&**keyword, value.as_ref().map(|value| &**value))),
    )
}
