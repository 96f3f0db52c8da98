//! Clients that send the same message many times over one connection: the library's, others, and a loop
//! that knows no SMTP, which is what any client on tokio costs at the least.

use crate::process::cpu;
use lettre::transport::smtp::{client::AsyncSmtpConnection, extension::ClientId};
use mail_send::SmtpClient;
use mail_send::smtp::message::Message;
use smtp_tokio::bytes::Bytes;
use smtp_tokio::{Client, Envelope};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

type Fallible = Result<(), Box<dyn std::error::Error>>;

/// What a client measures of itself, to be printed and read.
struct Watch {
    begin: Instant,
    cpu: u64,
}

impl Watch {
    /// The connection stands: from here on it counts.
    fn start() -> Self {
        Self {
            begin: Instant::now(),
            cpu: cpu("self"),
        }
    }

    fn stop(&self) {
        println!(
            "{} {}",
            cpu("self") - self.cpu,
            self.begin.elapsed().as_nanos()
        );
    }
}

/// Sends so many messages of so many octets; prints nanoseconds of CPU and of time.
pub(crate) fn send(way: &str, port: u16, messages: usize, octets: usize) {
    let line = format!("{}\r\n", "x".repeat(72));
    let message: &'static [u8] = line.repeat(octets / line.len()).into_bytes().leak();
    let addr = (Ipv4Addr::LOCALHOST, port).into();
    let runtime = Builder::new_current_thread().enable_all().build();
    let sent = runtime.expect("a runtime").block_on(async {
        match way {
            "loop" => bare(addr, messages, message).await,
            "smtp-tokio" => here(addr, messages, message).await,
            "smtp-tokio, Bytes" => here_from_memory(addr, messages, message).await,
            "smtp-tokio, send_all" => here_all(addr, messages, message).await,
            "lettre" => lettre(addr, messages, message, true).await,
            "lettre as shipped" => lettre(addr, messages, message, false).await,
            "mail-send" => mail_send(addr, messages, message, true).await,
            "mail-send as shipped" => mail_send(addr, messages, message, false).await,
            _ => panic!("no client of that name"),
        }
    });
    sent.expect("every message is sent");
}

async fn connect(addr: SocketAddr, nodelay: bool) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(nodelay)?;
    Ok(stream)
}

/// Waits for so many lines.
async fn lines(stream: &mut TcpStream, mut lines: usize) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while lines > 0 {
        let octets = stream.read(&mut buffer).await?;
        if octets == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        lines -= memchr::memchr_iter(b'\n', &buffer[..octets])
            .count()
            .min(lines);
    }
    Ok(())
}

/// Pipelines, and knows how many lines come back.
async fn bare(addr: SocketAddr, messages: usize, message: &[u8]) -> Fallible {
    let mut stream = connect(addr, true).await?;
    lines(&mut stream, 1).await?;
    stream.write_all(b"HELO client.example.org\r\n").await?;
    lines(&mut stream, 1).await?;
    let message = [message, b".\r\n"].concat();
    let watch = Watch::start();
    for _ in 0..messages {
        let commands = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";
        stream.write_all(commands).await?;
        lines(&mut stream, 3).await?;
        stream.write_all(&message).await?;
        lines(&mut stream, 1).await?;
    }
    watch.stop();
    Ok(())
}

async fn here(addr: SocketAddr, messages: usize, message: &[u8]) -> Fallible {
    let mut client = Client::connect(addr).await?;
    let watch = Watch::start();
    for _ in 0..messages {
        let envelope = Envelope::new("a@example.org", ["b@example.com"])?;
        assert!(client.send(envelope, message).await?.is_accepted());
    }
    watch.stop();
    Ok(())
}

async fn here_from_memory(addr: SocketAddr, messages: usize, message: &'static [u8]) -> Fallible {
    let mut client = Client::connect(addr).await?;
    let watch = Watch::start();
    for _ in 0..messages {
        let envelope = Envelope::new("a@example.org", ["b@example.com"])?;
        let content = Bytes::from_static(message);
        assert!(client.send_bytes(envelope, content).await?.is_accepted());
    }
    watch.stop();
    Ok(())
}

async fn here_all(addr: SocketAddr, messages: usize, message: &[u8]) -> Fallible {
    let mut client = Client::connect(addr).await?;
    let envelope = Envelope::new("a@example.org", ["b@example.com"])?;
    let watch = Watch::start();
    let mut sent = client.send_all((0..messages).map(|_| (envelope.clone(), message)));
    while let Some(report) = sent.next().await {
        assert!(report?.is_accepted());
    }
    watch.stop();
    Ok(())
}

async fn lettre(addr: SocketAddr, messages: usize, message: &[u8], nodelay: bool) -> Fallible {
    let hello = ClientId::Domain("client.example.org".to_owned());
    let stream = Box::new(connect(addr, nodelay).await?);
    let mut client = AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
    let watch = Watch::start();
    for _ in 0..messages {
        let (from, to) = ("a@example.org".parse()?, "b@example.com".parse()?);
        let envelope = lettre::address::Envelope::new(Some(from), vec![to])?;
        client.send(&envelope, message).await?;
    }
    watch.stop();
    Ok(())
}

async fn mail_send(addr: SocketAddr, messages: usize, message: &[u8], nodelay: bool) -> Fallible {
    let mut client = SmtpClient {
        stream: connect(addr, nodelay).await?,
        timeout: Duration::from_secs(60),
    };
    client.read().await?;
    client.ehlo("client.example.org").await?;
    let watch = Watch::start();
    for _ in 0..messages {
        client
            .send(Message::new("a@example.org", ["b@example.com"], message))
            .await?;
    }
    watch.stop();
    Ok(())
}
