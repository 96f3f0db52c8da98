//! The kinds of requests: what each asks, and what accepting it changes and says.

use super::body::Incoming;
use super::machine::{Ask, Machine};
use super::state::State;
use super::{Closed, Fault};
use crate::command::{Argument, Hello, Mail, Own, Rcpt};
use crate::envelope::Envelope;
use crate::extension::{Burl, Etrn, Extensions, Queue, XForward};
use crate::reply::{Refusal, Text};
use crate::verb::Verb;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A client connected; accepted with 220. A refusal is said in the words it has, and in the codes
/// there are for it: 554 (or 521), after which only QUIT is taken, or 421 for one that is not for
/// good, which closes (RFC 5321 §3.1, §3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connect;

/// DATA, or the first BDAT, with at least one recipient: accepted with 354, or by taking the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    pub(super) chunked: bool,
}

impl Data {
    /// Whether it comes by BDAT (RFC 3030).
    pub const fn is_chunked(&self) -> bool {
        self.chunked
    }
}

/// The whole message was seen and is sound. Accepting it (250) takes responsibility for it (RFC
/// 5321 §4.2.5): it must be on disk by then. Either answer ends the transaction. LMTP's recipients are told
/// apart by [`Accepted::each`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message;

/// A message was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    text: Option<Text>,
    /// What LMTP's recipients are told, in order.
    each: Option<Vec<Result<(), Refusal>>>,
}

impl Accepted {
    /// In words of your own, such as the name the message goes by here.
    pub fn with_text(text: Text) -> Self {
        Self {
            text: Some(text),
            each: None,
        }
    }

    /// For some recipients and not for others, in the order of the envelope: the answer of LMTP (RFC
    /// 2033 §4.2), and of SMTP where the client asked for it by [`Prdr`](crate::extension::Prdr). One
    /// that is missing is refused with 451 4.3.0. SMTP alone has one answer for all: an acceptance
    /// only if every one is, and else the first refusal.
    pub fn each(verdicts: impl IntoIterator<Item = Result<(), Refusal>>) -> Self {
        Self {
            text: None,
            each: Some(verdicts.into_iter().collect()),
        }
    }

    /// Whether there is a verdict on each recipient.
    pub(super) const fn is_each(&self) -> bool {
        self.each.is_some()
    }

    /// What the recipient of that index is told.
    pub(super) fn of_recipient(&self, index: usize) -> Result<Option<Text>, Refusal> {
        let verdict = self.each.as_ref().map_or(Ok(()), |each| {
            let missing = || Err(Fault::Unanswered.reply(None));
            each.get(index).cloned().unwrap_or_else(missing)
        });
        verdict.map(|()| self.text.clone())
    }

    /// What all of them are told at once: yes if every one is accepted, or with `told` apart, if one
    /// is.
    pub(super) fn of_all(&self, recipients: usize, told: bool) -> Result<Option<Text>, Refusal> {
        let verdicts = || (0..recipients).map(|index| self.of_recipient(index));
        match verdicts().find_map(Result::err) {
            Some(refusal) if !(told && verdicts().any(|verdict| verdict.is_ok())) => Err(refusal),
            _ => Ok(self.text.clone()),
        }
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

/// What can be asked: private, so that the kinds are those of this crate.
pub(super) trait Kind {
    const ASK: Ask;

    /// Carries out the acceptance and writes the reply, with `text` for the usual one.
    fn accept(self, machine: &mut Machine, text: Option<Text>);
}

impl Kind for Connect {
    const ASK: Ask = Ask::Connect;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        if machine.ahead && !machine.config.accept_early_talk {
            return machine.refuse(None, Fault::EarlyTalk);
        }
        let greeting = text.unwrap_or_else(|| machine.config.greeting.clone());
        let text = named(machine, &greeting, core::iter::empty());
        machine.state = State::greeted(true);
        machine.accept(220, None, text);
    }
}

impl Kind for Hello<'_> {
    const ASK: Ask = Ask::Hello;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.reset(self.verb());
        let extended = self.is_extended();
        let config = Arc::clone(&machine.config);
        let channel = machine.session.channel;
        machine.session.hello = Some(self.into_owned());
        machine.session.extensions = if extended {
            config.announced(channel)
        } else {
            Extensions::NONE
        };
        let keywords = config.keywords(channel).filter(|_| extended);
        let text = named(machine, &text.unwrap_or_default(), keywords);
        machine.accept(250, None, text);
    }
}

