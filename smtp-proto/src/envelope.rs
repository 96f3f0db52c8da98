//! The envelope of a message: what MAIL and RCPT said (RFC 5321 §2.3.1).

use crate::address::{AddressError, ForwardPath, ReversePath};
use crate::command::{Mail, Rcpt};
use crate::extension::BodyType;
use alloc::vec::Vec;

/// Sender, recipients and what was said about the message. A server gets one from each
/// transaction, a client is given one to send, and a relay passes it on.
///
/// ```
/// use smtp_proto::{BodyType, Envelope};
/// let envelope = Envelope::new("joe@example.com", ["ann@example.org", "bob@example.net"])?
///     .with_body(BodyType::SevenBit);
/// assert_eq!(envelope.recipients().len(), 2);
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Envelope {
    mail: Mail<'static>,
    recipients: Vec<Rcpt<'static>>,
}

impl Envelope {
    /// An envelope from there (empty for the null reverse-path) to each of those.
    ///
    /// # Errors
    /// [`AddressError`] for the first address that is none.
    pub fn new<R: AsRef<str>>(
        from: &str,
        to: impl IntoIterator<Item = R>,
    ) -> Result<Self, AddressError> {
        let mut envelope = Self::from(Mail::new(ReversePath::try_from(from)?.into_owned()));
        for to in to {
            envelope.push(Rcpt::new(ForwardPath::try_from(to.as_ref())?.into_owned()));
        }
        Ok(envelope)
    }

    /// Where failures are reported to.
    pub const fn sender(&self) -> &ReversePath<'static> {
        self.mail.from()
    }

    /// What MAIL said.
    pub const fn mail(&self) -> &Mail<'static> {
        &self.mail
    }

    /// What each RCPT said, in order.
    pub fn recipients(&self) -> &[Rcpt<'static>] {
        &self.recipients
    }

    /// One recipient more.
    pub fn push(&mut self, recipient: Rcpt<'static>) {
        self.recipients.push(recipient);
    }

    /// With the message's size declared, in octets as they go over the wire before dots are doubled.
    pub fn with_size(mut self, octets: impl Into<Option<u64>>) -> Self {
        self.mail = self.mail.with_size(octets);
        self
    }

    /// With the message's body type declared.
    pub fn with_body(mut self, body: impl Into<Option<BodyType>>) -> Self {
        self.mail = self.mail.with_body(body);
        self
    }
}

/// An envelope without recipients yet.
impl From<Mail<'static>> for Envelope {
    fn from(mail: Mail<'static>) -> Self {
        Self {
            mail,
            recipients: Vec::new(),
        }
    }
}
