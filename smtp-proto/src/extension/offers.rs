//! What a server announces, and what a session takes for it.

use super::list::RawParameter;
use super::own::OwnExtension;
use super::owner::Owner;
use super::parameter::{Carrier, Claim, Sealed};
use super::{Extension, Extensions};
use crate::syntax::SyntaxErrorKind;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// What stands behind an extension's keyword in the EHLO reply, as a type. `Display` writes the
/// arguments as they stand there.
///
/// It is sealed: the types are those of this crate.
pub trait Capability: fmt::Display + Sized + Sealed {
    /// Whose arguments they are.
    const EXTENSION: Extension;

    /// Reads the arguments, blanks around them cut off; `None` where they make no sense.
    fn parse(arguments: &str) -> Option<Self>;
}

/// The extensions a server announces (RFC 5321 §4.1.1.1), with their arguments. By default: PIPELINING,
/// SIZE, 8BITMIME, ENHANCEDSTATUSCODES, VRFY, EXPN and HELP, which need nothing beside the machine.
///
/// One that can't be as it is isn't announced: AUTH, FUTURERELEASE, XCLIENT and XFORWARD without their
/// arguments, one without another that it needs (such as BINARYMIME without CHUNKING), and, by the
/// session, what is for TLS or for before it. Arguments that a reply line has no room for are left out,
/// from the end.
///
/// ```
/// use smtp_proto::extension::{Extension, Offers, OwnExtension};
/// let offers = Offers::default()
///     .with(Extension::Dsn)
///     .with(OwnExtension::new("XQUEUE")?.with_mail_parameter("XQUEUE", |queue| queue.is_some())?)
///     .without(Extension::Help);
/// assert!(offers.contains(Extension::Dsn));
/// # Ok::<(), smtp_proto::extension::InvalidExtension>(())
/// ```
#[derive(Clone, Debug)]
pub struct Offers {
    extensions: Extensions,
    arguments: Vec<(Extension, String)>,
    own: Vec<OwnExtension>,
}

/// What can be offered: an [`Extension`], one with arguments ([`Capability`]), or an
/// [`OwnExtension`].
#[derive(Clone, Debug)]
pub struct Offer(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Plain(Extension),
    WithArguments(Extension, String),
    Own(OwnExtension),
}

impl Offers {
    /// Nothing.
    pub const NONE: Self = Self {
        extensions: Extensions::NONE,
        arguments: Vec::new(),
        own: Vec::new(),
    };

    /// These and one more, or other arguments for one that is there already.
    #[must_use]
    pub fn with(mut self, offer: impl Into<Offer>) -> Self {
        self.add(offer);
        self
    }

    /// These less one.
    #[must_use]
    pub fn without(mut self, extension: Extension) -> Self {
        self.remove(extension);
        self
    }

    /// One more, or other arguments for one that is there already.
    pub fn add(&mut self, offer: impl Into<Offer>) {
        match offer.into().0 {
            Kind::Plain(extension) => self.extensions = self.extensions.with(extension),
            Kind::WithArguments(extension, arguments) => {
                self.remove(extension);
                self.extensions = self.extensions.with(extension);
                self.arguments.push((extension, arguments));
            }
            Kind::Own(own) => {
                let other =
                    |other: &OwnExtension| !other.keyword().eq_ignore_ascii_case(own.keyword());
                self.own.retain(other);
                self.own.push(own);
            }
        }
    }

    /// One less.
    pub fn remove(&mut self, extension: Extension) {
        self.extensions = self.extensions.without(extension);
        self.arguments.retain(|(other, _)| *other != extension);
    }

    /// Whether it is offered.
    pub const fn contains(&self, extension: Extension) -> bool {
        self.extensions.contains(extension)
    }

    /// Those of this crate's extensions that are offered.
    pub const fn extensions(&self) -> Extensions {
        self.extensions
    }

    /// The offered extensions of your own.
    pub fn own(&self) -> &[OwnExtension] {
        &self.own
    }

