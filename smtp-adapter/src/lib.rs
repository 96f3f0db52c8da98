//! What adapters have in common that put the machines of [`smtp_proto`] on sockets, whichever those are.
//!
//! There is no input and no output here, no clock and no rule of SMTP. `smtp-tokio` and `smtp-blocking`
//! are built on it, and so can a third one be:
//!
//! * [`Machine`] is what a loop that moves octets needs of either machine;
//! * [`Peer`] is who a server's client is, and [`ProxyHeader`] how a proxy in front of it says so;
//! * [`Incoming`] is the message a client sends, octets by octets and up to its answer;
//! * [`Outgoing`] is the messages that a client of ours sends, and [`Content`] where their octets come from;
//! * [`ServerTls`] and [`ClientTls`] are what each side proves itself with and asks of the other, and
//!   [`channel`] is what AUTH may know of the peer by it;
//! * [`Error`] is what can go wrong for a client, with what is known of the message then.
//!
//! The mechanisms of AUTH are in [`smtp_sasl`].

mod channel;
mod error;
mod incoming;
mod machine;
mod outgoing;
mod peer;
mod proxy;
mod tls;

pub use channel::channel;
pub use error::{Error, ErrorKind};
pub use incoming::{Incoming, Next};
pub use machine::Machine;
pub use outgoing::{Content, Outgoing, Step};
pub use peer::Peer;
pub use proxy::{InvalidProxyHeader, ProxyHeader};
pub use tls::{ClientTls, ServerTls};

pub use bytes;
pub use rustls;
pub use smtp_proto;
pub use smtp_sasl;
