//! Client and server of the crate over a link of segments: what the client writes, the server
//! reads back. The same envelope, the same message, one of it, and nothing else.

use crate::envelope;
use crate::link::{Link, Outcome, Received};
use crate::reference::{self, Framing};
use crate::said::{self, Said};
use crate::script::Script;
use smtp_proto::client::{Delivery, Error};
use smtp_proto::extension::RawParameter;
use smtp_proto::{BodyType, Envelope, Extension, Mail, Newlines, Rcpt, Reply};

/// Octets that a client puts into a chunk at least, unless it is the last.
const CHUNK: usize = 65_536;

/// A script's line, the envelope, and the message. The settings are those of both sides and `m`
/// for a server without 8BITMIME, `T` for one under TLS, `S` and `A` for a client that asks for TLS
/// or authenticates itself before it sends, `N` for one that says each message as the one before ends,
/// `R` for a message that is repeated until it is long, `U` for one that the server is to fetch; the
/// verdicts are the server's, `a`, `t`, `r`, `c` and `i`.
pub fn pair(data: &[u8]) {
    let (script, rest) = Script::split(data);
    let (Some(envelope), content) = envelope::split(&script, rest) else {
        return;
    };
    let mut link = Link::new(&script, envelope, content);
    link.run();
    link.check(&script);
}

impl Link<'_> {
    fn check(&self, script: &Script<'_>) {
        let newlines = if script.has(b'r') {
            Newlines::RequireCrlf
        } else {
            Newlines::Convert
        };
        let mut received = self.received.iter();
        for (outcome, content) in self.sent.iter().zip(&self.contents) {
            let decided = outcome.accepted.is_some();
            assert!(
                decided != outcome.unfit || self.failed.is_some(),
                "{outcome:?}"
            );
            if outcome.accepted != Some(true) {
                continue;
            }
            let received = received.next().expect("what was sent was received");
            let envelope = received.envelope.as_ref().expect("an envelope");
            let everything = script.has(b'x') && greets_with_extensions(script);
            self.check_envelope(envelope, outcome, everything);
            check_deliveries(outcome, envelope, script.has(b'L'));
            if script.has(b'U') {
                assert_eq!(received.url.as_deref(), Some(envelope::URL));
                assert!(received.message.is_empty());
                continue;
            }
            self.check_framing(received, script);
            let expected = reference::sent(
                content,
                framing(received),
                newlines,
                envelope.mail().body().is_none(),
            );
            assert_eq!(Some(&received.message), expected.whole().as_ref());
        }
        assert!(received.next().is_none(), "a message nobody sent");
        let under_way = self.sent.iter().position(Outcome::is_under_way);
        let under_way = under_way.map(|at| &self.contents[at]);
        match (&self.failed, under_way) {
            (Some(Error::Content(_)), Some(content)) => {
                let sendable = reference::sent(content, Framing::Chunks, newlines, false).sound;
                assert!(
                    !sendable || !content.is_ascii(),
                    "refused what could be sent"
                );
            }
            (Some(Error::TooBig { limit }), Some(content)) => {
                let limit = usize::try_from(*limit).expect("a small limit");
                // Each LF may become two octets.
                assert!(content.len() * 2 > limit, "refused what could be sent");
                assert_eq!(self.server.config().limits.message, Some(limit as u64));
            }
            (Some(Error::UnexpectedReply(reply)), _) => self.check_cut_short(reply),
            (failed, _) => assert_eq!(*failed, None, "a fault between the two of us"),
        }
        if self.failed.is_some() {
            let delivery = if under_way.is_some() {
                Delivery::NotAccepted
            } else {
                Delivery::Idle
            };
            assert_eq!(self.client.delivery(), delivery);
        }
        self.check_said();
    }

    /// A refusal ends the connection if it is of a chunk that has another one on its way behind it.
    fn check_cut_short(&self, reply: &Reply) {
        let mut told = self.sent.iter().zip(&self.contents).rev();
        let (refused, content) = told
            .find(|(outcome, _)| !outcome.is_under_way())
            .expect("a message");
        assert!(reply.code().is_negative());
        assert_eq!(refused.accepted, Some(false));
        assert!(content.len() > CHUNK, "there was one chunk");
    }

    /// Sender and recipients are those of the client's envelope, as far as each was accepted, and so
    /// is what was said about them.
    fn check_envelope(&self, envelope: &Envelope, outcome: &Outcome, everything: bool) {
        assert_eq!(envelope.sender(), self.envelope.sender());
        let mail = |mail: &Mail<'_>| written(mail.parameters());
        check_parameters(
            &mail(envelope.mail()),
            &mail(self.envelope.mail()),
            everything,
        );
        assert_eq!(outcome.recipients.len(), self.envelope.recipients().len());
        let all = self.envelope.recipients().iter().zip(&outcome.recipients);
        let taken: Vec<_> = all
            .filter_map(|(rcpt, taken)| taken.then_some(rcpt))
            .collect();
        assert_eq!(envelope.recipients().len(), taken.len());
        for (heard, said) in envelope.recipients().iter().zip(taken) {
            assert_eq!(heard.to(), said.to());
            let rcpt = |rcpt: &Rcpt<'_>| written(rcpt.parameters());
            check_parameters(&rcpt(heard), &rcpt(said), everything);
        }
    }

    /// It went by BDAT if both sides can, and by DATA otherwise.
    fn check_framing(&self, received: &Received, script: &Script<'_>) {
        let config = self.server.config();
        let possible = greets_with_extensions(script)
            && !script.has(b'c')
            && config.offers.contains(Extension::Chunking);
        let again = self.envelope.mail().find("TRANSID").is_some();
        let binary = framing(received) == Framing::Binary;
        assert_eq!(received.chunked, possible && (binary || !again));
    }

    /// The server heard what the client said, and nothing else, and had nothing to say against it.
    fn check_said(&self) {
        let [client, server] = self.said.each_ref().map(said::take);
        let of_client = |said: &&Said| !matches!(said, Said::Server(_) | Said::Challenge);
        // The last chunk and its BDAT are told in either order.
        let is_content = |said: &&Said| matches!(said, Said::Content);
        let lines = |all: &[Said]| -> Vec<Said> {
            let lines = all
                .iter()
                .filter(of_client)
                .filter(|said| !is_content(said));
            lines.cloned().collect()
        };
        let (spoken, heard) = (lines(&client), lines(&server));
        assert!(spoken.starts_with(&heard), "{client:?} {server:?}");
        let contents = |all: &[Said]| all.iter().filter(is_content).count();
        assert!(contents(&client) >= contents(&server));
        let closing = |said: &Said| matches!(said, Said::Server(line) if line.starts_with(b"421"));
        let cut_short = self.failed.is_some() || server.iter().any(closing);
        assert!(cut_short || spoken == heard, "unheard: {client:?}");
        let [responded, heard] = &self.responses;
        assert!(responded.starts_with(heard));
        let tls_first =
            |said: &Said| matches!(said, Said::Server(line) if line.starts_with(b"530"));
        assert!(cut_short || server.iter().any(tls_first) || responded == heard);
        for said in &server {
            if let Said::Server(line) = said {
                let wrong: [&[u8]; 7] =
                    [b"500", b"501", b"502", b"504", b"553", b"555", b"554 5.5.0"];
                assert!(!wrong.iter().any(|code| line.starts_with(code)), "{said:?}");
            }
        }
    }
}

