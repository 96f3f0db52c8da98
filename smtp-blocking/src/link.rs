//! A stream and a machine, put together: octets in, octets out, and the clock beside them.
//!
//! The stream never blocks for longer than a tick, so deadlines and a shutdown are seen in time. A
//! deadline starts anew only when the machine's generation changes, so a peer that trickles octets
//! gains no time.

use crate::socket::Socket;
use crate::stream::{Stream, TICK, is_passing};
use bytes::Buf;
use rustls::Connection;
use smtp_adapter::Machine;
use std::time::{Duration, Instant};
use std::{io, mem};
use zeroize::Zeroize;

/// How long a look for input takes while output is stuck.
const GLANCE: Duration = Duration::from_millis(1);

/// Octets read at a time.
const READ: usize = 32 * 1024;

/// The stream of a connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) stream: Stream,
    /// Where a read puts its octets, all of which the machine takes at once.
    input: Box<[u8]>,
    /// There is no more to be read.
    ended: bool,
    /// Nothing was written since something was read.
    unanswered: bool,
    acknowledges: bool,
    clock: Clock,
}

impl Link {
    pub(crate) fn new(socket: Box<dyn Socket>) -> io::Result<Self> {
        Ok(Self {
            stream: Stream::new(socket)?,
            input: vec![0; READ].into_boxed_slice(),
            ended: false,
            unanswered: false,
            acknowledges: false,
            clock: Clock::default(),
        })
    }

    /// From now on what came is acknowledged whenever there is more to be read and nothing to be written:
    /// the peer's system may hold the rest back until then (RFC 896), and ours wait with that for
    /// something to be written (RFC 1122 §4.2.3.2).
    pub(crate) fn acknowledge(&mut self) {
        self.acknowledges = true;
    }

    /// Puts the stream under TLS, unless that takes longer than the machine waits for it, or is not to be
    /// waited for any more.
    pub(crate) fn secure(
        &mut self,
        conn: &mut impl Machine,
        tls: Connection,
        is_over: impl Fn() -> bool,
    ) -> io::Result<()> {
        let Self { stream, clock, .. } = self;
        stream.handshake(tls, || is_over() || clock.look(conn))
    }

    /// As [`secure`](Self::secure), before there is a machine to wait.
    pub(crate) fn secure_within(&mut self, patience: Duration, tls: Connection) -> io::Result<()> {
        let began = Instant::now();
        self.stream.handshake(tls, || began.elapsed() >= patience)
    }

    /// Reads some input, or learns that there is no more or that the wait for it is over, or comes
    /// back after a tick for the caller to look around.
    pub(crate) fn fill(&mut self, conn: &mut impl Machine) -> io::Result<()> {
        // It may be what the peer waits for.
        if self.stream.is_holding() {
            return self.flush(conn);
        }
        if self.acknowledges && mem::take(&mut self.unanswered) {
            self.stream.acknowledge();
        }
        self.read(conn, TICK)
    }

    /// Writes some output, or learns that the wait for that is over. While a peer doesn't read,
    /// what it says is read: it may be waiting for that (RFC 2920 §3.1), and one that is gone may
    /// have said why.
    pub(crate) fn flush(&mut self, conn: &mut impl Machine) -> io::Result<()> {
        self.clock.look(conn);
        let written = if self.stream.is_holding() {
            self.stream.write_held()
        } else if conn.transmit().has_remaining() {
            let written = self.stream.write(conn.transmit());
            written.inspect(|octets| conn.transmit().advance(*octets))
        } else {
            return Ok(());
        };
        match written {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(_) => {
                self.unanswered = false;
                Ok(())
            }
            Err(error) if is_passing(&error) => self.read(conn, GLANCE),
            Err(error) if self.ended || conn.room() == 0 => Err(error),
            Err(_) => self.read(conn, GLANCE),
        }
    }

    /// Reads no more than the machine has room for. It alone knows what may not stand behind what.
    fn read(&mut self, conn: &mut impl Machine, patience: Duration) -> io::Result<()> {
        self.clock.look(conn);
        let room = conn.room().min(READ);
        if room == 0 {
            return Ok(());
        }
        match self.stream.read(&mut self.input[..room], patience) {
            Ok(0) => {
                self.ended = true;
                conn.receive_eof();
            }
            Ok(octets) => {
                self.unanswered = true;
                conn.receive(&self.input[..octets]);
                if conn.holds_secret() {
                    self.input[..octets].zeroize();
                }
            }
            Err(error) if is_passing(&error) => conn.shrink(),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// The wait that is on, and when it is over.
#[derive(Debug, Default)]
struct Clock(Option<(u64, Option<Instant>)>);

impl Clock {
    /// Ends the wait that has run out, and says so, or notes when the one that is on will have.
    fn look(&mut self, conn: &mut impl Machine) -> bool {
        let Some(timeout) = conn.timeout() else {
            return false;
        };
        let now = Instant::now();
        match self.0 {
            Some((generation, deadline)) if generation == timeout.generation => {
                let over = deadline.is_some_and(|deadline| deadline <= now);
                if over {
                    conn.handle_timeout(timeout);
                }
                over
            }
            // The clock may not go as far as that; then the wait never ends.
            _ => {
                self.0 = Some((timeout.generation, now.checked_add(timeout.after)));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientTls, ServerTls, tls};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use smtp_proto::{Hello, client};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::thread;

    /// Two ends under TLS.
    fn pair() -> (Link, Stream) {
        let made = rcgen::generate_simple_self_signed(["mx.example.com".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let server = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key).unwrap())
            .unwrap();
        let client = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let theirs = thread::spawn(move || {
            let mut stream = Stream::new(Box::new(listener.accept().unwrap().0)).unwrap();
            let tls = tls::accept(&ServerTls::new(server)).unwrap();
            stream.handshake(tls, || false).unwrap();
            stream
        });
        let mut link = Link::new(Box::new(TcpStream::connect(addr).unwrap())).unwrap();
        let tls = ClientTls::new("mx.example.com", client).unwrap();
        link.secure_within(Duration::MAX, tls::connect(&tls).unwrap())
            .unwrap();
        (link, theirs.join().unwrap())
    }

    #[test]
    fn what_tls_holds_back_goes_out_while_a_reply_is_waited_for() {
        let (mut link, mut theirs) = pair();
        while !link.stream.is_holding() {
            link.stream.write(&&[0; 16 * 1024][..]).unwrap();
        }
        thread::spawn(move || {
            let goes_on = |read: io::Result<_>| read.err().is_none_or(|error| is_passing(&error));
            while goes_on(theirs.read(&mut [0; 4096], TICK)) {}
        });
        let hello = Hello::ehlo("client.example").unwrap();
        let mut conn = client::Connection::new(Arc::new(client::Config::new(hello)));
        let began = Instant::now();
        while link.stream.is_holding() {
            assert!(began.elapsed() < Duration::from_secs(60));
            link.fill(&mut conn).unwrap();
        }
    }
}
