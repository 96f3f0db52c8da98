//! A socket and a machine, put together: octets in, octets out, and the clock beside them.
//!
//! The socket never blocks for longer than a tick, so deadlines and a shutdown are seen in time. A
//! deadline starts anew only when the machine's generation changes, so a peer that trickles octets
//! gains no time.

use bytes::{Buf, BufMut};
use smtp_proto::{Timeout, Transmit, client, server};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// How long a read or a write blocks before the clock is looked at.
const TICK: Duration = Duration::from_millis(250);

/// How long a look for input takes while output is stuck.
const GLANCE: Duration = Duration::from_millis(1);

/// Octets read at a time.
const READ: usize = 32 * 1024;

/// What the machines of both sides have in common.
pub(crate) trait Machine {
    fn receive_buf(&mut self) -> impl BufMut;
    fn receive_eof(&mut self);
    fn transmit(&mut self) -> &mut Transmit;
    fn timeout(&self) -> Option<Timeout>;
    fn handle_timeout(&mut self, expired: Timeout);
}

macro_rules! machine {
    ($connection:ty) => {
        impl Machine for $connection {
            fn receive_buf(&mut self) -> impl BufMut {
                self.receive_buf()
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

/// The socket of a connection.
#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    /// Where a read puts its octets, all of which the machine takes at once.
    input: Box<[u8]>,
    /// There is no more to be read.
    ended: bool,
    patience: Duration,
    /// The wait that is on, and when it is over.
    deadline: Option<(u64, Option<Instant>)>,
}

impl Link {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        // The last packet of a flight must not wait for the acknowledgement of the one before.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(TICK))?;
        Ok(Self {
            stream,
            input: vec![0; READ].into_boxed_slice(),
            ended: false,
            patience: TICK,
            deadline: None,
        })
    }

    /// Reads some input, or learns that there is no more or that the wait for it is over, or comes
    /// back after a tick for the caller to look around.
    pub(crate) fn fill(&mut self, conn: &mut impl Machine) -> io::Result<()> {
        self.read(conn, TICK)
    }

    /// Writes some output, or learns that the wait for that is over. While a peer doesn't read,
    /// what it says is read: it may be waiting for that (RFC 2920 §3.1), and one that is gone may
    /// have said why.
    pub(crate) fn flush(&mut self, conn: &mut impl Machine) -> io::Result<()> {
        self.look_at_the_clock(conn);
        if !conn.transmit().has_remaining() {
            return Ok(());
        }
        match self.stream.write(conn.transmit().chunk()) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(octets) => {
                conn.transmit().advance(octets);
                Ok(())
            }
            Err(error) if is_passing(&error) => self.read(conn, GLANCE),
            Err(error) if self.ended || !conn.receive_buf().has_remaining_mut() => Err(error),
            Err(_) => self.read(conn, GLANCE),
        }
    }

    /// Reads no more than the machine has room for. It alone knows what may not stand behind what.
    fn read(&mut self, conn: &mut impl Machine, patience: Duration) -> io::Result<()> {
        self.look_at_the_clock(conn);
        let room = conn.receive_buf().remaining_mut().min(READ);
        if room == 0 {
            return Ok(());
        }
        if self.patience != patience {
            self.stream.set_read_timeout(Some(patience))?;
            self.patience = patience;
        }
        match self.stream.read(&mut self.input[..room]) {
            Ok(0) => {
                self.ended = true;
                conn.receive_eof();
            }
            Ok(octets) => conn.receive_buf().put_slice(&self.input[..octets]),
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Ends the wait that has run out, or notes when the one that is on will have.
    fn look_at_the_clock(&mut self, conn: &mut impl Machine) {
        let Some(timeout) = conn.timeout() else {
            return;
        };
        let now = Instant::now();
        match self.deadline {
            Some((generation, deadline)) if generation == timeout.generation => {
                if deadline.is_some_and(|deadline| deadline <= now) {
                    conn.handle_timeout(timeout);
                }
            }
            // The clock may not go as far as that; then the wait never ends.
            _ => self.deadline = Some((timeout.generation, now.checked_add(timeout.after))),
        }
    }

    /// Says that nothing more will be written.
    pub(crate) fn close(&self) -> io::Result<()> {
        match self.stream.shutdown(Shutdown::Write) {
            Err(error) if error.kind() != io::ErrorKind::NotConnected => Err(error),
            _ => Ok(()),
        }
    }

    /// Closes, and reads a little while longer: closing on unread input would make TCP throw away
    /// the reply the peer is still to read.
    pub(crate) fn linger(&mut self) -> io::Result<()> {
        const OCTETS: usize = 256 * 1024;
        const TIME: Duration = Duration::from_secs(2);
        self.close()?;
        let began = Instant::now();
        let mut octets = 0;
        while octets < OCTETS && began.elapsed() < TIME {
            match self.stream.read(&mut self.input) {
                Ok(0) => break,
                Ok(read) => octets += read,
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether a call only took too long, or was interrupted.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
