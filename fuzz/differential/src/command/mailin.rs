//! `mailin`: its parser can't be had without the machine, which is brought to where the verb may
//! come.

use super::{mailbox, verb};
use crate::reading::{Field, Reading};
use mailin::{AuthMechanism, Handler, Response, SessionBuilder, response};
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

/// The verbs it has.
const VERBS: [&str; 11] = [
    "HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT", "VRFY", "NOOP", "STARTTLS", "AUTH",
];

/// What its handler was told of the line.
#[derive(Default)]
struct Told(Rc<RefCell<Vec<Field>>>);

impl Told {
    fn tell(&self, field: &'static str, text: String) -> Response {
        self.0.borrow_mut().push((field, text));
        response::OK
    }
}

impl Handler for Told {
    fn helo(&mut self, _: IpAddr, domain: &str) -> Response {
        self.tell("name", domain.to_owned())
    }

    fn mail(&mut self, _: IpAddr, _: &str, from: &str) -> Response {
        self.tell("path", mailbox(from))
    }

    fn rcpt(&mut self, to: &str) -> Response {
        if to.eq_ignore_ascii_case("postmaster") {
            return self.tell("path", "Postmaster".to_owned());
        }
        self.tell("path", mailbox(to))
    }
}

pub(super) fn read(line: &[u8]) -> Reading {
    let verb = verb(line);
    let known = VERBS.contains(&verb.as_str());
    let before: &[&[u8]] = match verb.as_str() {
        "MAIL" | "STARTTLS" | "AUTH" | "VRFY" => &[b"EHLO a\r\n"],
        "RCPT" => &[b"EHLO a\r\n", b"MAIL FROM:<a@b>\r\n"],
        "DATA" => &[b"EHLO a\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<a@b>\r\n"],
        _ => &[],
    };
    let told = Told::default();
    let fields = Rc::clone(&told.0);
    let mut builder = SessionBuilder::new("mx.example.com");
    builder.enable_start_tls();
    if verb == "AUTH" {
        builder.insecure_enable_plaintext_auth();
        builder.enable_auth(AuthMechanism::Plain);
        builder.enable_auth(AuthMechanism::Login);
    }
    let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), told);
    for line in before {
        assert!(!session.process(line).is_error, "{}", line.escape_ascii());
    }
    fields.borrow_mut().clear();
    let reply = session.process(&[line, b"\r\n"].concat());
    if matches!(reply.code, 500..=504) {
        return if known {
            Reading::Refused
        } else {
            Reading::Unknown
        };
    }
    let mut fields = fields.take();
    fields.push(("verb", verb));
    Reading::Taken(fields)
}
