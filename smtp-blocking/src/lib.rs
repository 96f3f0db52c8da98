//! SMTP on std's sockets: servers and clients that drive the machines of [`smtp_proto`], with a
//! thread a connection and no runtime.
//!
//! All the protocol is there; here are sockets, clocks and threads. A server is a [`Handler`] and
//! [`Server::serve`]; a client is [`Client::connect`] and [`Client::send`].
//!
//! ```no_run
//! use smtp_blocking::{Accepted, Body, Config, Domain, Envelope, Handler, Rcpt, Refusal, Server};
//!
//! struct Sink;
//!
//! impl Handler for Sink {
//!     fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
//!         Ok(())
//!     }
//!     fn message(&mut self, _: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
//!         body.discard()?;
//!         Ok(Accepted::default())
//!     }
//! }
//!
//! # fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new(Domain::try_from("mx.example.org")?);
//! Server::bind("127.0.0.1:2525", config)?.serve(|_peer| Sink)?;
//! # Ok(())
//! # }
//! ```
//!
//! A client that hands its mail to a provider says who it is, under TLS:
//!
//! ```no_run
//! use smtp_blocking::{Client, ClientTls, Credentials, Envelope};
//!
//! # fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let tls = ClientTls::platform("mail.example.com")?;
//! let joe = Credentials::new("joe", "wonderland")?;
//! let mut client = Client::builder().starttls(tls).auth(joe).connect("mail.example.com:587")?;
//! let envelope = Envelope::new("joe@example.com", ["ann@example.org"])?;
//! client.send(envelope, &b"Subject: hello\r\n\r\nHello.\r\n"[..])?;
//! # Ok(())
//! # }
//! ```
//!
//! The files follow the data: `server`, `connect`, `client` and `send_all` for what a user calls, `listener`,
//! `unix` and `proxy` for where clients come from, `session` for the core's loop, `opening` for its
//! beginning on the other side and `sending` for messages on their way, `handler` and `body` for what the
//! handler is given, `link` for the stream and the clock, `stream` for the `socket`, `tls` for the
//! handshake. What has no I/O in it is in [`smtp_adapter`], for other adapters too.

mod ask;
mod body;
mod client;
mod connect;
mod handler;
mod link;
mod listener;
mod opening;
mod pieces;
mod proxy;
mod send_all;
mod server;
mod session;
mod socket;
mod stream;
mod tls;
#[cfg(unix)]
mod unix;

pub use body::Body;
pub use client::Client;
pub use connect::Connect;
pub use handler::Handler;
pub use listener::Listener;
pub use send_all::SendAll;
pub use server::{Server, Stopper};

pub use bytes;
pub use rustls;
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
