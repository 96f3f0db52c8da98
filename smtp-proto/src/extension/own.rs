//! Extensions of your own: a keyword, its parameters and its verbs, for the machine to announce
//! and to take.

use super::list::RawParameter;
use super::parameter::Carrier;
use super::{Extension, Extensions};
use crate::grammar;
use crate::verb::{Verb, opens_http};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// A service extension that this crate doesn't know: "a private-use extension" of RFC 5321 §2.2.2,
/// or one that is newer than the crate.
///
/// A server has it among its [`Offers`](super::Offers), a client in
/// [`Config::own`](crate::client::Config::own). What it adds is read by its keyword:
/// [`Mail::find`](crate::Mail::find), [`Rcpt::find`](crate::Rcpt::find), and
/// [`Event::Own`](crate::server::Event::Own) for its verbs.
///
/// ```
/// use smtp_proto::extension::OwnExtension;
/// let queue = OwnExtension::new("XQUEUE")?
///     .with_arguments("fast slow")?
///     .with_mail_parameter("XQUEUE", |name| matches!(name, Some("fast" | "slow")))?
///     .with_verb("XFLUSH")?;
/// assert_eq!(queue.keyword(), "XQUEUE");
/// assert!(OwnExtension::new("SIZE").is_err());
/// # Ok::<(), smtp_proto::extension::InvalidExtension>(())
/// ```
#[derive(Clone, Debug)]
pub struct OwnExtension {
    keyword: String,
    arguments: String,
    verbs: Vec<String>,
    parameters: Vec<OwnParameter>,
}

#[derive(Clone, Debug)]
struct OwnParameter {
    keyword: String,
    carrier: Carrier,
    is_sound: fn(Option<&str>) -> bool,
}

/// Why there can't be such an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidExtension {
    /// A keyword, a parameter's or a verb isn't letters, digits and hyphens behind a letter or digit,
    /// or has over 64 octets.
    Keyword,
    /// The arguments aren't printable ASCII, begin or end in a blank, or have over 400 octets.
    Arguments,
    /// It is one that this crate knows.
    Known,
}

/// Octets of a parameter's value, with its `=`, that the limit on command lines leaves room for.
const VALUE: usize = 256;

fn keyword(text: &str) -> Result<String, InvalidExtension> {
    match grammar::keyword(text.as_bytes()) {
        Ok(([], _)) if text.len() <= 64 => Ok(text.to_string()),
        _ => Err(InvalidExtension::Keyword),
    }
}

impl OwnExtension {
    /// An extension of that keyword.
    ///
    /// # Errors
    /// `Keyword` or `Known`.
    pub fn new(keyword: &str) -> Result<Self, InvalidExtension> {
        match Extension::of_keyword(keyword) {
            Some(_) => Err(InvalidExtension::Known),
            None => Ok(Self {
                keyword: self::keyword(keyword)?,
                arguments: String::new(),
                verbs: Vec::new(),
                parameters: Vec::new(),
            }),
        }
    }

    /// With these arguments behind its keyword in the EHLO reply.
    ///
    /// # Errors
    /// `Arguments`.
    pub fn with_arguments(mut self, arguments: &str) -> Result<Self, InvalidExtension> {
        let printable = arguments.bytes().all(|b| matches!(b, b' '..=b'~'));
        if arguments.len() > 400 || !printable || arguments.trim() != arguments {
            return Err(InvalidExtension::Arguments);
        }
        self.arguments = arguments.to_string();
        Ok(self)
    }

    /// With a parameter of MAIL. One whose value `is_sound` doesn't like is answered 501 5.5.4.
    ///
    /// # Errors
    /// `Keyword`, or `Known` for one of an extension of this crate.
    pub fn with_mail_parameter(
        self,
        keyword: &str,
        is_sound: fn(Option<&str>) -> bool,
    ) -> Result<Self, InvalidExtension> {
        self.with_parameter(Carrier::Mail, keyword, is_sound)
    }

