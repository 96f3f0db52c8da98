//! Client and server of the crate, and segments that go between them until both are done.

use crate::decide::{self, answer};
use crate::envelope;
use crate::said::{self, Transcript};
use crate::script::{Cuts, Script, Verdict, Verdicts};
use crate::settings;
use smtp_proto::bytes::Buf;
use smtp_proto::client::{self, Error, Ready};
use smtp_proto::extension::{Auth, Mechanism, TransId};
use smtp_proto::server::{self, Event};
use smtp_proto::{Envelope, Extension, Secret};
use std::sync::Arc;

/// What is sent behind the input's message, to see that nothing of that is left over, and before it is
/// sent again: by BDAT the first message alone waits for its recipients.
const SECOND: &[u8] = b"Subject: second\r\n\r\n.\r\n";

/// What the client begins AUTH with, and how it responds to a challenge.
const INITIAL: &[u8] = b"\0joe\0secret";

pub(crate) struct Link<'a> {
    pub(crate) client: client::Connection,
    pub(crate) server: server::Connection,
    cuts: Cuts<'a>,
    chunks: Cuts<'a>,
    script: Script<'a>,
    pub(crate) envelope: Envelope,
    /// What is to be sent, and how much of the message under way was.
    pub(crate) contents: [Vec<u8>; 3],
    begun: usize,
    content: usize,
    /// What the client has still to do before it sends: `S` and `A` of the settings.
    errands: Vec<u8>,
    pub(crate) sent: Vec<Outcome>,
    pub(crate) received: Vec<Received>,
    arriving: Received,
    pub(crate) failed: Option<Error>,
    pub(crate) said: [Transcript; 2],
    /// What the client responded, and what the server heard.
    pub(crate) responses: [Vec<Vec<u8>>; 2],
}

/// What the client was told of one message.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) recipients: Vec<bool>,
    /// By LMTP or PRDR, of those accepted: which one, and whether it has the message.
    pub(crate) delivered: Vec<(usize, bool)>,
    pub(crate) accepted: Option<bool>,
    /// It wasn't begun.
    pub(crate) unfit: bool,
}

impl Outcome {
    pub(crate) const fn is_under_way(&self) -> bool {
        self.accepted.is_none() && !self.unfit
    }
}

/// What the server accepted.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) envelope: Option<Envelope>,
    pub(crate) message: Vec<u8>,
    pub(crate) chunked: bool,
    /// Where it stands, if it is to be fetched.
    pub(crate) url: Option<String>,
}

impl<'a> Link<'a> {
    pub(crate) fn new(script: &Script<'a>, envelope: Envelope, content: &[u8]) -> Self {
        let mut config = settings::config(script);
        if script.has(b'm') {
            config.offers.remove(Extension::EightBitMime);
        }
        let content = envelope::content(script, content);
        let said = [Transcript::default(), Transcript::default()];
        let (ours, config) = (Arc::new(envelope::config(script)), Arc::new(config));
        let (mut client, mut server) = if script.has(b'T') {
            let server = server::Connection::over_tls(config);
            (client::Connection::over_tls(ours), server)
        } else {
            let server = server::Connection::new(config);
            (client::Connection::new(ours), server)
        };
        client.set_transcript(said::sink(&said[0]));
        server.set_transcript(said::sink(&said[1]));
        let errands = b"AS".iter().filter(|errand| script.has(**errand));
        Self {
            client,
            server,
            cuts: envelope::scaled(script, script.cuts()),
            chunks: envelope::scaled(script, script.cuts()),
            script: *script,
            envelope,
            contents: [content.clone(), SECOND.to_vec(), content],
            begun: 0,
            content: 0,
            errands: errands.copied().collect(),
            sent: Vec::new(),
            received: Vec::new(),
            arriving: Received::default(),
            failed: None,
            said,
            responses: [Vec::new(), Vec::new()],
        }
    }

