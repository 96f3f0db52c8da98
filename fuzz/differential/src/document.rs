//! `fuzz/DIFFERENCES.md`: the classes that are known, each with an example that is read every time.
//!
//! A table begins with a head whose first cell is `class` and whose others name the readers.

use crate::escape::unescape;
use crate::family::{Classes, ELSEWHERE, Family, SAME, UNKNOWN};
use crate::inputs;
use std::collections::BTreeMap;
use std::{fs, io};

/// The classes by their names.
pub(crate) struct Document(BTreeMap<String, Row>);

struct Row {
    example: Vec<u8>,
    /// What each reader says, by its name.
    cells: BTreeMap<String, String>,
}

impl Document {
    pub(crate) fn read() -> io::Result<Self> {
        Ok(Self::parse(&fs::read_to_string(inputs::path(
            "../DIFFERENCES.md",
        ))?))
    }

    fn parse(text: &str) -> Self {
        let (mut rows, mut head) = (BTreeMap::new(), Vec::new());
        for line in text.lines() {
            let Some(cells) = line
                .strip_prefix('|')
                .and_then(|line| line.strip_suffix('|'))
            else {
                head.clear();
                continue;
            };
            let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
            if cells[0] == "class" {
                head = cells;
            } else if let Some((name, example)) = quoted(cells[0]).zip(quoted(cells[1])) {
                let named = head.iter().zip(&cells).skip(2);
                let named = named.map(|(reader, cell)| ((*reader).to_owned(), (*cell).to_owned()));
                let row = Row {
                    example: unescape(example).unwrap_or_default(),
                    cells: named.collect(),
                };
                rows.insert(name.to_owned(), row);
            }
        }
        Self(rows)
    }

    /// The examples of a family, by the class.
    pub(crate) fn examples(&self, family: &Family) -> BTreeMap<String, Vec<u8>> {
        let own = self.0.iter().filter(|(name, _)| family.owns(name));
        own.map(|(name, row)| (name.clone(), row.example.clone()))
            .collect()
    }

    /// What was found and isn't known, and what is known and isn't so.
    pub(crate) fn check(&self, family: &Family, found: &Classes) -> Vec<String> {
        let readers = || {
            ["smtp-proto"]
                .into_iter()
                .chain(family.peers.iter().map(|peer| peer.name))
        };
        let mut faults = Vec::new();
        for (name, class) in found {
            let Some(row) = self.0.get(name) else {
                faults.push(format!("{name}: not in the document"));
                continue;
            };
            if class.example != row.example {
                faults.push(format!("{name}: the document's example doesn't show it"));
                continue;
            }
            for (reader, cell) in readers().zip(family.cells(name, class)) {
                let known = row.cells.get(reader).map_or("", String::as_str);
                let rare = known == ELSEWHERE && [SAME, UNKNOWN].contains(&cell.as_str());
                if known != cell && !rare {
                    faults.push(format!(
                        "{name}: {reader}: {cell}; in the document: {known}"
                    ));
                }
            }
        }
        let differs = |row: &Row| {
            readers().skip(1).any(|reader| {
                let cell = row.cells.get(reader);
                cell.is_some_and(|cell| ![SAME, UNKNOWN].contains(&cell.as_str()))
            })
        };
        for (name, row) in self.0.iter().filter(|(name, _)| family.owns(name)) {
            if !found.contains_key(name) && differs(row) {
                faults.push(format!(
                    "{name}: in the document, and nobody differs like that"
                ));
            }
        }
        faults
    }
}

fn quoted(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_name_an_example_and_what_each_reader_says() {
        let text = "| class | example | smtp-proto | peer | who is right |\n\
                    |---|---|---|---|---|\n\
                    | `command-a` | `\\x20A` | refuses | takes | we are |\n";
        let document = Document::parse(text);
        let row = &document.0["command-a"];
        assert_eq!(row.example, b" A");
        assert_eq!(row.cells["smtp-proto"], "refuses");
        assert_eq!(row.cells["peer"], "takes");
    }
}
