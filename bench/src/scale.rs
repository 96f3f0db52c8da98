//! Whether cost grows as the work does: with connections, recipients, octets and lines of a reply.
//!
//! What loads the servers is a loop that knows no SMTP: it writes what is written down here and counts
//! the lines that come back.

use crate::chart::{self, Line};
use crate::process::{Process, myself, pinned};
use smtp_proto::bytes::Buf;
use smtp_proto::client::{Config, Connection, Event};
use smtp_proto::{Command as Said, Hello};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long one figure may take, beside what comes before it.
const WHILE: Duration = Duration::from_secs(3);

const COUNTS: [usize; 4] = [10, 100, 1_000, 10_000];

pub(crate) fn scale() {
    connections();
    messages();
    recipients();
    octets();
    replies();
}

fn start(name: &str, threads: usize) -> (Process, SocketAddr) {
    let mut command = match threads {
        1 => pinned(&myself()),
        _ => Command::new(myself()),
    };
    command.args(["serve", name, &threads.to_string()]);
    let server = Process::start(command).expect("it starts");
    let addr = (Ipv4Addr::LOCALHOST, server.port).into();
    (server, addr)
}

fn run<F: Future>(load: F) -> F::Output {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(load)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
fn per(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() / count as f64
}

/// A connection that is written to and whose replies are counted.
struct Loop {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Loop {
    /// Connects and hears the greeting.
    async fn connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let buffer = vec![0; 4_096];
        let mut new = Self { stream, buffer };
        new.hear(1).await?;
        Ok(new)
    }

    /// Waits for so many lines.
    async fn hear(&mut self, mut lines: usize) -> io::Result<()> {
        while lines > 0 {
            let octets = self.stream.read(&mut self.buffer).await?;
            if octets == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let heard = memchr::memchr_iter(b'\n', &self.buffer[..octets]).count();
            lines -= heard.min(lines);
        }
        Ok(())
    }

    async fn say(&mut self, flight: &[u8], lines: usize) -> io::Result<()> {
        self.stream.write_all(flight).await?;
        self.hear(lines).await
    }

    /// Says so many recipients, and hears the replies meanwhile.
    async fn recipients(&mut self, recipients: usize) -> io::Result<()> {
        let (mut reading, mut writing) = self.stream.split();
        let flight = "RCPT TO:<b@example.com>\r\n".repeat(recipients);
        let say = writing.write_all(flight.as_bytes());
        let hear = async {
            let mut lines = 0;
            while lines < recipients {
                let octets = reading.read(&mut self.buffer).await?;
                if octets == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                lines += memchr::memchr_iter(b'\n', &self.buffer[..octets]).count();
            }
            Ok(())
        };
        tokio::try_join!(say, hear)?;
        Ok(())
    }

    /// Sends one message, `body` so many times.
    async fn message(&mut self, recipients: usize, body: &[u8], times: usize) -> io::Result<()> {
        self.say(b"MAIL FROM:<a@example.org>\r\n", 1).await?;
        self.recipients(recipients).await?;
        self.say(b"DATA\r\n", 1).await?;
        for _ in 0..times {
            self.stream.write_all(body).await?;
        }
        self.say(b".\r\n", 1).await
    }
}

/// So many octets, in lines of 64.
fn body(octets: usize) -> Vec<u8> {
    format!("{}\r\n", "x".repeat(62))
        .repeat(octets / 64)
        .into_bytes()
}

/// What it takes to let a client in and see it leave.
fn connections() {
    println!("\n**connections to a server, each greeted and left with QUIT**\n");
    println!("| | connections/s | µs of CPU a connection |");
    println!("|---|---:|---:|");
    for name in ["loop of 2 KiB", "smtp-tokio"] {
        let (server, addr) = start(name, 1);
        let (begin, before, mut met) = (Instant::now(), server.cpu(), 0);
        run(async {
            // Each one takes a port for a minute.
            while met < 5_000 {
                let all: JoinSet<io::Result<()>> = (0..50)
                    .map(|_| async move { Loop::connect(addr).await?.say(b"QUIT\r\n", 1).await })
                    .collect();
                for left in all.join_all().await {
                    left.expect("it is let in");
                    met += 1;
                }
            }
        });
        let rate = 1.0 / per(begin.elapsed(), met);
        let cpu = per(Duration::from_nanos(server.cpu() - before), met) * 1e6;
        println!("| {name} | {rate:.0} | {cpu:.1} |");
    }
}

/// Messages that come by many connections at a time.
fn messages() {
    println!("\n**messages of 4 KiB to smtp-tokio, by connections at a time**\n");
    println!(
        "| connections | threads | messages/s | µs of CPU a message | of 10's | the loop | of the loop's |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    let mut rates = Vec::new();
    for (threads, name) in [(1, "one thread"), (2, "two threads")] {
        let mut first = None;
        let mut points = Vec::new();
        for connections in COUNTS {
            let [(_, least), (rate, cpu)] = ["loop", "smtp-tokio"].map(|name| {
                let (server, addr) = start(name, threads);
                run(load(&server, addr, connections))
            });
            let (of, of_least) = (cpu / *first.get_or_insert(cpu), cpu / least);
            println!(
                "| {connections} | {threads} | {rate:.0} | {cpu:.1} | {of:.2} | {least:.1} | {of_least:.2} |"
            );
            points.push((connections, rate));
        }
        rates.push(Line::new(name, &points));
    }
    let title = "smtp-tokio, messages of 4 KiB a second";
    draw(
        "messages",
        title,
        ["connections at a time", "messages/s"],
        &rates,
    );
}

fn draw(name: &str, title: &str, axes: [&str; 2], lines: &[Line]) {
    chart::lines(name, title, axes, lines).expect("a chart that can be written");
}

/// Messages a second, and the server's CPU time for one in microseconds.
async fn load(server: &Process, addr: SocketAddr, connections: usize) -> (f64, f64) {
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    static OVER: AtomicBool = AtomicBool::new(false);
    OVER.store(false, Ordering::Relaxed);
    let body: Arc<[u8]> = [&body(4_096)[..], b".\r\n"].concat().into();
    // Who comes when the system's queue is full waits for a second.
    let door = Arc::new(Semaphore::new(100));
    let begun = Arc::new(Semaphore::new(0));
    let mut all = JoinSet::new();
    for _ in 0..connections {
        let (body, door, begun) = (Arc::clone(&body), Arc::clone(&door), Arc::clone(&begun));
        all.spawn(async move {
            let mut client = {
                let _next = door.acquire().await;
                Loop::connect(addr).await?
            };
            client.say(b"HELO client.example.org\r\n", 1).await?;
            begun.add_permits(1);
            let commands = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";
            while !OVER.load(Ordering::Relaxed) {
                client.say(commands, 3).await?;
                client.say(&body, 1).await?;
                TAKEN.fetch_add(1, Ordering::Relaxed);
            }
            io::Result::Ok(())
        });
    }
    let everybody = u32::try_from(connections).expect("a few");
    let _ = begun.acquire_many(everybody).await;
    let so_far = || (TAKEN.load(Ordering::Relaxed), server.cpu(), Instant::now());
    let before = so_far();
    tokio::time::sleep(WHILE).await;
    let after = so_far();
    OVER.store(true, Ordering::Relaxed);
    for sent in all.join_all().await {
        sent.expect("it is served");
    }
    let taken = usize::try_from(after.0 - before.0).expect("a few");
    let cpu = Duration::from_nanos(after.1 - before.1);
    (1.0 / per(after.2 - before.2, taken), per(cpu, taken) * 1e6)
}

fn recipients() {
    println!("\n**recipients in one transaction with smtp-tokio**\n");
    println!("| recipients | µs of CPU a recipient |");
    println!("|---:|---:|");
    let (server, addr) = start("smtp-tokio", 1);
    let mut points = Vec::new();
    for recipients in [1, 10, 100, 1_000, 10_000, 100_000] {
        let time = sends(&server, addr, recipients, b"", 0);
        println!("| {recipients} | {:.2} |", per(time, recipients) * 1e6);
        points.push((recipients, time.as_secs_f64() * 1e6));
    }
    let title = "smtp-tokio, CPU time of a transaction by its recipients";
    let line = Line::new("µs", &points);
    draw("recipients", title, ["recipients", "µs of CPU"], &[line]);
}

fn octets() {
    println!("\n**octets of one message**\n");
    println!("| octets | ns of CPU an octet | the loop |");
    println!("|---:|---:|---:|");
    let servers = ["smtp-tokio", "loop"].map(|name| (name, start(name, 1)));
    let mut points = [const { Vec::new() }; 2];
    for octets in [1 << 10, 1 << 20, 1 << 30] {
        print!("| {octets} |");
        // What is written is at hand, as long as the message may be.
        let part = octets.min(1 << 16);
        for ((_, (server, addr)), points) in servers.iter().zip(&mut points) {
            let time = sends(server, *addr, 1, &body(part), octets / part);
            print!(" {:.2} |", per(time, octets) * 1e9);
            points.push((octets, time.as_secs_f64() * 1e6));
        }
        println!();
    }
    let title = "CPU time of a message by its size";
    let lines = servers.iter().zip(&points);
    let lines: Vec<_> = lines
        .map(|((name, _), points)| Line::new(name, points))
        .collect();
    draw("octets", title, ["octets", "µs of CPU"], &lines);
}

/// The server's CPU time for one message, the median of those sent in a while.
fn sends(
    server: &Process,
    addr: SocketAddr,
    recipients: usize,
    body: &[u8],
    times: usize,
) -> Duration {
    let mut took = run(async {
        let mut client = Loop::connect(addr).await?;
        client.say(b"HELO client.example.org\r\n", 1).await?;
        let (begin, mut took) = (Instant::now(), Vec::new());
        while begin.elapsed() < WHILE {
            let before = server.cpu();
            client.message(recipients, body, times).await?;
            took.push(server.cpu() - before);
        }
        io::Result::Ok(took)
    })
    .expect("it is served");
    took.sort_unstable();
    Duration::from_nanos(took[took.len() / 2])
}

fn replies() {
    println!("\n**lines of one reply, read by a client's machine 1 KiB at a time**\n");
    println!("| lines | ns a line |");
    println!("|---:|---:|");
    let mut points = Vec::new();
    for lines in COUNTS {
        let mut times: Vec<_> = (0..11).map(|_| reads(lines)).collect();
        times.sort_unstable();
        println!("| {lines} | {:.1} |", per(times[5], lines) * 1e9);
        points.push((lines, times[5].as_secs_f64() * 1e6));
    }
    let title = "the client's machine, time to read a reply by its lines";
    draw("lines", title, ["lines", "µs"], &[Line::new("µs", &points)]);
}

fn reads(lines: usize) -> Duration {
    let hello = Hello::ehlo("client.example.org").expect("a name");
    let mut config = Config::new(hello.into_owned());
    config.replies.lines = usize::MAX;
    config.replies.octets = usize::MAX;
    let mut client = Connection::new(config.into());
    let reply = "214-what there is to say of it\r\n".repeat(lines - 1) + "214 over\r\n";
    let opening = [&b"220 mx.example.com\r\n"[..], b"250 mx.example.com\r\n"];
    let mut said = opening.into_iter().chain(reply.as_bytes().chunks(1_024));
    let mut begin = Instant::now();
    loop {
        match client.poll().expect("the server does as it should") {
            Event::Ready(ready) => {
                ready
                    .command(&Said::Help(None))
                    .expect("it stands by itself");
                begin = Instant::now();
            }
            Event::Flush => {
                let octets = client.transmit().remaining();
                client.transmit().advance(octets);
            }
            Event::NeedInput => {
                let read = said.next().expect("the reply has an end");
                assert_eq!(client.receive(read), read.len());
            }
            Event::Reply { .. } => return begin.elapsed(),
            event => panic!("{event:?}"),
        }
    }
}
