//! Senders that keep account of what became of each message, and the audit of a Maildir by it.

#![allow(dead_code)] // each test program uses its own part

use crate::support::without_trace;
use smtp_tokio::{Client, Delivery, Envelope, Error, ErrorKind};
use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write as _};
use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

/// Says what a test has measured, past the test harness, which shows only what failing tests print.
pub(crate) fn figures(said: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "figures: {said}");
}

/// The message of that number; no two have a line in common, and one in 16 is large.
pub(crate) fn content(number: u64) -> Vec<u8> {
    let mut dice = Dice(number);
    let large = number.is_multiple_of(16);
    let lines = dice.below(if large { 15_000 } else { 300 });
    let mut content = format!("Subject: {number}\r\n\r\n");
    for line in 0..lines {
        let dot = if line % 7 == 0 { "." } else { "" };
        let _ = write!(content, "{dot}{:x} of {number:x}\r\n", dice.throw());
    }
    let _ = write!(content, "end of {number}\r\n");
    content.into_bytes()
}

/// What a client knows of a message it has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Accepted,
    /// By a reply, or it never left as a whole.
    NotAccepted,
    /// The connection was lost before the reply.
    Unknown,
}

/// The account that senders keep.
#[derive(Default)]
pub(crate) struct Account {
    next: AtomicU64,
    fates: Mutex<HashMap<u64, Fate>>,
}

impl Account {
    /// Has so many clients send one message after the other, up to `most` each, until the connection
    /// ends; says how.
    pub(crate) fn senders(
        self: &Arc<Self>,
        clients: u64,
        most: usize,
        addr: SocketAddr,
    ) -> JoinSet<Option<Error>> {
        let send = |client| {
            let account = Arc::clone(self);
            async move { account.send(client, most, addr).await.err() }
        };
        (0..clients).map(send).collect()
    }

    /// By BDAT, by DATA with PIPELINING and by DATA without, as the client's number has it.
    async fn send(&self, client: u64, most: usize, addr: SocketAddr) -> Result<(), Error> {
        let manner = client % 3;
        let connecting = Client::connect(addr).configure(move |config| {
            config.chunking = manner == 0;
            config.pipelining = manner != 2;
        });
        let mut client = connecting.await?;
        for _ in 0..most {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let envelope = Envelope::new("a@example.org", ["b@example.com"]).expect("addresses");
            let sent = client.send(envelope, &content(number)[..]).await;
            let fate = match &sent {
                Ok(report) if report.is_accepted() => Fate::Accepted,
                Err(error) if error.delivery() == Delivery::Unknown => Fate::Unknown,
                Ok(_) | Err(_) => Fate::NotAccepted,
            };
            self.fates.lock().expect("no panic").insert(number, fate);
            sent?;
        }
        client.quit().await
    }

    /// Holds the Maildir against the account, and says what is in it.
    ///
    /// # Panics
    /// If a message that was accepted isn't there, or one that wasn't is, or one is there twice or in
    /// part.
    pub(crate) fn audit(&self, maildir: &Path) -> Audit {
        let fates = self.fates.lock().expect("no panic");
        let mut audit = Audit::default();
        for file in fs::read_dir(maildir.join("new")).expect("new/").flatten() {
            let path = file.path();
            let message = without_trace(&fs::read(&path).expect("a message"));
            let first = message.split(|octet| *octet == b'\r').next();
            let number = first
                .and_then(|line| str::from_utf8(line.strip_prefix(b"Subject: ")?).ok())
                .and_then(|number| number.parse().ok())
                .unwrap_or_else(|| panic!("{} has no number", path.display()));
            assert!(message == content(number), "{number} is there in part");
            let fate = fates.get(&number);
            assert_ne!(fate, Some(&Fate::NotAccepted), "{number} wasn't accepted");
            assert_ne!(fate, None, "{number} was never sent");
            let before = audit.files.insert(number, path);
            assert!(before.is_none(), "{number} is there twice");
        }
        let of = |fate| fates.iter().filter(move |(_, one)| **one == fate);
        for (number, _) in of(Fate::Accepted) {
            assert!(audit.files.contains_key(number), "{number} is lost");
            audit.accepted.insert(*number);
        }
        audit.not_accepted = of(Fate::NotAccepted).count();
        audit.unknown = of(Fate::Unknown).count();
        audit
    }
}

/// What is in a Maildir.
#[derive(Default)]
pub(crate) struct Audit {
    pub(crate) accepted: HashSet<u64>,
    pub(crate) not_accepted: usize,
    pub(crate) unknown: usize,
    /// Where each message is, those included of which nothing was known.
    pub(crate) files: HashMap<u64, PathBuf>,
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accepted = self.accepted.len();
        write!(
            f,
            "{accepted} accepted, all there; {} not accepted, none there; {} unknown, {} there",
            self.not_accepted,
            self.unknown,
            self.files.len() - accepted,
        )
    }
}

/// Whether the server said 421 in so many words.
pub(crate) fn was_told_421(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Closed(Some(reply)) => reply.code().value() == 421,
        _ => false,
    }
}

/// Numbers that look random, by `SplitMix64`.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.throw() % limit
    }
}
