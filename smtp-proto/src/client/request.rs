//! What the machine asks of you: what to do next, and the message, chunk by chunk.

use super::machine::Machine;
use super::plan::offers_own;
use super::{Error, SendError};
use crate::capability::Capabilities;
use crate::command::Command;
use crate::envelope::Envelope;
use crate::extension::{Auth, Burl, Extension, Mechanisms, OwnExtension};
use crate::secret::Secret;
use crate::verb::Verb;
use bytes::Bytes;
use core::fmt;

/// Greeted, introduced, and nothing open: what next? Dropped, it is offered again.
#[must_use = "the connection waits for what to do next"]
pub struct Ready<'c> {
    pub(super) machine: &'c mut Machine,
}

impl Ready<'_> {
    /// What the server offers.
    pub fn capabilities(&self) -> &Capabilities {
        &self.machine.capabilities
    }

    /// Begins to send a message. Where the envelope doesn't say what kind of octets it has, it is
    /// sent as 8BITMIME if the server offers that and must be 7-bit otherwise.
    ///
    /// # Errors
    /// [`SendError`] if it can't be sent to this server; nothing was written then.
    pub fn send(self, envelope: Envelope) -> Result<(), SendError> {
        self.machine.send(envelope, None)
    }

    /// Begins to send a message that the server is to fetch: `BURL … LAST` in place of DATA (RFC 4468).
    ///
    /// # Errors
    /// [`SendError`] if it can't be sent to this server; nothing was written then.
    pub fn send_url(self, envelope: Envelope, url: &Burl<'_>) -> Result<(), SendError> {
        let last = Burl::new(url.url(), true).map(Burl::into_owned);
        self.machine.send(envelope, last)
    }

    /// Asks for TLS (RFC 3207). [`Event::Upgrade`](super::Event::Upgrade) follows, or
    /// [`Event::Reply`](super::Event::Reply) with the refusal.
    ///
    /// # Errors
    /// [`SendError::Missing`] if it isn't offered; nothing was written then.
    pub fn starttls(self) -> Result<(), SendError> {
        if !self.capabilities().offers(Extension::StartTls) {
            return Err(SendError::Missing(Extension::StartTls));
        }
        self.machine.query(&Command::StartTls);
        Ok(())
    }

    /// Begins an exchange of AUTH (RFC 4954). [`Event::Challenge`](super::Event::Challenge) follows as
    /// often as the server has one, and then [`Event::Reply`](super::Event::Reply).
    ///
    /// # Errors
    /// [`SendError::Missing`] or [`SendError::NoMechanism`] if it isn't offered,
    /// [`SendError::NeedsTls`] for a mechanism that gives the password away without, or is bound to
    /// it; nothing was written then.
    pub fn auth(self, auth: Auth<'_>) -> Result<(), SendError> {
        let Some(mechanisms) = self.capabilities().get::<Mechanisms>() else {
            return Err(SendError::Missing(Extension::Auth));
        };
        if !mechanisms.contains(auth.mechanism()) {
            return Err(SendError::NoMechanism);
        }
        let mechanism = auth.mechanism();
        let in_clear = mechanism.is_clear() && !self.machine.config.send_clear_passwords;
        if !self.machine.secure && (in_clear || mechanism.is_bound()) {
            return Err(SendError::NeedsTls);
        }
        self.machine.authenticate(auth);
        Ok(())
    }

    /// Says a command that stands by itself: VRFY, EXPN, HELP, NOOP, ETRN, ATRN, XCLIENT, XFORWARD,
    /// or one of an extension of your own. [`Event::Reply`](super::Event::Reply) has the answer; a
    /// connection that ATRN has turned round ends in
    /// [`Closed::Turned`](super::Closed::Turned).
    ///
    /// # Errors
    /// [`SendError::NotAlone`] for any other command, [`SendError::Missing`] or
    /// [`SendError::UnknownVerb`] for one of an extension that isn't offered; nothing was written
    /// then.
    pub fn command(self, command: &Command<'_>) -> Result<(), SendError> {
        let capabilities = self.capabilities();
        match (command, command.verb()) {
            (_, Verb::Vrfy | Verb::Expn | Verb::Help | Verb::Noop) => {}
            (Command::Own(own), _) => {
                let has = |known: &OwnExtension| known.has_verb(own.verb().as_bytes());
                let known = &self.machine.config.own;
                if !offers_own(capabilities, known, has, own.verb()) {
                    return Err(SendError::UnknownVerb);
                }
            }
            (_, verb @ (Verb::Etrn | Verb::Atrn | Verb::XClient | Verb::XForward)) => {
                let missing = |extension: &Extension| !capabilities.offers(*extension);
                if let Some(extension) = Extension::of_verb(verb).filter(missing) {
                    return Err(SendError::Missing(extension));
                }
            }
            _ => return Err(SendError::NotAlone),
        }
        self.machine.query(command);
        Ok(())
    }

    /// Takes leave.
    pub fn quit(self) {
        self.machine.quit();
    }
}

