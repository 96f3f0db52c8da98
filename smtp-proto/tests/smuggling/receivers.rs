//! Receivers that find the end of a message where no RFC has it, written to be fooled, and a strict one.
//! They read all that a client said, and answer nothing.

/// What ends a message in the eyes of one of them, besides `CRLF . CRLF`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receiver {
    ends: &'static [&'static [u8]],
}

const STRICT: Receiver = Receiver { ends: &[] };

pub(crate) const SLOPPY: [Receiver; 3] = [
    Receiver { ends: &[b"\n.\n"] },
    Receiver {
        ends: &[b"\n.\r\n", b"\r\n.\n"],
    },
    Receiver { ends: &[b"\r.\r"] },
];

pub(crate) fn all() -> impl Iterator<Item = Receiver> {
    SLOPPY.into_iter().chain([STRICT])
}

/// A message as a receiver has it: its MAIL and RCPT lines, and its octets as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) envelope: Vec<String>,
    pub(crate) octets: Vec<u8>,
}

impl Receiver {
    /// The messages; one without an end is none.
    pub(crate) fn messages(&self, said: &[u8]) -> Vec<Received> {
        let (mut rest, mut messages, mut open) = (said, Vec::new(), Received::default());
        while let Some((line, behind)) = self.line(rest) {
            rest = behind;
            match line.split([' ', ':']).next() {
                Some("MAIL") => {
                    open = Received::default();
                    open.envelope.push(line);
                }
                Some("RCPT") => open.envelope.push(line),
                Some("DATA") => {
                    // The newline of DATA may be the first of the end.
                    let newline = said.len() - rest.len() - 2;
                    let Some((octets, behind)) = self.body(&said[newline..]) else {
                        break;
                    };
                    open.octets.extend_from_slice(octets);
                    messages.push(std::mem::take(&mut open));
                    rest = behind;
                }
                Some("BDAT") => {
                    let size = line.split(' ').nth(1).and_then(|size| size.parse().ok());
                    let Some((octets, behind)) = size.and_then(|size| rest.split_at_checked(size))
                    else {
                        break;
                    };
                    open.octets.extend_from_slice(octets);
                    if line.ends_with(" LAST") {
                        messages.push(std::mem::take(&mut open));
                    }
                    rest = behind;
                }
                _ => {}
            }
        }
        messages
    }

    /// Up to CRLF, or up to any CR or LF where that ends messages.
    fn line<'s>(&self, said: &'s [u8]) -> Option<(String, &'s [u8])> {
        let crlf = said.windows(2).position(|two| two == b"\r\n");
        let newline = |octet: &u8| self.ends.iter().any(|end| end.ends_with(&[*octet]));
        let single = said.iter().position(newline);
        let end = crlf.into_iter().chain(single).min()?;
        let behind = if Some(end) == crlf { end + 2 } else { end + 1 };
        let line = String::from_utf8_lossy(&said[..end]).into_owned();
        Some((line, &said[behind..]))
    }

    /// The octets of a message, the CRLF before them included, and what stands behind its end.
    fn body<'s>(&self, said: &'s [u8]) -> Option<(&'s [u8], &'s [u8])> {
        let ends = self.ends.iter().copied().chain([&b"\r\n.\r\n"[..]]);
        let found = ends.filter_map(|end| {
            let at = said.windows(end.len()).position(|part| part == end)?;
            Some((at, at + end.len()))
        });
        let (at, behind) = found.min()?;
        Some((&said[..at], &said[behind..]))
    }
}
