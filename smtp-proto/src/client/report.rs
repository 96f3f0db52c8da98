//! What became of a message, recipient by recipient.

use super::Stage;
use crate::address::ForwardPath;
use crate::command::Rcpt;
use crate::envelope::Envelope;
use crate::extension::Prdr;
use crate::reply::Reply;
use alloc::vec::Vec;

/// The fate of one message, put together from its events.
///
/// ```
/// use smtp_proto::{Envelope, client::Report};
/// let envelope = Envelope::new("joe@example.com", ["ann@example.org"])?;
/// let report = Report::new(&envelope);
/// assert!(!report.is_accepted_by_all());
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    recipients: Vec<Recipient>,
    /// The reply that decided over the message as a whole, and where it came.
    end: Option<(Stage, Reply)>,
    /// Replies for each recipient hold only if that one accepts the message: by PRDR, not in LMTP.
    end_decides: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Recipient {
    path: ForwardPath<'static>,
    /// The reply to its RCPT.
    rcpt: Option<Reply>,
    /// The reply to the message for it, in LMTP or by PRDR.
    delivered: Option<Reply>,
}

impl Report {
    /// Nothing is known yet.
    pub fn new(envelope: &Envelope) -> Self {
        let recipient = |rcpt: &Rcpt<'static>| Recipient {
            path: rcpt.to().clone(),
            rcpt: None,
            delivered: None,
        };
        Self {
            recipients: envelope.recipients().iter().map(recipient).collect(),
            end: None,
            end_decides: envelope.mail().get::<Prdr>().is_some(),
        }
    }

    /// Notes [`Event::Recipient`](super::Event::Recipient).
    pub fn note_recipient(&mut self, index: usize, reply: Reply) {
        if let Some(recipient) = self.recipients.get_mut(index) {
            recipient.rcpt = Some(reply);
        }
    }

    /// Notes [`Event::Delivered`](super::Event::Delivered).
    pub fn note_delivered(&mut self, index: usize, reply: Reply) {
        if let Some(recipient) = self.recipients.get_mut(index) {
            recipient.delivered = Some(reply);
        }
    }

    /// Notes [`Event::Sent`](super::Event::Sent).
    pub fn note_sent(&mut self, reply: Reply) {
        self.end = Some((Stage::Message, reply));
    }

    /// Notes [`Event::Refused`](super::Event::Refused).
    pub fn note_refused(&mut self, at: Stage, reply: Reply) {
        if self.end_decides {
            for recipient in &mut self.recipients {
                recipient.delivered.take_if(|reply| reply.is_positive());
            }
        }
        self.end = Some((at, reply));
    }

    /// Each recipient with the reply that decided its fate: the refusal of its RCPT, or else the
    /// reply that accepted or refused the message, its own one in LMTP and by PRDR. 2yz says that the
    /// server is responsible for the message now. None of them before the end is known.
    pub fn recipients(&self) -> impl Iterator<Item = (&ForwardPath<'static>, &Reply)> {
        self.end.iter().flat_map(|(_, end)| {
            self.recipients.iter().map(move |recipient| {
                let refusal = recipient.rcpt.as_ref().filter(|reply| !reply.is_positive());
                let own = refusal.or(recipient.delivered.as_ref());
                (&recipient.path, own.unwrap_or(end))
            })
        })
    }

    /// Each recipient with the reply to its own RCPT, where that came: 251 says where the message
    /// is forwarded to.
    pub fn rcpt_replies(&self) -> impl Iterator<Item = (&ForwardPath<'static>, Option<&Reply>)> {
        self.recipients
            .iter()
            .map(|recipient| (&recipient.path, recipient.rcpt.as_ref()))
    }

    /// The reply that decided over the message as a whole, and the stage it came at.
    pub fn end(&self) -> Option<(Stage, &Reply)> {
        self.end.as_ref().map(|(at, reply)| (*at, reply))
    }

    /// Whether the server took the message for at least one recipient.
    pub fn is_accepted(&self) -> bool {
        self.recipients().any(|(_, reply)| reply.is_positive())
    }

    /// Whether it took it for every one.
    pub fn is_accepted_by_all(&self) -> bool {
        self.end.is_some() && self.recipients().all(|(_, reply)| reply.is_positive())
    }
}
