//! Several messages over one connection, each begun in one flight with the end of the one before.
//!
//! The core says how many may be under way, and what the replies mean; here is which messages those are,
//! oldest first, and what has become of each.

use crate::Client;
use crate::error::{Error, ErrorKind};
use crate::pieces::Pieces;
use bytes::Buf;
use smtp_proto::Envelope;
use smtp_proto::client::{Delivery, Event, Report, SendError};
use smtp_proto::extension::TransId;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};

impl Client {
    /// Sends one message after the other, each an envelope and where its content is read from. To a server
    /// that offers PIPELINING the next one begins before the last is answered, which saves a round trip a
    /// message and more; [`Config::unanswered`](smtp_proto::client::Config::unanswered) says how many may
    /// be on their way so.
    ///
    /// `messages` is asked for the next one before the end of the last is sent, so it must not wait for one
    /// to come: a queue says `None` when it is empty, as a channel's `try_iter` does, and is asked again
    /// once everything is answered.
    ///
    /// ```no_run
    /// use smtp_blocking::{Client, Delivery, Envelope};
    /// # fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut client = Client::connect("127.0.0.1:2525")?;
    /// let mut messages = Vec::new();
    /// for name in ["ann", "bob"] {
    ///     let envelope = Envelope::new("joe@example.com", [format!("{name}@example.org")])?;
    ///     messages.push((envelope, &b"Subject: hello\r\n\r\nHello.\r\n"[..]));
    /// }
    /// for result in client.send_all(messages) {
    ///     match result {
    ///         Ok(report) => println!("accepted by all: {}", report.is_accepted_by_all()),
    ///         Err(error) if error.delivery() == Delivery::Unknown => {
    ///             println!("sent again, it may come twice: {error}");
    ///         }
    ///         Err(error) => println!("to be sent later: {error}"),
    ///     }
    /// }
    /// client.quit()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_all<I, R>(&mut self, messages: I) -> SendAll<'_, I::IntoIter, R>
    where
        I: IntoIterator<Item = (Envelope, R)>,
        R: Read,
    {
        SendAll {
            client: self,
            messages: Some(messages.into_iter()),
            begun: VecDeque::new(),
            pieces: None,
            unreadable: None,
        }
    }
}

/// Messages that are sent one after the other, by [`Client::send_all`]: an iterator over what became of
/// each, in their order, one result for each that was taken. Refusals are no errors, as for
/// [`Client::send`].
///
/// [`ErrorKind::Send`] if a message can't be sent to this server; the others are. Any other error ends the
/// connection: each message that was under way gets one, and with it what is known of that message,
/// [`Delivery::NotAccepted`] or [`Delivery::Unknown`]. The first has the reason, and the others
/// [`ErrorKind::Lost`]. Where none was under way the next one gets it, not begun. Those behind are left
/// where they come from.
///
/// Dropped before its end, it leaves half a message behind: the connection is then good for nothing but to
/// be dropped too.
#[must_use = "nothing is sent until its results are asked for"]
pub struct SendAll<'c, I, R> {
    client: &'c mut Client,
    /// Those to come; `None` once the connection is lost.
    messages: Option<I>,
    /// What is known so far of each that was taken from there and not told, oldest first.
    begun: VecDeque<Result<Report, Error>>,
    /// The newest one's content.
    pieces: Option<Pieces<R>>,
    /// Why there is no more of it.
    unreadable: Option<io::Error>,
}

impl<I, R> Iterator for SendAll<'_, I, R>
where
    I: Iterator<Item = (Envelope, R)>,
    R: Read,
{
    type Item = Result<Report, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.begun.front().is_some_and(is_known) {
                return self.begun.pop_front();
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(kind) => self.lose(kind),
            }
        }
    }
}

