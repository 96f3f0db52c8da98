//! The message that a server's client sends, from the 354 to the answer.

use bytes::Bytes;
use smtp_proto::Refusal;
use smtp_proto::server::{Accepted, Connection, Event};
use std::io;

/// A message as it arrives: what is to be done for its next octets, and whether it is to be answered with
/// what the server's policy says of it.
///
/// ```
/// use smtp_adapter::{Incoming, Next};
/// use smtp_proto::server::{Accepted, Connection};
/// use std::io;
///
/// /// Takes the message that was let in by accepting [`Event::Data`](smtp_proto::server::Event::Data).
/// fn take(conn: &mut Connection) -> io::Result<Vec<u8>> {
///     let mut message = Vec::new();
///     let mut incoming = Incoming::begin();
///     loop {
///         match incoming.poll(conn)? {
///             Next::Chunk(octets) => message.extend_from_slice(&octets),
///             Next::Input => { /* read into `conn`; if that fails, the message is void */ }
///             Next::Flush => { /* write `conn.transmit()` out */ }
///             Next::End => break,
///         }
///     }
///     incoming.answer(conn, Ok(Accepted::default()));
///     Ok(message)
/// }
/// ```
#[derive(Debug)]
pub struct Incoming(Progress);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// It is still coming.
    Open,
    /// It is whole, and its acceptance is for the policy to say.
    Whole,
    /// It is void, or answered.
    Ended,
}

/// What is next of a message.
#[derive(Debug)]
pub enum Next {
    /// These octets, never none.
    Chunk(Bytes),
    /// Input is needed first.
    Input,
    /// Output is to be written first.
    Flush,
    /// Nothing more: it is whole, and sound.
    End,
}

impl Incoming {
    /// None so far.
    pub fn none() -> Self {
        Self(Progress::Ended)
    }

    /// One that was just let in.
    pub fn begin() -> Self {
        Self(Progress::Open)
    }

    /// What is next. Commands that may stand between chunks are answered by default on the way.
    ///
    /// # Errors
    /// If the message is void, and from then on: [`InvalidData`](io::ErrorKind::InvalidData), which holds
    /// the [`Fault`](smtp_proto::server::Fault) the first time, or
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) where the client said hello in its midst, or the
    /// connection is over.
    pub fn poll(&mut self, conn: &mut Connection) -> io::Result<Next> {
        match self.0 {
            Progress::Open => {}
            Progress::Whole => return Ok(Next::End),
            Progress::Ended => return Err(io::ErrorKind::InvalidData.into()),
        }
        loop {
            let void = match conn.poll() {
                Event::Body(chunk) => return Ok(Next::Chunk(chunk)),
                Event::NeedInput => return Ok(Next::Input),
                Event::Flush => return Ok(Next::Flush),
                Event::Message(request) => {
                    request.defer();
                    self.0 = Progress::Whole;
                    return Ok(Next::End);
                }
                Event::Aborted(fault) => io::Error::new(io::ErrorKind::InvalidData, fault),
                // A message that comes in chunks ends with a new hello, which isn't for here to answer.
                Event::Hello(request) => {
                    request.defer();
                    io::ErrorKind::UnexpectedEof.into()
                }
                Event::Closed(_) => io::ErrorKind::UnexpectedEof.into(),
                other => {
                    other.answer_by_default();
                    continue;
                }
            };
            self.void();
            return Err(void);
        }
    }

    /// It is void: its octets can't be read any further.
    pub fn void(&mut self) {
        self.0 = Progress::Ended;
    }

    /// Whether more of it may come, or its end: to be read before it can be answered.
    pub fn is_open(&self) -> bool {
        self.0 == Progress::Open
    }

    /// Answers it with that, if it is whole; one that is void has its answer already.
    pub fn answer(&mut self, conn: &mut Connection, verdict: Result<Accepted, Refusal>) {
        if self.0 == Progress::Whole
            && let Event::Message(request) = conn.poll()
        {
            request.conclude(verdict);
        }
        self.0 = Progress::Ended;
    }
}
