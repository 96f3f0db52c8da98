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
use nom::combinator::map;
use nom::sequence::separated_pair;

use super::{AddressError, read_all, shown_as_written};
use crate::grammar::class::DCONTENT;
use crate::grammar::{Parsed, Word, fail, ldh_str, run};

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
    let Some(content) = input.strip_prefix(b"[") else {
        return fail(input);
    };
    match form(content) {
        Some((form, [b']', rest @ ..])) => Ok((rest, form)),
        _ => match content.split_at(DCONTENT.run(content)) {
            // All of it may stand in a literal, and makes none.
            ([_, ..], [b']', ..]) => fail(input),
            (_, wrong) => fail(wrong),
        },
    }
}

/// What stands in the brackets, and what is behind it.
fn form(text: &[u8]) -> Option<(Form, &[u8])> {
    const IPV6: Word = Word::new("IPv6:");
    match text.split_at_checked(5) {
        Some((tag, address)) if IPV6.is(tag) => {
            ipv6(address).map(|(address, rest)| (Form::V6(address), rest))
        }
        _ => ipv4(text)
            .map(|(address, rest)| (Form::V4(address), rest))
            .or_else(|| general(text)),
    }
}

fn general(text: &[u8]) -> Option<(Form, &[u8])> {
    let tag_and_content = separated_pair(ldh_str, char(':'), run(DCONTENT));
    let (rest, tag) = map(tag_and_content, |(tag, _)| tag.len())
        .parse(text)
        .ok()?;
    Some((Form::General(tag), rest))
}

fn ipv4(text: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let (mut octets, mut rest) = ([0; 4], text);
    for (at, octet) in octets.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let (snum, behind) = number::<10, 3>(rest)?;
        *octet = snum.try_into().ok()?;
        rest = behind;
    }
    Some((octets.into(), rest))
}

fn ipv6(text: &[u8]) -> Option<(Ipv6Addr, &[u8])> {
    let (mut groups, mut count, mut gap) = ([0; 8], 0, None);
    let mut rest = text;
    if let [b':', b':', behind @ ..] = rest {
        gap = Some(0);
        rest = behind;
    }
    // `IPv6-hex = 1*4HEXDIG`
    while let Some((group, behind)) = number::<16, 4>(rest) {
        if behind.first() == Some(&b'.') {
            let (address, behind) = ipv4(rest)?;
            let [a, b, c, d] = address.octets();
            let two = groups.get_mut(count..count + 2)?;
            two.copy_from_slice(&[u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]);
            count += 2;
            rest = behind;
            break;
        }
        *groups.get_mut(count)? = group;
        count += 1;
        rest = match behind {
            [b':', b':', behind @ ..] if gap.is_none() => {
                gap = Some(count);
                behind
            }
            [b':', behind @ ..] if behind.first().is_some_and(u8::is_ascii_hexdigit) => behind,
            _ => {
                rest = behind;
                break;
            }
        };
    }
    let address = match gap {
        None if count == 8 => groups.into(),
        // "No more than 6 groups in addition to the "::" may be present." With an IPv4 address
        // behind them "no more than 4", which is the same, as it fills two.
        Some(gap) if count <= 6 => {
            groups[gap..].rotate_right(8 - count);
            groups.into()
        }
        _ => return None,
    };
    Some((address, rest))
}

/// The number of one to `MOST` digits at the front, which a `u16` has room for, and what is behind
/// it.
fn number<const RADIX: u32, const MOST: usize>(text: &[u8]) -> Option<(u16, &[u8])> {
    let front = text.iter().take(MOST);
    let digits = front.map_while(|octet| char::from(*octet).to_digit(RADIX));
    let (number, octets) = digits.fold((0, 0), |(number, octets), digit| {
        (number * RADIX + digit, octets + 1)
    });
    let number = u16::try_from(number).ok()?;
    (octets > 0).then(|| (number, &text[octets..]))
}

impl<'a> AddressLiteral<'a> {
    pub(super) fn read(text: &'a str, utf8: bool) -> Result<Self, AddressError> {
        let form = read_all(text, utf8, literal)?;
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
