//! Mail servers that we didn't write, each with a configuration, a queue and mailboxes of its own
//! in a folder of the test's.
//!
//! They take mail under TLS only, for `example.com`, and put each recipient's in a Maildir. One of
//! the recipients is for those who have said who they are.

#![allow(dead_code)] // each test program uses its own part

mod exim;
mod postfix;

use crate::identity::{Identity, NAME};
use crate::support::{PATIENCE, Running, await_listener, free_port, left_out};
use smtp_tokio::rustls::ClientConfig;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many there are of `box0`, `box1` and so on, who take any mail.
pub(crate) const BOXES: usize = 100;

/// Takes mail from those who have said who they are.
pub(crate) const MEMBERS: &str = "members";

/// By which they say so, under TLS only.
pub(crate) const MECHANISMS: [&str; 4] = ["PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256"];

/// One of them.
pub(crate) const USER: &str = "joe";
pub(crate) const PASSWORD: &str = "pencil";

/// Has an address that needs SMTPUTF8.
pub(crate) const OFFICE: &str = "büro";

/// The largest message taken, in octets.
pub(crate) const SIZE: u64 = 6_000_000;

/// A mail server, and what it has delivered.
pub(crate) struct Mta {
    pub(crate) name: &'static str,
    /// Where TLS is by STARTTLS.
    pub(crate) starttls: SocketAddr,
    /// Where it is from the first octet.
    pub(crate) implicit: SocketAddr,
    /// The certificate that is to be trusted, as a file.
    pub(crate) ca: PathBuf,
    identity: Identity,
    programs: Vec<Group>,
    folder: TempDir,
}

/// Whom they know.
fn local_parts() -> impl Iterator<Item = String> {
    let boxes = (0..BOXES).map(|number| format!("box{number}"));
    boxes.chain([MEMBERS, OFFICE].map(String::from))
}

/// Has that done with each mail server that is installed.
pub(crate) fn with_each(test: impl Fn(&Mta)) {
    for start in [postfix::start, exim::start] {
        if let Some(mta) = start() {
            test(&mta);
        }
    }
}

impl Mta {
    /// One that isn't started yet; `None` where none can be.
    fn new(name: &'static str) -> Option<Self> {
        if fs::metadata("/proc/self").map_or(1, |this| this.uid()) != 0 {
            left_out(&format!("{name} is started by root only"));
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let [starttls, implicit] =
            [free_port(), free_port()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let identity = Identity::new();
        let mta = Self {
            name,
            starttls,
            implicit,
            ca: identity.write(folder.path()).0,
            identity,
            programs: Vec::new(),
            folder,
        };
        // Mail servers do most of their work as somebody else.
        mta.run(&["chmod", "755", "{folder}"]);
        mta.run(&[
            "install",
            "-d",
            "-m",
            "777",
            "{folder}/log",
            "{folder}/mail",
        ]);
        Some(mta)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is common to the configurations, filled in.
    fn fill(&self, text: &str) -> String {
        text.replace("{folder}", &self.folder.path().to_string_lossy())
            .replace("{name}", NAME)
            .replace("{members}", MEMBERS)
            .replace("{size}", &SIZE.to_string())
            .replace("{starttls}", &self.starttls.port().to_string())
            .replace("{implicit}", &self.implicit.port().to_string())
    }

    fn configure(&self, file: &str, text: &str) {
        fs::write(self.path(file), self.fill(text)).expect("a file");
    }

    /// Runs a program to its end, and says what it said.
    fn run(&self, command: &[&str]) -> String {
        let output = Command::new("timeout")
            .args(["60"])
            .args(command.iter().map(|word| self.fill(word)))
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{command:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Starts a program that runs until the test is done with it.
    fn spawn(&mut self, command: &[&str]) {
        let output = format!("{}.out", self.programs.len());
        let output = File::create(self.path("log").join(output)).expect("a file");
        self.programs.push(Group(Running::start(
            Command::new("timeout")
                .args(["--signal=KILL", "300"])
                .args(command.iter().map(|word| self.fill(word)))
                .stdout(output.try_clone().expect("a file"))
                .stderr(output),
        )));
    }

    fn await_that(&self, what: &str, is_so: impl Fn() -> bool) {
        let patience = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < patience, "{}: no {what}", self.name);
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn started(self) -> Self {
        await_listener(self.starttls);
        await_listener(self.implicit);
        self
    }

    /// What trusts it, and nothing else.
    pub(crate) fn trust(&self) -> ClientConfig {
        self.identity.trust()
    }

    /// A file with that in it.
    pub(crate) fn file(&self, octets: &[u8]) -> PathBuf {
        let file = self.path("message");
        fs::write(&file, octets).expect("a file");
        file
    }

    /// So many messages to that local part, once they are there, as they were sent.
    pub(crate) fn delivered(&self, local_part: &str, messages: usize) -> Vec<Vec<u8>> {
        let new = self.path("mail").join(local_part).join("new");
        self.await_that(&format!("mail for {local_part}"), || {
            fs::read_dir(&new).map_or(0, Iterator::count) >= messages
        });
        let files = fs::read_dir(&new).expect("a folder").flatten();
        files
            .map(|file| without_trace(&fs::read(file.path()).expect("a message")))
            .collect()
    }

    /// Whether there was ever anything for that local part.
    pub(crate) fn has_mail(&self, local_part: &str) -> bool {
        self.path("mail").join(local_part).exists()
    }
}

impl Drop for Mta {
    fn drop(&mut self) {
        if thread::panicking() {
            let logs = fs::read_dir(self.path("log"));
            for file in logs.into_iter().flatten().flatten() {
                let said = fs::read(file.path()).unwrap_or_default();
                let said = String::from_utf8_lossy(&said);
                eprintln!("{}\n{said}", file.path().display());
            }
        }
    }
}

/// A message without the lines that a mail server puts in front of it, and with CRLF.
fn without_trace(octets: &[u8]) -> Vec<u8> {
    const FIELDS: [&str; 6] = [
        "return-path:",
        "x-original-to:",
        "delivered-to:",
        "envelope-to:",
        "delivery-date:",
        "received:",
    ];
    let mut in_front = true;
    let mut message = Vec::with_capacity(octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let text = String::from_utf8_lossy(&line[..line.len().min(20)]).to_ascii_lowercase();
        in_front &=
            text.starts_with(['\t', ' ']) || FIELDS.iter().any(|name| text.starts_with(name));
        if !in_front {
            message.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
            message.extend_from_slice(b"\r\n");
        }
    }
    message
}

/// A program and all that it starts: `timeout` puts them in a group, and ends them even if the test
/// can't.
struct Group(Running);

impl Drop for Group {
    fn drop(&mut self) {
        let kill = format!("kill -KILL -{}", self.0.id());
        let _ = Command::new("sh")
            .args(["-c", &kill])
            .stderr(Stdio::null())
            .status();
    }
}
