//! One client's session: the core's loop, with a [`Handler`] for its policy.

use crate::ServerTls;
use crate::ask::ask;
use crate::body::{Body, Source};
use crate::handler::Handler;
use crate::link::Link;
use crate::tls;
use bytes::{Buf, Bytes};
use smtp_adapter::{Incoming, Next};
use smtp_proto::server::{AuthStep, Closed, Connection, Event, Fault};
use smtp_proto::{Refusal, Secret, Wait};
use smtp_sasl::{Authenticator, ServerExchange};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

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

/// Serves one client to the end.
pub(crate) fn run<H: Handler>(
    conn: Connection,
    mut link: Link,
    means: &Means,
    mut handler: H,
    going_down: &AtomicBool,
) -> io::Result<()> {
    if let Some(tls) = &means.implicit_tls {
        let patience = conn.config().timeouts.handshake;
        let began = Instant::now();
        let is_over = || began.elapsed() >= patience || going_down.load(Ordering::Relaxed);
        let secured = tls::accept(tls).and_then(|tls| link.stream.handshake(tls, is_over));
        if let Err(error) = secured {
            // It isn't waited for then: the client was promised nothing yet.
            if going_down.load(Ordering::Relaxed) {
                handler.closed(Closed::Fault(Fault::Shutdown));
                return Err(error);
            }
            handler.tls_failed(&error);
            let fault = match error.kind() {
                io::ErrorKind::TimedOut => Fault::TimedOut(Wait::Handshake),
                _ => Fault::Handshake,
            };
            handler.closed(Closed::Fault(fault));
            return Err(error);
        }
    }
    let mut driver = Driver {
        conn,
        link,
        means,
        exchange: None,
        incoming: Incoming::none(),
    };
    driver.bind();
    let closed = driver.serve(&mut handler, going_down);
    handler.closed(*closed.as_ref().unwrap_or(&Closed::EndOfInput));
    match closed? {
        Closed::EndOfInput => driver.link.stream.close(),
        _ => driver.link.stream.linger(),
    }
}

struct Driver<'m> {
    conn: Connection,
    link: Link,
    means: &'m Means,
    /// The exchange of AUTH that is open.
    exchange: Option<ServerExchange>,
    incoming: Incoming,
}

impl Driver<'_> {
    fn serve<H: Handler>(
        &mut self,
        handler: &mut H,
        going_down: &AtomicBool,
    ) -> io::Result<Closed> {
        self.wait_to_greet(going_down)?;
        loop {
            if going_down.load(Ordering::Relaxed) {
                self.conn.shutdown();
            }
            match self.conn.poll() {
                Event::NeedInput => self.link.fill(&mut self.conn)?,
                Event::Flush => self.link.flush(&mut self.conn)?,
                Event::Data(request) => {
                    request.accept();
                    self.message(handler)?;
                }
                Event::StartTls(request) if self.means.starttls.is_some() => request.accept(),
                Event::Upgrade(upgrade) if self.means.starttls.is_some() => {
                    upgrade.defer();
                    match self.secure(going_down) {
                        Err(_) if going_down.load(Ordering::Relaxed) => {}
                        Err(error) => handler.tls_failed(&error),
                        Ok(()) => {}
                    }
                }
                Event::Auth(request) => {
                    let step = match &self.means.auth {
                        Some(auth) if auth.mechanisms().contains(request.mechanism()) => {
                            let open = self.exchange.take().filter(|_| !request.is_first());
                            let mut exchange = open.unwrap_or_else(|| {
                                auth.begin(request.mechanism(), self.link.stream.channel())
                            });
                            let stepped = step(&mut exchange, request.response());
                            self.exchange = Some(exchange);
                            stepped
                        }
                        _ => handler.auth(&request),
                    };
                    request.answer(step);
                }
                Event::Reset => handler.reset(),
                Event::Closed(closed) => return Ok(closed),
                decision => ask(decision, handler),
            }
        }
    }

    /// Lets a client show whether it waits for the greeting.
    fn wait_to_greet(&mut self, going_down: &AtomicBool) -> io::Result<()> {
        let began = Instant::now();
        let room = self.conn.room();
        while began.elapsed() < self.means.pause
            && self.conn.room() == room
            && !going_down.load(Ordering::Relaxed)
        {
            self.link.fill(&mut self.conn)?;
        }
        Ok(())
    }

    /// Makes the handshake that STARTTLS was about. One that fails ends the session.
    fn secure(&mut self, going_down: &AtomicBool) -> io::Result<()> {
        let Some(tls) = &self.means.starttls else {
            return Ok(());
        };
        let is_over = || going_down.load(Ordering::Relaxed);
        let secured =
            tls::accept(tls).and_then(|tls| self.link.secure(&mut self.conn, tls, is_over));
        if is_over() {
            self.conn.shutdown();
        }
        if let Event::Upgrade(upgrade) = self.conn.poll() {
            match &secured {
                Ok(()) => upgrade.complete(),
                Err(_) => upgrade.fail(),
            }
        }
        self.bind();
        secured
    }

    /// Offers mechanisms that are bound to the channel where there is one to be bound to.
    fn bind(&mut self) {
        if self.link.stream.channel().binding.is_some() {
            self.conn.bind_channel();
        }
    }

    /// Hands the message to the handler and answers with what it says.
    fn message<H: Handler>(&mut self, handler: &mut H) -> io::Result<()> {
        let Some(envelope) = self.conn.session().transaction().cloned() else {
            return Ok(());
        };
        // The client waits for the 354 while the handler gets ready to read.
        while self.conn.transmit().has_remaining() {
            self.link.flush(&mut self.conn)?;
        }
        self.incoming = Incoming::begin();
        let mut verdict = handler.message(envelope, Body::new(self));
        if self.incoming.is_open() {
            // Read what is left: the reply comes at its end. If it is void, that is the reply.
            let drained = Body::new(self).discard();
            if verdict.is_ok() && drained.is_ok() {
                verdict = Err(Refusal::local_error());
            }
        }
        self.incoming.answer(&mut self.conn, verdict);
        Ok(())
    }
}

/// A step of AUTH. A panic under it, in what reads the client's words or knows its users, is the end of
/// the exchange and of nothing else.
fn step(exchange: &mut ServerExchange, response: Option<&Secret>) -> Result<AuthStep, Refusal> {
    let stepped = catch_unwind(AssertUnwindSafe(|| exchange.step(response)));
    stepped.unwrap_or_else(|_| Err(Refusal::authentication_failed_for_now()))
}

impl Source for Driver<'_> {
    fn next_chunk(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let moved = match self.incoming.poll(&mut self.conn)? {
                Next::Chunk(chunk) => return Ok(Some(chunk)),
                Next::End => return Ok(None),
                Next::Input => self.link.fill(&mut self.conn),
                Next::Flush => self.link.flush(&mut self.conn),
            };
            if let Err(error) = moved {
                self.incoming.void();
                return Err(error);
            }
        }
    }
}