/// By EHLO or LHLO, and not by HELO, in reply to which nothing is offered.
fn greets_with_extensions(script: &Script<'_>) -> bool {
    !script.has(b'h') || script.has(b'L')
}

fn framing(received: &Received) -> Framing {
    let envelope = received.envelope.as_ref().expect("an envelope");
    match envelope.mail().body() {
        Some(BodyType::BinaryMime) => Framing::Binary,
        _ if received.chunked => Framing::Chunks,
        _ => Framing::Data,
    }
}

/// In LMTP every recipient that was accepted is answered again, in order, and the message is sent if
/// one of them has it.
fn check_deliveries(outcome: &Outcome, envelope: &Envelope, lmtp: bool) {
    let indices = outcome.delivered.iter().map(|(index, _)| *index);
    let accepted = (0..outcome.recipients.len()).filter(|index| outcome.recipients[*index]);
    if lmtp || !outcome.delivered.is_empty() {
        assert!(indices.eq(accepted), "{outcome:?}");
        assert!(outcome.delivered.iter().any(|(_, taken)| *taken));
        assert!(lmtp || envelope.mail().find("PRDR").is_some());
    }
}

fn written<'a>(parameters: impl Iterator<Item = RawParameter<'a>>) -> Vec<String> {
    parameters.map(|parameter| parameter.to_string()).collect()
}

/// What was heard was said, but for what the client sees for itself; what was said was heard, but for
/// what only tells, where the server doesn't want to know.
fn check_parameters(heard: &[String], said: &[String], everything: bool) {
    for parameter in heard {
        let added = matches!(&parameter[..], "BODY=8BITMIME" | "SMTPUTF8");
        assert!(added || said.contains(parameter), "{parameter}");
    }
    for parameter in said {
        let keyword = parameter.split('=').next().unwrap_or_default();
        let keyword = keyword.to_ascii_uppercase();
        let droppable = match &keyword[..] {
            "BODY" => parameter.eq_ignore_ascii_case("BODY=7BIT"),
            "SIZE" | "AUTH" | "MT-PRIORITY" | "SOLICIT" | "SUBMITTER" | "PRDR" | "BY" | "RRVS" => {
                !everything
            }
            _ => false,
        };
        let same = |heard: &String| {
            // The client may have written BODY and SMTPUTF8 anew.
            heard == parameter || heard.eq_ignore_ascii_case(parameter)
        };
        assert!(droppable || heard.iter().any(same), "{parameter} is lost");
    }
}
