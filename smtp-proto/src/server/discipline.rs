//! How much a client may get wrong, or ask for in vain, before it has to go.
//!
//! A message that is delivered wipes the slate: counted is what leads to no mail.

use super::Fault;
use crate::limits::Limits;
use crate::verb::Verb;

#[derive(Clone, Debug, Default)]
pub(super) struct Discipline {
    errors: u32,
    refusals: u32,
    junk_commands: u32,
    auth_failures: u32,
    /// Octets of refused chunks that were dropped.
    discarded: u64,
    /// How many RCPT and DATA may still come that were in flight behind a refused MAIL.
    in_flight: usize,
}

impl Discipline {
    /// Counts a refusal by the machine; says what the client is to be told.
    pub(super) fn refused(&mut self, verb: Option<Verb>, fault: Fault, limits: &Limits) -> Fault {
        let in_flight =
            self.in_flight > 0 && matches!(verb, Some(Verb::Rcpt | Verb::Data | Verb::Bdat));
        match verb {
            // Nothing is wrong with a flight whose message is too big.
            Some(Verb::Mail) if fault == Fault::MessageTooBig => self.mail_refused(limits),
            Some(Verb::Rcpt) => self.in_flight = self.in_flight.saturating_sub(1),
            _ => self.in_flight = 0,
        }
        let allowed = if fault.closes() {
            true
        } else if in_flight || !fault.counts() {
            self.allows_refusal(limits)
        } else {
            self.errors = self.errors.saturating_add(1);
            self.errors <= limits.errors
        };
        if allowed { fault } else { Fault::TooManyErrors }
    }

    /// Whether the client has made so many errors that it is to wait for its answers.
    pub(super) fn is_slowed(&self, limits: &Limits) -> bool {
        limits.soft_errors.is_some_and(|soft| self.errors > soft)
    }

    /// Counts a refusal that an honest client may get; false once there are too many.
    pub(super) fn allows_refusal(&mut self, limits: &Limits) -> bool {
        self.refusals = self.refusals.saturating_add(1);
        self.refusals <= limits.refusals
    }

    /// MAIL was refused: what belongs to its transaction may be on its way already.
    pub(super) fn mail_refused(&mut self, limits: &Limits) {
        self.in_flight = limits.recipients.saturating_add(1);
    }

    /// A command was accepted: nothing is in flight any more behind a refused one.
    pub(super) fn accepted(&mut self) {
        self.in_flight = 0;
    }

    /// Counts a command that leads to no mail; false once there are too many.
    pub(super) fn allows_junk(&mut self, limits: &Limits) -> bool {
        self.junk_commands = self.junk_commands.saturating_add(1);
        self.junk_commands <= limits.junk_commands
    }

    /// Counts a failure of AUTH; false once there are too many.
    pub(super) fn allows_auth_failure(&mut self, limits: &Limits) -> bool {
        self.auth_failures = self.auth_failures.saturating_add(1);
        self.auth_failures <= limits.auth_failures
    }

    /// Counts octets of refused chunks; false once there are too many.
    pub(super) fn allows_discarded(&mut self, octets: u64, limits: &Limits) -> bool {
        self.discarded = self.discarded.saturating_add(octets);
        self.discarded <= limits.discarded
    }

    /// A message was delivered.
    pub(super) fn forgive(&mut self) {
        *self = Self {
            auth_failures: self.auth_failures,
            ..Self::default()
        };
    }
}
