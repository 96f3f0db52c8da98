//! Address literals: a host by its address instead of its name.
//!
//! The rule here: the forms are those of RFC 5321 §4.1.3, which are not those of
//! `core::net`: a literal may write zeros in front of an IPv4 number, and its `::` stands for two
//! groups at least.

use alloc::borrow::Cow;
use alloc::format;
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nom::Parser;
use nom::character::complete::char;
use nom::combinator::map_opt;
use nom::sequence::delimited;

use super::{AddressError, read_all, shown_as_written};
use crate::grammar::class::DCONTENT;
use crate::grammar::{Parsed, ldh_str, run, text};

/// A host's address in brackets: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
///
/// ```abnf
/// address-literal         = "[" ( IPv4-address-literal / IPv6-address-literal /
///                           General-address-literal ) "]"          ; RFC 5321 §4.1.3
/// IPv4-address-literal    = Snum 3("." Snum)
/// IPv6-address-literal    = "IPv6:" IPv6-addr
/// General-address-literal = Standardized-tag ":" 1*dcontent
/// Standardized-tag        = Ldh-str
/// Snum                    = 1*3DIGIT                               ; 0 to 255
/// ```
///
/// The text is kept as written, and two literals are equal if they name the same address. What
/// begins with `IPv6:` in any case is an IPv6 address or an error, never of the general form. At
/// most 255 octets (§4.5.3.1.2, a "domain name or number"). SMTPUTF8 changes nothing here.
///
/// # Errors
///
/// `TryFrom` gives [`AddressError`]: `Syntax`, `NonAscii` or `TooLong`.
///
/// ```
/// use core::net::Ipv4Addr;
/// use smtp_proto::address::{AddressLiteral, Literal};
///
/// let literal = AddressLiteral::try_from("[192.0.2.001]")?;
/// assert_eq!(literal.addr(), Literal::V4(Ipv4Addr::new(192, 0, 2, 1)));
/// assert_eq!(literal, Ipv4Addr::new(192, 0, 2, 1).into());
/// assert_eq!(literal.to_string(), "[192.0.2.001]");
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone)]
pub struct AddressLiteral<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) form: Form,
}

/// What an [`AddressLiteral`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Literal<'a> {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
    /// An address of another kind, as written.
    General {
        /// The `Standardized-tag` in front of the first colon.
        tag: &'a str,
        /// What stands behind it: `1*dcontent`.
        content: &'a str,
    },
}

/// What a literal's text was found to be.
#[derive(Clone, Copy)]
pub(super) enum Form {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    /// With the length of its tag.
    General(usize),
}

const MAX_LITERAL: usize = 255;

/// `address-literal`
pub(super) fn literal(input: &[u8]) -> Parsed<'_, Form> {
    let brackets = delimited(char('['), run(DCONTENT), char(']'));
    map_opt(brackets, form).parse(input)
}

fn form(content: &[u8]) -> Option<Form> {
    let Some(colon) = content.iter().position(|octet| *octet == b':') else {
        return ipv4(content).map(Form::V4);
    };
    let (tag, content) = (&content[..colon], &content[colon + 1..]);
    if tag.eq_ignore_ascii_case(b"IPv6") {
        return ipv6(content).map(Form::V6);
    }
    let is_tag = matches!(ldh_str(false)(tag), Ok(([], _)));
    (is_tag && !content.is_empty()).then_some(Form::General(tag.len()))
}

fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut numbers = text.split(|octet| *octet == b'.');
    for octet in &mut octets {
        *octet = number(numbers.next()?, 10, 3)?.try_into().ok()?;
    }
    numbers.next().is_none().then(|| octets.into())
}

/// One to `most` digits, which a `u16` has room for.
fn number(digits: &[u8], radix: u8, most: usize) -> Option<u16> {
    if !(1..=most).contains(&digits.len()) {
        return None;
    }
    let mut digits = digits
        .iter()
        .map(|octet| char::from(*octet).to_digit(radix.into()));
    digits.try_fold(0, |number, digit| {
        Some(number * u16::from(radix) + u16::try_from(digit?).ok()?)
    })
}

fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    let mut groups = [0; 8];
    let Some(gap) = text.windows(2).position(|pair| pair == b"::") else {
        return (fill(&mut groups, text)? == 8).then(|| groups.into());
    };
    let (head, tail) = (&text[..gap], &text[gap + 2..]);
    if head.contains(&b'.') {
        return None;
    }
    let mut last = [0; 8];
    let (before, after) = (fill(&mut groups, head)?, fill(&mut last, tail)?);
    // "No more than 6 groups in addition to the "::" may be present." With an IPv4 address behind
    // them "no more than 4", which is the same, as it fills two.
    if before + after > 6 {
        return None;
    }
    groups[8 - after..].copy_from_slice(&last[..after]);
    Some(groups.into())
}

/// Writes the groups of `text`, the last two perhaps spelt as an IPv4 address, to the front of
/// `groups` and returns how many there are.
fn fill(groups: &mut [u16; 8], text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut count = 0;
    let mut push = |group| {
        *groups.get_mut(count)? = group;
        count += 1;
        Some(())
    };
    let mut parts = text.split(|octet| *octet == b':');
    let last = parts.next_back()?;
    for part in parts {
        push(ipv6_hex(part)?)?;
    }
    if last.contains(&b'.') {
        let [a, b, c, d] = ipv4(last)?.octets();
        push(u16::from_be_bytes([a, b]))?;
        push(u16::from_be_bytes([c, d]))?;
    } else {
        push(ipv6_hex(last)?)?;
    }
    Some(count)
}

/// `IPv6-hex = 1*4HEXDIG`
fn ipv6_hex(digits: &[u8]) -> Option<u16> {
    number(digits, 16, 4)
}

impl<'a> AddressLiteral<'a> {
    pub(super) fn read(literal: &'a str, utf8: bool) -> Result<Self, AddressError> {
        let (text, form) = read_all(literal, utf8, text(self::literal))?;
        if text.len() > MAX_LITERAL {
            return Err(AddressError::too_long(MAX_LITERAL));
        }
        Ok(Self {
            text: Cow::Borrowed(text),
            form,
        })
    }

    /// The literal as it was written, brackets included.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address it gives.
    pub fn addr(&self) -> Literal<'_> {
        match self.form {
            Form::V4(addr) => Literal::V4(addr),
            Form::V6(addr) => Literal::V6(addr),
            Form::General(tag) => Literal::General {
                tag: &self.text[1..=tag],
                content: &self.text[tag + 2..self.text.len() - 1],
            },
        }
    }

    /// The same literal, borrowing nothing.
    pub fn into_owned(self) -> AddressLiteral<'static> {
        AddressLiteral {
            text: Cow::Owned(self.text.into_owned()),
            form: self.form,
        }
    }
}

impl<'a> TryFrom<&'a str> for AddressLiteral<'a> {
    type Error = AddressError;

    fn try_from(literal: &'a str) -> Result<Self, AddressError> {
        Self::read(literal, false)
    }
}

impl From<Ipv4Addr> for AddressLiteral<'_> {
    fn from(addr: Ipv4Addr) -> Self {
        Self {
            text: format!("[{addr}]").into(),
            form: Form::V4(addr),
        }
    }
}

impl From<Ipv6Addr> for AddressLiteral<'_> {
    fn from(addr: Ipv6Addr) -> Self {
        Self {
            text: format!("[IPv6:{addr}]").into(),
            form: Form::V6(addr),
        }
    }
}

impl From<IpAddr> for AddressLiteral<'_> {
    fn from(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(addr) => addr.into(),
            IpAddr::V6(addr) => addr.into(),
        }
    }
}

impl PartialEq for AddressLiteral<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.addr() == other.addr()
    }
}

impl Eq for AddressLiteral<'_> {}

impl Hash for AddressLiteral<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.addr().hash(state);
    }
}

shown_as_written!(AddressLiteral);
