//! SIZE (RFC 1870): `SIZE [1*20DIGIT]` in the EHLO reply, `SIZE=1*20DIGIT` on MAIL.

/// `size-value = 1*20DIGIT`; a number over 2⁶⁴−1 counts as 2⁶⁴−1, which no limit lets pass.
pub(crate) fn parse(value: &str) -> Option<u64> {
    if !(1..=20).contains(&value.len()) {
        return None;
    }
    value.bytes().try_fold(0_u64, |size, octet| {
        let digit = octet.is_ascii_digit().then(|| u64::from(octet - b'0'))?;
        Some(size.saturating_mul(10).saturating_add(digit))
    })
}
