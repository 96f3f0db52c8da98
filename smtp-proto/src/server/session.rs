//! What is known of a client so far.

use crate::command::Hello;
use crate::envelope::Envelope;

/// What the client said that still holds.
#[derive(Clone, Debug, Default)]
pub struct Session {
    pub(super) hello: Option<Hello<'static>>,
    pub(super) transaction: Option<Envelope>,
    pub(super) messages: u64,
}

impl Session {
    /// The EHLO or HELO that was accepted.
    pub fn hello(&self) -> Option<&Hello<'static>> {
        self.hello.as_ref()
    }

    /// The transaction open: what MAIL said and the recipients accepted so far.
    pub fn transaction(&self) -> Option<&Envelope> {
        self.transaction.as_ref()
    }

    /// How many messages were accepted on this connection.
    pub fn messages(&self) -> u64 {
        self.messages
    }
}
