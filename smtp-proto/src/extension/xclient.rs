//! XCLIENT and XFORWARD, Postfix's: what a proxy in front of the server knows of the client.
//!
//! <https://www.postfix.org/XCLIENT_README.html>, <https://www.postfix.org/XFORWARD_README.html>

use super::parameter::Sealed;
use super::{Capability, Extension};
use crate::grammar::{keyword, xtext};
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt;

/// The attributes of an XCLIENT or an XFORWARD, `1*(SP attribute-name "=" xtext)`, as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Attributes<'a>(Cow<'a, str>);

/// What an attribute says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Attribute<'a> {
    /// It is this, decoded.
    Known(Cow<'a, str>),
    /// There is none: `[UNAVAILABLE]`.
    Unavailable,
    /// None could be found out for now: `[TEMPUNAVAIL]`.
    TemporarilyUnavailable,
}

macro_rules! attributes {
    ($(#[$doc:meta])* $name:ident, $verb:literal; $(#[$names_doc:meta])* $names:ident, $extension:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name<'a>(Attributes<'a>);

        impl<'a> $name<'a> {
            /// One attribute; `None` if its name is no keyword.
            pub fn new(name: &str, value: &Attribute<'_>) -> Option<$name<'static>> {
                pair(name, value).map(|text| $name(Attributes(Cow::Owned(text))))
            }

            /// These and one more; `None` if its name is no keyword.
            pub fn and(mut self, name: &str, value: &Attribute<'_>) -> Option<Self> {
                let text = self.0.0.to_mut();
                text.push(' ');
                *text += &pair(name, value)?;
                Some(self)
            }

            /// Each attribute's name and value, in order.
            pub fn iter(&self) -> impl Iterator<Item = (&str, Attribute<'_>)> {
                self.0.iter()
            }

            /// The attribute of that name, in any case; of several the last.
            pub fn get(&self, name: &str) -> Option<Attribute<'_>> {
                self.iter()
                    .filter(|(known, _)| known.eq_ignore_ascii_case(name))
                    .last()
                    .map(|(_, value)| value)
            }

            pub(crate) fn parse(argument: &'a str) -> Option<Self> {
                Attributes::parse(argument).map(Self)
            }

            /// Cut loose from the line it was read from.
            pub fn into_owned(self) -> $name<'static> {
                $name(Attributes(Cow::Owned(self.0.0.into_owned())))
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($verb, " {}"), self.0.0)
            }
        }

        $(#[$names_doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $names(String);

        impl $names {
            /// These; `None` if one of them is no keyword.
            pub fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Self> {
                list(names).map(Self)
            }

            /// Each of them.
            pub fn iter(&self) -> impl Iterator<Item = &str> {
                self.0.split_ascii_whitespace()
            }

            /// Whether it is among them, in any case.
            pub fn contains(&self, name: &str) -> bool {
                self.iter().any(|known| known.eq_ignore_ascii_case(name))
            }
        }

        impl Sealed for $names {}

        impl Capability for $names {
            const EXTENSION: Extension = Extension::$extension;

            fn parse(arguments: &str) -> Option<Self> {
                Self::new(arguments.split_ascii_whitespace())
            }
        }

        impl fmt::Display for $names {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

attributes! {
    /// `XCLIENT`: take the client for this one from here on. The session begins again with a
    /// greeting.
    ///
    /// ```
    /// use smtp_proto::extension::{Attribute, XClient};
    /// let xclient = XClient::new("NAME", &Attribute::Known("spike.porcupine.org".into())).unwrap()
    ///     .and("ADDR", &Attribute::Unavailable).unwrap();
    /// assert_eq!(xclient.to_string(), "XCLIENT NAME=spike.porcupine.org ADDR=[UNAVAILABLE]");
    /// ```
    XClient, "XCLIENT";
    /// The attributes a server takes with XCLIENT, behind its keyword in the EHLO reply: `NAME`,
    /// `ADDR`, `PORT`, `PROTO`, `HELO`, `LOGIN`, `DESTADDR`, `DESTPORT`.
    XClientAttributes, XClient
}

attributes! {
    /// `XFORWARD`: the next message came from that client; nothing depends on it but logs.
    XForward, "XFORWARD";
    /// The attributes a server takes with XFORWARD, behind its keyword in the EHLO reply: `NAME`,
    /// `ADDR`, `PORT`, `PROTO`, `HELO`, `IDENT`, `SOURCE`.
    XForwardAttributes, XForward
}

const UNAVAILABLE: &str = "[UNAVAILABLE]";
const TEMPORARILY: &str = "[TEMPUNAVAIL]";

impl<'a> Attributes<'a> {
    fn parse(argument: &'a str) -> Option<Self> {
        let sound = |pair: &str| {
            pair.split_once('=').is_some_and(|(name, value)| {
                is_keyword(name) && (is_marker(value) || xtext::decode(value).is_some())
            })
        };
        argument
            .split(' ')
            .all(sound)
            .then_some(Self(Cow::Borrowed(argument)))
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Attribute<'_>)> {
        self.0.split(' ').filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name, attribute(value)?))
        })
    }
}

