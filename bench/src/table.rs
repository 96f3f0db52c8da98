//! A group's figures as a table in Markdown.

use crate::measure::{Figures, Group, Unit};

pub(crate) fn print(group: &Group, figures: &[Figures]) {
    let (unit, allocated) = match group.unit {
        Unit::Each(what, _) => (format!("ns a {what}"), format!("allocations a {what}")),
        Unit::Octets(_) => ("GB/s".to_owned(), "allocations a MiB".to_owned()),
    };
    println!("\n**{}**\n", group.name);
    println!("| | {unit} | of the limit's time | {allocated} | |");
    println!("|---|---:|---:|---:|---|");
    let limit = figures[0].nanoseconds;
    for (way, figures) in group.ways.iter().zip(figures) {
        let (value, each) = match group.unit {
            Unit::Each(_, count) => {
                let value = figures.nanoseconds / f64::from(count);
                (format!("{value:.1}"), f64::from(count))
            }
            Unit::Octets(octets) => {
                let value = f64::from(octets) / figures.nanoseconds;
                (format!("{value:.2}"), f64::from(octets) / 1_048_576.0)
            }
        };
        println!(
            "| {} | {value} | {:.2} | {:.2} | {} |",
            way.name,
            figures.nanoseconds / limit,
            figures.allocations / each,
            way.note
        );
    }
}
