//! What of an envelope is said to a server, by what it offers: the parameters that go, those that
//! may be left out, and those without which the message can't be sent at all.

use super::{Config, SendError};
use crate::address::{ForwardPath, ReversePath};
use crate::capability::Capabilities;
use crate::command::{Mail, Rcpt};
use crate::envelope::Envelope;
use crate::extension::{
    BodyType, Carrier, Extension, Extensions, OwnExtension, Parameters, RawParameter, RequireTls,
    ServerLimits, SmtpUtf8,
};
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

/// What a connection has asked of its server so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    /// Messages begun.
    messages: u64,
    /// The recipients' domains in lower case, where the server limits them.
    domains: BTreeSet<String>,
}

/// Makes an envelope one for a server of these capabilities, and notes it.
pub(super) fn plan(
    mut envelope: Envelope,
    capabilities: &Capabilities,
    config: &Config,
    secure: bool,
    past: &mut Past,
) -> Result<Envelope, SendError> {
    let mail = envelope.mail();
    let after = past.after(&envelope, capabilities)?;
    if let (Some(size), Some(limit)) = (mail.size(), capabilities.size())
        && size > limit
    {
        return Err(SendError::TooBig { limit });
    }
    let body = body(mail, capabilities, config.chunking)?;
    let utf8 = mail.is_smtputf8() || !is_ascii(&envelope);
    let offered = capabilities.extensions();
    if utf8 && !offered.contains(Extension::SmtpUtf8) {
        return Err(SendError::Missing(Extension::SmtpUtf8));
    }
    let tls_only = mail.get::<RequireTls>().is_some();
    if tls_only && !secure && offered.contains(Extension::RequireTls) {
        return Err(SendError::NeedsTls);
    }
    let mut planned = envelope.mail().clone().with_body(body);
    if utf8 {
        planned = planned.with(SmtpUtf8);
    }
    keep(planned.list_mut(), Carrier::Mail, capabilities, &config.own)?;
    envelope.set_mail(planned);
    for recipient in envelope.recipients_mut() {
        keep(
            recipient.list_mut(),
            Carrier::Rcpt,
            capabilities,
            &config.own,
        )?;
    }
    *past = after;
    Ok(envelope)
}

impl Past {
    /// What it is with that envelope, unless it has no recipient or, by the server's LIMITS (RFC 9422),
    /// is too much.
    fn after(&self, envelope: &Envelope, capabilities: &Capabilities) -> Result<Self, SendError> {
        let recipients = envelope.recipients();
        let limits = capabilities.get::<ServerLimits>().unwrap_or_default();
        let over = |count: usize, limit: Option<u32>| {
            limit.map(u64::from).filter(|limit| count as u64 > *limit)
        };
        if recipients.is_empty() {
            return Err(SendError::NoRecipients);
        }
        if let Some(limit) = over(recipients.len(), limits.rcpt_max()) {
            return Err(SendError::TooManyRecipients { limit });
        }
        if let Some(limit) = limits
            .mail_max()
            .map(u64::from)
            .filter(|most| self.messages >= *most)
        {
            return Err(SendError::TooManyMessages { limit });
        }
        let mut after = self.clone();
        after.messages += 1;
        if limits.rcpt_domain_max().is_some() {
            let mailboxes = recipients.iter().filter_map(|rcpt| rcpt.to().mailbox());
            let domains = mailboxes.map(|mailbox| mailbox.host().as_str().to_ascii_lowercase());
            after.domains.extend(domains);
        }
        match over(after.domains.len(), limits.rcpt_domain_max()) {
            Some(limit) => Err(SendError::TooManyDomains { limit }),
            None => Ok(after),
        }
    }
}

/// The body type that is declared; `chunking` says that the message may go by BDAT. 7BIT is what a server takes a message for anyway (RFC 6152 §3).
fn body(
    mail: &Mail<'_>,
    capabilities: &Capabilities,
    chunking: bool,
) -> Result<Option<BodyType>, SendError> {
    let needed: &[Extension] = match mail.body() {
        Some(BodyType::SevenBit) => return Ok(None),
        Some(BodyType::EightBitMime) => &[Extension::EightBitMime],
        Some(BodyType::BinaryMime) if !chunking => {
            return Err(SendError::Missing(Extension::Chunking));
        }
        Some(BodyType::BinaryMime) => &[Extension::BinaryMime, Extension::Chunking],
        None => {
            let offered = capabilities.offers(Extension::EightBitMime);
            return Ok(offered.then_some(BodyType::EightBitMime));
        }
    };
    let missing = |extension: &Extension| !capabilities.offers(*extension);
    match needed.iter().copied().find(missing) {
        Some(extension) => Err(SendError::Missing(extension)),
        None => Ok(mail.body()),
    }
}

/// Drops the parameters that the server doesn't offer and that may be dropped.
fn keep(
    parameters: &mut Parameters<'static>,
    carrier: Carrier,
    capabilities: &Capabilities,
    own: &[OwnExtension],
) -> Result<(), SendError> {
    let mut dropped = Vec::new();
    for parameter in parameters.iter() {
        match fate(parameter, carrier, capabilities, own)? {
            Fate::Kept => {}
            Fate::Dropped(keywords) => dropped.push(keywords),
        }
    }
    for keywords in dropped {
        parameters.remove(keywords);
    }
    Ok(())
}

enum Fate {
    Kept,
    Dropped(&'static [&'static str]),
}

fn fate(
    parameter: RawParameter<'_>,
    carrier: Carrier,
    capabilities: &Capabilities,
    own: &[OwnExtension],
) -> Result<Fate, SendError> {
    let owners = || Extensions::ALL.owners(carrier, parameter.keyword);
    if owners().any(|owner| capabilities.offers(owner.extension)) {
        return Ok(Fate::Kept);
    }
    match owners().next() {
        Some(owner) if owner.slot.is_advisory(parameter.value) => {
            Ok(Fate::Dropped(owner.slot.keywords()))
        }
        Some(owner) => Err(SendError::Missing(owner.extension)),
        None => {
            let has = |own: &OwnExtension| own.check(carrier, parameter).is_some();
            offers_own(capabilities, own, has, parameter.keyword)
                .then_some(Fate::Kept)
                .ok_or(SendError::UnknownParameter)
        }
    }
}

/// Whether a server offers one of these extensions that `has` it, or `keyword` itself.
pub(super) fn offers_own(
    capabilities: &Capabilities,
    own: &[OwnExtension],
    has: impl Fn(&OwnExtension) -> bool,
    keyword: &str,
) -> bool {
    let mut owners = own.iter().filter(|own| has(own));
    owners.any(|own| capabilities.has_keyword(own.keyword())) || capabilities.has_keyword(keyword)
}

fn is_ascii(envelope: &Envelope) -> bool {
    let sender = match envelope.sender() {
        ReversePath::Mailbox(mailbox) => mailbox.as_str().is_ascii(),
        ReversePath::Null => true,
    };
    let recipient = |rcpt: &Rcpt<'_>| {
        let path = match rcpt.to() {
            ForwardPath::Mailbox(mailbox) => mailbox.as_str().is_ascii(),
            ForwardPath::Postmaster => true,
        };
        path && rcpt.list().is_ascii()
    };
    sender && envelope.recipients().iter().all(recipient)
}
