//! Over Unix sockets: LMTP as a mail server delivers by it, TLS, and the file that the socket is.

#![cfg(unix)]

#[path = "support/identity.rs"]
mod identity;
#[path = "support/mock.rs"]
mod mock;

use identity::Identity;
use mock::{envelope, fates};
use smtp_tokio::{
    Accepted, Body, Client, Config, Dialect, Domain, Envelope, Handler, Hello, Peer, Rcpt, Refusal,
    Server,
};
use std::future::pending;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::{fs, io};
use tempfile::TempDir;
use tokio::sync::oneshot;

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\n.Hello.\r\n";

/// Takes messages, but not for everybody.
struct Inbox;

impl Handler for Inbox {
    async fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    async fn message(&mut self, envelope: Envelope, body: Body<'_>) -> Result<Accepted, Refusal> {
        let mut body = body;
        body.discard().await?;
        let verdict = |rcpt: &Rcpt<'_>| match rcpt.to().to_string().as_str() {
            "<full@example.com>" => Err(Refusal::mailbox_full()),
            _ => Ok(()),
        };
        Ok(Accepted::each(envelope.recipients().iter().map(verdict)))
    }
}

fn config(dialect: Dialect) -> Config {
    let mut config = Config::new(Domain::try_from("mx.example.com").expect("a name"));
    config.dialect = dialect;
    config
}

async fn bind(path: &Path) -> io::Result<Server<tokio::net::UnixListener>> {
    Server::bind_unix(path, config(Dialect::Smtp)).await
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[tokio::test]
async fn lmtp_tells_the_recipients_of_a_message_apart() {
    let folder = folder();
    let path = folder.path().join("lmtp");
    let server = Server::bind_unix(&path, config(Dialect::Lmtp)).await;
    let server = server.expect("it listens").transcript(|peer, _| {
        assert_eq!(peer, Peer::LOCAL);
    });
    let handler = |peer| {
        assert_eq!(peer, Peer::LOCAL);
        Inbox
    };
    tokio::spawn(server.serve(handler, pending::<()>()));
    let hello = Hello::lhlo("client.example").expect("a name");
    let client = Client::connect_unix(path).hello(hello).await;
    let mut client = client.expect("it is greeted");
    let to = envelope(&["ann@example.com", "full@example.com"]);
    let report = client.send(to, MESSAGE).await.expect("it is sent");
    assert_eq!(
        fates(&report),
        [
            "<ann@example.com> 250 2.0.0 message accepted",
            "<full@example.com> 452 4.2.2 mailbox full",
        ]
    );
    client.quit().await.expect("a goodbye");
}

#[tokio::test]
async fn tls_comes_in_as_anywhere() {
    let folder = folder();
    let path = folder.path().join("smtp");
    let identity = Identity::new();
    let server = bind(&path).await.expect("it listens");
    let server = server.starttls(identity.server());
    tokio::spawn(server.serve(|_| Inbox, pending::<()>()));
    let client = Client::connect_unix(path).starttls(identity.client()).await;
    let mut client = client.expect("it is greeted");
    assert!(client.is_secure());
    let report = client.send(envelope(&["ann@example.com"]), MESSAGE).await;
    assert!(report.expect("it is sent").is_accepted_by_all());
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_is_replaced() {
    let folder = folder();
    let path = folder.path().join("smtp");
    for _ in 0..2 {
        let server = bind(&path).await.expect("it replaces what is left");
        let (leave, left) = oneshot::channel::<()>();
        let client = async {
            let client = Client::connect_unix(&path).await.expect("it is greeted");
            client.quit().await.expect("a goodbye");
            drop(leave);
        };
        let (ended, ()) = tokio::join!(server.serve(|_| Inbox, left), client);
        ended.expect("it serves");
        assert!(path.exists(), "the file stays");
    }
}

#[tokio::test]
async fn a_socket_in_use_and_a_file_that_is_none_stay_as_they_are() {
    let folder = folder();
    let path = folder.path().join("smtp");
    let in_use = |result: io::Result<_>| {
        let error = result.expect_err("it is in use");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    };

    let other = UnixListener::bind(&path).expect("it listens");
    in_use(bind(&path).await);
    drop(other);
    fs::remove_file(&path).expect("it stays");

    let other = UnixDatagram::bind(&path).expect("it receives");
    in_use(bind(&path).await);
    drop(other);
    fs::remove_file(&path).expect("it stays");

    fs::write(&path, "precious").expect("a file");
    in_use(bind(&path).await);
    assert_eq!(fs::read(&path).expect("it stays"), b"precious");

    let link = folder.path().join("link");
    let left = folder.path().join("left");
    drop(UnixListener::bind(&left).expect("it listens"));
    std::os::unix::fs::symlink(&left, &link).expect("a link");
    in_use(bind(&link).await);
    assert!(left.exists() && link.is_symlink());
}
