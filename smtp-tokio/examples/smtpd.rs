//! A mail server that keeps what it is sent in a Maildir.

use clap::{Parser, ValueEnum};
use smtp_tokio::bytes::BytesMut;
use smtp_tokio::smtp_proto::address::{ForwardPath, Mailbox};
use smtp_tokio::smtp_proto::server::{BareNewline, Session};
use smtp_tokio::smtp_proto::trace::{Date, Features, Protocol, Received, ReturnPath};
use smtp_tokio::smtp_proto::{Hello, Verb, server::Config};
use smtp_tokio::{
    Accepted, Body, Dialect, Domain, Envelope, Extension, Handler, Peer, Rcpt, Refusal, Server,
};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::log::Log;
use support::maildir::{Draft, Maildir};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

mod support {
    pub(crate) mod log;
    pub(crate) mod maildir;
    #[allow(dead_code)] // the client's half
    pub(crate) mod tls;
}

/// Receives mail by SMTP or LMTP and delivers it to a Maildir, or throws it away.
///
/// A message is acknowledged once it is on disk: written to tmp/, fsynced, renamed into new/, and
/// the folder fsynced. Lines end in LF there; Return-Path and Received lines are put in front. One
/// line on stdout tells of each message. SIGINT and SIGTERM finish what is under way and leave.
#[derive(Parser)]
#[allow(clippy::struct_excessive_bools)] // they are flags
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one. The first line on stdout says which
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2525")]
    listen: SocketAddr,
    /// The Maildir to deliver to; it is made where there is none
    #[arg(long, value_name = "DIR", default_value = "mail")]
    maildir: PathBuf,
    /// Read messages and throw them away
    #[arg(long, conflicts_with = "maildir")]
    discard: bool,
    /// The name the server goes by
    #[arg(long, value_name = "NAME", default_value = "localhost", value_parser = domain)]
    hostname: Domain<'static>,
    /// The largest message taken, in octets; 0 for any
    #[arg(long, value_name = "OCTETS", default_value_t = 10_240_000)]
    size: u64,
    /// The most recipients of one message
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    max_recipients: usize,
    /// The most connections at a time; further ones are told 421
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    max_connections: usize,
    /// Take mail for this domain, in U-labels or in A-labels, and for no other that isn't named so too
    /// (550 5.7.1)
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    local_domain: Vec<Domain<'static>>,
    /// Refuse this recipient (550 5.1.1)
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox)]
    reject_recipient: Vec<Mailbox<'static>>,
    /// What a CR or LF alone does to a message
    #[arg(long, value_enum, default_value = "reject")]
    bare_newline: Bare,
    /// The certificate chain to offer STARTTLS with, the server's own first
    #[arg(long, value_name = "PEM", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Be under TLS from the first octet, in place of STARTTLS
    #[arg(long, requires = "tls_cert")]
    implicit_tls: bool,
    /// Take no mail in clear (530 5.7.0)
    #[arg(long, requires = "tls_cert")]
    require_tls: bool,
    /// Speak LMTP (RFC 2033), for a mail server to deliver through
    #[arg(long)]
    lmtp: bool,
    /// How long to wait for a client's next command, for the next 16 KiB of a message, and for it
    /// to read a reply, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// How many threads serve; one takes some thousands of messages a second, and more cost CPU
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// Print what is said, C: and S:, on stderr
    #[arg(long)]
    transcript: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Bare {
    /// The message is refused
    Reject,
    /// It is kept as it is
    AcceptAsData,
}

fn domain(text: &str) -> Result<Domain<'static>, String> {
    let domain = Domain::parse_utf8(text).map_err(|error| error.to_string())?;
    Ok(domain.into_owned())
}

fn mailbox(text: &str) -> Result<Mailbox<'static>, String> {
    let mailbox = Mailbox::parse_utf8(text).map_err(|error| error.to_string())?;
    Ok(mailbox.into_owned())
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments = Arguments::parse();
    let mut runtime = match arguments.threads {
        0 | 1 => runtime::Builder::new_current_thread(),
        _ => runtime::Builder::new_multi_thread(),
    };
    runtime
        .worker_threads(arguments.threads.max(1))
        .enable_all()
        .build()?
        .block_on(serve(arguments))
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut config = Config::new(arguments.hostname.clone());
    config.limits.message = (arguments.size > 0).then_some(arguments.size);
    config.limits.recipients = arguments.max_recipients;
    for extension in [Extension::Chunking, Extension::SmtpUtf8, Extension::Limits] {
        config.offers.add(extension);
    }
    if arguments.lmtp {
        config.dialect = Dialect::Lmtp;
    }
    config.timeouts.command = Duration::from_secs(arguments.timeout);
    config.timeouts.body = config.timeouts.command;
    config.timeouts.write = config.timeouts.command;
    config.require.tls = arguments.require_tls;
    config.bare_newline = match arguments.bare_newline {
        Bare::Reject => BareNewline::Reject,
        Bare::AcceptAsData => BareNewline::AcceptAsData,
    };
    let maildir = if arguments.discard {
        None
    } else {
        let host = arguments.hostname.as_str();
        Some(Maildir::open(&arguments.maildir, host)?)
    };

    let mut server = Server::bind(arguments.listen, config)
        .await?
        .max_connections(arguments.max_connections);
    if let (Some(chain), Some(key)) = (arguments.tls_cert, arguments.tls_key) {
        let tls = support::tls::server(&chain, &key)?;
        server = if arguments.implicit_tls {
            server.implicit_tls(tls)
        } else {
            server.starttls(tls)
        };
    }
    let (log, _writing) = Log::start(io::stdout());
    let (complaints, _complaining) = Log::start(io::stderr());
    if arguments.transcript {
        let said = complaints.clone();
        server = server.transcript(move |peer, entry| said.line(format!("{peer} {entry}")));
    }
    log.line(format!("listening on {}", server.local_addr()?));

    let policy = Arc::new(Policy {
        hostname: arguments.hostname,
        local_domains: arguments.local_domain,
        rejected: arguments.reject_recipient,
        maildir,
        log,
        complaints,
    });
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    let handler = move |peer| Inbox {
        policy: Arc::clone(&policy),
        peer,
        hello: None,
        secure: false,
    };
    server.serve(handler, stop).await?;
    Ok(())
}