    /// With a parameter of RCPT, as [`with_mail_parameter`](Self::with_mail_parameter).
    ///
    /// # Errors
    /// `Keyword`, or `Known` for one of an extension of this crate.
    pub fn with_rcpt_parameter(
        self,
        keyword: &str,
        is_sound: fn(Option<&str>) -> bool,
    ) -> Result<Self, InvalidExtension> {
        self.with_parameter(Carrier::Rcpt, keyword, is_sound)
    }

    fn with_parameter(
        mut self,
        carrier: Carrier,
        keyword: &str,
        is_sound: fn(Option<&str>) -> bool,
    ) -> Result<Self, InvalidExtension> {
        if Extensions::ALL.know(keyword) {
            return Err(InvalidExtension::Known);
        }
        self.parameters.push(OwnParameter {
            keyword: self::keyword(keyword)?,
            carrier,
            is_sound,
        });
        Ok(self)
    }

    /// With a verb.
    ///
    /// # Errors
    /// `Keyword`, or `Known` for a verb that exists already, in SMTP or in HTTP.
    pub fn with_verb(mut self, verb: &str) -> Result<Self, InvalidExtension> {
        let keyword = keyword(verb)?;
        // A request of HTTP is answered as such.
        if Verb::of(verb.as_bytes()).is_some() || opens_http(format!("{verb} ").as_bytes()) {
            return Err(InvalidExtension::Known);
        }
        self.verbs.push(keyword);
        Ok(self)
    }

    /// Its keyword in the EHLO reply.
    pub fn keyword(&self) -> &str {
        &self.keyword
    }

    /// What stands behind it.
    pub fn arguments(&self) -> &str {
        &self.arguments
    }

    pub(crate) fn has_verb(&self, verb: &[u8]) -> bool {
        let mut verbs = self.verbs.iter();
        verbs.any(|known| known.as_bytes().eq_ignore_ascii_case(verb))
    }

    /// Whether a parameter is sound; `None` where it isn't this extension's.
    pub(crate) fn check(&self, carrier: Carrier, parameter: RawParameter<'_>) -> Option<bool> {
        let known = self.parameters.iter().find(|known| {
            known.carrier == carrier && known.keyword.eq_ignore_ascii_case(parameter.keyword)
        })?;
        Some((known.is_sound)(parameter.value))
    }

    /// Octets it adds to the limit on command lines.
    pub(super) fn octets(&self) -> usize {
        self.parameters
            .iter()
            .map(|parameter| 1 + parameter.keyword.len() + VALUE)
            .sum()
    }
}

impl fmt::Display for InvalidExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyword => "a keyword is at most 64 letters, digits and hyphens",
            Self::Arguments => "arguments are at most 400 printable ASCII characters",
            Self::Known => "the crate knows it already",
        })
    }
}

