//! Counts instructions: each way once more, by this program under valgrind, which counts the same
//! however busy the machine is.

use crate::measure::{Group, Unit};
use std::env;
use std::process::Command;

pub(crate) fn print(group: &Group) {
    let (what, count) = match group.unit {
        Unit::Each(what, count) => (what, f64::from(count)),
        Unit::Octets(octets) => ("KiB", f64::from(octets) / 1_024.0),
    };
    println!("\n**{}**\n", group.name);
    println!("| | instructions a {what} |");
    println!("|---|---:|");
    for way in &group.ways {
        match instructions(group.name, way.name) {
            Some(all) => println!("| {} | {:.1} |", way.name, all / count),
            None => println!("| {} | valgrind failed |", way.name),
        }
    }
}

/// Those of one pass; `None` where valgrind isn't there.
pub(crate) fn instructions(group: &str, way: &str) -> Option<f64> {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args([
            "--collect-atstart=no",
            "--toggle-collect=*measure::measured*",
        ])
        .arg(env::current_exe().ok()?)
        .args(["once", group, way])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&run.stderr);
    let (_, collected) = said.split_once("Collected : ")?;
    collected.split_whitespace().next()?.parse().ok()
}
