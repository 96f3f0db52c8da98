//! The mechanisms of AUTH (RFC 4954) for the machines of [`smtp_proto`], which carry challenges and
//! responses and know none.
//!
//! A server has an [`Authenticator`] over its [`Users`], of which [`Accounts`] is a ready one; a
//! client has [`Credentials`]. Either begins an exchange, which says what to answer until it is over.
//! There is no input and no output here: `smtp-tokio` and `smtp-blocking` put it on connections, and
//! so can any other driver of the core.
//!
//! The mechanisms are PLAIN, LOGIN, SCRAM-SHA-1 and SCRAM-SHA-256 with their `-PLUS`, OAUTHBEARER,
//! XOAUTH2 and EXTERNAL, spoken by [rsasl](https://docs.rs/rsasl). What it lacks is made up for in one
//! place, `scram`: it reads messages that aren't well-formed with a panic, takes any number of
//! iterations from a server, and doesn't tell a mechanism that is bound to the channel from one that
//! says it is.
//!
//! ```
//! use smtp_proto::extension::Mechanisms;
//! use smtp_proto::server::AuthStep;
//! use smtp_sasl::{Accounts, Authenticator, Credentials, Offer, Channel};
//!
//! let accounts = Accounts::default().with("joe", "wonderland")?;
//! let authenticator = Authenticator::new(accounts);
//!
//! let offer = Offer { mechanisms: authenticator.mechanisms(), secure: true, binding: None };
//! let (mut client, auth) = Credentials::new("joe", "wonderland")?.begin(offer)?;
//! let mut server = authenticator.begin(auth.mechanism(), Channel::default());
//!
//! let mut response = auth.initial_response();
//! let identity = loop {
//!     match server.step(response.as_ref()) {
//!         Ok(AuthStep::Challenge(challenge)) => response = Some(client.respond(&challenge)?),
//!         Ok(AuthStep::Accept(identity)) => break identity,
//!         Err(refusal) => panic!("{refusal}"),
//!     }
//! };
//! client.accepted()?;
//! assert_eq!(identity, "joe");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accounts;
mod binding;
mod client;
mod credentials;
mod keys;
mod prepared;
mod registry;
mod scram;
mod server;
mod users;

pub use accounts::Accounts;
pub use binding::{ChannelBinding, EXPORTER};
pub use client::{AuthError, ClientExchange};
pub use credentials::{Credentials, Offer};
pub use keys::{Hash, ScramKeys};
pub use prepared::InvalidName;
pub use server::{Authenticator, Channel, ServerExchange};
pub use smtp_proto;
pub use users::{Unavailable, Users};
