//! xtext (RFC 3461 §4): any text as visible ASCII without `+` and `=`.
//!
//! The rule here: what an xtext decodes to is UTF-8 without control characters, so a CR can't hide
//! behind `+0D`. Narrower rules are the value's.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

/// `xchar = %d33-42 / %d44-60 / %d62-126`
fn is_xchar(octet: u8) -> bool {
    octet.is_ascii_graphic() && octet != b'+' && octet != b'='
}

/// The octets that `xtext = *( xchar / hexchar )` stands for, `hexchar = "+" 2(DIGIT / "A" … "F")`, and
/// `None` where it is no xtext.
fn octets(xtext: &str) -> impl Iterator<Item = Option<u8>> + '_ {
    let mut written = xtext.bytes();
    core::iter::from_fn(move || {
        Some(match written.next()? {
            b'+' => written
                .next()
                .and_then(hex)
                .zip(written.next().and_then(hex))
                .map(|(high, low)| high << 4 | low),
            octet => Some(octet).filter(|octet| is_xchar(*octet)),
        })
    })
}

/// What an xtext stands for; `None` where it is none or stands for anything that is no printable text.
pub(crate) fn decode(xtext: &str) -> Option<Cow<'_, str>> {
    if xtext.bytes().all(is_xchar) {
        return Some(Cow::Borrowed(xtext));
    }
    let decoded = octets(xtext).collect::<Option<Vec<_>>>()?;
    let decoded = String::from_utf8(decoded).ok()?;
    (!decoded.contains(char::is_control)).then_some(Cow::Owned(decoded))
}

/// Whether it is an xtext that stands for printable ASCII: what [`decode`] gives then needn't be built to
/// know.
pub(crate) fn is_ascii(xtext: &str) -> bool {
    octets(xtext).all(|octet| matches!(octet, Some(b' '..=b'~')))
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// `text` as xtext; whether it may be is for the value to know.
pub(crate) fn encode(text: &str) -> String {
    let mut xtext = String::with_capacity(text.len());
    for octet in text.bytes() {
        if is_xchar(octet) {
            xtext.push(octet.into());
        } else {
            // Writing to a string can't fail.
            let _ = write!(xtext, "+{octet:02X}");
        }
    }
    xtext
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_rfc_3461_writes_is_xtext() {
        for (xtext, text) in [
            ("", Some("")),
            ("QQ314159", Some("QQ314159")),
            ("e+3Dmc2@example.com", Some("e=mc2@example.com")),
            ("a+2Bb", Some("a+b")),
            ("a+20b", Some("a b")),
            ("a+2bb", None),
            ("a+", None),
            ("a+2", None),
            ("a+2G", None),
            ("a=b", None),
            ("a b", None),
            ("a+0Db", None),
            ("a+0Ab", None),
            ("a+00b", None),
            ("a+7F", None),
            ("+C3+B6", Some("ö")),
            ("+C3", None),
            ("+C2+85", None),
            ("ö", None),
        ] {
            assert_eq!(decode(xtext).as_deref(), text, "{xtext}");
            assert_eq!(is_ascii(xtext), text.is_some_and(str::is_ascii), "{xtext}");
        }
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in r"\PC{0,40}") {
            let xtext = encode(&text);
            let decoded = decode(&xtext);
            prop_assert_eq!(decoded.as_deref(), Some(&*text));
        }
    }
}
