//! A client: one connection, messages one after another.

use crate::connect::Connect;
use crate::link::Link;
use crate::pieces::Pieces;
use crate::{Error, ErrorKind};
use bytes::{Buf, Bytes};
use smtp_adapter::{Outgoing, Step};
use smtp_proto::client::{Connection, Event, Report};
use smtp_proto::{Capabilities, Command, Envelope, Reply};
use std::io::Read;
use std::iter;
use std::net::ToSocketAddrs;

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
    pub(crate) conn: Connection,
    pub(crate) link: Link,
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
        self.send_one(envelope, Pieces::new(content))
    }

    /// As [`send`](Self::send), of a message that is all in memory: it is written from where it stands.
    ///
    /// ```no_run
    /// # use smtp_blocking::{Client, Envelope, Error, Report};
    /// # fn f(mut client: Client, envelope: Envelope, text: String) -> Result<Report, Error> {
    /// client.send_bytes(envelope, text)
    /// # }
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn send_bytes(
        &mut self,
        envelope: Envelope,
        content: impl Into<Bytes>,
    ) -> Result<Report, Error> {
        self.send_one(envelope, Pieces::of(content.into()))
    }

    fn send_one(&mut self, envelope: Envelope, pieces: Pieces<impl Read>) -> Result<Report, Error> {
        let mut message = iter::once((envelope, pieces));
        let sent = self.send_on(&mut Outgoing::default(), &mut message);
        sent.unwrap_or_else(|| Err(self.error(ErrorKind::Interrupted)))
    }

    /// What became of the next of the messages; `None` if there is none.
    pub(crate) fn send_on<R: Read>(
        &mut self,
        outgoing: &mut Outgoing<Pieces<R>>,
        messages: &mut impl Iterator<Item = (Envelope, Pieces<R>)>,
    ) -> Option<Result<Report, Error>> {
        loop {
            let moved = match outgoing.poll(&mut self.conn, messages) {
                // Before a read that may take its time, what there is goes out.
                Step::Read(_) if self.conn.transmit().has_remaining() => {
                    self.link.flush(&mut self.conn)
                }
                Step::Read(pieces) => {
                    pieces.read();
                    Ok(())
                }
                Step::Input => self.link.fill(&mut self.conn),
                Step::Flush => self.link.flush(&mut self.conn),
                Step::Done(result) => return result,
            };
            moved.unwrap_or_else(|error| outgoing.lose(&self.conn, error.into()));
        }
    }

    /// Says a command that stands by itself, VRFY, EXPN, HELP, NOOP, ETRN, XCLIENT, XFORWARD or one of
    /// your own, and gives the reply, whatever it says.
    ///
    /// ```no_run
    /// use smtp_blocking::smtp_proto::{Command, command::Argument};
    /// # use smtp_blocking::Client;
    /// # fn f(mut client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let reply = client.command(&Command::Vrfy(Argument::try_from("ann")?))?;
    /// println!("{reply}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Send`] for a command that doesn't stand by itself or that the server doesn't offer;
    /// nothing was said then. Any other ends the connection.
    pub fn command(&mut self, command: &Command<'_>) -> Result<Reply, Error> {
        let answered = self.query(command);
        answered.map_err(|kind| self.error(kind))
    }

    fn query(&mut self, command: &Command<'_>) -> Result<Reply, ErrorKind> {
        let mut said = false;
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) if !said => {
                    said = true;
                    ready.command(command)?;
                }
                Event::Reply { reply, .. } => return Ok(reply),
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

    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.conn.delivery())
    }
}
