//! What has become of messages that are under way at the same time.
//!
//! Which messages those are is for the caller to say, as they begin. Events are about the oldest one whose
//! end isn't known, and a connection that is lost is lost to all of those.

use super::{Delivery, Event, Report, SendError};
use crate::envelope::Envelope;
use alloc::collections::VecDeque;

/// The reports of messages under way, oldest first, for whoever begins one before the last is answered, by
/// [`Body::finish_then`](super::Body::finish_then); and for whoever doesn't.
///
/// `E` is the caller's: why a message has no report.
///
/// ```
/// use smtp_proto::Envelope;
/// use smtp_proto::client::{Connection, Delivery, Event, Report, Reports, SendError};
///
/// enum Unsent {
///     Unfit(SendError),
///     Lost(Delivery),
/// }
///
/// impl From<SendError> for Unsent {
///     fn from(error: SendError) -> Self {
///         Self::Unfit(error)
///     }
/// }
///
/// /// Sends the same text by each envelope, and gives what became of each that it took.
/// fn send(
///     conn: &mut Connection,
///     envelopes: &mut impl Iterator<Item = Envelope>,
///     text: &'static str,
/// ) -> Vec<Result<Report, Unsent>> {
///     let mut reports = Reports::default();
///     let mut results = Vec::new();
///     let mut rest = "";
///     loop {
///         results.extend(std::iter::from_fn(|| reports.pop()));
///         match conn.poll().map(|event| reports.note(event)) {
///             Ok(None) => {}
///             Ok(Some(Event::Ready(ready))) => match envelopes.next() {
///                 Some(envelope) => {
///                     rest = text;
///                     reports.begin(envelope, |envelope| ready.send(envelope));
///                 }
///                 None => return results,
///             },
///             Ok(Some(Event::Body(body))) if rest.is_empty() => match envelopes.next() {
///                 Some(envelope) => {
///                     rest = text;
///                     reports.begin(envelope, |envelope| body.finish_then(envelope));
///                 }
///                 None => body.finish(),
///             },
///             Ok(Some(Event::Body(body))) => body.send(std::mem::take(&mut rest)),
///             Ok(Some(Event::NeedInput)) => { /* read into `conn` */ }
///             Ok(Some(Event::Flush)) => { /* write `conn.transmit()` out */ }
///             Ok(Some(_)) | Err(_) => {
///                 reports.lose(conn.deliveries(), Unsent::Lost);
///                 results.extend(std::iter::from_fn(|| reports.pop()));
///                 return results;
///             }
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Reports<E> {
    messages: VecDeque<Result<Report, E>>,
    /// Why the newest one will have no end.
    broken_off: Option<E>,
}

impl<E> Default for Reports<E> {
    fn default() -> Self {
        Self {
            messages: VecDeque::new(),
            broken_off: None,
        }
    }
}

impl<E> Reports<E> {
    /// A message is the next one to be reported of. `send` has it begin; one that can't be sent has that
    /// error, and stands in its place.
    pub fn begin(
        &mut self,
        envelope: Envelope,
        send: impl FnOnce(Envelope) -> Result<(), SendError>,
    ) where
        E: From<SendError>,
    {
        let report = Report::new(&envelope);
        let begun = send(envelope);
        self.messages
            .push_back(begun.map(|()| report).map_err(E::from));
    }

    /// Notes [`Event::Recipient`], [`Event::Delivered`], [`Event::Sent`] and [`Event::Refused`], and gives
    /// any other event back, and these where no message is under way.
    pub fn note<'c>(&mut self, event: Event<'c>) -> Option<Event<'c>> {
        let Some(report) = self.under_way().find_map(|message| message.as_mut().ok()) else {
            return Some(event);
        };
        match event {
            Event::Recipient { index, reply } => report.note_recipient(index, reply),
            Event::Delivered { index, reply } => report.note_delivered(index, reply),
            Event::Sent { reply } => report.note_sent(reply),
            Event::Refused { at, reply } => report.note_refused(at, reply),
            other => return Some(other),
        }
        None
    }

    /// The newest message has no end, as its content can't be read any further: tell that beside
    /// [`Body::abort`](super::Body::abort). Those before it are answered first, and so is this one if it
    /// was refused meanwhile; [`lose`](Self::lose) has it end with `why`.
    pub fn break_off(&mut self, why: E) {
        self.broken_off = Some(why);
    }

    /// The connection is lost, and
    /// [`Connection::deliveries`](super::Connection::deliveries) says what is known of each message under
    /// way. `why` gives the error that each ends with, asked for the oldest first.
    pub fn lose(
        &mut self,
        mut deliveries: impl Iterator<Item = Delivery>,
        mut why: impl FnMut(Delivery) -> E,
    ) {
        let mut broken_off = self.broken_off.take();
        let mut under_way = self.under_way().peekable();
        while let Some(message) = under_way.next() {
            let delivery = deliveries.next().unwrap_or(Delivery::Unknown);
            let is_newest = under_way.peek().is_none();
            let own = broken_off.take_if(|_| is_newest);
            *message = Err(own.unwrap_or_else(|| why(delivery)));
        }
    }

    /// What became of the oldest message, once that is known; each is given once, in their order.
    pub fn pop(&mut self) -> Option<Result<Report, E>> {
        self.messages.front().filter(|message| is_known(message))?;
        self.messages.pop_front()
    }

    /// Whether what became of every message has been given.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    fn under_way(&mut self) -> impl Iterator<Item = &mut Result<Report, E>> {
        self.messages
            .iter_mut()
            .filter(|message| !is_known(message))
    }
}

fn is_known<E>(message: &Result<Report, E>) -> bool {
    message
        .as_ref()
        .map_or(true, |report| report.end().is_some())
}
