//! A client: one connection, messages one after another.

use crate::error::{Error, ErrorKind};
use crate::link::Link;
use crate::tls::{ClientTls, Stream};
use bytes::{Buf, Bytes, BytesMut};
use smtp_proto::client::{Config, Connection, Delivery, Event, Report};
use smtp_proto::extension::TransId;
use smtp_proto::{Capabilities, Entry, Envelope, Extension, Hello};
use std::future::{Future, IntoFuture, poll_fn};
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

/// Octets of a message read at a time.
const CHUNK: usize = 64 * 1024;

/// The next of the message.
enum Piece {
    Chunk(Bytes),
    End,
    /// It can't be read any further.
    Failed(io::Error),
}

/// A connection to a server, greeted and introduced.
///
/// ```no_run
/// use smtp_tokio::{Client, Envelope};
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = Client::connect("127.0.0.1:2525").await?;
/// let envelope = Envelope::new("joe@example.com", ["ann@example.org", "bob@example.net"])?;
/// let report = client.send(envelope, &b"Subject: hello\r\n\r\nHello.\r\n"[..]).await?;
/// for (recipient, reply) in report.recipients() {
///     println!("{recipient} {reply}");
/// }
/// client.quit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Client<S = TcpStream> {
    conn: Connection,
    link: Link<S>,
}

impl Client {
    /// Connects there; `.await` it, with settings before that where the defaults won't do.
    pub fn connect(addr: impl ToSocketAddrs + Send + 'static) -> Connect {
        Connect::by(async move {
            let stream = TcpStream::connect(addr).await?;
            // The last packet of a message must not wait for the acknowledgement of the one before.
            stream.set_nodelay(true)?;
            let local = stream.local_addr()?.ip();
            Ok((stream, local))
        })
    }
}

/// Where TLS comes in.
enum Security {
    /// Nowhere.
    Clear,
    /// By STARTTLS.
    StartTls { tls: ClientTls, required: bool },
    /// From the first octet.
    Implicit(ClientTls),
}

