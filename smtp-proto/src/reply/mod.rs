//! Replies (RFC 5321 §4.2): code, enhanced status code (RFC 2034) and text.
//!
//! What a reply says about success is in its type: [`Reply<Negative>`] can only be a refusal, so a
//! refused recipient can't be answered 250 by mistake. [`Reply`] alone is any reply, as a client
//! reads it.

mod code;
mod enhanced;
mod registered;
mod text;

pub use code::{Code, Severity};
pub use enhanced::EnhancedStatusCode;
pub use registered::RegisteredStatus;
pub(crate) use text::LINE;
pub use text::{InvalidText, Text};

use bytes::{BufMut, BytesMut};
use core::fmt;
use core::marker::PhantomData;

/// Any reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Any {}

/// A reply that refuses: 4yz or 5yz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Negative {}

/// `Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF`
/// (RFC 5321 §4.2), the enhanced status code apart from the text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reply<C = Any> {
    code: Code,
    enhanced: Option<EnhancedStatusCode>,
    text: Text,
    class: PhantomData<C>,
}

/// The answer of a server that doesn't want what it was asked.
///
/// ```
/// use smtp_proto::Refusal;
/// let greylisted = Refusal::new(450, (4, 7, 1), "come back in five minutes")?;
/// assert_eq!(greylisted.to_string(), "450 4.7.1 come back in five minutes");
/// assert!(Refusal::new(250, (2, 0, 0), "fine").is_err());
/// # Ok::<(), smtp_proto::reply::InvalidReply>(())
/// ```
pub type Refusal = Reply<Negative>;

/// Why a reply couldn't be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidReply {
    /// The code is not 4yz or 5yz.
    NotNegative,
    /// The enhanced code is none, or its class isn't the code's first digit.
    EnhancedStatusCode,
    /// The text can't stand in a reply.
    Text,
}

impl<C> Reply<C> {
    const fn assemble(code: Code, enhanced: Option<EnhancedStatusCode>, text: Text) -> Self {
        Self {
            code,
            enhanced,
            text,
            class: PhantomData,
        }
    }

    /// The three-digit code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The enhanced status code, where the session has them.
    pub const fn enhanced(&self) -> Option<EnhancedStatusCode> {
        self.enhanced
    }

    /// The text, without codes.
    pub const fn text(&self) -> &Text {
        &self.text
    }

    /// Appends the reply as it goes over the wire, with `enhanced` on every line (RFC 2034 §4), and
    /// what isn't ASCII only with `utf8` (RFC 6531 §3.7.4).
    pub(crate) fn write(&self, enhanced: bool, utf8: bool, out: &mut BytesMut) {
        let mut head = [0; "550 5.999.999 ".len()];
        let mut room = &mut head[..];
        room.put_slice(&self.code.digits());
        room.put_u8(b' ');
        if let Some(enhanced) = self.enhanced.filter(|_| enhanced) {
            put_number(&mut room, enhanced.class().into(), b'.');
            put_number(&mut room, enhanced.subject(), b'.');
            put_number(&mut room, enhanced.detail(), b' ');
        }
        let unused = room.len();
        let octets = head.len() - unused;
        let mut lines = self.text.as_lines().peekable();
        while let Some(line) = lines.next() {
            head[3] = if lines.peek().is_some() { b'-' } else { b' ' };
            out.put_slice(&head[..octets]);
            let line = text::cut(line);
            if utf8 || line.is_ascii() {
                out.put_slice(line);
            } else {
                out.extend(line.iter().map(|b| if b.is_ascii() { *b } else { b'?' }));
            }
            out.put_slice(b"\r\n");
        }
    }
}

/// The code that each line begins with, and its octets.
fn leading(text: &Text) -> Option<(EnhancedStatusCode, usize)> {
    let mut codes = text.as_lines().map(EnhancedStatusCode::leading);
    let first = codes.next()??;
    codes.all(|code| code == Some(first)).then_some(first)
}

fn put_number(out: &mut impl BufMut, value: u16, end: u8) {
    for unit in [100, 10, 1] {
        if value >= unit || unit == 1 {
            #[allow(clippy::cast_possible_truncation)] // a digit
            out.put_u8(b'0' + (value / unit % 10) as u8);
        }
    }
    out.put_u8(end);
}

impl Reply {
    pub(crate) const fn any(code: Code, enhanced: Option<EnhancedStatusCode>, text: Text) -> Self {
        Self::assemble(code, enhanced, text)
    }

    /// A reply as read. An enhanced code of the code's own class, the same on every line, is taken off
    /// the text where the server announced them.
    pub(crate) fn received(code: Code, lines: &[u8], announced: bool) -> Self {
        let text = Text::received(lines);
        let class = code.digits()[0] - b'0';
        if announced
            && let Some((enhanced, octets)) = leading(&text)
            && enhanced.class() == class
        {
            return Self::any(code, Some(enhanced), text.behind(octets));
        }
        Self::any(code, None, text)
    }

    pub(crate) fn into_text(self) -> Text {
        self.text
    }

    /// Whether it says yes: 2yz.
    pub fn is_positive(&self) -> bool {
        self.code.severity() == Severity::Completed
    }

    /// Whether it says not now: 4yz.
    pub fn is_transient(&self) -> bool {
        self.code.severity() == Severity::Transient
    }

    /// Whether it says never: 5yz.
    pub fn is_permanent(&self) -> bool {
        self.code.severity() == Severity::Permanent
    }
}

