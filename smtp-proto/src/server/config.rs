//! What a server is told once, for all its connections.

use crate::address::Domain;
use crate::extension::Offers;
use crate::limits::Limits;
use crate::reply::Text;
use core::time::Duration;

/// The settings of a server, shared by its connections.
///
/// ```
/// use smtp_proto::server::Config;
/// use smtp_proto::address::Domain;
/// let mut config = Config::new(Domain::try_from("mx.example.org")?);
/// config.limits.message = Some(50_000_000);
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The server's own name: it opens the greeting and the reply to EHLO (RFC 5321 §4.2).
    pub hostname: Domain<'static>,
    /// What stands behind the name in the greeting. Default `ESMTP`.
    pub greeting: Text,
    /// The extensions announced and served. Default: [`Offers::default`].
    pub offers: Offers,
    /// Sizes and counts.
    pub limits: Limits,
    /// How long is waited for what.
    pub timeouts: Timeouts,
    /// SMTP, or LMTP for a server that keeps no queue (RFC 2033). Default: SMTP.
    pub dialect: Dialect,
    /// What a client has to do before anything else. Default: nothing.
    pub require: Requirements,
    /// Whether PLAIN, LOGIN and whatever else whoever listens could use are offered by AUTH without
    /// TLS, which RFC 4954 §4 forbids. Default: no; tried all the same, they are answered 504 5.5.4.
    pub accept_clear_passwords: bool,
    /// What a CR or LF alone does to a body. Default: it costs the message.
    pub bare_newline: BareNewline,
    /// Whether an LF alone may end a command line, which RFC 5321 §2.3.8 forbids. Default: no, it
    /// is answered 500 and the connection is closed. A CR alone never may.
    pub accept_bare_lf_in_commands: bool,
    /// What becomes of a client that doesn't wait where it has to. Default: it is served.
    pub hasty_clients: Hasty,
    /// Whether a client may talk before it is greeted, which RFC 5321 §4.3.1 tells it not to.
    /// Default: no; what had arrived by the time of the greeting is answered 554 and the connection
    /// is closed.
    pub accept_early_talk: bool,
}

/// Which of the two protocols a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SMTP (RFC 5321): a message is answered once.
    #[default]
    Smtp,
    /// LMTP (RFC 2033): the hello is LHLO, a message is answered once for each recipient, and
    /// PIPELINING and ENHANCEDSTATUSCODES are always offered. Never on port 25.
    Lmtp,
}

/// What a client has to do before it may say much else; until then that is answered 530 5.7.0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Requirements {
    /// STARTTLS, or TLS from the first octet (RFC 3207 §4): only NOOP, a hello, STARTTLS and QUIT pass
    /// before. Never for a server that the world sends mail to.
    pub tls: bool,
    /// AUTH (RFC 4954 §6): only AUTH, a hello, NOOP, RSET, STARTTLS and QUIT pass before.
    pub auth: bool,
}

/// What a client does that sends on where it has to wait for a reply first: behind EHLO, HELO, DATA, NOOP
/// and the others that end a group (RFC 2920 §3.1), and anywhere where PIPELINING isn't announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Hasty {
    /// It is served like any other: the order of its commands is plain.
    #[default]
    Serve,
    /// It is answered 554 5.5.0 and the connection is closed, as Postfix does by default
    /// (`reject_unauth_pipelining`): programs that send much spam don't wait. What counts is what has
    /// come by the time of the reply.
    Close,
}

/// What a CR or an LF that isn't part of CRLF does to a body (RFC 5321 §2.3.8). With either it is
/// never a boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BareNewline {
    /// The body is read to its true end and refused, 550 5.5.2.
    #[default]
    Reject,
    /// It is passed on like any other octet; a NUL is refused all the same. Whoever sends the message on
    /// must not write it as it is: the client of this crate converts or refuses
    /// ([`Newlines`](crate::Newlines)).
    AcceptAsData,
}

/// How long a server waits (RFC 5321 §4.5.3.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For the next command. Default 300 s, the RFC's minimum.
    pub command: Duration,
    /// For the next 16 KiB of a body. Default 300 s, which is 55 octets a second.
    pub body: Duration,
    /// For a deferred request. Default 540 s: clients give up at 600 and send the message again.
    pub decision: Duration,
    /// Before a client that has made too many errors is answered
    /// ([`Limits::soft_errors`](crate::Limits::soft_errors)). Default 1 s, Postfix's
    /// `smtpd_error_sleep_time`.
    pub penalty: Duration,
    /// For the TLS handshake behind STARTTLS. Default 60 s: it takes a few round trips.
    pub handshake: Duration,
    /// For the client to read 16 KiB of replies, or all of them. Default 300 s.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            command: Duration::from_secs(300),
            body: Duration::from_secs(300),
            decision: Duration::from_secs(540),
            penalty: Duration::from_secs(1),
            handshake: Duration::from_secs(60),
            write: Duration::from_secs(300),
        }
    }
}

impl Config {
    /// The default settings, for a server of that name.
    pub fn new(hostname: Domain<'static>) -> Self {
        Self {
            hostname,
            greeting: Text::of("ESMTP"),
            offers: Offers::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            dialect: Dialect::default(),
            require: Requirements::default(),
            hasty_clients: Hasty::default(),
            accept_clear_passwords: false,
            bare_newline: BareNewline::default(),
            accept_bare_lf_in_commands: false,
            accept_early_talk: false,
        }
    }

    /// Octets of the longest command line taken, its CRLF included.
    pub fn command_line(&self) -> usize {
        self.limits.command_line.max(self.offers.command_line())
    }
}
