//! `ORCPT` of DSN (RFC 3461 §4.2), and its address type `utf-8` (RFC 6533 §3): whom the sender meant.
//!
//! The rule here: the address is kept as it was written, for a relay must not change a letter of it
//! (RFC 3461 §5.2.1), and what it decodes to is not held against any address syntax (§4.2).

use super::dsn::{InvalidDsn, is_printable};
use super::parameter::{Parameter, RcptParameter, Sealed, Slot, owned, slot, write_value};
use crate::address::Mailbox;
use crate::grammar::class::ATEXT;
use crate::grammar::xtext;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::fmt::Write as _;

/// `ORCPT=addr-type ";" address` on RCPT: the recipient as the message's sender gave it, wherever it
/// has been forwarded since.
///
/// ```abnf
/// original-recipient-address = addr-type ";" xtext            ; RFC 3461 §4.2
/// addr-type                  = atom
/// utf-8-type-addr            = "utf-8;" utf-8-enc-addr        ; RFC 6533 §3
/// ```
///
/// At most 500 octets in all. What xtext stands for is printable ASCII and blanks. With the type
/// `utf-8`, characters beyond ASCII stand as UTF-8 where the transaction asked for SMTPUTF8, and as
/// `\x{HEXPOINT}` anywhere; blank, `\`, `+`, `=` and control characters always as the latter, NUL, CR
/// and LF not at all.
///
/// ```
/// use smtp_proto::extension::OriginalRecipient;
/// let address = OriginalRecipient::new("rfc822", "ann+list@example.org")?;
/// assert_eq!(address.to_string(), "ORCPT=rfc822;ann+2Blist@example.org");
/// let address = OriginalRecipient::new("utf-8", "jörg@example.org")?;
/// assert_eq!(address.as_str(), "utf-8;jörg@example.org");
/// assert_eq!(address.into_ascii()?.as_str(), r"utf-8;j\x{F6}rg@example.org");
/// # Ok::<(), smtp_proto::extension::InvalidDsn>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OriginalRecipient<'a>(Cow<'a, str>);

pub(super) const ORCPT: Slot = slot!(OriginalRecipient<'_>, 514);

const MAX_ORCPT: usize = 500;

impl OriginalRecipient<'_> {
    /// An address of that type, such as `rfc822`, `utf-8` or `x400`, not yet encoded. One of the
    /// type `utf-8` is written in UTF-8, for a server with SMTPUTF8.
    ///
    /// # Errors
    /// `AddressType`; `Text` if the address isn't printable ASCII and blanks or, with `utf-8`, holds
    /// a character that has no escape; `Length` if all of it has over 500 octets, or an `utf-8`
    /// address none.
    pub fn new(addr_type: &str, address: &str) -> Result<OriginalRecipient<'static>, InvalidDsn> {
        if !is_addr_type(addr_type) {
            return Err(InvalidDsn::AddressType);
        }
        let encoded = if is_utf8(addr_type) {
            if address.is_empty() {
                return Err(InvalidDsn::Length);
            }
            encode_unitext(address, is_quchar).ok_or(InvalidDsn::Text)?
        } else if is_printable(address) {
            xtext::encode(address)
        } else {
            return Err(InvalidDsn::Text);
        };
        OriginalRecipient::sized(format!("{addr_type};{encoded}"))
    }

    /// A mailbox, as `rfc822` or, if it isn't ASCII, as `utf-8`: at submission this is the one in the
    /// forward-path (RFC 3461 §4.2).
    ///
    /// # Errors
    /// `Length`, if it has over 500 octets once it is encoded.
    pub fn of(mailbox: &Mailbox<'_>) -> Result<OriginalRecipient<'static>, InvalidDsn> {
        let mailbox = mailbox.as_str();
        OriginalRecipient::new(
            if mailbox.is_ascii() {
                "rfc822"
            } else {
                "utf-8"
            },
            mailbox,
        )
    }

    /// The same for a server without SMTPUTF8, which must get escapes in place of UTF-8 (RFC 6533
    /// §3).
    ///
    /// # Errors
    /// `Length`, if it has over 500 octets then.
    pub fn into_ascii(self) -> Result<Self, InvalidDsn> {
        match encode_unitext(&self.0, |character| character.is_ascii()) {
            Some(ascii) if !self.0.is_ascii() => Self::sized(ascii),
            _ => Ok(self),
        }
    }

    fn sized(text: String) -> Result<Self, InvalidDsn> {
        if text.len() > MAX_ORCPT {
            return Err(InvalidDsn::Length);
        }
        Ok(Self(Cow::Owned(text)))
    }

    /// As it was written, type and address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What kind of address it is, to be compared in any case.
    pub fn addr_type(&self) -> &str {
        split(&self.0).0
    }

    /// The address it stands for. One of the type `utf-8` may hold control characters, but never
    /// NUL, CR or LF.
    pub fn address(&self) -> Cow<'_, str> {
        let (addr_type, encoded) = split(&self.0);
        let decode = if is_utf8(addr_type) {
            decode_unitext
        } else {
            xtext::decode
        };
        decode(encoded).unwrap_or_default()
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> OriginalRecipient<'static> {
        OriginalRecipient(owned(self.0))
    }
}

