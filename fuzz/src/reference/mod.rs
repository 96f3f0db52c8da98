//! What the crate is compared with.
//!
//! It shares nothing with the crate: one octet at a time, no look ahead, no search.

mod body;
mod replies;

pub(crate) use body::{Void, canonical, decode};
pub(crate) use replies::{Lines, Read, replies};
