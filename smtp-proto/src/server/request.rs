//! What the client asks and you decide.
//!
//! A [`Request`] is consumed by its answer. It has no destructor, so that `match conn.poll()` ends
//! its borrow with the arm it is in; one that nobody answered is settled by the next `poll`.

use super::body::Incoming;
use super::machine::{Machine, Question};
use super::state::State;
use super::{Fault, Session};
use crate::address::ForwardPath;
use crate::command::{Argument, Hello, Mail, Rcpt};
use crate::envelope::Envelope;
use crate::extension::Extension;
use crate::reply::{Refusal, Text};
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

/// A decision that is yours.
///
/// Without an answer it is refused at the next `poll`: 451 4.3.0, but 421 for [`Connect`], and the
/// stock answer for [`Verify`], [`Expand`] and [`ShowHelp`]. It is `Send` and may be held across
/// an `.await`.
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
#[derive(Debug)]
pub struct Request<'c, K> {
    pub(super) value: K,
    pub(super) machine: &'c mut Machine,
}

/// A client connected; accepted with 220, refused with 554.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connect;

/// DATA, with at least one recipient: accepted with 354.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Data;

/// The whole message was seen and is sound. Accepting it (250) takes responsibility for it (RFC
/// 5321 §4.2.5): it must be on disk by then. Either answer ends the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message;

/// A message was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    text: Option<Text>,
}

impl Accepted {
    /// In words of your own, such as the name the message goes by here.
    pub fn with_text(text: Text) -> Self {
        Self { text: Some(text) }
    }
}

/// In the usual words.
impl From<()> for Accepted {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// VRFY: is there such a mailbox? The stock answer, also that of `accept`, is 252 (§7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verify<'c>(pub(super) Argument<'c>);

/// EXPN: who is on that list? The stock answer, also that of `accept`, is 252 (§7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expand<'c>(pub(super) Argument<'c>);

/// HELP. The stock answer, also that of `accept`, is 214.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowHelp<'c>(pub(super) Option<Argument<'c>>);

impl Verify<'_> {
    /// Who is asked for, as written.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }
}

impl Expand<'_> {
    /// What is asked for, as written.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }
}

impl ShowHelp<'_> {
    /// What help is wanted on.
    pub fn text(&self) -> Option<&str> {
        self.0.as_ref().map(Argument::as_str)
    }
}

/// Which decision is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Connect,
    Hello,
    Mail,
    Rcpt,
    Data,
    Message,
    Verify,
    Expand,
    Help,
}

impl Ask {
    /// Settles it for lack of an answer.
    pub(super) fn settle(self, machine: &mut Machine) {
        match self {
            Self::Verify | Self::Expand => cannot_verify(machine, None),
            Self::Help => help(machine, None),
            Self::Connect => machine.reject(self, &Refusal::shutting_down()),
            _ => machine.reject(self, &Fault::Unanswered.reply()),
        }
    }
}

/// What can be asked. Private, so the kinds are the ones above.
pub(super) trait Kind {
    const ASK: Ask;

    /// Carries out the acceptance and writes the reply, with `text` for the usual one.
    fn accept(self, machine: &mut Machine, text: Option<Text>);
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

    /// Says no. A 421 closes the connection as well.
    #[allow(clippy::needless_pass_by_value)] // a refusal is made for one answer
    pub fn reject(self, refusal: Refusal) {
        self.machine.question = Question::Settled;
        self.machine.reject(K::ASK, &refusal);
    }

    /// Says yes or no.
    pub fn answer(self, verdict: Result<(), Refusal>) {
        match verdict {
            Ok(()) => self.accept(),
            Err(refusal) => self.reject(refusal),
        }
    }

    /// Leaves it open: the next `poll` offers it again. In the meantime input is held, up to
    /// [`Limits::input`](crate::Limits), and [`Wait::Decision`](crate::Wait) is running.
    pub fn defer(self) {
        self.machine.question = Question::Deferred(K::ASK);
        self.machine.note_wait();
    }

    fn settle(self, text: Option<Text>) {
        self.machine.question = Question::Settled;
        self.value.accept(self.machine, text);
    }
}

