//! What the crate is compared with.
//!
//! It shares nothing with the crate: one octet at a time, no look ahead, no search.

mod bdat;
mod body;
mod chunks;
mod replies;

pub(crate) use bdat::chunk;
pub(crate) use body::{Framing, Sent, Void, decode, sent};
pub(crate) use chunks::{Heard, Reader, Rules};
pub(crate) use replies::{Lines, Read, replies};
