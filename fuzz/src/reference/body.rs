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

/// By what a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// DATA, which has lines.
    Data,
    /// BDAT, which needn't end in a whole one.
    Chunks,
    /// BDAT and BINARYMIME: no lines at all.
    Binary,
}

/// What a server is to get of some content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Line ends as they are to be, up to what can't be sent.
    pub(crate) octets: Vec<u8>,
    /// Whether that is all of it.
    pub(crate) sound: bool,
}

impl Sent {
    /// The whole message, if it can be sent.
    pub(crate) fn whole(self) -> Option<Vec<u8>> {
        self.sound.then_some(self.octets)
    }
}

/// What a server is to get of `content`.
pub(crate) fn sent(content: &[u8], framing: Framing, newlines: Newlines, seven_bit: bool) -> Sent {
    let mut sent = Sent {
        octets: Vec::new(),
        sound: false,
    };
    if framing == Framing::Binary {
        sent.octets = content.to_vec();
        sent.sound = true;
        return sent;
    }
    let mut behind_cr = false;
    for &octet in content {
        match octet {
            b'\n' if behind_cr => sent.octets.extend(b"\r\n"),
            _ if behind_cr => return sent,
            b'\n' if newlines == Newlines::Convert => sent.octets.extend(b"\r\n"),
            b'\n' | 0 => return sent,
            0x80.. if seven_bit => return sent,
            b'\r' => {}
            _ => sent.octets.push(octet),
        }
        behind_cr = octet == b'\r';
    }
    sent.sound = !behind_cr;
    let whole_line = sent.octets.is_empty() || sent.octets.ends_with(b"\r\n");
    if sent.sound && framing == Framing::Data && !whole_line {
        sent.octets.extend(b"\r\n");
    }
    sent
}
