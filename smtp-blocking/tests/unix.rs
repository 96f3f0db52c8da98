//! Over Unix sockets: LMTP as a mail server delivers by it, TLS, and the file that the socket is.

#![cfg(unix)]

// The certificates are those of the other adapter's tests, whose types have the same names.
extern crate smtp_blocking as smtp_tokio;

#[path = "../../smtp-tokio/tests/support/identity.rs"]
mod identity;

use identity::Identity;
use smtp_blocking::{
    Accepted, Body, Client, Config, Dialect, Domain, Envelope, Handler, Hello, Peer, Rcpt, Refusal,
    Server, Stopper,
};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::{fs, io};
use tempfile::TempDir;

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\n.Hello.\r\n";

/// Takes messages, but not for everybody.
struct Inbox;

impl Handler for Inbox {
    fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    fn message(&mut self, envelope: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
        body.discard()?;
        let verdict = |rcpt: &Rcpt<'_>| match rcpt.to().to_string().as_str() {
            "<full@example.com>" => Err(Refusal::mailbox_full()),
            _ => Ok(()),
        };
        Ok(Accepted::each(envelope.recipients().iter().map(verdict)))
    }
}

fn bind(path: &Path, dialect: Dialect) -> io::Result<Server> {
    let mut config = Config::new(Domain::try_from("mx.example.com").expect("a name"));
    config.dialect = dialect;
    Server::bind_unix(path, config)
}

fn serve(server: Server) -> (Stopper, JoinHandle<io::Result<()>>) {
    let stopper = server.stopper().expect("it listens");
    let handler = |peer| {
        assert_eq!(peer, Peer::LOCAL);
        Inbox
    };
    (stopper, thread::spawn(move || server.serve(handler)))
}

fn envelope(recipients: &[&str]) -> Envelope {
    Envelope::new("a@example.org", recipients).expect("addresses")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn lmtp_tells_the_recipients_of_a_message_apart() {
    let folder = folder();
    let path = folder.path().join("lmtp");
    let server = bind(&path, Dialect::Lmtp).expect("it listens");
    serve(server.transcript(|peer, _| assert_eq!(peer, Peer::LOCAL)));
    let hello = Hello::lhlo("client.example").expect("a name");
    let client = Client::builder().hello(hello).connect_unix(path);
    let mut client = client.expect("it is greeted");
    let to = envelope(&["ann@example.com", "full@example.com"]);
    let report = client.send(to, MESSAGE).expect("it is sent");
    let fates = report.recipients();
    let fates = fates.map(|(path, reply)| format!("{path} {reply}"));
    assert_eq!(
        fates.collect::<Vec<_>>(),
        [
            "<ann@example.com> 250 2.0.0 message accepted",
            "<full@example.com> 452 4.2.2 mailbox full",
        ]
    );
    client.quit().expect("a goodbye");
}

#[test]
fn tls_comes_in_as_anywhere() {
    let folder = folder();
    let path = folder.path().join("smtp");
    let identity = Identity::new();
    let server = bind(&path, Dialect::Smtp).expect("it listens");
    serve(server.starttls(identity.server()));
    let connect = Client::builder().starttls(identity.client());
    let mut client = connect.connect_unix(path).expect("it is greeted");
    assert!(client.is_secure());
    let report = client.send(envelope(&["ann@example.com"]), MESSAGE);
    assert!(report.expect("it is sent").is_accepted_by_all());
}

#[test]
fn a_socket_that_nobody_listens_on_is_replaced() {
    let folder = folder();
    let path = folder.path().join("smtp");
    for _ in 0..2 {
        let server = bind(&path, Dialect::Smtp).expect("it replaces what is left");
        let address = server.local_addr().expect_err("it has none");
        assert_eq!(address.kind(), io::ErrorKind::Unsupported);
        let (stopper, end) = serve(server);
        let client = Client::connect_unix(&path).expect("it is greeted");
        client.quit().expect("a goodbye");
        stopper.stop();
        end.join().expect("no panic").expect("it serves");
        assert!(path.exists(), "the file stays");
    }
}

#[test]
fn a_socket_in_use_and_a_file_that_is_none_stay_as_they_are() {
    let folder = folder();
    let path = folder.path().join("smtp");
    let in_use = |path: &Path| {
        let error = bind(path, Dialect::Smtp).expect_err("it is in use");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    };

    let other = UnixListener::bind(&path).expect("it listens");
    in_use(&path);
    drop(other);
    fs::remove_file(&path).expect("it stays");

    let other = UnixDatagram::bind(&path).expect("it receives");
    in_use(&path);
    drop(other);
    fs::remove_file(&path).expect("it stays");

    fs::write(&path, "precious").expect("a file");
    in_use(&path);
    assert_eq!(fs::read(&path).expect("it stays"), b"precious");

    let link = folder.path().join("link");
    let left = folder.path().join("left");
    drop(UnixListener::bind(&left).expect("it listens"));
    std::os::unix::fs::symlink(&left, &link).expect("a link");
    in_use(&link);
    assert!(left.exists() && link.is_symlink());
}
