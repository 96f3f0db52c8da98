//! The verbs, told apart by one integer comparison.

use core::fmt;

/// A command's verb.
///
/// `Verb` lists every verb this crate has a name for; which of them a session takes is the
/// business of the transition table in `server/state.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // the names are the verbs
pub enum Verb {
    Ehlo,
    Helo,
    Mail,
    Rcpt,
    Data,
    Rset,
    Noop,
    Quit,
    Vrfy,
    Expn,
    Help,
    /// A verb of an extension or of RFC 821 that isn't offered here.
    NotOffered,
}

/// Verbs that exist somewhere, and get 502 rather than 500.
const NOT_OFFERED: [&[u8]; 15] = [
    b"STARTTLS",
    b"AUTH",
    b"BDAT",
    b"BURL",
    b"ETRN",
    b"ATRN",
    b"LHLO",
    b"XCLIENT",
    b"XFORWARD",
    b"TURN",
    b"SEND",
    b"SOML",
    b"SAML",
    b"VERB",
    b"ONEX",
];

/// Methods of HTTP (RFC 9110 §9, RFC 5789, RFC 9113 §3.4): a page that posts a form to port 25 is an
/// old trick.
const HTTP: [&[u8]; 10] = [
    b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PRI",
];

/// Whether a line begins as a request of HTTP does, whatever its rest may be.
pub(crate) fn opens_http(line: &[u8]) -> bool {
    let word = line
        .iter()
        .take(8)
        .position(|octet| !octet.is_ascii_alphabetic());
    word.is_some_and(|end| {
        HTTP.iter()
            .any(|method| method.eq_ignore_ascii_case(&line[..end]))
    })
}

impl Verb {
    /// The verb a line begins with, and what stands behind it, its space included. `None` where
    /// it is no verb known.
    pub(crate) fn split(line: &[u8]) -> Option<(Self, &[u8])> {
        let end = line
            .iter()
            .position(|&octet| octet == b' ')
            .unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        Some((Self::of(word)?, rest))
    }

    fn of(word: &[u8]) -> Option<Self> {
        if let Ok(four) = <[u8; 4]>::try_from(word) {
            // Clears the bit that tells `a` from `A`; only letters land on letters.
            match &(u32::from_be_bytes(four) & 0xDFDF_DFDF).to_be_bytes() {
                b"EHLO" => return Some(Self::Ehlo),
                b"HELO" => return Some(Self::Helo),
                b"MAIL" => return Some(Self::Mail),
                b"RCPT" => return Some(Self::Rcpt),
                b"DATA" => return Some(Self::Data),
                b"RSET" => return Some(Self::Rset),
                b"NOOP" => return Some(Self::Noop),
                b"QUIT" => return Some(Self::Quit),
                b"VRFY" => return Some(Self::Vrfy),
                b"EXPN" => return Some(Self::Expn),
                b"HELP" => return Some(Self::Help),
                _ => {}
            }
        }
        NOT_OFFERED
            .iter()
            .any(|known| known.eq_ignore_ascii_case(word))
            .then_some(Self::NotOffered)
    }

    /// As it is written on the wire; empty for the last, which never is.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ehlo => "EHLO",
            Self::Helo => "HELO",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Rset => "RSET",
            Self::Noop => "NOOP",
            Self::Quit => "QUIT",
            Self::Vrfy => "VRFY",
            Self::Expn => "EXPN",
            Self::Help => "HELP",
            Self::NotOffered => "",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
