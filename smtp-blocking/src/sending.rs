//! Messages on their way over one connection, each begun in one flight with the end of the one before.
//!
//! The core says how many may be under way, what the replies mean, and what has become of each; here is
//! where their octets come from.

use crate::pieces::Pieces;
use crate::{Client, Error, ErrorKind};
use bytes::Buf;
use smtp_proto::Envelope;
use smtp_proto::client::{Delivery, Event, Report, Reports, SendError};
use smtp_proto::extension::TransId;
use std::io::Read;

pub(crate) struct Sending<R> {
    reports: Reports<Error>,
    /// The newest one's content.
    pieces: Option<Pieces<R>>,
    /// The connection is lost.
    lost: bool,
}

impl<R> Default for Sending<R> {
    fn default() -> Self {
        Self {
            reports: Reports::default(),
            pieces: None,
            lost: false,
        }
    }
}

impl<R: Read> Sending<R> {
    /// What became of the next of the messages; `None` if there is none.
    pub(crate) fn next(
        &mut self,
        client: &mut Client,
        messages: &mut impl Iterator<Item = (Envelope, Pieces<R>)>,
    ) -> Option<Result<Report, Error>> {
        loop {
            if let Some(result) = self.reports.pop() {
                return Some(result);
            }
            if self.lost {
                return None;
            }
            match self.step(client, messages) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(kind) => {
                    self.lost = true;
                    if self.reports.is_empty() {
                        // There is nobody else to be told of it.
                        let told = |_| Err(Error::new(kind, Delivery::NotAccepted));
                        return messages.next().map(told);
                    }
                    self.reports
                        .lose(client.conn.deliveries(), Error::lost(kind));
                }
            }
        }
    }

    /// One thing to be done; `false` if there is none.
    fn step(
        &mut self,
        client: &mut Client,
        messages: &mut impl Iterator<Item = (Envelope, Pieces<R>)>,
    ) -> Result<bool, ErrorKind> {
        if self.reports.is_empty() && client.conn.delivery() != Delivery::Idle {
            return Err(ErrorKind::Interrupted);
        }
        let Some(event) = self.reports.note(client.conn.poll()?) else {
            return Ok(true);
        };
        match event {
            Event::Ready(ready) => match messages.next() {
                Some(message) => self.begin(message, |envelope| ready.send(envelope)),
                None => return Ok(false),
            },
            Event::Body(body) => match &mut self.pieces {
                Some(pieces) if !pieces.is_at_hand() => {
                    // Before a read that may take its time, what there is goes out.
                    if client.conn.transmit().has_remaining() {
                        client.link.flush(&mut client.conn)?;
                    } else {
                        pieces.read();
                    }
                }
                Some(pieces) => match pieces.take() {
                    Ok(piece) if !piece.is_empty() => body.send(piece),
                    Ok(_) => match messages.next() {
                        Some(message) => self.begin(message, |envelope| body.finish_then(envelope)),
                        None => body.finish(),
                    },
                    Err(error) => {
                        body.abort();
                        let kind = ErrorKind::Content(error);
                        self.reports
                            .break_off(Error::new(kind, Delivery::NotAccepted));
                    }
                },
                None => return Err(ErrorKind::Interrupted),
            },
            Event::NeedInput => client.link.fill(&mut client.conn)?,
            Event::Flush => client.link.flush(&mut client.conn)?,
            Event::Closed(closed) => return Err(closed.into()),
            _ => return Err(ErrorKind::Interrupted),
        }
        Ok(true)
    }

    fn begin(
        &mut self,
        (envelope, pieces): (Envelope, Pieces<R>),
        send: impl FnOnce(Envelope) -> Result<(), SendError>,
    ) {
        // What broke off isn't taken up again: nobody has said that the content can be.
        self.reports.begin(envelope.without::<TransId<'_>>(), send);
        // What was read of one that was refused is nobody's.
        self.pieces = Some(pieces);
    }
}
