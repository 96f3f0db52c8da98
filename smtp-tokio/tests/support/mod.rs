//! What the tests share: starting programs, finding a port, and reading back what was delivered.

#![allow(dead_code)] // each test program uses its own part

pub(crate) mod peer;

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// How long anything may take that should take no time at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A message that has everything to trip over: dots at the start of lines, and in its first.
pub(crate) fn dotted() -> Vec<u8> {
    let mut message = b"Subject: dots\r\n\r\n".to_vec();
    for line in [".", "..", ".a", "...", "", ".", "a.", " .", ". ", "..."].repeat(50) {
        message.extend_from_slice(line.as_bytes());
        message.extend_from_slice(b"\r\n");
    }
    message
}

/// A message of 5 MB, no two lines the same.
pub(crate) fn large() -> Vec<u8> {
    let mut message = b"Subject: large\r\n\r\n".to_vec();
    let mut line = 0_u64;
    while message.len() < 5_000_000 {
        let dot = if line.is_multiple_of(7) { "." } else { "" };
        let octets = format!(
            "{dot}{line:x} {:x}\r\n",
            line.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        );
        message.extend_from_slice(octets.as_bytes());
        line += 1;
    }
    message
}

/// The message as a text file of this system would have it.
pub(crate) fn with_lf(message: &[u8]) -> Vec<u8> {
    message
        .iter()
        .copied()
        .filter(|octet| *octet != b'\r')
        .collect()
}

/// Where that program is; `None`, and a line that says what is left out, where it isn't installed.
///
/// # Panics
/// If it isn't and `SMTP_INTEROP` is `required`.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        left_out(&format!("{name} is not installed"));
    }
    found
}

/// Says what a test is left out for.
///
/// # Panics
/// If `SMTP_INTEROP` is `required`.
pub(crate) fn left_out(why: &str) {
    let required = env::var_os("SMTP_INTEROP").is_some_and(|value| value == "required");
    assert!(!required, "{why}");
    // Past the test harness, which shows only what failing tests print.
    let _ = writeln!(io::stderr().lock(), "left out: {why}");
}

/// The example program of that name.
///
/// # Panics
/// If it wasn't built; `cargo test` builds it.
pub(crate) fn example(name: &str) -> PathBuf {
    let this = env::current_exe().expect("a test knows where it is");
    let target = this.ancestors().nth(2).expect("it is in target/…/deps/");
    let file = target.join("examples").join(name);
    assert!(file.is_file(), "the example {name} isn't built");
    file
}

/// A program that runs until the test is done with it.
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().expect("it starts"))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits for it to leave by itself.
    pub(crate) fn wait(mut self) -> bool {
        self.0.wait().is_ok_and(|status| status.success())
    }

    /// What it says on stderr, where that is piped.
    pub(crate) fn stderr(&mut self) -> std::process::ChildStderr {
        self.0.stderr.take().expect("stderr is piped")
    }

    /// Sends it that signal, by its name without SIG.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.is_ok_and(|status| status.success()));
    }
}

/// One of our servers, on a free port.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) running: Running,
    /// What it says of each message.
    pub(crate) log: BufReader<std::process::ChildStdout>,
}

impl Server {
    pub(crate) fn start(example_name: &str, arguments: &[&str]) -> Self {
        Self::spawn(Command::new(example(example_name)).args(arguments))
    }

    /// As [`start`](Self::start), with more said of how.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .args(["--listen", &format!("127.0.0.1:{}", free_port())])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let mut log = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut first = String::new();
        log.read_line(&mut first).expect("it says where it listens");
        let addr = first
            .trim()
            .strip_prefix("listening on ")
            .expect("the first line says it");
        Self {
            addr: addr.parse().expect("an address"),
            running: Running(child),
            log,
        }
    }

    pub(crate) fn port(&self) -> String {
        self.addr.port().to_string()
    }
}

