//! A connection to be made: where to, and what is to be so once it is there.

use crate::Client;
use crate::error::{Error, ErrorKind};
use crate::link::Link;
use crate::socket::Socket;
use crate::tls::ClientTls;
use smtp_proto::client::{Config, Connection, Delivery};
use smtp_proto::{Entry, Hello};
use smtp_sasl::Credentials;
use std::io;
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;

/// How to connect, where the defaults won't do.
#[derive(Default)]
#[must_use = "nothing is connected until `connect` is called"]
pub struct Connect {
    hello: Option<Hello<'static>>,
    security: Security,
    credentials: Option<Credentials>,
    settings: Vec<Setting>,
    transcript: Option<Sink>,
}

/// Where TLS comes in.
#[derive(Default)]
pub(crate) enum Security {
    /// Nowhere.
    #[default]
    Clear,
    /// By STARTTLS where that is offered.
    IfOffered(ClientTls),
    /// By STARTTLS, or there is no connection.
    Required(ClientTls),
    /// From the first octet.
    Implicit(ClientTls),
}

type Setting = Box<dyn FnOnce(&mut Config)>;
type Sink = Box<dyn Fn(Entry<'_>) + Send + Sync>;

impl Connect {
    /// With that hello. Default: EHLO with the address literal of our end of the connection, which
    /// RFC 5321 §4.1.4 allows to hosts without a name; servers trust a real name more.
    pub fn hello(mut self, hello: Hello<'static>) -> Self {
        self.hello = Some(hello);
        self
    }

    /// Under TLS by STARTTLS (RFC 3207), or not at all: a server that doesn't offer it, refuses it, or
    /// can't prove itself is an error.
    pub fn starttls(mut self, tls: ClientTls) -> Self {
        self.security = Security::Required(tls);
        self
    }

    /// Under TLS by STARTTLS where the server offers it and doesn't refuse it, and in clear elsewhere.
    /// Whoever can change what is said on the way can keep it in clear; that is how mail between
    /// domains goes unless more is known of the receiving one (RFC 7435). A handshake that fails is an
    /// error all the same.
    pub fn starttls_if_offered(mut self, tls: ClientTls) -> Self {
        self.security = Security::IfOffered(tls);
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
    pub fn configure(mut self, setting: impl FnOnce(&mut Config) + 'static) -> Self {
        self.settings.push(Box::new(setting));
        self
    }

    /// With every line said told to `sink`, message bodies as their size.
    pub fn transcript(mut self, sink: impl Fn(Entry<'_>) + Send + Sync + 'static) -> Self {
        self.transcript = Some(Box::new(sink));
        self
    }

    /// Connects there and says hello, under TLS and with AUTH where that was asked for.
    ///
    /// # Errors
    /// If there is no connection, the server refuses it or our hello, or isn't one; if there is no
    /// TLS where there must be, or a handshake fails; as [`Client::auth`] has them.
    pub fn connect(self, addr: impl ToSocketAddrs) -> Result<Client, Error> {
        match TcpStream::connect(addr) {
            Ok(stream) => self.handshake(stream),
            Err(error) => Err(Error::new(error.into(), Delivery::Idle)),
        }
    }

    /// As [`connect`](Self::connect), over a blocking socket that is connected already, and fresh from
    /// the server. Its timeouts are set anew.
    ///
    /// # Errors
    /// As there.
    pub fn handshake(self, stream: TcpStream) -> Result<Client, Error> {
        // The last packet of a message must not wait for the acknowledgement of the one before.
        let local = stream.set_nodelay(true).and_then(|()| stream.local_addr());
        match local {
            Ok(local) => self.over(Box::new(stream), local.ip()),
            Err(error) => Err(Error::new(error.into(), Delivery::Idle)),
        }
    }

    /// Over a socket whose end here has that address.
    pub(crate) fn over(self, socket: Box<dyn Socket>, local: IpAddr) -> Result<Client, Error> {
        let fail = |kind| Error::new(kind, Delivery::Idle);
        let idle = |error: io::Error| fail(error.into());
        let mut config = Config::new(self.hello.unwrap_or_else(|| Hello::literal(local)));
        for setting in self.settings {
            setting(&mut config);
        }
        let mut link = Link::new(socket).map_err(idle)?;
        let mut conn = if let Security::Implicit(tls) = &self.security {
            let patience = config.timeouts.handshake;
            let secured = tls
                .connect()
                .and_then(|tls| link.secure_within(patience, tls));
            secured.map_err(|error| fail(ErrorKind::Tls(error)))?;
            Connection::over_tls(Arc::new(config))
        } else {
            Connection::new(Arc::new(config))
        };
        if let Some(sink) = self.transcript {
            conn.set_transcript(sink);
        }
        let mut client = Client { conn, link };
        let greeted = client.hello(&self.security);
        greeted.map_err(|kind| client.error(kind))?;
        if let Some(credentials) = &self.credentials {
            client.auth(credentials)?;
        }
        Ok(client)
    }
}
