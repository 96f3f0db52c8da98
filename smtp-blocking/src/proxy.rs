//! The PROXY protocol, versions 1 and 2 (haproxy.org's `proxy-protocol.txt`): a proxy says in front of
//! everything else who its client is.
//!
//! What a header says is read by `proxy-header`; here is how much is read for it, and how long. Not
//! one octet more is taken than the header has: what follows is the session's.

use crate::Peer;
use crate::stream::{Stream, TICK, is_passing};
use proxy_header::{Error, ParseConfig, Protocol, ProxyHeader};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a header may take. A receiver has to wait three seconds at least, for a packet that was
/// lost (§2).
const PATIENCE: Duration = Duration::from_secs(5);

/// The octets of the longest header of version 2 that is read, what it tells beside addresses
/// included; nginx reads as many. A line of version 1 has 107 at most (§2.1).
const LONGEST: usize = 4_096;

/// The octets of the shortest header of version 1, `PROXY UNKNOWN` and CRLF.
const LINE: usize = 15;

/// The octets in front of what a header of version 2 is about; the last two say how long that is.
const PREFIX: usize = 16;

/// How a header of version 2 begins that a proxy sends on its own behalf.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20";

/// Reads the header that `proxy` sends: who the client is, which is the proxy where it speaks for
/// itself or doesn't know. `None` if there is no sound header in time.
pub(crate) fn client(stream: &mut Stream, proxy: Peer, going_down: &AtomicBool) -> Option<Peer> {
    let config = ParseConfig {
        include_tlvs: false,
        ..ParseConfig::default()
    };
    let began = Instant::now();
    let mut header = Vec::new();
    while began.elapsed() < PATIENCE && !going_down.load(Ordering::Relaxed) {
        let (start, octets) = (header.len(), missing(&header));
        if octets == 0 || start + octets > LONGEST {
            return None;
        }
        header.resize(start + octets, 0);
        let read = match stream.read(&mut header[start..], TICK) {
            Ok(0) => return None,
            Ok(read) => read,
            Err(error) if is_passing(&error) => 0,
            Err(_) => return None,
        };
        header.truncate(start + read);
        // Whatever address stands there is to be ignored (§2.2), and the parser doesn't.
        if header.starts_with(LOCAL) && missing(&header) == 0 {
            return Some(proxy);
        }
        match ProxyHeader::parse(&header, config) {
            Ok((header, _)) => {
                return match header.proxied_address() {
                    Some(of) if of.protocol == Protocol::Datagram => None,
                    Some(of) => Some(of.source.into()),
                    None => Some(proxy),
                };
            }
            Err(Error::BufferTooShort) => {}
            Err(_) => return None,
        }
    }
    None
}

/// How many octets more there are at least of a header that begins like that.
fn missing(header: &[u8]) -> usize {
    let whole = match (header.first(), header.get(PREFIX - 2..PREFIX)) {
        (Some(b'\r'), Some(&[high, low])) => PREFIX + usize::from(u16::from_be_bytes([high, low])),
        (Some(b'\r'), _) => PREFIX,
        // Where a line ends is seen at its end.
        _ if header.ends_with(b"\n") => header.len(),
        _ => LINE.max(header.len() + 1),
    };
    whole - header.len()
}
