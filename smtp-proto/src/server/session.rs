//! What is known of a client so far.

use crate::command::Hello;
use crate::envelope::Envelope;
use crate::extension::{BodyType, Extensions, Prdr};
use alloc::string::String;

/// What the connection is under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Channel {
    #[default]
    Clear,
    Tls,
    /// TLS that mechanisms of AUTH can be bound to.
    Bound,
}

impl Channel {
    pub(super) fn is_secure(self) -> bool {
        self != Self::Clear
    }
}

/// What the client said that still holds.
#[derive(Clone, Debug, Default)]
pub struct Session {
    pub(super) channel: Channel,
    pub(super) hello: Option<Hello<'static>>,
    /// What was announced to it: nothing before EHLO, nor after HELO.
    pub(super) extensions: Extensions,
    pub(super) identity: Option<String>,
    pub(super) transaction: Option<Envelope>,
    pub(super) messages: u64,
}

impl Session {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            channel,
            ..Self::default()
        }
    }

    /// Whether it is under TLS.
    pub fn is_secure(&self) -> bool {
        self.channel.is_secure()
    }

    /// The EHLO, HELO or LHLO that was accepted.
    pub fn hello(&self) -> Option<&Hello<'static>> {
        self.hello.as_ref()
    }

    /// Who the client has shown to be by AUTH.
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// The transaction open: what MAIL said and the recipients accepted so far.
    pub fn transaction(&self) -> Option<&Envelope> {
        self.transaction.as_ref()
    }

    /// How many messages were accepted on this connection.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Begins anew, under TLS or not: what was said before holds no longer (RFC 3207 §4.2).
    pub(super) fn forget(&mut self, channel: Channel) {
        *self = Self {
            messages: self.messages,
            ..Self::new(channel)
        };
    }

    pub(super) fn is_smtputf8(&self) -> bool {
        let open = self.transaction.as_ref();
        open.is_some_and(|open| open.mail().is_smtputf8())
    }

    /// Whether the client takes a reply for each recipient, and then one for all.
    pub(super) fn has_prdr(&self) -> bool {
        let open = self.transaction.as_ref();
        open.is_some_and(|open| open.mail().get::<Prdr>().is_some())
    }

    pub(super) fn body_type(&self) -> Option<BodyType> {
        self.transaction.as_ref()?.mail().body()
    }

    pub(super) fn is_binary(&self) -> bool {
        self.body_type() == Some(BodyType::BinaryMime)
    }
}
