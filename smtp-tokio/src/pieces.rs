//! A message, read in long parts and sent in pieces.

use bytes::{BufMut, Bytes, BytesMut};
use smtp_adapter::Content;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Octets read at a time.
const CHUNK: usize = 64 * 1024;

/// Octets set aside for them, which are written before any others are read.
const BLOCK: usize = 4 * CHUNK;

/// Fewer of them than this aren't worth a read.
const REST: usize = 4 * 1024;

pub(crate) enum Pieces<R> {
    /// All there.
    Memory(Bytes),
    /// What is read goes into the room, and on from there without a copy.
    Read {
        content: R,
        room: BytesMut,
        read: Option<io::Result<Bytes>>,
    },
}

impl<R> Pieces<R> {
    pub(crate) fn new(content: R) -> Self {
        Self::Read {
            content,
            room: BytesMut::new(),
            read: None,
        }
    }

    /// Whether what was read is to be written before there is room for more.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Read { room, .. } if room.capacity() < REST)
    }
}

impl<R: AsyncRead + Unpin> Pieces<R> {
    /// Reads the next of it.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_full = self.is_full();
        let Self::Read {
            content,
            room,
            read,
        } = self
        else {
            return Poll::Ready(());
        };
        if is_full {
            // The same octets again, if they are written.
            room.reserve(BLOCK);
        }
        let mut limited = (&mut *room).limit(CHUNK);
        // The future holds nothing but its arguments, so a new one each time is the same.
        let octets = ready!(pin!(content.read_buf(&mut limited)).poll(cx));
        *read = Some(octets.map(|_| room.split().freeze()));
        Poll::Ready(())
    }
}

impl<R> Content for Pieces<R> {
    fn take(&mut self) -> Option<io::Result<Bytes>> {
        match self {
            Self::Memory(octets) => octets.take(),
            Self::Read { read, .. } => read.take(),
        }
    }

    fn succeed(&mut self, before: Self) {
        if let (Self::Read { room, .. }, Self::Read { room: used, .. }) = (self, before) {
            *room = used;
            room.clear();
        }
    }
}