/// The server said go to STARTTLS: make the handshake on the stream itself, as the client, and say
/// how it went. Until then the connection takes no input. Dropped, it is offered again.
#[must_use = "the connection waits for the handshake"]
pub struct Upgrade<'c> {
    pub(super) machine: &'c mut Machine,
}

impl Upgrade<'_> {
    /// The session is under TLS from here on: hello is said again, and what the server offered before
    /// holds no longer (RFC 3207 §4.2).
    pub fn complete(self) {
        self.machine.upgrading = false;
        self.machine.secure = true;
        self.machine.introduce();
    }

    /// The handshake failed: the next `poll` is [`Error::Handshake`].
    pub fn fail(self) {
        self.machine.fail(Error::Handshake);
    }
}

/// The server wants a response. Dropped, it is offered again.
#[must_use = "the server waits for a response"]
pub struct Challenge<'c> {
    pub(super) machine: &'c mut Machine,
}

impl Challenge<'_> {
    /// What it asks.
    pub fn octets(&self) -> &[u8] {
        let open = self.machine.exchange.as_ref();
        open.and_then(|open| open.challenge.as_ref())
            .map_or(&[], Secret::expose)
    }

    /// Responds with these octets.
    pub fn respond(self, response: &[u8]) {
        self.machine.respond(response);
    }

    /// Gives up: the server answers with a refusal.
    pub fn cancel(self) {
        self.machine.write_response(b"*");
    }
}

/// The server waits for the message. Dropped, it is asked for again.
#[must_use = "the server waits for the message"]
pub struct Body<'c> {
    pub(super) machine: &'c mut Machine,
}

impl Body<'_> {
    /// Octets of the message that the server has from an earlier try of the same transaction (RFC
    /// 1845): what is sent has to begin behind them. 0 but for envelopes with a
    /// [`TransId`](crate::extension::TransId).
    pub fn offset(&self) -> u64 {
        self.machine
            .transactions
            .back()
            .map_or(0, |newest| newest.offset)
    }

    /// Writes the next octets of the message, of any number. Dots are stuffed; line ends are as
    /// [`Config::newlines`](super::Config::newlines) says. An octet that can't be sent ends the
    /// connection: once the messages before this one are answered `poll` is [`Error::Content`].
    pub fn send(self, chunk: impl Into<Bytes>) {
        self.machine.write_body(chunk.into());
    }

    /// The message is complete. By DATA its last line is then, if it wasn't; by BDAT it goes as it is.
    pub fn finish(self) {
        self.machine.finish_body();
    }

    /// The message is complete, and that one is the next: with PIPELINING its RSET, MAIL, RCPT… go in
    /// one flight with the end of this one (RFC 2920 §3.1), and with CHUNKING the message too, before
    /// this one is answered, unless this is the first ([`Config::unseen`](super::Config::unseen)).
    /// [`Config::unanswered`](super::Config::unanswered) says how many may be on their way so; where it
    /// is one too many, or the server doesn't take flights, it begins when one is answered.
    ///
    /// Recipients and outcomes keep the order of the messages: all of one are told before the first of
    /// the next. [`Event::Body`](super::Event::Body) is always for the newest. One that is refused
    /// changes nothing for the others.
    ///
    /// # Errors
    /// [`SendError`] if the next one can't be sent to this server; nothing was written of it then, and
    /// this message is complete all the same.
    ///
    /// ```
    /// use smtp_proto::Envelope;
    /// use smtp_proto::client::{Body, SendError};
    /// use std::collections::VecDeque;
    ///
    /// fn end(body: Body<'_>, queue: &mut VecDeque<Envelope>) -> Result<(), SendError> {
    ///     match queue.pop_front() {
    ///         Some(next) => body.finish_then(next),
    ///         None => {
    ///             body.finish();
    ///             Ok(())
    ///         }
    ///     }
    /// }
    /// ```
    pub fn finish_then(self, next: Envelope) -> Result<(), SendError> {
        self.machine.finish_body();
        self.machine.send(next, None)
    }

    /// Gives the message up. SMTP has no other way to say so than to close the connection: once the
    /// messages before it are answered `poll` is [`Error::Aborted`], and the server doesn't have this
    /// one.
    pub fn abort(self) {
        self.machine.give_up(Error::Aborted);
    }
}

impl fmt::Debug for Ready<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}

impl fmt::Debug for Upgrade<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").finish_non_exhaustive()
    }
}

impl fmt::Debug for Challenge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge").finish_non_exhaustive()
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
