//! The accept loop: who may come in, and how everybody leaves.

use crate::handler::Handler;
use crate::session;
use smtp_proto::bytes::Buf;
use smtp_proto::server::{Config, Connection, Event};
use smtp_proto::{Entry, Refusal};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long no connection is accepted after the system refused to give us one.
const PAUSE: Duration = Duration::from_millis(100);

type Sink = dyn Fn(SocketAddr, Entry<'_>) + Send + Sync;

/// A listening server.
pub struct Server {
    listener: TcpListener,
    config: Arc<Config>,
    max_connections: usize,
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

    /// Serves on a socket that listens already.
    pub fn from_listener(listener: TcpListener, config: Config) -> Self {
        Self {
            listener,
            config: Arc::new(config),
            max_connections: 1_000,
            transcript: None,
        }
    }

    /// With so many connections at a time at most; the next client is told 421. Default 1,000.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// With every line said told to `sink`, message bodies as their size.
    pub fn transcript(
        mut self,
        sink: impl Fn(SocketAddr, Entry<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.transcript = Some(Arc::new(sink));
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// As the socket has them.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves whoever connects until `shutdown` is done, each connection in a task of its own with
    /// a handler from `handler`. Then nobody new is let in, clients that wait are told 421,
    /// transactions under way are finished, and it returns when the last client has left.
    ///
    /// # Errors
    /// Never for what a client does, nor for a lack of file descriptors, which passes.
    pub async fn serve<H: Handler + 'static>(
        self,
        mut handler: impl FnMut(SocketAddr) -> H,
        shutdown: impl Future,
    ) -> io::Result<()> {
        let Self {
            listener,
            config,
            max_connections,
            transcript,
        } = self;
        let (down, going_down) = watch::channel(false);
        let mut sessions = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                _ = &mut shutdown => break,
                Some(_) = sessions.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let mut conn = Connection::new(Arc::clone(&config));
            if let Some(sink) = &transcript {
                let sink = Arc::clone(sink);
                conn.set_transcript(move |entry| sink(peer, entry));
            }
            // Those that are over don't count.
            while sessions.try_join_next().is_some() {}
            if sessions.len() >= max_connections {
                turn_away(conn, &stream).await;
                continue;
            }
            // Without it a client that pipelines waits for the delayed acknowledgement.
            let _ = stream.set_nodelay(true);
            sessions.spawn(session::run(
                conn,
                stream,
                handler(peer),
                going_down.clone(),
            ));
        }
        drop(listener);
        let _ = down.send(true);
        while sessions.join_next().await.is_some() {}
        Ok(())
    }
}

/// Says 421 and hangs up, at no cost that lasts: the first octets always fit a new socket's buffer.
async fn turn_away(mut conn: Connection, stream: &TcpStream) {
    if let Event::Connect(request) = conn.poll() {
        request.reject(Refusal::too_many_connections());
    }
    // The runtime may not have looked at the socket yet, and writes to none that it hasn't.
    if stream.writable().await.is_ok() {
        let _ = stream.try_write(conn.transmit().chunk());
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
