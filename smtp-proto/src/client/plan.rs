//! What of an envelope is said to a server, by what it offers: the parameters that go, those that
//! may be left out, and those without which the message can't be sent at all.

use super::SendError;
use crate::address::{ForwardPath, ReversePath};
use crate::capability::Capabilities;
use crate::command::{Mail, Rcpt};
use crate::envelope::Envelope;
use crate::extension::{
    BodyType, Carrier, Extension, Extensions, Parameters, RawParameter, ServerLimits, SmtpUtf8,
};
use alloc::vec::Vec;

/// Makes an envelope one for a server of these capabilities. `messages` were begun on the
/// connection before; with `chunking` the message may go by BDAT.
pub(super) fn plan(
    mut envelope: Envelope,
    capabilities: &Capabilities,
    chunking: bool,
    messages: u64,
) -> Result<Envelope, SendError> {
    let mail = envelope.mail();
    check_numbers(&envelope, capabilities, messages)?;
    if let (Some(size), Some(limit)) = (mail.size(), capabilities.size())
        && size > limit
    {
        return Err(SendError::TooBig { limit });
    }
    let body = body(mail, capabilities, chunking)?;
    let utf8 = mail.is_smtputf8() || !is_ascii(&envelope);
    let offered = capabilities.extensions();
    if utf8 && !offered.contains(Extension::SmtpUtf8) {
        return Err(SendError::Missing(Extension::SmtpUtf8));
    }
    let mut planned = envelope.mail().clone().with_body(body);
    if utf8 {
        planned = planned.with(SmtpUtf8);
    }
    keep(planned.list_mut(), Carrier::Mail, capabilities)?;
    envelope.set_mail(planned);
    for recipient in envelope.recipients_mut() {
        keep(recipient.list_mut(), Carrier::Rcpt, capabilities)?;
    }
    Ok(envelope)
}

/// Whether there are neither too few recipients nor, by the server's LIMITS (RFC 9422), too many, or
/// too many messages.
fn check_numbers(
    envelope: &Envelope,
    capabilities: &Capabilities,
    messages: u64,
) -> Result<(), SendError> {
    let recipients = envelope.recipients().len() as u64;
    if recipients == 0 {
        return Err(SendError::NoRecipients);
    }
    let limits = capabilities.get::<ServerLimits>();
    let limit = |get: fn(&ServerLimits) -> Option<u32>| {
        limits.as_ref().and_then(get).map_or(u64::MAX, u64::from)
    };
    let (most, messages_most) = (limit(ServerLimits::rcpt_max), limit(ServerLimits::mail_max));
    if recipients > most {
        return Err(SendError::TooManyRecipients { limit: most });
    }
    if messages >= messages_most {
        return Err(SendError::TooManyMessages {
            limit: messages_most,
        });
    }
    Ok(())
}

/// The body type that is declared. 7BIT is what a server takes a message for anyway (RFC 6152 §3).
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
) -> Result<(), SendError> {
    let mut dropped = Vec::new();
    for parameter in parameters.iter() {
        match fate(parameter, carrier, capabilities)? {
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
) -> Result<Fate, SendError> {
    let owners = || Extensions::ALL.owners(carrier, parameter.keyword);
    if owners().any(|(extension, _)| capabilities.offers(extension)) {
        return Ok(Fate::Kept);
    }
    match owners().next() {
        Some((_, slot)) if slot.is_advisory(parameter.value) => Ok(Fate::Dropped(slot.keywords())),
        Some((extension, _)) => Err(SendError::Missing(extension)),
        None if capabilities.has_keyword(parameter.keyword) => Ok(Fate::Kept),
        None => Err(SendError::UnknownParameter),
    }
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
