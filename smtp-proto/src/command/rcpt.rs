//! RCPT (RFC 5321 §4.1.1.3).

use super::{Fault, SyntaxErrorKind, path};
use crate::address::{ForwardPath, forward_path};
use crate::extension::{
    Carrier, InvalidExtension, Parameters, RawParameter, RcptParameter, Syntax,
};
use crate::grammar::{Input, Word};
use core::fmt;

/// `RCPT TO:Forward-path [SP Rcpt-parameters]`: one recipient.
///
/// ```
/// use smtp_proto::Rcpt;
/// use smtp_proto::address::ForwardPath;
/// use smtp_proto::extension::Notify;
/// let rcpt = Rcpt::new(ForwardPath::try_from("ann@example.org")?).with(Notify::NEVER);
/// assert_eq!(rcpt.to_string(), "RCPT TO:<ann@example.org> NOTIFY=NEVER");
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rcpt<'a> {
    to: ForwardPath<'a>,
    parameters: Parameters<'a>,
}

impl<'a> Rcpt<'a> {
    /// A recipient.
    pub fn new(to: impl Into<ForwardPath<'a>>) -> Self {
        Self {
            to: to.into(),
            parameters: Parameters::default(),
        }
    }

    /// Where the message is to go.
    pub const fn to(&self) -> &ForwardPath<'a> {
        &self.to
    }

    /// What a parameter says, where it is there.
    pub fn get<'s, P: RcptParameter<'s>>(&'s self) -> Option<P> {
        self.parameters.get()
    }

    /// With that parameter, in place of one of the same keyword.
    #[must_use]
    pub fn with<'p, P: RcptParameter<'p>>(mut self, parameter: P) -> Self {
        self.parameters.set(parameter);
        self
    }

    /// With a parameter of an extension that this crate doesn't know, in place of one of that keyword. A
    /// client sends it to servers that offer an extension of that name.
    ///
    /// # Errors
    /// [`InvalidExtension`]: `Keyword`, `Arguments` for a value that holds anything but visible ASCII
    /// without `=`, or `Known` for a parameter that has a type here.
    pub fn with_own(
        mut self,
        keyword: &str,
        value: Option<&str>,
    ) -> Result<Self, InvalidExtension> {
        self.parameters.set_own(keyword, value)?;
        Ok(self)
    }

    /// Without that parameter.
    #[must_use]
    pub fn without<'p, P: RcptParameter<'p>>(mut self) -> Self {
        self.parameters.remove(P::KEYWORDS);
        self
    }

    /// Every parameter as it was written, in order.
    pub fn parameters(&self) -> impl Iterator<Item = RawParameter<'_>> {
        self.parameters.iter()
    }

    /// The parameter of that keyword, in any case, known to this crate or not.
    pub fn find(&self, keyword: &str) -> Option<RawParameter<'_>> {
        self.parameters.find(keyword)
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Rcpt<'static> {
        Rcpt {
            to: self.to.into_owned(),
            parameters: self.parameters.into_owned(),
        }
    }

    pub(crate) const fn list(&self) -> &Parameters<'a> {
        &self.parameters
    }

    pub(crate) const fn list_mut(&mut self) -> &mut Parameters<'a> {
        &mut self.parameters
    }

    /// Reads what stands behind the verb.
    #[inline]
    pub(super) fn parse(argument: Input<'a>, syntax: Syntax<'_>) -> Result<Self, Fault> {
        let malformed = SyntaxErrorKind::ForwardPath;
        let path = path::behind::<4>(argument, const { Word::new(" TO:") })?;
        let to =
            forward_path(path, syntax.utf8).map_err(|error| path::fault(error, path, malformed))?;
        let rest = path::end(path, to, malformed)?;
        let parameters = Parameters::read(rest, Carrier::Rcpt, syntax)?;
        let to = to.forward(path);
        Ok(Self { to, parameters })
    }
}

impl fmt::Display for Rcpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RCPT TO:{}{}", self.to, self.parameters)
    }
}
