//! Programs we didn't write authenticate themselves to `smtpd` under TLS, by STARTTLS and from the first
//! octet, and send, and `send` does. Every message is read back and compared.
//!
//! Programs that aren't installed are left out, and a line says so; with `SMTP_INTEROP=required`
//! that is a failure.

#[path = "support/identity.rs"]
mod identity;
mod support;

use identity::Identity;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{Server, delivered, dotted, example, free_port, large, program, with_lf};

const USER: &str = "joe:wonderland";

/// The mechanisms that `smtpd` offers.
const ALL: &[&str] = &[
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-1",
    "PLAIN",
    "LOGIN",
];

/// What a program is given to send with.
struct Case<'a> {
    /// Where it listens, and whether it is under TLS from the first octet there.
    addr: SocketAddr,
    implicit: bool,
    /// By which mechanism of AUTH.
    mechanism: &'a str,
    /// The certificate that is to be trusted.
    ca: &'a Path,
    /// The message with CRLF, and with LF.
    crlf: &'a Path,
    lf: &'a Path,
}

/// Has that program send, by each of the mechanisms that it knows.
fn delivers(mechanisms: &[&str], program: impl Fn(&Case<'_>) -> Command) {
    delivers_by(mechanisms, |case| {
        let mut command = program(case);
        let output = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}\n{said}");
    });
}

