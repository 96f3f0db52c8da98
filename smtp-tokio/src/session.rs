//! One client's session: the core's loop, with a [`Handler`] for its policy.

use crate::ServerTls;
use crate::ask::{ask, decide};
use crate::body::{Body, Source};
use crate::handler::Handler;
use crate::link::Link;
use crate::tls::{self, Stream};
use bytes::{Buf, Bytes};
use smtp_adapter::{Incoming, Next};
use smtp_proto::server::{AuthStep, Closed, Connection, Event, Fault};
use smtp_proto::{Refusal, Secret, Wait};
use smtp_sasl::{Authenticator, ServerExchange};
use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

/// How long, and how many octets, a client that we have hung up on may go on sending: closing on
/// unread input would make TCP throw away the reply it is still to read.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_OCTETS: usize = 256 * 1024;

/// What a client can be served with beside its handler.
#[derive(Default)]
pub(crate) struct Means {
    /// TLS from the first octet, and TLS for whoever asks.
    pub(crate) implicit_tls: Option<ServerTls>,
    pub(crate) starttls: Option<ServerTls>,
    pub(crate) auth: Option<Authenticator>,
    /// How long a client waits for the greeting.
    pub(crate) pause: Duration,
}

/// Waits for a handshake, unless the server goes down: the client was promised nothing yet.
async fn unless_down<T>(
    shutdown: &mut watch::Receiver<bool>,
    handshake: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        _ = shutdown.wait_for(|down| *down) => None,
        secured = handshake => Some(secured),
    }
}

/// How a session ends that was to be under TLS from its first octet.
fn why_no_tls(error: &io::Error) -> Closed {
    Closed::Fault(match error.kind() {
        io::ErrorKind::TimedOut => Fault::TimedOut(Wait::Handshake),
        _ => Fault::Handshake,
    })
}

/// Says that nothing more will be written, and reads a little while longer.
pub(crate) async fn linger<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    let mut sink = [0; 4096];
    let drain = async {
        // Under TLS there may be more to write before that.
        stream.shutdown().await?;
        let mut left = LINGER_OCTETS;
        while left > 0 {
            match stream.read(&mut sink).await {
                Ok(0) | Err(_) => break,
                Ok(octets) => left = left.saturating_sub(octets),
            }
        }
        Ok(())
    };
    // Whoever is still sending by then won't read anything either.
    timeout(LINGER, drain).await.unwrap_or(Ok(()))
}

