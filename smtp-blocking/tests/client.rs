//! A client and servers that hang up, or say much while they read nothing.

#[path = "../../smtp-tokio/tests/support/queue.rs"]
mod queue;
#[path = "../../smtp-tokio/tests/support/mod.rs"]
mod support;

use queue::full;
use smtp_blocking::{Client, Delivery, Envelope, Error, ErrorKind, Report};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;
use support::{PATIENCE, large};

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

/// A server that hears the first words of each line of the script, and says what stands beside.
fn mock(script: &[(&str, &str)], listener: &TcpListener) -> BufReader<TcpStream> {
    let (stream, _) = listener.accept().expect("a client");
    let mut mock = BufReader::new(stream);
    let mut line = String::new();
    for (expected, reply) in script {
        line.clear();
        if !expected.is_empty() {
            mock.read_line(&mut line).expect("text");
        }
        assert!(line.starts_with(expected), "{line} isn't {expected}");
        mock.get_mut()
            .write_all(reply.as_bytes())
            .expect("the client is there");
    }
    mock
}

const TO_DATA: [(&str, &str); 5] = [
    ("", "220 mock\r\n"),
    ("EHLO", "250 mock\r\n"),
    ("MAIL", "250 ok\r\n"),
    ("RCPT", "250 ok\r\n"),
    ("DATA", "354 go\r\n"),
];

/// Sends a message to a server that does `then` once it has said 354; what is returned of that stays
/// until the client is done.
fn send<Kept: Send>(
    content: &[u8],
    then: impl FnOnce(BufReader<TcpStream>) -> Kept + Send,
) -> Result<Report, Error> {
    send_by(|client, to| client.send(to, content), then)
}

/// As `send`, by that method.
fn send_by<Kept: Send>(
    method: impl FnOnce(&mut Client, Envelope) -> Result<Report, Error>,
    then: impl FnOnce(BufReader<TcpStream>) -> Kept + Send,
) -> Result<Report, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("it listens");
    thread::scope(|scope| {
        let server = scope.spawn(|| then(mock(&TO_DATA, &listener)));
        let connect = Client::builder().configure(|config| config.timeouts.body = PATIENCE);
        let mut client = connect.connect(addr)?;
        let to = Envelope::new("a@example.org", ["b@example.com"]).expect("addresses");
        let sent = method(&mut client, to);
        drop(client);
        drop(server.join());
        sent
    })
}

#[test]
fn a_server_that_writes_while_it_does_not_read_does_not_block_the_client() {
    let message = large();
    let report = send(&message, |mut mock| {
        // It reads no more, and neither closes.
        let line = format!("552-{}\r\n", "so much to say ".repeat(100));
        let reply = line.repeat(40) + "552 too much\r\n";
        mock.get_mut()
            .write_all(reply.as_bytes())
            .expect("the client reads");
        mock
    });
    let report = report.expect("a report");
    let (_, reply) = report.end().expect("an end");
    assert_eq!(reply.code().value(), 552);
}

#[test]
fn a_message_in_memory_goes_as_one_that_is_read() {
    let message = ".0123456789\r\n".repeat(20_000);
    let stuffed = "..0123456789\r\n".repeat(20_000) + ".\r\n";
    let take = |mut mock: BufReader<TcpStream>| {
        let mut body = vec![0; stuffed.len()];
        mock.read_exact(&mut body).expect("a message");
        assert!(body == stuffed.as_bytes());
        let said = mock.get_mut().write_all(b"250 kept\r\n");
        said.expect("the client is there");
        mock
    };
    let read = send(message.as_bytes(), take);
    let content = message.clone();
    let in_memory = send_by(|client, to| client.send_bytes(to, content), take);
    assert!(
        [read, in_memory]
            .map(Result::unwrap)
            .iter()
            .all(Report::is_accepted)
    );
}

#[test]
fn a_hang_up_says_whether_the_message_may_have_been_accepted() {
    let lost = send(MESSAGE, |mut mock| {
        let mut body = String::new();
        while !body.ends_with("\r\n.\r\n") {
            mock.read_line(&mut body).expect("text");
        }
    });
    assert_eq!(lost.expect_err("it hung up").delivery(), Delivery::Unknown);
    let message = large();
    let lost = send(&message, |mut mock| {
        let mut some = [0; 1_000];
        mock.read_exact(&mut some).expect("text");
    });
    assert_eq!(
        lost.expect_err("it hung up").delivery(),
        Delivery::NotAccepted
    );
    let broken = send(b"one\rtwo\r\n", |mut mock| {
        let mut rest = Vec::new();
        let _ = mock.read_to_end(&mut rest);
        assert!(!rest.ends_with(b".\r\n"));
    });
    let broken = broken.expect_err("it can't be sent");
    assert!(matches!(broken.kind(), ErrorKind::Protocol(_)));
    assert_eq!(broken.delivery(), Delivery::NotAccepted);
}

#[test]
fn an_address_that_lets_nobody_in_is_waited_for_as_long_as_is_said() {
    let hurry = || {
        let moment = Duration::from_millis(300);
        Client::builder().configure(move |config| config.timeouts.connect = moment)
    };
    let (full, _queue) = full();
    let error = hurry().connect(full).expect_err("nobody is let in");
    assert!(
        matches!(error.kind(), ErrorKind::Io(why) if why.kind() == io::ErrorKind::TimedOut),
        "{error}"
    );
    assert_eq!(error.delivery(), Delivery::Idle);

    // And the next one is tried.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let open = listener.local_addr().expect("an address");
    let client = thread::spawn(move || hurry().connect(&[full, open][..]));
    let script = [("", "220 mock\r\n"), ("EHLO [127.0.0.1]", "250 mock\r\n")];
    let _mock = mock(&script, &listener);
    client.join().expect("no panic").expect("a connection");
}
