//! `mailin`: its machine gets lines as `mailin-embedded` cuts them, behind each LF.

use super::Given;
use mailin::{Action, Handler, Response, SessionBuilder, response};
use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

#[derive(Default)]
struct Told {
    given: Rc<RefCell<Given>>,
    message: Vec<u8>,
}

impl Handler for Told {
    fn mail(&mut self, _: IpAddr, _: &str, from: &str) -> Response {
        self.given.borrow_mut().asked.push(format!("<{from}>"));
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        self.given.borrow_mut().asked.push(format!("<{to}>"));
        response::OK
    }

    fn data(&mut self, octets: &[u8]) -> io::Result<()> {
        self.message.extend_from_slice(octets);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let message = std::mem::take(&mut self.message);
        self.given.borrow_mut().messages.push(message);
        response::OK
    }
}

pub(super) fn session(segments: &[&[u8]]) -> Given {
    let told = Told::default();
    let given = Rc::clone(&told.given);
    let builder = SessionBuilder::new("mx.example.com");
    let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), told);
    let mut line = Vec::new();
    for octet in segments.concat() {
        line.push(octet);
        if octet == b'\n' {
            if session.process(&line).action == Action::Close {
                break;
            }
            line.clear();
        }
    }
    given.take()
}
