//! Bodies as they arrive behind DATA: the end found, the stuffed dots dropped (RFC 5321 §4.5.2).
//!
//! Only `CRLF . CRLF` ends a body, the first CRLF being that of the DATA line where the body is
//! empty. What can't be told yet is left in the input, so all there is to remember of what was taken is
//! one bit.

use super::content::{self, BLOCK, ContentFault, Octet, Rules};

/// What stands at the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// So many octets, the first `kept` of which are now the next of the message.
    Data { octets: usize, kept: usize },
    /// One octet, which breaks the rules for content.
    Fault(ContentFault),
    /// The final dot and its CRLF.
    End,
    /// One octet, a CR that ends a chunk: data once its LF is there.
    Held,
    /// One octet, the LF of the CR that was held: both are data.
    HeldNewline,
    /// No octet: the CR that was held is data by itself.
    HeldCr,
    /// The octets of the chunk are all there.
    ChunkEnd,
    /// Nothing that can be told without more input.
    More,
}

impl Piece {
    /// How many octets of input it takes up.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Data { octets, .. } => octets,
            Self::Fault(_) | Self::Held | Self::HeldNewline => 1,
            Self::End => ".\r\n".len(),
            Self::HeldCr | Self::ChunkEnd | Self::More => 0,
        }
    }
}

/// Octets without a stuffed dot that are handed on where they stand, rather than moved up to those
/// before the last such dot.
const FAR: usize = 4 * 1024;

/// Reads one body.
#[derive(Clone, Debug)]
pub(crate) struct Unstuffer {
    rules: Rules,
    line_start: bool,
    /// Octets at the front that are known to be plain.
    plain: usize,
}

impl Unstuffer {
    /// Stands right behind DATA's CRLF. With `bare_newlines`, a lone CR or LF is data like any
    /// other octet, and still no line end.
    pub(crate) fn new(bare_newlines: bool) -> Self {
        Self {
            rules: Rules {
                bare_newlines,
                ..Rules::RECEIVED
            },
            line_start: true,
            plain: 0,
        }
    }

    /// The next piece; the caller takes its octets off the input before it asks again. What stands
    /// behind a stuffed dot is moved up to what stands before it.
    pub(crate) fn next(&mut self, input: &mut [u8]) -> Piece {
        let mut lines = Lines {
            input,
            taken: 0,
            kept: 0,
        };
        let stop = loop {
            if let Err(stop) = self.advance(&mut lines) {
                break stop;
            }
        };
        let Lines { taken, kept, .. } = lines;
        if taken > 0 {
            let octets = taken;
            return Piece::Data { octets, kept };
        }
        if let Piece::Fault(_) = stop {
            // The message is void, so nothing in it counts from here on but its end.
            self.rules.bare_newlines = true;
            self.rules.nul = true;
            self.line_start = false;
        }
        stop
    }

    /// Takes some octets, or says what stands there that can't be part of this piece.
    fn advance(&mut self, lines: &mut Lines<'_>) -> Result<(), Piece> {
        if self.line_start && lines.rest().first() == Some(&b'.') {
            self.unstuff(lines)?;
        }
        let mut mended = 0;
        if self.plain == 0 {
            // The final dot, where the input ends with it, is told by itself.
            let rest = lines.rest();
            let look = content::look(rest.strip_suffix(b".\r\n").unwrap_or(rest), self.rules);
            (self.plain, mended) = (look.plain, look.mended);
        }
        if self.plain >= FAR && lines.taken > lines.kept {
            return Err(Piece::More);
        }
        let plain = lines.taken + core::mem::take(&mut self.plain);
        let end = plain + mended;
        self.keep(lines, plain);
        if mended > 0
            && let Some(dots) = content::hands(&lines.input[plain..end], self.rules)
        {
            for dot in dots {
                self.keep(lines, plain + dot);
                self.unstuff(lines)?;
            }
            self.keep(lines, end);
            return Ok(());
        }
        self.go_octet_by_octet(lines)
    }

    /// Keeps what stands before `end`.
    fn keep(&mut self, lines: &mut Lines<'_>, end: usize) {
        if end > lines.taken {
            let run = lines.taken..end;
            self.line_start = lines.input[run.clone()].ends_with(b"\r\n");
            if lines.taken > lines.kept {
                lines.input.copy_within(run, lines.kept);
            }
            lines.kept += end - lines.taken;
            lines.taken = end;
        }
    }

    /// Drops the dot that opens a line.
    fn unstuff(&mut self, lines: &mut Lines<'_>) -> Result<(), Piece> {
        is_stuffed(lines.rest())?;
        lines.taken += 1;
        self.line_start = false;
        Ok(())
    }

