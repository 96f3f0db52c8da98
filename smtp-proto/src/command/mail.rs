//! MAIL (RFC 5321 §4.1.1.2).

use super::{Fault, SyntaxErrorKind, path};
use crate::address::{ReversePath, reverse_path};
use crate::extension::{
    BodyType, Carrier, Extension, InvalidExtension, MailParameter, Parameters, RawParameter, Size,
    SmtpUtf8, Syntax,
};
use crate::grammar::{Input, Word};
use core::fmt;

/// `MAIL FROM:Reverse-path [SP Mail-parameters]`: who sends, and what about the message.
///
/// Parameters are kept as they were written and read by their type:
///
/// ```
/// use smtp_proto::Mail;
/// use smtp_proto::address::ReversePath;
/// use smtp_proto::extension::{EnvId, Ret, Size};
/// let mail = Mail::new(ReversePath::try_from("joe@example.com")?)
///     .with(Size(1_000))
///     .with(Ret::Headers)
///     .with(EnvId::new("QQ=1")?);
/// assert_eq!(mail.to_string(), "MAIL FROM:<joe@example.com> SIZE=1000 RET=HDRS ENVID=QQ+3D1");
/// assert_eq!(mail.get::<Size>(), Some(Size(1_000)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mail<'a> {
    from: ReversePath<'a>,
    parameters: Parameters<'a>,
}

impl<'a> Mail<'a> {
    /// A transaction for mail from there.
    pub fn new(from: impl Into<ReversePath<'a>>) -> Self {
        Self {
            from: from.into(),
            parameters: Parameters::default(),
        }
    }

    /// Where failures are reported to.
    pub const fn from(&self) -> &ReversePath<'a> {
        &self.from
    }

    /// What a parameter says, where it is there.
    pub fn get<'s, P: MailParameter<'s>>(&'s self) -> Option<P> {
        self.parameters.get()
    }

    /// With that parameter, in place of one of the same keyword.
    #[must_use]
    pub fn with<'p, P: MailParameter<'p>>(mut self, parameter: P) -> Self {
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
    pub fn without<'p, P: MailParameter<'p>>(mut self) -> Self {
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

    /// How many octets the message has, by its sender's word (RFC 1870).
    pub fn size(&self) -> Option<u64> {
        self.get().map(|Size(octets)| octets)
    }

    /// What kind of octets it has, by its sender's word (RFC 6152, RFC 3030).
    pub fn body(&self) -> Option<BodyType> {
        self.get()
    }

    /// Whether it needs SMTPUTF8 (RFC 6531), by its sender's word.
    pub fn is_smtputf8(&self) -> bool {
        self.get::<SmtpUtf8>().is_some()
    }

    /// With a size declared, or not.
    #[must_use]
    pub fn with_size(self, octets: impl Into<Option<u64>>) -> Self {
        match octets.into() {
            Some(octets) => self.with(Size(octets)),
            None => self.without::<Size>(),
        }
    }

    /// With a body type declared, or not.
    #[must_use]
    pub fn with_body(self, body: impl Into<Option<BodyType>>) -> Self {
        match body.into() {
            Some(body) => self.with(body),
            None => self.without::<BodyType>(),
        }
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Mail<'static> {
        Mail {
            from: self.from.into_owned(),
            parameters: self.parameters.into_owned(),
        }
    }

    pub(crate) const fn list_mut(&mut self) -> &mut Parameters<'a> {
        &mut self.parameters
    }

    /// Reads what stands behind the verb.
    #[inline]
    pub(super) fn parse(argument: Input<'a>, mut syntax: Syntax<'_>) -> Result<Self, Fault> {
        // Whether the parameter that allows UTF-8 is there shows only behind the path.
        syntax.utf8 = syntax.extensions.contains(Extension::SmtpUtf8);
        let malformed = SyntaxErrorKind::ReversePath;
        let path = path::behind::<6>(argument, const { Word::new(" FROM:") })?;
        let from =
            reverse_path(path, syntax.utf8).map_err(|error| path::fault(error, path, malformed))?;
        let rest = path::end(path, from, malformed)?;
        let (parameters, contradiction) = Parameters::parse(rest, Carrier::Mail, syntax)?;
        let fault = if path.is_ascii || parameters.get::<SmtpUtf8>().is_some() {
            contradiction
        } else {
            let beyond_ascii = path.octets.iter().position(|octet| !octet.is_ascii());
            let kind = |at| match at {
                _ if at < from.octets() => SyntaxErrorKind::NonAsciiAddress,
                _ => SyntaxErrorKind::NonAscii,
            };
            let beyond_ascii = beyond_ascii.map(|at| (kind(at), path.octets.len() - at));
            let faults = contradiction.into_iter().chain(beyond_ascii);
            faults.max_by_key(|(_, left)| *left)
        };
        match fault {
            Some(first) => Err(first),
            None => Ok(Self {
                from: from.reverse(path),
                parameters,
            }),
        }
    }
}

impl fmt::Display for Mail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MAIL FROM:{}{}", self.from, self.parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::extension::{Extensions, Offers, OwnExtension};

    #[test]
    fn of_two_faults_the_first_in_the_line_is_told() {
        use SyntaxErrorKind::{Argument, NonAscii, NonAsciiAddress, ParameterValue, ReversePath};
        let own =
            OwnExtension::new("XNAME").and_then(|own| own.with_mail_parameter("XNAME", |_| true));
        let offers = Offers::from(Extensions::ALL).with(own.unwrap());
        for (line, fault) in [
            ("MAIL FROM:<a@b\u{1F600}>", (NonAsciiAddress, 14)),
            // MTRK wants an ENVID.
            ("MAIL FROM:<a@b\u{1F600}> MTRK=HJ", (NonAsciiAddress, 14)),
            (
                "MAIL FROM:<a@b\u{1F600}> MTRK=HJ SMTPUTF8",
                (ParameterValue, 20),
            ),
            ("MAIL FROM:<a@b> MTRK=HJ", (ParameterValue, 16)),
            (
                "MAIL FROM:<a@b> MTRK=HJ XNAME=\u{1F600}",
                (ParameterValue, 16),
            ),
            ("MAIL FROM:<a@b> XNAME=\u{1F600} MTRK=HJ", (NonAscii, 22)),
            ("MAIL FROM:<a@b_\u{1F600}> SIZE=", (ReversePath, 14)),
            ("MAIL FROM:<a@b> SIZE= MTRK=HJ", (Argument, 21)),
        ] {
            let error = Command::parse(line.as_bytes(), Syntax::new(&offers)).unwrap_err();
            assert_eq!((error.kind, error.offset), fault, "{line}");
        }
    }
}
