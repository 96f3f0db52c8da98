//! A message as it arrives, pulled by whoever wants it.

use bytes::{Buf, Bytes};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// Where a body comes from.
pub(crate) trait Source: Send {
    /// The next octets; `None` at the true, sound end, and from then on.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>>;
}

/// The octets of one message: dots unstuffed, line ends CRLF.
///
/// Nothing is read from the client until it is asked for, so a slow reader slows the client down
/// and memory stays flat. It is an [`AsyncRead`] too.
pub struct Body<'a> {
    source: &'a mut dyn Source,
    /// What [`AsyncRead`] hasn't had room for.
    rest: Bytes,
}

impl<'a> Body<'a> {
    pub(crate) fn new(source: &'a mut dyn Source) -> Self {
        Self {
            source,
            rest: Bytes::new(),
        }
    }

    /// The next octets of the message, never none; `None` only after its true, sound end.
    ///
    /// # Errors
    /// If the message is void: the client hung up or fell silent, sent an octet that can't stand
    /// in a message, or too many. What came of it must be forgotten. The error holds a
    /// [`Fault`](smtp_proto::server::Fault) where it was the client's.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Reads to the end and wants nothing of it; says how many octets there were.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn discard(&mut self) -> io::Result<u64> {
        let mut octets = 0;
        while let Some(chunk) = self.next().await? {
            octets += chunk.len() as u64;
        }
        Ok(octets)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if self.rest.is_empty() {
            self.source.poll_chunk(cx)
        } else {
            Poll::Ready(Ok(Some(std::mem::take(&mut self.rest))))
        }
    }
}

impl AsyncRead for Body<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(mut chunk) = ready!(self.poll_next(cx))? {
            let octets = chunk.len().min(buffer.remaining());
            buffer.put_slice(&chunk[..octets]);
            chunk.advance(octets);
            self.rest = chunk;
        }
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
