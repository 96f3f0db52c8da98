//! The example server's Maildir: a message is in it whole or not at all, whatever happens.

#[path = "support/smtpd.rs"]
mod smtpd;
mod support;

use smtpd::Smtpd;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use support::peer::Peer;
use support::{delivered, example, without_trace};

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

#[test]
fn a_client_that_hangs_up_leaves_nothing_behind() {
    let smtpd = Smtpd::start(&[]);
    let large = "x".repeat(998) + "\r\n";
    let large = large.repeat(1_000);
    for sent in [
        "",
        "Subject: hel",
        "Hello.\r\n",
        "Hello.\r\n.",
        "Hello.\r\n.\r",
        &large,
    ] {
        let mut peer = smtpd.hello();
        peer.begin("b");
        peer.write(sent.as_bytes());
        peer.finish();
        assert_eq!(peer.rest(), "");
        assert_eq!((smtpd.count("tmp"), smtpd.count("new")), (0, 0));
    }
}

#[test]
fn a_message_over_the_size_leaves_nothing_behind() {
    let smtpd = Smtpd::start(&["--size", "1000"]);
    let mut peer = smtpd.hello();
    assert!(peer.ask("EHLO client.example").contains("SIZE 1000\n"));
    let refused = peer.ask("MAIL FROM:<a@example.org> SIZE=1001");
    assert!(refused.starts_with("552 5.3.4 "));
    let line = [&[b'x'; 98][..], b"\r\n"].concat();
    let refused = peer.send("b", &line.repeat(10_000));
    assert!(refused.starts_with("552 5.3.4 "), "{refused}");
    assert_eq!((smtpd.count("tmp"), smtpd.count("new")), (0, 0));
    assert!(peer.send("b", &line.repeat(10)).starts_with("250 "));
    assert_eq!(delivered(&smtpd.maildir), [line.repeat(10)]);
}

#[test]
fn a_bare_newline_costs_the_message_or_is_data() {
    let smuggling = b"one\n.\ntwo\r\n";
    let smtpd = Smtpd::start(&[]);
    let mut peer = smtpd.hello();
    assert!(peer.send("b", smuggling).starts_with("550 5.5.2 "));
    assert!(peer.send("b", b"a\r\n\rb\r\n").starts_with("550 5.5.2 "));
    assert_eq!((smtpd.count("tmp"), smtpd.count("new")), (0, 0));

    let smtpd = Smtpd::start(&["--bare-newline", "accept-as-data"]);
    let mut peer = smtpd.hello();
    assert!(peer.send("b", smuggling).starts_with("250 "));
    assert_eq!(delivered(&smtpd.maildir), [b"one\r\n.\r\ntwo\r\n"]);
    assert!(peer.send("b", b"a\rb\r\r\n\r\n").starts_with("250 "));
    assert_eq!(smtpd.count("new"), 2);
}

#[test]
fn a_full_disk_is_451_and_leaves_nothing_behind() {
    // Files can't grow beyond 32 KiB (64 where a block has 1,024 octets).
    let limited = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let smtpd = Smtpd::spawn(
        Command::new("sh")
            .args(["-c", limited])
            .arg(example("smtpd")),
    );
    let mut peer = smtpd.hello();
    for lines in [2_000, 20_000] {
        let refused = peer.send(
            "b",
            &b"0123456789abcdef0123456789abcdef0123456789\r\n".repeat(lines),
        );
        assert!(refused.starts_with("451 4.3.0 "), "{refused}");
        assert_eq!((smtpd.count("tmp"), smtpd.count("new")), (0, 0));
    }
    assert!(peer.send("b", MESSAGE).starts_with("250 "));
    assert_eq!(delivered(&smtpd.maildir), [MESSAGE]);
}

#[test]
fn a_maildir_that_cannot_be_written_is_451_and_leaves_nothing_behind() {
    for broken in ["tmp", "new"] {
        let smtpd = Smtpd::start(&[]);
        let folder = smtpd.maildir.join(broken);
        fs::remove_dir(&folder).expect("it is empty");
        fs::write(&folder, "").expect("a file in its place");
        let mut peer = smtpd.hello();
        for message in [MESSAGE, &MESSAGE.repeat(20_000)] {
            assert!(peer.send("b", message).starts_with("451 4.3.0 "));
        }
        let other = if broken == "tmp" { "new" } else { "tmp" };
        assert_eq!(smtpd.count(other), 0);

        fs::remove_file(&folder).expect("it is there");
        fs::create_dir(&folder).expect("a folder again");
        assert!(peer.send("b", MESSAGE).starts_with("250 "));
        assert_eq!(delivered(&smtpd.maildir), [MESSAGE]);
    }
}

/// The number a message was sent under, if it is there from its first line to its last.
fn number(file: &Path) -> Option<u64> {
    let message = String::from_utf8(without_trace(&fs::read(file).ok()?)).ok()?;
    let (first, rest) = message.split_once("\r\n")?;
    let number = first.strip_prefix("Subject: ")?;
    let end = format!("\r\nend of {number}\r\n");
    (rest.ends_with(&end) && rest.lines().count() == 502).then(|| number.parse().ok())?
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let smtpd = Smtpd::start(&["--threads=2"]);
    let acknowledged = Mutex::new(HashSet::new());
    let acknowledge = &|mut peer: Peer, connection: u64| -> std::io::Result<()> {
        for message in 0.. {
            let number = connection * 1_000_000 + message;
            let filling = "a line of the message\r\n".repeat(500);
            peer.try_write(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")?;
            peer.try_write(
                format!("Subject: {number}\r\n\r\n{filling}end of {number}\r\n.\r\n").as_bytes(),
            )?;
            for expected in ["250 2.1.0", "250 2.1.5", "354 ", "250 2.0.0"] {
                if !peer.try_reply()?.starts_with(expected) {
                    return Ok(());
                }
            }
            acknowledged.lock().expect("a set").insert(number);
        }
        Ok(())
    };
    thread::scope(|scope| {
        for connection in 0..20 {
            let peer = smtpd.hello();
            scope.spawn(move || acknowledge(peer, connection));
        }
        while acknowledged.lock().expect("a set").len() < 100 {
            thread::sleep(Duration::from_millis(5));
        }
        smtpd.server.running.signal("KILL");
    });
    let files = fs::read_dir(smtpd.maildir.join("new"))
        .expect("new/")
        .flatten();
    let kept: Vec<_> = files.map(|file| number(&file.path())).collect();
    assert!(kept.iter().all(Option::is_some), "all in new/ are whole");
    let kept: HashSet<_> = kept.into_iter().flatten().collect();
    let acknowledged = acknowledged.into_inner().expect("a set");
    assert!(acknowledged.len() >= 100);
    assert!(acknowledged.is_subset(&kept));
}
