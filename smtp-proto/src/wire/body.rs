//! Bodies as they arrive behind DATA: the end found, the stuffed dots dropped (RFC 5321 §4.5.2).
//!
//! Only `CRLF . CRLF` ends a body, the first CRLF being that of the DATA line where the body is
//! empty. What can't be told yet is left in the input, so one bit is all the state there is.

use super::content::{self, ContentFault, Stop};

/// What stands at the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// So many octets of the message.
    Data(usize),
    /// One octet, a dot, which is not part of the message.
    Stuffing,
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
            Self::Data(octets) => octets,
            Self::Stuffing | Self::Fault(_) | Self::Held | Self::HeldNewline => 1,
            Self::End => ".\r\n".len(),
            Self::HeldCr | Self::ChunkEnd | Self::More => 0,
        }
    }
}

/// Reads one body.
#[derive(Clone, Debug)]
pub(crate) struct Unstuffer {
    line_start: bool,
    bare_newlines: bool,
}

impl Unstuffer {
    /// Stands right behind DATA's CRLF. With `bare_newlines`, a lone CR or LF is data like any
    /// other octet, and still no line end.
    pub(crate) fn new(bare_newlines: bool) -> Self {
        Self {
            line_start: true,
            bare_newlines,
        }
    }

    /// The next piece; the caller takes its octets off the input before it asks again.
    pub(crate) fn next(&mut self, input: &[u8]) -> Piece {
        if self.line_start {
            match input {
                [] | [b'.'] | [b'.', b'\r'] => return Piece::More,
                [b'.', b'\r', b'\n', ..] => return Piece::End,
                [b'.', ..] => {
                    self.line_start = false;
                    return Piece::Stuffing;
                }
                _ => {}
            }
        }
        let piece = match content::run(input) {
            (0, Stop::Fault(fault)) => self.fault(fault),
            (0, _) => return Piece::More,
            (octets, _) => Piece::Data(octets),
        };
        self.line_start = input[..piece.len()].ends_with(b"\r\n");
        piece
    }

    fn fault(&self, fault: ContentFault) -> Piece {
        match fault {
            ContentFault::BareCr | ContentFault::BareLf if self.bare_newlines => Piece::Data(1),
            _ => Piece::Fault(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// The message, the faults, and what is left behind the end, if it came.
    fn read(input: &[u8], bare_newlines: bool, cut: usize) -> (Vec<u8>, bool, Option<Vec<u8>>) {
        let mut unstuffer = Unstuffer::new(bare_newlines);
        let (mut message, mut faulty, mut start, mut end) = (Vec::new(), false, 0, cut);
        loop {
            match unstuffer.next(&input[start..end]) {
                Piece::More if end == input.len() => return (message, faulty, None),
                Piece::More => end = input.len().min(end + cut.max(1)),
                Piece::End => return (message, faulty, Some(input[start + 3..].to_vec())),
                piece => {
                    if let Piece::Data(octets) = piece {
                        message.extend_from_slice(&input[start..start + octets]);
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
            (b"\n.\n", b".", true, false),
            (b"a\n.\r\n", b"a.\r\n", true, false),
            (b"a\r.\r", b"a.", true, false),
            (b"a\r.\r\n", b"a.\r\n", true, false),
            (b"a\r\n.\n", b"a\r\n", true, false),
            (b"a\r\n.\rb", b"a\r\nb", true, false),
            (b"a\r\n.\r\r\n", b"a\r\n\r\n", true, false),
            (b"a\r\n\0.\r\n", b"a\r\n.\r\n", true, false),
            (b"a\r\n.\0\r\n", b"a\r\n\r\n", true, false),
            (b"a\n\r.\r\n", b"a.\r\n", true, false),
            (b"a\r\r\n.\r\n", b"a\r\n", true, true),
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
}
