//! Client and server of the crate, and segments that go between them until both are done.

use crate::decide::answer;
use crate::envelope;
use crate::observe::{self, Transcript};
use crate::script::{Cuts, Script, Verdict};
use smtp_proto::bytes::Buf;
use smtp_proto::client::{self, Error};
use smtp_proto::server::{self, Event};
use smtp_proto::{Envelope, Extension};
use std::sync::Arc;

/// What is sent behind the input's message, to see that nothing of that is left over.
const SECOND: &[u8] = b"Subject: second\r\n\r\n.\r\n";

pub(crate) struct Link<'a> {
    pub(crate) client: client::Connection,
    pub(crate) server: server::Connection,
    cuts: Cuts<'a>,
    chunks: Cuts<'a>,
    script: Script<'a>,
    pub(crate) envelope: Envelope,
    /// What is to be sent, and what is left of the message under way.
    pub(crate) contents: [&'a [u8]; 2],
    begun: usize,
    content: &'a [u8],
    pub(crate) sent: Vec<Outcome>,
    pub(crate) received: Vec<(Envelope, Vec<u8>)>,
    arriving: Vec<u8>,
    pub(crate) failed: Option<Error>,
    pub(crate) said: [Transcript; 2],
}

/// What the client was told of one message.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) recipients: Vec<bool>,
    pub(crate) accepted: Option<bool>,
    /// It wasn't begun.
    pub(crate) unfit: bool,
}

impl<'a> Link<'a> {
    pub(crate) fn new(script: &Script<'a>, envelope: Envelope, content: &'a [u8]) -> Self {
        let mut config = observe::config(script);
        if script.has(b'm') {
            config.offers.remove(Extension::EightBitMime);
        }
        let said = [Transcript::default(), Transcript::default()];
        let mut client = client::Connection::new(Arc::new(envelope::config(script)));
        client.set_transcript(observe::sink(&said[0]));
        let mut server = server::Connection::new(Arc::new(config));
        server.set_transcript(observe::sink(&said[1]));
        Self {
            client,
            server,
            cuts: script.cuts(),
            chunks: script.cuts(),
            script: *script,
            envelope,
            contents: [content, SECOND],
            begun: 0,
            content: &[],
            sent: Vec::new(),
            received: Vec::new(),
            arriving: Vec::new(),
            failed: None,
            said,
        }
    }

    /// Lets them talk until both are done.
    pub(crate) fn run(&mut self) {
        let mut verdicts = self.script.verdicts();
        let octets = self
            .contents
            .iter()
            .map(|content| content.len())
            .sum::<usize>();
        let recipients = self.envelope.recipients().len();
        let (mut idle, mut over) = (0, false);
        for _ in 0..4096 + 16 * octets + 2048 * recipients {
            let (client_moved, hung_up) = self.poll_client();
            let (server_moved, closed) = self.poll_server(&mut verdicts);
            if hung_up {
                self.server.receive_eof();
            }
            if closed {
                self.client.receive_eof();
            }
            if over {
                return;
            }
            over = hung_up && closed;
            idle = if client_moved || server_moved {
                0
            } else {
                idle + 1
            };
            assert!(idle < 4, "each waits for the other");
        }
        panic!("talked without end");
    }

    /// Whether the client did something, and whether it is done.
    fn poll_client(&mut self) -> (bool, bool) {
        let event = match self.client.poll() {
            Ok(event) => event,
            Err(error) => {
                self.failed = Some(error);
                return (false, true);
            }
        };
        match event {
            client::Event::NeedInput => return (false, false),
            client::Event::Flush => {
                let cut = self.cuts.next().unwrap_or(1);
                let taken = carry(self.client.transmit(), cut, |octets| {
                    self.server.receive(octets)
                });
                return (taken > 0, false);
            }
            client::Event::Ready(ready) => {
                let Some(content) = self.contents.get(self.begun) else {
                    ready.quit();
                    return (true, false);
                };
                self.begun += 1;
                self.content = content;
                let unfit = ready.send(self.envelope.clone()).is_err();
                self.sent.push(Outcome {
                    unfit,
                    ..Outcome::default()
                });
            }
            client::Event::Body(body) if self.content.is_empty() => body.finish(),
            client::Event::Body(body) => {
                let cut = self.chunks.next().unwrap_or(1).min(self.content.len());
                let (chunk, rest) = self.content.split_at(cut);
                self.content = rest;
                body.send(chunk.to_vec());
            }
            client::Event::Recipient { index, reply } => {
                let outcome = self.sent.last_mut().expect("a message");
                assert_eq!(index, outcome.recipients.len());
                outcome.recipients.push(reply.is_positive());
            }
            client::Event::Sent { reply } => {
                assert!(reply.is_positive());
                self.settle(true);
            }
            client::Event::Refused { .. } => self.settle(false),
            client::Event::Closed(_) => return (false, true),
            event => panic!("{event:?}"),
        }
        (true, false)
    }

    fn settle(&mut self, accepted: bool) {
        if let Some(outcome) = self.sent.last_mut() {
            outcome.accepted.get_or_insert(accepted);
        }
    }

    /// Whether the server did something, and whether it is done.
    fn poll_server(&mut self, verdicts: &mut crate::script::Verdicts<'_>) -> (bool, bool) {
        let mut draw = || match verdicts.draw() {
            Verdict::Defer | Verdict::Expire | Verdict::DeferIntoShutdown => Verdict::Accept,
            verdict => verdict,
        };
        match self.server.poll() {
            Event::NeedInput => return (false, false),
            Event::Flush => {
                let cut = self.cuts.next().unwrap_or(1);
                let taken = carry(self.server.transmit(), cut, |octets| {
                    self.client.receive(octets)
                });
                if taken == 0 {
                    // The client has hung up.
                    let all = self.server.transmit().remaining();
                    self.server.transmit().advance(all);
                }
            }
            Event::Body(chunk) => self.arriving.extend_from_slice(&chunk),
            Event::Message(request) => {
                let envelope = request
                    .session()
                    .transaction()
                    .expect("an envelope")
                    .clone();
                let message = std::mem::take(&mut self.arriving);
                let verdict = draw();
                if matches!(verdict, Verdict::Accept | Verdict::AcceptWithText) {
                    self.received.push((envelope, message));
                }
                answer(Event::Message(request), verdict);
            }
            Event::Aborted(_) => self.arriving.clear(),
            Event::Closed(_) => return (false, true),
            Event::Reset => {}
            request => answer(request, draw()),
        }
        (true, false)
    }
}

/// Hands over one segment; says how much of it was taken.
fn carry(from: &mut impl Buf, cut: usize, to: impl FnOnce(&[u8]) -> usize) -> usize {
    let segment = from.chunk().len().min(cut);
    let taken = to(&from.chunk()[..segment]);
    from.advance(taken);
    taken
}
