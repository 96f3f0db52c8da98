//! A message as it arrives, gone over from its first octet with each that comes.

/// The most octets a message may have here.
pub(crate) const LIMIT: usize = 100;

#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// By DATA and a dot, or else in chunks.
    pub(crate) dotted: bool,
    raw: Vec<u8>,
    /// Octets that BDAT announced, in all, and those of them that are still to come.
    pub(crate) announced: usize,
    pub(crate) left: usize,
    /// What is arriving ends the message.
    pub(crate) last: bool,
    /// What its end is answered, if it is void.
    pub(crate) fault: Option<u16>,
}

impl Body {
    pub(crate) fn new(dotted: bool) -> Self {
        Self {
            dotted,
            raw: Vec::new(),
            announced: 0,
            left: 0,
            last: dotted,
            fault: None,
        }
    }

    /// A chunk follows.
    pub(crate) fn begin(&mut self, octets: usize, last: bool) {
        self.announced += octets;
        (self.left, self.last) = (octets, last);
    }

    /// Whether it is complete, or its chunk.
    pub(crate) fn is_whole(&self) -> bool {
        if self.dotted {
            // RFC 5321 §4.1.1.4, and the CRLF behind DATA is the first half for an empty one.
            self.raw == b".\r\n" || self.raw.ends_with(b"\r\n.\r\n")
        } else {
            self.left == 0
        }
    }

    /// Takes one more octet; whether that is what makes it void.
    pub(crate) fn push(&mut self, octet: u8) -> bool {
        self.raw.push(octet);
        self.left = self.left.saturating_sub(1);
        let fault = if !self.is_sound() {
            Some(550)
        } else if self.content().len() > LIMIT {
            Some(552)
        } else {
            None
        };
        let news = self.fault.is_none() && fault.is_some();
        self.fault = self.fault.or(fault);
        news
    }

    /// The last chunk is there: whether it is void by how it ends.
    pub(crate) fn end(&mut self) -> bool {
        let news = !self.dotted && self.fault.is_none() && self.raw.ends_with(b"\r");
        self.fault = self.fault.or(news.then_some(550));
        news
    }

    /// RFC 5321 §2.3.8: CR and LF only together, and no NUL (§4.5.2 by way of RFC 3030).
    fn is_sound(&self) -> bool {
        let pairs = self.raw.windows(2);
        let lone = |pair: &[u8]| (pair[0] == b'\r') != (pair[1] == b'\n');
        self.raw.first() != Some(&b'\n') && !self.raw.contains(&0) && !pairs.into_iter().any(lone)
    }

    /// What the message says, as far as it can be told (RFC 5321 §4.5.2).
    pub(crate) fn content(&self) -> Vec<u8> {
        let raw = self.raw.strip_suffix(b"\r").unwrap_or(&self.raw);
        if !self.dotted {
            return raw.to_vec();
        }
        let raw = match raw.strip_suffix(b".\r\n") {
            Some(rest) if self.is_whole() => rest,
            _ => raw,
        };
        let mut content = Vec::new();
        for (at, octet) in raw.iter().enumerate() {
            let opens_line = at == 0 || raw[..at].ends_with(b"\r\n");
            if !(opens_line && *octet == b'.') {
                content.push(*octet);
            }
        }
        content
    }
}
