//! A mail server with a thread a connection, that keeps what it is sent in a Maildir.

use clap::Parser;
use log::Log;
use maildir::Maildir;
use smtp_blocking::smtp_proto::Hello;
use smtp_blocking::smtp_proto::address::{ForwardPath, Mailbox};
use smtp_blocking::smtp_proto::server::Session;
use smtp_blocking::smtp_proto::trace::{Date, Features, Protocol, Received, ReturnPath};
use smtp_blocking::{
    Accepted, Accounts, Authenticator, Body, Config, Domain, Envelope, Handler, Mail, Peer, Rcpt,
    Refusal, Server,
};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

// The types of both adapters have the same names.
extern crate smtp_blocking as smtp_tokio;

#[path = "../../smtp-tokio/examples/support/log.rs"]
mod log;
#[path = "../../smtp-tokio/examples/support/maildir.rs"]
mod maildir;
#[path = "../../smtp-tokio/examples/support/tls.rs"]
#[allow(dead_code)] // the client's half
mod tls;

/// Receives mail by SMTP and delivers it to a Maildir, or throws it away.
///
/// A message is acknowledged once it is on disk. Lines end in LF there; Return-Path and Received
/// lines are put in front. One line on stdout tells of each message.
#[derive(Parser)]
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
    #[arg(long, value_name = "N", default_value_t = 100)]
    max_connections: usize,
    /// Take mail for this domain, and for no other that isn't named so too (550 5.7.1)
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    local_domain: Vec<Domain<'static>>,
    /// Refuse this recipient (550 5.1.1)
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox)]
    reject_recipient: Vec<Mailbox<'static>>,
    /// The certificate chain to offer STARTTLS with, the server's own first
    #[arg(long, value_name = "PEM", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Let this user authenticate itself, under TLS or by SCRAM
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Vec<String>,
    /// Print what is said, C: and S:, on stderr
    #[arg(long)]
    transcript: bool,
}

fn domain(text: &str) -> Result<Domain<'static>, String> {
    let domain = Domain::try_from(text).map_err(|error| error.to_string())?;
    Ok(domain.into_owned())
}

fn mailbox(text: &str) -> Result<Mailbox<'static>, String> {
    let mailbox = Mailbox::try_from(text).map_err(|error| error.to_string())?;
    Ok(mailbox.into_owned())
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments = Arguments::parse();
    let mut config = Config::new(arguments.hostname.clone());
    config.limits.message = (arguments.size > 0).then_some(arguments.size);
    config.limits.recipients = arguments.max_recipients;
    let maildir = if arguments.discard {
        None
    } else {
        let host = arguments.hostname.as_str();
        Some(Maildir::open(&arguments.maildir, host)?)
    };
    let mut server =
        Server::bind(arguments.listen, config)?.max_connections(arguments.max_connections);
    if let (Some(chain), Some(key)) = (&arguments.tls_cert, &arguments.tls_key) {
        let tls = tls::server(chain, key)?;
        server = server.starttls(tls);
    }
    if !arguments.user.is_empty() {
        let mut accounts = Accounts::default();
        for user in &arguments.user {
            let (name, password) = user.split_once(':').ok_or("a user is NAME:PASSWORD")?;
            accounts = accounts.with(name, password)?;
        }
        server = server.auth(Authenticator::new(accounts));
    }
    let (log, _writing) = Log::start(io::stdout());
    let (complaints, _complaining) = Log::start(io::stderr());
    if arguments.transcript {
        let said = complaints.clone();
        server = server.transcript(move |peer, entry| said.line(format!("{peer} {entry}")));
    }
    log.line(format!("listening on {}", server.local_addr()?));
    let policy = Arc::new((arguments, maildir));
    server.serve(|peer| Inbox {
        policy: Arc::clone(&policy),
        log: log.clone(),
        complaints: complaints.clone(),
        peer,
        hello: String::from("unknown"),
        features: Features::default(),
    })?;
    Ok(())
}

/// One connection.
struct Inbox {
    policy: Arc<(Arguments, Option<Maildir>)>,
    log: Log,
    /// What goes wrong, on stderr.
    complaints: Log,
    peer: Peer,
    hello: String,
    features: Features,
}

impl Handler for Inbox {
    fn hello(&mut self, hello: &Hello<'_>, _: &Session) -> Result<(), Refusal> {
        hello.name().clone_into(&mut self.hello);
        Ok(())
    }

    fn mail(&mut self, _: &Mail<'_>, session: &Session) -> Result<(), Refusal> {
        self.features.tls = session.is_secure();
        self.features.auth = session.identity().is_some();
        Ok(())
    }

    fn rcpt(&mut self, rcpt: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        let (arguments, _) = &*self.policy;
        let domains = &arguments.local_domain;
        let to = rcpt.to();
        if !domains.is_empty() && !domains.iter().any(|name| to.is_local_to(name.as_str())) {
            return Err(Refusal::relay_denied());
        }
        match to {
            ForwardPath::Mailbox(mailbox) if arguments.reject_recipient.contains(mailbox) => {
                Err(Refusal::no_such_mailbox())
            }
            _ => Ok(()),
        }
    }

    fn message(&mut self, envelope: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
        let (arguments, maildir) = &*self.policy;
        let (octets, place) = match maildir {
            None => (body.discard()?, String::from("discarded")),
            Some(maildir) => {
                let trace = self.trace(&envelope, &arguments.hostname);
                deliver(maildir, &trace, body).map_err(|error| {
                    let complaint = format!("{}: not delivered: {error}", self.peer);
                    self.complaints.line(complaint);
                    Refusal::from(error)
                })?
            }
        };
        let recipients = envelope
            .recipients()
            .iter()
            .map(|rcpt| rcpt.to().to_string());
        self.log.line(format!(
            "from={} to={} octets={octets} {place}",
            envelope.sender(),
            recipients.collect::<Vec<_>>().join(","),
        ));
        Ok(Accepted::default())
    }
}

impl Inbox {
    /// The lines in front of a delivered message (RFC 5321 §4.4).
    fn trace(&self, envelope: &Envelope, hostname: &Domain<'_>) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let date = Date::from_unix(now.as_secs());
        let protocol = Protocol::Esmtp(self.features);
        let mut received = Received::new(&self.hello, hostname, protocol, date);
        if let Some(addr) = self.peer.addr() {
            received = received.peer(addr.ip());
        }
        format!("{}{received}", ReturnPath(envelope.sender()))
    }
}

/// Writes the message to the Maildir; says how many octets it has and where it is.
fn deliver(maildir: &Maildir, trace: &str, mut body: Body<'_>) -> io::Result<(u64, String)> {
    let mut draft = maildir.create()?;
    draft.write(trace.as_bytes())?;
    let mut octets = 0;
    while let Some(chunk) = body.next_chunk()? {
        octets += chunk.len() as u64;
        draft.write(&chunk)?;
    }
    Ok((octets, draft.commit()?.display().to_string()))
}
