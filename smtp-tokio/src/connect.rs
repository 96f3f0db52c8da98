//! A connection to be made: where to, and what is to be so once it is there.

use crate::tls::{self, Stream, within};
use crate::{Client, ClientTls, Error, ErrorKind};
use smtp_proto::client::{Config, Connection, Delivery};
use smtp_proto::{Entry, Hello};
use smtp_sasl::Credentials;
use std::future::{Future, IntoFuture};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Where TLS comes in.
enum Security {
    /// Nowhere.
    Clear,
    /// By STARTTLS.
    StartTls(StartTls),
    /// From the first octet.
    Implicit(ClientTls),
}

/// STARTTLS, and whether it may be done without.
pub(crate) struct StartTls {
    pub(crate) tls: ClientTls,
    pub(crate) required: bool,
}

type Setting = Box<dyn FnOnce(&mut Config) + Send>;
type Sink = Box<dyn Fn(Entry<'_>) + Send + Sync>;

/// A stream to come, and the address of our end of it.
type Opened<S> = Pin<Box<dyn Future<Output = io::Result<(S, IpAddr)>> + Send>>;

/// What makes it, when it is told how long to wait.
type Opening<S> = Box<dyn FnOnce(Duration) -> Opened<S> + Send>;

/// A connection to be made.
#[must_use = "nothing is connected until it is awaited"]
pub struct Connect<S = TcpStream> {
    opening: Opening<S>,
    hello: Option<Hello<'static>>,
    security: Security,
    credentials: Option<Credentials>,
    settings: Vec<Setting>,
    transcript: Option<Sink>,
    acknowledge: Option<fn(&S)>,
}

impl<S> Connect<S> {
    pub(crate) fn by<F>(opening: impl FnOnce(Duration) -> F + Send + 'static) -> Self
    where
        F: Future<Output = io::Result<(S, IpAddr)>> + Send + 'static,
    {
        Self {
            opening: Box::new(|patience| Box::pin(opening(patience))),
            hello: None,
            security: Security::Clear,
            credentials: None,
            settings: Vec::new(),
            transcript: None,
            acknowledge: None,
        }
    }

    /// With that for [`Link::acknowledge_by`](crate::link::Link::acknowledge_by).
    pub(crate) fn acknowledge_by(mut self, acknowledge: fn(&S)) -> Self {
        self.acknowledge = Some(acknowledge);
        self
    }

    /// With that hello. Default: EHLO with the address literal of our end of the connection, which
    /// RFC 5321 §4.1.4 allows to hosts without a name; servers trust a real name more. By a Unix
    /// socket that is `[127.0.0.1]`.
    pub fn hello(mut self, hello: Hello<'static>) -> Self {
        self.hello = Some(hello);
        self
    }

    /// Under TLS by STARTTLS (RFC 3207), or not at all: a server that doesn't offer it, refuses it, or
    /// can't prove itself is an error.
    pub fn starttls(mut self, tls: ClientTls) -> Self {
        self.security = Security::StartTls(StartTls {
            tls,
            required: true,
        });
        self
    }

    /// Under TLS by STARTTLS where the server offers it and doesn't refuse it, and in clear elsewhere.
    /// Whoever can change what is said on the way can keep it in clear; that is how mail between
    /// domains goes unless more is known of the receiving one (RFC 7435). A handshake that fails is an
    /// error all the same.
    pub fn starttls_if_offered(mut self, tls: ClientTls) -> Self {
        self.security = Security::StartTls(StartTls {
            tls,
            required: false,
        });
        self
    }

    /// Under TLS from the first octet (RFC 8314 §3.3), as on port 465.
    pub fn implicit_tls(mut self, tls: ClientTls) -> Self {
        self.security = Security::Implicit(tls);
        self
    }

    /// With AUTH (RFC 4954) once the hello is said: [`Client::auth`].
    pub fn auth(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// With settings other than the default ones.
    pub fn configure(mut self, setting: impl FnOnce(&mut Config) + Send + 'static) -> Self {
        self.settings.push(Box::new(setting));
        self
    }

    /// With every line said told to `sink`, message bodies as their size.
    pub fn transcript(mut self, sink: impl Fn(Entry<'_>) + Send + Sync + 'static) -> Self {
        self.transcript = Some(Box::new(sink));
        self
    }
}

impl<S> IntoFuture for Connect<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = Result<Client<S>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            // Where our end is shows once there is a connection.
            let nowhere = Hello::literal(Ipv4Addr::UNSPECIFIED);
            let mut config = Config::new(self.hello.unwrap_or_else(|| nowhere.clone()));
            for setting in self.settings {
                setting(&mut config);
            }
            let opened = (self.opening)(config.timeouts.connect).await;
            let (stream, local) =
                opened.map_err(|error| Error::new(error.into(), Delivery::Idle))?;
            if config.hello == nowhere {
                config.hello = Hello::literal(local);
            }
            let patience = config.timeouts.handshake;
            let mut conn = match self.security {
                Security::Implicit(_) => Connection::over_tls(Arc::new(config)),
                _ => Connection::new(Arc::new(config)),
            };
            if let Some(sink) = self.transcript {
                conn.set_transcript(sink);
            }
            let (stream, starttls) = match self.security {
                Security::Clear => (Stream::Clear(stream), None),
                Security::StartTls(starttls) => (Stream::Clear(stream), Some(starttls)),
                Security::Implicit(tls) => {
                    let secured = within(patience, tls::connect(&tls, stream)).await;
                    let fail = |error| Error::new(ErrorKind::Tls(error), Delivery::Idle);
                    (secured.map_err(fail)?.into(), None)
                }
            };
            let mut client = Client::start(conn, stream, starttls).await?;
            client.link.acknowledge_by(self.acknowledge);
            if let Some(credentials) = self.credentials {
                client.auth(&credentials).await?;
            }
            Ok(client)
        })
    }
}
