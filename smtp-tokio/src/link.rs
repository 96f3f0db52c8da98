//! A stream and a machine, put together: octets in, octets out, and the clock beside them.
//!
//! A deadline starts anew only when the machine's generation changes, so a peer that trickles
//! octets gains no time.

use crate::tls::{Stream, within};
use bytes::Buf;
use smtp_adapter::Machine;
use smtp_proto::Wait;
use std::future::{Future, poll_fn};
use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::TlsStream;
use zeroize::Zeroize;

/// Octets of commands or replies read at a time.
const READ: usize = 4 * 1024;

/// The stream of a connection.
#[derive(Debug)]
pub(crate) struct Link<S> {
    pub(crate) stream: Stream<S>,
    /// What was written may still be held back by TLS.
    unflushed: bool,
    timer: Timer,
    /// The generation of the wait that was on when something was last read.
    read_in: Option<u64>,
    /// Nothing was written since.
    unanswered: bool,
    acknowledge: Option<fn(&S)>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    pub(crate) fn new(stream: Stream<S>) -> Self {
        Self {
            stream,
            unflushed: false,
            timer: Timer::default(),
            read_in: None,
            unanswered: false,
            acknowledge: None,
        }
    }

    /// Has `acknowledge` called whenever there is more to be read and nothing to be written: the peer's
    /// system may hold the rest back until what came is acknowledged (RFC 896), and ours wait with that
    /// for something to be written (RFC 1122 §4.2.3.2).
    pub(crate) fn acknowledge_by(&mut self, acknowledge: Option<fn(&S)>) {
        self.acknowledge = acknowledge;
    }

    /// Lets `handshake` put the stream under TLS, for as long as the machine waits for that.
    pub(crate) async fn secure<H>(
        &mut self,
        conn: &mut impl Machine,
        handshake: impl FnOnce(S) -> H,
    ) -> io::Result<()>
    where
        H: Future<Output = io::Result<TlsStream<S>>>,
    {
        let mut handshake = pin!(handshake(self.take()?));
        let secured = poll_fn(|cx| match handshake.as_mut().poll(cx) {
            Poll::Pending => self
                .timer
                .poll(conn, cx)
                .map(|()| Err(io::ErrorKind::TimedOut.into())),
            done @ Poll::Ready(_) => done,
        });
        self.stream = secured.await?.into();
        Ok(())
    }

    /// As [`secure`](Self::secure), before the machine begins to wait.
    pub(crate) async fn secure_within<H>(
        &mut self,
        patience: Duration,
        handshake: impl FnOnce(S) -> H,
    ) -> io::Result<()>
    where
        H: Future<Output = io::Result<TlsStream<S>>>,
    {
        self.stream = within(patience, handshake(self.take()?)).await?.into();
        Ok(())
    }

