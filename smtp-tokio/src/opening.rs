//! How a connection gets ready for messages: the hello, STARTTLS, AUTH.

use crate::connect::StartTls;
use crate::link::Link;
use crate::tls::{self, Stream};
use crate::{Client, ClientTls, Error, ErrorKind};
use smtp_proto::client::{Connection, Event};
use smtp_proto::extension::Mechanisms;
use smtp_proto::{Extension, Secret};
use smtp_sasl::{AuthError, Credentials, Offer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::spawn_blocking;

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn start(
        conn: Connection,
        stream: Stream<S>,
        starttls: Option<StartTls>,
    ) -> Result<Self, Error> {
        let link = Link::new(stream);
        let mut client = Self { conn, link };
        match client.hello(starttls).await {
            Ok(()) => Ok(client),
            Err(kind) => Err(client.error(kind)),
        }
    }

    /// Gets the connection ready, under TLS if that is to be had or if it must be.
    async fn hello(&mut self, mut starttls: Option<StartTls>) -> Result<(), ErrorKind> {
        let (mut refused, mut handshake) = (None, None);
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) => {
                    let offered = ready.capabilities().offers(Extension::StartTls);
                    match starttls.take() {
                        Some(wanted) if wanted.required || offered => {
                            ready.starttls()?;
                            handshake = Some(wanted);
                        }
                        _ => return Ok(()),
                    }
                }
                Event::Upgrade(_) => {
                    let agreed = handshake.take().ok_or(ErrorKind::Interrupted)?;
                    self.secure(&agreed.tls).await?;
                }
                // The answer to STARTTLS, which isn't 220.
                Event::Reply { reply, .. } => match handshake.take() {
                    Some(StartTls {
                        required: false, ..
                    }) => {}
                    _ => return Err(ErrorKind::TlsRefused(reply)),
                },
                Event::Refused { at, reply } => refused = Some(ErrorKind::Refused(at, reply)),
                Event::NeedInput => self.fill().await?,
                Event::Flush => self.flush().await?,
                Event::Closed(closed) => return Err(refused.unwrap_or_else(|| closed.into())),
                _ => return Err(ErrorKind::Interrupted),
            }
        }
    }

    async fn secure(&mut self, tls: &ClientTls) -> Result<(), ErrorKind> {
        let handshake = |stream| tls::connect(tls, stream);
        let secured = self.link.secure(&mut self.conn, handshake).await;
        if let Event::Upgrade(upgrade) = self.conn.poll()? {
            match &secured {
                Ok(()) => upgrade.complete(),
                Err(_) => upgrade.fail(),
            }
        }
        secured.map_err(ErrorKind::Tls)
    }

    /// Proves who we are, by the best mechanism of those that the server offers (RFC 4954). One that
    /// gives the password away is taken under TLS alone, or where
    /// [`Config::send_clear_passwords`](smtp_proto::client::Config::send_clear_passwords) says so.
    ///
    /// ```no_run
    /// # use smtp_tokio::{Client, ClientTls, Credentials};
    /// # async fn f(tls: ClientTls) -> Result<(), Box<dyn std::error::Error>> {
    /// let joe = Credentials::new("joe", "wonderland")?;
    /// let client = Client::connect("mail.example.com:587").starttls(tls).auth(joe).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::AuthRefused`] if the server says no; it may be asked again, with others.
    /// [`ErrorKind::Auth`] if nothing it offers will do, or if it can't prove itself in turn: it is to
    /// be left then. Any other ends the connection.
    pub async fn auth(&mut self, credentials: &Credentials) -> Result<(), Error> {
        let proven = self.prove(credentials).await;
        proven.map_err(|kind| self.error(kind))
    }

    async fn prove(&mut self, credentials: &Credentials) -> Result<(), ErrorKind> {
        let binding = self.link.stream.channel().binding;
        let secure = self.conn.is_secure() || self.conn.config().send_clear_passwords;
        let (mut begun, mut failed) = (None, None);
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) => {
                    let mechanisms = ready.capabilities().get::<Mechanisms>();
                    let offer = Offer {
                        mechanisms: &mechanisms.unwrap_or_default(),
                        secure,
                        binding: binding.clone(),
                    };
                    let (exchange, auth) = credentials.begin(offer)?;
                    ready.auth(auth)?;
                    begun = Some(exchange);
                }
                Event::Challenge(challenge) => {
                    let octets = Secret::from(challenge.octets());
                    let mut exchange = begun.take().ok_or(ErrorKind::Interrupted)?;
                    // It may take its time.
                    let stepped = spawn_blocking(move || {
                        let response = exchange.respond(&octets);
                        (exchange, response)
                    });
                    match stepped.await {
                        Ok((exchange, Ok(response))) => {
                            challenge.respond(response.expose());
                            begun = Some(exchange);
                        }
                        stepped => {
                            let error = stepped.ok().and_then(|(_, response)| response.err());
                            failed = Some(error.unwrap_or(AuthError::Challenge));
                            challenge.cancel();
                        }
                    }
                }
                Event::Reply { reply, .. } => {
                    return match (failed, begun) {
                        (Some(error), _) => Err(error.into()),
                        (None, Some(exchange)) if reply.is_positive() => Ok(exchange.accepted()?),
                        _ => Err(ErrorKind::AuthRefused(reply)),
                    };
                }
                Event::NeedInput => self.fill().await?,
                Event::Flush => self.flush().await?,
                Event::Closed(closed) => return Err(closed.into()),
                _ => return Err(ErrorKind::Interrupted),
            }
        }
    }
}
