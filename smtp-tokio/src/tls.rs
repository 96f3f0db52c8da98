//! The handshake by rustls, and the stream that may be under TLS.

use crate::{ClientTls, ServerTls};
use smtp_adapter::channel;
use smtp_sasl::Channel;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

pub(crate) async fn accept<S>(tls: &ServerTls, stream: S) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let accepted = TlsAcceptor::from(tls.config()).accept(stream).await;
    accepted.map(Into::into)
}

pub(crate) async fn connect<S>(tls: &ClientTls, stream: S) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connector = TlsConnector::from(Arc::clone(tls.config()));
    let connected = connector.connect(tls.name().clone(), stream).await;
    connected.map(Into::into)
}

/// Waits for a handshake, though not for ever.
pub(crate) async fn within<S>(
    patience: Duration,
    handshake: impl Future<Output = io::Result<TlsStream<S>>>,
) -> io::Result<TlsStream<S>> {
    let timed_out = |_| Err(io::ErrorKind::TimedOut.into());
    timeout(patience, handshake).await.unwrap_or_else(timed_out)
}

/// A stream, in clear or under TLS.
#[derive(Debug)]
pub(crate) enum Stream<S> {
    Clear(S),
    Tls(Box<TlsStream<S>>),
    /// A handshake has it, or had it and failed.
    Gone,
}

impl<S> From<TlsStream<S>> for Stream<S> {
    fn from(stream: TlsStream<S>) -> Self {
        Self::Tls(Box::new(stream))
    }
}

impl<S> Stream<S> {
    /// What carries it, if no handshake has that.
    pub(crate) fn carrier(&self) -> Option<&S> {
        match self {
            Self::Clear(stream) => Some(stream),
            Self::Tls(stream) => Some(stream.get_ref().0),
            Self::Gone => None,
        }
    }

    /// What is known of the peer by TLS.
    pub(crate) fn channel(&self) -> Channel {
        let Self::Tls(stream) = self else {
            return Channel::default();
        };
        match &**stream {
            TlsStream::Client(stream) => channel(stream.get_ref().1),
            TlsStream::Server(stream) => channel(stream.get_ref().1),
        }
    }
}

trait Io: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Io for S {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    fn open(self: Pin<&mut Self>) -> io::Result<Pin<&mut (dyn Io + '_)>> {
        match self.get_mut() {
            Self::Clear(stream) => Ok(Pin::new(stream)),
            Self::Tls(stream) => Ok(Pin::new(&mut **stream)),
            Self::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.open()?.poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.open()?.poll_write(cx, data)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.open()?.poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Clear(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            Self::Gone => false,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_shutdown(cx)
    }
}
