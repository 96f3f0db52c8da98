//! The accept loop: who may come in, and how everybody leaves.

use crate::handler::Handler;
use crate::link::Link;
use crate::listener::{Door, Listener};
use crate::session::{self, Means};
use crate::socket::Socket;
use crate::{Peer, ServerTls, proxy};
use bytes::Buf;
use smtp_proto::extension::Mechanisms;
use smtp_proto::server::{Config, Connection, Event};
use smtp_proto::{Entry, Extension, Refusal};
use smtp_sasl::Authenticator;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long no connection is accepted after the system refused to give us one.
const PAUSE: Duration = Duration::from_millis(100);

type Sink = dyn Fn(Peer, Entry<'_>) + Send + Sync;
type Trusted = dyn Fn(Peer) -> bool + Send + Sync;

/// A listening server, with a thread a connection.
pub struct Server {
    listener: Listener,
    config: Arc<Config>,
    means: Means,
    max_connections: usize,
    /// Who is a proxy that tells of its clients.
    proxies: Option<Box<Trusted>>,
    transcript: Option<Arc<Sink>>,
    going_down: Arc<AtomicBool>,
}

impl Server {
    /// Listens there; port 0 takes a free one, which [`local_addr`](Self::local_addr) tells.
    ///
    /// # Errors
    /// As `bind` has them.
    pub fn bind(addr: impl ToSocketAddrs, config: Config) -> io::Result<Self> {
        Ok(Self::from_listener(TcpListener::bind(addr)?, config))
    }

    /// Serves on a socket that listens already.
    pub fn from_listener(listener: impl Into<Listener>, config: Config) -> Self {
        Self {
            listener: listener.into(),
            config: Arc::new(config),
            means: Means::default(),
            max_connections: 100,
            proxies: None,
            transcript: None,
            going_down: Arc::default(),
        }
    }

    /// With STARTTLS (RFC 3207), which is offered then. Whoever doesn't ask for it is served in clear,
    /// unless [`Requirements::tls`](smtp_proto::server::Requirements::tls) is set. A handshake that
    /// fails ends the connection.
    pub fn starttls(mut self, tls: ServerTls) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.offers.add(Extension::StartTls);
        self.means.starttls = Some(tls);
        self
    }

    /// Under TLS from the first octet (RFC 8314 §3.3), as on port 465.
    pub fn implicit_tls(mut self, tls: ServerTls) -> Self {
        self.means.implicit_tls = Some(tls);
        self
    }

    /// With AUTH (RFC 4954), by the mechanisms of that authenticator, which are offered then beside those of
    /// the configuration, the handler's own; those that give the password away under TLS alone, or where
    /// [`Config::accept_clear_passwords`] says so. Who isn't authenticated is served all the same, unless
    /// [`Requirements::auth`](smtp_proto::server::Requirements::auth) is set:
    /// [`Session::identity`](smtp_proto::server::Session::identity) says who is.
    ///
    /// ```no_run
    /// # use smtp_blocking::{Accounts, Authenticator, Config, Domain, Server};
    /// # fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// let accounts = Accounts::default().with("joe", "wonderland")?;
    /// let config = Config::new(Domain::try_from("mail.example.org")?);
    /// let server = Server::bind("127.0.0.1:2587", config)?.auth(Authenticator::new(accounts));
    /// # Ok(())
    /// # }
    /// ```
    pub fn auth(mut self, authenticator: Authenticator) -> Self {
        let config = Arc::make_mut(&mut self.config);
        let own = config.offers.get::<Mechanisms>().unwrap_or_default();
        let all = authenticator.mechanisms().iter().chain(own.iter());
        config.offers.add(Mechanisms::new(all.cloned()));
        self.means.auth = Some(authenticator);
        self
    }

    /// Greeting clients only after so long: who doesn't wait for it is answered 554 and hung up on (RFC
    /// 5321 §4.3.1), as programs that send spam often don't, unless [`Config::accept_early_talk`] is set.
    /// Postfix's `postscreen` waits 6 seconds. Default: at once, and then only what had arrived by chance
    /// would show it.
    pub fn greet_after(mut self, pause: Duration) -> Self {
        self.means.pause = pause;
        self
    }

    /// With so many connections at a time at most; the next client is told 421. Default 100: each
    /// costs a thread.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Behind proxies that tell who their clients are by the PROXY protocol, version 1 or 2
    /// (haproxy.org's `proxy-protocol.txt`). Handlers and transcript are given the client's address
    /// then, and the proxy's where that speaks for itself (`LOCAL`) or doesn't know (`UNKNOWN`).
    ///
    /// Who is `trusted` may say that it is anybody, so let that be the proxies only. What comes from
    /// them must begin with a header, in front of TLS too. Where that is missing or malformed, has
    /// more than 107 octets (version 1) or 4,096 (version 2), or isn't there after five seconds, the
    /// connection is closed without a word. From everybody else a header is a command that doesn't
    /// exist. A connection counts for [`max_connections`](Self::max_connections) before its header.
    ///
    /// ```
    /// # use smtp_blocking::Server;
    /// # use std::net::IpAddr;
    /// # fn f(server: Server) {
    /// let server = server.proxy_protocol(|peer| match peer.addr().map(|addr| addr.ip()) {
    ///     Some(IpAddr::V4(ip)) => ip.octets().starts_with(&[10, 1]), // 10.1.0.0/16
    ///     Some(IpAddr::V6(ip)) => ip.is_loopback(),
    ///     None => false,
    /// });
    /// # }
    /// ```
    pub fn proxy_protocol(
        mut self,
        trusted: impl Fn(Peer) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.proxies = Some(Box::new(trusted));
        self
    }

    /// With every line said told to `sink`, message bodies as their size.
    pub fn transcript(mut self, sink: impl Fn(Peer, Entry<'_>) + Send + Sync + 'static) -> Self {
        self.transcript = Some(Arc::new(sink));
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// As the socket has them; [`Unsupported`](io::ErrorKind::Unsupported) for a Unix socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self.listener.door()? {
            Door::Tcp(addr) => Ok(addr),
            #[cfg(unix)]
            Door::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// What ends [`serve`](Self::serve), from any thread.
    ///
    /// # Errors
    /// As the socket has them.
    pub fn stopper(&self) -> io::Result<Stopper> {
        Ok(Stopper {
            going_down: Arc::clone(&self.going_down),
            door: self.listener.door()?,
        })
    }

    /// Serves whoever connects until [`Stopper::stop`], each connection in a thread of its own with
    /// a handler from `handler`, which is asked for one at a time. Then nobody new is let in, clients
    /// that wait are told 421, transactions under way are finished, and it returns when the last
    /// client has left.
    ///
    /// # Errors
    /// Never for what a client does, nor for a lack of file descriptors, which passes.
    pub fn serve<H: Handler>(self, handler: impl FnMut(Peer) -> H + Send) -> io::Result<()> {
        let Self {
            listener,
            config,
            means,
            max_connections,
            proxies,
            transcript,
            going_down,
        } = self;
        let connection = |peer| {
            let mut conn = match means.implicit_tls {
                Some(_) => Connection::over_tls(Arc::clone(&config)),
                None => Connection::new(Arc::clone(&config)),
            };
            if let Some(sink) = &transcript {
                let sink = Arc::clone(sink);
                conn.set_transcript(move |entry| sink(peer, entry));
            }
            conn
        };
        let handlers = Mutex::new(handler);
        let session = |socket, mut peer| {
            let mut link = Link::new(socket)?;
            if proxies.as_ref().is_some_and(|trusted| trusted(peer)) {
                let client = proxy::client(&mut link.stream, peer, &going_down);
                peer = client.ok_or(io::ErrorKind::InvalidData)?;
            }
            let handler = {
                let mut handlers = handlers.lock().unwrap_or_else(PoisonError::into_inner);
                handlers(peer)
            };
            session::run(connection(peer), link, &means, handler, &going_down)
        };
        let sessions = AtomicUsize::new(0);
        thread::scope(|scope| {
            loop {
                let accepted = listener.accept();
                if going_down.load(Ordering::Relaxed) {
                    break;
                }
                let Ok((socket, peer)) = accepted else {
                    thread::sleep(PAUSE);
                    continue;
                };
                if sessions.load(Ordering::Acquire) >= max_connections {
                    // Under TLS the 421 would cost a handshake.
                    if means.implicit_tls.is_none() {
                        turn_away(connection(peer), socket);
                    }
                    continue;
                }
                let open = Open::new(&sessions);
                let session = &session;
                let serve = move || {
                    let _open = open;
                    // What the socket has to complain of ends this session and no other, and so does a
                    // panic.
                    let _ = catch_unwind(AssertUnwindSafe(|| session(socket, peer)));
                };
                if thread::Builder::new().spawn_scoped(scope, serve).is_err() {
                    thread::sleep(PAUSE);
                }
            }
            drop(listener);
        });
        Ok(())
    }
}

/// A session that is counted, until it is over.
struct Open<'s>(&'s AtomicUsize);

impl<'s> Open<'s> {
    fn new(sessions: &'s AtomicUsize) -> Self {
        sessions.fetch_add(1, Ordering::AcqRel);
        Self(sessions)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Ends a server.
#[derive(Clone, Debug)]
pub struct Stopper {
    going_down: Arc<AtomicBool>,
    door: Door,
}

impl Stopper {
    /// Lets nobody new in and everybody leave.
    pub fn stop(&self) {
        self.going_down.store(true, Ordering::Relaxed);
        // The server waits in accept, so someone has to knock.
        self.door.knock();
    }
}

/// Says 421 and hangs up, at no cost that lasts: the first octets always fit a new socket's buffer.
fn turn_away(mut conn: Connection, mut socket: Box<dyn Socket>) {
    if let Event::Connect(request) = conn.poll() {
        request.reject(Refusal::too_many_connections());
    }
    let _ = socket.write(conn.transmit().chunk());
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
