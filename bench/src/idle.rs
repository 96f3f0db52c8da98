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

const CONNECTIONS: u32 = 10_000;

/// Long enough for a server to be done with whoever came last.
const MOMENT: Duration = Duration::from_millis(500);

pub(crate) fn idle() {
    println!("\n**idle connections to a server, EHLO said**\n");
    println!("| {CONNECTIONS} connections | octets of memory each | of the loop's |");
    println!("|---|---:|---:|");
    let mut limit = None;
    let mut bars = Vec::new();
    for name in ["loop of 2 KiB", "smtp-tokio", "smtp-tokio, TLS"] {
        let each = resident(name);
        let of = each / *limit.get_or_insert(each);
        println!("| {name} | {each:.0} | {of:.2} |");
        bars.push(Bar {
            name: name.to_owned(),
            figure: each,
            ours: name.starts_with("smtp-tokio"),
        });
    }
    let title = "octets of memory an idle connection takes";
    chart::bars("idle", title, &bars).expect("a chart that can be written");
}

/// Octets a connection.
fn resident(name: &str) -> f64 {
    let mut command = pinned(&myself());
    command.args(["serve", name, "1"]);
    let server = Process::start(command).expect("it starts");
    let addr = (Ipv4Addr::LOCALHOST, server.port);
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut tls = None;
        let mut clients = Vec::new();
        let mut before = 0;
        for met in 0..=CONNECTIONS {
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
        taken / f64::from(CONNECTIONS)
    })
}
