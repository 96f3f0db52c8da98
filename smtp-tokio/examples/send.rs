//! Sends mail to a server, from a file or from stdin.

use clap::{Parser, ValueEnum};
use smtp_tokio::smtp_proto::extension::{EnvId, InvalidMechanism, Mechanism, Notify, Ret};
use smtp_tokio::{Client, ClientTls, Credentials, Envelope, Hello, Newlines, Report};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncRead;

mod support {
    #[allow(dead_code)] // the server's half
    pub(crate) mod tls;
}

/// Sends a message by SMTP or LMTP and prints each recipient with the server's reply.
///
/// The message is streamed, whatever its size. Exit status: 0 if every recipient was accepted, 1
/// if some were refused, 2 if nothing was delivered or there was an error.
#[derive(Parser)]
#[allow(clippy::struct_excessive_bools)] // they are flags
#[command(version)]
struct Arguments {
    /// The server
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2525")]
    server: String,
    /// The sender's address; empty for the null reverse-path
    #[arg(long, value_name = "ADDRESS")]
    from: String,
    /// A recipient's address
    #[arg(long, value_name = "ADDRESS", required = true)]
    to: Vec<String>,
    /// The name to say hello with; default: our IP address, or `localhost` in LMTP
    #[arg(long, value_name = "NAME")]
    hello: Option<String>,
    /// Speak LMTP (RFC 2033): each recipient is answered by itself
    #[arg(long)]
    lmtp: bool,
    /// Whether to be under TLS by STARTTLS: or not at all, where it is offered, or never
    #[arg(long, value_enum, default_value = "never")]
    starttls: StartTls,
    /// Be under TLS from the first octet
    #[arg(long, conflicts_with = "starttls")]
    implicit_tls: bool,
    /// Who is to have signed the server's certificate; default: whom the system trusts
    #[arg(long, value_name = "PEM")]
    ca: Option<PathBuf>,
    /// The name that certificate is to be for; default: the one we connect to
    #[arg(long, value_name = "NAME")]
    tls_name: Option<String>,
    /// Believe any server: whoever is in between can read it all, the password too
    #[arg(long, conflicts_with_all = ["ca", "tls_name"])]
    dangerous_accept_any_certificate: bool,
    /// Who we are, by AUTH
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Option<Credentials>,
    /// By that mechanism; default: the best there is
    #[arg(long, value_name = "NAME", requires = "user", value_parser = mechanism)]
    mechanism: Option<Mechanism<'static>>,
    /// Say name and password without TLS, to whoever listens
    #[arg(long, requires = "user")]
    dangerous_clear_password: bool,
    /// When to be told what becomes of the message (RFC 3461): `never`, or some of `success`, `failure`
    /// and `delay`, with commas
    #[arg(long, value_name = "WHEN", value_parser = notify)]
    notify: Option<Notify>,
    /// How much of the message to send back then: `full` or `hdrs`
    #[arg(long, value_name = "PART", value_parser = ret)]
    ret: Option<Ret>,
    /// What the message is to be called then
    #[arg(long, value_name = "ID", value_parser = envid)]
    envid: Option<EnvId<'static>>,
    /// Wait for each reply before the next command
    #[arg(long)]
    no_pipelining: bool,
    /// Send the message by DATA even where the server offers CHUNKING
    #[arg(long)]
    no_chunking: bool,
    /// What to do with an LF alone: make it CRLF, or refuse the message. A CR alone is always
    /// refused
    #[arg(long, value_enum, default_value = "convert")]
    newlines: Ends,
    /// Send the message so many times
    #[arg(long, value_name = "N", default_value_t = 1)]
    messages: usize,
    /// Send over so many connections at once
    #[arg(long, value_name = "N", default_value_t = 1)]
    connections: usize,
    /// Print what is said, C: and S:, on stderr
    #[arg(long)]
    transcript: bool,
    /// The message; without it stdin is read
    message: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum StartTls {
    Required,
    Offered,
    Never,
}

#[derive(Clone, Copy, ValueEnum)]
enum Ends {
    Convert,
    RequireCrlf,
}

fn mechanism(name: &str) -> Result<Mechanism<'static>, InvalidMechanism> {
    Mechanism::try_from(name).map(Mechanism::into_owned)
}

fn notify(when: &str) -> Result<Notify, String> {
    let mut notify = Notify::NEVER;
    for word in when.split(',') {
        match word {
            "never" if word == when => {}
            "success" => notify.success = true,
            "failure" => notify.failure = true,
            "delay" => notify.delay = true,
            _ => return Err("`never`, or some of `success`, `failure` and `delay`".into()),
        }
    }
    Ok(notify)
}

fn ret(part: &str) -> Result<Ret, String> {
    match part {
        "full" => Ok(Ret::Full),
        "hdrs" => Ok(Ret::Headers),
        _ => Err("`full` or `hdrs`".into()),
    }
}

