//! The other end of a connection, octet by octet.

use super::PATIENCE;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A client that says what it is told to, sense or not.
pub(crate) struct Peer(BufReader<TcpStream>);

impl Peer {
    /// Connects, and hears nothing yet.
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        Self::over(TcpStream::connect(addr).expect("somebody listens"))
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        let patience = Some(PATIENCE);
        stream.set_nodelay(true).expect("a setting");
        stream.set_read_timeout(patience).expect("a setting");
        stream.set_write_timeout(patience).expect("a setting");
        Self(BufReader::new(stream))
    }

    /// Connects, is greeted and says hello.
    pub(crate) fn hello(addr: SocketAddr) -> Self {
        let mut peer = Self::connect(addr);
        assert!(peer.reply().starts_with("220 "));
        assert!(peer.ask("EHLO client.example").starts_with("250-"));
        peer
    }

    pub(crate) fn try_write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(octets)
    }

    pub(crate) fn write(&mut self, octets: &[u8]) {
        self.try_write(octets).expect("the server is there");
    }

    /// One reply, its lines joined by LF; what there is of it where the stream ends.
    pub(crate) fn try_reply(&mut self) -> io::Result<String> {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            if self.0.read_line(&mut reply)? == 0 || reply.as_bytes().get(start + 3) != Some(&b'-')
            {
                return Ok(reply.replace("\r\n", "\n").trim_end().to_owned());
            }
        }
    }

    pub(crate) fn reply(&mut self) -> String {
        self.try_reply().expect("the server is there")
    }

    /// Says a line, and hears the reply.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// Opens a transaction as far as the 354.
    pub(crate) fn begin(&mut self, recipient: &str) {
        assert!(self.ask("MAIL FROM:<a@example.org>").starts_with("250 "));
        let rcpt = self.ask(&format!("RCPT TO:<{recipient}@example.com>"));
        assert!(rcpt.starts_with("250 "), "{rcpt}");
        assert!(self.ask("DATA").starts_with("354 "));
    }

    /// Sends a whole message, and hears the reply to its end.
    pub(crate) fn send(&mut self, recipient: &str, message: &[u8]) -> String {
        self.begin(recipient);
        self.write(&[message, b".\r\n"].concat());
        self.reply()
    }

    /// Says `octet` again and again until a reply comes, and gives that.
    pub(crate) fn trickle(&mut self, octet: u8) -> String {
        let stream = self.stream().try_clone().expect("a socket");
        let answered = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !answered.load(Ordering::Relaxed) && (&stream).write_all(&[octet]).is_ok() {
                    thread::sleep(Duration::from_millis(10));
                }
            });
            let reply = self.reply();
            answered.store(true, Ordering::Relaxed);
            reply
        })
    }

    /// What one read gives.
    pub(crate) fn read(&mut self) -> String {
        let mut octets = [0; 4096];
        let read = self
            .0
            .get_mut()
            .read(&mut octets)
            .expect("the server is there");
        String::from_utf8_lossy(&octets[..read]).into_owned()
    }

    /// Everything that comes until the stream ends.
    pub(crate) fn rest(&mut self) -> String {
        let mut octets = Vec::new();
        self.0
            .read_to_end(&mut octets)
            .expect("the stream ends well");
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// Says that nothing more will be said.
    pub(crate) fn finish(&self) {
        self.0
            .get_ref()
            .shutdown(Shutdown::Write)
            .expect("it is open");
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.0.get_ref()
    }
}
