//! Commands: whole lines in, typed values out, and back (RFC 5321 §4.1).
//!
//! A line that gets here has been framed and is within its limit. Nothing here knows whether the
//! command may come now: that is for the transition tables.

mod argument;
mod error;
mod hello;
mod mail;
mod parameter;
mod rcpt;

pub use argument::Argument;
pub use error::{SyntaxError, SyntaxErrorKind};
pub use hello::Hello;
pub use mail::Mail;
pub use rcpt::Rcpt;

use crate::extension::Extensions;
use crate::verb::Verb;
use core::fmt;

/// What the session allows in a command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Syntax {
    /// UTF-8 in addresses (RFC 6531).
    pub utf8: bool,
    /// The extensions announced: their parameters are known.
    pub extensions: Extensions,
}

impl Syntax {
    /// What a session with these extensions allows.
    pub const fn new(extensions: Extensions) -> Self {
        Self {
            utf8: false,
            extensions,
        }
    }
}

/// A command with its argument.
///
/// ```
/// use smtp_proto::{Command, Syntax};
/// let command = Command::parse(b"rcpt to:<\"a b\"@example.org>", Syntax::default())?;
/// assert!(matches!(&command, Command::Rcpt(rcpt) if rcpt.to().to_string() == "<\"a b\"@example.org>"));
/// assert_eq!(command.to_string(), "RCPT TO:<\"a b\"@example.org>");
/// # Ok::<(), smtp_proto::SyntaxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// `EHLO SP ( Domain / address-literal )` or `HELO SP Domain` (§4.1.1.1).
    Hello(Hello<'a>),
    /// `MAIL FROM:Reverse-path [SP Mail-parameters]` (§4.1.1.2).
    Mail(Mail<'a>),
    /// `RCPT TO:Forward-path [SP Rcpt-parameters]` (§4.1.1.3).
    Rcpt(Rcpt<'a>),
    /// `DATA` (§4.1.1.4).
    Data,
    /// `RSET` (§4.1.1.5).
    Rset,
    /// `VRFY SP String` (§4.1.1.6).
    Vrfy(Argument<'a>),
    /// `EXPN SP String` (§4.1.1.7).
    Expn(Argument<'a>),
    /// `HELP [SP String]` (§4.1.1.8).
    Help(Option<Argument<'a>>),
    /// `NOOP [SP String]` (§4.1.1.9), the string ignored.
    Noop,
    /// `QUIT` (§4.1.1.10).
    Quit,
}

impl<'a> Command<'a> {
    /// Reads a command line without its CRLF. Blanks at its end are ignored (§4.1.1).
    ///
    /// # Errors
    /// [`SyntaxError`] says what is wrong and where.
    pub fn parse(line: &'a [u8], syntax: Syntax) -> Result<Self, SyntaxError> {
        let line = trim(line);
        let (verb, argument) = split(line)?;
        Self::parse_argument(verb, line, argument, syntax)
    }

    /// Reads what stands behind the verb; `argument` is the end of `line`.
    pub(crate) fn parse_argument(
        verb: Verb,
        line: &'a [u8],
        argument: &'a [u8],
        syntax: Syntax,
    ) -> Result<Self, SyntaxError> {
        let from_end = |rest: usize| line.len() - rest;
        let error = |kind, rest| SyntaxError::new(kind, from_end(rest));
        let text = || match Argument::parse(argument) {
            Ok(argument) => Ok(argument),
            Err((kind, rest)) => Err(error(kind, rest)),
        };
        let alone = |command| match argument {
            [] => Ok(command),
            _ => Err(error(SyntaxErrorKind::UnexpectedArgument, argument.len())),
        };
        match verb {
            Verb::Ehlo | Verb::Helo => Hello::parse(verb == Verb::Ehlo, argument)
                .map(Self::Hello)
                .map_err(|kind| error(kind, argument.len())),
            Verb::Mail => Mail::parse(argument, syntax)
                .map(Self::Mail)
                .map_err(|(kind, rest)| error(kind, rest)),
            Verb::Rcpt => Rcpt::parse(argument, syntax)
                .map(Self::Rcpt)
                .map_err(|(kind, rest)| error(kind, rest)),
            Verb::Data => alone(Self::Data),
            Verb::Rset => alone(Self::Rset),
            Verb::Quit => alone(Self::Quit),
            Verb::Vrfy => text().map(Self::Vrfy),
            Verb::Expn => text().map(Self::Expn),
            Verb::Help if argument.is_empty() => Ok(Self::Help(None)),
            Verb::Help => text().map(|text| Self::Help(Some(text))),
            Verb::Noop if argument.is_empty() => Ok(Self::Noop),
            Verb::Noop => text().map(|_| Self::Noop),
            Verb::NotOffered => Err(error(SyntaxErrorKind::NotOffered, argument.len())),
        }
    }

    /// Its verb.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Hello(hello) if hello.is_extended() => Verb::Ehlo,
            Self::Hello(_) => Verb::Helo,
            Self::Mail(_) => Verb::Mail,
            Self::Rcpt(_) => Verb::Rcpt,
            Self::Data => Verb::Data,
            Self::Rset => Verb::Rset,
            Self::Vrfy(_) => Verb::Vrfy,
            Self::Expn(_) => Verb::Expn,
            Self::Help(_) => Verb::Help,
            Self::Noop => Verb::Noop,
            Self::Quit => Verb::Quit,
        }
    }
}

/// Without the blanks at its end.
pub(crate) fn trim(mut line: &[u8]) -> &[u8] {
    while let [before @ .., b' ' | b'\t'] = line {
        line = before;
    }
    line
}

/// The verb of a trimmed line, and what stands behind it.
pub(crate) fn split(line: &[u8]) -> Result<(Verb, &[u8]), SyntaxError> {
    if let Some(offset) = line.iter().position(u8::is_ascii_control) {
        return Err(SyntaxError::new(SyntaxErrorKind::Control, offset));
    }
    Verb::split(line).ok_or_else(|| match line.iter().position(|octet| !octet.is_ascii()) {
        Some(offset) => SyntaxError::new(SyntaxErrorKind::NonAscii, offset),
        None => SyntaxError::new(SyntaxErrorKind::UnknownVerb, 0),
    })
}

/// As the command stands on the wire, without CRLF.
impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hello(hello) => hello.fmt(f),
            Self::Mail(mail) => mail.fmt(f),
            Self::Rcpt(rcpt) => rcpt.fmt(f),
            Self::Vrfy(argument) | Self::Expn(argument) | Self::Help(Some(argument)) => {
                write!(f, "{} {argument}", self.verb())
            }
            _ => self.verb().fmt(f),
        }
    }
}
