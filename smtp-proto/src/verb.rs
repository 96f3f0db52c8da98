//! The verbs, and how a line begins.

use crate::grammar::{Word, Words};
use core::fmt;

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)* _ = $($old:literal)|*;) => {
        /// A command's verb.
        ///
        /// `Verb` lists every verb this crate has a name for; which of them a session takes is the
        /// business of the transition table in `server/state.rs`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[allow(missing_docs)] // the names are the verbs
        pub enum Verb {
            $($(#[$doc])* $name,)*
            /// A verb that is history, and offered by nobody here: TURN, SEND, SOML, SAML of RFC
            /// 821, VERB, ONEX.
            NotOffered,
            /// A verb of an extension of your own.
            Own,
        }

        impl Verb {
            /// How many there are.
            pub(crate) const COUNT: usize = Self::Own as usize + 1;

            /// The verb that word is, in any case; never [`Own`](Self::Own).
            pub(crate) fn of(word: &[u8]) -> Option<Self> {
                static WORDS: Words = Words::new(const { &[$(Word::new($word),)* $(Word::new($old)),*] });
                const VERBS: &[Verb] = &[$(Verb::$name),*];
                let place = WORDS.find(word)?;
                Some(VERBS.get(place).copied().unwrap_or(Self::NotOffered))
            }

            /// As it is written on the wire; empty for the last two, which have no one name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                    Self::NotOffered | Self::Own => "",
                }
            }
        }
    };
}

#[rustfmt::skip]
verbs! {
    Ehlo = "EHLO";
    Helo = "HELO";
    /// LMTP's hello (RFC 2033).
    Lhlo = "LHLO";
    StartTls = "STARTTLS";
    Auth = "AUTH";
    Mail = "MAIL";
    Rcpt = "RCPT";
    Data = "DATA";
    Bdat = "BDAT";
    Burl = "BURL";
    Rset = "RSET";
    Noop = "NOOP";
    Quit = "QUIT";
    Vrfy = "VRFY";
    Expn = "EXPN";
    Help = "HELP";
    Etrn = "ETRN";
    Atrn = "ATRN";
    XClient = "XCLIENT";
    XForward = "XFORWARD";
    _ = "TURN" | "SEND" | "SOML" | "SAML" | "VERB" | "ONEX";
}

/// Methods of HTTP (RFC 9110 §9, RFC 5789, RFC 9113 §3.4): a page that posts a form to port 25 is an
/// old trick.
const HTTP: &[Word] = &[
    Word::new("GET"),
    Word::new("HEAD"),
    Word::new("POST"),
    Word::new("PUT"),
    Word::new("DELETE"),
    Word::new("CONNECT"),
    Word::new("OPTIONS"),
    Word::new("TRACE"),
    Word::new("PATCH"),
    Word::new("PRI"),
];

/// Whether a line begins as a request of HTTP does, whatever its rest may be.
pub(crate) fn opens_http(line: &[u8]) -> bool {
    let word = line
        .iter()
        .take(8)
        .position(|octet| !octet.is_ascii_alphabetic());
    let word = word.and_then(|end| Word::of(&line[..end]));
    word.is_some_and(|word| HTTP.contains(&word))
}

/// Whether a line begins as a BDAT does, whatever its rest may be: where CHUNKING is offered, octets
/// are behind it.
pub(crate) fn opens_bdat(line: &[u8]) -> bool {
    matches!(line.split_at_checked(4), Some((verb, rest)) if verb.eq_ignore_ascii_case(b"BDAT")
        && !rest.first().is_some_and(u8::is_ascii_graphic))
}

/// Whether a line begins as an AUTH does: what stands in it may be a secret, however badly it is written.
pub(crate) fn opens_auth(line: &[u8]) -> bool {
    line.get(..4)
        .is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH"))
}

impl Verb {
    /// The verb a line begins with, and what stands behind it, its space included. `None` where
    /// it is no verb known.
    pub(crate) fn split(line: &[u8]) -> Option<(Self, &[u8])> {
        let (word, rest) = line.split_at(word_length(line));
        Some((Self::of(word)?, rest))
    }
}

/// Octets of the word a line begins with.
pub(crate) fn word_length(line: &[u8]) -> usize {
    line.iter()
        .position(|&octet| octet == b' ')
        .unwrap_or(line.len())
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_its_letters_in_any_case_and_nothing_else() {
        for (word, verb) in [
            ("EHLO", Some(Verb::Ehlo)),
            ("eHlO", Some(Verb::Ehlo)),
            ("starttls", Some(Verb::StartTls)),
            ("XFORWARD", Some(Verb::XForward)),
            ("Turn", Some(Verb::NotOffered)),
            ("XFORWARDS", None),
            ("EHL", None),
            ("EHLOO", None),
            ("", None),
            ("MA\x09L", None),
            ("\x05HLO", None),
            ("\0EHLO", None),
        ] {
            assert_eq!(Verb::of(word.as_bytes()), verb, "{word}");
        }
    }
}
