//! A group's figures as a table in Markdown.

use crate::measure::{Figures, Group, Unit};

pub(crate) fn print(group: &Group, figures: &[Figures]) {
    let (unit, allocated) = match group.unit {
        Unit::Each(what, _) => (format!("ns a {what}"), format!("allocations a {what}")),
        Unit::Octets(_) => ("GB/s".to_owned(), "allocations a MiB".to_owned()),
    };
    println!("\n**{}**\n", group.name);
    let part = group.part.map(|part| (part, &group.ways[part].name));
    let less = part.map_or(String::new(), |(_, name)| format!(" {unit} less {name} |"));
    println!("| | {unit} |{less} of the limit's time | {allocated} | |");
    let less = part.map_or("", |_| "---:|");
    println!("|---|---:|{less}---:|---:|---|");
    let limit = figures[0].nanoseconds;
    let value = |nanoseconds: f64| match group.unit {
        Unit::Each(_, count) => format!("{:.1}", nanoseconds / f64::from(count)),
        Unit::Octets(octets) => format!("{:.2}", f64::from(octets) / nanoseconds),
    };
    let each = match group.unit {
        Unit::Each(_, count) => f64::from(count),
        Unit::Octets(octets) => f64::from(octets) / 1_048_576.0,
    };
    for (index, way) in group.ways.iter().enumerate() {
        let nanoseconds = figures[index].nanoseconds;
        let less = part.map_or(String::new(), |(part, _)| match index {
            index if index > part => {
                format!(" {} |", value(nanoseconds - figures[part].nanoseconds))
            }
            _ => " |".to_owned(),
        });
        println!(
            "| {} | {} |{less} {:.2} | {:.2} | {} |",
            way.name,
            value(nanoseconds),
            nanoseconds / limit,
            figures[index].allocations / each,
            way.note
        );
    }
}
