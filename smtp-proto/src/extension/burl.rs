//! BURL (RFC 4468): a message, or a part of one, that the server fetches by its URL.

use super::parameter::Sealed;
use super::{Capability, Extension};
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt;

/// `BURL SP absolute-URI [SP "LAST"]`: the next part of the message is what stands there. It may
/// mix with BDAT.
///
/// ```
/// use smtp_proto::extension::Burl;
/// let burl = Burl::new("imap://harry@gryffindor.example.com/outbox;uid=3", true).unwrap();
/// assert_eq!(burl.to_string(), "BURL imap://harry@gryffindor.example.com/outbox;uid=3 LAST");
/// assert!(Burl::new("/outbox", true).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Burl<'a> {
    url: Cow<'a, str>,
    last: bool,
}

/// `BURL [burl-param]` in the EHLO reply: with `imap` some IMAP servers are known to the submission
/// server, with `imap://authority` that one is (§3.3). Empty before AUTH.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BurlSources(String);

impl<'a> Burl<'a> {
    /// What stands at that URL, as the message's end or not. `None` if it is no `absolute-URI` of
    /// RFC 3986 §4.3: a scheme, a colon, and then only what may stand in a URI, less a fragment.
    pub fn new(url: &'a str, last: bool) -> Option<Self> {
        is_absolute_uri(url).then_some(Self {
            url: Cow::Borrowed(url),
            last,
        })
    }

    /// Where to find it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the message ends with it.
    pub const fn is_last(&self) -> bool {
        self.last
    }

    pub(crate) fn parse(argument: &'a str) -> Option<Self> {
        match argument.split_once(' ') {
            None => Self::new(argument, false),
            Some((url, last)) if last.eq_ignore_ascii_case("LAST") => Self::new(url, true),
            Some(_) => None,
        }
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Burl<'static> {
        Burl {
            url: Cow::Owned(self.url.into_owned()),
            last: self.last,
        }
    }
}

/// `absolute-URI = scheme ":" hier-part ["?" query]`, by its characters.
fn is_absolute_uri(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else {
        return false;
    };
    let scheme_octet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(scheme_octet)
        && is_uri_text(rest)
}

/// Only unreserved and reserved characters less `#`, and `%` with two hexadecimal digits.
fn is_uri_text(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=".contains(&b);
    let mut octets = text.bytes();
    let hex = |octets: &mut core::str::Bytes<'_>| {
        octets.next().is_some_and(|digit| digit.is_ascii_hexdigit())
    };
    while let Some(octet) = octets.next() {
        let sound = plain(octet) || octet == b'%' && hex(&mut octets) && hex(&mut octets);
        if !sound {
            return false;
        }
    }
    true
}

impl BurlSources {
    /// `imap`: servers that were agreed on.
    pub fn imap() -> Self {
        Self(String::from("imap"))
    }

    /// What stands behind the keyword: `imap`, or an URL's beginning such as
    /// `imap://imap.example.org`. `None` if it is neither.
    pub fn new(source: &str) -> Option<Self> {
        Self::parse(source).filter(|source| !source.0.is_empty())
    }

    /// As it was written; empty for nothing.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Sealed for BurlSources {}

impl Capability for BurlSources {
    const EXTENSION: Extension = Extension::Burl;

    fn parse(arguments: &str) -> Option<Self> {
        let sound = |word: &str| word.eq_ignore_ascii_case("imap") || is_absolute_uri(word);
        let none = arguments.is_empty();
        (none || arguments.split(' ').all(sound)).then(|| Self(arguments.to_string()))
    }
}

impl fmt::Display for Burl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = if self.last { " LAST" } else { "" };
        write!(f, "BURL {}{last}", self.url)
    }
}

impl fmt::Display for BurlSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn a_burl_names_an_absolute_uri_and_perhaps_last() {
        for (argument, sound) in [
            (
                "imap://joe@host/INBOX;uid=20;urlauth=submit+joe:internal:91%20b",
                true,
            ),
            ("imap://[2001:db8::1]/a last", true),
            ("x:", true),
            ("imap://host/a#fragment", false),
            ("imap://host/%2", false),
            ("imap://host/%zz", false),
            ("imap://host/\"", false),
            ("//host/a", false),
            ("3map://host/", false),
            ("imap://host/a FIRST", false),
            ("imap://host/a  LAST", false),
            ("", false),
        ] {
            assert_eq!(Burl::parse(argument).is_some(), sound, "{argument}");
        }
    }

    /// RFC 4468 §3.3.
    #[test]
    fn burl_says_nothing_or_where_it_fetches_from() {
        for (arguments, sound) in [
            ("", true),
            ("imap", true),
            ("IMAP", true),
            ("imap://imap.example.com", true),
            ("imap imap://imap.example.com", true),
            ("imap,pop", false),
            ("imaps", false),
            ("imap://host/\"", false),
        ] {
            assert_eq!(
                BurlSources::parse(arguments).is_some(),
                sound,
                "{arguments}"
            );
            assert_eq!(
                BurlSources::new(arguments).is_some(),
                sound && !arguments.is_empty()
            );
        }
        assert_eq!(BurlSources::imap().to_string(), "imap");
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            url in "[a-z][a-z0-9+.-]{0,6}:([!$&-;=?-Z_a-z~]|%[0-9A-F]{2}){0,20}",
            last: bool,
        ) {
            let burl = Burl::new(&url, last).unwrap();
            prop_assert_eq!((burl.url(), burl.is_last()), (&*url, last));
            let line = burl.to_string();
            prop_assert_eq!(Burl::parse(line.strip_prefix("BURL ").unwrap()), Some(burl.clone()));
            let sources = BurlSources::new(&url).unwrap();
            prop_assert_eq!(BurlSources::parse(&sources.to_string()), Some(sources));
        }

        #[test]
        fn writing_undoes_reading(argument in r"[A-Za-z]{1,4}:[!-~]{0,12}( LAST)?|\PC{0,12}") {
            if let Some(burl) = Burl::parse(&argument) {
                prop_assert_eq!(burl.to_string(), format!("BURL {argument}"));
                prop_assert_eq!(burl.clone().into_owned(), burl);
            }
            if let Some(sources) = BurlSources::parse(&argument) {
                prop_assert_eq!(sources.to_string(), argument);
            }
        }
    }
}
