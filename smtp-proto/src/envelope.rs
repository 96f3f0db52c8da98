//! The envelope of a message: what MAIL and RCPT said (RFC 5321 §2.3.1).

use crate::address::{AddressError, ForwardPath, ReversePath};
use crate::command::{Mail, Rcpt};
use crate::extension::{BodyType, Carrier, Extension, MailParameter, RcptParameter, TransId};
use alloc::vec::Vec;

/// Sender, recipients and what was said about the message. A server gets one from each
/// transaction, a client is given one to send, and a relay passes it on: with the size, the time
/// left and whatever else is true of the message by then.
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
        let from = ReversePath::try_from(from)?.into_owned();
        let mut envelope = Self::from(Mail::new(from));
        for to in to {
            envelope.push(Rcpt::new(ForwardPath::try_from(to.as_ref())?.into_owned()));
        }
        Ok(envelope)
    }

    /// As [`new`](Self::new), with UTF-8 in the addresses. If there is any, the message can only be
    /// sent to servers that offer SMTPUTF8 (RFC 6531).
    ///
    /// # Errors
    /// [`AddressError`] for the first address that is none.
    pub fn parse_utf8<R: AsRef<str>>(
        from: &str,
        to: impl IntoIterator<Item = R>,
    ) -> Result<Self, AddressError> {
        let from = ReversePath::parse_utf8(from)?.into_owned();
        let mut envelope = Self::from(Mail::new(from));
        for to in to {
            envelope.push(Rcpt::new(
                ForwardPath::parse_utf8(to.as_ref())?.into_owned(),
            ));
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

    pub(crate) fn mail_mut(&mut self) -> &mut Mail<'static> {
        &mut self.mail
    }

    /// Whether the transaction has an id, so that an earlier try may be taken up (RFC 1845).
    pub(crate) fn has_id(&self) -> bool {
        self.mail.get::<TransId<'_>>().is_some()
    }

    pub(crate) fn recipients_mut(&mut self) -> &mut [Rcpt<'static>] {
        &mut self.recipients
    }

    /// What each RCPT said, in order.
    pub fn recipients(&self) -> &[Rcpt<'static>] {
        &self.recipients
    }

    pub(crate) fn into_recipients(self) -> impl Iterator<Item = Rcpt<'static>> {
        self.recipients.into_iter()
    }

    /// One recipient more.
    pub fn push(&mut self, recipient: Rcpt<'static>) {
        self.recipients.push(recipient);
    }

    /// With a parameter of MAIL, in place of one of the same keyword.
    #[must_use]
    pub fn with<'p, P: MailParameter<'p>>(mut self, parameter: P) -> Self {
        self.mail = self.mail.with(parameter);
        self
    }

    /// With a parameter of every RCPT there is so far, in place of one of the same keyword.
    ///
    /// ```
    /// use smtp_proto::{Envelope, extension::Notify};
    /// let envelope = Envelope::new("joe@example.com", ["ann@example.org", "bob@example.net"])?
    ///     .with_rcpt(&Notify::NEVER);
    /// let told = envelope.recipients().iter().map(|rcpt| rcpt.get::<Notify>());
    /// assert!(told.eq([Some(Notify::NEVER); 2]));
    /// # Ok::<(), smtp_proto::address::AddressError>(())
    /// ```
    #[must_use]
    pub fn with_rcpt<'p, P: RcptParameter<'p> + Clone>(mut self, parameter: &P) -> Self {
        let with = |rcpt: Rcpt<'static>| rcpt.with(parameter.clone());
        self.recipients = self.recipients.into_iter().map(with).collect();
        self
    }

    /// Without that parameter of MAIL.
    #[must_use]
    pub fn without<'p, P: MailParameter<'p>>(mut self) -> Self {
        self.mail = self.mail.without::<P>();
        self
    }

    /// Without what that extension adds to MAIL and to each RCPT, for a relay whose next server lacks it:
    /// what may not be left out keeps a message from being sent there. What two extensions add goes with
    /// either: BODY of 8BITMIME and BINARYMIME, ENVID and ORCPT of DSN and MTRK.
    ///
    /// ```
    /// use smtp_proto::{Envelope, Extension, extension::{Notify, Ret}};
    /// let envelope = Envelope::new("joe@example.com", ["ann@example.org"])?
    ///     .with_size(1_000)
    ///     .with(Ret::Headers)
    ///     .with_rcpt(&Notify::NEVER)
    ///     .without_extension(Extension::Dsn);
    /// assert_eq!(envelope.mail().to_string(), "MAIL FROM:<joe@example.com> SIZE=1000");
    /// assert_eq!(envelope.recipients()[0].to_string(), "RCPT TO:<ann@example.org>");
    /// # Ok::<(), smtp_proto::address::AddressError>(())
    /// ```
    #[must_use]
    pub fn without_extension(mut self, extension: Extension) -> Self {
        let row = extension.row();
        for slot in row.slots(Carrier::Mail) {
            self.mail.list_mut().remove(slot.keywords());
        }
        for slot in row.slots(Carrier::Rcpt) {
            for recipient in &mut self.recipients {
                recipient.list_mut().remove(slot.keywords());
            }
        }
        self
    }

    /// This message for at most so many recipients at a time (one, where it says none), in order: a
    /// server may take no more of them in one transaction (RFC 9422).
    pub fn split(self, recipients: usize) -> impl Iterator<Item = Self> {
        let Self {
            mail,
            recipients: all,
        } = self;
        let mut all = all.into_iter();
        core::iter::from_fn(move || {
            let recipients: Vec<_> = all.by_ref().take(recipients.max(1)).collect();
            (!recipients.is_empty()).then(|| Self {
                mail: mail.clone(),
                recipients,
            })
        })
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
