//! A connection to be made: where to, and what is to be so once it is there.

use crate::link::Link;
use crate::socket::Socket;
use crate::tls;
use crate::{Client, ClientTls, Error, ErrorKind};
use smtp_proto::client::{Config, Connection, Delivery};
use smtp_proto::{Entry, Hello};
use smtp_sasl::Credentials;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

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

    /// Connects there and says hello, under TLS and with AUTH where that was asked for. Each address that a
    /// name has is waited for as long as [`Timeouts::connect`](smtp_proto::client::Timeouts::connect) says,
    /// and the name as long as the system does.
    ///
    /// # Errors
    /// If there is no connection, the server refuses it or our hello, or isn't one; if there is no
    /// TLS where there must be, or a handshake fails; as [`Client::auth`] has them.
    pub fn connect(self, addr: impl ToSocketAddrs) -> Result<Client, Error> {
        self.by(|patience| tcp(dial(addr, patience)?))
    }

    /// As [`connect`](Self::connect), over a blocking socket that is connected already, and fresh from
    /// the server. Its timeouts are set anew.
    ///
    /// # Errors
    /// As there.
    pub fn handshake(self, stream: TcpStream) -> Result<Client, Error> {
        self.by(|_| tcp(stream))
    }

    /// Over a socket that `open` gives when it is told how long to wait for it, with the address of our
    /// end of it.
    pub(crate) fn by(
        self,
        open: impl FnOnce(Duration) -> io::Result<(Box<dyn Socket>, IpAddr)>,
    ) -> Result<Client, Error> {
        let fail = |kind| Error::new(kind, Delivery::Idle);
        let idle = |error: io::Error| fail(error.into());
        // Where our end is shows once there is a connection.
        let nowhere = Hello::literal(Ipv4Addr::UNSPECIFIED);
        let mut config = Config::new(self.hello.unwrap_or_else(|| nowhere.clone()));
        for setting in self.settings {
            setting(&mut config);
        }
        let (socket, local) = open(config.timeouts.connect).map_err(idle)?;
        if config.hello == nowhere {
            config.hello = Hello::literal(local);
        }
        let mut link = Link::new(socket).map_err(idle)?;
        let mut conn = if let Security::Implicit(tls) = &self.security {
            let patience = config.timeouts.handshake;
            let secured = tls::connect(tls).and_then(|tls| link.secure_within(patience, tls));
            secured.map_err(|error| fail(ErrorKind::Tls(error)))?;
            Connection::over_tls(Arc::new(config))
        } else {
            Connection::new(Arc::new(config))
        };
        if let Some(sink) = self.transcript {
            conn.set_transcript(sink);
        }
        link.acknowledge();
        let mut client = Client { conn, link };
        let greeted = client.hello(&self.security);
        greeted.map_err(|kind| client.error(kind))?;
        if let Some(credentials) = &self.credentials {
            client.auth(credentials)?;
        }
        Ok(client)
    }
}

/// Connects to the first of the addresses that lets us in in time.
fn dial(addr: impl ToSocketAddrs, patience: Duration) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::InvalidInput, "no address");
    for addr in addr.to_socket_addrs()? {
        match TcpStream::connect_timeout(&addr, patience) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Makes TCP ready for SMTP.
fn tcp(stream: TcpStream) -> io::Result<(Box<dyn Socket>, IpAddr)> {
    // The last packet of a message must not wait for the acknowledgement of the one before.
    stream.set_nodelay(true)?;
    let local = stream.local_addr()?.ip();
    Ok((Box::new(stream), local))
}
