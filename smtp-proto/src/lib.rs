//! SMTP (RFC 5321) as two state machines, server and client, that do no I/O.
//!
//! A [`server::Connection`] or a [`client::Connection`] takes octets that came from a peer and
//! gives events: read more, write this out, decide that. What moves the octets, tokio, threads, an
//! event loop or a test, is up to you. There is no clock in here either: a wait comes out as a
//! kind and a duration ([`Timeout`]).
//!
//! It is not a mail server: where mail goes, who may send it and where it is kept is for the
//! program around it. It doesn't read messages (RFC 5322), look up names or speak TLS.
//!
//! # The way of a byte
//!
//! ```text
//! socket → receive_buf → wire (frame) → command (parse one whole frame) → server::state (may I?)
//!        → Request (your policy) → server::state (commit) → reply → transmit → socket
//! ```
//!
//! and the mirror image in the client. Each layer uses only those above it:
//!
//! ```text
//! grammar/      byte classes and small parsers        address/    domain, mailbox, paths
//! limits.rs     sizes and counts                      reply/      code, enhanced code, text
//! timeout.rs    waits as data                         verb.rs     the verbs
//! syntax.rs     what can be wrong with a line         secret.rs   octets that don't print
//! calendar.rs   days, months, leap years              date_time.rs RFC 3339's date-time
//! extension/    THE table of extensions, and each one's values
//! command/      EHLO, MAIL, RCPT and the rest         envelope.rs what MAIL and RCPT said
//! capability.rs what an EHLO reply says               trace.rs    Received and Return-Path lines
//! transcript.rs what is said, for people to read
//! wire/         lines, bodies, replies: where they begin and end
//! server/       the server's machine                  client/     the client's machine
//! ```
//!
//! # The run loop
//!
//! This is a whole server, less its sockets and its clock:
//!
//! ```
//! use smtp_proto::server::{Connection, Event};
//! use smtp_proto::{Refusal, bytes::Buf};
//!
//! /// `read` and `write` stand for the socket; `deliver` gets each message.
//! fn serve(
//!     mut conn: Connection,
//!     mut read: impl FnMut(&mut [u8]) -> usize,
//!     mut write: impl FnMut(&[u8]),
//!     mut deliver: impl FnMut(Vec<u8>),
//! ) {
//!     let (mut input, mut message) = ([0; 4096], Vec::new());
//!     loop {
//!         match conn.poll() {
//!             Event::NeedInput => match read(&mut input) {
//!                 0 => conn.receive_eof(),
//!                 // What was there before is used up but for a line, so all of it fits.
//!                 octets => _ = conn.receive(&input[..octets]),
//!             },
//!             Event::Flush => {
//!                 write(conn.transmit().chunk());
//!                 let written = conn.transmit().chunk().len();
//!                 conn.transmit().advance(written);
//!             }
//!             Event::Rcpt(rcpt) if rcpt.value().to().is_local_to("example.org") => rcpt.accept(),
//!             Event::Rcpt(rcpt) => rcpt.reject(Refusal::relay_denied()),
//!             Event::Body(chunk) => message.extend_from_slice(&chunk),
//!             Event::Aborted(_) => message.clear(),
//!             Event::Message(request) => {
//!                 deliver(std::mem::take(&mut message));
//!                 request.accept();
//!             }
//!             Event::Closed(_) => return,
//!             other => other.answer_by_default(),
//!         }
//!     }
//! }
//!
//! # use smtp_proto::{server::Config, address::Domain};
//! # let config = Config::new(Domain::try_from("mx.example.org").unwrap());
//! # let mut input = vec![b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n".to_vec(),
//! #     b"hi\r\n.\r\nQUIT\r\n".to_vec()].into_iter();
//! # let (mut output, mut delivered) = (Vec::new(), Vec::new());
//! # let read = |buffer: &mut [u8]| { let next: Vec<u8> = input.next().unwrap_or_default();
//! #     buffer[..next.len()].copy_from_slice(&next); next.len() };
//! # serve(Connection::new(config.into()), read,
//! #     |out| output.extend_from_slice(out), |message| delivered.push(message));
//! # assert_eq!(delivered, [b"hi\r\n"]);
//! # assert!(String::from_utf8(output).unwrap().ends_with("221 2.0.0 goodbye\r\n"));
//! ```
//!
//! Where to look next: [`server`] and [`client`] for the machines, [`command`] and [`reply`] for
//! what they speak, [`address`] for mailboxes. The crates `smtp-tokio` and `smtp-blocking` put all
//! of it on sockets.
//!
//! # Features
//!
//! `idna` (off) adds `Domain::to_a_labels` and `Domain::is_same_as`, for servers with names that
//! aren't ASCII. It brings Unicode's tables, some thirty crates.
//!
//! `std` (default) lets `memchr` choose its instructions at run time and adds
//! `From<std::io::Error> for Refusal`. It changes no behaviour. Without it the crate is `no_std`
//! and needs `alloc`.

#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod address;
mod calendar;
mod capability;
pub mod client;
pub mod command;
mod date_time;
mod envelope;
pub mod extension;
mod grammar;
mod limits;
pub mod reply;
mod secret;
pub mod server;
mod syntax;
mod timeout;
pub mod trace;
mod transcript;
mod verb;
mod wire;

pub use bytes;
pub use capability::Capabilities;
pub use command::{Command, Hello, Mail, Rcpt, SyntaxError};
pub use envelope::Envelope;
pub use extension::{BodyType, Extension, Extensions, Offers, Syntax};
pub use limits::{Limits, ReplyLimits};
pub use reply::{Refusal, Reply};
pub use secret::Secret;
pub use timeout::{Timeout, Wait};
pub use transcript::Entry;
pub use verb::Verb;
pub use wire::{ContentFault, Newlines, ReplyFault, ReplyReader, Transmit};