/// Has `send` hand messages to a `smtpd` that takes none in clear, and none from strangers, and compares
/// what is delivered.
fn delivers_by(mechanisms: &[&str], send: impl Fn(&Case<'_>)) {
    let folder = tempfile::tempdir().expect("a folder");
    let (ca, key) = Identity::new().write(folder.path());
    let (crlf, lf) = (folder.path().join("crlf"), folder.path().join("lf"));
    let maildir = folder.path().join("mail");
    let implicit = format!("127.0.0.1:{}", free_port());
    let mut server = Server::spawn(
        Command::new(example("smtpd"))
            .args(["--require-tls", "--tls-cert"])
            .arg(&ca)
            .arg("--tls-key")
            .arg(&key)
            .args(["--implicit-tls", &implicit, "--require-auth"])
            .args(["--user", "ann:looking-glass", "--user", USER])
            .arg("--maildir")
            .arg(&maildir),
    );
    let mut second = String::new();
    server.log.read_line(&mut second).expect("it says where");
    assert_eq!(second, format!("listening on {implicit} under TLS\n"));
    let implicit = implicit.parse().expect("an address");
    let mut messages = 0;
    for message in [dotted(), large()] {
        fs::write(&crlf, &message).expect("a file");
        fs::write(&lf, with_lf(&message)).expect("a file");
        for (addr, implicit) in [(server.addr, false), (implicit, true)] {
            for mechanism in mechanisms {
                let case = Case {
                    addr,
                    implicit,
                    mechanism,
                    ca: &ca,
                    crlf: &crlf,
                    lf: &lf,
                };
                send(&case);
                messages += 1;
                let delivered = delivered(&maildir);
                assert_eq!(delivered.len(), messages);
                assert!(delivered.contains(&message), "the message differs");
                let mut log = String::new();
                server.log.read_line(&mut log).expect("it says so");
                assert!(log.contains(" by=\"joe\" "), "{log}");
            }
        }
    }
}

#[test]
fn curl_delivers_under_tls() {
    let Some(curl) = program("curl") else { return };
    delivers(&["PLAIN", "LOGIN"], |case| {
        let scheme = if case.implicit { "smtps" } else { "smtp" };
        let mut command = Command::new(&curl);
        command
            .args(["--silent", "--show-error", "--ssl-reqd", "--cacert"])
            .arg(case.ca)
            .args(["--mail-from", "a@example.org", "--user", USER])
            .arg("--login-options")
            .arg(format!("AUTH={}", case.mechanism))
            .args(["--mail-rcpt", "b@example.com"])
            .arg(format!("{scheme}://{}", case.addr))
            .arg("--upload-file")
            .arg(case.crlf);
        command
    });
}

#[test]
fn swaks_delivers_under_tls() {
    let Some(swaks) = program("swaks") else {
        return;
    };
    delivers(&["PLAIN", "LOGIN"], |case| {
        let tls = if case.implicit { "--tlsc" } else { "--tls" };
        // It puts an empty line behind the message, so it is given one line end less.
        let message = fs::read_to_string(case.lf).expect("text");
        let file = case.lf.with_extension("swaks");
        fs::write(&file, message.strip_suffix('\n').expect("a line end")).expect("a file");
        let mut command = Command::new(&swaks);
        command
            .args(["--server", &case.addr.to_string(), tls])
            .args(["--tls-verify", "--tls-ca-path"])
            .arg(case.ca)
            .args(["--auth", case.mechanism])
            .args(["--auth-user", "joe", "--auth-password", "wonderland"])
            .args(["--from", "a@example.org", "--to", "b@example.com"])
            .args(["--silent", "2", "--data"])
            .arg(format!("@{}", file.display()));
        command
    });
}

#[test]
fn openssl_delivers_under_tls() {
    let Some(openssl) = program("openssl") else {
        return;
    };
    delivers_by(&["PLAIN"], |case| {
        let mut command = Command::new("timeout");
        command
            .arg("60")
            .arg(&openssl)
            .args([
                "s_client",
                "-quiet",
                "-verify_quiet",
                "-verify_return_error",
            ])
            .args(["-verify_ip", "127.0.0.1", "-CAfile"])
            .arg(case.ca)
            .args(["-connect", &case.addr.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if !case.implicit {
            command.args(["-starttls", "smtp"]);
        }
        let mut child = command.spawn().expect("it runs");
        let mut input = child.stdin.take().expect("it is piped");
        let mut replies = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let message = fs::read_to_string(case.crlf).expect("text");
        let stuffed = format!("\r\n{message}").replace("\r\n.", "\r\n..");
        let greeting = case.implicit.then_some(("", "220 "));
        for (line, code) in greeting.into_iter().chain([
            ("EHLO client.example\r\n", "250 "),
            ("AUTH PLAIN AGpvZQB3b25kZXJsYW5k\r\n", "235 "),
            ("MAIL FROM:<a@example.org>\r\n", "250 "),
            ("RCPT TO:<b@example.com>\r\n", "250 "),
            ("DATA\r\n", "354 "),
            (&format!("{}.\r\n", &stuffed[2..]), "250 "),
            ("QUIT\r\n", "221 "),
        ]) {
            input.write_all(line.as_bytes()).expect("it listens");
            let mut reply = replies.by_ref().map(|line| line.expect("a line"));
            let last = reply.find(|line| line.as_bytes().get(3) != Some(&b'-'));
            assert!(last.is_some_and(|last| last.starts_with(code)), "no {code}");
        }
        assert!(child.wait().expect("it ends").success());
    });
}

#[test]
fn msmtp_delivers_under_tls() {
    let Some(msmtp) = program("msmtp") else {
        return;
    };
    delivers(
        &["plain", "login", "scram-sha-1", "scram-sha-256"],
        |case| {
            let starttls = if case.implicit { "off" } else { "on" };
            let mut command = Command::new(&msmtp);
            command
                .args(["--file=/dev/null", "--host=127.0.0.1", "--tls=on"])
                .arg(format!("--port={}", case.addr.port()))
                .arg(format!("--tls-starttls={starttls}"))
                .arg(format!("--tls-trust-file={}", case.ca.display()))
                .arg(format!("--auth={}", case.mechanism))
                .args(["--user=joe", "--passwordeval=echo wonderland"])
                .args(["--set-from-header=off", "--set-date-header=off"])
                .args(["--set-msgid-header=off", "--from=a@example.org"])
                .arg("b@example.com")
                .stdin(Stdio::from(fs::File::open(case.lf).expect("a file")));
            command
        },
    );
}

#[test]
fn python_delivers_under_tls() {
    let Some(python) = program("python3") else {
        return;
    };
    let script = "\
import smtplib, ssl, sys
port, implicit, mechanism, ca, message = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
if implicit == 'true':
    server = smtplib.SMTP_SSL('127.0.0.1', port, context=context)
else:
    server = smtplib.SMTP('127.0.0.1', port)
    server.starttls(context=context)
server.ehlo()
server.user, server.password = 'joe', 'wonderland'
server.auth(mechanism, getattr(server, 'auth_' + mechanism.lower()))
server.sendmail('a@example.org', ['b@example.com'], open(message, 'rb').read())
server.quit()
";
    delivers(&["PLAIN", "LOGIN"], |case| {
        let mut command = Command::new(&python);
        command
            .args(["-c", script, &case.addr.port().to_string()])
            .args([&case.implicit.to_string(), case.mechanism])
            .args([case.ca, case.crlf]);
        command
    });
}

#[test]
fn send_delivers_under_tls() {
    delivers(ALL, |case| {
        let mut command = Command::new(example("send"));
        command
            .args(["--user", USER, "--mechanism", case.mechanism])
            .args(["--server", &case.addr.to_string(), "--ca"])
            .arg(case.ca)
            .args(["--from", "a@example.org", "--to", "b@example.com"])
            .arg(case.crlf);
        if case.implicit {
            command.arg("--implicit-tls");
        } else {
            command.args(["--starttls", "required"]);
        }
        command
    });
}