fn envid(text: &str) -> Result<EnvId<'static>, String> {
    EnvId::new(text).map_err(|error| error.to_string())
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arc::new(Arguments::parse());
    if arguments.message.is_none() && arguments.messages != 1 {
        eprintln!("more than one message needs a file to read it from");
        return ExitCode::from(2);
    }
    let left = Arc::new(AtomicUsize::new(arguments.messages));
    let senders: Vec<_> = (0..arguments.connections.min(arguments.messages))
        .map(|_| tokio::spawn(send(Arc::clone(&arguments), Arc::clone(&left))))
        .collect();
    let mut total = Tally::default();
    for sender in senders {
        match sender.await {
            Ok(tally) => total.add(&tally),
            Err(error) => {
                eprintln!("{error}");
                total.errors += 1;
            }
        }
    }
    total.exit_code()
}

/// How many recipients were accepted and refused, and how many messages came to nothing.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    errors: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.errors += other.errors;
    }

    fn print(&mut self, report: &Report) {
        for (recipient, reply) in report.recipients() {
            println!("{recipient} {reply}");
            if reply.is_positive() {
                self.accepted += 1;
            } else {
                self.refused += 1;
            }
        }
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match (self.errors, self.accepted, self.refused) {
            (0, 1.., 0) => 0,
            (0, 1.., _) => 1,
            _ => 2,
        })
    }
}

/// Sends messages over one connection as long as there are any left.
async fn send(arguments: Arc<Arguments>, left: Arc<AtomicUsize>) -> Tally {
    let mut tally = Tally::default();
    if let Err(error) = try_send(&arguments, &left, &mut tally).await {
        eprintln!("{error}");
        tally.errors += 1;
    }
    tally
}

async fn try_send(
    arguments: &Arguments,
    left: &AtomicUsize,
    tally: &mut Tally,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut envelope = Envelope::parse_utf8(&arguments.from, &arguments.to)?;
    if let Some(path) = &arguments.message {
        // An estimate will do (RFC 1870 §5): LF is yet to become CRLF.
        let octets = tokio::fs::metadata(path).await?.len();
        envelope = envelope.with_size(octets);
    }
    if let Some(notify) = arguments.notify {
        envelope = envelope.with_rcpt(&notify);
    }
    if let Some(ret) = arguments.ret {
        envelope = envelope.with(ret);
    }
    if let Some(envid) = arguments.envid.clone() {
        envelope = envelope.with(envid);
    }
    let mut client = connect(arguments).await?;
    let another = |left: usize| left.checked_sub(1);
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, another)
        .is_ok()
    {
        let content = open(arguments.message.as_deref()).await?;
        let report = client.send(envelope.clone(), content).await?;
        tally.print(&report);
    }
    client.quit().await?;
    Ok(())
}

async fn connect(
    arguments: &Arguments,
) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    let (pipelining, chunking) = (!arguments.no_pipelining, !arguments.no_chunking);
    let clear_password = arguments.dangerous_clear_password;
    let newlines = match arguments.newlines {
        Ends::Convert => Newlines::Convert,
        Ends::RequireCrlf => Newlines::RequireCrlf,
    };
    let mut connect = Client::connect(arguments.server.clone()).configure(move |config| {
        config.pipelining = pipelining;
        config.chunking = chunking;
        config.newlines = newlines;
        config.send_clear_passwords = clear_password;
    });
    match &arguments.hello {
        Some(name) if arguments.lmtp => connect = connect.hello(Hello::lhlo(name)?.into_owned()),
        Some(name) => connect = connect.hello(Hello::ehlo(name)?.into_owned()),
        None if arguments.lmtp => connect = connect.hello(Hello::lhlo("localhost")?.into_owned()),
        None => {}
    }
    connect = match arguments.starttls {
        StartTls::Required => connect.starttls(tls(arguments)?),
        StartTls::Offered => connect.starttls_if_offered(tls(arguments)?),
        StartTls::Never if arguments.implicit_tls => connect.implicit_tls(tls(arguments)?),
        StartTls::Never => connect,
    };
    if let Some(credentials) = arguments.user.clone() {
        connect = connect.auth(match arguments.mechanism.clone() {
            Some(mechanism) => credentials.only(mechanism),
            None => credentials,
        });
    }
    if arguments.transcript {
        connect = connect.transcript(|entry| eprintln!("{entry}"));
    }
    Ok(connect.await?)
}

/// What the server is asked to prove itself with.
fn tls(arguments: &Arguments) -> Result<ClientTls, Box<dyn std::error::Error + Send + Sync>> {
    let host = arguments.server.rsplit_once(':').map(|(host, _)| host);
    let name = arguments.tls_name.as_deref().or(host).unwrap_or_default();
    let name = name.trim_matches(['[', ']']);
    match &arguments.ca {
        _ if arguments.dangerous_accept_any_certificate => support::tls::anybody(name),
        Some(ca) => support::tls::client(name, ca),
        None => Ok(ClientTls::platform(name)?),
    }
}

async fn open(path: Option<&Path>) -> Result<Box<dyn AsyncRead + Send + Unpin>, std::io::Error> {
    Ok(match path {
        Some(path) => Box::new(tokio::fs::File::open(path).await?),
        None => Box::new(tokio::io::stdin()),
    })
}
