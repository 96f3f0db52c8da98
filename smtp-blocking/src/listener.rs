//! Where a server's connections come from.

use crate::Peer;
use crate::socket::Socket;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::{self, UnixListener, UnixStream};

/// What a [`Server`](crate::Server) can serve on: a blocking socket that listens.
#[derive(Debug)]
#[non_exhaustive]
pub enum Listener {
    /// By TCP.
    Tcp(TcpListener),
    /// By a Unix socket.
    #[cfg(unix)]
    Unix(UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self::Unix(listener)
    }
}

impl Listener {
    /// The next connection, and who is at its other end.
    pub(crate) fn accept(&self) -> io::Result<(Box<dyn Socket>, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, addr) = listener.accept()?;
                // Without it a client that pipelines waits for the delayed acknowledgement.
                let _ = stream.set_nodelay(true);
                Ok((Box::new(stream), addr.into()))
            }
            #[cfg(unix)]
            Self::Unix(listener) => Ok((Box::new(listener.accept()?.0), Peer::LOCAL)),
        }
    }

    pub(crate) fn door(&self) -> io::Result<Door> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Door::Tcp),
            #[cfg(unix)]
            Self::Unix(listener) => listener.local_addr().map(Door::Unix),
        }
    }
}

/// Where it listens.
#[derive(Clone, Debug)]
pub(crate) enum Door {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(net::SocketAddr),
}

impl Door {
    /// Connects, and is gone again: whoever waits for a connection looks up.
    pub(crate) fn knock(&self) {
        match self {
            Self::Tcp(addr) => {
                let mut addr = *addr;
                match addr.ip() {
                    IpAddr::V4(ip) if ip.is_unspecified() => {
                        addr.set_ip(Ipv4Addr::LOCALHOST.into());
                    }
                    IpAddr::V6(ip) if ip.is_unspecified() => {
                        addr.set_ip(Ipv6Addr::LOCALHOST.into());
                    }
                    _ => {}
                }
                drop(TcpStream::connect(addr));
            }
            #[cfg(unix)]
            Self::Unix(addr) => drop(UnixStream::connect_addr(addr)),
        }
    }
}
