//! The kinds of requests: what each asks, and what accepting it changes and says.

use super::Fault;
use super::body::Incoming;
use super::machine::{Ask, Machine};
use super::state::State;
use crate::command::{Argument, Hello, Mail, Rcpt};
use crate::envelope::Envelope;
use crate::extension::Extension;
use crate::reply::{Refusal, Text};
use crate::verb::Verb;
use alloc::format;
use alloc::string::{String, ToString};

/// A client connected; accepted with 220. A refusal is said in the words it has, and in the codes
/// there are for it: 554 (or 521), after which only QUIT is taken, or 421 for one that is not for
/// good, which closes (RFC 5321 §3.1, §3.8).
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
    pub(super) fn into_text(self) -> Option<Text> {
        self.text
    }

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

/// What can be asked: private, so that the kinds are those of this crate.
pub(super) trait Kind {
    const ASK: Ask;

    /// Carries out the acceptance and writes the reply, with `text` for the usual one.
    fn accept(self, machine: &mut Machine, text: Option<Text>);
}

impl Kind for Connect {
    const ASK: Ask = Ask::Connect;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        if machine.early_talk && !machine.config.accept_early_talk {
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
        machine.reset(if self.is_extended() {
            Verb::Ehlo
        } else {
            Verb::Helo
        });
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
    Text::received(named.into())
}

impl Kind for Mail<'_> {
    const ASK: Ask = Ask::Mail;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.session.transaction = Some(Envelope::from(self.into_owned()));
        machine.state = machine.state.after(Verb::Mail);
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

pub(super) fn push_recipient(machine: &mut Machine, rcpt: Rcpt<'_>) {
    if let Some(transaction) = &mut machine.session.transaction {
        transaction.push(rcpt.into_owned());
        machine.state = machine.state.after(Verb::Rcpt);
    }
}

impl Kind for Data {
    const ASK: Ask = Ask::Data;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        let config = &machine.config;
        machine.body = Some(Incoming::new(config.bare_newline, config.limits.message));
        machine.state = machine.state.after(Verb::Data);
        let text = text.unwrap_or_else(|| Text::of("end data with <CRLF>.<CRLF>"));
        machine.accept(354, None, text);
    }
}

impl Kind for Message {
    const ASK: Ask = Ask::Message;

    fn accept(self, machine: &mut Machine, text: Option<Text>) {
        machine.end_transaction();
        machine.session.messages += 1;
        machine.discipline.forgive();
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

impl Ask {
    /// Settles it for lack of an answer.
    pub(super) fn settle(self, machine: &mut Machine) {
        match self {
            Self::Verify | Self::Expand => cannot_verify(machine, None),
            Self::Help => help(machine, None),
            Self::Connect => machine.reject(self, Refusal::shutting_down()),
            _ => machine.reject(self, Fault::Unanswered.reply()),
        }
    }
}