/// A port nobody listens on, below those the system gives out by itself, and never the same one
/// twice.
pub(crate) fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let next = std::process::id() * 16 + TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(20_000 + next % 12_000).expect("below 32,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until somebody listens there.
pub(crate) fn await_listener(addr: SocketAddr) {
    for _ in 0..PATIENCE.as_millis() / 20 {
        if TcpStream::connect(addr).is_ok() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("nobody listens on {addr}");
}

/// The messages in a Maildir as they were sent: without the lines the server put in front, and
/// with CRLF.
pub(crate) fn delivered(maildir: &Path) -> Vec<Vec<u8>> {
    assert_eq!(
        fs::read_dir(maildir.join("tmp")).expect("tmp/").count(),
        0,
        "left in tmp/"
    );
    let files = fs::read_dir(maildir.join("new")).expect("new/").flatten();
    files
        .map(|file| {
            let octets = fs::read(file.path()).expect("a message");
            without_trace(&octets)
        })
        .collect()
}

/// A delivered message as it was sent.
pub(crate) fn without_trace(octets: &[u8]) -> Vec<u8> {
    let mut lines = octets.split_inclusive(|octet| *octet == b'\n').peekable();
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with(b"Return-Path: "))
    );
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with(b"Received: "))
    );
    while lines.next_if(|line| line.starts_with(b"\t")).is_some() {}
    let mut message = Vec::with_capacity(octets.len());
    for line in lines {
        message.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
        message.extend_from_slice(b"\r\n");
    }
    message
}

/// What `smtp-sink` dumped, without the lines it put in front and the one behind.
pub(crate) fn sunk(file: &Path) -> Vec<u8> {
    let octets = fs::read(file).expect("a dump");
    let mut rest = &octets[..];
    for front in [&b"X-"[..], b"Received:", b"\t"] {
        while rest.starts_with(front) {
            let end = rest
                .iter()
                .position(|octet| *octet == b'\n')
                .expect("lines");
            rest = &rest[end + 1..];
        }
    }
    rest.strip_suffix(b"\n").unwrap_or(rest).to_vec()
}

/// Has our `send`, with these arguments more, send so many messages to `smtp-sink` with those.
pub(crate) fn messages_reach_smtp_sink(
    send: &str,
    messages: usize,
    ours: &[&str],
    theirs: &[&str],
) {
    let Some(sink) = program("smtp-sink") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    let dumps = folder.path().join("dumps");
    fs::create_dir(&dumps).expect("a folder");
    let _sink = Running::start(
        Command::new(sink)
            .args(["-u", "root", "-d", "%M."])
            .args(theirs)
            .args([&addr.to_string(), "200"])
            .current_dir(&dumps),
    );
    await_listener(addr);

    let deliver = |message: &[u8], messages: &str, more: &[&str]| {
        let file = folder.path().join("message");
        fs::write(&file, message).expect("a file");
        let output = Command::new(example(send))
            .args(["--server", &addr.to_string(), "--from", "a@example.org"])
            .args(["--to", "b@example.com", "--messages", messages])
            .args(["--connections", "20"])
            .args(ours)
            .args(more)
            .arg(&file)
            .output()
            .expect("send runs");
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .expect("text")
            .lines()
            .count()
    };
    let (dotted, large) = (dotted(), large());
    let small = messages - 1;
    let recipients = 1 + ours.iter().filter(|flag| flag.starts_with("--to=")).count();
    assert_eq!(
        deliver(&dotted, &small.to_string(), &["--newlines", "require-crlf"]),
        small * recipients
    );
    let more = ["--no-pipelining"];
    assert_eq!(deliver(&with_lf(&large), "1", &more), recipients);

    let mut counts = [0, 0];
    for file in fs::read_dir(&dumps).expect("dumps").flatten() {
        let message = sunk(&file.path());
        let which = usize::from(message != with_lf(&dotted));
        assert!(
            which == 0 || message == with_lf(&large),
            "{} differs",
            file.path().display()
        );
        counts[which] += 1;
    }
    assert_eq!(counts, [small, 1]);
}
