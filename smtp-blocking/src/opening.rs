//! How a connection gets ready for messages: the hello, STARTTLS, AUTH.

use crate::connect::Security;
use crate::tls;
use crate::{Client, ClientTls, Error, ErrorKind};
use smtp_proto::client::Event;
use smtp_proto::extension::Mechanisms;
use smtp_proto::{Extension, Secret};
use smtp_sasl::{Credentials, Offer};

impl Client {
    /// Gets the connection ready, under TLS if that is to be had or if it must be.
    pub(crate) fn hello(&mut self, security: &Security) -> Result<(), ErrorKind> {
        let (mut refused, mut asked) = (None, false);
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) => {
                    let wanted = match security {
                        Security::Clear | Security::Implicit(_) => false,
                        Security::IfOffered(_) => ready.capabilities().offers(Extension::StartTls),
                        Security::Required(_) => true,
                    };
                    if asked || !wanted {
                        return Ok(());
                    }
                    asked = true;
                    ready.starttls()?;
                }
                Event::Upgrade(_) => match security {
                    Security::IfOffered(tls) | Security::Required(tls) => self.secure(tls)?,
                    Security::Clear | Security::Implicit(_) => return Err(ErrorKind::Interrupted),
                },
                // The answer to STARTTLS, which isn't 220.
                Event::Reply { reply, .. } => match security {
                    Security::IfOffered(_) => {}
                    _ => return Err(ErrorKind::TlsRefused(reply)),
                },
                Event::Refused { at, reply } => refused = Some(ErrorKind::Refused(at, reply)),
                Event::NeedInput => self.link.fill(&mut self.conn)?,
                Event::Flush => self.link.flush(&mut self.conn)?,
                Event::Closed(closed) => return Err(refused.unwrap_or_else(|| closed.into())),
                _ => return Err(ErrorKind::Interrupted),
            }
        }
    }

    fn secure(&mut self, tls: &ClientTls) -> Result<(), ErrorKind> {
        let secured =
            tls::connect(tls).and_then(|tls| self.link.secure(&mut self.conn, tls, || false));
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
    /// # use smtp_blocking::{Client, ClientTls, Credentials};
    /// # fn f(tls: ClientTls) -> Result<(), Box<dyn std::error::Error>> {
    /// let joe = Credentials::new("joe", "wonderland")?;
    /// let client = Client::builder().starttls(tls).auth(joe).connect("mail.example.com:587")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::AuthRefused`] if the server says no; it may be asked again, with others.
    /// [`ErrorKind::Auth`] if nothing it offers will do, or if it can't prove itself in turn: it is to
    /// be left then. Any other ends the connection.
    pub fn auth(&mut self, credentials: &Credentials) -> Result<(), Error> {
        let proven = self.prove(credentials);
        proven.map_err(|kind| self.error(kind))
    }

    fn prove(&mut self, credentials: &Credentials) -> Result<(), ErrorKind> {
        let secure = self.conn.is_secure() || self.conn.config().send_clear_passwords;
        let (mut begun, mut failed) = (None, None);
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) => {
                    let mechanisms = ready.capabilities().get::<Mechanisms>();
                    let offer = Offer {
                        mechanisms: &mechanisms.unwrap_or_default(),
                        secure,
                        binding: self.link.stream.channel().binding,
                    };
                    let (exchange, auth) = credentials.begin(offer)?;
                    ready.auth(auth)?;
                    begun = Some(exchange);
                }
                Event::Challenge(challenge) => {
                    let exchange = begun.as_mut().ok_or(ErrorKind::Interrupted)?;
                    match exchange.respond(&Secret::from(challenge.octets())) {
                        Ok(response) => challenge.respond(response.expose()),
                        Err(error) => {
                            failed = Some(error);
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
                Event::NeedInput => self.link.fill(&mut self.conn)?,
                Event::Flush => self.link.flush(&mut self.conn)?,
                Event::Closed(closed) => return Err(closed.into()),
                _ => return Err(ErrorKind::Interrupted),
            }
        }
    }
}
