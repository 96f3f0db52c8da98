//! The lines a server puts in front of a message (RFC 5321 §4.4): [`Received`] when it takes one,
//! [`ReturnPath`] when it delivers one for good.
//!
//! The rule here: whatever the peer calls itself, what is written is one header field that ends in
//! CRLF, folded so that no line has over 998 octets, and none over 78 that needn't. Knows no clock:
//! the time is passed in.

use core::error::Error;
use core::fmt::{self, Write as _};
use core::net::IpAddr;

use crate::address::{AddressLiteral, Domain, ForwardPath, Host, ReversePath};
use crate::calendar;
use crate::grammar::atom;

/// The time stamp line that every server adds which takes a message.
///
/// ```abnf
/// Time-stamp-line = "Received:" FWS Stamp <CRLF>          ; RFC 5321 §4.4
/// Stamp           = From-domain By-domain Opt-info [CFWS] ";" FWS date-time
/// From-domain     = "FROM" FWS Extended-Domain
/// By-domain       = CFWS "BY" FWS Extended-Domain
/// Extended-Domain = Domain / ( Domain FWS "(" TCP-info ")" ) /
///                   ( address-literal FWS "(" TCP-info ")" )
/// Opt-info        = [CFWS "WITH" FWS Protocol] [CFWS "ID" FWS Atom] [CFWS "FOR" FWS Path]
/// ```
///
/// `Display` writes the whole field, its CRLF included.
///
/// A peer's name that this grammar doesn't take is replaced by `unknown` and follows in a comment:
/// its printable ASCII only, no more than 255 octets of it.
///
/// ```
/// use smtp_proto::address::{Domain, ForwardPath};
/// use smtp_proto::trace::{Date, Features, Protocol, Received};
///
/// let by = Domain::try_from("mx.example.org")?;
/// let ann = ForwardPath::try_from("ann@example.org")?;
/// let protocol = Protocol::Esmtp(Features { tls: true, ..Features::default() });
/// let received = Received::new("mail.example.com", &by, protocol, Date::from_unix(1_795_487_820))
///     .peer("192.0.2.1".parse()?)
///     .id("4bX9qz")?
///     .recipient(&ann);
///
/// assert_eq!(
///     received.to_string(),
///     "Received: from mail.example.com ([192.0.2.1]) by mx.example.org with ESMTPS\r\n\
///      \tid 4bX9qz for <ann@example.org>; Tue, 24 Nov 2026 02:37:00 +0000\r\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    hello: &'a str,
    peer: Option<IpAddr>,
    by: &'a Domain<'a>,
    with: Protocol,
    id: Option<&'a str>,
    recipient: Option<&'a ForwardPath<'a>>,
    date: Date,
}

/// An identifier that [`Received::id`] can't take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidId;

/// By what protocol a message came: the `WITH` clause.
///
/// ```
/// use smtp_proto::trace::{Features, Protocol};
///
/// assert_eq!(Protocol::Smtp.to_string(), "SMTP");
/// let features = Features { tls: true, auth: true, smtputf8: false };
/// assert_eq!(Protocol::Esmtp(features).to_string(), "ESMTPSA");
/// assert_eq!(Protocol::Lmtp(Features { smtputf8: true, ..features }).to_string(), "UTF8LMTPSA");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// The client said HELO, which leaves room for no feature.
    Smtp,
    /// The client said EHLO: `ESMTP`, `ESMTPA`, `ESMTPS`, `ESMTPSA` (RFC 3848), and with SMTPUTF8
    /// `UTF8SMTP`, `UTF8SMTPA`, … (RFC 6531 §4.3).
    Esmtp(Features),
    /// The client said LHLO: `LMTP`, `LMTPA`, … and `UTF8LMTP`, … of the same RFCs.
    Lmtp(Features),
}

/// What a [`Protocol`]'s name tells beside the greeting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features {
    /// The session was under TLS, by STARTTLS or from its first octet (RFC 8314 §3.3).
    pub tls: bool,
    /// The client had authenticated itself.
    pub auth: bool,
    /// The transaction asked for SMTPUTF8.
    pub smtputf8: bool,
}

/// A point in time, to the second, in UTC.
///
/// ```abnf
/// date-time = day-name "," SP day SP month SP year SP hour ":" minute ":" second SP "+0000"
///                                                         ; a subset of RFC 5322 §3.3
/// ```
///
/// ```
/// use smtp_proto::trace::Date;
///
/// assert_eq!(Date::from_unix(1_795_487_820).to_string(), "Tue, 24 Nov 2026 02:37:00 +0000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    unix: u64,
}

/// The line that the server which delivers a message for good puts in front of everything.
///
/// ```abnf
/// Return-path-line = "Return-Path:" FWS Reverse-path <CRLF>      ; RFC 5321 §4.4
/// ```
///
/// `Display` writes the whole field, its CRLF included.
///
/// ```
/// use smtp_proto::{address::ReversePath, trace::ReturnPath};
///
/// assert_eq!(ReturnPath(&ReversePath::Null).to_string(), "Return-Path: <>\r\n");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ReturnPath<'a>(pub &'a ReversePath<'a>);