fn split(text: &str) -> (&str, &str) {
    text.split_once(';').unwrap_or((text, ""))
}

/// `atom` of RFC 822, as far as an `esmtp-value` can hold it.
fn is_addr_type(addr_type: &str) -> bool {
    !addr_type.is_empty()
        && addr_type
            .bytes()
            .all(|octet| ATEXT.has(octet) && octet != b'=')
}

fn is_utf8(addr_type: &str) -> bool {
    addr_type.eq_ignore_ascii_case("utf-8")
}

/// What `1*(QUCHAR / EmbeddedUnicodeChar)` stands for. A `utf-8-address` in an ORCPT, which can't hold
/// `\`, `+` and `=` either, is one of these.
fn decode_unitext(unitext: &str) -> Option<Cow<'_, str>> {
    let is_plain = |text: &str| text.chars().all(is_quchar);
    if !unitext.contains('\\') {
        return (!unitext.is_empty() && is_plain(unitext)).then_some(Cow::Borrowed(unitext));
    }
    let mut decoded = String::with_capacity(unitext.len());
    let mut rest = unitext;
    while let Some((plain, escape)) = rest.split_once('\\') {
        let (hex, behind) = escape.strip_prefix("x{")?.split_once('}')?;
        if !is_plain(plain) {
            return None;
        }
        decoded += plain;
        decoded.push(hexpoint(hex)?);
        rest = behind;
    }
    decoded += rest;
    is_plain(rest).then_some(Cow::Owned(decoded))
}

/// Each character as itself if it `is_plain`, or else as `EmbeddedUnicodeChar`; `None` where it can't
/// be that.
fn encode_unitext(text: &str, is_plain: fn(char) -> bool) -> Option<String> {
    let mut unitext = String::with_capacity(text.len());
    for character in text.chars() {
        if is_plain(character) {
            unitext.push(character);
        } else if is_escapable(character) {
            // Writing to a string can't fail.
            let _ = write!(unitext, "\\x{{{:02X}}}", u32::from(character));
        } else {
            return None;
        }
    }
    Some(unitext)
}

/// `QUCHAR`: visible ASCII without `\`, `+` and `=`, and UTF-8, less its control characters, which no
/// command holds.
fn is_quchar(character: char) -> bool {
    match character {
        '\\' | '+' | '=' | ' ' => false,
        _ => !character.is_control(),
    }
}

/// `HEXPOINT`: two to six digits, without leading zeros but to make two of one.
fn hexpoint(hex: &str) -> Option<char> {
    let digits = hex.bytes().all(|digit| digit.is_ascii_hexdigit());
    let shortest = hex.len() == 2 || !hex.starts_with('0');
    if !(digits && shortest && (2..=6).contains(&hex.len())) {
        return None;
    }
    let number = u32::from_str_radix(hex, 16).ok()?;
    char::from_u32(number).filter(|character| is_escapable(*character))
}

/// The characters that `HEXPOINT` lists: the control characters but for NUL and those from 0x0A to
/// 0x0F and from 0x1A to 0x1F, what xtext can't hold, and all beyond ASCII.
fn is_escapable(character: char) -> bool {
    matches!(
        character,
        '\x01'..='\x09' | '\x10'..='\x19' | ' ' | '+' | '=' | '\\' | '\x7F'..
    )
}

impl Sealed for OriginalRecipient<'_> {}
impl<'a> RcptParameter<'a> for OriginalRecipient<'a> {}

impl<'a> Parameter<'a> for OriginalRecipient<'a> {
    const KEYWORDS: &'static [&'static str] = &["ORCPT"];

    fn parse(_: &str, value: Option<&'a str>) -> Option<Self> {
        let value = value.filter(|value| value.len() <= MAX_ORCPT)?;
        let (addr_type, encoded) = value.split_once(';')?;
        let sound = if is_utf8(addr_type) {
            decode_unitext(encoded).is_some()
        } else {
            is_addr_type(addr_type) && xtext::is_ascii(encoded)
        };
        sound.then_some(Self(Cow::Borrowed(value)))
    }
}

