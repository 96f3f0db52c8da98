//! What a peer did wrong, and the one function from that to the reply it gets.

use crate::command::SyntaxErrorKind;
use crate::reply::{Code, EnhancedStatusCode, Refusal};
use crate::timeout::Wait;
use crate::wire::ContentFault;
use core::fmt;

/// A fault of the client, or of the connection, that the machine answers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A command line can't be read.
    Syntax(SyntaxErrorKind),
    /// A command line is over the limit.
    LineTooLong,
    /// A CR or LF in a command that isn't part of CRLF.
    BareNewline,
    /// A command out of order.
    Order,
    /// A verb that exists, and not here.
    NotOffered,
    /// DATA without an accepted recipient.
    NoRecipients,
    /// The message, declared or seen, is over the limit.
    MessageTooBig,
    /// One recipient more than the limit.
    TooManyRecipients,
    /// The body holds an octet that can't stand there.
    Content(ContentFault),
    /// HTTP or TLS on a port where SMTP is spoken.
    ForeignProtocol,
    /// Octets from the client before it was greeted.
    EarlyTalk,
    /// Too many errors without a message between them.
    TooManyErrors,
    /// Too many commands that lead to no mail.
    TooManyJunkCommands,
    /// Your code didn't answer a request.
    Unanswered,
    /// A wait ran out.
    TimedOut(Wait),
    /// [`shutdown`](super::Connection::shutdown) was called.
    Shutdown,
    /// The client hung up.
    EndOfInput,
}

impl Fault {
    /// What the client is told.
    pub(crate) fn reply(self) -> Refusal {
        let (code, (class, subject, detail), text) = self.answer();
        Refusal::of(
            Code::of(code),
            EnhancedStatusCode::of(class, subject, detail),
            text,
        )
    }

    const fn answer(self) -> (u16, (u8, u16, u16), &'static str) {
        match self {
            Self::Syntax(kind) => syntax(kind),
            Self::LineTooLong => (500, (5, 5, 2), "line too long"),
            Self::BareNewline => (500, (5, 5, 2), "bare CR or LF received"),
            Self::Order => (503, (5, 5, 1), "bad sequence of commands"),
            Self::NotOffered => (502, (5, 5, 1), "command not implemented"),
            Self::NoRecipients => (554, (5, 5, 1), "no valid recipients"),
            Self::MessageTooBig => (552, (5, 3, 4), "message size exceeds the limit"),
            Self::TooManyRecipients => (452, (4, 5, 3), "too many recipients"),
            Self::Content(ContentFault::Nul) => (550, (5, 5, 2), "NUL in message"),
            Self::Content(_) => (550, (5, 5, 2), "bare CR or LF in message"),
            Self::ForeignProtocol => (421, (4, 7, 0), "this is an SMTP server"),
            Self::EarlyTalk => (554, (5, 5, 0), "client talked before the greeting"),
            Self::TooManyErrors => (421, (4, 7, 0), "too many errors"),
            Self::TooManyJunkCommands => (421, (4, 7, 0), "too many commands without mail"),
            Self::TimedOut(Wait::Command | Wait::Body) => (421, (4, 4, 2), "timed out"),
            Self::Shutdown => (421, (4, 3, 2), "service shutting down"),
            Self::Unanswered | Self::TimedOut(_) | Self::EndOfInput => {
                (451, (4, 3, 0), "local error, try again later")
            }
        }
    }

    /// Whether the reply is the last thing said.
    pub(crate) const fn closes(self) -> bool {
        matches!(self, Self::BareNewline | Self::EarlyTalk) || self.answer().0 == 421
    }

    /// Whether it is an error, rather than something an honest client can't help.
    pub(crate) const fn counts(self) -> bool {
        !matches!(self, Self::TooManyRecipients | Self::NoRecipients)
    }
}

const fn syntax(kind: SyntaxErrorKind) -> (u16, (u8, u16, u16), &'static str) {
    match kind {
        SyntaxErrorKind::UnknownVerb => (500, (5, 5, 2), "command unrecognized"),
        SyntaxErrorKind::NotOffered => (502, (5, 5, 1), "command not implemented"),
        SyntaxErrorKind::Argument => (501, (5, 5, 4), "argument missing or malformed"),
        SyntaxErrorKind::UnexpectedArgument => (501, (5, 5, 4), "unexpected argument"),
        SyntaxErrorKind::Control => (501, (5, 5, 4), "control character in command"),
        SyntaxErrorKind::NonAscii => (501, (5, 5, 4), "8-bit character in command"),
        SyntaxErrorKind::NonAsciiAddress => (553, (5, 6, 7), "address needs SMTPUTF8"),
        SyntaxErrorKind::ReversePath => (501, (5, 1, 7), "malformed sender address"),
        SyntaxErrorKind::ForwardPath => (501, (5, 1, 3), "malformed recipient address"),
        SyntaxErrorKind::UnknownParameter => (555, (5, 5, 4), "parameter not recognized"),
        SyntaxErrorKind::ParameterValue => (501, (5, 5, 4), "bad parameter value"),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(fault) => fault.fmt(f),
            Self::EndOfInput => f.write_str("the client hung up"),
            Self::Unanswered => f.write_str("the server's own code gave no answer"),
            Self::TimedOut(wait) => write!(f, "timed out {wait}"),
            _ => f.write_str(self.answer().2),
        }
    }
}

impl core::error::Error for Fault {}