    /// The arguments it is offered with; empty for none.
    pub(crate) fn arguments(&self, extension: Extension) -> &str {
        self.arguments
            .iter()
            .find(|(other, _)| *other == extension)
            .map_or("", |(_, arguments)| arguments)
    }

    /// The arguments it is offered with, as their type.
    pub fn get<C: Capability>(&self) -> Option<C> {
        if self.contains(C::EXTENSION) {
            C::parse(self.arguments(C::EXTENSION))
        } else {
            None
        }
    }

    /// The one of your own that has this verb.
    #[cold] // most lines begin with a verb of this crate
    pub(crate) fn has_own_verb(&self, verb: &[u8]) -> bool {
        self.own.iter().any(|own| own.has_verb(verb))
    }

    /// Octets a command line may have.
    pub(crate) fn command_line(&self) -> usize {
        let own = self.own.iter().map(OwnExtension::octets).sum::<usize>();
        self.extensions.command_line() + own
    }
}

impl Default for Offers {
    fn default() -> Self {
        Self::from(
            Extensions::NONE
                .with(Extension::Pipelining)
                .with(Extension::Size)
                .with(Extension::EightBitMime)
                .with(Extension::EnhancedStatusCodes)
                .with(Extension::Vrfy)
                .with(Extension::Expn)
                .with(Extension::Help),
        )
    }
}

/// These, without arguments.
impl From<Extensions> for Offers {
    fn from(extensions: Extensions) -> Self {
        Self {
            extensions,
            ..Self::NONE
        }
    }
}

impl From<Extension> for Offer {
    fn from(extension: Extension) -> Self {
        Self(Kind::Plain(extension))
    }
}

impl<C: Capability> From<C> for Offer {
    fn from(capability: C) -> Self {
        Self(Kind::WithArguments(C::EXTENSION, capability.to_string()))
    }
}

impl From<OwnExtension> for Offer {
    fn from(own: OwnExtension) -> Self {
        Self(Kind::Own(own))
    }
}

/// What a session allows in a command line. The default allows RFC 5321's commands without
/// parameters, as after HELO.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Syntax<'s> {
    /// Whether the transaction's MAIL asked for SMTPUTF8, so that its RCPT may hold UTF-8 (RFC 6531
    /// §3.4).
    pub utf8: bool,
    /// The extensions in effect.
    pub extensions: Extensions,
    /// Whether there are any: not before EHLO, nor after HELO.
    pub(crate) extended: bool,
    offers: &'s Offers,
}

static NO_OFFERS: Offers = Offers::NONE;

impl<'s> Syntax<'s> {
    /// What a session with all of these allows.
    pub const fn new(offers: &'s Offers) -> Self {
        Self {
            utf8: false,
            extensions: offers.extensions,
            extended: true,
            offers,
        }
    }

    /// Holds a parameter against what is in effect; gives whose it is, `None` where it is your own.
    pub(super) fn check(
        &self,
        carrier: Carrier,
        parameter: RawParameter<'_>,
    ) -> Result<Option<&'static Owner>, SyntaxErrorKind> {
        let RawParameter { keyword, value } = parameter;
        let mut wrong = SyntaxErrorKind::UnknownParameter;
        for owner in self.extensions.owners(carrier, keyword) {
            let claim = Claim {
                keyword,
                value,
                arguments: self.offers.arguments(owner.extension),
            };
            match (owner.slot.check)(claim) {
                Ok(()) => return Ok(Some(owner)),
                Err(error) => wrong = error,
            }
        }
        let mut own = self.offers.own.iter().filter(|_| self.extended);
        match own.find_map(|own| own.check(carrier, parameter)) {
            Some(true) => Ok(None),
            Some(false) => Err(SyntaxErrorKind::ParameterValue),
            None => Err(wrong),
        }
    }

    /// Whether a verb is one of the session's own extensions.
    pub(crate) fn has_own_verb(&self, verb: &[u8]) -> bool {
        self.offers.has_own_verb(verb)
    }
}