    /// The stream in clear, for a handshake.
    fn take(&mut self) -> io::Result<S> {
        match mem::replace(&mut self.stream, Stream::Gone) {
            Stream::Clear(stream) => Ok(stream),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Reads some input, or learns that there is no more, or that the wait for it is over.
    pub(crate) fn poll_fill(
        &mut self,
        conn: &mut impl Machine,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let wait = conn.timeout().map(|timeout| timeout.generation);
        // What came last got nothing on; a peer that is quick enough might have more of it for ever.
        if wait.is_some() && wait == self.read_in && self.timer.poll(conn, cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        match self.poll_read(conn, cx) {
            Poll::Pending => {
                let waits = mem::take(&mut self.unanswered);
                if let Some(acknowledge) = self.acknowledge.filter(|_| waits)
                    && let Some(carrier) = self.stream.carrier()
                {
                    acknowledge(carrier);
                }
                conn.shrink();
                self.timer.poll(conn, cx).map(Ok)
            }
            done @ Poll::Ready(_) => {
                self.read_in = wait;
                done
            }
        }
    }

    fn poll_read(&mut self, conn: &mut impl Machine, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unflushed
            && let Poll::Ready(flushed) = self.poll_through(cx)
        {
            flushed?;
        }
        let room = conn.room();
        if room == 0 {
            return Poll::Pending;
        }
        let wait = conn.timeout().map(|timeout| timeout.wait);
        let read = if wait == Some(Wait::Body) {
            let mut buffer = conn.receive_buf();
            // The future holds nothing but its arguments, so a new one each time is the same.
            ready!(pin!(self.stream.read_buf(&mut buffer)).poll(cx))?
        } else {
            // A peer that is silent has no buffer: what it says is copied out of this one.
            let mut space = [MaybeUninit::uninit(); READ];
            let mut buffer = ReadBuf::uninit(&mut space[..room.min(READ)]);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            let taken = conn.receive(buffer.filled());
            if conn.holds_secret() {
                buffer.filled_mut().zeroize();
            }
            taken
        };
        if read == 0 {
            conn.receive_eof();
        }
        self.unanswered = true;
        Poll::Ready(Ok(()))
    }

    /// Writes everything out, or as much as goes, or learns that the wait for that is over.
    pub(crate) fn poll_flush(
        &mut self,
        conn: &mut impl Machine,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut got_on = false;
        while conn.transmit().has_remaining() {
            let write = pin!(self.stream.write_buf(conn.transmit()));
            match write.poll(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(_)) => {
                    got_on = true;
                    self.unflushed = true;
                    self.unanswered = false;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // The machine has to see how far it got, or its wait isn't for the next block.
                Poll::Pending if got_on => return Poll::Ready(Ok(())),
                Poll::Pending => return self.timer.poll(conn, cx).map(Ok),
            }
        }
        match self.poll_through(cx) {
            // The machine has said all it has to; what TLS still holds goes as the stream is closed.
            Poll::Pending if conn.timeout().is_none() => Poll::Ready(Ok(())),
            Poll::Pending => self.timer.poll(conn, cx).map(Ok),
            done @ Poll::Ready(_) => done,
        }
    }

    fn poll_through(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(pin!(self.stream.flush()).poll(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    /// As [`poll_flush`](Self::poll_flush), and done as well once something was read: a peer that
    /// isn't read may stop reading (RFC 2920 §3.1), and one that is gone may have said why.
    pub(crate) fn poll_flush_or_read(
        &mut self,
        conn: &mut impl Machine,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match self.poll_flush(conn, cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Pending => self.poll_read(conn, cx),
            failed @ Poll::Ready(Err(_)) => match self.poll_read(conn, cx) {
                Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
                _ => failed,
            },
        }
    }
}

/// The deadline of the wait that is on.
#[derive(Debug, Default)]
struct Timer {
    /// The wait's generation, and when it runs out.
    wait: Option<(u64, Instant)>,
    /// Wakes the task then or earlier: most waits are over long before their deadlines, and to move it each
    /// time costs more than to be woken in vain once in a while.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Ready once the wait that the machine is in has run out and the machine knows.
    fn poll(&mut self, conn: &mut impl Machine, cx: &mut Context<'_>) -> Poll<()> {
        let Some(timeout) = conn.timeout() else {
            return Poll::Pending;
        };
        let now = Instant::now();
        let deadline = match self.wait {
            Some((generation, deadline)) if generation == timeout.generation => deadline,
            _ => {
                // Some waits are configured never to end; the clock doesn't go that far.
                let Some(deadline) = now.checked_add(timeout.after) else {
                    return Poll::Pending;
                };
                self.wait = Some((timeout.generation, deadline));
                deadline
            }
        };
        if now < deadline {
            ready!(self.poll_sleep(deadline, cx));
        }
        conn.handle_timeout(timeout);
        Poll::Ready(())
    }

    fn poll_sleep(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        ready!(sleep.as_mut().poll(cx));
        if sleep.deadline() < deadline {
            sleep.as_mut().reset(deadline);
            ready!(sleep.as_mut().poll(cx));
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smtp_proto::client::{Config, Connection};
    use smtp_proto::{Hello, client};
    use std::cell::Cell;
    use std::sync::Arc;
    use tokio::io::{DuplexStream, duplex};

    thread_local! {
        static CALLS: Cell<u32> = const { Cell::new(0) };
    }

    fn count(_: &DuplexStream) {
        CALLS.set(CALLS.get() + 1);
    }

    #[tokio::test]
    async fn what_came_is_acknowledged_once_while_the_rest_of_it_is_waited_for() {
        let (ours, mut theirs) = duplex(1024);
        let hello = Hello::ehlo("client.example").unwrap();
        let mut conn = Connection::new(Arc::new(Config::new(hello)));
        let mut link = Link::new(Stream::Clear(ours));
        link.acknowledge_by(Some(count));
        let mut calls = Vec::new();
        for part in ["", "2", "", "20"] {
            theirs.write_all(part.as_bytes()).await.unwrap();
            // Once it is read, another look finds nothing.
            for _ in 0..2 {
                assert!(matches!(conn.poll(), Ok(client::Event::NeedInput)));
                let _ = poll_fn(|cx| Poll::Ready(link.poll_fill(&mut conn, cx))).await;
            }
            calls.push(CALLS.get());
        }
        assert_eq!(calls, [0, 1, 1, 2]);
    }
}
