//! What the machines of both sides have in common.

use bytes::BufMut;
use smtp_proto::{Timeout, Transmit, client, server};

/// The octets and the waits of a [`server::Connection`] or a [`client::Connection`], for what moves them.
///
/// ```
/// use smtp_adapter::{Machine, bytes::Buf};
/// use std::io::{self, Write};
///
/// /// Writes something of the output.
/// fn flush(conn: &mut impl Machine, socket: &mut impl Write) -> io::Result<()> {
///     let octets = socket.write(conn.transmit().chunk())?;
///     conn.transmit().advance(octets);
///     Ok(())
/// }
/// ```
pub trait Machine {
    /// How many octets of input it takes.
    fn room(&self) -> usize;
    /// Copies input in; says how much of it was taken.
    fn receive(&mut self, data: &[u8]) -> usize;
    /// The buffer to read into, of so much [`room`](Self::room).
    fn receive_buf(&mut self) -> impl BufMut;
    /// Whether input that no `poll` has seen yet may hold a secret: what it was read into is to be wiped.
    fn holds_secret(&self) -> bool;
    /// Gives back memory that nothing is in, where there is nothing to read.
    fn shrink(&mut self);
    /// The peer will send nothing more.
    fn receive_eof(&mut self);
    /// What is to be written to the peer.
    fn transmit(&mut self) -> &mut Transmit;
    /// What is waited for and for how long.
    fn timeout(&self) -> Option<Timeout>;
    /// That wait is over. A stale one is ignored.
    fn handle_timeout(&mut self, expired: Timeout);
}

macro_rules! machine {
    ($connection:ty) => {
        impl Machine for $connection {
            fn room(&self) -> usize {
                self.room()
            }
            fn receive(&mut self, data: &[u8]) -> usize {
                self.receive(data)
            }
            fn receive_buf(&mut self) -> impl BufMut {
                self.receive_buf()
            }
            fn holds_secret(&self) -> bool {
                self.holds_secret()
            }
            fn shrink(&mut self) {
                self.shrink();
            }
            fn receive_eof(&mut self) {
                self.receive_eof();
            }
            fn transmit(&mut self) -> &mut Transmit {
                self.transmit()
            }
            fn timeout(&self) -> Option<Timeout> {
                self.timeout()
            }
            fn handle_timeout(&mut self, expired: Timeout) {
                self.handle_timeout(expired);
            }
        }
    };
}

machine!(server::Connection);
machine!(client::Connection);
