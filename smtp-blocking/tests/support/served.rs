//! A server in a thread of its own, whose handler does as the recipient's name says.

#![allow(dead_code)] // each test program uses its own part

use crate::support::PATIENCE;
use smtp_blocking::smtp_proto::server::{Closed, Fault};
use smtp_blocking::{
    Accepted, Body, Config, Domain, Envelope, Handler, Rcpt, Refusal, Server, Stopper,
};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

/// What the handler saw.
#[derive(Debug, PartialEq)]
pub(crate) enum Told {
    Message(Vec<u8>),
    Void(Option<Fault>),
    Reset,
    TlsFailed(io::ErrorKind),
    Closed(Closed),
}

/// A handler that tells, and does as the recipient's name says.
struct Probe(mpsc::Sender<Told>);

impl Handler for Probe {
    fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    fn message(&mut self, envelope: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
        match envelope.recipients()[0].to().to_string().as_str() {
            "<hasty@example.com>" => return Ok(Accepted::default()),
            "<full@example.com>" => return Err(Refusal::mailbox_full()),
            "<panicky@example.com>" => panic!("as the recipient's name says"),
            _ => {}
        }
        let mut message = Vec::new();
        let told = match body.read_to_end(&mut message) {
            Ok(_) => Told::Message(message),
            Err(error) => {
                let fault = error.get_ref().and_then(|fault| fault.downcast_ref());
                Told::Void(fault.copied())
            }
        };
        let _ = self.0.send(told);
        Ok(Accepted::default())
    }

    fn reset(&mut self) {
        let _ = self.0.send(Told::Reset);
    }

    fn tls_failed(&mut self, error: &io::Error) {
        let _ = self.0.send(Told::TlsFailed(error.kind()));
    }

    fn closed(&mut self, closed: Closed) {
        let _ = self.0.send(Told::Closed(closed));
    }
}

/// A server that runs until it is stopped.
pub(crate) struct Served {
    pub(crate) addr: SocketAddr,
    told: mpsc::Receiver<Told>,
    stopper: Stopper,
    thread: JoinHandle<io::Result<()>>,
}

impl Served {
    /// For four clients at a time.
    pub(crate) fn start(configure: impl FnOnce(&mut Config)) -> Self {
        Self::with(configure, |server| server.max_connections(4))
    }

    /// With settings of the server's own.
    pub(crate) fn with(
        configure: impl FnOnce(&mut Config),
        set: impl FnOnce(Server) -> Server,
    ) -> Self {
        let mut config = Config::new(Domain::try_from("mx.example.com").expect("a name"));
        configure(&mut config);
        let server = set(Server::bind("127.0.0.1:0", config).expect("a port"));
        let (tell, told) = mpsc::channel();
        Self {
            addr: server.local_addr().expect("it listens"),
            told,
            stopper: server.stopper().expect("it listens"),
            thread: thread::spawn(|| server.serve(move |_| Probe(tell.clone()))),
        }
    }

    /// What the handler saw next.
    pub(crate) fn told(&self) -> Told {
        self.told.recv_timeout(PATIENCE).expect("something to tell")
    }

    /// Begins to shut down; what is returned waits for its end, and gives what was told since.
    pub(crate) fn stop(self) -> impl FnOnce() -> Vec<Told> {
        self.stopper.stop();
        move || {
            let served = self.thread.join().expect("it returns");
            served.expect("it served");
            self.told.into_iter().collect()
        }
    }
}
