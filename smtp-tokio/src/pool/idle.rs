//! Connections that nobody uses: kept for the next message, or left when their time is over.
//!
//! They are sorted by how long they have been idle. The latest is used next, so that those there are
//! too many of come to their end; the task that leaves them takes a place for it, as a message does, and
//! isn't there while none is idle.

use super::content::{Content, Octets};
use crate::{Client, Error, ErrorKind};
use smtp_proto::Envelope;
use smtp_proto::client::{Closed, Delivery, Event, Report};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, unconstrained};
use tokio::time::{Instant, sleep};

/// A connection, and how many messages it was used for.
pub(super) struct Used<S> {
    pub(super) client: Client<S>,
    pub(super) messages: u32,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Used<S> {
    pub(super) fn new(client: Client<S>) -> Self {
        Self {
            client,
            messages: 0,
        }
    }

    pub(super) async fn send(
        &mut self,
        envelope: Envelope,
        octets: &Octets<impl Content>,
    ) -> Result<Report, Error> {
        let unreadable = |error| Error::new(ErrorKind::Content(error), Delivery::NotAccepted);
        match octets {
            Octets::Opened(content) => {
                let content = content.open().await.map_err(unreadable)?;
                self.messages = self.messages.saturating_add(1);
                self.client.send(envelope, content).await
            }
            Octets::Memory(octets) => {
                self.messages = self.messages.saturating_add(1);
                self.client.send_bytes(envelope, octets.clone()).await
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Whether a message can be sent by it, as far as can be seen from here: it asks the socket, not the
    /// server.
    pub(super) async fn is_idle(&mut self) -> bool {
        // A task that has used up its turn would be told that there is nothing to read.
        unconstrained(poll_fn(|cx| Poll::Ready(self.poll_idle(cx)))).await
    }

    fn poll_idle(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            if self.conn.delivery() != Delivery::Idle {
                return false;
            }
            // What is left of a refused message goes out before the next one.
            let Ok(Event::Ready(_) | Event::Flush) = self.conn.poll() else {
                return false;
            };
            match self.link.poll_fill(&mut self.conn, cx) {
                Poll::Pending => return true,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return false,
            }
        }
    }

    /// Whether the message has no other reply than that the server closes the connection.
    pub(super) fn is_lost_by(&mut self, report: &Report) -> bool {
        let Ok(Event::Closed(Closed::Server(last))) = self.conn.poll() else {
            return false;
        };
        let is_the_refusal = report.end().is_some_and(|(_, reply)| *reply == last);
        is_the_refusal && !report.is_accepted()
    }
}

/// The idle connections of a pool.
pub(super) struct Idle<S> {
    places: Arc<Semaphore>,
    limit: Duration,
    list: Mutex<List<S>>,
}

struct List<S> {
    since: VecDeque<(Instant, Used<S>)>,
    reaper: Option<AbortHandle>,
}

impl<S> Drop for List<S> {
    fn drop(&mut self) {
        if let Some(reaper) = &self.reaper {
            reaper.abort();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Idle<S> {
    pub(super) fn new(places: Arc<Semaphore>, limit: Duration) -> Self {
        let list = List {
            since: VecDeque::new(),
            reaper: None,
        };
        Self {
            places,
            limit,
            list: Mutex::new(list),
        }
    }

    fn list(&self) -> MutexGuard<'_, List<S>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The latest of those that the server hasn't left.
    pub(super) async fn take(&self) -> Option<Used<S>> {
        loop {
            let (_, mut used) = self.list().since.pop_back()?;
            if used.client.is_idle().await {
                return Some(used);
            }
        }
    }

    /// Keeps it for the next message.
    pub(super) fn put(self: &Arc<Self>, used: Used<S>) {
        let mut list = self.list();
        list.since.push_back((Instant::now(), used));
        // One may have ended with its runtime.
        if list.reaper.as_ref().is_none_or(AbortHandle::is_finished) {
            let reaper = tokio::spawn(reap(Arc::downgrade(self), Arc::clone(&self.places)));
            list.reaper = Some(reaper.abort_handle());
        }
    }

    /// How long until the time of the first is over; none is idle where there is no such time.
    fn wait(&self) -> Option<Duration> {
        let mut list = self.list();
        let Some((since, _)) = list.since.front() else {
            list.reaper = None;
            return None;
        };
        Some(self.limit.saturating_sub(since.elapsed()))
    }

    /// The first, if its time is over.
    fn take_expired(&self) -> Option<Used<S>> {
        let since = &mut self.list().since;
        since
            .front()
            .filter(|(since, _)| since.elapsed() >= self.limit)?;
        since.pop_front().map(|(_, used)| used)
    }
}

/// Leaves connections as their time is over, for as long as there are any.
async fn reap<S>(idle: Weak<Idle<S>>, places: Arc<Semaphore>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Nothing of the pool is held while it sleeps.
    while let Some(wait) = idle.upgrade().and_then(|idle| idle.wait()) {
        sleep(wait).await;
        let Ok(_place) = places.acquire().await else {
            return;
        };
        if let Some(used) = idle.upgrade().and_then(|idle| idle.take_expired()) {
            let _ = used.client.quit().await;
        }
    }
}
