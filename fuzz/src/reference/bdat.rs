//! BDAT's line, octet by octet.

/// What a line says if it is a BDAT: how many octets follow it, and whether the message ends with
/// them; nothing of that if it can't be told.
pub(crate) fn chunk(line: &[u8]) -> Option<Result<(u64, bool), ()>> {
    let mut line = line;
    while let [before @ .., b' ' | b'\t'] = line {
        line = before;
    }
    let (verb, argument) = line.split_at_checked(4)?;
    if !verb.eq_ignore_ascii_case(b"BDAT") {
        return None;
    }
    let [b' ', argument @ ..] = argument else {
        // Whatever is no letter may be taken for a blank by somebody.
        let ends = argument.first().is_none_or(u8::is_ascii_control);
        return ends.then_some(Err(()));
    };
    let mut size: u64 = 0;
    for (at, &octet) in argument.iter().enumerate() {
        if octet == b' ' && at > 0 {
            let last = argument[at + 1..].eq_ignore_ascii_case(b"LAST");
            return Some(if last { Ok((size, true)) } else { Err(()) });
        }
        let digit = u64::from(octet.wrapping_sub(b'0'));
        let more = size
            .checked_mul(10)
            .and_then(|size| size.checked_add(digit));
        match more.filter(|more| digit < 10 && *more < 1 << 63) {
            Some(more) => size = more,
            None => return Some(Err(())),
        }
    }
    Some(if argument.is_empty() {
        Err(())
    } else {
        Ok((size, false))
    })
}
