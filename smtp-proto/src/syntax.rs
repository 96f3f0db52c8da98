//! What can be wrong with a command line, and where.

use core::fmt;

/// What is wrong with a command line, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Octets of the line before it.
    pub offset: usize,
}

/// What is wrong with the end of a line, and how much of it was left.
pub(crate) type Fault = (SyntaxErrorKind, usize);

impl SyntaxError {
    pub(crate) const fn new(kind: SyntaxErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }
}

/// What can be wrong with a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(usize)] // results that hold it or a command are copied by whole words
pub enum SyntaxErrorKind {
    /// No verb anyone knows, or no verb at all.
    UnknownVerb,
    /// A verb that exists, and not here.
    NotOffered,
    /// An argument is missing or malformed.
    Argument,
    /// An argument where there is none.
    UnexpectedArgument,
    /// NUL or another control octet.
    Control,
    /// An octet above 127 outside an address.
    NonAscii,
    /// An octet above 127 in an address, without SMTPUTF8.
    NonAsciiAddress,
    /// The reverse-path of MAIL is malformed or longer than 256 octets.
    ReversePath,
    /// The forward-path of RCPT is malformed or longer than 256 octets.
    ForwardPath,
    /// A parameter that is not known, or belongs to an extension that wasn't announced.
    UnknownParameter,
    /// A parameter that is known: its value is wrong, or it stands there twice, or contradicts
    /// another.
    ParameterValue,
    /// The initial response of AUTH isn't base64 (RFC 4954 §4).
    Base64,
    /// The octets of a chunk can't be told from the BDAT, so nobody knows where the next command
    /// begins.
    ChunkSize,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            SyntaxErrorKind::UnknownVerb => "unknown verb",
            SyntaxErrorKind::NotOffered => "verb not offered",
            SyntaxErrorKind::Argument => "argument missing or malformed",
            SyntaxErrorKind::UnexpectedArgument => "unexpected argument",
            SyntaxErrorKind::Control => "control octet",
            SyntaxErrorKind::NonAscii => "octet above 127",
            SyntaxErrorKind::NonAsciiAddress => "octet above 127 in an address",
            SyntaxErrorKind::ReversePath => "malformed reverse-path",
            SyntaxErrorKind::ForwardPath => "malformed forward-path",
            SyntaxErrorKind::UnknownParameter => "unknown parameter",
            SyntaxErrorKind::ParameterValue => "bad parameter value",
            SyntaxErrorKind::Base64 => "malformed base64",
            SyntaxErrorKind::ChunkSize => "malformed chunk size",
        };
        write!(f, "{what} at octet {}", self.offset)
    }
}

impl core::error::Error for SyntaxError {}
