//! Sets of extensions, and what a session with one of them has.

use super::owner::Owner;
use super::parameter::{Carrier, Slot};
use super::table::{Extension, Row, TABLE, When};
use core::fmt;

/// A set of extensions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Extensions(u64);

impl Extensions {
    /// None.
    pub const NONE: Self = Self(0);

    /// Every extension this crate knows.
    pub const ALL: Self = Self((1 << TABLE.len()) - 1);

    /// This set and one more.
    pub const fn with(self, extension: Extension) -> Self {
        Self(self.0 | extension.bit())
    }

    /// This set less one.
    pub const fn without(self, extension: Extension) -> Self {
        Self(self.0 & !extension.bit())
    }

    /// Whether it is in the set.
    pub const fn contains(self, extension: Extension) -> bool {
        self.0 & extension.bit() != 0
    }

    /// Those in the set, in the order the EHLO reply has them.
    pub fn iter(self) -> impl Iterator<Item = Extension> {
        self.rows().map(|(extension, _)| extension)
    }

    /// The rows of those in the set, in the table's order.
    pub(crate) fn rows(self) -> impl Iterator<Item = (Extension, &'static Row)> {
        TABLE
            .iter()
            .map(|(extension, row)| (*extension, row))
            .filter(move |(extension, _)| self.contains(*extension))
    }

    /// Those of the set that have a parameter of that keyword.
    pub(crate) fn owners(
        self,
        carrier: Carrier,
        keyword: &str,
    ) -> impl Iterator<Item = &'static Owner> {
        Owner::of(carrier, keyword).filter(move |owner| self.contains(owner.extension))
    }

    /// Whether one of them has a parameter of that keyword.
    pub(crate) fn know(self, keyword: &str) -> bool {
        let mut carriers = [Carrier::Mail, Carrier::Rcpt].into_iter();
        carriers.any(|carrier| self.owners(carrier, keyword).next().is_some())
    }

    /// Those of the set that may be announced together in a session that is under TLS or not.
    pub(crate) fn announced(self, secure: bool) -> Self {
        let fits = |row: &Row| match row.when {
            When::Always => true,
            When::InClear => !secure,
            When::UnderTls => secure,
        };
        let mut announced = self;
        for (extension, row) in self.rows() {
            if !fits(row) || !row.needs.iter().all(|needed| self.contains(*needed)) {
                announced = announced.without(extension);
            }
        }
        announced
    }

    /// Those of the set that a server without a queue can have.
    pub(crate) fn without_queues(self) -> Self {
        let rows = self.rows().filter(|(_, row)| !row.needs_queue);
        rows.map(|(extension, _)| extension).collect()
    }

    /// Octets a command line may have with these announced: 512 (RFC 5321 §4.5.3.1.4) and what
    /// they add to MAIL or to RCPT, whichever is more.
    pub(crate) fn command_line(self) -> usize {
        let added = |carrier| {
            let slots = || self.rows().flat_map(move |(_, row)| row.slots(carrier));
            // A parameter that two extensions share is there once.
            let shared = |slot: &Slot, at| {
                slots()
                    .take(at)
                    .any(|other| other.keywords == slot.keywords)
            };
            slots()
                .enumerate()
                .filter(|(at, slot)| !shared(slot, *at))
                .map(|(_, slot)| slot.octets)
                .sum::<usize>()
        };
        512 + added(Carrier::Mail).max(added(Carrier::Rcpt))
    }
}

impl FromIterator<Extension> for Extensions {
    fn from_iter<I: IntoIterator<Item = Extension>>(extensions: I) -> Self {
        extensions.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = Extensions::NONE
            .with(Extension::Help)
            .with(Extension::Size)
            .with(Extension::Help);
        assert!(set.contains(Extension::Size) && !set.contains(Extension::Expn));
        // In the table's order, whatever came first.
        assert!(set.iter().eq([Extension::Size, Extension::Help]));
        assert_eq!(
            set,
            [Extension::Size, Extension::Help].into_iter().collect()
        );
        assert_eq!(
            set.without(Extension::Size)
                .without(Extension::Expn)
                .iter()
                .count(),
            1
        );
        assert_eq!(
            Extensions::ALL.iter().collect::<Extensions>(),
            Extensions::ALL
        );
        assert_eq!(Extensions::NONE.iter().count(), 0);
    }

    #[test]
    fn what_lacks_another_extension_or_its_kind_of_session_is_not_announced() {
        use Extension::{BinaryMime, Burl, Chunking, EightBitMime, RequireTls, SmtpUtf8, StartTls};
        for (offered, secure, announced) in [
            (&[BinaryMime][..], false, &[][..]),
            (&[Chunking, BinaryMime], false, &[Chunking, BinaryMime]),
            (&[SmtpUtf8, Burl], false, &[]),
            (
                &[SmtpUtf8, Burl, EightBitMime],
                true,
                &[SmtpUtf8, Burl, EightBitMime],
            ),
            (&[StartTls, RequireTls], false, &[StartTls]),
            (&[StartTls, RequireTls], true, &[RequireTls]),
        ] {
            let offered: Extensions = offered.iter().copied().collect();
            let announced: Extensions = announced.iter().copied().collect();
            assert_eq!(offered.announced(secure), announced, "{offered:?}");
        }
    }

    /// What the RFCs add to the 512 octets of RFC 5321 §4.5.3.1.4.
    #[test]
    fn a_command_line_has_512_octets_and_what_the_extensions_add() {
        use Extension::{
            Auth, BinaryMime, DeliverBy, EightBitMime, FutureRelease, MtPriority, NoSoliciting,
            Pipelining, RequireTls, Rrvs, Size, SmtpUtf8, Vrfy,
        };
        for (extensions, added) in [
            (&[][..], 0),
            (&[Pipelining, Vrfy], 0),
            (&[Size], 26),
            (&[EightBitMime], 17),
            (&[BinaryMime], 16),
            // BODY stands there once.
            (&[EightBitMime, BinaryMime], 17),
            (&[Size, EightBitMime, BinaryMime, SmtpUtf8], 26 + 17 + 10),
            (&[RequireTls], 11),
            (&[Auth], 500),
            (&[DeliverBy], 17),
            // HOLDFOR and HOLDUNTIL exclude each other.
            (&[FutureRelease], 34),
            (&[MtPriority], 15),
            (&[NoSoliciting], 1_007),
            // The line is a MAIL or a RCPT.
            (&[Rrvs], 33),
            (&[Rrvs, Size], 33),
            (&[Rrvs, DeliverBy, Size], 17 + 26),
        ] {
            let set: Extensions = extensions.iter().copied().collect();
            assert_eq!(set.command_line(), 512 + added, "{set:?}");
        }
    }
}
