//! SMTP on tokio: servers and clients that drive the machines of [`smtp_proto`].
//!
//! All the protocol is there; here are sockets, clocks and tasks. A server is a [`Handler`] and
//! [`Server::serve`]; a client is [`Client::connect`] and [`Client::send`], or a [`Pool`] of them.
//!
//! ```no_run
//! use smtp_tokio::{Accepted, Body, Config, Domain, Envelope, Handler, Rcpt, Refusal, Server};
//!
//! struct Sink;
//!
//! impl Handler for Sink {
//!     async fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
//!         Ok(())
//!     }
//!     async fn message(&mut self, _: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
//!         body.discard().await?;
//!         Ok(Accepted::default())
//!     }
//! }
//!
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new(Domain::try_from("mx.example.org")?);
//! let server = Server::bind("127.0.0.1:2525", config).await?;
//! server.serve(|_peer| Sink, std::future::pending::<()>()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The files follow the data: `server`, `connect`, `client`, `send_all` and `pool` for what a user calls,
//! `listener`, `unix` and `proxy` for where clients come from, `session` for the core's loop, `opening` for
//! its beginning on the other side and `sending` for messages on their way, `ask`, `handler` and `body` for
//! what the handler is given, `link` for the stream and the clock, `tls` for what may be under the stream.
//! What has no I/O in it is in [`smtp_adapter`], for other adapters too.

mod ask;
mod body;
mod client;
mod connect;
mod handler;
mod link;
mod listener;
mod opening;
mod pieces;
mod pool;
mod proxy;
mod send_all;
mod server;
mod session;
mod tls;
#[cfg(unix)]
mod unix;

pub use body::Body;
pub use client::Client;
pub use connect::Connect;
pub use handler::Handler;
pub use listener::Listener;
pub use pool::{Content, Pool, PoolConfig, PoolError};
pub use send_all::SendAll;
pub use server::Server;

pub use bytes;
pub use smtp_adapter::{ClientTls, Error, ErrorKind, Peer, ServerTls};
pub use smtp_proto;
pub use smtp_proto::address::Domain;
pub use smtp_proto::client::{Delivery, Report, SendError, Stage};
pub use smtp_proto::reply::Text;
pub use smtp_proto::server::{Accepted, Config, Dialect, Session};
pub use smtp_proto::{
    BodyType, Capabilities, Entry, Envelope, Extension, Hello, Mail, Newlines, Offers, Rcpt,
    Refusal, Reply,
};
pub use smtp_sasl;
pub use smtp_sasl::{Accounts, Authenticator, Credentials};
pub use tokio_rustls::rustls;
