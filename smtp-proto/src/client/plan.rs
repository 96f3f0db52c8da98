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
    /// What it may ask at most, once somebody wanted to know.
    most: Option<Most>,
}

/// What a server takes (RFC 9422).
#[derive(Clone, Copy, Debug)]
struct Most {
    mail: Option<u32>,
    rcpt: Option<u32>,
    rcpt_domain: Option<u32>,
}

impl Most {
    fn of(capabilities: &Capabilities) -> Self {
        let limits = capabilities.get::<ServerLimits>().unwrap_or_default();
        Self {
            mail: limits.mail_max(),
            rcpt: limits.rcpt_max(),
            rcpt_domain: limits.rcpt_domain_max(),
        }
    }
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
    let most = *past.most.get_or_insert_with(|| Most::of(capabilities));
    let domains = past.new_domains(&envelope, most)?;
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
    envelope = envelope.with_body(body);
    if utf8 {
        envelope = envelope.with(SmtpUtf8);
    }
    let list = envelope.mail_mut().list_mut();
    keep(list, Carrier::Mail, capabilities, &config.own)?;
    for recipient in envelope.recipients_mut() {
        keep(
            recipient.list_mut(),
            Carrier::Rcpt,
            capabilities,
            &config.own,
        )?;
    }
    past.messages += 1;
    past.domains.extend(domains);
    Ok(envelope)
}

impl Past {
    /// The server says anew what it takes.
    pub(super) fn forget_limits(&mut self) {
        self.most = None;
    }

    /// The domains that come with that envelope, unless it has no recipient or is too much.
    fn new_domains(&self, envelope: &Envelope, most: Most) -> Result<BTreeSet<String>, SendError> {
        let recipients = envelope.recipients();
        let over = |count: usize, limit: Option<u32>| {
            limit.map(u64::from).filter(|limit| count as u64 > *limit)
        };
        if recipients.is_empty() {
            return Err(SendError::NoRecipients);
        }
        if let Some(limit) = over(recipients.len(), most.rcpt) {
            return Err(SendError::TooManyRecipients { limit });
        }
        if let Some(limit) = most
            .mail
            .map(u64::from)
            .filter(|limit| self.messages >= *limit)
        {
            return Err(SendError::TooManyMessages { limit });
        }
        let mut domains = BTreeSet::new();
        if most.rcpt_domain.is_some() {
            let mailboxes = recipients.iter().filter_map(|rcpt| rcpt.to().mailbox());
            let named = mailboxes.map(|mailbox| mailbox.host().as_str().to_ascii_lowercase());
            domains.extend(named.filter(|domain| !self.domains.contains(domain)));
        }
        match over(self.domains.len() + domains.len(), most.rcpt_domain) {
            Some(limit) => Err(SendError::TooManyDomains { limit }),
            None => Ok(domains),
        }
    }
}

/// The body type that is declared; `chunking` says that the message may go by BDAT. 7BIT is what a
/// server takes a message for anyway (RFC 6152 §3).
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
