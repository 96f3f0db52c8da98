//! What a peer did wrong, and the one function from that to the reply it gets.

use crate::command::SyntaxErrorKind;
use crate::grammar;
use crate::reply::{Code, EnhancedStatusCode, Refusal, Text};
use crate::timeout::Wait;
use crate::wire::ContentFault;
use alloc::format;
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
    /// A chunk, or LMTP's DATA, that there is no message for: no recipient was accepted, or a chunk
    /// before it was refused.
    NoMessage,
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
    /// More refused chunks than the server cares to read to their ends.
    TooMuchRefused,
    /// One message more than a session may have.
    TooManyTransactions,
    /// Over [`Limits::session_recipients`](crate::Limits::session_recipients).
    TooManySessionRecipients,
    /// A command before the TLS that the server requires.
    TlsRequired,
    /// A command before the AUTH that the server requires.
    AuthRequired,
    /// A client that doesn't wait where it has to.
    Hasty,
    /// A mechanism of AUTH that isn't offered, or not without TLS.
    NoMechanism,
    /// A response of AUTH isn't base64.
    Base64,
    /// A response of AUTH is over the limit.
    AuthLineTooLong,
    /// The client gave AUTH up.
    AuthCancelled,
    /// AUTH failed too often.
    TooManyAuthFailures,
    /// There is input behind a command that changes what input means: STARTTLS, or ATRN.
    Glued,
    /// The TLS handshake failed, or nobody made it.
    Handshake,
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
    /// Your code refused a part of the message.
    Refused,
    /// The client dropped the message between two chunks.
    Reset,
    /// The client hung up.
    EndOfInput,
}

/// What a refusal is about: a parameter, and the octets of the line before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'c> {
    keyword: &'c str,
    offset: usize,
}

impl<'c> About<'c> {
    /// The parameter at the start of `line`, unless its keyword is too long for a reply.
    pub(super) fn parameter(line: &'c [u8], offset: usize) -> Option<Self> {
        let (_, keyword) = grammar::keyword(line).ok()?;
        let keyword = core::str::from_utf8(keyword).ok()?;
        (keyword.len() <= 64).then_some(Self { keyword, offset })
    }
}

impl Fault {
    /// What the client is told.
    pub(super) fn reply(self, about: Option<About<'_>>) -> Refusal {
        let (code, (class, subject, detail), text) = self.answer();
        let enhanced = EnhancedStatusCode::of(class, subject, detail);
        let text = match about {
            None => Text::of(text),
            Some(About { keyword, offset }) => {
                Text::new(format!("{text}: {keyword} at octet {offset}")).unwrap_or_default()
            }
        };
        Refusal::of(Code::of(code), enhanced, text)
    }

    const fn answer(self) -> (u16, (u8, u16, u16), &'static str) {
        match self {
            Self::Syntax(kind) => syntax(kind),
            Self::LineTooLong => (500, (5, 5, 2), "line too long"),
            Self::BareNewline => (500, (5, 5, 2), "bare CR or LF received"),
            Self::Order => (503, (5, 5, 1), "bad sequence of commands"),
            Self::NotOffered => (502, (5, 5, 1), "command not implemented"),
            Self::NoRecipients => (554, (5, 5, 1), "no valid recipients"),
            Self::NoMessage => (503, (5, 5, 1), "no message open, nothing taken"),
            Self::TooMuchRefused => (421, (4, 7, 0), "too much sent in vain"),
            Self::TooManyTransactions => (421, (4, 7, 0), "too many messages on this connection"),
            Self::TooManySessionRecipients => {
                (421, (4, 7, 0), "too many recipients on this connection")
            }
            Self::TlsRequired => (530, (5, 7, 0), "STARTTLS is required first"),
            Self::AuthRequired => (530, (5, 7, 0), "authentication is required"),
            Self::Hasty => (554, (5, 5, 0), "commands sent without waiting"),
            Self::NoMechanism => (504, (5, 5, 4), "mechanism not available"),
            Self::Base64 => (501, (5, 5, 2), "malformed base64"),
            Self::AuthLineTooLong => (500, (5, 5, 6), "response too long"),
            Self::AuthCancelled => (501, (5, 7, 0), "authentication cancelled"),
            Self::TooManyAuthFailures => (421, (4, 7, 0), "too many authentication failures"),
            Self::Glued => (421, (4, 7, 0), "input behind the command"),
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
            Self::Unanswered
            | Self::TimedOut(_)
            | Self::Handshake
            | Self::Refused
            | Self::Reset
            | Self::EndOfInput => (451, (4, 3, 0), "local error, try again later"),
        }
    }

    /// Whether the reply is the last thing said.
    pub(crate) fn closes(self) -> bool {
        let unframed = Self::Syntax(SyntaxErrorKind::ChunkSize);
        matches!(self, Self::BareNewline | Self::EarlyTalk | Self::Hasty)
            || self == unframed
            || self.answer().0 == 421
    }

    /// Whether the connection closes without a reply: whoever put input behind a command that ends
    /// plain SMTP isn't to be spoken to any more.
    pub(crate) const fn is_silent(self) -> bool {
        matches!(self, Self::Glued)
    }

    /// Whether it is an error, rather than something an honest client can't help.
    pub(crate) const fn counts(self) -> bool {
        !matches!(
            self,
            Self::TooManyRecipients | Self::NoRecipients | Self::NoMessage
        )
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
        SyntaxErrorKind::Base64 => (501, (5, 5, 2), "malformed base64"),
        SyntaxErrorKind::ChunkSize => (501, (5, 5, 4), "malformed chunk size"),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(fault) => fault.fmt(f),
            Self::EndOfInput => f.write_str("the client hung up"),
            Self::Refused => f.write_str("a part of the message was refused"),
            Self::Reset => f.write_str("the client dropped the message"),
            Self::Handshake => f.write_str("the TLS handshake failed"),
            Self::Unanswered => f.write_str("the server's own code gave no answer"),
            Self::TimedOut(wait) => write!(f, "timed out {wait}"),
            _ => f.write_str(self.answer().2),
        }
    }
}

impl core::error::Error for Fault {}
