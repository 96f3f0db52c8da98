//! Values made of whatever octets there are, through the public constructors.
//!
//! What a constructor refuses isn't said; what it takes is said, and read back as what it was made of.

mod address;
mod capability;
mod command;
mod mail;
mod moment;
mod rcpt;
mod text;

pub(crate) use address::Address;
pub(crate) use capability::CapabilityValue;
pub(crate) use command::CommandValue;
pub(crate) use mail::MailValue;
pub(crate) use moment::Moment;
pub(crate) use rcpt::RcptValue;
pub(crate) use text::Text;

/// No writing leaves its line, or holds what a peer could take for its end.
pub(crate) fn check_line(written: &str) {
    assert!(!written.contains(char::is_control), "{written:?}");
}
