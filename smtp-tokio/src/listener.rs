//! Where a server's connections come from.

use crate::Peer;
use std::future::Future;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// What a [`Server`](crate::Server) can serve on: TCP, and whatever else gives streams.
///
/// ```
/// use smtp_tokio::{Listener, Peer};
/// use std::io;
/// use tokio::io::DuplexStream;
/// use tokio::sync::mpsc;
///
/// /// Connections within the program, as tests have them.
/// struct Within(mpsc::Receiver<DuplexStream>);
///
/// impl Listener for Within {
///     type Stream = DuplexStream;
///
///     async fn accept(&mut self) -> io::Result<(DuplexStream, Peer)> {
///         match self.0.recv().await {
///             Some(stream) => Ok((stream, Peer::LOCAL)),
///             None => std::future::pending().await,
///         }
///     }
/// }
/// ```
pub trait Listener: Send {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection, and who is at its other end. The future may be dropped before its end,
    /// and must lose no connection by that. After an error it is asked again, a tenth of a second
    /// later.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, Peer)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Peer)> {
        let (stream, addr) = TcpListener::accept(self).await?;
        // Without it a client that pipelines waits for the delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        Ok((stream, addr.into()))
    }
}
