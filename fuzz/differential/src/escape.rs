//! Octets as a text between backticks in a table of Markdown, and back.

/// The least run of one octet that is written as its length.
const RUN: usize = 12;

/// `x\{300}` is a run of so many, `\xNN` an octet that can't be seen or would end the cell.
pub(crate) fn escape(octets: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = octets;
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|octet| *octet == first).count();
        let at_an_end = rest.len() == octets.len() || run == rest.len();
        let shown = match first {
            b'\r' => "\\r".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\t' => "\\t".to_owned(),
            b'\\' => "\\\\".to_owned(),
            b' ' if at_an_end => "\\x20".to_owned(),
            b' '..=b'~' if !b"|`".contains(first) => char::from(*first).to_string(),
            _ => format!("\\x{first:02x}"),
        };
        text.push_str(&shown);
        if run < RUN {
            rest = &rest[1..];
        } else {
            text += &["\\{", &run.to_string(), "}"].concat();
            rest = &rest[run..];
        }
    }
    text
}

/// The octets of such a text; `None` if it is none.
pub(crate) fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        if character != '\\' {
            octets.push(u8::try_from(character).ok()?);
            continue;
        }
        let kind = rest.chars().next()?;
        rest = &rest[kind.len_utf8()..];
        match kind {
            'r' => octets.push(b'\r'),
            'n' => octets.push(b'\n'),
            't' => octets.push(b'\t'),
            '\\' => octets.push(b'\\'),
            'x' => {
                octets.push(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
                rest = &rest[2..];
            }
            '{' => {
                let (count, behind) = rest.split_once('}')?;
                let last = *octets.last()?;
                octets.extend(vec![last; count.parse::<usize>().ok()?.checked_sub(1)?]);
                rest = behind;
            }
            _ => return None,
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_unescaped_as_the_same() {
        for octets in [
            &b""[..],
            b" NOOP \r\n\t\0\\|`\xff\xc3\xa9",
            b"aaaaaaaaaaaaaaaaaaaaaaaa1",
            b"\\\\\\\\\\\\\\\\\\\\\\\\\\\\{3}",
            b"              ",
        ] {
            let text = escape(octets);
            assert!(!text.contains(['|', '`']), "{text}");
            assert_eq!(unescape(&text).as_deref(), Some(octets), "{text}");
        }
    }
}
