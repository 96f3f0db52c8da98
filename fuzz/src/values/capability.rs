//! Arguments in the EHLO reply.

use super::{Moment, Text};
use arbitrary::Arbitrary;
use smtp_proto::Capabilities;
use smtp_proto::extension::{
    BurlSources, DeliverBy, Extension, FutureRelease, Mechanism, Mechanisms, NoSoliciting,
    OwnExtension, PriorityProfile, ServerLimits, SizeLimit, XClientAttributes, XForwardAttributes,
};
use smtp_proto::server::Config;

/// What they are made of.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum CapabilityValue {
    Size(Option<u64>),
    Mechanisms(Vec<Text>),
    BurlSources(Text),
    DeliverBy(u32),
    FutureRelease(u32, Moment),
    PriorityProfile(Text),
    NoSoliciting(Text),
    /// Recipients, messages, domains.
    Limits(u32, Option<u32>, Option<u32>),
    XClient(Vec<Text>),
    XForward(Vec<Text>),
    /// A keyword and what stands behind it.
    Own(Text, Text),
}

impl CapabilityValue {
    /// Offers this, where there is such a value.
    pub(crate) fn offer(&self, config: &mut Config) -> Option<()> {
        let offers = &mut config.offers;
        match self {
            Self::Size(limit) => {
                config.limits.message = *limit;
                offers.add(Extension::Size);
            }
            Self::Mechanisms(names) => offers.add(Mechanisms::new(mechanisms(names))),
            Self::BurlSources(source) => {
                let source = match &*source.0 {
                    "" => BurlSources::imap(),
                    source => BurlSources::new(source)?,
                };
                offers.add(source);
            }
            Self::DeliverBy(min) => offers.add(DeliverBy::new(*min)?),
            Self::FutureRelease(interval, moment) => {
                offers.add(FutureRelease::new(*interval, moment.date_time()?)?);
            }
            Self::PriorityProfile(name) => offers.add(PriorityProfile::new(&name.0)?),
            Self::NoSoliciting(keywords) => offers.add(NoSoliciting::new(&keywords.0)?),
            Self::Limits(recipients, messages, domains) => {
                let limits = ServerLimits::default();
                offers
                    .add(domains.map_or(limits.clone(), |most| limits.with_rcpt_domain_max(most)));
                config.limits.recipients = usize::try_from(*recipients).ok()?;
                config.limits.transactions = *messages;
            }
            Self::XClient(names) => offers.add(XClientAttributes::new(words(names))?),
            Self::XForward(names) => offers.add(XForwardAttributes::new(words(names))?),
            Self::Own(keyword, arguments) => {
                let own = OwnExtension::new(&keyword.0).ok()?;
                offers.add(own.with_arguments(&arguments.0).ok()?);
            }
        }
        Some(())
    }

    /// What it takes the place of.
    pub(crate) fn keyword(&self) -> String {
        let extension = match self {
            Self::Size(_) => Extension::Size,
            Self::Mechanisms(_) => Extension::Auth,
            Self::BurlSources(_) => Extension::Burl,
            Self::DeliverBy(_) => Extension::DeliverBy,
            Self::FutureRelease(..) => Extension::FutureRelease,
            Self::PriorityProfile(_) => Extension::MtPriority,
            Self::NoSoliciting(_) => Extension::NoSoliciting,
            Self::Limits(..) => Extension::Limits,
            Self::XClient(_) => Extension::XClient,
            Self::XForward(_) => Extension::XForward,
            Self::Own(keyword, _) => return keyword.0.to_ascii_uppercase(),
        };
        extension.to_string()
    }

    /// A server that offers this says so.
    pub(crate) fn check(&self, found: &Capabilities) {
        let most = |number: u32| number.clamp(1, 999_999);
        let said = match self {
            Self::Size(limit) => found.get() == Some(SizeLimit(Some(limit.unwrap_or(0)))),
            Self::Mechanisms(names) => {
                let mut expected: Vec<_> = Vec::new();
                for mechanism in mechanisms(names) {
                    if !expected.contains(&mechanism) {
                        expected.push(mechanism);
                    }
                }
                let found = found.get::<Mechanisms>().unwrap_or_default();
                let names = fitting("AUTH", expected.iter().map(Mechanism::as_str));
                found.iter().map(Mechanism::as_str).eq(names)
            }
            Self::BurlSources(source) => found.get::<BurlSources>().is_some_and(|sources| {
                let words: Vec<_> = fitting("BURL", source.0.split(' ')).collect();
                sources.as_str() == words.join(" ")
                    || (source.0.is_empty() && sources == BurlSources::imap())
            }),
            Self::DeliverBy(min) => found
                .get::<DeliverBy>()
                .is_some_and(|by| by.min() == Some(*min)),
            Self::FutureRelease(interval, moment) => {
                found.get::<FutureRelease>().is_some_and(|most| {
                    most.max_interval() == *interval
                        && Some(most.max_date_time()) == moment.date_time().as_ref()
                })
            }
            Self::PriorityProfile(name) => {
                let profile = found.get::<PriorityProfile>();
                profile.is_some_and(|profile| profile.as_str() == name.0)
            }
            Self::NoSoliciting(keywords) => {
                let found = found.get::<NoSoliciting>();
                let classes = fitting("NO-SOLICITING", [&*keywords.0].into_iter()).next();
                found.is_some_and(|found| {
                    let classes = classes.unwrap_or_default();
                    found.keywords().eq(classes.split_terminator(','))
                })
            }
            Self::Limits(recipients, messages, domains) => {
                found.get::<ServerLimits>().is_some_and(|limits| {
                    limits.rcpt_max() == Some(most(*recipients))
                        && limits.mail_max() == messages.map(most)
                        && limits.rcpt_domain_max() == domains.map(most)
                })
            }
            Self::XClient(names) => {
                let found = found.get::<XClientAttributes>().unwrap_or_default();
                found.iter().eq(fitting("XCLIENT", words(names)))
            }
            Self::XForward(names) => {
                let found = found.get::<XForwardAttributes>().unwrap_or_default();
                found.iter().eq(fitting("XFORWARD", words(names)))
            }
            Self::Own(keyword, arguments) => found
                .iter()
                .any(|(word, behind)| word == keyword.0 && behind == arguments.0),
        };
        assert!(said, "{found:?} for {self:?}");
    }
}

fn mechanisms(names: &[Text]) -> impl Iterator<Item = Mechanism<'_>> {
    names
        .iter()
        .filter_map(|name| Mechanism::try_from(&*name.0).ok())
}

/// Those that a reply's line of 496 octets has room for, one blank before each.
fn fitting<'a>(
    keyword: &str,
    words: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = &'a str> {
    let mut octets = keyword.len();
    words.take_while(move |word| {
        octets += 1 + word.len();
        octets <= 496
    })
}

fn words(names: &[Text]) -> impl Iterator<Item = &str> {
    names.iter().map(|name| &*name.0)
}