    /// Lets them talk until both are done.
    pub(crate) fn run(&mut self) {
        let mut verdicts = self.script.verdicts();
        let octets = self.contents.iter().map(Vec::len).sum::<usize>();
        let recipients = self.envelope.recipients().len();
        let (mut idle, mut over) = (0, false);
        for _ in 0..8192 + 16 * octets + 2048 * recipients {
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
                if let Some(errand) = self.errands.pop() {
                    run_errand(errand, ready, &mut self.responses[0]);
                } else if self.begun == self.contents.len() {
                    ready.quit();
                } else {
                    let begun = envelope::send(&self.script, ready, &self.envelope);
                    self.begin(begun.is_err());
                }
            }
            client::Event::Upgrade(upgrade) => upgrade.complete(),
            client::Event::Challenge(challenge) => {
                let known = [&b""[..], decide::CHALLENGE.0];
                assert!(known.contains(&challenge.octets()), "another challenge");
                let response = [b"to: ", challenge.octets()].concat();
                challenge.respond(&response);
                self.responses[0].push(response);
            }
            client::Event::Reply { .. } => {}
            client::Event::Body(body) => {
                let rest = &self.contents[self.begun - 1][self.content..];
                let cut = self.chunks.next().unwrap_or(1).min(rest.len());
                self.content += cut;
                match cut {
                    0 if self.script.has(b'N') && self.begun < self.contents.len() => {
                        let begun = body.finish_then(self.envelope.clone());
                        self.begin(begun.is_err());
                    }
                    0 => body.finish(),
                    cut => body.send(rest[..cut].to_vec()),
                }
            }
            client::Event::Recipient { index, reply } => {
                let outcome = self.oldest().expect("a message");
                assert_eq!(index, outcome.recipients.len());
                outcome.recipients.push(reply.is_positive());
            }
            client::Event::Delivered { index, reply } => {
                let outcome = self.oldest().expect("a message");
                outcome.delivered.push((index, reply.is_positive()));
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

    fn begin(&mut self, unfit: bool) {
        self.begun += 1;
        self.content = 0;
        self.sent.push(Outcome {
            unfit,
            ..Outcome::default()
        });
    }

    /// The oldest message under way.
    fn oldest(&mut self) -> Option<&mut Outcome> {
        self.sent.iter_mut().find(|outcome| outcome.is_under_way())
    }

    fn settle(&mut self, accepted: bool) {
        if let Some(outcome) = self.oldest() {
            outcome.accepted = Some(accepted);
        }
    }

    /// Whether the server did something, and whether it is done.
    fn poll_server(&mut self, verdicts: &mut Verdicts<'_>) -> (bool, bool) {
        let mut draw = || match verdicts.draw() {
            Verdict::Defer | Verdict::Expire | Verdict::DeferIntoShutdown => Verdict::Accept,
            verdict => verdict,
        };
        let yes = |verdict| matches!(verdict, Verdict::Accept | Verdict::AcceptWithText);
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
            Event::Upgrade(upgrade) => upgrade.complete(),
            Event::Auth(request) => {
                let response = request
                    .response()
                    .map(|response| response.expose().to_vec());
                self.responses[1].extend(response);
                // A client has patience with no more than five.
                let verdict = match draw() {
                    Verdict::AcceptWithText if self.responses[1].len() > 4 => Verdict::Accept,
                    verdict => verdict,
                };
                answer(Event::Auth(request), verdict);
            }
            // There was no earlier try.
            Event::Mail(request) if request.value().get::<TransId<'_>>().is_some() => {
                let verdict = draw();
                let verdict = if yes(verdict) {
                    Verdict::Accept
                } else {
                    verdict
                };
                answer(Event::Mail(request), verdict);
            }
            Event::Data(request) => {
                self.arriving = Received {
                    chunked: request.value().is_chunked(),
                    ..Received::default()
                };
                answer(Event::Data(request), draw());
            }
            Event::Burl(request) => {
                assert!(request.value().is_last());
                self.arriving = Received {
                    envelope: request.session().transaction().cloned(),
                    url: Some(request.value().url().to_owned()),
                    ..Received::default()
                };
                let verdict = draw();
                if yes(verdict) {
                    self.received.push(std::mem::take(&mut self.arriving));
                }
                answer(Event::Burl(request), verdict);
            }
            Event::Body(chunk) => self.arriving.message.extend_from_slice(&chunk),
            Event::Message(request) => {
                self.arriving.envelope = request.session().transaction().cloned();
                let message = std::mem::take(&mut self.arriving);
                let verdict = draw();
                if yes(verdict) {
                    self.received.push(message);
                }
                answer(Event::Message(request), verdict);
            }
            Event::Aborted(_) => self.arriving = Received::default(),
            Event::Closed(_) => return (false, true),
            Event::Reset => {}
            request => answer(request, draw()),
        }
        (true, false)
    }
}

/// STARTTLS or AUTH, where it is offered.
fn run_errand(errand: u8, ready: Ready<'_>, responses: &mut Vec<Vec<u8>>) {
    if errand == b'S' {
        // Not offered, it is as good as done.
        let _ = ready.starttls();
    } else if ready
        .auth(Auth::new(Mechanism::PLAIN, Some(Secret::from(INITIAL))))
        .is_ok()
    {
        responses.push(INITIAL.to_vec());
    }
}

/// Hands over one segment; says how much of it was taken.
fn carry(from: &mut impl Buf, cut: usize, to: impl FnOnce(&[u8]) -> usize) -> usize {
    let segment = from.chunk().len().min(cut);
    let taken = to(&from.chunk()[..segment]);
    from.advance(taken);
    taken
}
