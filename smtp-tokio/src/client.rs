//! A client: one connection, messages one after another.

use crate::connect::{Connect, StartTls};
use crate::link::Link;
use crate::pieces::Pieces;
use crate::tls::Stream;
use crate::{ClientTls, Error, ErrorKind};
use bytes::{Buf, Bytes};
use smtp_adapter::{Outgoing, Step};
use smtp_proto::client::{Config, Connection, Event, Report};
use smtp_proto::{Capabilities, Command, Envelope, Reply};
use std::future::poll_fn;
use std::io;
use std::iter;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, Empty};
use tokio::net::{TcpStream, ToSocketAddrs, lookup_host};
use tokio::time::timeout;

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
    pub(crate) conn: Connection,
    pub(crate) link: Link<S>,
}

impl Client {
    /// Connects there; `.await` it, with settings before that where the defaults won't do. Each address
    /// that a name has is waited for as long as
    /// [`Timeouts::connect`](smtp_proto::client::Timeouts::connect) says, and the name as long as the
    /// system does.
    pub fn connect(addr: impl ToSocketAddrs + Send + 'static) -> Connect {
        Connect::by(|patience| async move {
            let stream = dial(addr, patience).await?;
            // The last packet of a message must not wait for the acknowledgement of the one before.
            stream.set_nodelay(true)?;
            let local = stream.local_addr()?.ip();
            Ok((stream, local))
        })
        .acknowledge_by(acknowledge)
    }
}

/// Has the system acknowledge what came. If that fails it takes its time, as it does elsewhere.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn acknowledge(stream: &TcpStream) {
    let _ = stream.set_quickack(true);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn acknowledge(_: &TcpStream) {}

/// Connects to the first of the addresses that lets us in in time.
async fn dial(addr: impl ToSocketAddrs, patience: Duration) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::InvalidInput, "no address");
    for addr in lookup_host(addr).await? {
        match timeout(patience, TcpStream::connect(addr)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failed)
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
        let starttls = StartTls {
            tls,
            required: true,
        };
        Self::start(
            Connection::new(config),
            Stream::Clear(stream),
            Some(starttls),
        )
        .await
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
        self.send_one(envelope, Pieces::new(content)).await
    }

    /// As [`send`](Self::send), of a message that is all in memory: it is written from where it stands.
    ///
    /// # Errors
    /// As there.
    pub async fn send_bytes(
        &mut self,
        envelope: Envelope,
        content: impl Into<Bytes>,
    ) -> Result<Report, Error> {
        let pieces = Pieces::<Empty>::Memory(content.into());
        self.send_one(envelope, pieces).await
    }

    async fn send_one(
        &mut self,
        envelope: Envelope,
        pieces: Pieces<impl AsyncRead + Unpin>,
    ) -> Result<Report, Error> {
        let mut message = iter::once((envelope, pieces));
        let sent = self.send_on(&mut Outgoing::default(), &mut message).await;
        sent.unwrap_or_else(|| Err(self.error(ErrorKind::Interrupted)))
    }

    /// What became of the next of the messages; `None` if there is none. Dropped midway, it can be
    /// called again.
    pub(crate) async fn send_on<R: AsyncRead + Unpin>(
        &mut self,
        outgoing: &mut Outgoing<Pieces<R>>,
        messages: &mut impl Iterator<Item = (Envelope, Pieces<R>)>,
    ) -> Option<Result<Report, Error>> {
        loop {
            let moved = match outgoing.poll(&mut self.conn, messages) {
                Step::Read(pieces) => self.read_on(pieces).await,
                Step::Input => self.fill().await,
                Step::Flush => self.flush().await,
                Step::Done(result) => return result,
            };
            moved.unwrap_or_else(|error| outgoing.lose(&self.conn, error.into()));
        }
    }

    /// Reads more of a message, or moves something else while that takes its time.
    async fn read_on(&mut self, pieces: &mut Pieces<impl AsyncRead + Unpin>) -> io::Result<()> {
        if pieces.is_full() && self.conn.transmit().has_remaining() {
            return self.flush().await;
        }
        poll_fn(|cx| match pieces.poll_read(cx) {
            Poll::Ready(()) => Poll::Ready(Ok(())),
            Poll::Pending if self.conn.transmit().has_remaining() => {
                self.link.poll_flush_or_read(&mut self.conn, cx)
            }
            Poll::Pending => self.link.poll_fill(&mut self.conn, cx),
        })
        .await
    }

    /// Says a command that stands by itself, VRFY, EXPN, HELP, NOOP, ETRN, XCLIENT, XFORWARD or one of
    /// your own, and gives the reply, whatever it says.
    ///
    /// ```no_run
    /// use smtp_tokio::smtp_proto::{Command, command::Argument};
    /// # use smtp_tokio::Client;
    /// # async fn f(mut client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let reply = client.command(&Command::Vrfy(Argument::try_from("ann")?)).await?;
    /// println!("{reply}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Send`] for a command that doesn't stand by itself or that the server doesn't offer;
    /// nothing was said then. Any other ends the connection.
    pub async fn command(&mut self, command: &Command<'_>) -> Result<Reply, Error> {
        let answered = self.query(command).await;
        answered.map_err(|kind| self.error(kind))
    }

    async fn query(&mut self, command: &Command<'_>) -> Result<Reply, ErrorKind> {
        let mut said = false;
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) if !said => {
                    said = true;
                    ready.command(command)?;
                }
                Event::Reply { reply, .. } => return Ok(reply),
                Event::NeedInput => self.fill().await?,
                Event::Flush => self.flush().await?,
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
                    let patience = self.conn.config().timeouts.reply;
                    let _ = timeout(patience, self.link.stream.shutdown()).await;
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

    pub(crate) async fn fill(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.link.poll_fill(&mut self.conn, cx)).await
    }

    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.link.poll_flush_or_read(&mut self.conn, cx)).await
    }

    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.conn.delivery())
    }
}
