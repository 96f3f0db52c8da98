//! Bytes that are made to be read in two ways: SMTP smuggling, in both roles, and injection around
//! STARTTLS.
//!
//! What is judged is what a handler was given: which senders and recipients it was asked for, how many
//! messages came and of which octets. No test here looks at a reply to tell whether an attack failed.

#[path = "../common/mod.rs"]
mod common;

mod chunks;
mod commands;
mod cuts;
mod data;
mod downgrade;
mod false_ends;
mod judge;
mod receivers;
mod relay;
mod replies;
mod starttls;
