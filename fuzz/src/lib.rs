//! Fuzz targets over `smtp-proto`, as functions.
//!
//! A target takes any octets and panics where the crate breaks one of its rules. The binaries in
//! `fuzz_targets/` hand them to libFuzzer; `tests/replay.rs` hands them the committed corpora, so
//! that `cargo test` on stable keeps them true. What a target expects is worked out here, octet
//! by octet and as plainly as the RFC says it, never by the code under test.

#![allow(clippy::missing_panics_doc)] // a panic is what a target has to say

mod body;
mod client;
mod command;
mod decide;
pub mod dialogue;
mod envelope;
mod link;
mod observe;
mod pair;
mod reference;
mod replies;
mod script;
mod serve;
mod server;
mod talk;

pub use body::body;
pub use client::client;
pub use command::command;
pub use dialogue::dialogue;
pub use pair::pair;
pub use replies::reply;
pub use server::server;

/// What takes octets and panics if they break a rule.
pub type Target = fn(&[u8]);

/// Every target, by the name of its corpus and of its binary.
pub const TARGETS: [(&str, Target); 7] = [
    ("command", command),
    ("reply", reply),
    ("body", body),
    ("server", server),
    ("client", client),
    ("pair", pair),
    ("dialogue", dialogue),
];