impl<I, R> SendAll<'_, I, R>
where
    I: Iterator<Item = (Envelope, R)>,
    R: Read,
{
    /// One thing to be done; `false` if there is none.
    fn step(&mut self) -> Result<bool, ErrorKind> {
        let Some(messages) = &mut self.messages else {
            return Ok(false);
        };
        if self.begun.is_empty() && self.client.conn.delivery() != Delivery::Idle {
            return Err(ErrorKind::Interrupted);
        }
        match self.client.conn.poll()? {
            Event::Ready(ready) => {
                let Some((envelope, content)) = messages.next() else {
                    return Ok(false);
                };
                let report = Report::new(&envelope);
                let begun = ready.send(envelope.without::<TransId<'_>>());
                self.note(report, content, begun);
            }
            Event::Body(body) => match &mut self.pieces {
                Some(pieces) if !pieces.is_at_hand() => {
                    // Before a read that may take its time, what there is goes out.
                    if self.client.conn.transmit().has_remaining() {
                        self.client.link.flush(&mut self.client.conn)?;
                    } else {
                        pieces.read();
                    }
                }
                Some(pieces) => match pieces.take() {
                    Ok(piece) if !piece.is_empty() => body.send(piece),
                    Ok(_) => match messages.next() {
                        Some((envelope, content)) => {
                            let report = Report::new(&envelope);
                            let begun = body.finish_then(envelope.without::<TransId<'_>>());
                            self.note(report, content, begun);
                        }
                        None => body.finish(),
                    },
                    Err(error) => {
                        body.abort();
                        self.unreadable = Some(error);
                    }
                },
                None => return Err(ErrorKind::Interrupted),
            },
            Event::Recipient { index, reply } => {
                self.oldest(|report| report.note_recipient(index, reply));
            }
            Event::Delivered { index, reply } => {
                self.oldest(|report| report.note_delivered(index, reply));
            }
            Event::Sent { reply } => self.oldest(|report| report.note_sent(reply)),
            Event::Refused { at, reply } => self.oldest(|report| report.note_refused(at, reply)),
            Event::NeedInput => self.client.link.fill(&mut self.client.conn)?,
            Event::Flush => self.client.link.flush(&mut self.client.conn)?,
            Event::Closed(closed) => return Err(closed.into()),
            _ => return Err(ErrorKind::Interrupted),
        }
        Ok(true)
    }

    /// A message was taken, and has begun unless it can't be sent.
    fn note(&mut self, report: Report, content: R, begun: Result<(), SendError>) {
        self.begun.push_back(match begun {
            Ok(()) => Ok(report),
            Err(error) => Err(Error::new(error.into(), Delivery::NotAccepted)),
        });
        // What was read of one that was refused is nobody's.
        self.pieces = Some(Pieces::new(content));
    }

    /// Events are about the oldest message that isn't known of.
    fn oldest(&mut self, note: impl FnOnce(&mut Report)) {
        if let Some(Ok(report)) = self.begun.front_mut() {
            note(report);
        }
    }

    /// The connection is lost.
    fn lose(&mut self, kind: ErrorKind) {
        let messages = self.messages.take();
        if self.begun.is_empty() {
            // There is nobody else to be told of it.
            let next = messages.and_then(|mut messages| messages.next());
            let told = next.map(|_| Err(Error::new(kind, Delivery::NotAccepted)));
            self.begun.extend(told);
            return;
        }
        let mut kind = Some(kind);
        let mut deliveries = self.client.conn.deliveries();
        let under_way = self.begun.iter_mut().filter(|message| message.is_ok());
        for message in under_way {
            let delivery = deliveries.next().unwrap_or(Delivery::Unknown);
            let kind = kind.take().unwrap_or(ErrorKind::Lost);
            *message = Err(Error::new(kind, delivery));
        }
        let newest = self.begun.back_mut();
        if let (Some(error), Some(message)) = (self.unreadable.take(), newest) {
            *message = Err(Error::new(ErrorKind::Content(error), Delivery::NotAccepted));
        }
    }
}

/// Whether what became of a message is known.
fn is_known(message: &Result<Report, Error>) -> bool {
    message
        .as_ref()
        .map_or(true, |report| report.end().is_some())
}

impl<I, R> fmt::Debug for SendAll<'_, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAll")
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}
