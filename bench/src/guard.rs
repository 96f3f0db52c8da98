//! What must not get dearer: figures that don't shake, each beside the one in `baseline.txt`.
//!
//! A line of that file is a figure, two spaces, and what it is of. `baseline` prints the file anew.

use crate::ends;
use crate::instructions::instructions;
use crate::measure::Group;
use std::process::exit;

static BASELINE: &str = include_str!("../baseline.txt");

/// By how much instructions may grow: another compiler or C library moves them, too.
const MARGIN: f64 = 1.1;
/// System calls a message of 4 KiB costs a server at most, and messages a second there are to be on one
/// connection at the least: a write too many or an acknowledgement that is waited for gives 23.
const CALLS: f64 = 9.0;
const RATE: f64 = 5_000.0;

/// Instructions and allocations of a pass, for each way of the library's own.
fn figures(groups: &mut [Group]) -> Vec<(String, f64)> {
    let mut figures = Vec::new();
    for group in groups {
        let ways = group.ways.iter_mut();
        for way in
            ways.filter(|way| way.name == "smtp-proto" || way.name.starts_with("smtp-proto,"))
        {
            let name = format!("{} / {}", group.name, way.name);
            let count = instructions(group.name, way.name).expect("valgrind counts");
            figures.push((format!("instructions / {name}"), count));
            figures.push((format!("allocations / {name}"), way.allocations()));
        }
    }
    figures
}

pub(crate) fn print(groups: &mut [Group]) {
    for (name, figure) in figures(groups) {
        println!("{figure:.0}  {name}");
    }
}

/// Ends the program with 1 if something got dearer.
pub(crate) fn check(groups: &mut [Group]) {
    let mut dearer = false;
    let mut compare = |name: &str, figure: f64, limit: f64, fits: bool| {
        let verdict = if fits { "" } else { "  <-- no longer" };
        println!("{figure:>12.1} {limit:>12.1}  {name}{verdict}");
        dearer |= !fits;
    };
    for (name, figure) in figures(groups) {
        let mut lines = BASELINE.lines().filter_map(|line| line.split_once("  "));
        let line = lines.find(|(_, of)| *of == name);
        let before: f64 = line
            .and_then(|(figure, _)| figure.parse().ok())
            .unwrap_or(0.0);
        let limit = if name.starts_with("instructions") {
            before * MARGIN
        } else {
            before
        };
        compare(&name, figure, limit, figure <= limit);
    }
    let calls = ends::calls("smtp-tokio", 4_096).expect("strace and smtp-source are there");
    compare(
        "system calls a message / a server",
        calls,
        CALLS,
        calls <= CALLS,
    );
    let rate = ends::rate();
    compare("messages/s / one connection", rate, RATE, rate >= RATE);
    if dearer {
        exit(1);
    }
}
