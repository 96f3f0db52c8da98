//! The parameters of one command, in order, as they stand on the wire.
//!
//! The rule here: a list only holds what was checked, so whatever is read out of it can be written
//! into a command again.

use super::owner::Owner;
use super::parameter::{Carrier, Parameter, is_any};
use super::{Extensions, InvalidExtension, Syntax};
use crate::grammar::{self, Input};
use crate::syntax::{Fault, SyntaxErrorKind};
use alloc::borrow::Cow;
use alloc::string::ToString;
use core::fmt::{self, Write as _};

/// `esmtp-param = esmtp-keyword ["=" esmtp-value]`, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RawParameter<'a> {
    /// Its keyword, to be compared in any case.
    pub keyword: &'a str,
    /// What stands behind `=`, where it has one.
    pub value: Option<&'a str>,
}

/// The parameters of one command, joined by single blanks.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Parameters<'a>(Cow<'a, str>);

impl<'a> Parameters<'a> {
    /// Reads `*( SP esmtp-param )`, each of which the session has and none of which contradicts
    /// another.
    #[allow(clippy::inline_always)] // as for `parse`
    #[inline(always)]
    pub(crate) fn read(
        input: Input<'a>,
        carrier: Carrier,
        syntax: Syntax<'_>,
    ) -> Result<Self, Fault> {
        match Self::parse(input, carrier, syntax)? {
            (parameters, None) => Ok(parameters),
            (_, Some(contradiction)) => Err(contradiction),
        }
    }

    /// As [`read`](Self::read), but says beside them where one contradicts another.
    #[allow(clippy::inline_always)] // to be put together where it is to be
    #[inline(always)]
    pub(crate) fn parse(
        input: Input<'a>,
        carrier: Carrier,
        syntax: Syntax<'_>,
    ) -> Result<(Self, Option<Fault>), Fault> {
        let bound = !input.octets.is_empty() && check(input, carrier, syntax)?;
        let parameters = Self(Cow::Borrowed(input.text.get(1..).unwrap_or_default()));
        let contradiction = bound.then(|| parameters.contradiction(carrier));
        Ok((parameters, contradiction.flatten()))
    }

    /// Each of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = RawParameter<'_>> {
        split(&self.0)
    }

    /// The one of that keyword.
    pub(crate) fn find(&self, keyword: &str) -> Option<RawParameter<'_>> {
        self.iter().find(|parameter| parameter.is(keyword))
    }

    /// The first that contradicts another, or lacks it.
    fn contradiction(&self, carrier: Carrier) -> Option<Fault> {
        let mut place = 0;
        for parameter in self.iter() {
            let mut owners = Owner::of(carrier, parameter.keyword);
            if owners.any(|owner| owner.slot.agrees.is_some_and(|agrees| !agrees(self))) {
                return Some((SyntaxErrorKind::ParameterValue, self.0.len() - place));
            }
            place += parameter.keyword.len() + parameter.value.map_or(0, |it| 1 + it.len()) + 1;
        }
        None
    }

    pub(crate) fn get<'s, P: Parameter<'s>>(&'s self) -> Option<P> {
        let raw = self
            .iter()
            .find(|parameter| is_any(P::KEYWORDS, parameter.keyword))?;
        P::parse(raw.keyword, raw.value)
    }

    pub(crate) fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    /// Adds it behind the others, less the one that stood there before.
    #[allow(clippy::needless_pass_by_value)] // given away, as to any builder
    pub(crate) fn set<'p, P: Parameter<'p>>(&mut self, parameter: P) {
        self.remove(P::KEYWORDS);
        self.push(&parameter);
    }

    /// As [`set`](Self::set), for a parameter that this crate doesn't know.
    pub(crate) fn set_own(
        &mut self,
        keyword: &str,
        value: Option<&str>,
    ) -> Result<(), InvalidExtension> {
        let whole = |parsed: Result<(&[u8], _), _>| matches!(parsed, Ok(([], _)));
        if !whole(grammar::keyword(keyword.as_bytes())) {
            return Err(InvalidExtension::Keyword);
        }
        if value.is_some_and(|value| !whole(grammar::esmtp_value(false)(value.as_bytes()))) {
            return Err(InvalidExtension::Arguments);
        }
        if Extensions::ALL.know(keyword) {
            return Err(InvalidExtension::Known);
        }
        self.remove(&[keyword]);
        self.push(&RawParameter { keyword, value });
        Ok(())
    }

    fn push(&mut self, parameter: &impl fmt::Display) {
        let text = self.0.to_mut();
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a string can't fail.
        let _ = write!(text, "{parameter}");
    }

    /// Drops the one that goes by one of these keywords.
    pub(crate) fn remove(&mut self, keywords: &[&str]) {
        if self
            .iter()
            .any(|parameter| is_any(keywords, parameter.keyword))
        {
            let mut kept = Self::default();
            for parameter in self.iter() {
                if !is_any(keywords, parameter.keyword) {
                    kept.push(&parameter);
                }
            }
            self.0 = Cow::Owned(kept.0.into_owned());
        }
    }

    pub(crate) fn into_owned(self) -> Parameters<'static> {
        Parameters(Cow::Owned(self.0.into_owned()))
    }
}

