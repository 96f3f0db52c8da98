//! From a whole command line to what comes of it: a refusal, an answer of the machine's own, or a
//! decision for someone else.

use super::machine::{Exchange, Machine, Question};
use super::message::Begin;
use super::refusals::About;
use super::state::{State, Step};
use super::{Closed, Dialect, Fault, Hasty};
use crate::command::{self, Command, SyntaxError, SyntaxErrorKind};
use crate::extension::{Bdat, Extension};
use crate::reply::Text;
use crate::transcript::Entry;
use crate::verb::{Verb, opens_bdat};

/// Why a command is refused by the machine itself.
struct Refused<'c> {
    verb: Option<Verb>,
    fault: Fault,
    about: Option<About<'c>>,
}

impl Machine {
    /// Reads a line, its end cut off, and answers it where the answer is the machine's own;
    /// otherwise gives the command that someone has to decide on.
    pub(super) fn take_line<'c>(&mut self, line: &'c [u8]) -> Option<Command<'c>> {
        let offered_again = matches!(self.question, Question::Deferred(_));
        if !offered_again {
            self.transcript.tell(Entry::client(line));
            self.count_command();
        }
        self.utf8 = self.session.is_smtputf8();
        match self.read(line, offered_again) {
            Ok(command) => command,
            Err(Refused { verb, fault, about }) => {
                self.refuse_about(verb, fault, about, 1);
                None
            }
        }
    }

    fn read<'c>(
        &mut self,
        line: &'c [u8],
        offered_again: bool,
    ) -> Result<Option<Command<'c>>, Refused<'c>> {
        let line = command::trim(line);
        let read = command::Line::read(line, self.syntax()).map_err(|error| Refused {
            // Whose reply it is decides on its enhanced code, so a control octet behind a verb
            // doesn't hide that.
            verb: Verb::split(line).map(|(verb, _)| verb),
            fault: Fault::Syntax(match error.kind {
                _ if opens_bdat(line) && self.is_chunking() => SyntaxErrorKind::ChunkSize,
                kind => kind,
            }),
            about: None,
        })?;
        let verb = read.verb;
        let fail = |fault| Refused {
            verb: Some(verb),
            fault,
            about: None,
        };
        let parse = |machine: &Self| {
            Command::of(read, machine.syntax()).map_err(|error| Refused {
                about: about(line, error),
                ..fail(Fault::Syntax(error.kind))
            })
        };
        if self.ahead && self.config.hasty_clients == Hasty::Close && !self.may_go_on(verb) {
            return Err(fail(Fault::Hasty));
        }
        let may_come = self.may_come(verb);
        if verb == Verb::Bdat && may_come != Err(Fault::NotOffered) {
            // Whatever becomes of it, its octets are behind it.
            let command = parse(self)?;
            let may_come = may_come.and_then(|()| self.allow(&command, offered_again));
            return Ok(self.take_chunk(command, may_come));
        }
        may_come.map_err(fail)?;
        match verb {
            Verb::Mail if !offered_again => self.mails = self.mails.saturating_add(1),
            Verb::Rcpt if !offered_again => self.rcpts = self.rcpts.saturating_add(1),
            _ => {}
        }
        let command = parse(self)?;
        self.allow(&command, offered_again).map_err(fail)?;
        self.check(&command).map_err(fail)?;
        self.utf8 |= match &command {
            Command::Mail(mail) => mail.is_smtputf8(),
            Command::Vrfy(text) | Command::Expn(text) => text.is_smtputf8(),
            _ => false,
        };
        Ok(self.carry_out(command))
    }

    /// Whether a verb is offered, to this client, and now.
    fn may_come(&self, verb: Verb) -> Result<(), Fault> {
        let lmtp = self.config.dialect == Dialect::Lmtp;
        let step = match self.state.on(verb) {
            Step::Refuse(Fault::NoRecipients) if lmtp => Step::Refuse(Fault::NoMessage),
            step => step,
        };
        let extension = Extension::of_verb(verb);
        let offered = match verb {
            Verb::Lhlo => lmtp,
            // RFC 2033 §4.1: "return a 500 reply code".
            Verb::Ehlo | Verb::Helo if lmtp => {
                return Err(Fault::Syntax(SyntaxErrorKind::UnknownVerb));
            }
            _ => extension.is_none_or(|extension| self.config.offered().contains(extension)),
        };
        let needs_ehlo =
            verb == Verb::Own || extension.is_some_and(|extension| !extension.row().is_basic());
        if self.state == State::Refused && verb != Verb::Quit {
            return Err(Fault::Order);
        }
        if !offered {
            return Err(Fault::NotOffered);
        }
        self.admit(verb)?;
        match step {
            _ if needs_ehlo && !self.is_extended() => Err(Fault::Order),
            Step::Refuse(fault) => Err(fault),
            Step::To(_) | Step::Stay => Ok(()),
        }
    }

    /// Whether the client has done what it has to before that.
    fn admit(&self, verb: Verb) -> Result<(), Fault> {
        let require = self.config.require;
        let hello = matches!(verb, Verb::Ehlo | Verb::Helo | Verb::Lhlo);
        let passes = hello || matches!(verb, Verb::StartTls | Verb::Noop | Verb::Quit);
        if require.tls && !self.session.is_secure() && !passes {
            return Err(Fault::TlsRequired);
        }
        let passes = passes || matches!(verb, Verb::Auth | Verb::Rset);
        if require.auth && self.session.identity.is_none() && !passes {
            return Err(Fault::AuthRequired);
        }
        Ok(())
    }

    /// Whether the client may have sent on behind that without waiting for the reply.
    fn may_go_on(&self, verb: Verb) -> bool {
        let ends_group = matches!(
            verb,
            Verb::Ehlo
                | Verb::Helo
                | Verb::Lhlo
                | Verb::Auth
                | Verb::Data
                | Verb::Vrfy
                | Verb::Expn
                | Verb::Noop
        );
        let pipelining = self.session.extensions.contains(Extension::Pipelining);
        // Octets have to stand behind BDAT, and none matter behind QUIT.
        verb == Verb::Bdat || verb == Verb::Quit || (pipelining && !ends_group)
    }

    /// Counts a command that leads to no mail.
    fn allow(&mut self, command: &Command<'_>, offered_again: bool) -> Result<(), Fault> {
        let counts = is_junk(command) && !offered_again;
        if counts && !self.discipline.allows_junk(&self.config.limits) {
            return Err(Fault::TooManyJunkCommands);
        }
        Ok(())
    }

    /// A BDAT, for which it is known whether it may come.
    fn take_chunk<'c>(
        &mut self,
        command: Command<'c>,
        may_come: Result<(), Fault>,
    ) -> Option<Command<'c>> {
        let Command::Bdat(chunk) = command else {
            return None;
        };
        match may_come.and_then(|()| self.begin_chunk(chunk)) {
            Ok(Begin::Ask) => Some(command),
            Ok(Begin::Arriving) => None,
            Err(fault) => {
                self.turn_chunk_away(chunk, fault);
                None
            }
        }
    }

    /// The limits and rules that a command can break all by itself.
    fn check(&self, command: &Command<'_>) -> Result<(), Fault> {
        let limits = &self.config.limits;
        let open = self.session.transaction.as_ref();
        let recipients = open.map_or(0, |open| open.recipients().len());
        let fault = match command {
            Command::Mail(_) if limits.transactions.is_some_and(|most| self.mails > most) => {
                Fault::TooManyTransactions
            }
            Command::Mail(mail) if mail.size() > Some(limits.message.unwrap_or(u64::MAX)) => {
                Fault::MessageTooBig
            }
            Command::Rcpt(_)
                if limits
                    .session_recipients
                    .is_some_and(|most| self.rcpts > most) =>
            {
                Fault::TooManySessionRecipients
            }
            Command::Rcpt(_) if recipients >= limits.recipients => Fault::TooManyRecipients,
            // BINARYMIME has no lines, so no dot can end it (RFC 3030 §3).
            Command::Data if self.session.is_binary() => Fault::Order,
            Command::StartTls if self.session.is_secure() => Fault::Order,
            Command::StartTls | Command::Atrn(_) if self.ahead => Fault::Glued,
            Command::Auth(_) if self.session.identity.is_some() => Fault::Order,
            Command::Auth(auth) if !self.has_mechanism(auth.mechanism()) => Fault::NoMechanism,
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
            Command::Burl(burl) => {
                self.chunk = Some(Bdat::new(0, burl.is_last()));
                return Some(Command::Burl(burl));
            }
            Command::Auth(auth) => {
                self.exchange = Some(Exchange {
                    mechanism: auth.mechanism().clone().into_owned(),
                    response: auth.initial_response(),
                    challenged: false,
                });
                return Some(Command::Auth(auth));
            }
            command => return Some(command),
        }
        None
    }
}

/// The parameter an error is about.
fn about(line: &[u8], error: SyntaxError) -> Option<About<'_>> {
    let is_parameter = matches!(
        error.kind,
        SyntaxErrorKind::UnknownParameter | SyntaxErrorKind::ParameterValue
    );
    let behind = line.get(error.offset..).filter(|_| is_parameter)?;
    About::parameter(behind, error.offset)
}

/// Commands that lead to no mail.
fn is_junk(command: &Command<'_>) -> bool {
    matches!(
        command,
        Command::Hello(_)
            | Command::Rset
            | Command::Noop
            | Command::Vrfy(_)
            | Command::Expn(_)
            | Command::Help(_)
            | Command::Etrn(_)
            | Command::XForward(_)
            | Command::XClient(_)
            | Command::Own(_)
            | Command::Bdat(Bdat {
                size: 0,
                last: false
            })
    )
}
