//! A server that takes every message, or hangs up wherever the dice say so, and counts what it took.

#![allow(dead_code)] // each test program uses its own part

use crate::mock::Mock;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it offers, and how often it hangs up: in one of so many places.
#[derive(Clone, Copy)]
pub(crate) struct Habits {
    /// Not empty.
    pub(crate) offers: &'static [&'static str],
    pub(crate) hangs_up: Option<u64>,
}

/// What has come to it so far.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) connections: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
    pub(crate) quits: AtomicUsize,
    /// The subjects of the messages it took, in order.
    taken: Mutex<Vec<String>>,
    open: AtomicUsize,
    dice: AtomicU64,
}

impl Host {
    pub(crate) async fn start(habits: Habits) -> (SocketAddr, Arc<Self>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let host = Arc::new(Self::default());
        let serving = Arc::clone(&host);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let host = Arc::clone(&serving);
                tokio::spawn(async move {
                    stream.set_nodelay(true).expect("a setting");
                    let mut mock = Mock(BufReader::new(stream));
                    host.connections.fetch_add(1, Ordering::Relaxed);
                    let open = host.open.fetch_add(1, Ordering::Relaxed) + 1;
                    host.most_at_once.fetch_max(open, Ordering::Relaxed);
                    let hung_up = host.serve(&mut mock, habits).await;
                    if hung_up.is_err() {
                        host.open.fetch_sub(1, Ordering::Relaxed);
                    }
                });
            }
        });
        (addr, host)
    }

    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().expect("no panic").clone()
    }

    /// Throws the dice: whether to hang up here.
    fn throw(&self, habits: Habits) -> bool {
        // SplitMix64: the same throws in every run, and no pattern that the steps of a session fall in with.
        let mut thrown = self
            .dice
            .fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        thrown = (thrown ^ (thrown >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        thrown = (thrown ^ (thrown >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        thrown ^= thrown >> 31;
        habits.hangs_up.is_some_and(|of| thrown.is_multiple_of(of))
    }

    /// Hangs up if the dice say so, and says so itself every other time.
    async fn may_hang_up(&self, mock: &mut Mock<TcpStream>, habits: Habits) -> io::Result<()> {
        if !self.throw(habits) {
            return Ok(());
        }
        if self.dice.load(Ordering::Relaxed).is_multiple_of(2) {
            mock.0.write_all(b"421 going down\r\n").await?;
        }
        Err(ErrorKind::ConnectionAborted.into())
    }

    async fn serve(&self, mock: &mut Mock<TcpStream>, habits: Habits) -> io::Result<()> {
        self.may_hang_up(mock, habits).await?;
        mock.0.write_all(b"220 host\r\n").await?;
        let mut message = Vec::new();
        loop {
            let mut line = String::new();
            if mock.0.read_line(&mut line).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.may_hang_up(mock, habits).await?;
            let words: Vec<_> = line.split_whitespace().collect();
            let reply = match words[..] {
                ["EHLO", _] => {
                    let offers = habits.offers.join("\r\n250-");
                    format!("250-host\r\n250-{offers}\r\n250 HELP")
                }
                ["DATA"] => {
                    mock.0.write_all(b"354 go\r\n").await?;
                    while !message.ends_with(b"\r\n.\r\n") {
                        if mock.0.read_until(b'\n', &mut message).await? == 0 {
                            return Err(ErrorKind::UnexpectedEof.into());
                        }
                    }
                    self.take(&mut message, mock, habits).await?
                }
                ["BDAT", octets, ref last @ ..] => {
                    let octets = octets.parse().expect("a number");
                    let read = (&mut mock.0).take(octets).read_to_end(&mut message).await?;
                    if read as u64 != octets {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                    match last {
                        [] => "250 more".to_owned(),
                        _ => self.take(&mut message, mock, habits).await?,
                    }
                }
                ["QUIT"] => {
                    self.quits.fetch_add(1, Ordering::Relaxed);
                    self.open.fetch_sub(1, Ordering::Relaxed);
                    return mock.0.write_all(b"221 bye\r\n").await;
                }
                _ => "250 ok".to_owned(),
            };
            mock.0.write_all(format!("{reply}\r\n").as_bytes()).await?;
            self.may_hang_up(mock, habits).await?;
        }
    }

    /// Takes responsibility for a message, unless the dice are against it; so they may be against
    /// saying so.
    async fn take(
        &self,
        message: &mut Vec<u8>,
        mock: &mut Mock<TcpStream>,
        habits: Habits,
    ) -> io::Result<String> {
        self.may_hang_up(mock, habits).await?;
        let message = String::from_utf8(std::mem::take(message)).expect("text");
        let subject = message.lines().next().expect("a line");
        let subject = subject.strip_prefix("Subject: ").expect("a subject");
        self.taken
            .lock()
            .expect("no panic")
            .push(subject.to_owned());
        if self.throw(habits) {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        Ok("250 kept".to_owned())
    }
}
