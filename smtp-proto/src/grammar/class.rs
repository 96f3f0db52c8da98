//! Which octets belong to which terminal of the grammar: one table, one bit a class.
//!
//! The rule here: a class is what its ABNF says, ASCII only. No octet above 0x7F is in any class;
//! where SMTPUTF8 (RFC 6531 §3.3) widens one, the parser that uses it says so.

/// A set of octets.
#[derive(Clone, Copy)]
pub(crate) struct Class(u8);

/// `atext` of RFC 5322 §3.2.3, which RFC 5321 §4.1.2 takes over.
pub(crate) const ATEXT: Class = Class(1 << 0);
/// `Let-dig = ALPHA / DIGIT`
pub(crate) const LET_DIG: Class = Class(1 << 1);
/// What an `Ldh-str` is made of: `ALPHA / DIGIT / "-"`.
pub(crate) const LDH: Class = Class(1 << 2);
/// `qtextSMTP = %d32-33 / %d35-91 / %d93-126`
pub(crate) const QTEXT: Class = Class(1 << 3);
/// `dcontent = %d33-90 / %d94-126` (RFC 5321 §4.1.3)
pub(crate) const DCONTENT: Class = Class(1 << 4);
/// What an `esmtp-value` is made of: `%d33-60 / %d62-126`.
pub(crate) const ESMTP_VALUE: Class = Class(1 << 5);
/// The digits of base64 (RFC 4648 §4): `ALPHA / DIGIT / "+" / "/"`.
pub(crate) const BASE64: Class = Class(1 << 6);
/// What RFC 6531 §3.3 may add to a class.
const NON_ASCII: Class = Class(1 << 7);

static CLASSES: [u8; 256] = {
    let mut table = [NON_ASCII.0; 256];
    let mut octet = 0u8;
    while octet < 0x80 {
        table[octet as usize] = classes_of(octet);
        octet += 1;
    }
    table
};

const fn classes_of(octet: u8) -> u8 {
    let mut classes = 0;
    if octet.is_ascii_alphanumeric() {
        classes |= LET_DIG.0 | LDH.0 | ATEXT.0 | BASE64.0;
    }
    if matches!(octet, b'+' | b'/') {
        classes |= BASE64.0;
    }
    if octet == b'-' {
        classes |= LDH.0;
    }
    if matches!(
        octet,
        b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~'
    ) {
        classes |= ATEXT.0;
    }
    if matches!(octet, b' '..=b'~') && octet != b'"' && octet != b'\\' {
        classes |= QTEXT.0;
    }
    if matches!(octet, b'!'..=b'Z' | b'^'..=b'~') {
        classes |= DCONTENT.0;
    }
    if octet.is_ascii_graphic() && octet != b'=' {
        classes |= ESMTP_VALUE.0;
    }
    classes
}

impl Class {
    /// With the octets above 0x7F too, where `utf8` lets them in.
    pub(crate) const fn with_utf8(self, utf8: bool) -> Self {
        if utf8 {
            Self(self.0 | NON_ASCII.0)
        } else {
            self
        }
    }

    pub(crate) fn has(self, octet: u8) -> bool {
        CLASSES[usize::from(octet)] & self.0 != 0
    }

    /// Whether all of these belong to it.
    pub(crate) fn has_all(self, octets: &[u8]) -> bool {
        let classes = octets.iter().map(|octet| CLASSES[usize::from(*octet)]);
        classes.fold(self.0, |common, classes| common & classes) != 0
    }

    /// How many octets at the front of `input` belong to it.
    pub(crate) fn run(self, input: &[u8]) -> usize {
        let end = input.iter().position(|octet| !self.has(*octet));
        end.unwrap_or(input.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The classes as their RFCs write them, in decimal ranges.
    #[test]
    fn every_class_holds_the_octets_of_its_abnf_and_no_other() {
        let abnf: [(Class, &[(u8, u8)]); 6] = [
            (LET_DIG, &[(48, 57), (65, 90), (97, 122)]),
            (LDH, &[(45, 45), (48, 57), (65, 90), (97, 122)]),
            (QTEXT, &[(32, 33), (35, 91), (93, 126)]),
            (DCONTENT, &[(33, 90), (94, 126)]),
            (ESMTP_VALUE, &[(33, 60), (62, 126)]),
            (BASE64, &[(43, 43), (47, 57), (65, 90), (97, 122)]),
        ];
        for (class, ranges) in abnf {
            for octet in 0..=u8::MAX {
                let listed = ranges
                    .iter()
                    .any(|&(first, last)| (first..=last).contains(&octet));
                assert_eq!(class.has(octet), listed, "{octet}");
                assert_eq!(class.has_all(&[b'A', octet, b'z']), listed, "{octet}");
                let with_utf8 = class.with_utf8(true).has(octet);
                assert_eq!(with_utf8, listed || octet > 127, "{octet}");
            }
        }
        for octet in 0..=u8::MAX {
            let listed = octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet);
            assert_eq!(ATEXT.has(octet), listed, "{octet}");
        }
    }
}
