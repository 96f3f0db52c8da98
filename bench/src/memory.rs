//! A server in memory, for peers that can't be had without a stream: it says what it was given, then
//! `250` for ever, and forgets what it is told.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[derive(Debug, Default)]
pub(crate) struct Memory {
    says: Vec<u8>,
    said: usize,
    pub(crate) heard: usize,
}

impl Memory {
    pub(crate) fn saying(octets: &[u8]) -> Self {
        Self {
            says: octets.to_vec(),
            ..Self::default()
        }
    }
}

impl AsyncRead for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &self.says[self.said..];
        let octets = rest.len().min(buffer.remaining());
        if rest.is_empty() {
            buffer.put_slice(b"250 ok\r\n");
        }
        buffer.put_slice(&self.says[self.said..self.said + octets]);
        self.said += octets;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.heard += octets.len();
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncTokioStream for Memory {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok((Ipv4Addr::LOCALHOST, 25).into())
    }
}

/// What a future comes to that never has to wait.
pub(crate) fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing in memory waits"),
    }
}
