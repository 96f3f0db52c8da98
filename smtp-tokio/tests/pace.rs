//! Neither side of an adapter waits for the other's leisure.

use smtp_tokio::smtp_proto::client;
use smtp_tokio::smtp_proto::{Hello, address::Domain};
use smtp_tokio::{Accepted, Body, Client, Config, Envelope, Handler, Rcpt, Refusal, Server};
use smtp_tokio::{Listener, Peer};
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, duplex};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

/// A handler that is told when to begin to read.
struct Late(Arc<Notify>);

impl Handler for Late {
    async fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    async fn message(&mut self, _: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
        self.0.notified().await;
        body.discard().await?;
        Ok(Accepted::default())
    }
}

/// A connection to a server with that wait for decisions, and what lets its handler begin.
async fn connect(decision: Duration) -> (BufReader<TcpStream>, Arc<Notify>) {
    let mut config = Config::new(Domain::try_from("mx.example.org").expect("a domain"));
    config.timeouts.decision = decision;
    let server = Server::bind("127.0.0.1:0", config).await.expect("a port");
    let addr = server.local_addr().expect("an address");
    let begin = Arc::new(Notify::new());
    let told = Arc::clone(&begin);
    tokio::spawn(server.serve(move |_| Late(Arc::clone(&told)), pending::<()>()));
    let stream = TcpStream::connect(addr).await.expect("it listens");
    (BufReader::new(stream), begin)
}

/// Reads replies up to the one of that code.
async fn await_code(stream: &mut BufReader<TcpStream>, code: &str) {
    let mut line = String::new();
    while !line.starts_with(code) {
        line.clear();
        let octets = stream.read_line(&mut line).await.expect("a reply");
        assert!(octets > 0, "it hung up before {code}");
    }
}

const FLIGHT: &[u8] = b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";

#[tokio::test]
async fn the_message_is_asked_for_before_the_handler_begins_to_read() {
    let (mut stream, begin) = connect(Duration::from_secs(60)).await;
    stream.write_all(FLIGHT).await.expect("it reads");
    await_code(&mut stream, "354 ").await;
    begin.notify_one();
    stream.write_all(b"hi\r\n.\r\n").await.expect("it reads");
    await_code(&mut stream, "250 2.0.0 ").await;
}

#[tokio::test]
async fn a_handler_that_neither_reads_nor_answers_is_given_up_on() {
    let (mut stream, _begin) = connect(Duration::from_millis(50)).await;
    stream.write_all(FLIGHT).await.expect("it reads");
    await_code(&mut stream, "354 ").await;
    stream.write_all(b"hi\r\n.\r\n").await.expect("it reads");
    await_code(&mut stream, "451 4.3.0 ").await;
}

#[tokio::test]
async fn what_there_is_of_a_message_goes_out_while_the_rest_is_slow_to_come() {
    let (ours, theirs) = duplex(4096);
    let config = client::Config::new(Hello::ehlo("client.example.org").expect("a name"));
    let serve = async {
        let mut stream = BufReader::new(theirs);
        for reply in ["220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n"] {
            stream.write_all(reply.as_bytes()).await.expect("it reads");
            stream
                .read_line(&mut String::new())
                .await
                .expect("a command");
        }
        stream.write_all(b"354 go\r\n").await.expect("it reads");
        stream
    };
    let (client, stream) = tokio::join!(
        async {
            let mut client = Client::handshake(ours, Arc::new(config))
                .await
                .expect("a server");
            let (mut slow, content) = duplex(64);
            slow.write_all(b"first\r\n").await.expect("room");
            let envelope = Envelope::new("a@b", ["c@d"]).expect("addresses");
            let sending = tokio::spawn(async move { client.send(envelope, content).await });
            (sending, slow)
        },
        serve
    );
    let ((sending, slow), mut stream) = (client, stream);
    let mut first = [0; 7];
    stream.read_exact(&mut first).await.expect("what there is");
    assert_eq!(&first, b"first\r\n");
    drop(slow);
    let mut end = [0; 3];
    stream.read_exact(&mut end).await.expect("the end");
    stream.write_all(b"250 queued\r\n").await.expect("it reads");
    assert!(
        sending
            .await
            .expect("no panic")
            .expect("a report")
            .is_accepted()
    );
}

/// A client that says a line of so many octets as fast as it is read, and keeps what it is told.
struct Torrent(usize, mpsc::UnboundedSender<Vec<u8>>);

impl AsyncRead for Torrent {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let octets = buffer.remaining().min(self.0);
        self.0 -= octets;
        buffer.initialize_unfilled_to(octets).fill(b'x');
        buffer.advance(octets);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Torrent {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let _ = self.1.send(octets.to_vec());
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// That client, once.
struct Once(Option<Torrent>);

impl Listener for Once {
    type Stream = Torrent;

    async fn accept(&mut self) -> io::Result<(Torrent, Peer)> {
        match self.0.take() {
            Some(torrent) => Ok((torrent, Peer::LOCAL)),
            None => pending().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_client_whose_line_never_ends_gains_no_time_by_hurrying() {
    let mut config = Config::new(Domain::try_from("mx.example.org").expect("a domain"));
    config.timeouts.command = Duration::from_millis(20);
    // Talk before the greeting is the end of it otherwise.
    config.accept_early_talk = true;
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = Server::from_listener(Once(Some(Torrent(32 << 30, tell))), config);
    let late = |_| Late(Arc::default());
    tokio::spawn(server.serve(late, pending::<()>()));
    let mut all = Vec::new();
    while let Some(octets) = told.recv().await {
        all.extend_from_slice(&octets);
    }
    let all = String::from_utf8(all).expect("text");
    assert!(all.contains("\r\n421 4.4.2 "), "{all}");
}
