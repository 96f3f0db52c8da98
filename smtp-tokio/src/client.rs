//! A client: one connection, messages one after another.

use crate::connect::{Connect, StartTls};
use crate::link::Link;
use crate::sending::Sending;
use crate::tls::Stream;
use crate::{ClientTls, Error, ErrorKind};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use smtp_proto::client::{Config, Connection, Event, Report};
use smtp_proto::{Capabilities, Command, Envelope, Reply};
use std::future::{Future, poll_fn};
use std::io;
use std::iter;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Empty};
use tokio::net::{TcpStream, ToSocketAddrs, lookup_host};
use tokio::time::timeout;

/// Octets of a message read at a time.
const CHUNK: usize = 64 * 1024;

/// Octets set aside for them, which are written before any others are read.
const BLOCK: usize = 4 * CHUNK;

/// What a message is sent from.
pub(crate) enum Supply<R> {
    /// What is read goes into the buffer, and on from there without a copy.
    Read(R, BytesMut),
    Memory(Bytes),
}

impl<R> Supply<R> {
    pub(crate) fn read(content: R) -> Self {
        Self::Read(content, BytesMut::new())
    }
}

/// The next of the message.
pub(crate) enum Piece {
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
    }
}

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
        self.send_one(envelope, Supply::read(content)).await
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
        let supply = Supply::<Empty>::Memory(content.into());
        self.send_one(envelope, supply).await
    }

    async fn send_one(
        &mut self,
        envelope: Envelope,
        supply: Supply<impl AsyncRead + Unpin>,
    ) -> Result<Report, Error> {
        let mut message = iter::once((envelope, supply));
        let sent = Sending::default().next(self, &mut message).await;
        sent.unwrap_or_else(|| Err(self.error(ErrorKind::Interrupted)))
    }

    /// The next piece of the message; while it takes its time, what there is goes out, and `None`
    /// says that something moved.
    pub(crate) async fn read_on(
        &mut self,
        supply: &mut Supply<impl AsyncRead + Unpin>,
    ) -> io::Result<Option<Piece>> {
        let (content, chunk) = match supply {
            Supply::Memory(octets) if octets.is_empty() => return Ok(Some(Piece::End)),
            // What is checked is written while the cache has it.
            Supply::Memory(octets) => {
                let chunk = octets.split_to(CHUNK.min(octets.len()));
                return Ok(Some(Piece::Chunk(chunk)));
            }
            Supply::Read(content, chunk) => (content, chunk),
        };
        if chunk.capacity() == 0 {
            if self.conn.transmit().has_remaining() {
                self.flush().await?;
                return Ok(None);
            }
            // The same octets again, now that they are written.
            chunk.reserve(BLOCK);
        }
        poll_fn(|cx| {
            let mut room = (&mut *chunk).limit(CHUNK);
            // The future holds nothing but its arguments, so a new one each time is the same.
            let read = match pin!(content.read_buf(&mut room)).poll(cx) {
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
