//! Service extensions (RFC 5321 §2.2): one row of one table each, and a file for its values.
//!
//! The table in `table.rs` is the only list: the EHLO reply, the reading of one, which verbs and
//! parameters a session takes, how long its lines may be and the overview below all come out of
//! it. A new extension is a row there and a file here, named after its keyword.
//!
//! | a type here | stands | is found by |
//! |---|---|---|
//! | a [`Parameter`] | behind a path in MAIL or RCPT | [`Mail::get`](crate::Mail::get), [`Rcpt::get`](crate::Rcpt::get) |
//! | a [`Capability`] | behind a keyword in the EHLO reply | [`Capabilities::get`](crate::Capabilities::get) |
//!
//! A server says in its [`Offers`] what it announces; an extension of your own is an
//! [`OwnExtension`] among them.
//!
#![doc = include_str!("support.md")]

mod auth;
mod base64;
mod body;
mod burl;
mod checkpoint;
mod chunking;
mod content;
mod deliver_by;
mod dsn;
mod future_release;
mod limits;
mod list;
mod mt_priority;
mod mtrk;
mod no_soliciting;
mod offers;
mod orcpt;
mod own;
mod owner;
mod parameter;
mod prdr;
mod require_tls;
mod rrvs;
mod set;
mod size;
mod smtputf8;
mod submitter;
mod table;
mod turn;
mod xclient;

pub use auth::{Auth, InvalidMechanism, Mechanism, Mechanisms, Submitted};
pub use body::BodyType;
pub use burl::{Burl, BurlSources};
pub use checkpoint::TransId;
pub use chunking::Bdat;
pub use content::{Conneg, Conperm};
pub use deliver_by::{By, ByMode, DeliverBy};
pub use dsn::{EnvId, InvalidDsn, Notify, Ret};
pub use future_release::{FutureRelease, Hold};
pub use limits::ServerLimits;
pub use list::RawParameter;
pub use mt_priority::{MtPriority, PriorityProfile};
pub use mtrk::Mtrk;
pub use no_soliciting::{NoSoliciting, Solicit};
pub use offers::{Capability, Offer, Offers, Syntax};
pub use orcpt::OriginalRecipient;
pub use own::{InvalidExtension, OwnExtension};
pub use parameter::{MailParameter, Parameter, RcptParameter};
pub use prdr::Prdr;
pub use require_tls::RequireTls;
pub use rrvs::{NoSupportAction, Rrvs};
pub use set::Extensions;
pub use size::{Size, SizeLimit};
pub use smtputf8::SmtpUtf8;
pub use submitter::Submitter;
pub use table::Extension;
pub use turn::{Atrn, Etrn, Node, Queue};
pub use xclient::{Attribute, XClient, XClientAttributes, XForward, XForwardAttributes};

pub use crate::date_time::{DateTime, InvalidDateTime};

pub(crate) use base64::{decode as decode_base64, encode as encode_base64};
pub(crate) use list::Parameters;
pub(crate) use parameter::Carrier;
pub(crate) use table::Row;
