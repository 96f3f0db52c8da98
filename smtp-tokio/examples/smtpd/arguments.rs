//! What it can be told on the command line.

use clap::{Parser, ValueEnum};
use smtp_tokio::smtp_proto::address::Mailbox;
use smtp_tokio::smtp_proto::extension::XClientAttributes;
use smtp_tokio::smtp_proto::server::BareNewline;
use smtp_tokio::{Config, Dialect, Domain, Extension};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Receives mail by SMTP or LMTP and delivers it to a Maildir, or throws it away.
///
/// A message is acknowledged once it is on disk: written to tmp/, fsynced, renamed into new/, and
/// the folder fsynced. Lines end in LF there; Return-Path and Received lines are put in front. One
/// line on stdout tells of each message. SIGINT and SIGTERM finish what is under way and leave.
#[derive(Parser)]
#[allow(clippy::struct_excessive_bools)] // they are flags
#[command(version)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 takes a free one. The first line on stdout says which
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2525")]
    pub(crate) listen: SocketAddr,
    /// The Maildir to deliver to; it is made where there is none
    #[arg(long, value_name = "DIR", default_value = "mail")]
    pub(crate) maildir: PathBuf,
    /// Read messages and throw them away
    #[arg(long, conflicts_with = "maildir")]
    pub(crate) discard: bool,
    /// The name the server goes by
    #[arg(long, value_name = "NAME", default_value = "localhost", value_parser = domain)]
    pub(crate) hostname: Domain<'static>,
    /// The largest message taken, in octets; 0 for any
    #[arg(long, value_name = "OCTETS", default_value_t = 10_240_000)]
    pub(crate) size: u64,
    /// The most recipients of one message
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) max_recipients: usize,
    /// The most connections at a time; further ones are told 421
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) max_connections: usize,
    /// Take mail for this domain, in U-labels or in A-labels, and for no other that isn't named so too
    /// (550 5.7.1)
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    pub(crate) local_domain: Vec<Domain<'static>>,
    /// Refuse this recipient (550 5.1.1)
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox)]
    pub(crate) reject_recipient: Vec<Mailbox<'static>>,
    /// What a CR or LF alone does to a message
    #[arg(long, value_enum, default_value = "reject")]
    pub(crate) bare_newline: Bare,
    /// The certificate chain to offer STARTTLS with, the server's own first
    #[arg(long, value_name = "PEM", group = "tls", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Offer STARTTLS with a certificate made up for now, which nobody can verify
    #[arg(long, group = "tls")]
    pub(crate) tls_self_signed: bool,
    /// Listen there too, under TLS from the first octet. The second line on stdout says where
    #[arg(long, value_name = "ADDR", requires = "tls")]
    pub(crate) implicit_tls: Option<SocketAddr>,
    /// Take no mail in clear (530 5.7.0)
    #[arg(long, requires = "tls")]
    pub(crate) require_tls: bool,
    /// Offer AUTH, and know this user. What gives the password away is offered under TLS alone
    #[arg(long, value_name = "NAME:PASSWORD", value_parser = user)]
    pub(crate) user: Vec<(String, String)>,
    /// Offer what gives the password away without TLS too, to whoever listens
    #[arg(long, requires = "user")]
    pub(crate) dangerous_clear_passwords: bool,
    /// Take no mail from anybody else (530 5.7.0)
    #[arg(long, requires = "user")]
    pub(crate) require_auth: bool,
    /// Have proxies on this machine say who their clients are, by the PROXY protocol
    #[arg(long)]
    pub(crate) proxy_protocol: bool,
    /// Let clients on this machine say for whom they speak, by XCLIENT
    #[arg(long)]
    pub(crate) xclient: bool,
    /// Speak LMTP (RFC 2033), for a mail server to deliver through
    #[arg(long)]
    pub(crate) lmtp: bool,
    /// How long to wait for a client's next command, for the next 16 KiB of a message, and for it
    /// to read a reply, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
    /// How many threads serve; one takes some thousands of messages a second, and more cost CPU
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threads: usize,
    /// Print what is said, C: and S:, on stderr
    #[arg(long)]
    pub(crate) transcript: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Bare {
    /// The message is refused
    Reject,
    /// It is kept as it is
    AcceptAsData,
}

fn domain(text: &str) -> Result<Domain<'static>, String> {
    let domain = Domain::parse_utf8(text).map_err(|error| error.to_string())?;
    Ok(domain.into_owned())
}

fn user(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once(':');
    let (name, password) = parts.ok_or("a name, a colon and a password")?;
    Ok((name.to_owned(), password.to_owned()))
}

fn mailbox(text: &str) -> Result<Mailbox<'static>, String> {
    let mailbox = Mailbox::parse_utf8(text).map_err(|error| error.to_string())?;
    Ok(mailbox.into_owned())
}

impl Arguments {
    /// What they say of the core.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new(self.hostname.clone());
        config.limits.message = (self.size > 0).then_some(self.size);
        config.limits.recipients = self.max_recipients;
        for extension in [Extension::Chunking, Extension::SmtpUtf8, Extension::Limits] {
            config.offers.add(extension);
        }
        if self.xclient {
            let attributes = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN"];
            config
                .offers
                .add(XClientAttributes::new(attributes).unwrap_or_default());
        }
        if self.lmtp {
            config.dialect = Dialect::Lmtp;
        }
        config.timeouts.command = Duration::from_secs(self.timeout);
        config.timeouts.body = config.timeouts.command;
        config.timeouts.write = config.timeouts.command;
        config.require.tls = self.require_tls;
        config.require.auth = self.require_auth;
        config.accept_clear_passwords = self.dangerous_clear_passwords;
        config.bare_newline = match self.bare_newline {
            Bare::Reject => BareNewline::Reject,
            Bare::AcceptAsData => BareNewline::AcceptAsData,
        };
        config
    }
}