    /// Takes a block of octets, looking at each by itself.
    fn go_octet_by_octet(&mut self, lines: &mut Lines<'_>) -> Result<(), Piece> {
        let Lines { input, taken, kept } = lines;
        let block = input.len().min(*taken + BLOCK);
        if *taken == block {
            return Err(Piece::More);
        }
        // In registers, which makes it several times as fast.
        let (mut from, mut to, mut line_start) = (*taken, *kept, self.line_start);
        let stop = loop {
            if from >= block {
                break Ok(());
            }
            let rest = &input[from..];
            if line_start && rest[0] == b'.' {
                if let stop @ Err(_) = is_stuffed(rest) {
                    break stop;
                }
                from += 1;
                line_start = false;
                continue;
            }
            line_start = match content::first(rest, self.rules) {
                Octet::Data => false,
                Octet::Newline => true,
                Octet::LastCr => break Err(Piece::More),
                Octet::Fault(fault) => break Err(Piece::Fault(fault)),
            };
            input[to] = input[from];
            from += 1;
            to += 1;
            if line_start {
                input[to] = b'\n';
                from += 1;
                to += 1;
            }
        };
        (*taken, *kept, self.line_start) = (from, to, line_start);
        stop
    }
}

/// Whether the dot that opens the line is one to be dropped, or what it is.
fn is_stuffed(line: &[u8]) -> Result<(), Piece> {
    match line {
        [_] | [_, b'\r'] => Err(Piece::More),
        [_, b'\r', b'\n', ..] => Err(Piece::End),
        _ => Ok(()),
    }
}

/// The octets of input that are taken, and those of them that are kept, at its front.
struct Lines<'i> {
    input: &'i mut [u8],
    taken: usize,
    kept: usize,
}

impl Lines<'_> {
    fn rest(&self) -> &[u8] {
        &self.input[self.taken..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::content::tests::bodies;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// The message up to its first fault, whether there was one, and what is left behind the end, if it
    /// came.
    fn read(input: &[u8], bare_newlines: bool, cut: usize) -> (Vec<u8>, bool, Option<Vec<u8>>) {
        let mut unstuffer = Unstuffer::new(bare_newlines);
        let mut input = input.to_vec();
        let (mut message, mut faulty, mut start) = (Vec::new(), false, 0);
        let mut end = cut.min(input.len());
        loop {
            match unstuffer.next(&mut input[start..end]) {
                Piece::More if end == input.len() => return (message, faulty, None),
                Piece::More => end = input.len().min(end + cut.max(1)),
                Piece::End => return (message, faulty, Some(input[start + 3..].to_vec())),
                piece => {
                    if let Piece::Data { kept, .. } = piece
                        && !faulty
                    {
                        message.extend_from_slice(&input[start..start + kept]);
                    }
                    faulty |= matches!(piece, Piece::Fault(_));
                    start += piece.len();
                }
            }
        }
    }

    #[test]
    fn only_crlf_dot_crlf_ends_the_body() {
        let table: [(&[u8], &[u8], bool, bool); 16] = [
            (b".\r\n", b"", false, true),
            (b"a\r\n.\r\n", b"a\r\n", false, true),
            (b"..\r\n.\r\n", b".\r\n", false, true),
            (b".a\r\n..b\r\n.\r\n", b"a\r\n.b\r\n", false, true),
            (b"\n.\n", b"", true, false),
            (b"a\n.\r\n", b"a", true, false),
            (b"a\r.\r", b"a", true, false),
            (b"a\r.\r\n", b"a", true, false),
            (b"a\r\n.\n", b"a\r\n", true, false),
            (b"a\r\n.\rb", b"a\r\n", true, false),
            (b"a\r\n.\r\r\n", b"a\r\n", true, false),
            (b"a\r\n\0.\r\n", b"a\r\n", true, false),
            (b"a\r\n.\0\r\n", b"a\r\n", true, false),
            (b"a\n\r.\r\n", b"a", true, false),
            (b"a\r\r\n.\r\n", b"a", true, true),
            (b"a\r\n .\r\n. \r\n", b"a\r\n .\r\n \r\n", false, false),
        ];
        for (input, message, faulty, ends) in table {
            for cut in 0..=input.len() {
                let (read, fault, rest) = read(input, false, cut);
                assert_eq!(read, message, "{input:?} cut at {cut}");
                assert_eq!(
                    (fault, rest.is_some()),
                    (faulty, ends),
                    "{input:?} cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn bare_newlines_accepted_as_data_are_never_a_boundary() {
        for input in [
            &b"a\n.\nb\r\n.\r\nREST"[..],
            b"a\r.\rb\r\n.\r\nREST",
            b"a\n.\r\nb\r\n.\r\nREST",
            b"a\r.\r\nb\r\n.\r\nREST",
        ] {
            for cut in 0..=input.len() {
                let (message, faulty, rest) = read(input, true, cut);
                assert_eq!(message, input[..input.len() - 7], "{input:?} cut at {cut}");
                assert!(!faulty);
                assert_eq!(rest.as_deref(), Some(&b"REST"[..]));
            }
        }
    }

    proptest! {
        #[test]
        fn a_body_of_many_blocks_is_what_it_is_octet_by_octet(
            body in bodies(),
            bare_newlines in any::<bool>(),
            cut in 2..20_000_usize,
        ) {
            prop_assert_eq!(read(&body, bare_newlines, cut), read(&body, bare_newlines, 1));
        }
    }
}
