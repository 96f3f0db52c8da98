//! Client and server of the crate over a link of segments: what the client writes, the server
//! reads back. The same envelope, the same message, one of it, and nothing else.

use crate::envelope;
use crate::link::Link;
use crate::observe::{self, Said};
use crate::reference;
use crate::script::Script;
use smtp_proto::client::{Delivery, Error};

/// A script's line, the envelope, and the message. The settings are those of both sides and `m`
/// for a server without 8BITMIME; the verdicts are the server's, `a`, `t`, `r`, `c` and `i`.
pub fn pair(data: &[u8]) {
    let (script, rest) = Script::split(data);
    let (Some(envelope), content) = envelope::split(&script, rest) else {
        return;
    };
    let mut link = Link::new(&script, envelope, content);
    link.run();
    link.check(script.has(b'r'));
}

impl Link<'_> {
    fn check(&self, require_crlf: bool) {
        let newlines = if require_crlf {
            smtp_proto::Newlines::RequireCrlf
        } else {
            smtp_proto::Newlines::Convert
        };
        let mut received = self.received.iter();
        for (outcome, content) in self.sent.iter().zip(self.contents) {
            let decided = outcome.accepted.is_some();
            assert!(
                decided != outcome.unfit || self.failed.is_some(),
                "{outcome:?}"
            );
            if outcome.accepted != Some(true) {
                continue;
            }
            let (envelope, message) = received.next().expect("what was sent was received");
            assert_eq!(envelope.sender(), self.envelope.sender());
            let all = self.envelope.recipients().iter().zip(&outcome.recipients);
            let taken: Vec<_> = all
                .filter_map(|(rcpt, taken)| taken.then_some(rcpt))
                .collect();
            assert!(envelope.recipients().iter().eq(taken));
            assert_eq!(outcome.recipients.len(), self.envelope.recipients().len());
            let eight_bit = envelope.mail().body().is_some();
            let expected = reference::canonical(content, newlines, !eight_bit);
            assert_eq!(Some(message), expected.as_ref());
        }
        assert!(received.next().is_none(), "a message nobody sent");
        if matches!(self.failed, Some(Error::Content(_))) {
            assert_eq!(self.client.delivery(), Delivery::NotAccepted);
            let content = self.contents[self.sent.len() - 1];
            let sendable = reference::canonical(content, newlines, false).is_some();
            assert!(
                !sendable || !content.is_ascii(),
                "refused what could be sent"
            );
        } else {
            assert_eq!(self.failed, None, "a fault between the two of us");
        }
        self.check_said();
    }

    /// The server heard what the client said, and nothing else.
    fn check_said(&self) {
        let [client, server] = self.said.each_ref().map(observe::take);
        let mut spoken = client
            .iter()
            .filter(|said| !matches!(said, Said::Server(_)));
        for heard in server
            .iter()
            .filter(|said| !matches!(said, Said::Server(_)))
        {
            assert_eq!(Some(heard), spoken.next(), "{client:?}");
        }
        let closing = |said: &Said| matches!(said, Said::Server(line) if line.starts_with(b"421"));
        let cut_short = self.failed.is_some() || server.iter().any(closing);
        assert!(cut_short || spoken.next().is_none(), "unheard: {client:?}");
    }
}
