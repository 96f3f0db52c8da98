//! Commands: whole lines in, typed values out, and back (RFC 5321 §4.1).
//!
//! A line that gets here has been framed and is within its limit. Nothing here knows whether the
//! command may come now: that is for the transition tables.

mod argument;
mod hello;
mod line;
mod mail;
mod own;
mod path;
mod rcpt;

pub(crate) use crate::syntax::Fault;
pub use crate::syntax::{SyntaxError, SyntaxErrorKind};
pub use argument::Argument;
pub use hello::Hello;
pub(crate) use line::Line;
pub use mail::Mail;
pub use own::Own;
pub use rcpt::Rcpt;

use crate::extension::{Atrn, Auth, Bdat, Burl, Etrn, Syntax, XClient, XForward};
use crate::grammar::Input;
use crate::verb::Verb;
use core::fmt;

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
    /// `EHLO SP ( Domain / address-literal )`, `HELO SP Domain` (§4.1.1.1) or `LHLO SP Domain` (RFC
    /// 2033 §4.1).
    Hello(Hello<'a>),
    /// `STARTTLS` (RFC 3207).
    StartTls,
    /// `AUTH SP mechanism [SP initial-response]` (RFC 4954).
    Auth(Auth<'a>),
    /// `MAIL FROM:Reverse-path [SP Mail-parameters]` (§4.1.1.2).
    Mail(Mail<'a>),
    /// `RCPT TO:Forward-path [SP Rcpt-parameters]` (§4.1.1.3).
    Rcpt(Rcpt<'a>),
    /// `DATA` (§4.1.1.4).
    Data,
    /// `BDAT SP chunk-size [SP "LAST"]` (RFC 3030).
    Bdat(Bdat),
    /// `BURL SP absolute-URI [SP "LAST"]` (RFC 4468).
    Burl(Burl<'a>),
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
    /// `ETRN SP node` (RFC 1985).
    Etrn(Etrn<'a>),
    /// `ATRN [SP domain *("," domain)]` (RFC 2645).
    Atrn(Atrn<'a>),
    /// `XCLIENT 1*(SP attribute "=" xtext)`, Postfix's.
    XClient(XClient<'a>),
    /// `XFORWARD 1*(SP attribute "=" xtext)`, Postfix's.
    XForward(XForward<'a>),
    /// A command of an extension of your own.
    Own(Own<'a>),
}

impl<'a> Command<'a> {
    /// Reads a command line without its CRLF. Blanks at its end are ignored (§4.1.1).
    ///
    /// # Errors
    /// [`SyntaxError`] says what is wrong and where.
    pub fn parse(line: &'a [u8], syntax: Syntax<'_>) -> Result<Self, SyntaxError> {
        Self::of(Line::read(trim(line), syntax)?, syntax)
    }

    /// Reads what stands behind the verb.
    pub(crate) fn of(line: Line<'a>, syntax: Syntax<'_>) -> Result<Self, SyntaxError> {
        let Line {
            verb,
            octets,
            argument,
        } = line;
        let error = |(kind, rest): Fault| SyntaxError::new(kind, octets.len() - rest);
        let whole = |kind| error((kind, argument.octets.len()));
        let alone = |command| match argument.octets {
            [] => Ok(command),
            _ => Err(whole(SyntaxErrorKind::UnexpectedArgument)),
        };
        let text = || visible(argument).map_err(error);
        let malformed = || whole(SyntaxErrorKind::Argument);
        match verb {
            Verb::Ehlo | Verb::Helo | Verb::Lhlo => {
                Hello::parse(verb, argument).map(Self::Hello).map_err(whole)
            }
            Verb::Mail => match Mail::parse(argument, syntax) {
                Ok(mail) => Ok(Self::Mail(mail)),
                Err(fault) => Err(error(fault)),
            },
            Verb::Rcpt => match Rcpt::parse(argument, syntax) {
                Ok(rcpt) => Ok(Self::Rcpt(rcpt)),
                Err(fault) => Err(error(fault)),
            },
            Verb::StartTls => alone(Self::StartTls),
            Verb::Data => alone(Self::Data),
            Verb::Rset => alone(Self::Rset),
            Verb::Quit => alone(Self::Quit),
            Verb::Auth => Auth::parse(text()?).map(Self::Auth).map_err(whole),
            Verb::Bdat => match visible(argument).ok().and_then(Bdat::parse) {
                Some(chunk) => Ok(Self::Bdat(chunk)),
                None => Err(whole(SyntaxErrorKind::ChunkSize)),
            },
            Verb::Burl => Burl::parse(text()?).map(Self::Burl).ok_or_else(malformed),
            Verb::Vrfy => Argument::parse(argument, syntax)
                .map(Self::Vrfy)
                .map_err(error),
            Verb::Expn => Argument::parse(argument, syntax)
                .map(Self::Expn)
                .map_err(error),
            Verb::Help if argument.octets.is_empty() => Ok(Self::Help(None)),
            Verb::Help => text().map(|topic| Self::Help(Some(Argument::ascii(topic)))),
            Verb::Noop if argument.octets.is_empty() => Ok(Self::Noop),
            Verb::Noop => text().map(|_| Self::Noop),
            Verb::Etrn => Etrn::parse(text()?).map(Self::Etrn).ok_or_else(malformed),
            Verb::Atrn => Atrn::parse(text_or_none(argument).map_err(error)?)
                .map(Self::Atrn)
                .ok_or_else(malformed),
            Verb::XClient => XClient::parse(text()?)
                .map(Self::XClient)
                .ok_or_else(malformed),
            Verb::XForward => XForward::parse(text()?)
                .map(Self::XForward)
                .ok_or_else(malformed),
            Verb::Own => Own::parse(octets, text_or_none(argument).map_err(error)?)
                .map(Self::Own)
                .ok_or_else(malformed),
            Verb::NotOffered => Err(SyntaxError::new(SyntaxErrorKind::NotOffered, 0)),
        }
    }

    /// Its verb.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Hello(hello) => hello.verb(),
            Self::StartTls => Verb::StartTls,
            Self::Auth(_) => Verb::Auth,
            Self::Mail(_) => Verb::Mail,
            Self::Rcpt(_) => Verb::Rcpt,
            Self::Data => Verb::Data,
            Self::Bdat(_) => Verb::Bdat,
            Self::Burl(_) => Verb::Burl,
            Self::Rset => Verb::Rset,
            Self::Vrfy(_) => Verb::Vrfy,
            Self::Expn(_) => Verb::Expn,
            Self::Help(_) => Verb::Help,
            Self::Noop => Verb::Noop,
            Self::Quit => Verb::Quit,
            Self::Etrn(_) => Verb::Etrn,
            Self::Atrn(_) => Verb::Atrn,
            Self::XClient(_) => Verb::XClient,
            Self::XForward(_) => Verb::XForward,
            Self::Own(_) => Verb::Own,
        }
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Command<'static> {
        match self {
            Self::Hello(hello) => Command::Hello(hello.into_owned()),
            Self::StartTls => Command::StartTls,
            Self::Auth(auth) => Command::Auth(auth.into_owned()),
            Self::Mail(mail) => Command::Mail(mail.into_owned()),
            Self::Rcpt(rcpt) => Command::Rcpt(rcpt.into_owned()),
            Self::Data => Command::Data,
            Self::Bdat(bdat) => Command::Bdat(bdat),
            Self::Burl(burl) => Command::Burl(burl.into_owned()),
            Self::Rset => Command::Rset,
            Self::Vrfy(who) => Command::Vrfy(who.into_owned()),
            Self::Expn(list) => Command::Expn(list.into_owned()),
            Self::Help(topic) => Command::Help(topic.map(Argument::into_owned)),
            Self::Noop => Command::Noop,
            Self::Quit => Command::Quit,
            Self::Etrn(etrn) => Command::Etrn(etrn.into_owned()),
            Self::Atrn(atrn) => Command::Atrn(atrn.into_owned()),
            Self::XClient(xclient) => Command::XClient(xclient.into_owned()),
            Self::XForward(xforward) => Command::XForward(xforward.into_owned()),
            Self::Own(own) => Command::Own(own.into_owned()),
        }
    }
}

/// The text behind a verb and its blank, at least one octet of printable ASCII.
fn visible(argument: Input<'_>) -> Result<&str, Fault> {
    let text = argument.text.strip_prefix(' ').unwrap_or_default();
    if argument.is_ascii && !text.is_empty() {
        return Ok(text);
    }
    let octets = argument.octets.strip_prefix(b" ").unwrap_or_default();
    match octets.iter().position(|octet| !octet.is_ascii()) {
        Some(at) => Err((SyntaxErrorKind::NonAscii, octets.len() - at)),
        None => Err((SyntaxErrorKind::Argument, 0)),
    }
}

/// As [`visible`], and empty where there is nothing.
fn text_or_none(argument: Input<'_>) -> Result<&str, Fault> {
    if argument.octets.is_empty() {
        Ok("")
    } else {
        visible(argument)
    }
}

/// Without the blanks at its end.
pub(crate) fn trim(mut line: &[u8]) -> &[u8] {
    while let [before @ .., b' ' | b'\t'] = line {
        line = before;
    }
    line
}

/// As the command stands on the wire, without CRLF.
impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hello(hello) => hello.fmt(f),
            Self::Auth(auth) => auth.fmt(f),
            Self::Mail(mail) => mail.fmt(f),
            Self::Rcpt(rcpt) => rcpt.fmt(f),
            Self::Bdat(bdat) => bdat.fmt(f),
            Self::Burl(burl) => burl.fmt(f),
            Self::Vrfy(argument) | Self::Expn(argument) | Self::Help(Some(argument)) => {
                write!(f, "{} {argument}", self.verb())
            }
            Self::Etrn(etrn) => etrn.fmt(f),
            Self::Atrn(atrn) => atrn.fmt(f),
            Self::XClient(xclient) => xclient.fmt(f),
            Self::XForward(xforward) => xforward.fmt(f),
            Self::Own(own) => own.fmt(f),
            _ => self.verb().fmt(f),
        }
    }
}
