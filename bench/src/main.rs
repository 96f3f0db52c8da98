//! `cargo run --release` prints a table of every group; words behind `--` choose groups by name.
//! `cargo run --release -- instructions` counts instructions instead, by valgrind; `-- ends` measures
//! whole servers and clients, `-- latency` clients far from their server, `-- idle` what connections cost
//! that do nothing, and `-- scale` whether cost grows as the work does; `-- guard` fails where something
//! got dearer than `baseline.txt` says.

mod chart;
mod clients;
mod commands;
mod ehlo;
mod ends;
mod guard;
mod identity;
mod idle;
mod instructions;
mod latency;
mod measure;
mod memory;
mod peers;
mod process;
mod receive;
mod scale;
mod send;
mod servers;
mod sketch;
mod table;
mod transaction;

use measure::{Group, Meter};
use std::env;

fn groups() -> Vec<Group> {
    let mut groups = vec![commands::group(), ehlo::group(), transaction::group()];
    groups.extend(receive::groups());
    groups.extend(send::groups());
    groups
}

fn main() {
    // A peer brings another one, and rustls then asks which.
    let _ = smtp_tokio::rustls::crypto::ring::default_provider().install_default();
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["instructions", ref chosen @ ..] => {
            for group in groups().iter().filter(|group| is_chosen(group, chosen)) {
                instructions::print(group);
            }
        }
        ["guard"] => guard::check(&mut groups()),
        ["baseline"] => guard::print(&mut groups()),
        // What these run under valgrind.
        ["once", group, way] => {
            let mut groups = groups();
            let group = groups.iter_mut().find(|other| other.name == group);
            let ways = group.expect("a group of that name").ways.iter_mut();
            let way = ways.into_iter().find(|other| other.name == way);
            (way.expect("a way of that name").pass)(&mut Meter::Outside);
        }
        ["ends"] => {
            ends::servers();
            ends::clients();
        }
        ["idle"] => idle::idle(),
        ["latency"] => latency::latency(),
        ["scale"] => scale::scale(),
        // What these run as processes of their own.
        ["serve", way, threads] => servers::serve(way, threads.parse().expect("a number")),
        ["send", way, port, messages, octets] => {
            let number = |word: &str| word.parse().expect("a number");
            let port = port.parse().expect("a port");
            clients::send(way, port, number(messages), number(octets));
        }
        ref chosen => {
            for mut group in groups()
                .into_iter()
                .filter(|group| is_chosen(group, chosen))
            {
                let figures = group.run();
                table::print(&group, &figures);
            }
        }
    }
}

fn is_chosen(group: &Group, words: &[&str]) -> bool {
    words.is_empty() || words.iter().any(|word| group.name.contains(word))
}
