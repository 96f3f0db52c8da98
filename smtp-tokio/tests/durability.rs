//! Nothing acknowledged is lost and nothing refused is kept, whatever is done to the example server
//! while 50 clients send. `SMTP_ROUNDS` says how often it is killed, 20 times by default.

#[path = "support/load.rs"]
mod load;
mod support;

use load::{Account, Dice, figures, was_told_421};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::{PATIENCE, Server, example, program};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

const SENDERS: u64 = 50;

/// The example server, for that Maildir.
fn smtpd(maildir: &Path) -> Command {
    let mut command = Command::new(example("smtpd"));
    command.arg("--threads=2").arg("--maildir").arg(maildir);
    // It complains of every message it can't keep.
    command.stderr(Stdio::null());
    command
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let maildir = folder.path().join("mail");
    (folder, maildir)
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kills_at_random_moments() {
    let rounds = env::var("SMTP_ROUNDS").map_or(20, |rounds| rounds.parse().expect("a number"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = u64::from(now.expect("a clock").subsec_nanos());
    let mut dice = Dice(seed);
    let (_folder, maildir) = folder();
    let account = Arc::new(Account::default());
    for _ in 0..rounds {
        let server = Server::spawn(&mut smtpd(&maildir));
        let senders = account.senders(SENDERS, usize::MAX, server.addr);
        sleep(Duration::from_millis(dice.below(600))).await;
        server.running.signal("KILL");
        let ends = timeout(PATIENCE, senders.join_all()).await;
        let ends = ends.expect("whose server is gone comes to an end");
        assert!(ends.iter().all(Option::is_some));
    }
    let audit = account.audit(&maildir);
    figures(format!("{rounds} kills (seed {seed}): {audit}"));
    assert!(audit.accepted.len() > 10 * rounds);
    assert!(audit.not_accepted + audit.unknown > rounds);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_costs_what_was_refused_and_nothing_else() {
    let (folder, _) = folder();
    let Some(disk) = Disk::mount(folder.path().join("disk")) else {
        figures("a disk of 4 MiB is left out: it takes root to mount one");
        return;
    };
    let maildir = disk.0.join("mail");
    let server = Server::spawn(&mut smtpd(&maildir));
    let account = Arc::new(Account::default());
    let ends = account.senders(SENDERS, 20, server.addr).join_all().await;
    assert!(ends.iter().all(Option::is_none), "{ends:?}");
    let audit = account.audit(&maildir);
    figures(format!("a disk of 4 MiB: {audit}"));
    assert!(audit.accepted.len() > 10 && audit.not_accepted > 10);
    assert_eq!(files(&maildir.join("tmp")), 0);

    for file in audit.files.values() {
        fs::remove_file(file).expect("it is there");
    }
    let account = Arc::new(Account::default());
    account.senders(10, 2, server.addr).join_all().await;
    assert_eq!(account.audit(&maildir).accepted.len(), 20);
}

/// A file system of 4 MiB.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir(&at).expect("a folder");
        let mut mount = Command::new(program("mount")?);
        mount.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]);
        let mounted = mount.arg(&at).output().expect("mount runs");
        mounted.status.success().then(|| Self(at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Puts support/disk.c between a program and the system.
fn preload(command: &mut Command, folder: &Path) -> Option<()> {
    let library = folder.join("disk.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/disk.c");
    let compiled = Command::new(program("cc")?)
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .args([&library, Path::new(source)])
        .status();
    assert!(compiled.is_ok_and(|status| status.success()));
    command.env("LD_PRELOAD", library);
    Some(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_to_sync_costs_what_was_refused_and_nothing_else() {
    let (folder, maildir) = folder();
    let mut smtpd = smtpd(&maildir);
    if preload(&mut smtpd, folder.path()).is_none() {
        return;
    }
    let server = Server::spawn(smtpd.env("FSYNC_FAILS", "1"));
    let account = Arc::new(Account::default());
    let ends = account.senders(SENDERS, 10, server.addr).join_all().await;
    assert!(ends.iter().all(Option::is_none), "{ends:?}");
    let audit = account.audit(&maildir);
    figures(format!("one fsync in four fails: {audit}"));
    // A message takes two of them, and 7 in 16 should be refused.
    assert!(audit.accepted.len() > 200 && audit.not_accepted > 175);
    assert_eq!(files(&maildir.join("tmp")), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_cut_of_power() {
    let (folder, maildir) = folder();
    let mut smtpd = smtpd(&maildir);
    if preload(&mut smtpd, folder.path()).is_none() {
        return;
    }
    let notes = folder.path().join("notes");
    fs::create_dir(&notes).expect("a folder");
    let server = Server::spawn(smtpd.env("FSYNC_NOTES", &notes));
    let account = Arc::new(Account::default());
    let senders = account.senders(SENDERS, 20, server.addr);
    sleep(Duration::from_secs(1)).await;
    server.running.signal("KILL");
    senders.join_all().await;
    let audit = account.audit(&maildir);
    assert!(!audit.accepted.is_empty());
    for number in &audit.accepted {
        let file = &audit.files[number];
        let synced = fs::read_to_string(notes.join(file.file_name().expect("a name")));
        let synced = synced.unwrap_or_else(|_| panic!("{number} wasn't on disk for good"));
        let octets = fs::metadata(file).expect("it is there").len();
        assert_eq!(synced, octets.to_string(), "of {number}");
    }
    figures(format!("a cut of power: {audit}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_under_load_tells_every_client_where_it_stands() {
    let (_folder, maildir) = folder();
    let server = Server::spawn(&mut smtpd(&maildir));
    let account = Arc::new(Account::default());
    let senders = account.senders(20, usize::MAX, server.addr);
    sleep(Duration::from_millis(500)).await;
    server.running.signal("TERM");
    let ends = timeout(PATIENCE, senders.join_all()).await;
    for end in ends.expect("who is told to leave leaves") {
        let error = end.expect("somebody was turned away");
        assert!(was_told_421(&error), "{error:?}");
    }
    assert!(server.running.wait());
    let audit = account.audit(&maildir);
    figures(format!("a shutdown: {audit}"));
    assert!(audit.accepted.len() > 20);
    assert_eq!(audit.unknown, 0);
    assert_eq!(files(&maildir.join("tmp")), 0);
}
