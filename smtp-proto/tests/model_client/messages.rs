//! What an owner knows of its messages: what it handed over and what it was told.

use super::turn::Plan;
use smtp_proto::client::{Delivery, Stage};

#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) plan: Plan,
    /// Pieces handed over.
    pub(crate) pieces: usize,
    pub(crate) end: Option<End>,
    /// Recipients of which a reply was told: to RCPT, and to the message itself.
    pub(crate) recipients: usize,
    pub(crate) delivered: Vec<usize>,
    pub(crate) told: Option<Outcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sent(u16),
    Refused(Stage, u16),
}

/// From which octet on the server may have all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End(pub(crate) usize);

impl Message {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            plan,
            pieces: 0,
            end: None,
            recipients: 0,
            delivered: Vec::new(),
            told: None,
        }
    }

    /// What was handed over so far.
    pub(crate) fn content(&self) -> String {
        self.plan.pieces[..self.pieces].concat()
    }

    /// As it goes on the wire, each LF behind a CR; nothing if it can't go.
    pub(crate) fn converted(&self) -> Option<String> {
        let lines = self.content().replace("\r\n", "\n");
        let lone_cr = lines.contains('\r');
        (!lone_cr).then(|| lines.replace('\n', "\r\n"))
    }

    /// Whether the client has seen by now that it can't go: a CR at its end may still be half a CRLF.
    pub(crate) fn is_unsound(&self) -> bool {
        let content = self.content();
        content
            .trim_end_matches('\r')
            .replace("\r\n", "\n")
            .contains('\r')
            || content.ends_with("\r\r")
    }

    /// What is known if the connection is lost with so many octets read of it.
    pub(crate) fn delivery(&self, read: usize) -> Delivery {
        match self.end {
            Some(End(at)) if read >= at => Delivery::Unknown,
            _ => Delivery::NotAccepted,
        }
    }
}
