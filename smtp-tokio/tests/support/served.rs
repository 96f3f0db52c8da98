//! A server in a thread of its own, whose handler does as the recipient's name says.

#![allow(dead_code)] // each test program uses its own part

use crate::support::PATIENCE;
use smtp_tokio::smtp_proto::reply::Text;
use smtp_tokio::smtp_proto::server::{Closed, Fault};
use smtp_tokio::{Accepted, Body, Config, Domain, Envelope, Handler, Rcpt, Refusal, Server};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use tokio::io::AsyncReadExt;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// What the handler saw.
#[derive(Debug, PartialEq)]
pub(crate) enum Told {
    Message(Vec<u8>),
    Void(Option<Fault>),
    Reset,
    Closed(Closed),
}

/// A handler that tells, and does as the local part of the first recipient says.
pub(crate) struct Probe(mpsc::Sender<Told>);

impl Probe {
    fn tell(&self, told: Told) {
        let _ = self.0.send(told);
    }
}

impl Handler for Probe {
    async fn rcpt(&mut self, rcpt: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        match rcpt.to().to_string().as_str() {
            "<nobody@example.com>" => Err(Refusal::no_such_mailbox()),
            "<undecided@example.com>" => pending().await,
            _ => Ok(()),
        }
    }

    async fn message(
        &mut self,
        envelope: Envelope,
        mut body: Body<'_>,
    ) -> Result<Accepted, Refusal> {
        let to = envelope.recipients()[0].to().to_string();
        let mut message = Vec::new();
        match to.as_str() {
            "<hasty@example.com>" => return Ok(Accepted::default()),
            "<full@example.com>" => return Err(Refusal::mailbox_full()),
            "<picky@example.com>" => {
                body.next().await?;
                return Err(Refusal::policy());
            }
            "<panicky@example.com>" => panic!("as the recipient's name says"),
            "<careless@example.com>" => {
                body.discard().await?;
            }
            "<frugal@example.com>" => {
                let mut few = [0; 7];
                loop {
                    match body.read(&mut few).await? {
                        0 => break,
                        octets => message.extend_from_slice(&few[..octets]),
                    }
                }
            }
            _ => loop {
                match body.next().await {
                    Ok(Some(chunk)) => message.extend_from_slice(&chunk),
                    Ok(None) => break,
                    Err(error) => {
                        let fault = error.get_ref().and_then(|fault| fault.downcast_ref());
                        self.tell(Told::Void(fault.copied()));
                        // What is said of a void message doesn't matter.
                        return Ok(Accepted::default());
                    }
                }
            },
        }
        if to == "<undecided-at-the-end@example.com>" {
            pending::<()>().await;
        }
        self.tell(Told::Message(message));
        if to == "<mixed@example.com>" {
            let verdict = |rcpt: &Rcpt<'_>| match rcpt.to().to_string().as_str() {
                "<over-quota@example.com>" => Err(Refusal::mailbox_full()),
                _ => Ok(()),
            };
            return Ok(Accepted::each(envelope.recipients().iter().map(verdict)));
        }
        Ok(Accepted::with_text(Text::new("kept").expect("a text")))
    }

    async fn verify(&mut self, who: &str) -> Result<Option<Text>, Refusal> {
        Ok((who == "ann").then(|| Text::new("Ann <ann@example.com>").expect("a text")))
    }

    async fn expand(&mut self, list: &str) -> Result<Option<Text>, Refusal> {
        match list {
            "staff" => Ok(Text::lines(["<ann@example.com>", "<bob@example.com>"]).ok()),
            "secret" => Err(Refusal::policy()),
            _ => Ok(None),
        }
    }

    async fn help(&mut self, topic: Option<&str>) -> Result<Option<Text>, Refusal> {
        let line = "much ".repeat(90);
        let lines = || vec![line.as_str(); 100];
        Ok(topic.and_then(|_| Text::lines(lines()).ok()))
    }

    async fn reset(&mut self) {
        self.tell(Told::Reset);
    }

    async fn closed(&mut self, closed: Closed) {
        self.tell(Told::Closed(closed));
    }
}

/// A server that runs until it is stopped.
pub(crate) struct Served {
    pub(crate) addr: SocketAddr,
    told: mpsc::Receiver<Told>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Served {
    pub(crate) fn start(configure: impl FnOnce(&mut Config)) -> Self {
        Self::with(configure, |server| server)
    }

    /// With settings of the server's own too.
    pub(crate) fn with(
        configure: impl FnOnce(&mut Config),
        set: impl FnOnce(Server) -> Server,
    ) -> Self {
        let mut config = Config::new(Domain::try_from("mx.example.com").expect("a name"));
        configure(&mut config);
        let runtime = Runtime::new().expect("a runtime");
        let server = runtime.block_on(Server::bind("127.0.0.1:0", config));
        let server = set(server.expect("a port"));
        let addr = server.local_addr().expect("it listens");
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let serve = server.serve(|_| Probe(tell.clone()), stopped);
            runtime.block_on(serve).expect("it serves");
        });
        Self {
            addr,
            told,
            stop,
            thread,
        }
    }

    /// What the handler saw next.
    pub(crate) fn told(&self) -> Told {
        self.told.recv_timeout(PATIENCE).expect("something to tell")
    }

    /// Begins to shut down; what is returned waits for its end, and gives what was told since.
    pub(crate) fn stop(self) -> impl FnOnce() -> Vec<Told> {
        let _ = self.stop.send(());
        move || {
            self.thread.join().expect("it returns");
            self.told.into_iter().collect()
        }
    }
}
