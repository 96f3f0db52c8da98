//! The messages that a client sends over one connection, each begun in one flight with the end of the one
//! before.

use crate::{Error, ErrorKind};
use bytes::Bytes;
use smtp_proto::Envelope;
use smtp_proto::client::{Connection, Delivery, Event, Report, Reports, SendError};
use smtp_proto::extension::TransId;
use std::io;

/// Octets of a message that are checked at once, and written while the cache has them.
const CHUNK: usize = 64 * 1024;

/// Where the octets of a message come from.
pub trait Content {
    /// The next of them, none at the end; `None` if they are to be read first.
    ///
    /// # Errors
    /// If they can't be read.
    fn take(&mut self) -> Option<io::Result<Bytes>>;

    /// Takes over what may be used again of the message before.
    fn succeed(&mut self, before: Self);
}

/// All that is left of it.
impl Content for Bytes {
    fn take(&mut self) -> Option<io::Result<Bytes>> {
        Some(Ok(self.split_to(self.len().min(CHUNK))))
    }

    fn succeed(&mut self, _: Self) {}
}

/// Messages on their way: what is to be done next for them, and what became of each.
///
/// ```
/// use smtp_adapter::{Error, Outgoing, Step, bytes::Bytes};
/// use smtp_proto::{Envelope, client::{Connection, Report}};
///
/// /// Sends one message by a connection that is greeted and introduced.
/// fn send(conn: &mut Connection, envelope: Envelope, content: Bytes) -> Option<Result<Report, Error>> {
///     let mut messages = [(envelope, content)].into_iter();
///     let mut outgoing = Outgoing::default();
///     loop {
///         let done = match outgoing.poll(conn, &mut messages) {
///             Step::Read(_) => Ok(()), // never: it is all there
///             Step::Input => { /* read into `conn` */ Ok(()) }
///             Step::Flush => { /* write `conn.transmit()` out */ Ok(()) }
///             Step::Done(result) => return result,
///         };
///         done.unwrap_or_else(|kind| outgoing.lose(conn, kind));
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Outgoing<C> {
    reports: Reports<Error>,
    /// The newest one's.
    content: Option<C>,
    /// The connection is lost.
    lost: bool,
    /// Why it is, while nobody has been told.
    untold: Option<ErrorKind>,
}

/// What is next of the messages under way.
#[derive(Debug)]
pub enum Step<'c, C> {
    /// This content is to be read, and output written meanwhile.
    Read(&'c mut C),
    /// Input is needed first.
    Input,
    /// Output is to be written first.
    Flush,
    /// What became of the next message, in their order; `None` if there is none.
    Done(Option<Result<Report, Error>>),
}

/// What the connection needs to get on.
enum Need {
    Nothing,
    Content,
    Input,
    Output,
    Message,
}

impl<C> Default for Outgoing<C> {
    fn default() -> Self {
        Self {
            reports: Reports::default(),
            content: None,
            lost: false,
            untold: None,
        }
    }
}

impl<C: Content> Outgoing<C> {
    /// What is next. `messages` is asked for another one before the end of the last is sent.
    pub fn poll(
        &mut self,
        conn: &mut Connection,
        messages: &mut impl Iterator<Item = (Envelope, C)>,
    ) -> Step<'_, C> {
        let need = loop {
            if let Some(result) = self.reports.pop() {
                return Step::Done(Some(result));
            }
            if self.lost {
                let told = |kind| Err(Error::new(kind, Delivery::NotAccepted));
                let untold = self.untold.take();
                return Step::Done(untold.and_then(|kind| messages.next().map(|_| told(kind))));
            }
            match self.step(conn, messages) {
                Ok(Need::Nothing) => {}
                Ok(need) => break need,
                Err(kind) => self.lose(conn, kind),
            }
        };
        match (need, &mut self.content) {
            (Need::Content, Some(content)) => Step::Read(content),
            (Need::Input, _) => Step::Input,
            (Need::Output, _) => Step::Flush,
            _ => Step::Done(None),
        }
    }

    /// The connection can't be used any more: each message under way ends with an error, the oldest with
    /// this one. Where none is, the next one does, not begun.
    pub fn lose(&mut self, conn: &Connection, kind: ErrorKind) {
        self.lost = true;
        if self.reports.is_empty() {
            self.untold = Some(kind);
        } else {
            self.reports.lose(conn.deliveries(), Error::lost(kind));
        }
    }

    fn step(
        &mut self,
        conn: &mut Connection,
        messages: &mut impl Iterator<Item = (Envelope, C)>,
    ) -> Result<Need, ErrorKind> {
        if self.reports.is_empty() && conn.delivery() != Delivery::Idle {
            return Err(ErrorKind::Interrupted);
        }
        let Some(event) = self.reports.note(conn.poll()?) else {
            return Ok(Need::Nothing);
        };
        match event {
            Event::Ready(ready) => match messages.next() {
                Some(message) => self.begin(message, |envelope| ready.send(envelope)),
                None => return Ok(Need::Message),
            },
            Event::Body(body) => {
                let content = self.content.as_mut().ok_or(ErrorKind::Interrupted)?;
                match content.take() {
                    None => return Ok(Need::Content),
                    Some(Ok(octets)) if !octets.is_empty() => body.send(octets),
                    Some(Ok(_)) => match messages.next() {
                        Some(message) => self.begin(message, |envelope| body.finish_then(envelope)),
                        None => body.finish(),
                    },
                    Some(Err(error)) => {
                        body.abort();
                        let kind = ErrorKind::Content(error);
                        self.reports
                            .break_off(Error::new(kind, Delivery::NotAccepted));
                    }
                }
            }
            Event::NeedInput => return Ok(Need::Input),
            Event::Flush => return Ok(Need::Output),
            Event::Closed(closed) => return Err(closed.into()),
            _ => return Err(ErrorKind::Interrupted),
        }
        Ok(Need::Nothing)
    }

    fn begin(
        &mut self,
        (envelope, mut content): (Envelope, C),
        send: impl FnOnce(Envelope) -> Result<(), SendError>,
    ) {
        // What broke off isn't taken up again: nobody has said that the content can be.
        self.reports.begin(envelope.without::<TransId<'_>>(), send);
        // What was read of one that was refused is nobody's.
        if let Some(before) = self.content.take() {
            content.succeed(before);
        }
        self.content = Some(content);
    }
}
