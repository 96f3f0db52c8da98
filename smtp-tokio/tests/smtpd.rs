//! The example server's arguments, what it prints, and how it leaves.

#[path = "support/smtpd.rs"]
mod smtpd;
mod support;

use smtpd::Smtpd;
use std::io::{BufRead, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use support::peer::Peer;
use support::{Server, delivered, example};

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

#[test]
fn who_may_send_to_whom_is_as_the_arguments_say() {
    let smtpd = Smtpd::start(&[
        "--hostname=mx.example.com",
        "--local-domain=example.com",
        "--local-domain=example.net",
        "--reject-recipient=bob@example.com",
        "--max-recipients=2",
        "--size=0",
    ]);
    let mut peer = Peer::connect(smtpd.server.addr);
    assert_eq!(peer.reply(), "220 mx.example.com ESMTP");
    assert!(peer.ask("EHLO client.example").contains("SIZE 0\n"));
    peer.ask("MAIL FROM:<>");
    for (recipient, reply) in [
        ("ann@example.org", "550 5.7.1 "),
        ("ann@sub.example.com", "550 5.7.1 "),
        ("bob@example.com", "550 5.1.1 "),
        ("ann@EXAMPLE.com", "250 2.1.5 "),
        ("bob@example.net", "250 2.1.5 "),
        ("third@example.com", "452 4.5.3 "),
    ] {
        let rcpt = peer.ask(&format!("RCPT TO:<{recipient}>"));
        assert!(rcpt.starts_with(reply), "{recipient}: {rcpt}");
    }
    peer.ask("DATA");
    assert!(peer.ask("..Hello.\r\n.").starts_with("250 "));
    assert_eq!(delivered(&smtpd.maildir), [b".Hello.\r\n"]);
}

#[test]
fn connections_and_waits_are_limited_as_the_arguments_say() {
    let server = Server::start("smtpd", &["--discard", "--max-connections=1"]);
    let _peer = Peer::hello(server.addr);
    assert!(Peer::connect(server.addr).rest().starts_with("421 "));
    let server = Server::start("smtpd", &["--discard", "--timeout=1"]);
    let mut peer = Peer::connect(server.addr);
    assert!(peer.reply().starts_with("220 "));
    assert!(peer.reply().starts_with("421 4.4.2 "));
}

#[test]
fn sigterm_finishes_what_is_under_way_and_leaves() {
    for signal in ["TERM", "INT"] {
        let smtpd = Smtpd::start(&[]);
        let mut waiting = smtpd.hello();
        let mut sending = smtpd.hello();
        sending.begin("b");
        smtpd.server.running.signal(signal);
        assert!(waiting.reply().starts_with("421 4.3.2 "));
        sending.write(&[MESSAGE, b".\r\n"].concat());
        assert!(sending.reply().starts_with("250 "));
        assert!(sending.reply().starts_with("421 4.3.2 "));
        drop((waiting, sending));
        assert!(smtpd.server.running.wait());
        assert_eq!(delivered(&smtpd.maildir), [MESSAGE]);
    }
}

#[test]
fn a_log_that_nobody_reads_costs_no_mail() {
    let server = Server::spawn(
        Command::new(example("smtpd"))
            .args(["--discard", "--transcript"])
            .stderr(Stdio::piped()),
    );
    let mut peer = Peer::hello(server.addr);
    let rcpt = format!("RCPT TO:<{}@example.com>\r\n", "b".repeat(200)).repeat(20);
    let flight = format!("MAIL FROM:<a@example.org>\r\n{rcpt}DATA\r\n");
    // Some 4 KiB of log each on stdout, and more on stderr, and 64 KiB fit a pipe.
    for _ in 0..200 {
        peer.write(flight.as_bytes());
        for _ in 0..21 {
            assert!(peer.reply().starts_with("250 "));
        }
        assert!(peer.reply().starts_with("354 "));
        assert!(peer.ask(".").starts_with("250 "));
    }
    assert!(peer.ask("QUIT").starts_with("221 "));
    server.running.signal("TERM");
    assert!(server.running.wait());
}

#[test]
fn a_log_whose_reader_is_gone_costs_no_mail() {
    let mut command = Command::new(example("smtpd"));
    let mut smtpd = Smtpd::spawn(command.arg("--transcript").stderr(Stdio::piped()));
    drop(smtpd.server.running.stderr());
    let Smtpd {
        server,
        maildir,
        _folder,
    } = smtpd;
    let Server {
        addr,
        running: _running,
        log,
    } = server;
    drop(log);
    let mut peer = Peer::hello(addr);
    for _ in 0..3 {
        assert!(peer.send("b", MESSAGE).starts_with("250 "));
    }
    assert_eq!(delivered(&maildir), [MESSAGE; 3]);
}

#[test]
fn the_transcript_and_the_log_tell_of_each_message() {
    let mut command = Command::new(example("smtpd"));
    let mut smtpd = Smtpd::spawn(command.arg("--transcript").stderr(Stdio::piped()));
    let mut peer = smtpd.hello();
    assert!(peer.send("b", MESSAGE).starts_with("250 "));
    let mut line = String::new();
    smtpd.server.log.read_line(&mut line).expect("text");
    assert!(
        line.starts_with("from=<a@example.org> to=<b@example.com> octets=26 "),
        "{line}"
    );
    let file = line.trim_end().rsplit(' ').next().expect("a path");
    assert!(Path::new(file).is_file());
    let local = peer.stream().local_addr().expect("an address");
    drop(peer);
    let mut stderr = smtpd.server.running.stderr();
    smtpd.server.running.signal("TERM");
    let mut transcript = String::new();
    stderr.read_to_string(&mut transcript).expect("text");
    for said in [
        "C: MAIL FROM:<a@example.org>",
        "C: (26 octets)",
        "S: 250 2.0.0 message accepted",
    ] {
        assert!(
            transcript.contains(&format!("{local} {said}\n")),
            "{transcript}"
        );
    }
}
