//! Messages on their way over one connection, each begun in one flight with the end of the one before.
//!
//! The core says how many may be under way, what the replies mean, and what has become of each; here is
//! where their octets come from.

use crate::client::{Piece, Supply};
use crate::{Client, Error, ErrorKind};
use smtp_proto::Envelope;
use smtp_proto::client::{Delivery, Event, Report, Reports, SendError};
use smtp_proto::extension::TransId;
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) struct Sending<R> {
    reports: Reports<Error>,
    /// The newest one's content, and what was read of it.
    supply: Option<Supply<R>>,
    piece: Option<Piece>,
    /// The connection is lost.
    lost: bool,
}

impl<R> Default for Sending<R> {
    fn default() -> Self {
        Self {
            reports: Reports::default(),
            supply: None,
            piece: None,
            lost: false,
        }
    }
}

impl<R: AsyncRead + Unpin> Sending<R> {
    /// What became of the next of the messages; `None` if there is none. Dropped midway, it can be
    /// called again.
    pub(crate) async fn next<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        client: &mut Client<S>,
        messages: &mut impl Iterator<Item = (Envelope, Supply<R>)>,
    ) -> Option<Result<Report, Error>> {
        loop {
            if let Some(result) = self.reports.pop() {
                return Some(result);
            }
            if self.lost {
                return None;
            }
            match self.step(client, messages).await {
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
    async fn step<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        client: &mut Client<S>,
        messages: &mut impl Iterator<Item = (Envelope, Supply<R>)>,
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
            Event::Body(body) => match (self.piece.take(), &mut self.supply) {
                (None, Some(supply)) => self.piece = client.read_on(supply).await?,
                (Some(Piece::Chunk(octets)), _) => body.send(octets),
                (Some(Piece::End), _) => match messages.next() {
                    Some(message) => self.begin(message, |envelope| body.finish_then(envelope)),
                    None => body.finish(),
                },
                (Some(Piece::Failed(error)), _) => {
                    body.abort();
                    let kind = ErrorKind::Content(error);
                    self.reports
                        .break_off(Error::new(kind, Delivery::NotAccepted));
                }
                (None, None) => return Err(ErrorKind::Interrupted),
            },
            Event::NeedInput => client.fill().await?,
            Event::Flush => client.flush().await?,
            Event::Closed(closed) => return Err(closed.into()),
            _ => return Err(ErrorKind::Interrupted),
        }
        Ok(true)
    }

    fn begin(
        &mut self,
        (envelope, mut supply): (Envelope, Supply<R>),
        send: impl FnOnce(Envelope) -> Result<(), SendError>,
    ) {
        // What broke off isn't taken up again: nobody has said that the content can be.
        self.reports.begin(envelope.without::<TransId<'_>>(), send);
        // What was read of one that was refused is nobody's.
        self.piece = None;
        if let (Supply::Read(_, room), Some(Supply::Read(_, used))) =
            (&mut supply, self.supply.take())
        {
            *room = used;
            room.clear();
        }
        self.supply = Some(supply);
    }
}
