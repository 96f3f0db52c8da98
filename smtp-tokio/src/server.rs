//! The accept loop: who may come in, and how everybody leaves.

use crate::handler::Handler;
use crate::session::{Driver, Means};
use crate::{Listener, Peer, ServerTls, proxy};
use smtp_proto::bytes::Buf;
use smtp_proto::extension::Mechanisms;
use smtp_proto::server::{Config, Connection, Event};
use smtp_proto::{Entry, Extension, Refusal};
use smtp_sasl::Authenticator;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long no connection is accepted after the system refused to give us one.
const PAUSE: Duration = Duration::from_millis(100);

type Sink = dyn Fn(Peer, Entry<'_>) + Send + Sync;
type Trusted = dyn Fn(Peer) -> bool + Send + Sync;

/// A listening server.
pub struct Server<L = TcpListener> {
    listener: L,
    config: Arc<Config>,
    means: Means,
    max_connections: usize,
    /// Who is a proxy that tells of its clients.
    proxies: Option<Box<Trusted>>,
    transcript: Option<Arc<Sink>>,
}

impl Server {
    /// Listens there; port 0 takes a free one, which [`local_addr`](Self::local_addr) tells.
    ///
    /// # Errors
    /// As `bind` has them.
    pub async fn bind(addr: impl ToSocketAddrs, config: Config) -> io::Result<Self> {
        Ok(Self::from_listener(TcpListener::bind(addr).await?, config))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// As the socket has them.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl<L: Listener> Server<L> {
    /// Serves on what listens already.
    pub fn from_listener(listener: L, config: Config) -> Self {
        Self {
            listener,
            config: Arc::new(config),
            means: Means::default(),
            max_connections: 1_000,
            proxies: None,
            transcript: None,
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

    /// With AUTH (RFC 4954), by the mechanisms of that authenticator, which are offered then: those that
    /// give the password away under TLS alone, or where
    /// [`Config::accept_clear_passwords`] says so. Who isn't
    /// authenticated is served all the same, unless
    /// [`Requirements::auth`](smtp_proto::server::Requirements::auth) is set:
    /// [`Session::identity`](smtp_proto::server::Session::identity) says who is.
    ///
    /// ```no_run
    /// # use smtp_tokio::{Accounts, Authenticator, Config, Domain, Server};
    /// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// let accounts = Accounts::default().with("joe", "wonderland")?;
    /// let config = Config::new(Domain::try_from("mail.example.org")?);
    /// let server = Server::bind("127.0.0.1:2587", config).await?.auth(Authenticator::new(accounts));
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

    /// With so many connections at a time at most; the next client is told 421. Default 1,000.
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
    /// # use smtp_tokio::Server;
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

    /// Serves whoever connects until `shutdown` is done, each connection in a task of its own with
    /// a handler from `handler`. Then nobody new is let in, clients that wait are told 421,
    /// transactions under way are finished, and it returns when the last client has left.
    ///
    /// # Errors
    /// Never for what a client does, nor for a lack of file descriptors, which passes.
    pub async fn serve<H: Handler + 'static>(
        self,
        mut handler: impl FnMut(Peer) -> H,
        shutdown: impl Future,
    ) -> io::Result<()> {
        let Self {
            mut listener,
            config,
            means,
            max_connections,
            proxies,
            transcript,
        } = self;
        let means = Arc::new(means);
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
        let (down, going_down) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let (stream, peer) = tokio::select! {
                // Tasks that are over don't count for who comes next.
                biased;
                _ = &mut shutdown => break,
                Some(done) = tasks.join_next() => match done {
                    Ok(Some(introduced)) => introduced,
                    _ => continue,
                },
                accepted = listener.accept() => {
                    let Ok((stream, peer)) = accepted else {
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    };
                    if tasks.len() >= max_connections {
                        // Under TLS the 421 would cost a handshake.
                        if means.implicit_tls.is_none() {
                            turn_away(connection(peer), stream).await;
                        }
                        continue;
                    }
                    if proxies.as_ref().is_some_and(|trusted| trusted(peer)) {
                        tasks.spawn(introduce(stream, peer, going_down.clone()));
                        continue;
                    }
                    (stream, peer)
                }
            };
            let mut driver = Driver::new(connection(peer), stream, Arc::clone(&means));
            let (mut handler, mut going_down) = (handler(peer), going_down.clone());
            tasks.spawn(async move {
                let _ = driver.run(&mut handler, &mut going_down).await;
                None
            });
        }
        drop(listener);
        let _ = down.send(true);
        while tasks.join_next().await.is_some() {}
        Ok(())
    }
}

/// Has a proxy say who its client is. Where it doesn't, there is nobody to serve.
async fn introduce<S: AsyncRead + Unpin>(
    mut stream: S,
    proxy: Peer,
    mut going_down: watch::Receiver<bool>,
) -> Option<(S, Peer)> {
    tokio::select! {
        _ = going_down.wait_for(|down| *down) => None,
        client = proxy::client(&mut stream, proxy) => Some((stream, client?)),
    }
}

/// Says 421 and hangs up, at no cost that lasts: the first octets always fit a new socket's buffer.
async fn turn_away(mut conn: Connection, mut stream: impl AsyncWrite + Unpin) {
    if let Event::Connect(request) = conn.poll() {
        request.reject(Refusal::too_many_connections());
    }
    let _ = stream.write(conn.transmit().chunk()).await;
}

impl<L: fmt::Debug> fmt::Debug for Server<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
