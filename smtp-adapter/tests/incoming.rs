//! A message is what came until its true, sound end, and is answered with what the policy says of it; a
//! void one isn't.

use smtp_adapter::bytes::Buf;
use smtp_adapter::{Incoming, Next};
use smtp_proto::address::Domain;
use smtp_proto::server::{Accepted, Config, Connection, Event, Fault};
use smtp_proto::{Extension, Refusal};
use std::io;

/// A server, and what it has said.
struct Server {
    conn: Connection,
    said: String,
}

impl Server {
    /// One that let a message in.
    fn behind(commands: &str) -> Self {
        let mut config = Config::new(Domain::try_from("mx.example.org").unwrap());
        config.offers.add(Extension::Chunking);
        let mut server = Self {
            conn: Connection::new(config.into()),
            said: String::new(),
        };
        server.serve();
        server.conn.receive(b"EHLO client.example\r\n");
        server.serve();
        let opening = format!("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n{commands}\r\n");
        server.conn.receive(opening.as_bytes());
        server.serve();
        server.said.clear();
        server
    }

    /// Lets everything in, until there is no more input or a message comes.
    fn serve(&mut self) {
        loop {
            match self.conn.poll() {
                Event::Rcpt(request) => request.accept(),
                Event::Data(request) => return request.accept(),
                Event::Flush => self.flush(),
                Event::NeedInput => return,
                other => other.answer_by_default(),
            }
        }
    }

    fn flush(&mut self) {
        let output = self.conn.transmit();
        while output.has_remaining() {
            self.said += std::str::from_utf8(output.chunk()).unwrap();
            output.advance(output.chunk().len());
        }
    }

    /// What the message is, of these octets, which come in segments and then to an end.
    fn take(&mut self, incoming: &mut Incoming, rest: &str, segment: usize) -> io::Result<String> {
        let mut message = String::new();
        let mut segments = rest.as_bytes().chunks(segment);
        loop {
            match incoming.poll(&mut self.conn)? {
                Next::Chunk(octets) => message += std::str::from_utf8(&octets).unwrap(),
                Next::Flush => self.flush(),
                Next::Input => match segments.next() {
                    Some(octets) => assert_eq!(self.conn.receive(octets), octets.len()),
                    None => self.conn.receive_eof(),
                },
                Next::End => return Ok(message),
            }
        }
    }

    /// What is said behind the message.
    fn answer(&mut self, incoming: &mut Incoming, verdict: Result<Accepted, Refusal>) -> &str {
        incoming.answer(&mut self.conn, verdict);
        self.said.clear();
        self.serve();
        &self.said
    }
}

#[test]
fn a_message_is_whole_at_its_end_and_answered_with_the_verdict() {
    let (by_data, by_chunks) = (
        ".hi\r\n\r\n.\r\n",
        "VRFY ann\r\nBDAT 2\r\n\r\nBDAT 0 LAST\r\n",
    );
    for (opening, rest, message) in [
        ("DATA", ".".to_owned() + by_data, ".hi\r\n\r\n"),
        ("BDAT 3", ".hi".to_owned() + by_chunks, ".hi\r\n"),
    ] {
        for segment in 1..=rest.len() {
            for (verdict, reply) in [
                (Ok(Accepted::default()), "250 "),
                (Err(Refusal::policy()), "550 "),
            ] {
                let mut server = Server::behind(opening);
                let mut incoming = Incoming::begin();
                let taken = server.take(&mut incoming, &rest, segment);
                assert_eq!(taken.unwrap(), message);
                assert!(!incoming.is_open());
                let next = incoming.poll(&mut server.conn).unwrap();
                assert!(matches!(next, Next::End), "it stays so");
                let said = server.answer(&mut incoming, verdict);
                let last = said.lines().last().unwrap();
                assert!(last.starts_with(reply), "{said}");
            }
        }
    }
}

#[test]
fn a_void_message_stays_void_whatever_is_said_of_it() {
    let mut server = Server::behind("DATA");
    let mut incoming = Incoming::begin();
    let taken = server.take(&mut incoming, "one\ntwo\r\n.\r\n", 50);
    let error = taken.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let fault = error.get_ref().unwrap().downcast_ref::<Fault>();
    assert!(matches!(fault, Some(Fault::Content(_))), "{fault:?}");
    let again = incoming.poll(&mut server.conn).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::InvalidData);
    let said = server.answer(&mut incoming, Ok(Accepted::default()));
    assert!(said.starts_with("550 "), "{said}");
}

#[test]
fn a_message_that_comes_to_no_end_is_void() {
    for (opening, rest) in [("DATA", "hi\r\n"), ("BDAT 9", "hi\r\n")] {
        let mut server = Server::behind(opening);
        let mut incoming = Incoming::begin();
        let taken = server.take(&mut incoming, rest, 3);
        let error = taken.unwrap_err();
        let fault = error.get_ref().unwrap().downcast_ref::<Fault>();
        assert_eq!(fault, Some(&Fault::EndOfInput), "{opening}");
    }
}

#[test]
fn a_hello_between_chunks_is_left_to_be_answered() {
    let mut server = Server::behind("BDAT 2");
    let mut incoming = Incoming::begin();
    let taken = server.take(&mut incoming, "hiEHLO other.example\r\n", 50);
    assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert!(matches!(server.conn.poll(), Event::Hello(_)));
}

#[test]
fn a_message_that_cannot_be_read_any_further_is_void() {
    let mut server = Server::behind("DATA");
    let mut incoming = Incoming::begin();
    server.conn.receive(b"hi\r\n.\r\n");
    let next = incoming.poll(&mut server.conn).unwrap();
    assert!(matches!(next, Next::Chunk(_)) && incoming.is_open());
    incoming.void();
    assert!(!incoming.is_open());
    assert!(incoming.poll(&mut server.conn).is_err());
}
