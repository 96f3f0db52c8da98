//! The example client: what it prints, and its exit status.

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{Server, delivered, example, free_port};

/// What `send` said: its exit status, stdout and stderr.
fn send(server: &str, arguments: &[&str], message: &Path) -> (Option<i32>, String, String) {
    let output = Command::new(example("send"))
        .args(["--server", server, "--from", "a@example.org"])
        .args(arguments)
        .arg(message)
        .output()
        .expect("send runs");
    let text = |octets| String::from_utf8(octets).expect("text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_exit_status_says_what_became_of_the_recipients() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("message");
    fs::write(&file, "Subject: hello\n\n.Hello.\n").expect("a file");
    let server = Server::start("smtpd", &["--discard", "--reject-recipient=no@example.com"]);
    let addr = server.addr.to_string();
    for flags in [&["--no-pipelining"][..], &[]] {
        let send = |recipients: &[&str]| send(&addr, &[flags, recipients].concat(), &file);
        let yes = |name: &str| format!("<{name}@example.com> 250 2.0.0 message accepted\n");
        let no = "<no@example.com> 550 5.1.1 no such mailbox\n";

        let (status, told, _) = send(&["--to=b@example.com", "--to=c@example.com"]);
        assert_eq!((status, told), (Some(0), yes("b") + &yes("c")));
        let (status, told, _) = send(&["--to=b@example.com", "--to=no@example.com"]);
        assert_eq!((status, told), (Some(1), yes("b") + no));
        let (status, told, _) = send(&["--to=no@example.com"]);
        assert_eq!((status, told.as_str()), (Some(2), no));
    }
}

#[test]
fn what_cannot_be_sent_is_status_2_and_a_line_on_stderr() {
    let folder = tempfile::tempdir().expect("a folder");
    let (lf, cr) = (folder.path().join("lf"), folder.path().join("cr"));
    fs::write(&lf, "Subject: hello\r\n\r\none\ntwo\r\n").expect("a file");
    fs::write(&cr, "Subject: hello\r\n\r\none\rtwo\r\n").expect("a file");
    let maildir = folder.path().join("mail");
    let server = Server::start(
        "smtpd",
        &["--size=1000", "--maildir", &maildir.to_string_lossy()],
    );
    let addr = server.addr.to_string();
    let nobody = format!("127.0.0.1:{}", free_port());
    let to = "--to=b@example.com";
    let large = folder.path().join("large");
    fs::write(&large, "x\r\n".repeat(1_000)).expect("a file");
    for (server, arguments, file) in [
        (&addr, &[to, "--newlines=require-crlf"][..], &lf),
        (&addr, &[to, "--newlines=require-crlf"], &large),
        (&addr, &[to], &cr),
        (&addr, &[to], &folder.path().join("none")),
        (&addr, &["--to=no address"], &lf),
        (&nobody, &[to], &lf),
    ] {
        let (status, told, complaint) = send(server, arguments, file);
        assert_eq!((status, told.as_str()), (Some(2), ""), "{complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
    assert!(delivered(&maildir).is_empty());
    let (status, ..) = send(&addr, &[to], &lf);
    assert_eq!(status, Some(0));
    assert_eq!(
        delivered(&maildir),
        [b"Subject: hello\r\n\r\none\r\ntwo\r\n"]
    );
}

#[test]
fn stdin_is_sent_and_the_transcript_shows_what_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let maildir = folder.path().join("mail");
    let server = Server::start("smtpd", &["--maildir", &maildir.to_string_lossy()]);
    let mut child = Command::new(example("send"))
        .args(["--server", &server.addr.to_string(), "--from="])
        .args([
            "--to=b@example.com",
            "--hello=client.example",
            "--transcript",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("send starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(b"Subject: hello\n\n.\n").expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(delivered(&maildir), [b"Subject: hello\r\n\r\n.\r\n"]);
    let transcript = String::from_utf8(output.stderr).expect("text");
    for said in [
        "C: EHLO client.example",
        "C: MAIL FROM:<> BODY=8BITMIME",
        "C: BDAT 21 LAST",
        "C: QUIT",
    ] {
        assert!(transcript.contains(&format!("\n{said}")), "{transcript}");
    }
}
