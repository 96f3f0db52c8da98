//! A message that can be read again.

use bytes::Bytes;
use std::future::Future;
use std::io;
use tokio::io::AsyncRead;

/// What a message is sent from.
pub(super) enum Octets<C> {
    Opened(C),
    Memory(Bytes),
}

/// A message to send, read from its beginning as often as it is opened: octets, or a function that opens
/// it wherever it is kept.
///
/// ```no_run
/// # use smtp_tokio::{Envelope, Pool, PoolError, Report};
/// use tokio::fs::File;
///
/// # async fn f(pool: Pool, envelope: Envelope) -> Result<Report, PoolError> {
/// pool.send(envelope, || File::open("message.eml")).await
/// # }
/// ```
pub trait Content: Send + Sync {
    /// Opens it at its beginning.
    ///
    /// # Errors
    /// If it can't be read: the message isn't sent then.
    fn open(&self) -> impl Future<Output = io::Result<impl AsyncRead + Send + Unpin>> + Send;
}

impl<F, O, R> Content for F
where
    F: Fn() -> O + Send + Sync,
    O: Future<Output = io::Result<R>> + Send,
    R: AsyncRead + Send + Unpin,
{
    async fn open(&self) -> io::Result<impl AsyncRead + Send + Unpin> {
        self().await
    }
}

impl Content for &[u8] {
    async fn open(&self) -> io::Result<impl AsyncRead + Send + Unpin> {
        Ok(*self)
    }
}

impl Content for Vec<u8> {
    async fn open(&self) -> io::Result<impl AsyncRead + Send + Unpin> {
        Ok(&self[..])
    }
}

impl Content for Bytes {
    async fn open(&self) -> io::Result<impl AsyncRead + Send + Unpin> {
        Ok(&self[..])
    }
}