/// A text that the server's name opens, and that goes on with `lines`. Words that would make its
/// first line longer than 512 octets are left out.
fn named(machine: &Machine, text: &Text, lines: impl Iterator<Item = String>) -> Text {
    let mut named = machine.config.hostname.to_string();
    let words = text.to_string();
    if !words.is_empty() && "250 ".len() + named.len() + 1 + words.len() + 2 <= 512 {
        named.push(' ');
        named += &words;
    }
    for line in lines {
        named.push('\n');
        named += &line;
    }
    Text::joined(named.into())
}

impl Kind for Mail<'_> {
    const ASK: Ask = Ask::Mail;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        self.begin(machine);
        machine.accept(250, Some((2, 1, 0)), text_or(text, "sender ok"));
    }
}

impl Mail<'_> {
    /// Its transaction is open.
    pub(super) fn begin(self, machine: &mut Machine) {
        machine.session.transaction = Some(Envelope::from(self.into_owned()));
        machine.state = machine.state.after(Verb::Mail);
    }
}

impl Kind for Rcpt<'_> {
    const ASK: Ask = Ask::Rcpt;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        push_recipient(machine, self);
        machine.accept(250, Some((2, 1, 5)), text_or(text, "recipient ok"));
    }
}

pub(super) fn push_recipient(machine: &mut Machine, rcpt: Rcpt<'_>) {
    if let Some(transaction) = &mut machine.session.transaction {
        transaction.push(rcpt.into_owned());
        machine.state = machine.state.after(Verb::Rcpt);
    }
}

impl Kind for Data {
    const ASK: Ask = Ask::Data;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        if let Some(chunk) = machine.chunk.take() {
            return machine.accept_chunk(chunk);
        }
        let config = &machine.config;
        machine.body = Some(Incoming::dotted(config.bare_newline, config.limits.message));
        machine.state = machine.state.after(Verb::Data);
        machine.accept(354, None, text_or(text, "end data with <CRLF>.<CRLF>"));
    }
}

impl Kind for Message {
    const ASK: Ask = Ask::Message;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.conclude(&Ok(Accepted { text, each: None }));
    }
}

/// A part of a message that stands elsewhere: fetch it, and then say 250. The last part is a whole
/// message, as with [`Message`].
impl Kind for Burl<'_> {
    const ASK: Ask = Ask::Burl;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.chunk = None;
        if self.is_last() {
            machine.conclude(&Ok(Accepted { text, each: None }));
        } else {
            machine.state = machine.state.after(Verb::Burl);
            machine.accept(250, Some((2, 0, 0)), text_or(text, "part taken"));
        }
    }
}

impl Kind for Etrn<'_> {
    const ASK: Ask = Ask::Etrn;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.queue(Queue::Started, text);
    }
}

impl Kind for XForward<'_> {
    const ASK: Ask = Ask::XForward;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.accept(250, Some((2, 0, 0)), text_or(text, "ok"));
    }
}

impl Kind for Own<'_> {
    const ASK: Ask = Ask::Own;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.accept(250, Some((2, 0, 0)), text_or(text, "ok"));
    }
}

impl Machine {
    /// Says what becomes of a queue.
    pub(super) fn queue(&mut self, queue: Queue, text: Option<Text>) {
        let text = text.or_else(|| Text::new(queue.to_string()).ok());
        self.accept(queue.code(), Some((2, 0, 0)), text.unwrap_or_default());
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
    let text = text_or(text, "cannot verify, send mail and see");
    machine.accept(252, Some((2, 5, 0)), text);
}

fn help(machine: &mut Machine, text: Option<Text>) {
    machine.accept(214, Some((2, 0, 0)), text_or(text, "see RFC 5321"));
}

pub(super) fn text_or(text: Option<Text>, usual: &'static str) -> Text {
    text.unwrap_or_else(|| Text::of(usual))
}

impl Ask {
    /// Settles it for lack of an answer.
    pub(super) fn settle(self, machine: &mut Machine) {
        match self {
            Self::Verify | Self::Expand => cannot_verify(machine, None),
            Self::Help => help(machine, None),
            Self::Connect => machine.reject(self, Refusal::shutting_down()),
            Self::StartTls => machine.reject(self, Refusal::tls_not_available()),
            Self::Auth => machine.reject(self, Refusal::authentication_failed_for_now()),
            Self::Upgrade => machine.close(Closed::Fault(Fault::Handshake)),
            _ => machine.reject(self, Fault::Unanswered.reply(None)),
        }
    }
}