type Setting = Box<dyn FnOnce(&mut Config) + Send>;
type Sink = Box<dyn Fn(Entry<'_>) + Send + Sync>;

/// A stream to come, and the address of our end of it.
type Opening<S> = Pin<Box<dyn Future<Output = io::Result<(S, IpAddr)>> + Send>>;

/// A connection to be made.
#[must_use = "nothing is connected until it is awaited"]
pub struct Connect<S = TcpStream> {
    opening: Opening<S>,
    hello: Option<Hello<'static>>,
    security: Security,
    settings: Vec<Setting>,
    transcript: Option<Sink>,
}

impl<S> Connect<S> {
    pub(crate) fn by(
        opening: impl Future<Output = io::Result<(S, IpAddr)>> + Send + 'static,
    ) -> Self {
        Self {
            opening: Box::pin(opening),
            hello: None,
            security: Security::Clear,
            settings: Vec::new(),
            transcript: None,
        }
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
        self.security = Security::StartTls {
            tls,
            required: true,
        };
        self
    }

    /// Under TLS by STARTTLS where the server offers it and doesn't refuse it, and in clear elsewhere.
    /// Whoever can change what is said on the way can keep it in clear; that is how mail between
    /// domains goes unless more is known of the receiving one (RFC 7435). A handshake that fails is an
    /// error all the same.
    pub fn starttls_if_offered(mut self, tls: ClientTls) -> Self {
        self.security = Security::StartTls {
            tls,
            required: false,
        };
        self
    }

    /// Under TLS from the first octet (RFC 8314 §3.3), as on port 465.
    pub fn implicit_tls(mut self, tls: ClientTls) -> Self {
        self.security = Security::Implicit(tls);
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
            let opened = self.opening.await;
            let (stream, local) =
                opened.map_err(|error| Error::new(error.into(), Delivery::Idle))?;
            let mut config = Config::new(self.hello.unwrap_or_else(|| Hello::literal(local)));
            for setting in self.settings {
                setting(&mut config);
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
                Security::StartTls { tls, required } => {
                    (Stream::Clear(stream), Some((tls, required)))
                }
                Security::Implicit(tls) => {
                    let secured = timeout(patience, tls.connect(stream)).await;
                    let secured = secured.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                    let fail = |error| Error::new(ErrorKind::Tls(error), Delivery::Idle);
                    (secured.map_err(fail)?.into(), None)
                }
            };
            Client::start(conn, stream, starttls).await
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Says hello over any stream, which must be fresh from the server.
    ///
    /// # Errors
    /// If the server refuses the connection or our hello, isn't one, or the stream fails.
    pub async fn handshake(stream: S, config: Arc<Config>) -> Result<Self, Error> {
        Self::start(Connection::new(config), Stream::Clear(stream), None).await
    }

    /// As [`handshake`](Self::handshake), with STARTTLS behind the hello: required, as in
    /// [`Connect::starttls`].
    ///
    /// # Errors
    /// As there, and if there is no TLS to be had.
    pub async fn handshake_starttls(
        stream: S,
        config: Arc<Config>,
        tls: ClientTls,
    ) -> Result<Self, Error> {
        let starttls = Some((tls, true));
        Self::start(Connection::new(config), Stream::Clear(stream), starttls).await
    }

    async fn start(
        conn: Connection,
        stream: Stream<S>,
        starttls: Option<(ClientTls, bool)>,
    ) -> Result<Self, Error> {
        let link = Link::new(stream);
        let mut client = Self { conn, link };
        match client.hello(starttls).await {
            Ok(()) => Ok(client),
            Err(kind) => Err(client.error(kind)),
        }
    }

    /// Gets the connection ready, under TLS if that is to be had or if it must be.
    async fn hello(&mut self, mut starttls: Option<(ClientTls, bool)>) -> Result<(), ErrorKind> {
        let (mut refused, mut handshake) = (None, None);
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) => match starttls.take() {
                    Some((tls, required))
                        if required || ready.capabilities().offers(Extension::StartTls) =>
                    {
                        ready.starttls()?;
                        handshake = Some((tls, required));
                    }
                    _ => return Ok(()),
                },
                Event::Upgrade(_) => {
                    let (tls, _) = handshake.take().ok_or(ErrorKind::Interrupted)?;
                    self.secure(tls).await?;
                }
                // The answer to STARTTLS, which isn't 220.
                Event::Reply { reply, .. } => match handshake.take() {
                    Some((_, false)) => {}
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

    async fn secure(&mut self, tls: ClientTls) -> Result<(), ErrorKind> {
        let handshake = |stream| tls.connect(stream);
        let secured = self.link.secure(&mut self.conn, handshake).await;
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
    ///
    /// Dropping the future midway leaves half a message behind: the connection is then good for
    /// nothing but to be dropped too.
    pub async fn send(
        &mut self,
        envelope: Envelope,
        content: impl AsyncRead + Unpin,
    ) -> Result<Report, Error> {
        let sent = self.transact(envelope, content).await;
        sent.map_err(|kind| self.error(kind))
    }

    async fn transact(
        &mut self,
        envelope: Envelope,
        mut content: impl AsyncRead + Unpin,
    ) -> Result<Report, ErrorKind> {
        if self.conn.delivery() != Delivery::Idle {
            return Err(ErrorKind::Interrupted);
        }
        let mut report = Report::new(&envelope);
        // What broke off isn't taken up again: nobody has said that the content can be.
        let mut envelope = Some(envelope.without::<TransId<'_>>());
        let (mut chunk, mut piece) = (BytesMut::new(), None);
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
                    None => piece = self.read_on(&mut content, &mut chunk).await?,
                    Some(Piece::Chunk(octets)) => body.send(octets),
                    Some(Piece::End) => body.finish(),
                    Some(Piece::Failed(error)) => {
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
                Event::NeedInput => self.fill().await?,
                Event::Flush => self.flush().await?,
                Event::Closed(closed) => return Err(closed.into()),
                _ => return Err(ErrorKind::Interrupted),
            }
        }
    }

    /// The next piece of the message; while it takes its time, what there is goes out, and `None`
    /// says that something moved.
    async fn read_on(
        &mut self,
        content: &mut (impl AsyncRead + Unpin),
        chunk: &mut BytesMut,
    ) -> io::Result<Option<Piece>> {
        chunk.reserve(CHUNK);
        poll_fn(|cx| {
            // The future holds nothing but its arguments, so a new one each time is the same.
            let read = match pin!(content.read_buf(chunk)).poll(cx) {
                Poll::Ready(read) => read,
                Poll::Pending if self.conn.transmit().has_remaining() => {
                    let flushed = self.link.poll_flush_or_read(&mut self.conn, cx);
                    return flushed.map_ok(|()| None);
                }
                Poll::Pending => {
                    let filled = self.link.poll_fill(&mut self.conn, cx);
                    return filled.map_ok(|()| None);
                }
            };
            Poll::Ready(Ok(Some(match read {
                Ok(0) => Piece::End,
                Ok(_) => Piece::Chunk(chunk.split().freeze()),
                Err(error) => Piece::Failed(error),
            })))
        })
        .await
    }

    /// Takes leave: QUIT, its reply, and the end of the stream.
    ///
    /// # Errors
    /// If the stream fails or the server says something else. Whatever was sent before is as safe
    /// as its report said.
    pub async fn quit(mut self) -> Result<(), Error> {
        let left = self.leave().await;
        left.map_err(|kind| self.error(kind))
    }

    async fn leave(&mut self) -> Result<(), ErrorKind> {
        let mut said = false;
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) if !said => {
                    said = true;
                    ready.quit();
                }
                Event::NeedInput => self.fill().await?,
                Event::Flush => self.flush().await?,
                Event::Closed(_) => {
                    // The server may have been quicker, and then there is nothing to shut down.
                    let _ = self.link.stream.shutdown().await;
                    return Ok(());
                }
                // What became of a message whose `send` was dropped.
                Event::Recipient { .. }
                | Event::Delivered { .. }
                | Event::Sent { .. }
                | Event::Refused { .. } => {}
                // Nobody is left who has the rest of it.
                _ => return Err(ErrorKind::Interrupted),
            }
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.link.poll_fill(&mut self.conn, cx)).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.link.poll_flush_or_read(&mut self.conn, cx)).await
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.conn.delivery())
    }
}
