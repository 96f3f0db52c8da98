//! What the client asks and you decide.
//!
//! A [`Request`] is consumed by its answer. It has no destructor, so that `match conn.poll()` ends
//! its borrow with the arm it is in; one that nobody answered is settled by the next `poll`.

use super::Session;
use super::kind::{Accepted, Expand, Kind, Message, ShowHelp, Verify, push_recipient};
use super::machine::{Machine, Question};
use crate::address::ForwardPath;
use crate::command::{Mail, Rcpt};
use crate::envelope::Envelope;
use crate::extension::{Etrn, MtPriority, Queue};
use crate::reply::{Refusal, Text};
use alloc::format;
use core::fmt;

/// A decision that is yours.
///
/// Without an answer it is refused at the next `poll`: 451 4.3.0, but 421 for
/// [`Connect`](super::Connect), and the stock answer for [`Verify`], [`Expand`] and [`ShowHelp`].
/// It is `Send` and may be held across an `.await`.
///
/// While it is held the connection can't be used, so its session is read through it:
///
/// ```compile_fail,E0502
/// # use smtp_proto::server::{Connection, Event};
/// # fn f(conn: &mut Connection) {
/// if let Event::Rcpt(request) = conn.poll() {
///     let session = conn.session();
///     request.accept();
/// }
/// # }
/// ```
///
/// It is answered once:
///
/// ```compile_fail,E0382
/// # use smtp_proto::{server::{Connection, Event}, Refusal};
/// # fn f(conn: &mut Connection) {
/// if let Event::Rcpt(request) = conn.poll() {
///     request.accept();
///     request.reject(Refusal::no_such_mailbox());
/// }
/// # }
/// ```
///
/// and never with a yes that was meant as a no:
///
/// ```compile_fail,E0308
/// # use smtp_proto::{server::{Connection, Event}, Reply};
/// # fn f(conn: &mut Connection, any: Reply) {
/// if let Event::Rcpt(request) = conn.poll() {
///     request.reject(any);
/// }
/// # }
/// ```
///
/// Without `Drop`, the connection is free again in the next arm:
///
/// ```
/// # use smtp_proto::server::{Connection, Event};
/// # fn f(conn: &mut Connection) {
/// match conn.poll() {
///     Event::NeedInput => { conn.receive(b"QUIT\r\n"); }
///     Event::Rcpt(request) => request.accept(),
///     _ => {}
/// }
/// # }
/// ```
#[must_use = "an unanswered request is refused (451) at the next poll"]
pub struct Request<'c, K> {
    pub(super) value: K,
    pub(super) machine: &'c mut Machine,
}

impl<K> Request<'_, K> {
    /// What is asked.
    pub const fn value(&self) -> &K {
        &self.value
    }

    /// What is known of the client so far.
    pub fn session(&self) -> &Session {
        &self.machine.session
    }
}

#[allow(private_bounds)] // sealed: see `Kind`
impl<K: Kind> Request<'_, K> {
    /// Says yes, in the usual words.
    pub fn accept(self) {
        self.settle(None);
    }

    /// Says yes in other words. In the replies to EHLO, HELO and the greeting they stand behind
    /// the server's name.
    pub fn accept_with_text(self, text: Text) {
        self.settle(Some(text));
    }

    /// Says no. A 421 or 521 closes the connection as well.
    pub fn reject(self, refusal: Refusal) {
        self.machine.question = Question::Settled;
        self.machine.reject(K::ASK, refusal);
        self.machine.note_wait();
    }

    /// Says yes or no.
    pub fn answer(self, verdict: Result<(), Refusal>) {
        match verdict {
            Ok(()) => self.accept(),
            Err(refusal) => self.reject(refusal),
        }
    }

    /// Leaves it open: the next `poll` offers it again, unless the connection has come to its end
    /// by then. In the meantime input is held, up to [`Limits::input`](crate::Limits), and
    /// [`Wait::Decision`](crate::Wait) is running.
    pub fn defer(self) {
        self.machine.question = Question::Deferred(K::ASK);
        self.machine.note_wait();
    }

    fn settle(self, text: Option<Text>) {
        self.machine.question = Question::Settled;
        self.value.accept(self.machine, text);
        self.machine.note_wait();
    }
}

