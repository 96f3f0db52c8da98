//! `smtp-codec`: `parse::command::command`.

use super::{mailbox, verb};
use crate::reading::Reading;
use smtp_codec::types::{Command, DomainOrAddress, Parameter};

/// The verbs it has.
const VERBS: [&str; 13] = [
    "HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT",
    "STARTTLS", "AUTH",
];

pub(super) fn read(line: &[u8]) -> Reading {
    let known = VERBS.contains(&verb(line).as_str());
    let input = [line, b"\r\n"].concat();
    let Ok((rest, command)) = smtp_codec::parse::command::command(&input) else {
        return if known {
            Reading::Refused
        } else {
            Reading::Unknown
        };
    };
    let name = match command.name() {
        "AUTHLOGIN" | "AUTHPLAIN" => "AUTH",
        name => name,
    };
    let mut fields = vec![("verb", name.to_owned()), ("rest", rest.len().to_string())];
    match command {
        Command::Ehlo { domain_or_address } | Command::Helo { domain_or_address } => {
            fields.push((
                "name",
                match domain_or_address {
                    DomainOrAddress::Domain(name) => name,
                    DomainOrAddress::Address(address) => format!("[{address}]"),
                },
            ));
        }
        Command::Mail {
            reverse_path: path,
            parameters,
        }
        | Command::Rcpt {
            forward_path: path,
            parameters,
        } => {
            fields.push(("path", mailbox(&path)));
            fields.push(("parameters", list(&parameters)));
        }
        Command::AuthLogin(_) => fields.push(("mechanism", "LOGIN".to_owned())),
        Command::AuthPlain(_) => fields.push(("mechanism", "PLAIN".to_owned())),
        _ => {}
    }
    Reading::Taken(fields)
}

/// Its parameters can only be written.
fn list(parameters: &[Parameter]) -> String {
    let each = parameters.iter().map(|parameter| {
        let mut written = Vec::new();
        parameter.serialize(&mut written).expect("a Vec takes it");
        String::from_utf8(written).expect("it parsed UTF-8")
    });
    let all: Vec<String> = each.collect();
    super::parameters(all.iter().map(|text| match text.split_once('=') {
        Some((keyword, value)) => (keyword, Some(value)),
        None => (text.as_str(), None),
    }))
}
