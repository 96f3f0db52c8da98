//! A listener that nobody gets past.

use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Where a connection neither stands nor fails, for as long as the queue of those before it is kept.
pub(crate) fn full() -> (SocketAddr, (Socket, Vec<TcpStream>)) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(&anywhere.into()).expect("a port");
    socket.listen(0).expect("it listens");
    let addr = socket.local_addr().expect("an address").as_socket();
    let addr = addr.expect("an address of IP");
    let moment = Duration::from_millis(300);
    let connect = || TcpStream::connect_timeout(&addr, moment).ok();
    let queue = std::iter::from_fn(connect).collect();
    (addr, (socket, queue))
}
