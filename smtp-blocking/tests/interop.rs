//! The client sends to a server we didn't write, and a client we didn't write to the server. Every
//! message is read back and compared.
//!
//! Programs that aren't installed are left out, and a line says so; with `SMTP_INTEROP=required`
//! that is a failure.

// The types of both adapters have the same names.
extern crate smtp_blocking as smtp_tokio;

#[path = "../../smtp-tokio/tests/support/identity.rs"]
mod identity;
#[path = "../../smtp-tokio/tests/support/mod.rs"]
mod support;

use identity::Identity;
use std::fs;
use std::process::Command;
use support::{Server, delivered, dotted, example, program};

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

#[test]
fn curl_and_send_deliver_under_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ca, key) = Identity::new().write(folder.path());
    let maildir = folder.path().join("mail");
    let mut start = Command::new(example("server"));
    start.arg("--maildir").arg(&maildir);
    start.arg("--tls-cert").arg(&ca).arg("--tls-key").arg(&key);
    let server = Server::spawn(&mut start);
    let file = folder.path().join("message");
    let message = dotted();
    fs::write(&file, &message).expect("a file");

    let send = || {
        let mut send = Command::new(example("blocking-send"));
        send.args(["--server", &server.addr.to_string()])
            .args(["--from", "a@example.org", "--to", "b@example.com"])
            .args(["--starttls", "required"])
            .arg(&file);
        send
    };
    let mut given = send();
    given.arg("--ca").arg(&ca);
    let mut senders = vec![given];
    if cfg!(target_os = "linux") {
        // The system doesn't trust it unless told to.
        let refused = send().output().expect("it runs");
        let why = String::from_utf8_lossy(&refused.stderr);
        assert!(why.starts_with("TLS: invalid peer certificate"), "{why}");
        let mut system = send();
        system.env("SSL_CERT_FILE", &ca);
        senders.push(system);
    }
    if let Some(curl) = program("curl") {
        let mut curl = Command::new(curl);
        curl.args(["--silent", "--show-error", "--ssl-reqd", "--cacert"])
            .arg(&ca)
            .arg(format!("smtp://{}", server.addr))
            .args(["--mail-from", "a@example.org"])
            .args(["--mail-rcpt", "b@example.com", "--upload-file"])
            .arg(&file);
        senders.push(curl);
    }
    for sender in &mut senders {
        let status = sender.status().expect("it runs");
        assert!(status.success(), "{sender:?}");
    }
    let delivered = delivered(&maildir);
    assert_eq!(delivered, vec![message; senders.len()]);
}

#[test]
fn curl_and_send_say_who_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ca, key) = Identity::new().write(folder.path());
    let maildir = folder.path().join("mail");
    let mut start = Command::new(example("server"));
    start.arg("--maildir").arg(&maildir);
    start.arg("--tls-cert").arg(&ca).arg("--tls-key").arg(&key);
    let server = Server::spawn(start.args(["--user", "ann:x", "--user", "joe:wonderland"]));
    let file = folder.path().join("message");
    fs::write(&file, dotted()).expect("a file");

    let send = |user| {
        let mut send = Command::new(example("blocking-send"));
        send.args(["--server", &server.addr.to_string(), "--user", user])
            .args(["--from", "a@example.org", "--to", "b@example.com"])
            .args(["--starttls", "required", "--ca"])
            .args([&ca, &file]);
        send.output().expect("it runs").status.success()
    };
    assert!(send("joe:wonderland") && send("ann:x"));
    assert!(!send("joe:looking-glass"));
    let mut senders = 2;
    if let Some(curl) = program("curl") {
        for mechanism in ["PLAIN", "LOGIN"] {
            let mut curl = Command::new(&curl);
            curl.args(["--silent", "--show-error", "--ssl-reqd", "--cacert"])
                .arg(&ca)
                .args(["--user", "joe:wonderland", "--login-options"])
                .arg(format!("AUTH={mechanism}"))
                .arg(format!("smtp://{}", server.addr))
                .args(["--mail-from", "a@example.org"])
                .args(["--mail-rcpt", "b@example.com", "--upload-file"])
                .arg(&file);
            assert!(curl.status().expect("it runs").success(), "{mechanism}");
            senders += 1;
        }
    }
    let mut delivered = 0;
    for file in fs::read_dir(maildir.join("new")).expect("a folder") {
        let message = fs::read(file.expect("a file").path()).expect("a message");
        let message = String::from_utf8_lossy(&message);
        assert!(message.contains("with ESMTPSA"), "{message}");
        delivered += 1;
    }
    assert_eq!(delivered, senders);
}
