//! The client sends to a server we didn't write, and a client we didn't write to the server. Every
//! message is read back and compared.
//!
//! Programs that aren't installed are left out, and a line says so; with `SMTP_INTEROP=required`
//! that is a failure.

#[path = "../../smtp-tokio/tests/support/mod.rs"]
mod support;

use std::fs;
use std::process::Command;
use support::{Server, delivered, dotted, program};

#[test]
fn two_thousand_messages_reach_smtp_sink() {
    support::messages_reach_smtp_sink("blocking-send", 2_000, &[], &[]);
}

#[test]
fn curl_delivers() {
    let Some(curl) = program("curl") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let maildir = folder.path().join("mail");
    let server = Server::start("server", &["--maildir", &maildir.to_string_lossy()]);
    let file = folder.path().join("message");
    let message = dotted();
    fs::write(&file, &message).expect("a file");
    let status = Command::new(curl)
        .args([
            "--silent",
            "--show-error",
            &format!("smtp://{}", server.addr),
        ])
        .args([
            "--mail-from",
            "a@example.org",
            "--mail-rcpt",
            "b@example.com",
        ])
        .arg("--upload-file")
        .arg(&file)
        .status()
        .expect("curl runs");
    assert!(status.success());
    assert_eq!(delivered(&maildir), [message]);
}
