//! The dictionary holds the words of every extension: those of the table in the docs of `smtp-proto`,
//! which its own tests hold to the code.

mod common;

use smtp_proto::Extensions;
use std::fs;

/// A row of that table: keyword, verbs, parameters of MAIL and of RCPT.
type Row = [Vec<String>; 4];

fn rows() -> Vec<Row> {
    let docs = common::root().join("../smtp-proto/src/extension/support.md");
    let docs = fs::read_to_string(docs).expect("the table of extensions");
    let rows = docs.lines().filter(|line| line.starts_with("| "));
    let names = |cell: &str| -> Vec<String> {
        let names = cell.split(',').map(|name| name.trim().to_owned());
        names.filter(|name| !name.is_empty()).collect()
    };
    rows.skip(1)
        .map(|row| {
            let cells: Vec<_> = row.split('|').map(names).collect();
            [1, 3, 4, 5].map(|column| cells[column].clone())
        })
        .collect()
}

/// Whether a word of the dictionary begins with that one.
fn has(words: &[Vec<u8>], prefix: &str) -> bool {
    let ends = |word: &[u8]| matches!(word.first(), None | Some(b' ' | b'=' | b'\r'));
    let mut rests = words
        .iter()
        .filter_map(|word| word.strip_prefix(prefix.as_bytes()));
    rests.any(ends)
}

#[test]
fn every_extension_has_a_row() {
    let keywords: Vec<_> = rows().into_iter().map(|[keyword, ..]| keyword).collect();
    let known = Extensions::ALL
        .iter()
        .map(|extension| vec![extension.to_string()]);
    assert_eq!(keywords, known.collect::<Vec<_>>());
}

#[test]
fn every_keyword_verb_and_parameter_of_an_extension_is_a_word() {
    let words = common::words();
    for [keywords, verbs, mail, rcpt] in rows() {
        for word in keywords.iter().chain(&verbs) {
            assert!(has(&words, word), "{word}");
        }
        for parameter in mail.iter().chain(&rcpt) {
            assert!(has(&words, &format!(" {parameter}")), "{parameter}");
        }
    }
}
