//! What a server announces in its reply to EHLO: the table's rows, by the configuration.

use super::Config;
use super::config::Dialect;
use crate::extension::{Extension, Extensions, Mechanisms};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

impl Config {
    /// The extensions offered, in one session or the other. LMTP is never without PIPELINING and
    /// ENHANCEDSTATUSCODES (RFC 2033 §5).
    pub(super) fn offered(&self) -> Extensions {
        let offered = self.offers.extensions();
        match self.dialect {
            Dialect::Smtp => offered,
            Dialect::Lmtp => offered
                .with(Extension::Pipelining)
                .with(Extension::EnhancedStatusCodes),
        }
    }

    /// Those of them that a session has.
    pub(super) fn announced(&self, secure: bool) -> Extensions {
        self.offered().announced(secure)
    }

    /// The mechanisms of AUTH that a session has.
    pub(super) fn mechanisms(&self, secure: bool) -> Mechanisms {
        let all = self.offers.get::<Mechanisms>().unwrap_or_default();
        let safe = all
            .iter()
            .filter(|mechanism| secure || self.accept_clear_passwords || !mechanism.is_clear());
        Mechanisms::new(safe.cloned())
    }

    /// The lines of the reply to EHLO behind the first (RFC 5321 §4.1.1.1).
    pub(super) fn keywords(&self, secure: bool) -> impl Iterator<Item = String> {
        let known = self
            .announced(secure)
            .rows()
            .filter_map(move |(extension, row)| {
                let arguments = self.arguments(extension, secure);
                match &*arguments {
                    "" if row.needs_arguments => None,
                    "" => Some(row.keyword.to_string()),
                    arguments => Some(format!("{} {arguments}", row.keyword)),
                }
            });
        let own = self.offers.own().iter().map(|own| match own.arguments() {
            "" => own.keyword().to_string(),
            arguments => format!("{} {arguments}", own.keyword()),
        });
        known.chain(own)
    }

    /// What stands behind an extension's keyword: what the configuration knows elsewhere, or what it
    /// was offered with.
    fn arguments(&self, extension: Extension, secure: bool) -> Cow<'_, str> {
        match extension {
            Extension::Size => self.limits.message.unwrap_or(0).to_string().into(),
            Extension::Auth => self.mechanisms(secure).to_string().into(),
            _ => self.offers.arguments(extension).into(),
        }
    }
}