/// Parameters that were read before.
fn split(text: &str) -> impl Iterator<Item = RawParameter<'_>> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let (parameter, behind) = grammar::cut(Some(rest).filter(|rest| !rest.is_empty())?, b' ');
        rest = behind.unwrap_or_default();
        let (keyword, value) = grammar::cut(parameter, b'=');
        Some(RawParameter { keyword, value })
    })
}

/// Whether each is sound by itself; says whether one has to agree with others. By itself, this
/// hands over no more than fits registers.
#[inline(never)]
fn check(input: Input<'_>, carrier: Carrier, syntax: Syntax<'_>) -> Result<bool, Fault> {
    let (mut at, mut seen, mut bound) = (0, 0, false);
    while at < input.octets.len() {
        let (parameter, end) = take(input, at, syntax.utf8)?;
        // One blank stands before the parameter.
        let wrong = |kind| (kind, input.octets.len() - at - 1);
        let owner = syntax.check(carrier, parameter).map_err(wrong)?;
        let again = if let Some(Owner { group, slot, .. }) = owner {
            let again = seen & group > 0;
            seen |= group;
            bound |= slot.agrees.is_some();
            again
        } else {
            let before = input.text[..at].strip_prefix(' ').unwrap_or_default();
            split(before).any(|other| other.is(parameter.keyword))
        };
        if again {
            return Err(wrong(SyntaxErrorKind::ParameterValue));
        }
        at = end;
    }
    Ok(bound)
}

/// Reads the `SP esmtp-param` that begins at `start`; says where it ends.
fn take(input: Input<'_>, start: usize, utf8: bool) -> Result<(RawParameter<'_>, usize), Fault> {
    let Input { octets, text, .. } = input;
    let malformed = |rest: &[u8]| {
        let at = text.len() - rest.len();
        match octets.get(at) {
            Some(octet) if !octet.is_ascii() => (SyntaxErrorKind::NonAscii, octets.len() - at),
            _ => (SyntaxErrorKind::Argument, octets.len() - at),
        }
    };
    let rest = &text.as_bytes()[start..];
    let rest = rest.strip_prefix(b" ").ok_or_else(|| malformed(rest))?;
    let (mut rest, keyword) = grammar::keyword(rest).map_err(|_| malformed(rest))?;
    let keyword = &text[start + 1..][..keyword.len()];
    let mut value = None;
    if let [b'=', behind @ ..] = rest {
        let (end, octets) = grammar::esmtp_value(utf8)(behind).map_err(|_| malformed(behind))?;
        value = Some(&text[text.len() - behind.len()..][..octets.len()]);
        rest = end;
    }
    let end = text.len() - rest.len();
    match octets.get(end) {
        None | Some(b' ') => Ok((RawParameter { keyword, value }, end)),
        Some(_) => Err(malformed(rest)),
    }
}

impl RawParameter<'_> {
    fn is(&self, keyword: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(keyword)
    }
}

