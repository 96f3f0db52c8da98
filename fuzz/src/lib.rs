//! Fuzz targets over `smtp-proto` and `smtp-sasl`, as functions.
//!
//! A target takes any octets and panics where the crate breaks one of its rules. The binaries in
//! `fuzz_targets/` hand them to libFuzzer; `tests/replay.rs` hands them the committed corpora, so
//! that `cargo test` on stable keeps them true. What a target expects is worked out here, octet
//! by octet and as plainly as the RFC says it, never by the code under test.

#![allow(clippy::missing_panics_doc)] // a panic is what a target has to say

mod body;
mod capabilities;
mod chunks;
mod client;
mod command;
mod decide;
pub mod dialogue;
mod envelope;
mod errands;
mod extensions;
mod link;
mod observe;
mod offers;
mod pair;
mod reference;
mod replies;
mod said;
mod sasl;
mod script;
mod segments;
mod serve;
mod server;
mod settings;
mod talk;
mod values;

pub use body::body;
pub use capabilities::capabilities;
pub use chunks::chunks;
pub use client::client;
pub use command::command;
pub use dialogue::dialogue;
pub use extensions::extensions;
pub use pair::pair;
pub use replies::reply;
pub use sasl::sasl;
pub use server::server;

/// What takes octets and panics if they break a rule.
pub type Target = fn(&[u8]);

/// Every target, by the name of its corpus and of its binary.
pub const TARGETS: [(&str, Target); 11] = [
    ("command", command),
    ("extensions", extensions),
    ("capabilities", capabilities),
    ("reply", reply),
    ("body", body),
    ("chunks", chunks),
    ("server", server),
    ("client", client),
    ("pair", pair),
    ("dialogue", dialogue),
    ("sasl", sasl),
];
