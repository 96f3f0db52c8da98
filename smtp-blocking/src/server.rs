//! The accept loop: who may come in, and how everybody leaves.

use crate::Peer;
use crate::handler::Handler;
use crate::listener::{Door, Listener};
use crate::session::{self, Means};
use crate::socket::Socket;
use crate::tls::ServerTls;
use bytes::Buf;
use smtp_proto::extension::Mechanisms;
use smtp_proto::server::{Config, Connection, Event};
use smtp_proto::{Entry, Extension, Refusal};
use smtp_sasl::Authenticator;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How long no connection is accepted after the system refused to give us one.
const PAUSE: Duration = Duration::from_millis(100);

type Sink = dyn Fn(Peer, Entry<'_>) + Send + Sync;

/// A listening server, with a thread a connection.
pub struct Server {
    listener: Listener,
    config: Arc<Config>,
    means: Means,
    max_connections: usize,
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

    /// With so many connections at a time at most; the next client is told 421. Default 100: each
    /// costs a thread.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
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
    /// a handler from `handler`. Then nobody new is let in, clients that wait are told 421,
    /// transactions under way are finished, and it returns when the last client has left.
    ///
    /// # Errors
    /// Never for what a client does, nor for a lack of file descriptors, which passes.
    pub fn serve<H: Handler + Send + 'static>(
        self,
        mut handler: impl FnMut(Peer) -> H,
    ) -> io::Result<()> {
        let sessions = Arc::new(AtomicUsize::new(0));
        loop {
            let accepted = self.listener.accept();
            if self.going_down.load(Ordering::Relaxed) {
                break;
            }
            let Ok((socket, peer)) = accepted else {
                thread::sleep(PAUSE);
                continue;
            };
            let mut conn = match self.means.implicit_tls {
                Some(_) => Connection::over_tls(Arc::clone(&self.config)),
                None => Connection::new(Arc::clone(&self.config)),
            };
            if let Some(sink) = &self.transcript {
                let sink = Arc::clone(sink);
                conn.set_transcript(move |entry| sink(peer, entry));
            }
            if sessions.load(Ordering::Acquire) >= self.max_connections {
                // Under TLS the 421 would cost a handshake.
                if self.means.implicit_tls.is_none() {
                    turn_away(conn, socket);
                }
                continue;
            }
            let open = Open::new(&sessions);
            let means = self.means.clone();
            let going_down = Arc::clone(&self.going_down);
            let handler = handler(peer);
            let serve = move || {
                let _open = open;
                // What the socket has to complain of ends this session and no other.
                let _ = session::run(conn, socket, means, handler, &going_down);
            };
            if thread::Builder::new().spawn(serve).is_err() {
                thread::sleep(PAUSE);
            }
        }
        drop(self.listener);
        while sessions.load(Ordering::Acquire) > 0 {
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

/// A session that is counted, until it is over, by a panic too.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(sessions: &Arc<AtomicUsize>) -> Self {
        sessions.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(sessions))
    }
}

impl Drop for Open {
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
