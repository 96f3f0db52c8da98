//! Several messages on one connection: what becomes of each, whatever becomes of the connection.

#[path = "support/served.rs"]
mod served;
#[path = "../../smtp-tokio/tests/support/mod.rs"]
mod support;

use served::{Served, Told};
use smtp_blocking::smtp_proto::server::Closed;
use smtp_blocking::{Client, Delivery, Envelope, Error, ErrorKind, Report, SendError};
use std::io::{self, Read};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use support::peer::Peer;

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

fn envelope() -> Envelope {
    Envelope::new("a@example.org", ["b@example.com"]).expect("addresses")
}

/// Results as they are short to compare.
fn short(result: Result<Report, Error>) -> String {
    match result {
        Ok(report) => {
            let mut replies = report.recipients().map(|(_, reply)| reply.to_string());
            replies.next().expect("a recipient")
        }
        Err(error) => {
            let kind = match error.kind() {
                ErrorKind::Lost => "lost",
                ErrorKind::Content(_) => "content",
                _ => "first",
            };
            format!("{kind}: {:?}", error.delivery())
        }
    }
}

/// A client, and a server that offers PIPELINING, takes the first message and hears the commands of the
/// second; then it says this and hangs up.
fn met(says: &'static str) -> (Client, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let server = thread::spawn(move || {
        let mut peer = Peer::over(listener.accept().expect("a client").0);
        for (replies, last) in [
            ("220 mock\r\n", "EHLO [127.0.0.1]"),
            ("250-mock\r\n250 PIPELINING\r\n", "DATA"),
            ("250 ok\r\n250 ok\r\n354 go\r\n", "."),
            ("", "DATA"),
        ] {
            peer.write(replies.as_bytes());
            while peer.reply() != last {}
        }
        peer.write(says.as_bytes());
    });
    (Client::connect(addr).expect("a connection"), server)
}

#[test]
fn every_message_has_its_result_in_order_and_is_delivered_in_order() {
    let server = Served::start(|config| config.limits.message = Some(100_000));
    let mut client = Client::connect(server.addr).expect("a connection");
    let numbered = |number: usize| format!("Subject: {number}\r\n\r\nHello.\r\n").into_bytes();
    let contents: Vec<_> = (0..40).map(numbered).collect();
    let queue = contents.iter().enumerate().map(|(number, content)| {
        let size = if number % 10 == 7 { 1_000_000 } else { 0 };
        (envelope().with_size(size), &content[..])
    });
    let mut told = 0;
    for (number, result) in client.send_all(queue).enumerate() {
        told += 1;
        match result {
            Ok(report) => assert!(report.is_accepted_by_all() && number % 10 != 7),
            Err(error) => {
                assert!(number % 10 == 7);
                let too_big = SendError::TooBig { limit: 100_000 };
                assert!(matches!(error.kind(), ErrorKind::Send(why) if *why == too_big));
                assert_eq!(error.delivery(), Delivery::NotAccepted);
            }
        }
    }
    assert_eq!(told, 40);
    client.quit().expect("a goodbye");
    for (number, content) in contents.into_iter().enumerate() {
        if number % 10 != 7 {
            assert_eq!(server.told(), Told::Message(content));
        }
    }
    assert_eq!(server.told(), Told::Closed(Closed::Quit));
}

#[test]
fn what_is_known_of_each_is_told_when_the_connection_is_lost() {
    for (says, expected) in [
        ("", ["first: Unknown", "lost: NotAccepted"]),
        ("250 kept\r\n", ["250 kept", "first: NotAccepted"]),
    ] {
        let (mut client, server) = met(says);
        let mut queue = (0..3).map(|_| (envelope(), MESSAGE));
        let results: Vec<_> = client.send_all(queue.by_ref()).map(short).collect();
        assert_eq!(results, expected);
        assert_eq!(queue.count(), 1, "who wasn't begun is left");
        server.join().expect("no panic");
    }
}

/// Content that can't be read.
struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn one_that_cannot_be_read_has_its_own_error_and_those_before_it_theirs() {
    let (mut client, server) = met("250 kept\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    let contents: [Box<dyn Read>; 3] = [Box::new(MESSAGE), Box::new(Failing), Box::new(MESSAGE)];
    let queue = contents.map(|content| (envelope(), content));
    let results: Vec<_> = client.send_all(queue).map(short).collect();
    assert_eq!(results, ["250 kept", "content: NotAccepted"]);
    server.join().expect("no panic");
}