fn attribute(value: &str) -> Option<Attribute<'_>> {
    if value.eq_ignore_ascii_case(UNAVAILABLE) {
        Some(Attribute::Unavailable)
    } else if value.eq_ignore_ascii_case(TEMPORARILY) {
        Some(Attribute::TemporarilyUnavailable)
    } else {
        xtext::decode(value).map(Attribute::Known)
    }
}

fn is_marker(value: &str) -> bool {
    value.eq_ignore_ascii_case(UNAVAILABLE) || value.eq_ignore_ascii_case(TEMPORARILY)
}

fn is_keyword(name: &str) -> bool {
    matches!(keyword(name.as_bytes()), Ok(([], _)))
}

/// `name=value`, a value that would be taken for a marker escaped, and one that holds control
/// characters said to be unavailable.
fn pair(name: &str, value: &Attribute<'_>) -> Option<String> {
    let value = match value {
        Attribute::Known(text) if !text.contains(char::is_control) => {
            let encoded = xtext::encode(text);
            match encoded.strip_prefix('[') {
                Some(rest) if is_marker(&encoded) => alloc::format!("+5B{rest}"),
                _ => encoded,
            }
        }
        Attribute::TemporarilyUnavailable => TEMPORARILY.to_string(),
        _ => UNAVAILABLE.to_string(),
    };
    is_keyword(name).then(|| alloc::format!("{name}={value}"))
}

fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let mut list = String::new();
    for name in names {
        if !is_keyword(name) {
            return None;
        }
        if !list.is_empty() {
            list.push(' ');
        }
        list += name;
    }
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn attributes_are_names_with_xtext_or_a_marker() {
        for (argument, sound) in [
            ("NAME=spike.porcupine.org ADDR=168.100.189.2", true),
            ("name=[unavailable]", true),
            ("ADDR=IPv6:2001:db8::1", true),
            ("LOGIN=", true),
            ("NAME", false),
            ("NAME=a  ADDR=b", false),
            ("=a", false),
            ("NA_ME=a", false),
            ("NAME=a+0D+0AQUIT", false),
            ("NAME=a+2", false),
            ("NAME=a=b", false),
            ("", false),
        ] {
            assert_eq!(XClient::parse(argument).is_some(), sound, "{argument}");
        }
    }

    #[test]
    fn a_value_that_looks_like_a_marker_is_told_from_one() {
        let known = Attribute::Known("[UNAVAILABLE]".into());
        let forward = XForward::new("IDENT", &known).unwrap();
        assert_eq!(forward.to_string(), "XFORWARD IDENT=+5BUNAVAILABLE]");
        assert_eq!(forward.get("ident"), Some(known));
    }

    #[test]
    fn what_no_line_can_hold_is_unavailable_or_no_attribute() {
        let xclient = XClient::new("NAME", &Attribute::Known("a\r\nQUIT".into())).unwrap();
        assert_eq!(xclient.to_string(), "XCLIENT NAME=[UNAVAILABLE]");
        for name in ["", "NA ME", "-NAME", "NAME=", "NÄME"] {
            assert_eq!(XClient::new(name, &Attribute::Unavailable), None, "{name}");
            assert_eq!(
                xclient.clone().and(name, &Attribute::Unavailable),
                None,
                "{name}"
            );
            assert_eq!(XClientAttributes::new(["NAME", name]), None, "{name}");
        }
    }

    #[test]
    fn of_an_attribute_that_stands_there_twice_the_last_counts() {
        let xclient = XClient::parse("NAME=a ADDR=192.0.2.1 name=[TEMPUNAVAIL]").unwrap();
        assert_eq!(xclient.get("NAME"), Some(Attribute::TemporarilyUnavailable));
        assert_eq!(
            xclient.get("addr"),
            Some(Attribute::Known("192.0.2.1".into()))
        );
        assert_eq!(xclient.get("PORT"), None);
        assert_eq!(xclient.iter().count(), 3);
    }

    #[test]
    fn the_attributes_a_server_takes_are_words() {
        let names = XClientAttributes::parse("NAME ADDR  PROTO\tHELO").unwrap();
        assert_eq!(names.to_string(), "NAME ADDR PROTO HELO");
        assert!(names.contains("proto") && !names.contains("PORT"));
        assert_eq!(
            XForwardAttributes::parse(""),
            Some(XForwardAttributes::default())
        );
        assert_eq!(XForwardAttributes::parse("NAME=a"), None);
    }

    fn attribute() -> impl Strategy<Value = Attribute<'static>> {
        prop_oneof![
            r"\PC{0,12}|\[(un|UN)AVAILABLE\]|\[TEMPUNAVAIL\]|[+=\[]{0,3}"
                .prop_map(|text| Attribute::Known(text.into())),
            Just(Attribute::Unavailable),
            Just(Attribute::TemporarilyUnavailable),
        ]
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            first in ("[A-Za-z0-9][A-Za-z0-9-]{0,8}", attribute()),
            more in prop::collection::vec(("[A-Za-z0-9][A-Za-z0-9-]{0,8}", attribute()), 0..4),
        ) {
            let mut xclient = XClient::new(&first.0, &first.1).unwrap();
            let mut xforward = XForward::new(&first.0, &first.1).unwrap();
            for (name, value) in &more {
                xclient = xclient.and(name, value).unwrap();
                xforward = xforward.and(name, value).unwrap();
            }
            let all = core::iter::once(&first).chain(&more);
            let all = all.map(|(name, value)| (&**name, value.clone())).collect::<Vec<_>>();
            prop_assert_eq!(xclient.iter().collect::<Vec<_>>(), &*all);
            let line = xclient.to_string();
            prop_assert_eq!(XClient::parse(line.strip_prefix("XCLIENT ").unwrap()), Some(xclient));
            let line = xforward.to_string();
            let argument = line.strip_prefix("XFORWARD ").unwrap();
            prop_assert_eq!(XForward::parse(argument), Some(xforward));
            let names = XClientAttributes::new(all.iter().map(|(name, _)| *name)).unwrap();
            prop_assert_eq!(XClientAttributes::parse(&names.to_string()), Some(names));
        }

        #[test]
        fn writing_undoes_reading(
            argument in r"([A-Z]{1,4}=([a-z.]{0,5}|\+[2-7][0-9A-F]|\[UNAVAILABLE\]) ?){1,3}|\PC{0,12}",
        ) {
            if let Some(xclient) = XClient::parse(&argument) {
                prop_assert_eq!(xclient.to_string(), format!("XCLIENT {argument}"));
                prop_assert_eq!(xclient.iter().count(), argument.split(' ').count());
                prop_assert_eq!(xclient.clone().into_owned(), xclient);
            }
        }
    }
}
