//! The servers as processes: how each is started.

use crate::process::{Process, free_port, myself, pinned};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

/// The library's, the yardsticks before it and the others behind it. Which aren't there is said.
pub(crate) const SERVERS: [&str; 9] = [
    "loop",
    "loop with Stalwart's parser",
    "smtp-tokio",
    "smtpd --discard",
    "mailin-embedded",
    "smtp-sink",
    "go-smtp",
    "nodemailer",
    "aiosmtpd",
];

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/");

/// How a server is started, and its port if it doesn't say itself where it listens.
pub(crate) fn server(name: &str) -> (Command, Option<u16>) {
    let silent = |program: &str, arguments: &[&str]| {
        let port = free_port();
        let mut command = pinned(program);
        command.args(arguments).arg(port.to_string());
        (command, Some(port))
    };
    match name {
        "smtpd --discard" => {
            let mut command = pinned(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../target/release/examples/smtpd"
            ));
            let listen = format!("127.0.0.1:{}", free_port());
            command.args(["--discard", "--listen", &listen]);
            (command, None)
        }
        "smtp-sink" => {
            let port = free_port();
            let mut command = pinned("smtp-sink");
            // As root it wants to be somebody else.
            if fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
                command.args(["-u", "nobody"]);
            }
            command.args([&format!("127.0.0.1:{port}"), "100"]);
            (command, Some(port))
        }
        "go-smtp" => silent(&format!("{PEERS}go-smtp"), &[]),
        "nodemailer" => silent("node", &[&format!("{PEERS}smtp-server.js")]),
        "aiosmtpd" => silent(
            &format!("{PEERS}venv/bin/python3"),
            &[&format!("{PEERS}aiosmtpd_discard.py")],
        ),
        _ => {
            let mut command = pinned(&myself());
            command.args(["serve", name, "1"]);
            (command, None)
        }
    }
}

pub(crate) fn start(name: &str) -> Option<Process> {
    let (command, port) = server(name);
    match port {
        None => Process::start(command).ok(),
        Some(port) => Process::start_on(port, command).ok(),
    }
}
