//! A mail server that keeps what it is sent in a Maildir.

use arguments::Arguments;
use clap::Parser;
use inbox::{Inbox, Policy};
use log::Log;
use maildir::Maildir;
use smtp_tokio::{Accounts, Authenticator, Peer, Server};
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

mod arguments;
mod inbox;
#[path = "../support/log.rs"]
mod log;
#[path = "../support/maildir.rs"]
mod maildir;
#[allow(dead_code)] // the client's half
#[path = "../support/tls.rs"]
mod tls;

type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Fallible<()> {
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

async fn serve(arguments: Arguments) -> Fallible<()> {
    let config = arguments.config();
    let maildir = if arguments.discard {
        None
    } else {
        let host = arguments.hostname.as_str();
        Some(Maildir::open(&arguments.maildir, host)?)
    };
    let tls = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(chain), Some(key)) => Some(tls::server(chain, key)?),
        _ if arguments.tls_self_signed => Some(tls::self_signed(arguments.hostname.as_str())?),
        _ => None,
    };
    let mut accounts = Accounts::default();
    for (name, password) in &arguments.user {
        accounts = accounts.with(name, password)?;
    }
    let authenticator = Authenticator::new(accounts);
    let (log, _writing) = Log::start(io::stdout());
    let (complaints, _complaining) = Log::start(io::stderr());
    let prepared = |listener| {
        let mut server = Server::from_listener(listener, config.clone())
            .max_connections(arguments.max_connections);
        if !arguments.user.is_empty() {
            server = server.auth(authenticator.clone());
        }
        if arguments.proxy_protocol {
            server = server.proxy_protocol(is_here);
        }
        if arguments.transcript {
            let said = complaints.clone();
            server = server.transcript(move |peer, entry| said.line(format!("{peer} {entry}")));
        }
        server
    };

    let mut server = prepared(TcpListener::bind(arguments.listen).await?);
    log.line(format!("listening on {}", server.local_addr()?));
    let mut under_tls = None;
    if let Some(tls) = tls {
        if let Some(addr) = arguments.implicit_tls {
            let server = prepared(TcpListener::bind(addr).await?).implicit_tls(tls.clone());
            log.line(format!("listening on {} under TLS", server.local_addr()?));
            under_tls = Some(server);
        }
        server = server.starttls(tls);
    }

    let policy = Arc::new(Policy {
        hostname: arguments.hostname,
        local_domains: arguments.local_domain,
        rejected: arguments.reject_recipient,
        maildir,
        log,
        complaints,
        xclient: arguments.xclient,
    });
    let handler = move |peer| Inbox::new(Arc::clone(&policy), peer);
    let (stop, mut stopping) = watch::channel(());
    let mut also_stopping = stopping.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        drop(stop);
    });
    let also = async {
        match under_tls {
            Some(server) => server.serve(handler.clone(), also_stopping.changed()).await,
            None => Ok(()),
        }
    };
    tokio::try_join!(also, server.serve(handler.clone(), stopping.changed()))?;
    Ok(())
}

/// Whether it is on this machine, and so as trustworthy.
fn is_here(peer: Peer) -> bool {
    peer.addr().is_none_or(|addr| addr.ip().is_loopback())
}
