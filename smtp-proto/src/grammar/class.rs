//! Which octets belong to which terminal of the grammar: one table, one bit a class.
//!
//! The rule here: a class is what its ABNF says, ASCII only. No octet above 0x7F is in any class;
//! where SMTPUTF8 (RFC 6531 §3.3) widens one, the parser that uses it says so.

const ATEXT: u8 = 1 << 0;
const LET_DIG: u8 = 1 << 1;
const LDH: u8 = 1 << 2;
const QTEXT: u8 = 1 << 3;
const DCONTENT: u8 = 1 << 4;
const ESMTP_VALUE: u8 = 1 << 5;
const DIGIT: u8 = 1 << 6;

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut octet = 0u8;
    while octet < 0x80 {
        table[octet as usize] = classes_of(octet);
        octet += 1;
    }
    table
};

const fn classes_of(octet: u8) -> u8 {
    let mut classes = 0;
    if octet.is_ascii_digit() {
        classes |= DIGIT;
    }
    if octet.is_ascii_alphanumeric() {
        classes |= LET_DIG | LDH | ATEXT;
    }
    if octet == b'-' {
        classes |= LDH;
    }
    if matches!(
        octet,
        b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~'
    ) {
        classes |= ATEXT;
    }
    if matches!(octet, b' '..=b'~') && octet != b'"' && octet != b'\\' {
        classes |= QTEXT;
    }
    if matches!(octet, b'!'..=b'Z' | b'^'..=b'~') {
        classes |= DCONTENT;
    }
    if octet.is_ascii_graphic() && octet != b'=' {
        classes |= ESMTP_VALUE;
    }
    classes
}

#[inline]
const fn is(octet: u8, class: u8) -> bool {
    CLASSES[octet as usize] & class != 0
}

/// `atext` of RFC 5322 §3.2.3, which RFC 5321 §4.1.2 takes over.
#[inline]
pub(crate) fn is_atext(octet: u8) -> bool {
    is(octet, ATEXT)
}

/// `Let-dig = ALPHA / DIGIT`
#[inline]
pub(crate) fn is_let_dig(octet: u8) -> bool {
    is(octet, LET_DIG)
}

/// What an `Ldh-str` is made of: `ALPHA / DIGIT / "-"`.
#[inline]
pub(crate) fn is_ldh(octet: u8) -> bool {
    is(octet, LDH)
}

/// `qtextSMTP = %d32-33 / %d35-91 / %d93-126`
#[inline]
pub(crate) fn is_qtext(octet: u8) -> bool {
    is(octet, QTEXT)
}

/// `dcontent = %d33-90 / %d94-126` (RFC 5321 §4.1.3)
#[inline]
pub(crate) fn is_dcontent(octet: u8) -> bool {
    is(octet, DCONTENT)
}

/// What an `esmtp-value` is made of: `%d33-60 / %d62-126`.
#[inline]
pub(crate) fn is_esmtp_value(octet: u8) -> bool {
    is(octet, ESMTP_VALUE)
}

/// `DIGIT = %d48-57`
#[inline]
pub(crate) fn is_digit(octet: u8) -> bool {
    is(octet, DIGIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The classes as their RFCs write them, in decimal ranges.
    #[test]
    fn every_class_holds_the_octets_of_its_abnf_and_no_other() {
        type Class = (fn(u8) -> bool, &'static [(u8, u8)]);
        let abnf: [Class; 6] = [
            (is_let_dig, &[(48, 57), (65, 90), (97, 122)]),
            (is_ldh, &[(45, 45), (48, 57), (65, 90), (97, 122)]),
            (is_qtext, &[(32, 33), (35, 91), (93, 126)]),
            (is_dcontent, &[(33, 90), (94, 126)]),
            (is_esmtp_value, &[(33, 60), (62, 126)]),
            (is_digit, &[(48, 57)]),
        ];
        for (class, ranges) in abnf {
            for octet in 0..=u8::MAX {
                let listed = ranges
                    .iter()
                    .any(|&(first, last)| (first..=last).contains(&octet));
                assert_eq!(class(octet), listed, "{octet}");
            }
        }
        for octet in 0..=u8::MAX {
            let listed = octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet);
            assert_eq!(is_atext(octet), listed, "{octet}");
        }
    }
}
