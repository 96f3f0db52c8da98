//! Sends mail to a server, from a file or from stdin, without a runtime.

use clap::{Parser, ValueEnum};
use smtp_blocking::smtp_proto::{Hello, Newlines};
use smtp_blocking::{Client, ClientTls, Credentials, Envelope};
use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

// The types of both adapters have the same names.
extern crate smtp_blocking as smtp_tokio;

#[path = "../../smtp-tokio/examples/support/tls.rs"]
#[allow(dead_code)] // the server's half
mod tls;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Sends a message by SMTP and prints each recipient with the server's reply.
///
/// The message is streamed, whatever its size. Exit status: 0 if every recipient was accepted, 1
/// if some were refused, 2 if nothing was delivered or there was an error.
#[derive(Parser)]
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
    /// The name to say hello with; default: our IP address
    #[arg(long, value_name = "NAME")]
    hello: Option<String>,
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
    /// Authenticate as this user, and say no password in clear. Who may see what runs here sees it too
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Option<Credentials>,
    /// Wait for each reply before the next command
    #[arg(long)]
    no_pipelining: bool,
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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.message.is_none() && arguments.messages != 1 {
        eprintln!("more than one message needs a file to read it from");
        return ExitCode::from(2);
    }
    let left = AtomicUsize::new(arguments.messages);
    let tally = Tally::default();
    thread::scope(|scope| {
        for _ in 0..arguments.connections.min(arguments.messages) {
            scope.spawn(|| {
                if let Err(error) = send(&arguments, &left, &tally) {
                    eprintln!("{error}");
                    tally.errors.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    tally.exit_code()
}

/// How many recipients were accepted and refused, and how many connections failed.
#[derive(Default)]
struct Tally {
    accepted: AtomicUsize,
    refused: AtomicUsize,
    errors: AtomicUsize,
}

impl Tally {
    fn exit_code(self) -> ExitCode {
        let [errors, accepted, refused] =
            [self.errors, self.accepted, self.refused].map(AtomicUsize::into_inner);
        ExitCode::from(match (errors, accepted, refused) {
            (0, 1.., 0) => 0,
            (0, 1.., _) => 1,
            _ => 2,
        })
    }
}

/// Sends messages over one connection as long as there are any left.
fn send(arguments: &Arguments, left: &AtomicUsize, tally: &Tally) -> Fallible<()> {
    let mut envelope = Envelope::new(&arguments.from, &arguments.to)?;
    if let Some(path) = &arguments.message {
        // An estimate will do (RFC 1870 §5): LF is yet to become CRLF.
        envelope = envelope.with_size(path.metadata()?.len());
    }
    let mut client = connect(arguments)?;
    let another = |left: usize| left.checked_sub(1);
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, another)
        .is_ok()
    {
        let content: Box<dyn Read> = match &arguments.message {
            Some(path) => Box::new(File::open(path)?),
            None => Box::new(io::stdin()),
        };
        for (recipient, reply) in client.send(envelope.clone(), content)?.recipients() {
            println!("{recipient} {reply}");
            let count = if reply.is_positive() {
                &tally.accepted
            } else {
                &tally.refused
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(client.quit()?)
}

fn connect(arguments: &Arguments) -> Fallible<Client> {
    let pipelining = !arguments.no_pipelining;
    let newlines = match arguments.newlines {
        Ends::Convert => Newlines::Convert,
        Ends::RequireCrlf => Newlines::RequireCrlf,
    };
    let mut connect = Client::builder().configure(move |config| {
        config.pipelining = pipelining;
        config.newlines = newlines;
    });
    if let Some(name) = &arguments.hello {
        connect = connect.hello(Hello::ehlo(name)?.into_owned());
    }
    connect = match arguments.starttls {
        StartTls::Required => connect.starttls(trust(arguments)?),
        StartTls::Offered => connect.starttls_if_offered(trust(arguments)?),
        StartTls::Never if arguments.implicit_tls => connect.implicit_tls(trust(arguments)?),
        StartTls::Never => connect,
    };
    if let Some(user) = &arguments.user {
        connect = connect.auth(user.clone());
    }
    if arguments.transcript {
        connect = connect.transcript(|entry| eprintln!("{entry}"));
    }
    Ok(connect.connect(&arguments.server)?)
}

/// What is asked of the server's certificate.
fn trust(arguments: &Arguments) -> Fallible<ClientTls> {
    let host = arguments.server.rsplit_once(':').map(|(host, _)| host);
    let name = arguments.tls_name.as_deref().or(host).unwrap_or_default();
    let name = name.trim_matches(['[', ']']);
    match &arguments.ca {
        Some(ca) => tls::client(name, ca),
        None => Ok(ClientTls::platform(name)?),
    }
}
