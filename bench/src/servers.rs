//! Servers that throw away what they are sent: the library's, and a loop that knows no SMTP, which is
//! what any server on tokio costs at the least.

use crate::identity;
use crate::process::free_port;
use crate::sketch;
use smtp_tokio::{
    Accepted, Body, Config, Domain, Envelope, Extension, Handler, Rcpt, Refusal, Server, ServerTls,
};
use std::future::pending;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

/// Serves until the process is ended; says where. `threads` threads, or one that is this one.
pub(crate) fn serve(way: &str, threads: usize) {
    #[cfg(feature = "mailin-embedded")]
    if way == "mailin-embedded" {
        return mailin();
    }
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(threads).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", free_port())).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let tls = way.ends_with("TLS").then(identity::server);
        let read = match way {
            "loop" => Some(16 * 1024),
            "loop of 2 KiB" => Some(2 * 1024),
            "loop with Stalwart's parser" => None,
            "smtp-tokio" | "smtp-tokio, TLS" => {
                println!("{address}");
                return forget(listener, tls).await;
            }
            // Of one that isn't there nobody is told.
            _ => return,
        };
        println!("{address}");
        loop {
            let (stream, _) = listener.accept().await.expect("a client");
            match read {
                Some(read) => tokio::spawn(answer(stream, read)),
                None => tokio::spawn(sketch::answer(stream)),
            };
        }
    });
}

async fn forget(listener: TcpListener, tls: Option<ServerTls>) {
    let mut config = Config::new(Domain::try_from("mx.example.com").expect("a name"));
    config.limits.message = None;
    config.limits.recipients = usize::MAX;
    config.offers.add(Extension::Chunking);
    let server = Server::from_listener(listener, config).max_connections(usize::MAX);
    let server = match tls {
        None => server,
        Some(tls) => server.implicit_tls(tls),
    };
    let over = server.serve(|_| Forget, pending::<()>()).await;
    over.expect("it serves");
}

struct Forget;

impl Handler for Forget {
    async fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    async fn message(&mut self, _: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
        body.discard().await?;
        Ok(Accepted::default())
    }
}

#[cfg(feature = "mailin-embedded")]
fn mailin() {
    use mailin_embedded::SslConfig;

    #[derive(Clone)]
    struct Nothing;

    impl mailin_embedded::Handler for Nothing {}

    let mut server = mailin_embedded::Server::new(Nothing);
    let listener = std::net::TcpListener::bind(("127.0.0.1", free_port())).expect("a free port");
    println!("{}", listener.local_addr().expect("it is bound"));
    server.with_name("mx.example.com").with_num_threads(16);
    server.with_ssl(SslConfig::None).expect("no TLS");
    server.with_tcp_listener(listener);
    server.serve().expect("it serves");
}

/// Answers each read by its first octet, and a body once a read ends like one. Good for clients that
/// wait for every reply, or say all that stands before a body in one packet.
async fn answer(mut stream: TcpStream, read: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 mx.example.com\r\n").await?;
    let (mut buffer, mut in_body) = (vec![0; read], false);
    loop {
        let octets = stream.read(&mut buffer).await?;
        let read = &buffer[..octets];
        let reply: &[u8] = match read.first() {
            None => return Ok(()),
            Some(_) if in_body && !read.ends_with(b".\r\n") => continue,
            Some(_) if in_body => {
                in_body = false;
                b"250 2.0.0 message accepted\r\n"
            }
            Some(b'D') => {
                in_body = true;
                b"354 end with <CRLF>.<CRLF>\r\n"
            }
            Some(b'M') if read.ends_with(b"DATA\r\n") => {
                in_body = true;
                b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 end with <CRLF>.<CRLF>\r\n"
            }
            Some(b'Q') => b"221 2.0.0 goodbye\r\n",
            Some(_) => b"250 2.1.0 ok\r\n",
        };
        stream.write_all(reply).await?;
    }
}
