//! What has been taken for the end of a message and is none, and what is smuggled behind it.

use std::fmt;
use std::ops::Range;

/// Each at the end of one line; the octet behind it is the smuggled text's first.
pub(crate) const FALSE_ENDS: [&[u8]; 12] = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\n\r.\r\n",
    // Sound, and data.
    b"\r\n .\r\n",
    b"\r\n. \r\n",
];

/// Commands that some server took for such; servers were seen that split only where BDAT follows.
pub(crate) const SMUGGLED: [&[u8]; 2] = [
    b"MAIL FROM:<evil@x>\r\nRCPT TO:<evil@x>\r\nDATA\r\nevil",
    b"BDAT 4 LAST\r\nevilMAIL FROM:<evil@x>",
];

/// A body with a false end in it, and where that stands.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) octets: Vec<u8>,
    pub(crate) end: Range<usize>,
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.octets.escape_ascii().fmt(f)
    }
}

/// Each false end with each text behind it: first of all, in the first line, in a later one, behind a
/// dot, and where the body is void already. Behind DATA, a CRLF at the start is there before the body is.
pub(crate) fn bodies() -> impl Iterator<Item = Body> {
    let ends = FALSE_ENDS.iter().flat_map(|&end| {
        let before: [&[u8]; 5] = [b"", b"a", b"a\r\n", b"..", b"\0"];
        let first = end.strip_prefix(b"\r\n").map(|end| (&b""[..], end));
        first.into_iter().chain(before.map(|before| (before, end)))
    });
    ends.flat_map(|(before, end)| {
        SMUGGLED.map(|smuggled| Body {
            octets: [before, end, smuggled].concat(),
            end: before.len()..before.len() + end.len(),
        })
    })
}
