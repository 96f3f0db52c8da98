//! What goes over the wire, told line by line to whoever wants to see it.
//!
//! Bodies are counted, not shown.

use crate::reply::Reply;
use crate::verb::opens_auth;
use alloc::sync::Arc;
use bytes::BytesMut;
use core::fmt::{self, Write as _};

/// One entry of a transcript. `Display` writes it as RFCs do, `C: …` and `S: …`, octets other than
/// visible ASCII escaped, so that a peer can't write to a terminal through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry<'a> {
    /// A line the client sent, without CRLF.
    Client(&'a [u8]),
    /// A line the server sent, without CRLF.
    Server(&'a [u8]),
    /// The beginning of a line the client sent that goes on with a secret: AUTH's, and responses.
    ClientSecret(&'a [u8]),
    /// The beginning of a line the server sent that goes on with a challenge.
    ServerSecret(&'a [u8]),
    /// The body the client sent: its octets without stuffing and final dot.
    Content(u64),
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (side, line, secret) = match self {
            Self::Client(line) => ('C', line, ""),
            Self::Server(line) => ('S', line, ""),
            Self::ClientSecret(line) => ('C', line, "(secret)"),
            Self::ServerSecret(line) => ('S', line, "(secret)"),
            Self::Content(octets) => return write!(f, "C: ({octets} octets)"),
        };
        write!(f, "{side}: ")?;
        line.iter().try_for_each(|&octet| match octet {
            b' '..=b'~' => f.write_char(octet.into()),
            _ => write!(f, "\\x{octet:02x}"),
        })?;
        f.write_str(secret)
    }
}

impl<'a> Entry<'a> {
    /// A command line of the client. What stands behind AUTH's mechanism is a secret, however badly
    /// it is written.
    pub(crate) fn client(line: &'a [u8]) -> Self {
        let word = |line: &[u8]| line.iter().take_while(|octet| **octet > b' ').count();
        if !opens_auth(line) {
            return Self::Client(line);
        }
        let verb = word(line);
        let shown = (verb + 1 + word(line.get(verb + 1..).unwrap_or_default()) + 1).min(line.len());
        if line[shown..].is_empty() {
            Self::Client(line)
        } else {
            Self::ClientSecret(&line[..shown])
        }
    }
}

type Sink = dyn Fn(Entry<'_>) + Send + Sync;

/// Who is told.
#[derive(Clone, Default)]
pub(crate) struct Transcript(Option<Arc<Sink>>);

impl Transcript {
    pub(crate) fn new(sink: impl Fn(Entry<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(sink)))
    }

    pub(crate) fn tell(&self, entry: Entry<'_>) {
        if let Some(sink) = &self.0 {
            sink(entry);
        }
    }

    /// Tells each line of what a server wrote, or a client.
    pub(crate) fn tell_lines<'a>(&self, written: &'a [u8], entry: impl Fn(&'a [u8]) -> Entry<'a>) {
        if self.0.is_some() {
            for line in written.split_inclusive(|&octet| octet == b'\n') {
                self.tell(entry(line.trim_ascii_end()));
            }
        }
    }

    /// Tells a reply that was read.
    pub(crate) fn tell_reply(&self, reply: &Reply) {
        if self.0.is_some() {
            let mut written = BytesMut::new();
            reply.write(true, true, &mut written);
            self.tell_lines(&written, Entry::Server);
        }
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Transcript(on)"
        } else {
            "Transcript(off)"
        })
    }
}