impl fmt::Display for OriginalRecipient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, "ORCPT", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extension::list::Parameters;
    use crate::extension::parameter::Carrier;
    use crate::extension::{Extension, Offers, Syntax};
    use crate::grammar::Input;
    use crate::syntax::SyntaxErrorKind;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn address(value: &str) -> Option<String> {
        let recipient = OriginalRecipient::parse("ORCPT", Some(value))?;
        Some(recipient.address().into_owned())
    }

    /// RFC 3461 §4.2, §10.
    #[test]
    fn an_address_is_its_type_and_xtext_of_printable_ascii() {
        for (value, decoded) in [
            ("rfc822;Bob@Example.COM", Some("Bob@Example.COM")),
            ("RFC822;a+2Bb@c", Some("a+b@c")),
            ("x400;/C+3DUS", Some("/C=US")),
            ("rfc822;+22a+20b+22@c", Some("\"a b\"@c")),
            ("rfc822;a;b", Some("a;b")),
            ("rfc822;no+20address", Some("no address")),
            ("x-a!#$%&'*+-/?^_`{|}~;a", Some("a")),
            ("rfc822;", Some("")),
            ("rfc822", None),
            (";a@b", None),
            ("", None),
            ("rfc 822;a@b", None),
            ("rfc.822;a@b", None),
            ("rfc=822;a@b", None),
            ("rfc822;a b@c", None),
            ("rfc822;a=b@c", None),
            ("rfc822;a+b@c", None),
            ("rfc822;a+2b@c", None),
            ("rfc822;a+0D+0AQUIT", None),
            ("rfc822;a+00", None),
            ("rfc822;a+09", None),
            ("rfc822;j+C3+B6rg@b", None),
            ("rfc822;jörg@b", None),
            ("ütf;a@b", None),
        ] {
            assert_eq!(address(value).as_deref(), decoded, "{value}");
        }
        assert!(OriginalRecipient::parse("ORCPT", None).is_none());
    }

    /// RFC 6533 §3.
    #[test]
    fn an_utf_8_address_stands_as_it_is_or_with_escapes() {
        for (value, decoded) in [
            ("utf-8;ann@example.org", Some("ann@example.org")),
            ("UTF-8;jörg@münchen.example", Some("jörg@münchen.example")),
            (r"utf-8;j\x{F6}rg@example.org", Some("jörg@example.org")),
            (r"utf-8;j\x{f6}rg@\x{FC}.example", Some("jörg@ü.example")),
            (r"utf-8;jörg\x{2B}a@b", Some("jörg+a@b")),
            (r"utf-8;\x{20}\x{5C}\x{3D}", Some(" \\=")),
            (r"utf-8;\x{1F600}", Some("😀")),
            ("utf-8;", None),
            ("utf-8;a+b@c", None),
            ("utf-8;a+2Bb@c", None),
            ("utf-8;a=b@c", None),
            ("utf-8;a b@c", None),
            (r"utf-8;a\b@c", None),
            (r"utf-8;a\", None),
            (r"utf-8;a\x", None),
            (r"utf-8;a\x{", None),
            (r"utf-8;a\x{F6", None),
            (r"utf-8;a\x{}", None),
            (r"utf-8;a\X{F6}", None),
            (r"utf-8;a\u{F6}", None),
            (r"utf-8;a\x{+F6}", None),
            (r"utf-8;a+\x{F6}", None),
            ("utf-8;a\u{85}", None),
            ("utf-8;a\u{7f}", None),
            ("utf-8;a\0", None),
        ] {
            assert_eq!(address(value).as_deref(), decoded, "{value}");
        }
    }

    #[test]
    fn an_utf_8_address_stands_in_utf_8_only_where_smtputf8_was_asked_for() {
        use SyntaxErrorKind::{NonAscii, ParameterValue};
        let offers = Offers::NONE.with(Extension::Dsn);
        for (parameter, utf8, error) in [
            (" ORCPT=utf-8;jörg@b", true, None),
            (" ORCPT=utf-8;jörg@b", false, Some(NonAscii)),
            (r" ORCPT=utf-8;j\x{F6}rg@b", false, None),
            (" ORCPT=rfc822;jörg@b", true, Some(ParameterValue)),
        ] {
            let mut syntax = Syntax::new(&offers);
            syntax.utf8 = utf8;
            let read = Parameters::read(Input::new(parameter.as_bytes()), Carrier::Rcpt, syntax);
            assert_eq!(read.err().map(|(kind, _)| kind), error, "{parameter}");
        }
    }

    /// `HEXPOINT` of RFC 6533 §3, alternative by alternative.
    #[test]
    fn a_hexpoint_is_one_of_those_its_abnf_lists() {
        for (hex, listed) in [
            ("01-09 10-19 20-20 2B-2B 3D-3D 5C-5C 7F-7F 80-FF", true),
            ("100-FFF 1000-CFFF D000-D7FF E000-FFFF", true),
            ("10000-FFFFF 100000-10FFFF", true),
            ("00-00 0A-0F 1A-1F 21-2A 2C-3C 3E-5B 5D-7E", false),
            ("D800-DFFF 110000-1FFFFF", false),
        ] {
            for range in hex.split(' ') {
                let (first, last) = range.split_once('-').unwrap();
                let number = |hex| u32::from_str_radix(hex, 16).unwrap();
                for point in number(first)..=number(last) {
                    let hex = format!("{point:0width$X}", width = first.len());
                    assert_eq!(hexpoint(&hex).is_some(), listed, "{hex}");
                }
            }
        }
        for hex in [
            "", "9", "041", "0F6", "00F6", "0020AC", "01F600", "0010000", "G0", "F 6",
        ] {
            assert_eq!(hexpoint(hex), None, "{hex}");
        }
    }

    #[test]
    fn an_original_recipient_has_at_most_500_octets() {
        let longest = "a".repeat(493);
        assert!(OriginalRecipient::new("rfc822", &longest).is_ok());
        assert!(OriginalRecipient::parse("ORCPT", Some(&format!("rfc822;{longest}"))).is_some());
        assert!(OriginalRecipient::parse("ORCPT", Some(&format!("rfc822;{longest}a"))).is_none());
        for (addr_type, address, error) in [
            ("rfc822", "=".repeat(165), InvalidDsn::Length),
            ("utf-8", "ö".repeat(248), InvalidDsn::Length),
            ("utf-8", String::new(), InvalidDsn::Length),
            ("utf-8", "a\r\n".into(), InvalidDsn::Text),
            ("utf-8", "a\0".into(), InvalidDsn::Text),
            ("rfc822", "a\r\n".into(), InvalidDsn::Text),
            ("rfc822", "ö".into(), InvalidDsn::Text),
            ("a b", "a".into(), InvalidDsn::AddressType),
            ("", "a".into(), InvalidDsn::AddressType),
        ] {
            let recipient = OriginalRecipient::new(addr_type, &address);
            assert_eq!(recipient, Err(error), "{addr_type}");
        }
        let utf8 = OriginalRecipient::new("utf-8", &"ö".repeat(200)).unwrap();
        assert_eq!(utf8.into_ascii(), Err(InvalidDsn::Length));
    }

    #[test]
    fn a_mailbox_beyond_ascii_is_of_the_type_utf_8() {
        for (mailbox, orcpt) in [
            ("a+c@d", "rfc822;a+2Bc@d"),
            ("\"a b\"@d", "rfc822;\"a+20b\"@d"),
            ("jörg+a@d", r"utf-8;jörg\x{2B}a@d"),
        ] {
            let mailbox = Mailbox::parse_utf8(mailbox).unwrap();
            assert_eq!(OriginalRecipient::of(&mailbox).unwrap().as_str(), orcpt);
        }
    }

    proptest! {
        #[test]
        fn what_an_original_recipient_writes_it_reads(
            (addr_type, address) in prop_oneof![
                ("[a-z0-9-]{1,9}", "[ -~]{0,160}"),
                ("utf-8|UTF-8", r"(\PC|[\x01-\x09+=\\\x7F-\u{9F}]){1,40}"),
            ],
        ) {
            let recipient = OriginalRecipient::new(&addr_type, &address).unwrap();
            prop_assert_eq!(recipient.addr_type(), addr_type);
            prop_assert_eq!(recipient.address(), &*address);
            let written = recipient.to_string();
            prop_assert_eq!(
                OriginalRecipient::parse("ORCPT", written.strip_prefix("ORCPT=")),
                Some(recipient.clone())
            );
            let ascii = recipient.into_ascii().unwrap();
            prop_assert!(ascii.as_str().is_ascii());
            prop_assert_eq!(ascii.address(), address);
        }

        #[test]
        fn what_an_original_recipient_reads_it_writes(
            text in r"((?i:utf-8|rfc822);(\PC|\+[0-9A-F]{2}|\\x\{[0-9A-Fa-f]{2,6}\}|[!-*,-<>-~]){0,20})|.*",
        ) {
            if let Some(recipient) = OriginalRecipient::parse("ORCPT", Some(&text)) {
                prop_assert_eq!(recipient.to_string(), format!("ORCPT={text}"));
                let address = recipient.address();
                prop_assert!(!address.contains(['\0', '\r', '\n']));
                prop_assert!(OriginalRecipient::new(recipient.addr_type(), &address).is_ok());
            }
        }
    }
}
