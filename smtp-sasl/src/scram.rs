//! What is asked of SCRAM's messages (RFC 5802 §7) before rsasl reads them: that they are made of
//! `x=value`, and that what is bound is bound.

use std::borrow::Cow;

/// Iterations a client works for: fewer than 4,096 give the password away too cheaply (RFC 7677 §4),
/// and more than a million are a server that wants to keep it busy.
const ITERATIONS: std::ops::RangeInclusive<u32> = 4_096..=1_000_000;

/// Whether a mechanism is one of the family.
pub(crate) fn is_scram(mechanism: &str) -> bool {
    mechanism.starts_with("SCRAM-")
}

/// Whether a part is `x=value`, the value perhaps empty.
fn is_attribute(part: &[u8]) -> bool {
    matches!(part, [name, b'=', ..] if name.is_ascii_alphabetic())
}

fn parts(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    message.split(|octet| *octet == b',')
}

/// `client-first-message`: bound to the channel if the mechanism is, and only then.
pub(crate) fn is_client_first(message: &[u8], bound: bool) -> bool {
    let mut parts = parts(message);
    let flag = parts.next().unwrap_or_default();
    let flagged = match flag {
        [b'p', b'=', ..] => bound,
        b"n" | b"y" => !bound,
        _ => false,
    };
    let authzid = parts.next();
    let names_someone =
        |part: &[u8]| part.is_empty() || (part.starts_with(b"a=") && part.len() > 2);
    flagged && authzid.is_some_and(names_someone) && parts.all(is_attribute)
}

/// `client-final-message`, `server-final-message`.
pub(crate) fn is_message(message: &[u8]) -> bool {
    parts(message).all(is_attribute)
}

/// `server-first-message`, with a number of iterations to work for.
pub(crate) fn is_server_first(message: &[u8]) -> bool {
    let iterations = parts(message).find_map(|part| part.strip_prefix(b"i="));
    let iterations = iterations.and_then(|digits| std::str::from_utf8(digits).ok());
    let count = iterations.and_then(|digits| digits.parse().ok());
    is_message(message) && count.is_some_and(|count| ITERATIONS.contains(&count))
}

/// `saslname`: a name with `=2C` for a comma and `=3D` for an equals sign. `None` for any other escape.
pub(crate) fn unescape(name: &str) -> Option<Cow<'_, str>> {
    if !name.contains('=') {
        return Some(Cow::Borrowed(name));
    }
    let mut words = name.split('=');
    let mut plain = String::from(words.next()?);
    for word in words {
        let (octet, rest) = match word.get(..2)? {
            "2C" => (',', &word[2..]),
            "3D" => ('=', &word[2..]),
            _ => return None,
        };
        plain.push(octet);
        plain.push_str(rest);
    }
    Some(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_message_of_a_client_is_a_header_and_attributes() {
        for (message, plain, bound) in [
            ("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", true, false),
            ("y,,n=user,r=a", true, false),
            ("p=tls-exporter,,n=user,r=a", false, true),
            ("n,a=ann,n=user,r=a", true, false),
            ("n,,n=,r=", true, false),
            ("n,,n=user,r=a,t=x", true, false),
            ("n,", true, false),
            ("n,a=,n=user,r=a", false, false),
            ("n,a,n=user,r=a", false, false),
            ("n,x=ann,n=user,r=a", false, false),
            ("n,,,", false, false),
            ("n,,n,r=a", false, false),
            ("n,,n=user,", false, false),
            ("z,,n=user,r=a", false, false),
            ("p,,n=user,r=a", false, false),
            ("n", false, false),
            ("", false, false),
        ] {
            assert_eq!(
                is_client_first(message.as_bytes(), false),
                plain,
                "{message}"
            );
            assert_eq!(
                is_client_first(message.as_bytes(), true),
                bound,
                "{message}"
            );
        }
    }

    #[test]
    fn a_client_works_for_a_sensible_number_of_iterations() {
        for (iterations, worth_it) in [
            ("4096", true),
            ("1000000", true),
            ("4095", false),
            ("1", false),
            ("0", false),
            ("1000001", false),
            ("4294967295", false),
            ("99999999999999999999", false),
            ("-4096", false),
            ("", false),
        ] {
            let message = format!("r=abc,s=QSXCR+Q6sek8bf92,i={iterations}");
            assert_eq!(
                is_server_first(message.as_bytes()),
                worth_it,
                "{iterations}"
            );
        }
        assert!(!is_server_first(b"r=abc,s=QSXCR+Q6sek8bf92"));
        assert!(!is_server_first(b"r=abc,,i=4096"));
    }

    #[test]
    fn commas_and_equals_signs_in_names_are_escaped() {
        for (escaped, name) in [
            ("joe", Some("joe")),
            ("a=2Cb=3Dc", Some("a,b=c")),
            ("=3D2C", Some("=2C")),
            ("a=2cb", None),
            ("a=", None),
            ("a=4", None),
            ("a=20b", None),
            ("a=é", None),
        ] {
            assert_eq!(unescape(escaped).as_deref(), name, "{escaped}");
        }
    }
}
