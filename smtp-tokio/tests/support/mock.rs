//! A server over a stream in memory that says what a test tells it to, and clients that meet it.

#![allow(dead_code)] // each test program uses its own part

use smtp_tokio::smtp_proto::Hello;
use smtp_tokio::smtp_proto::client::Config;
use smtp_tokio::{Client, Envelope, Error, Report};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;

/// A server that says what it is told to.
pub(crate) struct Mock<S = DuplexStream>(pub(crate) BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Mock<S> {
    pub(crate) async fn say(&mut self, reply: &str) {
        let line = format!("{reply}\r\n");
        let written = self.0.write_all(line.as_bytes()).await;
        written
            .and(self.0.flush().await)
            .expect("the client is there");
    }

    /// Hears a line that begins like that.
    pub(crate) async fn hear(&mut self, expected: &str) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.expect("text");
        assert!(line.starts_with(expected), "{line} isn't {expected}");
        line
    }

    /// Hears each of these, and says what stands beside it.
    pub(crate) async fn talk(&mut self, script: &[(&str, &str)]) {
        for (expected, reply) in script {
            self.hear(expected).await;
            self.say(reply).await;
        }
    }

    /// Hears a body to its end.
    pub(crate) async fn body(&mut self) -> String {
        let mut body = String::new();
        while !body.ends_with("\r\n.\r\n") {
            assert_ne!(
                self.0.read_line(&mut body).await.expect("text"),
                0,
                "{body}"
            );
        }
        body
    }

    /// Everything that comes until the client is gone.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await.expect("it ends well");
        rest
    }
}

pub(crate) fn config() -> Config {
    Config::new(Hello::ehlo("client.example").expect("a name").into_owned())
}

/// A client greeted by a server that offers `extensions`, one a line, with `room` octets on the way.
pub(crate) async fn greeted(extensions: &str, room: usize) -> (Client<DuplexStream>, Mock) {
    let (ours, theirs) = duplex(room);
    let mut mock = Mock(BufReader::new(theirs));
    let mut hello = String::from("250-mock\r\n");
    for keyword in extensions.split_whitespace() {
        hello += "250-";
        hello += keyword;
        hello += "\r\n";
    }
    hello += "250 HELP";
    let greet = async {
        mock.say("220 mock").await;
        mock.talk(&[("EHLO client.example\r\n", &hello)]).await;
    };
    let (client, ()) = tokio::join!(Client::handshake(ours, Arc::new(config())), greet);
    (client.expect("a connection"), mock)
}

pub(crate) fn envelope(recipients: &[&str]) -> Envelope {
    Envelope::new("a@example.org", recipients).expect("addresses")
}

pub(crate) fn fates(report: &Report) -> Vec<String> {
    let recipients = report.recipients();
    recipients
        .map(|(path, reply)| format!("{path} {reply}"))
        .collect()
}

pub(crate) type Sent = (Result<Report, Error>, Client<DuplexStream>);

/// A client at work in a task of its own.
pub(crate) fn sending(
    mut client: Client<DuplexStream>,
    content: impl AsyncRead + Unpin + Send + 'static,
) -> JoinHandle<Sent> {
    tokio::spawn(async move {
        let sent = client.send(envelope(&["b@example.com"]), content).await;
        (sent, client)
    })
}
