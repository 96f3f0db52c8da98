//! Who is at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// A client, as far as its connection tells: an address, or a process of this machine.
///
/// ```
/// # use smtp_adapter::Peer;
/// # use std::net::{AddrParseError, SocketAddr};
/// let mapped: SocketAddr = "[::ffff:192.0.2.1]:40000".parse()?;
/// assert_eq!(Peer::from(mapped).to_string(), "192.0.2.1:40000");
/// assert_eq!(Peer::LOCAL.to_string(), "local");
/// # Ok::<(), AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer(Option<SocketAddr>);

impl Peer {
    /// A process of this machine, by a Unix socket.
    pub const LOCAL: Self = Self(None);

    /// Where it is; `None` for [`LOCAL`](Self::LOCAL).
    pub fn addr(&self) -> Option<SocketAddr> {
        self.0
    }
}

/// An IPv4 address in an IPv6 one's clothes (`::ffff:192.0.2.1`), as a socket for both gives them, is
/// taken for the IPv4 address, so that whoever looks it up in a list finds it.
impl From<SocketAddr> for Peer {
    fn from(mut addr: SocketAddr) -> Self {
        if let IpAddr::V4(ip) = addr.ip().to_canonical() {
            addr.set_ip(ip.into());
        }
        Self(Some(addr))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(addr) => addr.fmt(f),
            None => f.write_str("local"),
        }
    }
}