/// One client's session.
pub(crate) struct Driver<S> {
    conn: Connection,
    link: Link<S>,
    means: Arc<Means>,
    /// The exchange of AUTH that is open.
    exchange: Option<Box<ServerExchange>>,
    incoming: Incoming,
    /// Odd while the handler waits for the client, even while the client waits for the handler.
    pulse: Arc<AtomicU64>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Driver<S> {
    pub(crate) fn new(conn: Connection, stream: S, means: Arc<Means>) -> Self {
        Self {
            conn,
            link: Link::new(Stream::Clear(stream)),
            means,
            exchange: None,
            incoming: Incoming::none(),
            pulse: Arc::default(),
        }
    }

    /// Serves the client to the end.
    ///
    /// Most of its life a session waits for the next command, and there may be many: what it does at
    /// other times is on the heap, as large as it is, and what it was given is borrowed, or the future
    /// would hold that twice.
    pub(crate) async fn run<H: Handler>(
        &mut self,
        handler: &mut H,
        shutdown: &mut watch::Receiver<bool>,
    ) -> io::Result<()> {
        let closed = self.serve(handler, shutdown).await;
        Box::pin(self.end(handler, closed)).await
    }

    async fn end<H: Handler>(
        &mut self,
        handler: &mut H,
        closed: io::Result<Closed>,
    ) -> io::Result<()> {
        handler
            .closed(*closed.as_ref().unwrap_or(&Closed::EndOfInput))
            .await;
        match closed? {
            Closed::EndOfInput => Ok(()),
            _ => linger(&mut self.link.stream).await,
        }
    }

    async fn serve<H: Handler>(
        &mut self,
        handler: &mut H,
        shutdown: &mut watch::Receiver<bool>,
    ) -> io::Result<Closed> {
        if self.means.implicit_tls.is_some()
            && let Err(closed) = Box::pin(self.begin_tls(handler, shutdown)).await
        {
            return Ok(closed);
        }
        if !self.means.pause.is_zero() {
            Box::pin(self.wait_to_greet(shutdown)).await?;
        }
        let limit = self.conn.config().timeouts.decision;
        let mut going_down = false;
        loop {
            match self.conn.poll() {
                Event::NeedInput => tokio::select! {
                    biased;
                    filled = poll_fn(|cx| self.link.poll_fill(&mut self.conn, cx)) => filled?,
                    _ = shutdown.wait_for(|down| *down), if !going_down => {
                        going_down = true;
                        self.conn.shutdown();
                    }
                },
                Event::Flush => {
                    poll_fn(|cx| self.link.poll_flush(&mut self.conn, cx)).await?;
                }
                Event::Data(request) => {
                    request.accept();
                    Box::pin(self.message(handler)).await?;
                }
                Event::StartTls(request) if self.means.starttls.is_some() => request.accept(),
                Event::Upgrade(upgrade) if self.means.starttls.is_some() => {
                    upgrade.defer();
                    Box::pin(self.start_tls(handler, shutdown)).await;
                }
                Event::Auth(request) => {
                    let step = match &self.means.auth {
                        Some(auth) if auth.mechanisms().contains(request.mechanism()) => {
                            let fresh = self.exchange.take().filter(|_| !request.is_first());
                            let exchange = fresh.unwrap_or_else(|| {
                                let channel = self.link.stream.channel();
                                Box::new(auth.begin(request.mechanism(), channel))
                            });
                            let stepped = step(exchange, request.response().cloned());
                            let stepped = Box::pin(decide(limit, stepped)).await;
                            stepped.map(|(exchange, step)| {
                                self.exchange = Some(exchange);
                                step
                            })
                        }
                        _ => Box::pin(decide(limit, handler.auth(&request))).await,
                    };
                    request.answer(step);
                }
                Event::Reset => Box::pin(handler.reset()).await,
                Event::Closed(closed) => return Ok(closed),
                decision => Box::pin(ask(decision, handler, limit)).await,
            }
        }
    }

    /// Lets a client show whether it waits for the greeting.
    async fn wait_to_greet(&mut self, shutdown: &mut watch::Receiver<bool>) -> io::Result<()> {
        tokio::select! {
            filled = poll_fn(|cx| self.link.poll_fill(&mut self.conn, cx)) => filled?,
            () = sleep(self.means.pause) => {}
            _ = shutdown.wait_for(|down| *down) => {}
        }
        Ok(())
    }

    /// Makes the handshake that comes before everything else, or says how the session ends.
    async fn begin_tls<H: Handler>(
        &mut self,
        handler: &mut H,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<(), Closed> {
        let Some(tls) = &self.means.implicit_tls else {
            return Ok(());
        };
        let patience = self.conn.config().timeouts.handshake;
        let handshake = |stream| tls::accept(tls, stream);
        let secured = self.link.secure_within(patience, handshake);
        let down = Closed::Fault(Fault::Shutdown);
        if let Err(error) = unless_down(shutdown, secured).await.ok_or(down)? {
            handler.tls_failed(&error).await;
            return Err(why_no_tls(&error));
        }
        self.bind();
        Ok(())
    }

    /// Makes the handshake that STARTTLS was about. One that fails ends the session.
    async fn start_tls<H: Handler>(
        &mut self,
        handler: &mut H,
        shutdown: &mut watch::Receiver<bool>,
    ) {
        let Some(tls) = &self.means.starttls else {
            return;
        };
        let handshake = |stream| tls::accept(tls, stream);
        let secured = self.link.secure(&mut self.conn, handshake);
        let Some(secured) = unless_down(shutdown, secured).await else {
            return self.conn.shutdown();
        };
        if let Event::Upgrade(upgrade) = self.conn.poll() {
            match &secured {
                Ok(()) => upgrade.complete(),
                Err(_) => upgrade.fail(),
            }
        }
        self.bind();
        if let Err(error) = secured {
            handler.tls_failed(&error).await;
        }
    }

    /// Offers mechanisms that are bound to the channel where there is one to be bound to.
    fn bind(&mut self) {
        if self.link.stream.channel().binding.is_some() {
            self.conn.bind_channel();
        }
    }

    /// Hands the message to the handler and answers with what it says.
    async fn message<H: Handler>(&mut self, handler: &mut H) -> io::Result<()> {
        let Some(envelope) = self.conn.session().transaction().cloned() else {
            return Ok(());
        };
        // The client waits for the 354 while the handler gets ready to read.
        while self.conn.transmit().has_remaining() {
            poll_fn(|cx| self.link.poll_flush(&mut self.conn, cx)).await?;
        }
        let limit = self.conn.config().timeouts.decision;
        let pulse = Arc::clone(&self.pulse);
        self.incoming = Incoming::begin();
        let mut verdict = tokio::select! {
            biased;
            verdict = handler.message(envelope, Body::new(self)) => verdict,
            () = standstill(&pulse, limit) => Err(Refusal::local_error()),
        };
        if self.incoming.is_open() {
            // Read what is left: the reply comes at its end. If it is void, that is the reply.
            let drained = Body::new(self).discard().await;
            if verdict.is_ok() && drained.is_ok() {
                verdict = Err(Refusal::local_error());
            }
        }
        self.incoming.answer(&mut self.conn, verdict);
        Ok(())
    }
}

/// A step of AUTH, where it holds nobody up: hashes are slow, and so may the users' keeper be.
async fn step(
    mut exchange: Box<ServerExchange>,
    response: Option<Secret>,
) -> Result<(Box<ServerExchange>, AuthStep), Refusal> {
    let stepped = spawn_blocking(move || {
        let step = exchange.step(response.as_ref())?;
        Ok((exchange, step))
    });
    let broken = |_| Err(Refusal::authentication_failed_for_now());
    stepped.await.unwrap_or_else(broken)
}

/// Over when the client has waited for the handler for that long, or up to twice as long.
async fn standstill(pulse: &AtomicU64, limit: Duration) {
    loop {
        // What the client says wakes this task as well, so nothing is set up for while it is waited for.
        let begun = poll_fn(|_| match pulse.load(Ordering::Relaxed) {
            now if now.is_multiple_of(2) => Poll::Ready(now),
            _ => Poll::Pending,
        });
        let begun = begun.await;
        sleep(limit).await;
        if pulse.load(Ordering::Relaxed) == begun {
            return;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Source for Driver<S> {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        let pulse = self.pulse.load(Ordering::Relaxed) | 1;
        self.pulse.store(pulse, Ordering::Relaxed);
        let chunk = ready!(self.poll_body(cx));
        self.pulse.store(pulse + 1, Ordering::Relaxed);
        Poll::Ready(chunk)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Driver<S> {
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        loop {
            let moved = match self.incoming.poll(&mut self.conn)? {
                Next::Chunk(chunk) => return Poll::Ready(Ok(Some(chunk))),
                Next::End => return Poll::Ready(Ok(None)),
                Next::Input => ready!(self.link.poll_fill(&mut self.conn, cx)),
                Next::Flush => ready!(self.link.poll_flush(&mut self.conn, cx)),
            };
            if let Err(error) = moved {
                self.incoming.void();
                return Poll::Ready(Err(error));
            }
        }
    }
}
