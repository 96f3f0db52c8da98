//! Command lines: where one ends (RFC 5321 §2.3.8, §4.5.3.1.4).
//!
//! A CR or LF that isn't part of CRLF means that the two sides don't agree where commands begin,
//! and nothing behind it can be trusted. A line that is too long is another matter: its end is
//! known, so the session stays in step.

use crate::verb::{opens_bdat, opens_http};
use memchr::memchr2;

/// What stands at the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line of so many octets, `end` of them its CRLF.
    Whole { octets: usize, end: usize },
    /// So many octets that end a line longer than the limit, which began with `BDAT` or not.
    TooLong { octets: usize, bdat: bool },
    /// A lone CR or LF in it.
    Bare,
    /// The start of a TLS handshake or of a request of HTTP, however the line goes on.
    Foreign,
    /// No end yet; so many octets of an overlong line can go.
    More { discard: usize },
}

/// The first two octets of a TLS handshake record (RFC 8446 §5.1), none of which begins a command.
const TLS_RECORD: [u8; 2] = [22, 3];

/// What lines may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineRules {
    /// Octets of a line, its CRLF included.
    pub(crate) limit: usize,
    /// Whether an LF alone ends a line as well.
    pub(crate) bare_lf: bool,
    /// Whether a line is to be a command, so that another protocol shows by its beginning.
    pub(crate) commands: bool,
}

/// Finds the ends of lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineReader {
    /// Octets at the front that hold no end of line.
    searched: usize,
    /// The front belongs to a line that is already over the limit.
    overlong: bool,
    /// That line began with `BDAT`.
    bdat: bool,
}

impl LineReader {
    /// Whether the front belongs to a line that is over the limit.
    pub(crate) fn is_overlong(&self) -> bool {
        self.overlong
    }

    /// Looks at `input`, whose front is where the last line ended, by these rules.
    pub(crate) fn next(&mut self, input: &[u8], rules: LineRules) -> Line {
        let LineRules {
            limit,
            bare_lf,
            commands,
        } = rules;
        if commands && !self.overlong {
            match input {
                [first] if *first == TLS_RECORD[0] => return Line::More { discard: 0 },
                _ if input.starts_with(&TLS_RECORD) || opens_http(input) => return Line::Foreign,
                _ => {}
            }
        }
        let Some(found) = memchr2(b'\r', b'\n', &input[self.searched..]) else {
            return self.more(input, input.len(), limit);
        };
        let at = self.searched + found;
        let end = match &input[at..] {
            [b'\r'] => return self.more(input, at, limit),
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] if bare_lf => 1,
            _ => return Line::Bare,
        };
        let octets = at + end;
        let bdat = self.bdat || (!self.overlong && opens_bdat(input));
        let overlong = self.overlong || octets > limit;
        *self = Self::default();
        if overlong {
            Line::TooLong { octets, bdat }
        } else {
            Line::Whole { octets, end }
        }
    }

    /// No end among the first `searched` octets.
    fn more(&mut self, input: &[u8], searched: usize, limit: usize) -> Line {
        // With no end in sight, at least one octet more is to come.
        if !self.overlong && searched >= limit {
            self.overlong = true;
            self.bdat = opens_bdat(input);
        }
        let discard = if self.overlong { searched } else { 0 };
        self.searched = searched - discard;
        Line::More { discard }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const RULES: LineRules = LineRules {
        limit: 12,
        bare_lf: false,
        commands: true,
    };

    fn read(input: &[u8], cut: usize) -> Vec<Line> {
        let mut reader = LineReader::default();
        let (mut lines, mut start, mut end) = (Vec::new(), 0, cut);
        loop {
            match reader.next(&input[start..end], RULES) {
                Line::More { discard } => {
                    start += discard;
                    if end == input.len() {
                        return lines;
                    }
                    end = input.len().min(end + cut.max(1));
                }
                line @ (Line::Bare | Line::Foreign) => {
                    lines.push(line);
                    return lines;
                }
                Line::Whole { octets, end } => {
                    lines.push(Line::Whole { octets, end });
                    start += octets;
                }
                Line::TooLong { octets, bdat } => {
                    lines.push(Line::TooLong { octets: 0, bdat });
                    start += octets;
                }
            }
        }
    }

    #[test]
    fn a_line_is_the_same_line_however_it_is_cut() {
        for input in [
            &b"NOOP\r\nQUIT\r\n"[..],
            b"0123456789\r\nNOOP\r\n",
            b"01234567890\r\nNOOP\r\n",
            b"0123456789012345678901234567890\r\nNOOP\r\n",
            b"0123456789012345678901\rx\r\nNOOP\r\n",
            b"NO\nOP\r\n",
            b"NO\rOP\r\n",
            b"\r\n\r\r\n",
            b"\x16\x03\x01\n",
            b"\x16\x04\r\n",
            b"POST /01234567890123456789\r\nNOOP\r\n",
            b"GET\t/\0\r\nNOOP\r\n",
            b"GETTY\r\nNOOP\r\n",
            b"BDAT 00000000000000005\r\nNOOP\r\n",
        ] {
            let whole = read(input, input.len());
            for cut in 0..input.len() {
                assert_eq!(read(input, cut), whole, "{input:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn the_limit_counts_the_crlf() {
        assert_eq!(
            read(b"0123456789\r\n", 1),
            [Line::Whole { octets: 12, end: 2 }]
        );
        let too_long = |bdat| [Line::TooLong { octets: 0, bdat }];
        assert_eq!(read(b"01234567890\r\n", 1), too_long(false));
        assert_eq!(read(b"bdat 000000000005\r\n", 1), too_long(true));
    }
}
