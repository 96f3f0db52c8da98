//! From a whole command line to what comes of it: a refusal, an answer of the machine's own, or a
//! decision for someone else.

use super::machine::{Machine, Question};
use super::state::Step;
use super::{Closed, Fault};
use crate::command::{self, Command, Syntax};
use crate::reply::Text;
use crate::transcript::Entry;
use crate::verb::Verb;

impl Machine {
    /// Reads a line, its end cut off, and answers it where the answer is the machine's own;
    /// otherwise gives the command that someone has to decide on.
    pub(super) fn take_line<'c>(&mut self, line: &'c [u8]) -> Option<Command<'c>> {
        let offered_again = matches!(self.question, Question::Deferred(_));
        if !offered_again {
            self.transcript.tell(Entry::Client(line));
            self.count_command();
        }
        match self.read(line, offered_again) {
            Ok(command) => command,
            Err((verb, fault)) => {
                self.refuse(verb, fault);
                None
            }
        }
    }

    fn read<'c>(
        &mut self,
        line: &'c [u8],
        offered_again: bool,
    ) -> Result<Option<Command<'c>>, (Option<Verb>, Fault)> {
        let line = command::trim(line);
        // Whose reply it is decides on its enhanced code, so a control octet behind a verb doesn't
        // hide that.
        let (verb, argument) = command::split(line).map_err(|error| {
            let verb = Verb::split(line).map(|(verb, _)| verb);
            (verb, Fault::Syntax(error.kind))
        })?;
        let fail = |fault| (Some(verb), fault);
        if let Step::Refuse(fault) = self.state.on(verb) {
            return Err(fail(fault));
        }
        let syntax = Syntax::new(self.extensions());
        let command = Command::parse_argument(verb, line, argument, syntax)
            .map_err(|error| fail(Fault::Syntax(error.kind)))?;
        if !offered_again && is_junk(verb) && !self.discipline.allows_junk(&self.config.limits) {
            return Err(fail(Fault::TooManyJunkCommands));
        }
        self.check(&command).map_err(fail)?;
        Ok(self.carry_out(command))
    }

    /// The limits that a command can pass all by itself.
    fn check(&self, command: &Command<'_>) -> Result<(), Fault> {
        let limits = &self.config.limits;
        let fault = match (command, &self.session.transaction) {
            (Command::Mail(mail), _) if mail.size() > Some(limits.message.unwrap_or(u64::MAX)) => {
                Fault::MessageTooBig
            }
            (Command::Rcpt(_), Some(open)) if open.recipients().len() >= limits.recipients => {
                Fault::TooManyRecipients
            }
            _ => return Ok(()),
        };
        Err(fault)
    }

    /// Does what needs no decision.
    fn carry_out<'c>(&mut self, command: Command<'c>) -> Option<Command<'c>> {
        match command {
            Command::Rset => {
                self.reset(Verb::Rset);
                self.accept(250, Some((2, 0, 0)), Text::of("flushed"));
            }
            Command::Noop => self.accept(250, Some((2, 0, 0)), Text::of("ok")),
            Command::Quit => {
                self.accept(221, Some((2, 0, 0)), Text::of("goodbye"));
                self.close(Closed::Quit);
            }
            command => return Some(command),
        }
        None
    }
}

/// Commands that lead to no mail.
fn is_junk(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::Ehlo | Verb::Helo | Verb::Rset | Verb::Noop | Verb::Vrfy | Verb::Expn | Verb::Help
    )
}
