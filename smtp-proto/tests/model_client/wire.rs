//! The octets a client writes, taken apart as a server does: lines, and messages only where one asked
//! for them.

/// What stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Line(String),
    /// The octets of a BDAT.
    Chunk(Vec<u8>),
    /// What came behind 354, dots unstuffed, without the final one.
    Content(Vec<u8>),
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Line,
    Chunk(usize),
    Content,
    /// Nothing, until a reply is there.
    Nothing,
}

#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) next: Next,
    rest: Vec<u8>,
    /// Octets ever read into items.
    pub(crate) read: usize,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self {
            next: Next::Nothing,
            rest: Vec::new(),
            read: 0,
        }
    }

    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.rest.extend_from_slice(octets);
    }

    /// The next item, if it is whole.
    pub(crate) fn item(&mut self) -> Option<Item> {
        let (octets, item) = match self.next {
            Next::Nothing => {
                let octets = self.rest.escape_ascii();
                assert!(self.rest.is_empty(), "written without a reply: {octets}");
                return None;
            }
            Next::Line => {
                let end = self.rest.windows(2).position(|end| end == b"\r\n")?;
                let line = String::from_utf8(self.rest[..end].to_vec()).unwrap();
                (end + 2, Item::Line(line))
            }
            Next::Chunk(octets) => {
                let chunk = self.rest.get(..octets)?.to_vec();
                (octets, Item::Chunk(chunk))
            }
            Next::Content if self.rest.starts_with(b".\r\n") => (3, Item::Content(Vec::new())),
            Next::Content => {
                let end = self.rest.windows(5).position(|end| end == b"\r\n.\r\n")?;
                (end + 5, Item::Content(unstuff(&self.rest[..end + 2])))
            }
        };
        self.rest.drain(..octets);
        self.read += octets;
        Some(item)
    }
}

/// RFC 5321 §4.5.2.
fn unstuff(octets: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    for (at, octet) in octets.iter().enumerate() {
        let opens_line = at == 0 || octets[..at].ends_with(b"\r\n");
        if !(opens_line && *octet == b'.') {
            content.push(*octet);
        }
    }
    content
}
