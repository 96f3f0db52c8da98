//! Enhanced status codes (RFC 3463, carried by RFC 2034).

use super::RegisteredStatus;
use core::fmt;

/// `status-code = class "." subject "." detail`, subject and detail of one to three digits without
/// leading zeros (RFC 3463 §2).
///
/// ```
/// use smtp_proto::reply::EnhancedStatusCode;
/// let code = EnhancedStatusCode::new(5, 7, 509).unwrap();
/// assert_eq!(code.to_string(), "5.7.509");
/// assert!(EnhancedStatusCode::new(3, 0, 0).is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedStatusCode {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedStatusCode {
    /// The code `class.subject.detail`, or `None` unless class is 2, 4 or 5 and the others are at
    /// most 999.
    pub const fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        if matches!(class, 2 | 4 | 5) && subject <= 999 && detail <= 999 {
            Some(Self {
                class,
                subject,
                detail,
            })
        } else {
            None
        }
    }

    /// As [`new`](Self::new), for `const` items: out of range it fails to compile.
    pub(crate) const fn of(class: u8, subject: u16, detail: u16) -> Self {
        match Self::new(class, subject, detail) {
            Some(code) => code,
            None => panic!("class 2, 4 or 5; subject and detail to 999"),
        }
    }

    /// The code that `line` begins with, and how many octets it takes with the space behind it.
    pub(super) fn leading(line: &[u8]) -> Option<(Self, usize)> {
        let end = line.iter().position(|octet| *octet == b' ');
        let end = end.unwrap_or(line.len());
        let mut parts = line[..end].split(|octet| *octet == b'.').map(number);
        let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
        if parts.next().is_some() {
            return None;
        }
        let code = Self::new(u8::try_from(class).ok()?, subject, detail)?;
        Some((code, end + 1))
    }

    /// 2 for success, 4 for a transient, 5 for a permanent failure.
    pub const fn class(self) -> u8 {
        self.class
    }

    /// What the trouble is about: an address, a mailbox, the mail system, … (RFC 3463 §3).
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// What exactly it is.
    pub const fn detail(self) -> u16 {
        self.detail
    }

    /// What IANA's registry (RFC 5248) has for this subject and detail, whatever the class;
    /// `None` where they aren't registered, as with many codes that servers send.
    pub const fn registered(self) -> Option<RegisteredStatus> {
        RegisteredStatus::of(self.subject, self.detail)
    }

    /// The registry's summary of the class (RFC 3463 §2).
    pub const fn class_summary(self) -> &'static str {
        match self.class {
            2 => "Success",
            4 => "Persistent Transient Failure",
            _ => "Permanent Failure",
        }
    }

    /// The registry's summary of the subject (RFC 3463 §2), `None` above 7.
    ///
    /// ```
    /// use smtp_proto::reply::EnhancedStatusCode;
    /// let code = EnhancedStatusCode::new(4, 7, 650).unwrap();
    /// assert_eq!(code.registered(), None);
    /// assert_eq!(code.class_summary(), "Persistent Transient Failure");
    /// assert_eq!(code.subject_summary(), Some("Security or Policy Status"));
    /// ```
    pub const fn subject_summary(self) -> Option<&'static str> {
        Some(match self.subject {
            0 => "Other or Undefined Status",
            1 => "Addressing Status",
            2 => "Mailbox Status",
            3 => "Mail System Status",
            4 => "Network and Routing Status",
            5 => "Mail Delivery Protocol Status",
            6 => "Message Content or Media Status",
            7 => "Security or Policy Status",
            _ => return None,
        })
    }
}

/// One to three digits without a leading zero.
fn number(digits: &[u8]) -> Option<u16> {
    match digits {
        [b'0', _, ..] | [] | [_, _, _, _, ..] => None,
        _ => digits.iter().try_fold(0, |sum, octet| {
            octet
                .is_ascii_digit()
                .then(|| sum * 10 + u16::from(octet - b'0'))
        }),
    }
}

impl fmt::Display for EnhancedStatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl fmt::Debug for EnhancedStatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnhancedStatusCode({self})")
    }
}