/// What all connections share.
struct Policy {
    hostname: Domain<'static>,
    local_domains: Vec<Domain<'static>>,
    rejected: Vec<Mailbox<'static>>,
    maildir: Option<Maildir>,
    log: Log,
    /// What goes wrong, on stderr.
    complaints: Log,
}

/// One connection.
struct Inbox {
    policy: Arc<Policy>,
    peer: Peer,
    hello: Option<Hello<'static>>,
    secure: bool,
}

impl Handler for Inbox {
    async fn hello(&mut self, hello: &Hello<'_>, session: &Session) -> Result<(), Refusal> {
        self.secure = session.is_secure();
        self.hello = Some(hello.clone().into_owned());
        Ok(())
    }

    async fn rcpt(&mut self, rcpt: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        let policy = &self.policy;
        let to = rcpt.to();
        let is_local = |mailbox: &Mailbox<'_>| {
            let domains = &policy.local_domains;
            domains.is_empty() || domains.iter().any(|domain| mailbox.is_at(domain))
        };
        if !to.mailbox().is_none_or(is_local) {
            return Err(Refusal::relay_denied());
        }
        match to {
            ForwardPath::Mailbox(mailbox) if policy.rejected.contains(mailbox) => {
                Err(Refusal::no_such_mailbox())
            }
            _ => Ok(()),
        }
    }

    async fn message(
        &mut self,
        envelope: Envelope,
        mut body: Body<'_>,
    ) -> Result<Accepted, Refusal> {
        let (octets, place) = if self.policy.maildir.is_some() {
            let delivered = self.deliver(&envelope, body).await;
            let (octets, file) = delivered.map_err(|error| {
                let complaint = format!("{}: not delivered: {error}", self.peer);
                self.policy.complaints.line(complaint);
                Refusal::from(error)
            })?;
            (octets, file.display().to_string())
        } else {
            (body.discard().await?, String::from("discarded"))
        };
        let recipients: Vec<_> = envelope
            .recipients()
            .iter()
            .map(|rcpt| rcpt.to().to_string())
            .collect();
        self.policy.log.line(format!(
            "from={} to={} octets={octets} {place}",
            envelope.sender(),
            recipients.join(","),
        ));
        Ok(Accepted::default())
    }
}

/// Octets gathered before they are given to a thread that may block on a disk.
const BATCH: usize = 256 * 1024;

impl Inbox {
    /// Writes the message to the Maildir; says how many octets it has and where it is.
    async fn deliver(&self, envelope: &Envelope, mut body: Body<'_>) -> io::Result<(u64, PathBuf)> {
        let mut octets = 0;
        let mut batch = BytesMut::from(self.trace(envelope).as_bytes());
        let mut draft = None;
        while let Some(chunk) = body.next().await? {
            octets += chunk.len() as u64;
            batch.extend_from_slice(&chunk);
            if batch.len() >= BATCH {
                let full = batch.split();
                draft = Some(
                    self.on_disk(draft, move |mut draft| {
                        draft.write(&full)?;
                        Ok(draft)
                    })
                    .await?,
                );
            }
        }
        let file = self
            .on_disk(draft, move |mut draft| {
                draft.write(&batch)?;
                draft.commit()
            })
            .await?;
        Ok((octets, file))
    }

    /// Works on the draft, begun where there is none, in a thread that may block.
    async fn on_disk<T: Send + 'static>(
        &self,
        draft: Option<Draft>,
        work: impl FnOnce(Draft) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let policy = Arc::clone(&self.policy);
        let done = tokio::task::spawn_blocking(move || match (draft, &policy.maildir) {
            (Some(draft), _) => work(draft),
            (None, Some(maildir)) => work(maildir.create()?),
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        });
        done.await.map_err(io::Error::other)?
    }

    /// The lines in front of a delivered message (RFC 5321 §4.4).
    fn trace(&self, envelope: &Envelope) -> String {
        let features = Features {
            tls: self.secure,
            smtputf8: envelope.mail().is_smtputf8(),
            ..Features::default()
        };
        let (name, protocol) = match &self.hello {
            Some(hello) if hello.verb() == Verb::Lhlo => (hello.name(), Protocol::Lmtp(features)),
            Some(hello) if hello.is_extended() => (hello.name(), Protocol::Esmtp(features)),
            Some(hello) => (hello.name(), Protocol::Smtp),
            None => ("unknown", Protocol::Smtp),
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let date = Date::from_unix(now.as_secs());
        let mut received = Received::new(name, &self.policy.hostname, protocol, date);
        if let Some(addr) = self.peer.addr() {
            received = received.peer(addr.ip());
        }
        if let [only] = envelope.recipients() {
            received = received.recipient(only.to());
        }
        format!("{}{received}", ReturnPath(envelope.sender()))
    }
}