impl<'a> Received<'a> {
    /// A stamp for what a client took up with `hello`, its argument of EHLO, HELO or LHLO as it
    /// came, and the server `by` took.
    pub fn new(hello: &'a str, by: &'a Domain<'a>, with: Protocol, date: Date) -> Self {
        Self {
            hello,
            peer: None,
            by,
            with,
            id: None,
            recipient: None,
            date,
        }
    }

    /// Adds the address that the connection came from: "SHOULD contain".
    pub fn peer(self, peer: IpAddr) -> Self {
        Self {
            peer: Some(peer),
            ..self
        }
    }

    /// Adds the server's own name for the message.
    ///
    /// # Errors
    ///
    /// If `id` is no ASCII `Atom`, or has more than 255 octets.
    pub fn id(self, id: &'a str) -> Result<Self, InvalidId> {
        match atom(false)(id.as_bytes()) {
            Ok(([], _)) if id.len() <= MAX_TEXT => Ok(Self {
                id: Some(id),
                ..self
            }),
            _ => Err(InvalidId),
        }
    }

    /// Adds whom the message is for. Leave it out if it is for several: "multiple `<path>`s raise
    /// some security issues", and one of many may tell a recipient of a blind copy (§7.2).
    pub fn recipient(self, recipient: &'a ForwardPath<'a>) -> Self {
        Self {
            recipient: Some(recipient),
            ..self
        }
    }
}

/// What keeps the longest clause, a name escaped in a comment, well below a line's 998 octets.
const MAX_TEXT: usize = 255;

impl fmt::Display for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer.map(AddressLiteral::from);
        let named = match Host::try_from(self.hello) {
            Ok(Host::Domain(_)) => true,
            // Extended-Domain takes a literal only with TCP-info behind it.
            Ok(Host::Literal(_)) => peer.is_some(),
            Err(_) => false,
        };
        let name = if named { self.hello } else { "unknown" };
        let mut field = Folded { out: f, column: 0 };
        field.glued("Received:")?;
        field.clause(format_args!("from {name}"))?;
        if let Some(peer) = peer {
            field.clause(format_args!("({peer})"))?;
        }
        if !named {
            field.clause(format_args!("(HELO {})", CommentText(self.hello)))?;
        }
        field.clause(format_args!("by {}", self.by))?;
        field.clause(format_args!("with {}", self.with))?;
        if let Some(id) = self.id {
            field.clause(format_args!("id {id}"))?;
        }
        if let Some(recipient) = self.recipient {
            field.clause(format_args!("for {recipient}"))?;
        }
        field.glued(";")?;
        field.clause(format_args!("{}", self.date))?;
        field.glued("\r\n")
    }
}

impl fmt::Display for ReturnPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Return-Path: {}\r\n", self.0)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, Features { tls, auth, .. }) = match *self {
            Protocol::Smtp => ("SMTP", Features::default()),
            Protocol::Esmtp(features) if features.smtputf8 => ("UTF8SMTP", features),
            Protocol::Esmtp(features) => ("ESMTP", features),
            Protocol::Lmtp(features) if features.smtputf8 => ("UTF8LMTP", features),
            Protocol::Lmtp(features) => ("LMTP", features),
        };
        write!(
            f,
            "{name}{}{}",
            if tls { "S" } else { "" },
            if auth { "A" } else { "" }
        )
    }
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("message identifier is no atom of at most 255 octets")
    }
}

impl Error for InvalidId {}

impl Date {
    /// The time `seconds` after 1970-01-01 00:00:00 UTC, leap seconds not counted.
    pub fn from_unix(seconds: u64) -> Self {
        Self { unix: seconds }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 1970 began on a Thursday.
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let (days, second) = (self.unix / 86_400, self.unix % 86_400);
        // 2⁶⁴ seconds are fewer than 2⁴⁸ days.
        let (year, month, day) = calendar::civil_from_days(days.cast_signed());
        let (day_name, month) = (DAYS[(days % 7) as usize], MONTHS[month as usize - 1]);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(
            f,
            "{day_name}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} +0000"
        )
    }
}

/// A peer's words as they may stand in a comment: `*([FWS] (ctext / quoted-pair))` (RFC 5322 §3.2.2).
struct CommentText<'a>(&'a str);

impl fmt::Display for CommentText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self
            .0
            .chars()
            .filter(|c| matches!(c, ' '..='~'))
            .take(MAX_TEXT)
        {
            if matches!(character, '(' | ')' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(character)?;
        }
        Ok(())
    }
}

/// A header field in the making, folded between its clauses only.
struct Folded<'f, 'b> {
    out: &'f mut fmt::Formatter<'b>,
    column: usize,
}

impl Folded<'_, '_> {
    const WIDTH: usize = 78;

    fn clause(&mut self, clause: fmt::Arguments<'_>) -> fmt::Result {
        let mut length = Length(0);
        length.write_fmt(clause)?;
        // One octet for the blank in front, one for the ";" that may come behind.
        if self.column + length.0 + 2 > Self::WIDTH {
            self.out.write_str("\r\n\t")?;
            self.column = 0;
        } else {
            self.out.write_char(' ')?;
        }
        self.column += 1 + length.0;
        self.out.write_fmt(clause)
    }

    fn glued(&mut self, text: &str) -> fmt::Result {
        self.column += text.len();
        self.out.write_str(text)
    }
}

/// Counts the octets written to it.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}