impl Reply<Negative> {
    /// A refusal with a code of your own: 4yz for not now, 5yz for never, 421 to close as well.
    ///
    /// # Errors
    /// Says which of the three can't be: a code that isn't 4yz or 5yz, an enhanced code whose class
    /// isn't that digit or that is over 999, a text that isn't printable ASCII.
    pub fn new(
        code: u16,
        enhanced: (u8, u16, u16),
        text: impl Into<alloc::borrow::Cow<'static, str>>,
    ) -> Result<Self, InvalidReply> {
        let text = Text::new(text).map_err(|InvalidText| InvalidReply::Text)?;
        Self::with_text(code, enhanced, text)
    }

    /// As [`new`](Self::new), for a text of several lines.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_text(
        code: u16,
        (class, subject, detail): (u8, u16, u16),
        text: Text,
    ) -> Result<Self, InvalidReply> {
        let code = Code::new(code)
            .filter(|code| code.is_negative())
            .ok_or(InvalidReply::NotNegative)?;
        let enhanced = EnhancedStatusCode::new(class, subject, detail)
            .filter(|enhanced| u16::from(enhanced.class()) == code.value() / 100)
            .ok_or(InvalidReply::EnhancedStatusCode)?;
        Ok(Self::assemble(code, Some(enhanced), text))
    }

    pub(crate) fn of(code: Code, enhanced: EnhancedStatusCode, text: Text) -> Self {
        debug_assert!(code.is_negative());
        Self::assemble(code, Some(enhanced), text)
    }

    /// The same words with a code that a greeting may have: 554 or 521 for never, 421 for not now.
    pub(crate) fn into_greeting(mut self) -> Self {
        const NOT_NOW: Code = Code::of(421);
        const NEVER: Code = Code::of(554);
        match (self.code.severity(), self.code.value()) {
            (_, 521) => {}
            (Severity::Permanent, _) => self.code = NEVER,
            _ => self.code = NOT_NOW,
        }
        self
    }

    /// Whether this refusal also closes the connection: 421, and 521 (RFC 7504).
    pub(crate) fn closes(&self) -> bool {
        matches!(self.code.value(), 421 | 521)
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal $class:literal . $subject:literal . $detail:literal $text:literal;)*) => {
        impl Reply<Negative> {
            $($(#[$doc])*
            #[doc = concat!("\n\n`", $code, " ", $class, ".", $subject, ".", $detail, " ", $text, "`")]
            pub fn $name() -> Self {
                const CODE: Code = Code::of($code);
                const ENHANCED: EnhancedStatusCode = EnhancedStatusCode::of($class, $subject, $detail);
                Self::of(CODE, ENHANCED, Text::of($text))
            })*
        }
    };
}

refusals! {
    /// We don't carry mail for that domain.
    relay_denied = 550 5 . 7 . 1 "relaying denied";
    /// There is no such mailbox here.
    no_such_mailbox = 550 5 . 1 . 1 "no such mailbox";
    /// The mailbox exists and takes no mail.
    mailbox_disabled = 550 5 . 2 . 1 "mailbox disabled";
    /// The mailbox is full.
    mailbox_full = 452 4 . 2 . 2 "mailbox full";
    /// Something on our side failed; the client keeps the message and tries again.
    local_error = 451 4 . 3 . 0 "local error, try again later";
    /// There is no room for the message now.
    no_space = 452 4 . 3 . 1 "insufficient system storage";
    /// The message is larger than we take.
    too_big = 552 5 . 3 . 4 "message size exceeds the limit";
    /// User name or password are wrong, or whatever the mechanism has for them (RFC 4954 §6).
    bad_credentials = 535 5 . 7 . 8 "authentication credentials invalid";
    /// Whether the client is who it says can't be found out for now (RFC 4954 §6).
    authentication_failed_for_now = 454 4 . 7 . 0 "temporary authentication failure";
    /// TLS can't be had for now (RFC 3207 §4).
    tls_not_available = 454 4 . 7 . 0 "TLS not available for now";
    /// The message is to go by TLS all the way, and can't from here on (RFC 8689 §4.2.1).
    require_tls = 550 5 . 7 . 30 "REQUIRETLS needed and not available on the way";
    /// Policy says no.
    policy = 550 5 . 7 . 1 "refused by policy";
    /// Too many connections are open; this one is closed.
    too_many_connections = 421 4 . 3 . 2 "too many connections, try again later";
    /// We are going down; the connection is closed.
    shutting_down = 421 4 . 3 . 2 "service shutting down";
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::assemble(refusal.code, refusal.enhanced, refusal.text)
    }
}

/// 451 4.3.0, whatever went wrong: what it was is for your log and not for the peer.
#[cfg(feature = "std")]
impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::no_space(),
            _ => Self::local_error(),
        }
    }
}

/// One line: code, enhanced code and the text's lines joined by a space.
impl<C> fmt::Display for Reply<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        if !self.text.is_empty() {
            write!(f, " {}", self.text)?;
        }
        Ok(())
    }
}

impl<C> fmt::Debug for Reply<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({self})")
    }
}

impl fmt::Display for InvalidReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotNegative => "a refusal's code is 400 to 599",
            Self::EnhancedStatusCode => "an enhanced code's class is its reply's first digit",
            Self::Text => "a reply line holds at most 496 printable ASCII characters",
        })
    }
}

impl core::error::Error for InvalidReply {}
