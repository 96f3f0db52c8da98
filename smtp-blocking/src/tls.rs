//! The two sides of a handshake, by rustls.

use crate::{ClientTls, ServerTls};
use rustls::{ClientConnection, Connection, ServerConnection};
use std::io;
use std::sync::Arc;

pub(crate) fn accept(tls: &ServerTls) -> io::Result<Connection> {
    let tls = ServerConnection::new(tls.config()).map_err(io::Error::other)?;
    Ok(Connection::Server(tls))
}

pub(crate) fn connect(tls: &ClientTls) -> io::Result<Connection> {
    let tls = ClientConnection::new(Arc::clone(tls.config()), tls.name().clone());
    Ok(Connection::Client(tls.map_err(io::Error::other)?))
}
