//! What the machine asks of you: what to do next, and the message, chunk by chunk.

use super::machine::Machine;
use super::{Error, SendError};
use crate::capability::Capabilities;
use crate::envelope::Envelope;
use bytes::Bytes;
use core::fmt;

/// Greeted, introduced, and nothing open: what next? Dropped, it is offered again.
#[must_use = "the connection waits for what to do next"]
pub struct Ready<'c> {
    pub(super) machine: &'c mut Machine,
}

impl Ready<'_> {
    /// What the server offers.
    pub fn capabilities(&self) -> &Capabilities {
        &self.machine.capabilities
    }

    /// Begins to send a message. Where the envelope doesn't say what kind of octets it has, it is
    /// sent as 8BITMIME if the server offers that and must be 7-bit otherwise.
    ///
    /// # Errors
    /// [`SendError`] if it can't be sent to this server; nothing was written then.
    pub fn send(self, envelope: Envelope) -> Result<(), SendError> {
        self.machine.send(envelope)
    }

    /// Takes leave.
    pub fn quit(self) {
        self.machine.quit();
    }
}

/// The server waits for the message. Dropped, it is asked for again.
#[must_use = "the server waits for the message"]
pub struct Body<'c> {
    pub(super) machine: &'c mut Machine,
}

impl Body<'_> {
    /// Writes the next octets of the message, of any number. Dots are stuffed; line ends are as
    /// [`Config::newlines`](super::Config::newlines) says. An octet that can't be sent ends the
    /// connection: the next `poll` is [`Error::Content`].
    pub fn send(self, chunk: impl Into<Bytes>) {
        self.machine.write_body(chunk.into());
    }

    /// The message is complete; its last line is, if it wasn't.
    pub fn finish(self) {
        self.machine.finish_body();
    }

    /// Gives the message up. SMTP has no other way to say so than to close the connection: the
    /// next `poll` is [`Error::Aborted`], and the server has no message.
    pub fn abort(self) {
        self.machine.fail(Error::Aborted);
    }
}

impl fmt::Debug for Ready<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
