//! The PROXY protocol, versions 1 and 2 (haproxy.org's `proxy-protocol.txt`): a proxy says in front of
//! everything else who its client is.
//!
//! What a header says is read by `proxy-header`; here is how much is to be read for it. Not one octet more
//! is asked for than the header has: what follows is the session's.

use crate::Peer;
use proxy_header::{Error, ParseConfig, Protocol, ProxyHeader as Parsed};
use std::fmt;
use std::time::Duration;

/// The octets of the longest header of version 2 that is read, what it tells beside addresses
/// included; nginx reads as many. A line of version 1 has 107 at most (§2.1).
const LONGEST: usize = 4_096;

/// The octets of the shortest header of version 1, `PROXY UNKNOWN` and CRLF.
const LINE: usize = 15;

/// The octets in front of what a header of version 2 is about; the last two say how long that is.
const PREFIX: usize = 16;

/// How a header of version 2 begins that a proxy sends on its own behalf.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20";

/// The header that a proxy sends, as it arrives.
///
/// ```
/// use smtp_adapter::{Peer, ProxyHeader};
/// use std::io::{self, Read};
///
/// /// Who speaks by that proxy. What follows the header is left in the stream.
/// fn client(stream: &mut impl Read, proxy: Peer) -> io::Result<Peer> {
///     let mut header = ProxyHeader::sent_by(proxy);
///     loop {
///         let mut octets = vec![0; header.missing()];
///         stream.read_exact(&mut octets)?;
///         match header.receive(&octets) {
///             Ok(Some(client)) => return Ok(client),
///             Ok(None) => {}
///             Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
///         }
///     }
/// }
///
/// let proxy = Peer::LOCAL;
/// let mut stream = &b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\nEHLO client.example\r\n"[..];
/// assert_eq!(client(&mut stream, proxy)?.to_string(), "192.0.2.1:40000");
/// assert_eq!(stream, b"EHLO client.example\r\n");
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProxyHeader {
    octets: Vec<u8>,
    proxy: Peer,
}

impl ProxyHeader {
    /// How long a header may take. A receiver has to wait three seconds at least, for a packet that was
    /// lost (§2).
    pub const PATIENCE: Duration = Duration::from_secs(5);

    /// One that `proxy` is about to send.
    pub fn sent_by(proxy: Peer) -> Self {
        Self {
            octets: Vec::new(),
            proxy,
        }
    }

    /// How many octets more there are at least, 4,096 at the most: read so many, or fewer.
    pub fn missing(&self) -> usize {
        let octets = &self.octets[..];
        let whole = match (octets.first(), octets.get(PREFIX - 2..PREFIX)) {
            (Some(b'\r'), Some(&[high, low])) => {
                PREFIX + usize::from(u16::from_be_bytes([high, low]))
            }
            (Some(b'\r'), _) => PREFIX,
            // Where a line ends is seen at its end.
            _ if octets.ends_with(b"\n") => octets.len(),
            _ => LINE.max(octets.len() + 1),
        };
        whole - octets.len()
    }

    /// Takes what was read, no more than is [`missing`](Self::missing). Once the header is whole it says
    /// who the client is, which is the proxy where it speaks for itself or doesn't know; before, `None`.
    ///
    /// # Errors
    /// If it is malformed, longer than 107 octets (version 1) or 4,096 (version 2), or about a datagram:
    /// there is nobody to be served then.
    pub fn receive(&mut self, octets: &[u8]) -> Result<Option<Peer>, InvalidProxyHeader> {
        self.octets.extend_from_slice(octets);
        // Whatever address stands there is to be ignored (§2.2), and the parser doesn't.
        if self.octets.starts_with(LOCAL) && self.missing() == 0 {
            return Ok(Some(self.proxy));
        }
        let config = ParseConfig {
            include_tlvs: false,
            ..ParseConfig::default()
        };
        match Parsed::parse(&self.octets, config) {
            Ok((header, _)) => match header.proxied_address() {
                Some(of) if of.protocol == Protocol::Datagram => Err(InvalidProxyHeader),
                Some(of) => Ok(Some(of.source.into())),
                None => Ok(Some(self.proxy)),
            },
            Err(Error::BufferTooShort) => match self.missing() {
                0 => Err(InvalidProxyHeader),
                more if self.octets.len() + more > LONGEST => Err(InvalidProxyHeader),
                _ => Ok(None),
            },
            Err(_) => Err(InvalidProxyHeader),
        }
    }
}

/// No sound header of the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidProxyHeader;

impl fmt::Display for InvalidProxyHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no sound header of the PROXY protocol")
    }
}

impl std::error::Error for InvalidProxyHeader {}