impl Default for Syntax<'_> {
    fn default() -> Self {
        Syntax::new(&NO_OFFERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extension::{Mechanism, Mechanisms, SizeLimit, XClientAttributes};

    fn keywords(offers: &Offers) -> Vec<&str> {
        offers.own().iter().map(OwnExtension::keyword).collect()
    }

    #[test]
    fn arguments_are_those_that_were_given_last() {
        let offers = Offers::NONE.with(SizeLimit(Some(1_000)));
        assert_eq!(offers.arguments(Extension::Size), "1000");
        let offers = offers.with(SizeLimit(Some(2_000)));
        assert_eq!(offers.arguments(Extension::Size), "2000");
        assert_eq!(offers.get(), Some(SizeLimit(Some(2_000))));
        // Named alone, it is left as it is.
        let offers = offers.with(Extension::Size);
        assert_eq!(offers.get(), Some(SizeLimit(Some(2_000))));
        let offers = offers.without(Extension::Size).with(Extension::Size);
        assert_eq!(offers.get(), Some(SizeLimit(None)));
    }

    #[test]
    fn what_is_removed_is_offered_no_more() {
        let mut offers = Offers::default();
        offers.add(Mechanisms::new([Mechanism::PLAIN]));
        assert!(offers.contains(Extension::Auth) && offers.contains(Extension::Help));
        offers.remove(Extension::Auth);
        offers.remove(Extension::Help);
        offers.remove(Extension::Help);
        assert!(!offers.contains(Extension::Auth) && !offers.contains(Extension::Help));
        assert_eq!(offers.arguments(Extension::Auth), "");
        assert_eq!(offers.get::<Mechanisms>(), None);
        assert_eq!(offers.extensions().iter().count(), 6);
    }

    #[test]
    fn the_arguments_of_one_extension_leave_another_alone() {
        let offers = Offers::NONE
            .with(XClientAttributes::new(["NAME", "ADDR"]).unwrap())
            .with(Mechanisms::new([Mechanism::PLAIN, Mechanism::LOGIN]))
            .without(Extension::Size)
            .with(XClientAttributes::new(["NAME"]).unwrap());
        assert_eq!(offers.arguments(Extension::Auth), "PLAIN LOGIN");
        assert_eq!(offers.arguments(Extension::XClient), "NAME");
    }

    /// RFC 5321 §2.4: keywords are the same in any case.
    #[test]
    fn an_own_extension_replaces_the_one_of_its_keyword() {
        let own = |keyword: &str| OwnExtension::new(keyword).unwrap();
        let offers = Offers::NONE
            .with(own("XA"))
            .with(own("XB"))
            .with(own("xa").with_arguments("1").unwrap());
        assert_eq!(keywords(&offers), ["XB", "xa"]);
        assert_eq!(offers.own()[1].arguments(), "1");
    }

    #[test]
    fn a_line_is_as_long_as_what_is_offered_allows() {
        assert_eq!(Offers::NONE.command_line(), 512);
        let offers = Offers::NONE.with(SizeLimit(Some(1)));
        assert_eq!(offers.command_line(), 512 + 26);
        let own = OwnExtension::new("XA").and_then(|own| own.with_mail_parameter("XA", |_| true));
        let offers = offers.with(own.unwrap());
        assert_eq!(offers.command_line(), 512 + 26 + " XA".len() + 256);
    }

    #[test]
    fn what_is_offered_is_allowed_and_nothing_else() {
        let offers = Offers::default();
        let size = RawParameter {
            keyword: "size",
            value: Some("1"),
        };
        let unknown = Some(SyntaxErrorKind::UnknownParameter);
        let fault = |syntax: Syntax<'_>, carrier| syntax.check(carrier, size).err();
        assert_eq!(fault(Syntax::new(&offers), Carrier::Mail), None);
        assert_eq!(fault(Syntax::new(&offers), Carrier::Rcpt), unknown);
        assert_eq!(fault(Syntax::default(), Carrier::Mail), unknown);
        // A session may have less in effect than is offered, as after HELO.
        let mut syntax = Syntax::new(&offers);
        syntax.extensions = Extensions::NONE;
        assert_eq!(fault(syntax, Carrier::Mail), unknown);
    }
}
