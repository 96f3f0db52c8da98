//! Mailboxes.

use super::Text;
use arbitrary::Arbitrary;
use smtp_proto::address::{ForwardPath, Mailbox, ReversePath};

/// What may be one.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) struct Address {
    local: Text,
    host: Host,
}

#[derive(Arbitrary, Clone, Debug)]
enum Host {
    Domain,
    Upper,
    Utf8,
    Ip4,
    Ip6,
    Other(Text),
}

impl Address {
    /// Plain, or else quoted; `None` where it is neither.
    pub(crate) fn mailbox(&self) -> Option<Mailbox<'static>> {
        let host = match &self.host {
            Host::Domain => "example.org",
            Host::Upper => "EXAMPLE.org",
            Host::Utf8 => "b\u{fc}cher.example",
            Host::Ip4 => "[192.0.2.1]",
            Host::Ip6 => "[IPv6:2001:db8::1]",
            Host::Other(host) => &host.0,
        };
        let plain = format!("{}@{host}", self.local.0);
        let escaped = self.local.0.replace('\\', "\\\\").replace('"', "\\\"");
        let quoted = format!("\"{escaped}\"@{host}");
        [plain, quoted].iter().find_map(|text| {
            let mailbox = Mailbox::parse_utf8(text).ok()?;
            Some(mailbox.into_owned())
        })
    }

    /// As a sender, nobody where it is no mailbox.
    pub(crate) fn sender(&self) -> ReversePath<'static> {
        self.mailbox()
            .map_or(ReversePath::Null, ReversePath::Mailbox)
    }

    /// As a recipient, the postmaster where it is no mailbox.
    pub(crate) fn recipient(&self) -> ForwardPath<'static> {
        self.mailbox()
            .map_or(ForwardPath::Postmaster, ForwardPath::Mailbox)
    }
}
