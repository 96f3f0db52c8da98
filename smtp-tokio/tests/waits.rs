//! How long a server puts up with what, how many it lets in, and how it shuts down.

#[path = "support/served.rs"]
mod served;
mod support;

use served::{Served, Told};
use smtp_tokio::smtp_proto::Wait;
use smtp_tokio::smtp_proto::server::{Closed, Fault};
use std::net::TcpStream;
use std::time::Duration;
use support::peer::Peer;

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

/// Short beside any wait a test can afford, long beside what a busy machine takes for a step.
const SHORT: Duration = Duration::from_millis(300);

#[test]
fn a_client_that_falls_silent_is_told_421() {
    let server = Served::start(|config| config.timeouts.command = SHORT);
    let mut peer = Peer::connect(server.addr);
    assert!(peer.reply().starts_with("220 "));
    assert!(peer.reply().starts_with("421 4.4.2 "));
    assert_eq!(peer.rest(), "");
    let fault = Fault::TimedOut(Wait::Command);
    assert_eq!(server.told(), Told::Closed(Closed::Fault(fault)));
}

#[test]
fn a_command_that_trickles_in_gains_no_time() {
    let server = Served::start(|config| config.timeouts.command = SHORT);
    let mut peer = Peer::connect(server.addr);
    assert!(peer.reply().starts_with("220 "));
    assert!(peer.trickle(b'N').starts_with("421 4.4.2 "));
}

#[test]
fn a_message_that_trickles_in_gains_no_time_and_is_void() {
    let server = Served::start(|config| config.timeouts.body = SHORT);
    let mut peer = Peer::hello(server.addr);
    peer.begin("ann");
    assert!(peer.trickle(b'x').starts_with("421 4.4.2 "));
    let fault = Fault::TimedOut(Wait::Body);
    assert_eq!(server.told(), Told::Void(Some(fault)));
    assert_eq!(server.told(), Told::Closed(Closed::Fault(fault)));
}

#[test]
fn a_client_that_never_reads_is_dropped() {
    let server = Served::start(|config| {
        config.timeouts.write = SHORT;
        config.limits.junk_commands = u32::MAX;
    });
    let mut peer = Peer::hello(server.addr);
    // The replies are some 90 MB, far more than the system holds for a socket.
    peer.write(&b"HELP all\r\n".repeat(2_000));
    let fault = Fault::TimedOut(Wait::Write);
    assert_eq!(server.told(), Told::Closed(Closed::Fault(fault)));
}

#[test]
fn a_decision_that_takes_too_long_is_451() {
    let server = Served::start(|config| config.timeouts.decision = SHORT);
    let mut peer = Peer::hello(server.addr);
    peer.ask("MAIL FROM:<a@example.org>");
    let rcpt = peer.ask("RCPT TO:<undecided@example.com>");
    assert!(rcpt.starts_with("451 4.3.0 "), "{rcpt}");
    peer.ask("RSET");
    assert_eq!(server.told(), Told::Reset);
    let sent = peer.send("undecided-at-the-end", MESSAGE);
    assert!(sent.starts_with("451 4.3.0 "), "{sent}");
    assert_eq!(peer.send("ann", MESSAGE), "250 2.0.0 kept");
    assert_eq!(server.told(), Told::Message(MESSAGE.to_vec()));
}

#[test]
fn thousands_of_commands_in_one_write_are_answered_one_by_one() {
    let server = Served::start(|config| config.limits.junk_commands = u32::MAX);
    let mut peer = Peer::hello(server.addr);
    peer.write(&[&b"NOOP\r\n".repeat(5_000)[..], b"QUIT\r\n"].concat());
    let expected = "250 2.0.0 ok\r\n".repeat(5_000) + "221 2.0.0 goodbye\r\n";
    assert!(peer.rest() == expected);
}

#[test]
fn the_last_reply_reaches_a_client_that_goes_on_talking() {
    let server = Served::start(|_| {});
    let mut peer = Peer::hello(server.addr);
    peer.write(&b"NOOP\r\n".repeat(20_000));
    let replies = peer.rest();
    assert!(replies.starts_with("250 2.0.0 ok\r\n"));
    let last = replies.lines().last().unwrap_or_default();
    assert!(last.starts_with("421 4.7.0 "), "{last}");
}

#[test]
fn the_connection_over_the_limit_is_told_421_and_the_others_are_served() {
    let server = Served::with(|_| {}, |server| server.max_connections(2));
    let mut first = Peer::hello(server.addr);
    let mut second = Peer::hello(server.addr);
    for _ in 0..20 {
        let told = Peer::connect(server.addr).rest();
        assert!(told.starts_with("421 "), "{told}");
        assert_eq!(told.lines().count(), 1);
    }
    assert_eq!(first.send("ann", MESSAGE), "250 2.0.0 kept");
    assert_eq!(second.send("ann", MESSAGE), "250 2.0.0 kept");
    first.ask("QUIT");
    assert_eq!(first.rest(), "");
    // The task is over a moment after the client has seen the end.
    let another = || {
        let mut peer = Peer::connect(server.addr);
        peer.reply().starts_with("220 ").then_some(peer)
    };
    let mut third = std::iter::repeat_with(another).flatten().next();
    let third = third.as_mut().expect("there is room again");
    assert!(third.ask("HELO client.example").starts_with("250 "));
}

#[test]
fn a_shutdown_tells_clients_that_wait_and_finishes_transactions() {
    let server = Served::start(|_| {});
    let addr = server.addr;
    let mut greeted = Peer::connect(addr);
    greeted.reply();
    let mut waiting = Peer::hello(addr);
    let mut begun = Peer::hello(addr);
    assert!(begun.ask("MAIL FROM:<a@example.org>").starts_with("250 "));
    let mut sending = Peer::hello(addr);
    sending.begin("ann");
    sending.write(b"Subject: hello\r\n");

    let ended = server.stop();
    for peer in [&mut greeted, &mut waiting] {
        assert!(peer.reply().starts_with("421 4.3.2 "));
        assert_eq!(peer.rest(), "");
    }
    assert!(TcpStream::connect(addr).is_err(), "nobody new is let in");
    sending.write(b"\r\nHello.\r\n.\r\n");
    assert!(begun.ask("RCPT TO:<bob@example.com>").starts_with("250 "));
    assert!(begun.ask("DATA").starts_with("354 "));
    begun.write(&[MESSAGE, b".\r\n"].concat());
    for peer in [&mut sending, &mut begun] {
        assert_eq!(peer.reply(), "250 2.0.0 kept");
        assert!(peer.reply().starts_with("421 4.3.2 "));
        assert_eq!(peer.rest(), "");
    }
    let told = ended();
    let message = Told::Message(MESSAGE.to_vec());
    assert_eq!(told.iter().filter(|told| **told == message).count(), 2);
    let closed = Told::Closed(Closed::Fault(Fault::Shutdown));
    assert_eq!(told.iter().filter(|told| **told == closed).count(), 4);
}
