//! The dictionary, as libFuzzer reads it.

use std::fs;
use std::path::Path;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The words of the dictionary.
pub(crate) fn words() -> Vec<Vec<u8>> {
    let dictionary = fs::read_to_string(root().join("dictionary.txt")).expect("a dictionary");
    dictionary.lines().filter_map(word).collect()
}

/// The octets of one line, if it is no comment.
fn word(line: &str) -> Option<Vec<u8>> {
    let mut rest = line.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    let mut word = Vec::new();
    while let [first, behind @ ..] = rest {
        (word, rest) = match (first, behind) {
            (b'\\', [b'x', digits @ ..]) => {
                let digits = str::from_utf8(&digits[..2]).expect("two digits");
                word.push(u8::from_str_radix(digits, 16).expect("two digits"));
                (word, &behind[3..])
            }
            (b'\\', [escaped, behind @ ..]) => ([&word[..], &[*escaped]].concat(), behind),
            _ => ([&word[..], &[*first]].concat(), behind),
        };
    }
    Some(word)
}