impl Request<'_, Mail<'_>> {
    /// Says 250 2.3.6: the message goes, at another priority than was asked for (RFC 6710 §4.1).
    pub fn accept_at_priority(self, priority: MtPriority) {
        let text = Text::new(format!("{} is the priority assigned", priority.value()));
        self.machine.question = Question::Settled;
        self.value.begin(self.machine);
        self.machine
            .accept(250, Some((2, 3, 6)), text.unwrap_or_default());
    }
}

impl Request<'_, Mail<'_>> {
    /// Says 355: the transaction of that id was begun before, and broke off (RFC 1845 §4). It goes on
    /// with the recipients of `envelope`; the message the client sends begins behind the `offset`
    /// octets of it that you have.
    pub fn accept_again(self, envelope: Envelope, offset: u64) {
        let text = Text::new(format!("{offset} is the transaction offset"));
        self.machine.question = Question::Settled;
        self.value.begin(self.machine);
        for recipient in envelope.into_recipients() {
            push_recipient(self.machine, recipient);
        }
        self.machine.accept(355, None, text.unwrap_or_default());
    }
}

impl Request<'_, Rcpt<'_>> {
    /// Says 251: not a user here, and the message will be forwarded to `path` (§3.4).
    pub fn accept_forwarded(self, path: &ForwardPath<'_>) {
        let text = Text::utf8(format!("user not local; will forward to {path}"));
        self.machine.question = Question::Settled;
        push_recipient(self.machine, self.value);
        self.machine
            .accept(251, Some((2, 1, 5)), text.unwrap_or_default());
    }
}

impl Request<'_, Etrn<'_>> {
    /// Says what becomes of the queue: 250 to 253 (RFC 1985 §5.1).
    pub fn accept_queue(self, queue: Queue) {
        self.machine.question = Question::Settled;
        self.machine.queue(queue, None);
    }
}

impl Request<'_, Message> {
    /// Says yes, in the words there are, or no. In LMTP it says so for each recipient.
    pub fn conclude(self, verdict: Result<Accepted, Refusal>) {
        match verdict {
            Ok(accepted) => {
                self.machine.question = Question::Settled;
                self.machine.conclude(&Ok(accepted));
            }
            Err(refusal) => self.reject(refusal),
        }
    }
}

impl Request<'_, Verify<'_>> {
    /// Says 250: there is that mailbox (§3.5.2: `User Name <local-part@domain>`).
    pub fn accept_verified(self, text: Text) {
        self.machine.question = Question::Settled;
        self.machine.accept(250, Some((2, 1, 5)), text);
    }

    /// Says 250 where there is a text, 252 where there is none, or no.
    pub fn answer_with(self, verdict: Result<Option<Text>, Refusal>) {
        match verdict {
            Ok(Some(text)) => self.accept_verified(text),
            Ok(None) => self.accept(),
            Err(refusal) => self.reject(refusal),
        }
    }
}

impl Request<'_, Expand<'_>> {
    /// Says 250: these are on it, one a line (§3.5.2).
    pub fn accept_expanded(self, text: Text) {
        self.machine.question = Question::Settled;
        self.machine.accept(250, Some((2, 1, 5)), text);
    }

    /// Says 250 where there is a text, 252 where there is none, or no.
    pub fn answer_with(self, verdict: Result<Option<Text>, Refusal>) {
        match verdict {
            Ok(Some(text)) => self.accept_expanded(text),
            Ok(None) => self.accept(),
            Err(refusal) => self.reject(refusal),
        }
    }
}

impl Request<'_, ShowHelp<'_>> {
    /// Says 214 with the text there is, or the stock one, or no.
    pub fn answer_with(self, verdict: Result<Option<Text>, Refusal>) {
        match verdict {
            Ok(text) => self.settle(text),
            Err(refusal) => self.reject(refusal),
        }
    }
}

/// What is asked; the connection behind it is nobody's business.
impl<K: fmt::Debug> fmt::Debug for Request<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Request").field(&self.value).finish()
    }
}

/// As the value is written.
impl<K: fmt::Display> fmt::Display for Request<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