/// As it stands on the wire.
impl fmt::Display for RawParameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword)?;
        match self.value {
            Some(value) => write!(f, "={value}"),
            None => Ok(()),
        }
    }
}

/// Each with the blank in front of it.
impl fmt::Display for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            "" => Ok(()),
            text => write!(f, " {text}"),
        }
    }
}

impl fmt::Debug for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|parameter| parameter.to_string()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{ForwardPath, ReversePath};
    use crate::extension::{Extensions, Offers, OwnExtension, RequireTls, Size, SmtpUtf8};
    use crate::{BodyType, Mail, Rcpt};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn offers() -> Offers {
        let own = OwnExtension::new("XQUEUE")
            .and_then(|own| own.with_mail_parameter("XQUEUE", |name| name == Some("fast")))
            .and_then(|own| own.with_rcpt_parameter("XFLAG", |name| name.is_none()));
        Offers::from(Extensions::ALL).with(own.unwrap())
    }

    #[test]
    fn parameters_are_read_one_blank_apart_and_each_once() {
        use SyntaxErrorKind::{Argument, NonAscii, ParameterValue, UnknownParameter};
        let offers = offers();
        let syntax = Syntax::new(&offers);
        for (text, fault) in [
            ("", Ok(0)),
            (" SIZE=1", Ok(1)),
            (" size=1 BODY=8BITMIME SMTPUTF8 XQUEUE=fast", Ok(4)),
            // What is wrong, and where it begins.
            ("SIZE=1", Err((Argument, 0))),
            ("  SIZE=1", Err((Argument, 1))),
            (" SIZE=1  SMTPUTF8", Err((Argument, 8))),
            (" SIZE=1 ", Err((Argument, 8))),
            (" SIZE=1\tSMTPUTF8", Err((Argument, 7))),
            (" SIZE=", Err((Argument, 6))),
            (" SIZE=1=2", Err((Argument, 7))),
            (" =1", Err((Argument, 1))),
            (" -SIZE=1", Err((Argument, 1))),
            (" SI_ZE=1", Err((Argument, 3))),
            (" SIZE=\x7F", Err((Argument, 6))),
            (" SIZE=1é", Err((NonAscii, 7))),
            (" é", Err((NonAscii, 1))),
            (" SIZE=k", Err((ParameterValue, 1))),
            (" SIZE", Err((ParameterValue, 1))),
            (" SMTPUTF8=1", Err((ParameterValue, 1))),
            (" XQUEUE=slow", Err((ParameterValue, 1))),
            (" SIZE=1 SIZE=1", Err((ParameterValue, 8))),
            (" SIZE=1 SMTPUTF8 sIZE=2", Err((ParameterValue, 17))),
            (" XQUEUE=fast xqueue=fast", Err((ParameterValue, 13))),
            (" X=1", Err((UnknownParameter, 1))),
            (" SIZE=1 NOTIFIES=NEVER", Err((UnknownParameter, 8))),
            // It is RCPT's.
            (" XFLAG", Err((UnknownParameter, 1))),
        ] {
            let read = Parameters::read(Input::new(text.as_bytes()), Carrier::Mail, syntax);
            let fault = fault.map_err(|(kind, at)| (kind, text.len() - at));
            assert_eq!(read.map(|read| read.iter().count()), fault, "{text}");
        }
        let read = |text: &'static [u8]| Parameters::read(Input::new(text), Carrier::Rcpt, syntax);
        assert!(read(b" XFLAG").is_ok());
        assert_eq!(read(b" SIZE=1"), Err((UnknownParameter, 6)));
    }

    #[test]
    fn what_is_not_announced_is_unknown() {
        let input = Input::new(b" SIZE=1");
        let read = Parameters::read(input, Carrier::Mail, Syntax::default());
        assert_eq!(read, Err((SyntaxErrorKind::UnknownParameter, 6)));
    }

    #[test]
    fn octets_above_127_come_with_smtputf8_only() {
        let own = OwnExtension::new("XNAME").unwrap();
        let offers = Offers::NONE.with(own.with_mail_parameter("XNAME", |_| true).unwrap());
        let mut syntax = Syntax::new(&offers);
        for (octets, ascii, utf8) in [
            (
                &b" XNAME=j\xC3\xB6rg"[..],
                Err((SyntaxErrorKind::NonAscii, 4)),
                Ok(1),
            ),
            (
                b" XNAME=\xC0\xAF",
                Err((SyntaxErrorKind::NonAscii, 2)),
                Err((SyntaxErrorKind::NonAscii, 2)),
            ),
            (
                b" X\xC3\xB6",
                Err((SyntaxErrorKind::NonAscii, 2)),
                Err((SyntaxErrorKind::NonAscii, 2)),
            ),
        ] {
            for (allowed, expected) in [(false, ascii), (true, utf8)] {
                syntax.utf8 = allowed;
                let read = Parameters::read(Input::new(octets), Carrier::Mail, syntax);
                assert_eq!(read.map(|read| read.iter().count()), expected, "{octets:?}");
            }
        }
    }

    #[test]
    fn a_command_keeps_its_parameters_in_order_and_one_of_each() {
        let mail = Mail::new(ReversePath::Null)
            .with(Size(1))
            .with(SmtpUtf8)
            .with(BodyType::SevenBit);
        assert_eq!(mail.to_string(), "MAIL FROM:<> SIZE=1 SMTPUTF8 BODY=7BIT");
        let mail = mail.with(Size(2));
        assert_eq!(mail.to_string(), "MAIL FROM:<> SMTPUTF8 BODY=7BIT SIZE=2");
        assert_eq!(
            (mail.get(), mail.get(), mail.get()),
            (Some(Size(2)), Some(SmtpUtf8), Some(BodyType::SevenBit))
        );
        assert_eq!(mail.get::<RequireTls>(), None);
        let keywords = mail.parameters().map(|parameter| parameter.keyword);
        assert_eq!(keywords.collect::<Vec<_>>(), ["SMTPUTF8", "BODY", "SIZE"]);
        assert_eq!(mail.find("body").map(|body| body.value), Some(Some("7BIT")));
        assert_eq!(mail.find("smtpUtf8").map(|utf8| utf8.value), Some(None));
        assert_eq!(mail.find("BOD"), None);
        let mail = mail
            .without::<BodyType>()
            .without::<BodyType>()
            .without::<SmtpUtf8>();
        assert_eq!(mail.to_string(), "MAIL FROM:<> SIZE=2");
        assert_eq!(mail.without::<Size>(), Mail::new(ReversePath::Null));
        let rcpt = Rcpt::new(ForwardPath::try_from("ann@example.org").unwrap());
        assert_eq!((rcpt.parameters().count(), rcpt.find("RRVS")), (0, None));
    }

    proptest! {
        #[test]
        fn a_list_is_written_as_it_was_read(
            text in "( (SIZE=[0-9]{1,3}|BODY=[78](BIT|bitmime)|SmtpUtf8|XQUEUE=fast|[A-Z]{1,3})){0,4}\
                | [!-~ ]{0,20}",
        ) {
            let offers = offers();
            match Parameters::read(Input::new(text.as_bytes()), Carrier::Mail, Syntax::new(&offers)) {
                Ok(read) => {
                    prop_assert_eq!(read.to_string(), &*text);
                    let each = read.iter().map(|parameter| parameter.to_string());
                    prop_assert_eq!(each.collect::<Vec<_>>().join(" "), text.trim_start());
                    prop_assert_eq!(read.clone().into_owned(), read);
                }
                Err((_, left)) => prop_assert!(left <= text.len()),
            }
        }

        #[test]
        fn any_octets_are_read_or_refused(octets: Vec<u8>, utf8: bool) {
            let offers = offers();
            let mut syntax = Syntax::new(&offers);
            syntax.utf8 = utf8;
            if let Err((_, left)) = Parameters::read(Input::new(&octets), Carrier::Mail, syntax) {
                prop_assert!(left <= octets.len());
            }
        }
    }
}
