//! What a connection costs a server that waits for the next command of its client: resident memory,
//! beside that of a loop with a buffer of its own.

use crate::chart::{self, Bar};
use crate::identity;
use crate::process::{Process, myself, pinned};
use smtp_tokio::Client;
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;
use tokio::runtime::Builder;

/// Long enough for a server to be done with whoever came last.
const MOMENT: Duration = Duration::from_millis(500);

pub(crate) fn idle() {
    println!("\n**idle connections to a server, EHLO said**\n");
    println!("| | connections | octets of memory each | of the loop's |");
    println!("|---|---:|---:|---:|");
    let ways = [
        ("loop of 2 KiB", 10_000),
        ("smtp-tokio", 10_000),
        ("smtp-tokio, TLS", 2_000),
    ];
    let mut limit = None;
    let mut bars = Vec::new();
    for (name, connections) in ways {
        let each = resident(name, connections);
        let of = each / *limit.get_or_insert(each);
        println!("| {name} | {connections} | {each:.0} | {of:.2} |");
        bars.push(Bar {
            name: name.to_owned(),
            figure: each,
            ours: name.starts_with("smtp-tokio"),
        });
    }
    let title = "octets of memory an idle connection takes";
    chart::bars("idle", title, &bars).expect("a chart that can be written");
}

/// Octets a connection, of so many.
fn resident(name: &str, connections: u32) -> f64 {
    let mut command = pinned(&myself());
    command.args(["serve", name, "1"]);
    let server = Process::start(command).expect("it starts");
    let addr = (Ipv4Addr::LOCALHOST, server.port);
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut tls = None;
        let mut clients = Vec::new();
        let mut before = 0;
        for met in 0..=connections {
            let connect = Client::connect(addr);
            let connect = if name.ends_with("TLS") {
                connect.implicit_tls(tls.get_or_insert_with(identity::client).clone())
            } else {
                connect
            };
            clients.push(connect.await.expect("it is let in"));
            if met == 0 {
                thread::sleep(MOMENT);
                before = server.resident();
            }
        }
        thread::sleep(MOMENT);
        let taken = server.resident().saturating_sub(before);
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let taken = taken as f64;
        taken / f64::from(connections)
    })
}
