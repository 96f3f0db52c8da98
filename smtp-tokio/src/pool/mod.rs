//! A pool of connections to one server, for whoever has many messages to send.
//!
//! A message gets a place first, one of [`PoolConfig::max_connections`], and then a connection: an idle
//! one, or else a new one. The place is free again once that connection is idle or gone, so there are
//! never more of them than places. A connection is owned by the `send` that uses it, which takes it
//! along where it is dropped midway.
//!
//! What was asked over a connection that had been idle may fail because the server had left it, and is
//! asked again over a new one: once, and never where the message may have been accepted. What a reply
//! means is for the core to say.

mod content;
mod error;
mod idle;

pub use content::Content;
pub use error::PoolError;

use crate::{Connect, Error, ErrorKind};
use bytes::Bytes;
use content::Octets;
use idle::{Idle, Used};
use smtp_proto::Envelope;
use smtp_proto::client::{self, Delivery, Report, SendError};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// The settings of a [`Pool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolConfig {
    /// Connections at a time, those that are idle included; 0 is taken for 1. Default 5, as Nodemailer
    /// has it.
    pub max_connections: u16,
    /// How long a connection may be idle before it is left with QUIT. Default 60 s, as lettre has it:
    /// servers leave one after 300 s (RFC 5321 §4.5.3.2.7), or sooner when they are busy.
    pub max_idle: Duration,
    /// Messages, refused ones included, after which a connection is left with QUIT. Default 100, as
    /// Nodemailer has it.
    pub max_messages: u32,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            max_connections: 5,
            max_idle: Duration::from_secs(60),
            max_messages: 100,
        }
    }
}

/// Connections to one server, made as they are needed and used again. Clones share them.
///
/// ```no_run
/// use smtp_tokio::{Client, ClientTls, Credentials, Envelope, Pool, PoolConfig, PoolError};
/// # async fn f(tls: ClientTls) -> Result<(), Box<dyn std::error::Error>> {
/// let joe = Credentials::new("joe", "wonderland")?;
/// let pool = Pool::new(PoolConfig::default(), move || {
///     Client::connect("mail.example.com:587").starttls(tls.clone()).auth(joe.clone())
/// });
/// let envelope = Envelope::new("joe@example.com", ["ann@example.org"])?;
/// match pool.send(envelope, &b"Subject: hello\r\n\r\nHello.\r\n"[..]).await {
///     Ok(report) => println!("accepted by all: {}", report.is_accepted_by_all()),
///     Err(PoolError::NotAccepted(error)) => println!("to be sent later: {error}"),
///     Err(PoolError::Unknown(error)) => println!("sent again, it may come twice: {error}"),
///     Err(PoolError::Closed) => println!("too late"),
/// }
/// pool.close().await;
/// # Ok(())
/// # }
/// ```
///
/// A connection that was idle for [`PoolConfig::max_idle`] is left by a task of the runtime, which
/// ends with the last of them, so that nothing lingers while there is nothing to send. Where the last
/// clone is dropped without [`close`](Self::close), idle connections end without QUIT.
pub struct Pool<S = TcpStream>(Arc<Shared<S>>);

struct Shared<S> {
    config: PoolConfig,
    connect: Box<dyn Fn() -> Connect<S> + Send + Sync>,
    places: Arc<Semaphore>,
    idle: Arc<Idle<S>>,
}

impl<S> Clone for Pool<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Pool<S> {
    /// A pool of connections that `connect` says how to make. None is made yet.
    pub fn new(
        mut config: PoolConfig,
        connect: impl Fn() -> Connect<S> + Send + Sync + 'static,
    ) -> Self {
        config.max_connections = config.max_connections.max(1);
        let places = Arc::new(Semaphore::new(config.max_connections.into()));
        Self(Arc::new(Shared {
            config,
            connect: Box::new(connect),
            idle: Arc::new(Idle::new(Arc::clone(&places), config.max_idle)),
            places,
        }))
    }

