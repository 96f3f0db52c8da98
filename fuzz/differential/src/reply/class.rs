//! The rule that gives a difference about a reply its class.

use super::one;
use crate::family::Case;
use crate::reading::{Difference, Reading, crlf};

/// Whatever is unusual about a reply, the first thing of it.
fn oddity(input: &[u8]) -> &'static str {
    let mut lines: Vec<&[u8]> = Vec::new();
    let mut rest = one(input);
    while let Some(end) = crlf(rest) {
        lines.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    let of_lines = |odd: fn(&[u8]) -> bool| lines.iter().any(|line| odd(line));
    let code = |line: &[u8]| line.get(..3).map(<[u8]>::to_vec);
    let first = lines.first().and_then(|line| code(line));
    if lines.is_empty() {
        "without-crlf"
    } else if of_lines(|line| line.contains(&b'\n')) {
        "bare-lf"
    } else if of_lines(|line| line.contains(&b'\r')) {
        "bare-cr"
    } else if of_lines(|line| line.len() < 3 || !line[..3].iter().all(u8::is_ascii_digit)) {
        "code-of-no-digits"
    } else if of_lines(|line| !matches!(line.get(3), None | Some(b' ' | b'-'))) {
        "text-glued-to-code"
    } else if of_lines(|line| !matches!(line[0], b'2'..=b'5')) {
        "first-digit"
    } else if lines.iter().any(|line| code(line) != first) {
        "code-changes"
    } else if lines.last().is_some_and(|line| line.get(3) == Some(&b'-')) {
        "without-last-line"
    } else if of_lines(|line| line.iter().any(|o| o.is_ascii_control() && *o != b'\t')) {
        "control-octet"
    } else if of_lines(|line| str::from_utf8(line).is_err()) {
        "no-utf8"
    } else if of_lines(|line| !line.is_ascii()) {
        "utf8"
    } else if of_lines(|line| !matches!(line[1], b'0'..=b'5')) {
        "second-digit"
    } else if of_lines(|line| line.len() == 3) {
        "code-alone"
    } else if of_lines(|line| line.len() == 4) {
        "empty-text"
    } else if lines.len() > 128 {
        "many-lines"
    } else if of_lines(|line| line.len() > 2046) {
        "long-line"
    } else {
        "sound"
    }
}

pub(super) fn reply(case: &Case<'_>) -> String {
    match case.difference {
        Difference::Takes => format!("refused-{}", oddity(case.input)),
        Difference::Refuses => format!("taken-{}", oddity(case.input)),
        Difference::Panics => "panic".to_owned(),
        Difference::Reads("lines") if keeps_cr(case) => "cr-kept".to_owned(),
        Difference::Reads("lines") => "text-like-an-enhanced-code".to_owned(),
        Difference::Reads("enhanced") => format!("enhanced-{}", enhanced(case)),
        Difference::Reads(field) => format!("{field}-{}", oddity(case.input)),
    }
}

/// Whether their text is ours but for a CR at the end of lines, shown as `?`.
fn keeps_cr(case: &Case<'_>) -> bool {
    let lines = |one: &Reading| -> Vec<String> {
        let text = one.get("lines").unwrap_or_default();
        text.split(" / ").map(str::to_owned).collect()
    };
    let (ours, theirs) = (lines(case.ours), lines(case.theirs));
    ours.len() == theirs.len()
        && ours
            .iter()
            .zip(&theirs)
            .all(|(ours, theirs)| ours == theirs || theirs.strip_suffix('?') == Some(ours))
}

/// Why an enhanced code is one to one reader only.
fn enhanced(case: &Case<'_>) -> &'static str {
    let [ours, theirs] = [case.ours, case.theirs].map(|one| one.get("enhanced").unwrap_or(""));
    if theirs.is_empty() {
        return "missed";
    }
    if !ours.is_empty() {
        return "of-other-numbers";
    }
    if !theirs.starts_with(|digit: char| case.input.first() == Some(&(digit as u8))) {
        "of-another-class"
    } else if super::one(case.input)
        .windows(2)
        .filter(|pair| pair == b"\r\n")
        .count()
        > 1
    {
        "not-on-each-line"
    } else {
        "of-other-form"
    }
}

pub(super) fn capabilities(case: &Case<'_>) -> String {
    match case.difference {
        Difference::Takes => match oddity(case.input) {
            odd @ ("without-crlf" | "bare-lf" | "bare-cr") => format!("refused-{odd}"),
            _ if !case.input.starts_with(b"250") => "refused-code".to_owned(),
            odd => format!("refused-{odd}"),
        },
        Difference::Refuses => match oddity(case.input) {
            "sound" => "taken-line-without-keyword".to_owned(),
            odd => format!("taken-{odd}"),
        },
        Difference::Panics => "panic".to_owned(),
        Difference::Reads(keyword) => format!("read-{}", read(keyword, case)),
    }
}

/// How a keyword stands there that is one to one reader only.
fn read(keyword: &str, case: &Case<'_>) -> &'static str {
    let text = String::from_utf8_lossy(case.input);
    let upper = text.to_ascii_uppercase();
    let word = |line: &str| -> String {
        let line = line.get(4..).unwrap_or_default().trim();
        let word = line.split([' ', '\t', '=']).next().unwrap_or_default();
        word.to_owned()
    };
    let mut lines = upper.lines().map(word);
    let in_greeting = lines.next().as_deref() == Some(keyword);
    let times = lines.filter(|word| word == keyword).count();
    let as_it_is = text.lines().skip(1).any(|line| word(line) == keyword);
    match (keyword, times) {
        (_, 0) if in_greeting => "keyword-in-the-first-line",
        (_, 0) => "keyword-with-more-behind-it",
        (_, 2..) => "keyword-twice",
        _ if !as_it_is => "keyword-in-small-letters",
        ("AUTH", _) => "mechanisms",
        ("SIZE", _) => "size",
        _ => "keyword",
    }
}
