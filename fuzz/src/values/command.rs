//! Commands other than MAIL and RCPT.

use super::Text;
use arbitrary::Arbitrary;
use smtp_proto::address::Domain;
use smtp_proto::command::{Argument, Own};
use smtp_proto::extension::{
    Atrn, Attribute, Auth, Bdat, Burl, Etrn, Mechanism, Node, XClient, XForward,
};
use smtp_proto::{Command, Hello, Secret};

/// What one is made of.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum CommandValue {
    Hello(u8, Text),
    Auth(Text, Option<Vec<u8>>),
    /// The number of octets, to be shifted.
    Bdat(u64, u8, bool),
    Burl(Text, bool),
    EtrnHost(Text),
    EtrnSubdomains(Text),
    EtrnQueue(Text),
    Atrn(Vec<Text>),
    XClient(Vec<(Text, AttributeValue)>),
    XForward(Vec<(Text, AttributeValue)>),
    Own(Text),
    Vrfy(Text, bool),
    Expn(Text, bool),
    Help(Option<Text>),
}

/// What an attribute of XCLIENT says.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum AttributeValue {
    Known(Text),
    Unavailable,
    Temporarily,
}

impl AttributeValue {
    fn attribute(&self) -> Attribute<'_> {
        match self {
            Self::Known(text) => Attribute::Known((&*text.0).into()),
            Self::Unavailable => Attribute::Unavailable,
            Self::Temporarily => Attribute::TemporarilyUnavailable,
        }
    }
}

impl CommandValue {
    /// The command, `None` where there is none.
    pub(crate) fn command(&self) -> Option<Command<'_>> {
        Some(match self {
            Self::Hello(verb, name) => Command::Hello(
                match verb % 3 {
                    0 => Hello::ehlo(&name.0),
                    1 => Hello::helo(&name.0),
                    _ => Hello::lhlo(&name.0),
                }
                .ok()?,
            ),
            Self::Auth(mechanism, initial) => {
                let mechanism = Mechanism::try_from(&*mechanism.0).ok()?;
                let initial = initial.as_deref().map(Secret::from);
                Command::Auth(Auth::new(mechanism, initial))
            }
            Self::Bdat(..) => Command::Bdat(Bdat::new(self.size(), self.is_last())),
            Self::Burl(url, last) => Command::Burl(Burl::new(&url.0, *last)?),
            Self::EtrnHost(host) => Command::Etrn(Etrn::host(&domain(host)?)?),
            Self::EtrnSubdomains(name) => Command::Etrn(Etrn::subdomains(&domain(name)?)?),
            Self::EtrnQueue(name) => Command::Etrn(Etrn::queue(&name.0)?),
            Self::Atrn(names) => {
                let domains: Option<Vec<_>> = names.iter().map(domain).collect();
                Command::Atrn(Atrn::new(domains?)?)
            }
            Self::XClient(attributes) => {
                let ((name, value), more) = attributes.split_first()?;
                let first = XClient::new(&name.0, &value.attribute())?;
                let all = more.iter().try_fold(first, |all, (name, value)| {
                    all.and(&name.0, &value.attribute())
                });
                Command::XClient(all?)
            }
            Self::XForward(attributes) => {
                let ((name, value), more) = attributes.split_first()?;
                let first = XForward::new(&name.0, &value.attribute())?;
                let all = more.iter().try_fold(first, |all, (name, value)| {
                    all.and(&name.0, &value.attribute())
                });
                Command::XForward(all?)
            }
            Self::Own(argument) => Command::Own(Own::new("XfLuSh", &argument.0)?),
            Self::Vrfy(text, utf8) => Command::Vrfy(argument(text, *utf8)?),
            Self::Expn(text, utf8) => Command::Expn(argument(text, *utf8)?),
            Self::Help(None) => Command::Help(None),
            Self::Help(Some(text)) => Command::Help(Some(argument(text, false)?)),
        })
    }

    fn size(&self) -> u64 {
        match self {
            // A size of 2⁶³ and more is none.
            Self::Bdat(size, shift, _) => size >> (1 + shift % 63),
            _ => 0,
        }
    }

    fn is_last(&self) -> bool {
        matches!(self, Self::Bdat(_, _, true) | Self::Burl(_, true))
    }

    /// The command says this.
    pub(crate) fn check(&self, command: &Command<'_>) {
        let said = match (self, command) {
            (Self::Hello(_, name), Command::Hello(hello)) => hello.name() == name.0,
            (Self::Auth(mechanism, initial), Command::Auth(auth)) => {
                auth.mechanism().as_str() == mechanism.0.to_ascii_uppercase()
                    && auth.initial_response().as_ref().map(Secret::expose) == initial.as_deref()
            }
            (Self::Bdat(..), Command::Bdat(bdat)) => {
                (bdat.size, bdat.last) == (self.size(), self.is_last())
            }
            (Self::Burl(url, last), Command::Burl(burl)) => {
                burl.url() == url.0 && burl.is_last() == *last
            }
            (Self::EtrnHost(host), Command::Etrn(etrn)) => {
                matches!(etrn.node(), Node::Host(name) if name.as_str() == host.0)
            }
            (Self::EtrnSubdomains(domain), Command::Etrn(etrn)) => {
                matches!(etrn.node(), Node::Subdomains(name) if name.as_str() == domain.0)
            }
            (Self::EtrnQueue(queue), Command::Etrn(etrn)) => {
                matches!(etrn.node(), Node::Queue(name) if name == queue.0)
            }
            (Self::Atrn(names), Command::Atrn(atrn)) => {
                let names = names.iter().filter_map(domain);
                atrn.domains().eq(names)
            }
            (Self::XClient(attributes), Command::XClient(xclient)) => {
                is_attributes(attributes, xclient.iter())
            }
            (Self::XForward(attributes), Command::XForward(xforward)) => {
                is_attributes(attributes, xforward.iter())
            }
            (Self::Own(argument), Command::Own(own)) => {
                own.verb() == "XfLuSh" && own.argument() == argument.0
            }
            (Self::Vrfy(text, utf8), Command::Vrfy(argument))
            | (Self::Expn(text, utf8), Command::Expn(argument)) => {
                argument.as_str() == text.0 && argument.is_smtputf8() == *utf8
            }
            (Self::Help(text), Command::Help(argument)) => {
                argument.as_ref().map(Argument::as_str) == text.as_ref().map(|text| &*text.0)
            }
            _ => false,
        };
        assert!(said, "{command} for {self:?}");
    }
}

fn domain(name: &Text) -> Option<Domain<'_>> {
    Domain::parse_utf8(&name.0).ok()
}

fn argument(text: &Text, utf8: bool) -> Option<Argument<'_>> {
    if utf8 {
        Argument::utf8(&text.0).ok()
    } else {
        Argument::try_from(&*text.0).ok()
    }
}

/// Each as it was given; one with control characters can't be said.
fn is_attributes<'c>(
    given: &[(Text, AttributeValue)],
    said: impl Iterator<Item = (&'c str, Attribute<'c>)>,
) -> bool {
    let is_said = |(name, value): &(Text, AttributeValue), said: &(&str, Attribute<'_>)| {
        let value = match value {
            AttributeValue::Known(text) if text.0.contains(char::is_control) => {
                Attribute::Unavailable
            }
            value => value.attribute(),
        };
        name.0 == said.0 && value == said.1
    };
    let said: Vec<_> = said.collect();
    given.len() == said.len()
        && given
            .iter()
            .zip(&said)
            .all(|(given, said)| is_said(given, said))
}
