//! Bodies, read and written as plainly as RFC 5321 §4.5.2 says it.

use smtp_proto::{ContentFault, Newlines};

/// Why a body is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Void {
    /// An octet that can't stand there.
    Content(ContentFault),
    /// More octets than allowed.
    TooBig,
}

/// What a body says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// The message, up to the first fault.
    pub(crate) message: Vec<u8>,
    /// The first fault.
    pub(crate) fault: Option<Void>,
    /// How many octets it takes up, its final dot's line included; `None` if that never came.
    pub(crate) end: Option<usize>,
}

/// What the octets so far make the next one mean.
#[derive(Clone, Copy)]
enum Place {
    LineStart,
    Inside,
    /// Behind a CR.
    Cr,
    /// Behind a dot that opens a line.
    Dot,
    /// Behind such a dot and a CR.
    DotCr,
}

/// Reads a body as it stands behind DATA. With `bare`, a lone CR or LF is data.
pub(crate) fn decode(input: &[u8], bare: bool, limit: u64) -> Decoded {
    let mut body = Decoded::default();
    let mut place = Place::LineStart;
    for (at, &octet) in input.iter().enumerate() {
        place = match (place, octet) {
            (Place::DotCr, b'\n') => {
                body.end = Some(at + 1);
                return body;
            }
            (Place::Cr, b'\n') => {
                body.take(b'\r', limit);
                body.take(b'\n', limit);
                Place::LineStart
            }
            (Place::Dot, b'\r') => Place::DotCr,
            (Place::LineStart, b'.') => Place::Dot,
            (place, octet) => {
                if matches!(place, Place::Cr | Place::DotCr) {
                    body.stray(b'\r', ContentFault::BareCr, bare, limit);
                }
                match octet {
                    b'\r' => Place::Cr,
                    b'\n' => {
                        body.stray(b'\n', ContentFault::BareLf, bare, limit);
                        Place::Inside
                    }
                    0 => {
                        body.fail(Void::Content(ContentFault::Nul));
                        Place::Inside
                    }
                    _ => {
                        body.take(octet, limit);
                        Place::Inside
                    }
                }
            }
        };
    }
    body
}

impl Decoded {
    fn take(&mut self, octet: u8, limit: u64) {
        if self.fault.is_none() {
            if self.message.len() as u64 == limit {
                self.fail(Void::TooBig);
            } else {
                self.message.push(octet);
            }
        }
    }

    fn stray(&mut self, octet: u8, fault: ContentFault, bare: bool, limit: u64) {
        if bare {
            self.take(octet, limit);
        } else {
            self.fail(Void::Content(fault));
        }
    }

    fn fail(&mut self, fault: Void) {
        self.fault.get_or_insert(fault);
    }
}

/// What a server is to get of `content`: line ends as `newlines` says, the last line completed;
/// `None` if it can't be sent.
pub(crate) fn canonical(content: &[u8], newlines: Newlines, seven_bit: bool) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    let mut behind_cr = false;
    for &octet in content {
        match octet {
            b'\n' if behind_cr => message.extend(b"\r\n"),
            _ if behind_cr => return None,
            b'\n' if newlines == Newlines::Convert => message.extend(b"\r\n"),
            b'\n' | 0 => return None,
            0x80.. if seven_bit => return None,
            b'\r' => {}
            _ => message.push(octet),
        }
        behind_cr = octet == b'\r';
    }
    if behind_cr {
        return None;
    }
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        message.extend(b"\r\n");
    }
    Some(message)
}