impl core::error::Error for InvalidExtension {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, SyntaxError, SyntaxErrorKind};
    use crate::extension::{Offers, Syntax};

    fn queue() -> OwnExtension {
        OwnExtension::new("XQUEUE").unwrap()
    }

    /// RFC 5321 §4.1.1.1: `ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")`.
    #[test]
    fn an_own_extension_goes_by_a_keyword_of_its_own() {
        use InvalidExtension::{Keyword, Known};
        for (keyword, fault) in [
            ("XQUEUE", None),
            ("x-1", None),
            ("8", None),
            ("", Some(Keyword)),
            ("-X", Some(Keyword)),
            ("X_Y", Some(Keyword)),
            ("X Y", Some(Keyword)),
            ("X\r\n", Some(Keyword)),
            ("Ü", Some(Keyword)),
            ("SIZE", Some(Known)),
            ("size", Some(Known)),
            ("8bitmime", Some(Known)),
        ] {
            assert_eq!(OwnExtension::new(keyword).err(), fault, "{keyword}");
            let parameter = queue().with_mail_parameter(keyword, |_| true);
            // 8BITMIME's parameter is BODY.
            let fault = fault.filter(|_| keyword != "8bitmime");
            assert_eq!(parameter.err(), fault, "{keyword}");
        }
        assert!(OwnExtension::new(&"X".repeat(64)).is_ok());
        assert_eq!(OwnExtension::new(&"X".repeat(65)).err(), Some(Keyword));
    }

    #[test]
    fn an_own_verb_is_none_that_exists() {
        use InvalidExtension::{Keyword, Known};
        for (verb, fault) in [
            ("XFLUSH", None),
            ("X1", None),
            ("QUIT", Some(Known)),
            ("xclient", Some(Known)),
            // RFC 821's
            ("TURN", Some(Known)),
            // HTTP's
            ("post", Some(Known)),
            ("X FLUSH", Some(Keyword)),
            ("", Some(Keyword)),
        ] {
            assert_eq!(queue().with_verb(verb).err(), fault, "{verb}");
        }
        let queue = queue().with_verb("XFLUSH").unwrap();
        assert!(queue.has_verb(b"xflush") && !queue.has_verb(b"XFLUS"));
    }

    #[test]
    fn own_arguments_are_printable_and_short() {
        for (arguments, sound) in [
            ("", true),
            ("fast slow=1 ~", true),
            ("fast\r\nSIZE", false),
            ("\t", false),
            (" fast", false),
            ("fast ", false),
            ("schön", false),
        ] {
            let queue = queue().with_arguments(arguments);
            assert_eq!(queue.as_ref().is_ok(), sound, "{arguments:?}");
            if let Ok(queue) = queue {
                assert_eq!(queue.arguments(), arguments);
            }
        }
        assert!(queue().with_arguments(&"x".repeat(400)).is_ok());
        assert!(queue().with_arguments(&"x".repeat(401)).is_err());
    }

    #[test]
    fn own_parameters_and_verbs_are_taken_where_they_are_offered() {
        let queue = queue()
            .with_mail_parameter("XQUEUE", |name| name == Some("fast"))
            .and_then(|queue| queue.with_rcpt_parameter("XFLAG", |name| name.is_none()))
            .and_then(|queue| queue.with_verb("XFLUSH"))
            .unwrap();
        let offers = Offers::NONE.with(queue);
        for (line, offered, refused) in [
            (
                "MAIL FROM:<> xqueue=fast",
                None,
                Some(SyntaxErrorKind::UnknownParameter),
            ),
            (
                "MAIL FROM:<> XQUEUE=slow",
                Some(SyntaxErrorKind::ParameterValue),
                Some(SyntaxErrorKind::UnknownParameter),
            ),
            (
                "MAIL FROM:<> XFLAG",
                Some(SyntaxErrorKind::UnknownParameter),
                Some(SyntaxErrorKind::UnknownParameter),
            ),
            (
                "RCPT TO:<a@b> XFLAG",
                None,
                Some(SyntaxErrorKind::UnknownParameter),
            ),
            ("xflush now", None, Some(SyntaxErrorKind::UnknownVerb)),
            (
                "XFLUSHED",
                Some(SyntaxErrorKind::UnknownVerb),
                Some(SyntaxErrorKind::UnknownVerb),
            ),
        ] {
            for (offers, fault) in [(&offers, offered), (&Offers::NONE, refused)] {
                let parsed = Command::parse(line.as_bytes(), Syntax::new(offers));
                let found = parsed.err().map(|SyntaxError { kind, .. }| kind);
                assert_eq!(found, fault, "{line} {offers:?}");
            }
        }
    }

    #[test]
    fn each_own_parameter_makes_room_in_a_line_for_its_keyword_and_256_octets() {
        let queue = queue().with_mail_parameter("XQUEUE", |_| true).unwrap();
        assert_eq!(queue.octets(), " XQUEUE".len() + 256);
        let queue = queue.with_rcpt_parameter("XFLAG", |_| true).unwrap();
        assert_eq!(queue.octets(), " XQUEUE".len() + " XFLAG".len() + 512);
        assert_eq!(Offers::NONE.with(queue).command_line(), 512 + 525);
    }
}
