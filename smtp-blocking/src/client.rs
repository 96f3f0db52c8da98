//! A client: one connection, messages one after another.

use crate::error::{Error, ErrorKind};
use crate::link::Link;
use crate::tls::ClientTls;
use bytes::Buf;
use smtp_proto::client::{Config, Connection, Delivery, Event, Report};
use smtp_proto::extension::TransId;
use smtp_proto::{Capabilities, Entry, Envelope, Extension, Hello};
use std::io::{self, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;

/// Octets of a message read at a time.
const CHUNK: usize = 64 * 1024;

/// A connection to a server, greeted and introduced.
///
/// ```no_run
/// use smtp_blocking::{Client, Envelope};
/// # fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = Client::connect("127.0.0.1:2525")?;
/// let envelope = Envelope::new("joe@example.com", ["ann@example.org", "bob@example.net"])?;
/// let report = client.send(envelope, &b"Subject: hello\r\n\r\nHello.\r\n"[..])?;
/// for (recipient, reply) in report.recipients() {
///     println!("{recipient} {reply}");
/// }
/// client.quit()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Client {
    conn: Connection,
    link: Link,
}

/// How to connect, where the defaults won't do.
#[derive(Default)]
#[must_use = "nothing is connected until `connect` is called"]
pub struct Connect {
    hello: Option<Hello<'static>>,
    security: Security,
    settings: Vec<Setting>,
    transcript: Option<Sink>,
}

/// Where TLS comes in.
#[derive(Default)]
enum Security {
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

    /// Connects there and says hello, under TLS where that was asked for.
    ///
    /// # Errors
    /// If there is no connection, the server refuses it or our hello, or isn't one; if there is no
    /// TLS where there must be, or a handshake fails.
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
        let fail = |kind| Error::new(kind, Delivery::Idle);
        let idle = |error: io::Error| fail(error.into());
        let local = stream.local_addr().map_err(idle)?.ip();
        let mut config = Config::new(self.hello.unwrap_or_else(|| Hello::literal(local)));
        for setting in self.settings {
            setting(&mut config);
        }
        let mut link = Link::new(stream).map_err(idle)?;
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
        match client.hello(&self.security) {
            Ok(()) => Ok(client),
            Err(kind) => Err(client.error(kind)),
        }
    }
}

impl Client {
    /// Connects there and says hello.
    ///
    /// # Errors
    /// If there is no connection, the server refuses it or our hello, or isn't one.
    pub fn connect(addr: impl ToSocketAddrs) -> Result<Self, Error> {
        Connect::default().connect(addr)
    }

    /// To connect with settings other than the default ones.
    pub fn builder() -> Connect {
        Connect::default()
    }

    /// Gets the connection ready, under TLS if that is to be had or if it must be.
    fn hello(&mut self, security: &Security) -> Result<(), ErrorKind> {
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
        let secured = tls
            .connect()
            .and_then(|tls| self.link.secure(&mut self.conn, tls));
        if let Event::Upgrade(upgrade) = self.conn.poll()? {
            match &secured {
                Ok(()) => upgrade.complete(),
                Err(_) => upgrade.fail(),
            }
        }
        secured.map_err(ErrorKind::Tls)
    }

    /// Whether the connection is under TLS.
    pub fn is_secure(&self) -> bool {
        self.conn.is_secure()
    }

    /// What the server offers.
    pub fn capabilities(&self) -> &Capabilities {
        self.conn.capabilities()
    }

    /// Sends one message, read from `content` as the server takes it. Without PIPELINING it takes
    /// a round trip a recipient.
    ///
    /// Refusals are no errors: the report says what became of each recipient.
    ///
    /// # Errors
    /// [`ErrorKind::Send`] if the message can't be sent to this server; another one may be then.
    /// Any other ends the connection, and says whether the message may have been accepted.
    pub fn send(&mut self, envelope: Envelope, content: impl Read) -> Result<Report, Error> {
        let sent = self.transact(envelope, content);
        sent.map_err(|kind| self.error(kind))
    }

    fn transact(
        &mut self,
        envelope: Envelope,
        mut content: impl Read,
    ) -> Result<Report, ErrorKind> {
        if self.conn.delivery() != Delivery::Idle {
            return Err(ErrorKind::Interrupted);
        }
        let mut report = Report::new(&envelope);
        // What broke off isn't taken up again: nobody has said that the content can be.
        let mut envelope = Some(envelope.without::<TransId<'_>>());
        let mut piece = None;
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) => {
                    if let Some(envelope) = envelope.take() {
                        ready.send(envelope)?;
                    }
                }
                Event::Recipient { index, reply } => report.note_recipient(index, reply),
                Event::Delivered { index, reply } => report.note_delivered(index, reply),
                Event::Body(body) => match piece.take() {
                    None => {
                        // Before a read that may take its time, what there is goes out.
                        if self.conn.transmit().has_remaining() {
                            self.link.flush(&mut self.conn)?;
                        } else {
                            piece = Some(read(&mut content));
                        }
                    }
                    Some(Ok(chunk)) if chunk.is_empty() => body.finish(),
                    Some(Ok(chunk)) => {
                        // A short one is the last.
                        piece = (chunk.len() < CHUNK).then(|| Ok(Vec::new()));
                        body.send(chunk);
                    }
                    Some(Err(error)) => {
                        body.abort();
                        return Err(ErrorKind::Content(error));
                    }
                },
                Event::Sent { reply } => {
                    report.note_sent(reply);
                    return Ok(report);
                }
                Event::Refused { at, reply } => {
                    report.note_refused(at, reply);
                    return Ok(report);
                }
                Event::NeedInput => self.link.fill(&mut self.conn)?,
                Event::Flush => self.link.flush(&mut self.conn)?,
                Event::Closed(closed) => return Err(closed.into()),
                _ => return Err(ErrorKind::Interrupted),
            }
        }
    }

    /// Takes leave: QUIT, its reply, and the end of the stream.
    ///
    /// # Errors
    /// If the stream fails or the server says something else. Whatever was sent before is as safe
    /// as its report said.
    pub fn quit(mut self) -> Result<(), Error> {
        let left = self.leave();
        left.map_err(|kind| self.error(kind))
    }

    fn leave(&mut self) -> Result<(), ErrorKind> {
        let mut said = false;
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) if !said => {
                    said = true;
                    ready.quit();
                }
                Event::NeedInput => self.link.fill(&mut self.conn)?,
                Event::Flush => self.link.flush(&mut self.conn)?,
                Event::Closed(_) => return Ok(self.link.stream.close()?),
                // What became of a message whose `send` came to no end.
                Event::Recipient { .. }
                | Event::Delivered { .. }
                | Event::Sent { .. }
                | Event::Refused { .. } => {}
                // Nobody is left who has the rest of it.
                _ => return Err(ErrorKind::Interrupted),
            }
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.conn.delivery())
    }
}

/// The next of the message: less than a whole chunk only at its end.
fn read(content: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK);
    content.take(CHUNK as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}
