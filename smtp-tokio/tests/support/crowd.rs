//! Peers that nobody wants, what they cost, and one honest client beside them.

use crate::load::content;
use crate::support::{PATIENCE, program};
use smtp_tokio::{Client, Envelope};
use socket2::{Domain, Socket, Type};
use std::fs;
use std::net::SocketAddr;
use std::process::{self, Command};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{interval, timeout};

/// The most that anybody sends who sends without end, in octets.
pub(crate) const ENDLESS: usize = 2 << 30;

/// How many files this process and those it starts may have open, after asking for as many as there are.
pub(crate) fn descriptors() -> usize {
    let all = format!("--pid={}", process::id());
    if let Some(prlimit) = program("prlimit") {
        let hard = ["--nofile", "--output=HARD", "--noheadings", "--raw"];
        let hard = Command::new(&prlimit).arg(&all).args(hard).output();
        let hard = String::from_utf8(hard.expect("prlimit runs").stdout).expect("text");
        let raise = format!("--nofile={0}:{0}", hard.trim());
        let raised = Command::new(prlimit).args([all, raise]).status();
        assert!(raised.is_ok_and(|status| status.success()));
    }
    let limits = fs::read_to_string("/proc/self/limits").expect("/proc");
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = files.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    soft.expect("a number of files")
}

/// What of the memory a process takes has come since a moment.
pub(crate) struct Memory {
    process: u32,
    before: usize,
}

impl Memory {
    pub(crate) fn of(process: u32) -> Self {
        // The peak starts anew.
        fs::write(format!("/proc/{process}/clear_refs"), "5").expect("/proc");
        let mut memory = Self { process, before: 0 };
        memory.before = memory.read("VmRSS:");
        memory
    }

    /// The most there was since, above what there was then, in octets.
    pub(crate) fn peak(&self) -> usize {
        self.read("VmHWM:").saturating_sub(self.before)
    }

    fn read(&self, field: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process));
        let status = status.expect("it runs");
        let kib = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = kib.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<usize>().ok());
        kib.expect("a number") * 1024
    }
}

/// How long an honest client waits for a message to be taken, from connecting to leaving.
pub(crate) async fn served(addr: SocketAddr) -> Duration {
    let start = Instant::now();
    let serve = async {
        let mut client = Client::connect(addr).await?;
        let envelope = Envelope::new("a@example.org", ["b@example.com"]).expect("addresses");
        let report = client.send(envelope, &content(16)[..]).await?;
        assert!(report.is_accepted());
        client.quit().await
    };
    let served = timeout(PATIENCE, serve).await.expect("in time");
    served.expect("an honest client is served");
    start.elapsed()
}

/// Connects, and gives what the server says to that.
pub(crate) async fn greeted(addr: SocketAddr) -> (TcpStream, String) {
    // Who comes when the system's queue is full waits for seconds.
    static DOOR: Semaphore = Semaphore::const_new(100);
    let _next = DOOR.acquire().await;
    let mut stream = TcpStream::connect(addr).await.expect("somebody listens");
    let mut greeting = [0; 512];
    let read = stream.read(&mut greeting).await.expect("a greeting");
    let greeting = str::from_utf8(&greeting[..read]).expect("text");
    (stream, greeting.to_owned())
}

/// Is let in, and does nothing.
pub(crate) async fn idle(addr: SocketAddr) -> TcpStream {
    let (stream, greeting) = greeted(addr).await;
    assert!(greeting.starts_with("220 "), "{greeting}");
    stream
}

/// Says an octet a second until it is hung up on; gives what it was told.
pub(crate) async fn trickle(mut stream: TcpStream) -> String {
    let (mut reading, mut writing) = stream.split();
    let mut told = String::new();
    let trickle = async {
        let mut seconds = interval(Duration::from_secs(1));
        loop {
            seconds.tick().await;
            if writing.write_all(b"N").await.is_err() {
                return std::future::pending().await;
            }
        }
    };
    tokio::select! {
        () = trickle => {}
        _ = reading.read_to_string(&mut told) => {}
    }
    told
}

/// Has large replies come and reads none of them, until nothing moves, or nobody is there.
pub(crate) async fn deaf(addr: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    // In large segments the system would hold megabytes for each, and run out of memory first.
    socket.set_tcp_mss(536).expect("a setting");
    socket.set_recv_buffer_size(4_096).expect("a setting");
    socket.set_send_buffer_size(4_096).expect("a setting");
    socket.connect(&addr.into()).expect("somebody listens");
    socket.set_nonblocking(true).expect("a setting");
    let mut stream = TcpStream::from_std(socket.into()).expect("a stream");
    // A message now and then makes the rest welcome.
    let hello = "EHLO client.example\r\n".repeat(90);
    let flight = format!("{hello}MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n.\r\n");
    let moves = Duration::from_secs(3);
    while let Ok(Ok(())) = timeout(moves, stream.write_all(flight.as_bytes())).await {}
    stream
}

/// Says the same again and again until it is hung up on, or leaves after [`ENDLESS`] octets; how many
/// it has said, and what it was told meanwhile.
pub(crate) async fn repeat(mut stream: TcpStream, what: &[u8]) -> (usize, String) {
    let (mut reading, mut writing) = stream.split();
    let mut said = 0;
    let say = async {
        while said < ENDLESS {
            said += writing.write(what).await?;
        }
        writing.write_all(b"\r\n.\r\nQUIT\r\n").await
    };
    let mut told = Vec::new();
    // Whoever goes on sending loses what is said last at times.
    let (_, _) = tokio::join!(say, reading.read_to_end(&mut told));
    (said, String::from_utf8(told).expect("text"))
}

/// A server that greets everybody with `opening` and goes on with `what`, for 16 MiB unless its client
/// leaves before that.
pub(crate) async fn rant(opening: &'static str, what: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.write_all(opening.as_bytes()).await?;
                let what = what.repeat(1_000);
                let mut said = 0;
                while said < 16 << 20 {
                    said += stream.write(what.as_bytes()).await?;
                }
                stream.read(&mut [0; 512]).await
            });
        }
    });
    addr
}
