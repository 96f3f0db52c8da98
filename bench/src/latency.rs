//! Clients far from their server: messages a second over a link that takes its time each way, where what
//! counts is how often a client waits for a reply.

use crate::chart::{self, Bar};
use crate::ends;
use crate::peers;
use std::convert::Infallible;
use std::io;
use std::thread;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// How long an octet is under way.
const DELAY: Duration = Duration::from_millis(20);
const MESSAGES: usize = 100;

pub(crate) fn latency() {
    let names = [
        "loop",
        "smtp-tokio",
        "smtp-tokio, send_all",
        "lettre",
        "mail-send",
    ];
    let server = peers::start("smtp-tokio").expect("this program is there");
    let port = link(server.port);
    println!("\n**clients, messages of 4 KiB, one connection, 20 ms each way**\n");
    println!("| | messages/s | round trips a message |");
    println!("|---|---:|---:|");
    let mut bars = Vec::new();
    for name in names {
        let round = ends::send(name, port, MESSAGES, 4_096).expect("every message is taken");
        let trips = 1.0 / round.rate / (2.0 * DELAY.as_secs_f64());
        println!("| {name} | {:.1} | {trips:.2} |", round.rate);
        bars.push(Bar {
            name: name.to_owned(),
            figure: round.rate,
            ours: name.starts_with("smtp-tokio"),
        });
    }
    let title = "messages a second on one connection, 20 ms each way";
    chart::bars("latency", title, &bars).expect("a chart that can be written");
}

/// Listens on the port it returns, and passes on what comes to the other one, late.
fn link(server: u16) -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", crate::process::free_port()));
    let listener = listener.expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime
            .expect("a runtime")
            .block_on(relay(listener, server))
    });
    port
}

async fn relay(listener: std::net::TcpListener, server: u16) -> io::Result<Infallible> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (near, _) = listener.accept().await?;
        let far = TcpStream::connect(("127.0.0.1", server)).await?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let (from_near, to_near) = near.into_split();
        let (from_far, to_far) = far.into_split();
        tokio::spawn(pass(from_near, to_far));
        tokio::spawn(pass(from_far, to_near));
    }
}

/// Each read is written so much later, whatever comes meanwhile.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
    let (under_way, mut arriving) = mpsc::channel::<(Instant, Vec<u8>)>(1_024);
    tokio::spawn(async move {
        while let Some((due, octets)) = arriving.recv().await {
            sleep_until(due).await;
            to.write_all(&octets).await?;
        }
        io::Result::Ok(())
    });
    let mut buffer = vec![0; 64 * 1_024];
    loop {
        let octets = from.read(&mut buffer).await?;
        let sent = under_way.send((Instant::now() + DELAY, buffer[..octets].to_vec()));
        if octets == 0 || sent.await.is_err() {
            return Ok(());
        }
    }
}
