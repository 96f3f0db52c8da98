//! The PROXY protocol as a program we didn't write speaks it.

#[path = "support/served.rs"]
mod served;
mod support;

use served::{Served, Told};
use std::process::Command;
use std::sync::mpsc;
use support::program;

#[test]
fn swaks_says_who_its_client_is_in_both_versions() {
    let Some(swaks) = program("swaks") else {
        return;
    };
    let (seen, peers) = mpsc::channel();
    let server = Served::with(
        |_| {},
        |server| {
            server
                .proxy_protocol(|peer| peer.addr().is_some_and(|addr| addr.ip().is_loopback()))
                .transcript(move |peer, _| {
                    let _ = seen.send(peer);
                })
        },
    );
    let port = server.addr.port().to_string();
    for (version, family, source, dest) in [
        ("1", "TCP4", "192.0.2.1", "198.51.100.2"),
        ("1", "TCP6", "2001:db8::1", "2001:db8::2"),
        ("2", "AF_INET", "192.0.2.3", "198.51.100.2"),
        ("2", "AF_INET6", "2001:db8::3", "2001:db8::2"),
    ] {
        let output = Command::new(&swaks)
            .args(["--server", "127.0.0.1", "--port", &port])
            .args(["--from", "a@example.org", "--to", "ann@example.com"])
            .args(["--proxy-version", version, "--proxy-family", family])
            .args(["--proxy-source", source, "--proxy-source-port", "40000"])
            .args(["--proxy-dest", dest, "--proxy-dest-port", "25"])
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert!(matches!(server.told(), Told::Message(_)), "{said}");
        for peer in peers.try_iter() {
            let addr = peer.addr().expect("an address");
            assert_eq!(addr.port(), 40_000);
            assert_eq!(addr.ip().to_string(), source);
        }
        server.told();
    }
}
