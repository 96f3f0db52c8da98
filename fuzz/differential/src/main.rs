//! Reads the same octets with `smtp-proto` and with other published crates, and tells in which ways
//! they differ.
//!
//! Every difference has a class. The program prints them all as tables, and fails where a class isn't
//! in `fuzz/DIFFERENCES.md`, or one that is there is gone.

mod command;
mod document;
mod escape;
mod family;
mod framing;
mod inputs;
mod mutate;
mod random;
mod reading;
mod reply;

use document::Document;
use escape::escape;
use family::{Classes, Family};
use mutate::mutations;
use random::Random;
use std::process::ExitCode;
use std::{env, io, panic};

/// How many mutations of command lines and of replies there are.
const COUNT: usize = 100_000;
/// Messages are read in hundreds of segmentations each, so there are fewer of them, by this.
const FEWER: usize = 100;

fn main() -> ExitCode {
    match arguments().map_or(Ok(false), |(seed, count)| run(seed, count)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Option<(u64, usize)> {
    let (mut seed, mut count) = (1, COUNT);
    let mut all = env::args().skip(1);
    while let Some(name) = all.next() {
        let value = all.next().and_then(|value| value.parse().ok());
        match (name.as_str(), value) {
            ("--seed", Some(number)) => seed = number,
            ("--count", Some(number)) => count = usize::try_from(number).ok()?,
            _ => {
                eprintln!("smtp-differential [--seed NUMBER] [--count NUMBER]");
                return None;
            }
        }
    }
    Some((seed, count))
}

/// Whether the document knows all that was found.
fn run(seed: u64, count: usize) -> io::Result<bool> {
    let document = Document::read()?;
    let few = count / FEWER;
    let families = [
        (command::family(), inputs::commands()?, count),
        (framing::bodies(), inputs::bodies()?, few),
        (framing::chunks(), inputs::chunks()?, few),
        (reply::replies(), inputs::replies()?, count),
        (reply::capabilities(), inputs::capabilities()?, count),
    ];
    // A peer that panics is told of in its class.
    panic::set_hook(Box::new(|_| {}));
    let mut faults = Vec::new();
    for (family, mut seeds, count) in families {
        let known = document.examples(&family);
        seeds.extend(known.values().cloned());
        let mutated = mutations(&seeds, &inputs::WORDS, Random::new(seed), count);
        let classes = family.compare(seeds.iter().cloned().chain(mutated), &known);
        print(&family, &classes);
        faults.extend(document.check(&family, &classes));
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    Ok(faults.is_empty())
}

fn print(family: &Family, classes: &Classes) {
    let peers: Vec<_> = family.peers.iter().map(|peer| peer.name).collect();
    println!("\n| class | example | smtp-proto | {} |", peers.join(" | "));
    println!("|---|---|---|{}", "---|".repeat(peers.len()));
    for (name, class) in classes {
        let cells = family.cells(name, class).join(" | ");
        println!("| `{name}` | `{}` | {cells} |", escape(&class.example));
    }
}
