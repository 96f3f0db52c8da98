//! Programs we didn't write send to `smtpd`, and `send` sends to servers we didn't write. Every
//! message is read back and compared.
//!
//! Programs that aren't installed are left out, and a line says so; with `SMTP_INTEROP=required`
//! that is a failure.

mod support;

use std::fs;
use std::process::{Command, Stdio};
use support::{Server, delivered, dotted, large, program, with_lf};

/// Has `send` hand `message`, in a file with CRLF or one with LF, to `smtpd`, and compares what is
/// delivered with `expected`.
fn delivers(
    message: &[u8],
    expected: &[u8],
    send: impl Fn(&Server, &std::path::Path, &std::path::Path),
) {
    let folder = tempfile::tempdir().expect("a folder");
    let maildir = folder.path().join("mail");
    let server = Server::start("smtpd", &["--maildir", &maildir.to_string_lossy()]);
    let (crlf, lf) = (folder.path().join("crlf"), folder.path().join("lf"));
    fs::write(&crlf, message).expect("a file");
    fs::write(&lf, with_lf(message)).expect("a file");
    send(&server, &crlf, &lf);
    let delivered = delivered(&maildir);
    assert_eq!(delivered.len(), 1);
    assert!(delivered[0] == expected, "the message differs");
}

fn run(command: &mut Command) {
    let output = command.output().expect("it runs");
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn swaks_delivers() {
    let Some(swaks) = program("swaks") else {
        return;
    };
    for message in [dotted(), large()] {
        // It completes the last line whether it needs that or not.
        let expected = [&message[..], b"\r\n"].concat();
        delivers(&message, &expected, |server, _, lf| {
            run(Command::new(&swaks)
                .args(["--server", "127.0.0.1", "--port", &server.port()])
                .args([
                    "--from",
                    "a@example.org",
                    "--to",
                    "b@example.com",
                    "--silent",
                    "2",
                ])
                .arg("--data")
                .arg(format!("@{}", lf.display())));
        });
    }
}

#[test]
fn curl_delivers() {
    let Some(curl) = program("curl") else { return };
    for message in [dotted(), large()] {
        delivers(&message, &message, |server, crlf, _| {
            run(Command::new(&curl)
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
                .arg(crlf));
        });
    }
}

#[test]
fn msmtp_delivers() {
    let Some(msmtp) = program("msmtp") else {
        return;
    };
    for message in [dotted(), large()] {
        delivers(&message, &message, |server, _, lf| {
            run(Command::new(&msmtp)
                .args([
                    "--file=/dev/null",
                    "--host=127.0.0.1",
                    "--from=a@example.org",
                ])
                .args([
                    &format!("--port={}", server.port()),
                    "--set-from-header=off",
                ])
                .args([
                    "--set-date-header=off",
                    "--set-msgid-header=off",
                    "b@example.com",
                ])
                .stdin(Stdio::from(fs::File::open(lf).expect("a file"))));
        });
    }
}

#[test]
fn python_delivers() {
    let Some(python) = program("python3") else {
        return;
    };
    let script = "\
import smtplib, sys
with smtplib.SMTP('127.0.0.1', int(sys.argv[1])) as server:
    server.sendmail('a@example.org', ['b@example.com'], open(sys.argv[2], 'rb').read())
";
    for message in [dotted(), large()] {
        delivers(&message, &message, |server, crlf, _| {
            run(Command::new(&python)
                .args(["-c", script, &server.port()])
                .arg(crlf));
        });
    }
}

#[test]
fn python_delivers_to_addresses_in_utf8() {
    let Some(python) = program("python3") else {
        return;
    };
    let script = "\
import smtplib, sys
with smtplib.SMTP('127.0.0.1', int(sys.argv[1])) as server:
    options = ['SMTPUTF8', 'BODY=8BITMIME']
    message = 'Subject: grüße\\r\\n\\r\\nhallo\\r\\n'.encode()
    server.sendmail('jörg@xn--bcher-kva.example', ['büro@bücher.example'], message, options)
    try:
        server.sendmail('a@example.org', ['büro@bucher.example'], message, options)
    except smtplib.SMTPRecipientsRefused:
        sys.exit(0)
sys.exit(1)
";
    let folder = tempfile::tempdir().expect("a folder");
    let maildir = folder.path().join("mail");
    let maildir_arg = maildir.to_string_lossy();
    let server = Server::start(
        "smtpd",
        &[
            "--maildir",
            &maildir_arg,
            "--local-domain",
            "XN--BCHER-KVA.example",
        ],
    );
    run(Command::new(&python).args(["-c", script, &server.port()]));
    let delivered = delivered(&maildir);
    assert_eq!(delivered, ["Subject: grüße\r\n\r\nhallo\r\n".as_bytes()]);
}

#[test]
fn two_thousand_messages_come_from_smtp_source() {
    messages_come_from_smtp_source(2_000, &[], &[]);
}

#[test]
fn messages_for_three_recipients_come_from_smtp_source_by_lmtp() {
    messages_come_from_smtp_source(200, &["--lmtp"], &["-L", "-r", "3"]);
}

fn messages_come_from_smtp_source(messages: usize, ours: &[&str], theirs: &[&str]) {
    let Some(source) = program("smtp-source") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let maildir = folder.path().join("mail");
    let maildir_arg = maildir.to_string_lossy();
    let server = Server::start("smtpd", &[&["--maildir", &maildir_arg], ours].concat());
    let file = folder.path().join("message");
    let message = dotted();
    fs::write(&file, with_lf(&message)).expect("a file");
    run(Command::new(source)
        .args(theirs)
        .args(["-s", "20", "-m", &messages.to_string()])
        .args(["-f", "a@example.org", "-t", "b@example.com"])
        .arg("-F")
        .arg(&file)
        .arg(server.addr.to_string()));
    // It takes what is behind the last line end for one more line.
    let expected = [&message[..], b"\r\n"].concat();
    let delivered = delivered(&maildir);
    assert_eq!(delivered.len(), messages);
    assert!(delivered.iter().all(|message| *message == expected));
}

#[test]
fn two_thousand_messages_reach_smtp_sink() {
    support::messages_reach_smtp_sink("send", 2_000, &[], &[]);
}

#[test]
fn messages_for_two_recipients_reach_smtp_sink_by_lmtp() {
    let ours = ["--lmtp", "--to=c@example.com"];
    support::messages_reach_smtp_sink("send", 200, &ours, &["-L"]);
}