    /// Sends one message, once a place is free: whoever waited longest gets it. Where a connection that
    /// had been idle turns out to be lost, or to have reached the server's LIMITS (RFC 9422), it is sent
    /// once more over a new one; `content` is opened each time.
    ///
    /// Refusals are no errors: the report says what became of each recipient.
    ///
    /// Dropping the future gives up the message, and its connection with it; where the end of the message
    /// was on its way already, it may be accepted.
    ///
    /// # Errors
    /// [`PoolError::NotAccepted`] if there is no connection to be had, if it is lost, or if the message
    /// can't be sent. [`PoolError::Unknown`] if the connection is lost behind the end of the message and
    /// before the reply. With CHUNKING and PIPELINING a short message behind the first goes in one flight,
    /// and nobody can tell whether a server that hangs up just then has read it: have
    /// [`max_idle`](PoolConfig::max_idle) well below its patience. [`PoolError::Closed`] after
    /// [`close`](Self::close).
    pub async fn send(
        &self,
        envelope: Envelope,
        content: impl Content,
    ) -> Result<Report, PoolError> {
        self.send_octets(envelope, Octets::Opened(content)).await
    }

    /// As [`send`](Self::send), of a message that is all in memory: it is written from where it stands.
    ///
    /// ```no_run
    /// # use smtp_tokio::{Envelope, Pool, PoolError, Report};
    /// # async fn f(pool: Pool, envelope: Envelope, text: String) -> Result<Report, PoolError> {
    /// pool.send_bytes(envelope, text).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// As there.
    pub async fn send_bytes(
        &self,
        envelope: Envelope,
        content: impl Into<Bytes>,
    ) -> Result<Report, PoolError> {
        let octets = Octets::<Bytes>::Memory(content.into());
        self.send_octets(envelope, octets).await
    }

    async fn send_octets(
        &self,
        envelope: Envelope,
        octets: Octets<impl Content>,
    ) -> Result<Report, PoolError> {
        let place = Arc::clone(&self.0.places).acquire_owned().await;
        let place = place.map_err(|_| PoolError::Closed)?;
        let mut idle = self.0.idle.take().await;
        loop {
            let was_idle = idle.is_some();
            let mut used = match idle.take() {
                Some(used) => used,
                None => Used::new((self.0.connect)().await?),
            };
            let sent = used.send(envelope.clone(), &octets).await;
            let is_good = used.client.is_idle().await;
            let is_lost = match &sent {
                Ok(report) => used.client.is_lost_by(report),
                Err(error) => error.delivery() != Delivery::Unknown && is_the_connections(error),
            };
            if was_idle && is_lost {
                // Nothing is wrong with it but the server's LIMITS.
                if is_good {
                    let _ = used.client.quit().await;
                }
                continue;
            }
            if is_good {
                self.keep(used, place);
            }
            return Ok(sent?);
        }
    }

    /// The place is free once the connection is idle, or gone.
    fn keep(&self, used: Used<S>, place: OwnedSemaphorePermit) {
        if used.messages < self.0.config.max_messages {
            self.0.idle.put(used);
            drop(place);
        } else {
            // The report is there and needn't wait for that.
            tokio::spawn(async move {
                let _ = used.client.quit().await;
                drop(place);
            });
        }
    }

    /// Takes leave: messages under way and those that wait for a place are sent, later ones are not,
    /// and every connection is left with QUIT. Dropping the future leaves the pool open.
    pub async fn close(&self) {
        let all = u32::from(self.0.config.max_connections);
        let Ok(_places) = self.0.places.acquire_many(all).await else {
            return;
        };
        let mut leaving = JoinSet::new();
        while let Some(used) = self.0.idle.take().await {
            leaving.spawn(used.client.quit());
        }
        while leaving.join_next().await.is_some() {}
        self.0.places.close();
    }
}

/// Whether another connection may do better.
fn is_the_connections(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Content(_)
        | ErrorKind::Protocol(client::Error::Content(_) | client::Error::TooBig { .. }) => false,
        ErrorKind::Send(error) => matches!(
            error,
            SendError::TooManyMessages { .. } | SendError::TooManyDomains { .. }
        ),
        _ => true,
    }
}