impl Request<'_, Rcpt<'_>> {
    /// Says 251: not a user here, and the message will be forwarded to `path` (§3.4).
    pub fn accept_forwarded(self, path: &ForwardPath<'_>) {
        let text = Text::new(format!("user not local; will forward to {path}"));
        self.machine.question = Question::Settled;
        push_recipient(self.machine, self.value);
        self.machine
            .accept(251, Some((2, 1, 5)), text.unwrap_or_default());
    }
}

impl Request<'_, Message> {
    /// Says yes, in the words there are, or no.
    pub fn conclude(self, verdict: Result<Accepted, Refusal>) {
        match verdict {
            Ok(accepted) => self.settle(accepted.text),
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

impl Kind for Connect {
    const ASK: Ask = Ask::Connect;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        if machine.early_talk && !machine.config.accept_early_talk {
            return machine.refuse(None, Fault::EarlyTalk);
        }
        let greeting = text.unwrap_or_else(|| machine.config.greeting.clone());
        let text = named(machine, &greeting, core::iter::empty());
        machine.state = State::Greeted;
        machine.accept(220, None, text);
    }
}

impl Kind for Hello<'_> {
    const ASK: Ask = Ask::Hello;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.reset();
        machine.state = State::Idle;
        machine.session.hello = Some(self.into_owned());
        let limit = machine.config.limits.message.unwrap_or(0);
        let keywords = machine.extensions().rows().map(|row| match row.extension {
            Extension::Size => format!("{} {limit}", row.keyword),
            _ => row.keyword.to_string(),
        });
        let text = named(machine, &text.unwrap_or_default(), keywords);
        machine.accept(250, None, text);
    }
}

/// A text that the server's name opens, and that goes on with `lines`.
fn named(machine: &Machine, text: &Text, lines: impl Iterator<Item = String>) -> Text {
    let mut named = machine.config.hostname.to_string();
    if !text.is_empty() {
        named.push(' ');
        named += &text.to_string();
    }
    for line in lines {
        named.push('\n');
        named += &line;
    }
    Text::received(named.into())
}

impl Kind for Mail<'_> {
    const ASK: Ask = Ask::Mail;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.session.transaction = Some(Envelope::from(self.into_owned()));
        machine.state = State::Mail;
        let text = text.unwrap_or_else(|| Text::of("sender ok"));
        machine.accept(250, Some((2, 1, 0)), text);
    }
}

impl Kind for Rcpt<'_> {
    const ASK: Ask = Ask::Rcpt;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        push_recipient(machine, self);
        let text = text.unwrap_or_else(|| Text::of("recipient ok"));
        machine.accept(250, Some((2, 1, 5)), text);
    }
}

fn push_recipient(machine: &mut Machine, rcpt: Rcpt<'_>) {
    if let Some(transaction) = &mut machine.session.transaction {
        transaction.push(rcpt.into_owned());
        machine.state = State::Rcpt;
    }
}

impl Kind for Data {
    const ASK: Ask = Ask::Data;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        let config = &machine.config;
        machine.body = Some(Incoming::new(config.bare_newline, config.limits.message));
        machine.state = State::Data;
        let text = text.unwrap_or_else(|| Text::of("end data with <CRLF>.<CRLF>"));
        machine.accept(354, None, text);
    }
}

impl Kind for Message {
    const ASK: Ask = Ask::Message;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.end_transaction();
        machine.forgive();
        let text = text.unwrap_or_else(|| Text::of("message accepted"));
        machine.accept(250, Some((2, 0, 0)), text);
    }
}

impl Kind for Verify<'_> {
    const ASK: Ask = Ask::Verify;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        cannot_verify(machine, text);
    }
}

impl Kind for Expand<'_> {
    const ASK: Ask = Ask::Expand;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        cannot_verify(machine, text);
    }
}

impl Kind for ShowHelp<'_> {
    const ASK: Ask = Ask::Help;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        help(machine, text);
    }
}

fn cannot_verify(machine: &mut Machine, text: Option<Text>) {
    let text = text.unwrap_or_else(|| Text::of("cannot verify, send mail and see"));
    machine.accept(252, Some((2, 5, 0)), text);
}

fn help(machine: &mut Machine, text: Option<Text>) {
    let text = text.unwrap_or_else(|| Text::of("see RFC 5321"));
    machine.accept(214, Some((2, 0, 0)), text);
}

/// As the value is written.
impl<K: fmt::Display> fmt::Display for Request<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
