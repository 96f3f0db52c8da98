//! The text of a reply: one or more lines that can't break out of their line.

use crate::grammar::first_below;
use alloc::borrow::Cow;
use alloc::string::String;
use bytes::{Bytes, BytesMut};
use core::fmt;

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
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Text(Bytes);

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
        Ok(Self(match line {
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
        Ok(Self(Bytes::from(line)))
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
        Ok(Self(text.freeze()))
    }

    /// A text known to be sound when it is compiled.
    pub(crate) fn of(line: &'static str) -> Self {
        debug_assert!(check(line).is_ok());
        Self(Bytes::from_static(line.as_bytes()))
    }

    /// Lines read from a server, joined by LF: nothing else may be below 32 but HT.
    pub(crate) fn received(lines: Bytes) -> Self {
        Self(lines)
    }

    /// Its lines, at least one, without their ends; a server's need not be UTF-8.
    pub fn as_lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = Some(&self.0[..]);
        core::iter::from_fn(move || {
            let text = rest?;
            let end = end_of_line(text);
            rest = end.map(|end| &text[end + 1..]);
            Some(&text[..end.unwrap_or(text.len())])
        })
    }

    /// Its lines, joined by LF.
    pub(crate) fn joined(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Where the first line ends, of lines joined by LF.
pub(crate) fn end_of_line(lines: &[u8]) -> Option<usize> {
    first_below::<0x20>(lines, |octet| octet == b'\n')
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
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Display for InvalidText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reply line holds at most 496 printable ASCII characters")
    }
}

impl core::error::Error for InvalidText {}
