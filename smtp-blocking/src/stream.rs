//! A socket, in clear or under TLS.
//!
//! No call blocks for longer than a tick. One that took too long says so by an error that
//! [`is_passing`], and nothing of what came or went until then is lost.

use crate::socket::Socket;
use bytes::Buf;
use rustls::Connection;
use smtp_adapter::channel;
use smtp_sasl::Channel;
use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

/// How long a read or a write blocks before the clock is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(250);

/// How long, and how many octets, a peer that we have hung up on may go on sending.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_OCTETS: usize = 256 * 1024;

/// Pieces of output written at once.
const SLICES: usize = 16;

#[derive(Debug)]
pub(crate) struct Stream {
    socket: Box<dyn Socket>,
    /// From the first octet of a handshake on, even one that fails, nothing is said in clear.
    tls: Option<Box<Connection>>,
    patience: Duration,
}

impl Stream {
    pub(crate) fn new(socket: Box<dyn Socket>) -> io::Result<Self> {
        socket.set_read_timeout(Some(TICK))?;
        socket.set_write_timeout(Some(TICK))?;
        Ok(Self {
            socket,
            tls: None,
            patience: TICK,
        })
    }

    /// Makes the handshake, until `is_over` says that it has taken too long.
    pub(crate) fn handshake(
        &mut self,
        tls: Connection,
        mut is_over: impl FnMut() -> bool,
    ) -> io::Result<()> {
        self.be_patient(TICK)?;
        let tls = self.tls.insert(Box::new(tls));
        while tls.is_handshaking() || tls.wants_write() {
            if is_over() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let moved = if tls.wants_write() {
                tls.write_tls(&mut self.socket)
            } else {
                tls.read_tls(&mut self.socket)
            };
            match moved {
                Ok(octets) => {
                    decipher(tls, &mut self.socket)?;
                    if octets == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is known of the peer by TLS.
    pub(crate) fn channel(&self) -> Channel {
        match self.tls.as_deref() {
            Some(Connection::Client(tls)) => channel(tls),
            Some(Connection::Server(tls)) => channel(tls),
            None => Channel::default(),
        }
    }

    /// Reads some octets. Under TLS none is the end only if the peer said so; else it is an error.
    pub(crate) fn read(&mut self, buffer: &mut [u8], patience: Duration) -> io::Result<usize> {
        self.be_patient(patience)?;
        let Some(tls) = &mut self.tls else {
            return self.socket.read(buffer);
        };
        // What has failed stays so, whatever was deciphered before.
        decipher(tls, &mut self.socket)?;
        match tls.reader().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read,
        }
        tls.read_tls(&mut self.socket)?;
        decipher(tls, &mut self.socket)?;
        tls.reader().read(buffer)
    }

    /// Has the system acknowledge what was read.
    pub(crate) fn acknowledge(&self) {
        self.socket.acknowledge();
    }

    fn be_patient(&mut self, patience: Duration) -> io::Result<()> {
        if self.patience != patience {
            self.socket.set_read_timeout(Some(patience))?;
            self.patience = patience;
        }
        Ok(())
    }

    /// Writes some octets; those that are under TLS by then may still be held back.
    pub(crate) fn write(&mut self, output: &impl Buf) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = output.chunks_vectored(&mut slices);
        let Some(tls) = &mut self.tls else {
            return self.socket.write_vectored(&slices[..filled]);
        };
        let octets = tls.writer().write_vectored(&slices[..filled])?;
        // Whatever keeps them back keeps them back the next time too.
        let _ = tls.write_tls(&mut self.socket);
        Ok(octets)
    }

    /// Whether some octets are held back. They go first, or there would be ever more of them.
    pub(crate) fn is_holding(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Writes some of the octets that are held back.
    pub(crate) fn write_held(&mut self) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => tls.write_tls(&mut self.socket),
            None => Ok(0),
        }
    }

    /// Says that nothing more will be written. A peer that reads nothing isn't waited for long.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        if let Some(tls) = self.tls.as_mut().filter(|tls| !tls.is_handshaking()) {
            tls.send_close_notify();
            let began = Instant::now();
            while tls.wants_write() && began.elapsed() < LINGER {
                match tls.write_tls(&mut self.socket) {
                    Err(error) if !is_passing(&error) => break,
                    _ => {}
                }
            }
        }
        match self.socket.shutdown(Shutdown::Write) {
            Err(error) if error.kind() != io::ErrorKind::NotConnected => Err(error),
            _ => Ok(()),
        }
    }

    /// Closes, and reads a little while longer: closing on unread input would make TCP throw away
    /// the reply the peer is still to read.
    pub(crate) fn linger(&mut self) -> io::Result<()> {
        self.close()?;
        self.be_patient(TICK)?;
        let began = Instant::now();
        let (mut sink, mut octets) = ([0; 4096], 0);
        while octets < LINGER_OCTETS && began.elapsed() < LINGER {
            match self.socket.read(&mut sink) {
                Ok(0) => break,
                Ok(read) => octets += read,
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Has TLS look at what was read. If that won't do, the peer is told why before it is over.
fn decipher(tls: &mut Connection, socket: &mut dyn Write) -> io::Result<()> {
    let Err(error) = tls.process_new_packets() else {
        return Ok(());
    };
    let _ = tls.write_tls(socket);
    Err(io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Whether a call only took too long, or was interrupted.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
