//! The text of a reply: one or more lines that can't break out of their line.

use crate::grammar::{first_below, first_blank};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::fmt;
use core::hash::{Hash, Hasher};

/// The longest line that fits a reply line of 512 octets beside code, enhanced code and CRLF
/// (RFC 5321 §4.5.3.1.5).
pub(crate) const LINE: usize = 512 - "550 ".len() - "5.999.999 ".len() - "\r\n".len();

/// `textstring = 1*(%d09 / %d32-126)` (RFC 5321 §4.2), zero or more of them.
///
/// Built from your strings it holds printable ASCII, in lines of at most 496 octets, or with
/// [`utf8`](Self::utf8) any printable text; read from a server it may hold any octets above 127, and
/// longer lines, which are cut. What isn't ASCII goes to clients that asked for SMTPUTF8 only (RFC
/// 6531 §3.7.4); others get `?` for each such octet.
///
/// ```
/// use smtp_proto::reply::Text;
/// let text = Text::new("no such mailbox")?;
/// assert!(Text::new("no\r\n250 yes").is_err());
/// let two = Text::lines(["see", "https://example.org/policy"])?;
/// assert_eq!(two.to_string(), "see https://example.org/policy");
/// # Ok::<(), smtp_proto::reply::InvalidText>(())
/// ```
#[derive(Clone, Default)]
pub struct Text {
    /// Its lines, an LF or CRLF between them.
    octets: Bytes,
    /// Each begins with so many octets that are no text.
    head: usize,
}

/// A text that can't stand in a reply: a line holds something else than printable ASCII and tabs,
/// or is over 496 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidText;

impl Text {
    /// A text of one line.
    ///
    /// # Errors
    /// [`InvalidText`] if it isn't a line of a reply.
    pub fn new(line: impl Into<Cow<'static, str>>) -> Result<Self, InvalidText> {
        let line = line.into();
        check(&line)?;
        Ok(Self::joined(match line {
            Cow::Borrowed(line) => Bytes::from_static(line.as_bytes()),
            Cow::Owned(line) => Bytes::from(line),
        }))
    }

    /// A text of one line that may hold UTF-8.
    ///
    /// # Errors
    /// [`InvalidText`] if it holds a control character or is over 496 octets.
    pub fn utf8(line: impl Into<String>) -> Result<Self, InvalidText> {
        let line = line.into();
        if line.len() > LINE || line.contains(char::is_control) {
            return Err(InvalidText);
        }
        Ok(Self::joined(Bytes::from(line)))
    }

    /// A text of several lines.
    ///
    /// # Errors
    /// [`InvalidText`] if one of them isn't a line of a reply.
    pub fn lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidText> {
        let mut text = BytesMut::new();
        for (index, line) in lines.into_iter().enumerate() {
            check(line)?;
            if index > 0 {
                text.extend_from_slice(b"\n");
            }
            text.extend_from_slice(line.as_bytes());
        }
        Ok(Self::joined(text.freeze()))
    }

    /// A text known to be sound when it is compiled.
    pub(crate) fn of(line: &'static str) -> Self {
        debug_assert!(check(line).is_ok());
        Self::joined(Bytes::from_static(line.as_bytes()))
    }

    /// Lines joined by LF: nothing else in them may be below 32 but HT.
    pub(crate) fn joined(octets: Bytes) -> Self {
        Self { octets, head: 0 }
    }

    /// The lines of a reply as they stand on the wire, the last CRLF left out.
    pub(super) fn received(lines: &[u8]) -> Self {
        Self {
            octets: Bytes::copy_from_slice(lines),
            head: "250-".len(),
        }
    }

    /// The text without the first octets of each line.
    pub(super) fn behind(self, octets: usize) -> Self {
        Self {
            head: self.head + octets,
            ..self
        }
    }

    /// Its lines, at least one, without their ends; a server's need not be UTF-8.
    pub fn as_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines_from(|_| 0).map(|(line, _)| line)
    }

    /// Its lines, and where the first blank of each is, or its end.
    pub(crate) fn as_lines_by_word(&self) -> impl Iterator<Item = (&[u8], usize)> {
        self.lines_from(first_blank)
    }

    /// Its lines, and before which octet of each `look` says that there is no end.
    #[inline]
    fn lines_from(&self, look: impl Fn(&[u8]) -> usize) -> impl Iterator<Item = (&[u8], usize)> {
        // Where a line has no text, the blank behind its code may be its CR, or there is none.
        let mut rest = Some(self.octets.get(self.head..).unwrap_or_default());
        core::iter::from_fn(move || {
            let line = rest?;
            let none = look(line);
            let end = match line.get(none) {
                None | Some(b'\r' | b'\n') => none,
                Some(_) => first_below::<0x20>(&line[none..], |octet| octet != b'\t')
                    .map_or(line.len(), |end| none + end),
            };
            let (line, behind) = line.split_at(end);
            // CRLF or LF: nothing else is below a blank.
            let newline = 1 + usize::from(behind.starts_with(b"\r"));
            rest =
                (!behind.is_empty()).then(|| behind.get(newline + self.head..).unwrap_or_default());
            Some((line, none))
        })
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.octets.len() <= self.head
    }
}

/// As much of a line as fits, its last character whole.
pub(super) fn cut(line: &[u8]) -> &[u8] {
    if line.len() <= LINE {
        return line;
    }
    let whole = |at: &usize| line[*at] & 0xC0 != 0x80;
    &line[..(0..=LINE).rev().find(whole).unwrap_or(LINE)]
}

fn check(line: &str) -> Result<(), InvalidText> {
    let sound = |octet: u8| octet == b'\t' || (b' '..=b'~').contains(&octet);
    if line.len() <= LINE && line.bytes().all(sound) {
        Ok(())
    } else {
        Err(InvalidText)
    }
}

impl TryFrom<&'static str> for Text {
    type Error = InvalidText;

    fn try_from(line: &'static str) -> Result<Self, InvalidText> {
        Self::new(line)
    }
}

/// The lines joined by a space; octets that aren't UTF-8 as U+FFFD.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.as_lines().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(&String::from_utf8_lossy(line))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.as_lines().collect();
        write!(f, "{:?}", Bytes::from(lines.join(&b'\n')))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_lines().eq(other.as_lines())
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_lines().for_each(|line| line.hash(state));
    }
}

impl fmt::Display for InvalidText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reply line holds at most 496 printable ASCII characters")
    }
}

impl core::error::Error for InvalidText {}
