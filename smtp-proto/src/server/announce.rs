//! What a server announces in its reply to EHLO: the table's rows, by the configuration.

use super::Config;
use super::config::Dialect;
use super::session::Channel;
use crate::extension::{Extension, Extensions, Mechanism, Mechanisms, Row, ServerLimits};
use crate::reply::LINE;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

impl Config {
    /// The extensions offered, in one session or the other. LMTP is never without PIPELINING and
    /// ENHANCEDSTATUSCODES (RFC 2033 §5), and has nothing that is for submission or needs a queue.
    pub(super) fn offered(&self) -> Extensions {
        let offered = self.offers.extensions();
        match self.dialect {
            Dialect::Smtp => offered,
            Dialect::Lmtp => offered
                .without_queues()
                .with(Extension::Pipelining)
                .with(Extension::EnhancedStatusCodes),
        }
    }

    /// Those of them that a session has.
    pub(super) fn announced(&self, channel: Channel) -> Extensions {
        let announced = self.offered().announced(channel.is_secure());
        let says_something = |(extension, row): &(Extension, &'static Row)| {
            !row.needs_arguments || !self.arguments(*extension, channel).is_empty()
        };
        let rows = announced.rows().filter(says_something);
        rows.map(|(extension, _)| extension).collect()
    }

    /// The mechanisms of AUTH that a session has.
    pub(super) fn mechanisms(&self, channel: Channel) -> Mechanisms {
        let all = self.offers.get::<Mechanisms>().unwrap_or_default();
        let fits = |mechanism: &&Mechanism<'_>| match channel {
            _ if mechanism.is_bound() => channel == Channel::Bound,
            Channel::Clear => self.accept_clear_passwords || !mechanism.is_clear(),
            Channel::Tls | Channel::Bound => true,
        };
        Mechanisms::new(all.iter().filter(fits).cloned())
    }

    /// What is enforced of what LIMITS can say (RFC 9422 §4), beside what it was offered with.
    fn server_limits(&self) -> ServerLimits {
        let offered = self.offers.get::<ServerLimits>().unwrap_or_default();
        let recipients = u32::try_from(self.limits.recipients).unwrap_or(u32::MAX);
        let limits = offered.with_rcpt_max(recipients);
        match self.limits.transactions {
            Some(transactions) => limits.with_mail_max(transactions),
            None => limits,
        }
    }

    /// The lines of the reply to EHLO behind the first (RFC 5321 §4.1.1.1).
    pub(super) fn keywords(&self, channel: Channel) -> impl Iterator<Item = String> {
        let known = self
            .announced(channel)
            .rows()
            .map(move |(extension, row)| line(row.keyword, &self.arguments(extension, channel)));
        let own = self.offers.own().iter();
        known.chain(own.map(|own| line(own.keyword(), own.arguments())))
    }

    /// What stands behind an extension's keyword: what the configuration knows elsewhere, or what it
    /// was offered with. There is as much of it as a line has room for, by the word: half of one is
    /// another one.
    fn arguments(&self, extension: Extension, channel: Channel) -> Cow<'_, str> {
        let arguments: Cow<'_, str> = match extension {
            Extension::Size => self.limits.message.unwrap_or(0).to_string().into(),
            Extension::Auth => self.mechanisms(channel).to_string().into(),
            Extension::Limits => self.server_limits().to_string().into(),
            _ => self.offers.arguments(extension).into(),
        };
        let room = LINE - extension.row().keyword.len() - " ".len();
        match arguments.as_bytes().get(..=room) {
            Some(over) => {
                let end = over.iter().rposition(|octet| *octet == b' ');
                arguments[..end.unwrap_or(0)].to_string().into()
            }
            None => arguments,
        }
    }
}

fn line(keyword: &str, arguments: &str) -> String {
    match arguments {
        "" => keyword.to_string(),
        arguments => format!("{keyword} {arguments}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Domain;
    use crate::capability::Capabilities;
    use crate::extension::{
        BurlSources, DateTime, FutureRelease, Offers, XClientAttributes, XForwardAttributes,
    };
    use crate::reply::{Code, Reply, Text};
    use alloc::vec::Vec;

    fn channel(secure: bool) -> Channel {
        if secure { Channel::Tls } else { Channel::Clear }
    }

    /// A server that offers everything.
    fn everything(dialect: Dialect) -> Config {
        let mut config = Config::new(Domain::try_from("mx.example.org").unwrap());
        let until = DateTime::try_from("2030-01-01T00:00:00Z").unwrap();
        config.dialect = dialect;
        config.offers = Offers::from(Extensions::ALL)
            .with(Mechanisms::new([Mechanism::PLAIN]))
            .with(FutureRelease::new(86_400, until).unwrap())
            .with(XClientAttributes::new(["ADDR"]).unwrap())
            .with(XForwardAttributes::new(["ADDR"]).unwrap());
        config.accept_clear_passwords = true;
        config
    }

    /// What a client makes of the reply to its hello.
    fn seen_by_client(config: &Config, secure: bool) -> Capabilities {
        let channel = channel(secure);
        let lines =
            core::iter::once(String::from("mx.example.org")).chain(config.keywords(channel));
        let text = lines.collect::<Vec<_>>().join("\n");
        let reply = Reply::any(Code::of(250), None, Text::joined(text.into()));
        Capabilities::from_reply(reply)
    }

    /// The table of the docs, made of what the machines say and read.
    fn table() -> Vec<String> {
        let (smtp, lmtp) = (everything(Dialect::Smtp), everything(Dialect::Lmtp));
        let announces = |config: &Config, extension: Extension, secure| {
            let keyword = extension.to_string();
            let mut lines = config.keywords(channel(secure));
            lines.any(|line| line.split(' ').next() == Some(&keyword))
        };
        let reads = |extension| match [false, true]
            .map(|secure| seen_by_client(&smtp, secure).offers(extension))
        {
            [false, false] => "no",
            _ => "yes",
        };
        let when = |config: &Config, extension: Extension| {
            let [clear, secure] = [false, true].map(|secure| announces(config, extension, secure));
            match (clear, secure) {
                (true, true) => "yes",
                (true, false) => "before TLS",
                (false, true) => "under TLS",
                (false, false) => "no",
            }
        };
        let cell = |names: Vec<&str>| names.join(", ");
        let heading =
            "| keyword | defined in | verbs | MAIL | RCPT | server | LMTP server | client |"
                .to_string();
        let rows = Extensions::ALL.rows().map(|(extension, row)| {
            let rfc = extension
                .rfc()
                .map_or("its authors' manual".to_string(), |rfc| {
                    format!("RFC {rfc}")
                });
            let [verbs, mail, rcpt] = row.names().map(cell);
            let (smtp, lmtp) = (when(&smtp, extension), when(&lmtp, extension));
            let client = reads(extension);
            format!(
                "| {extension} | {rfc} | {verbs} | {mail} | {rcpt} | {smtp} | {lmtp} | {client} |"
            )
        });
        core::iter::once(heading).chain(rows).collect()
    }

    #[test]
    fn the_table_in_the_docs_is_what_the_server_announces_and_the_client_reads() {
        let docs = include_str!("../extension/support.md").lines();
        let drawn: Vec<_> = docs.filter(|line| line.starts_with("| ")).collect();
        assert_eq!(drawn, table());
    }

    #[test]
    fn arguments_end_with_the_last_word_that_a_line_has_room_for() {
        let mut config = everything(Dialect::Smtp);
        let url = |octets| format!("imap://{}", "a".repeat(octets - "imap://".len()));
        let room = LINE - "BURL ".len();
        let names: Vec<_> = (0..200).map(|number| format!("NAME{number}")).collect();
        for (source, expected) in [(url(room), url(room)), (url(room + 1), String::new())] {
            config.offers.add(BurlSources::new(&source).unwrap());
            let all = XClientAttributes::new(names.iter().map(String::as_str));
            config.offers.add(all.unwrap());
            assert!(config.keywords(Channel::Tls).all(|line| line.len() <= LINE));
            let seen = seen_by_client(&config, true);
            assert_eq!(seen.get::<BurlSources>().unwrap().as_str(), expected);
            config
                .offers
                .add(XForwardAttributes::new([&*"A".repeat(LINE)]).unwrap());
            assert!(!seen_by_client(&config, true).offers(Extension::XForward));
            let seen = seen.get::<XClientAttributes>().unwrap();
            let count = seen.iter().count();
            assert!(seen.iter().eq(&names[..count]));
            assert!((40..names.len()).contains(&count));
        }
    }

    #[test]
    fn a_mechanism_is_announced_where_it_is_safe_and_where_it_can_be_bound() {
        let mut config = everything(Dialect::Smtp);
        let all = [
            Mechanism::PLAIN,
            Mechanism::SCRAM_SHA_1,
            Mechanism::SCRAM_SHA_256_PLUS,
        ];
        config.offers.add(Mechanisms::new(all));
        for (channel, clear_passwords, announced) in [
            (Channel::Clear, false, "SCRAM-SHA-1"),
            (Channel::Clear, true, "PLAIN SCRAM-SHA-1"),
            (Channel::Tls, false, "PLAIN SCRAM-SHA-1"),
            (
                Channel::Bound,
                false,
                "PLAIN SCRAM-SHA-1 SCRAM-SHA-256-PLUS",
            ),
        ] {
            config.accept_clear_passwords = clear_passwords;
            assert_eq!(config.mechanisms(channel).to_string(), announced);
        }
    }

    #[test]
    fn lmtp_is_never_without_pipelining_and_enhanced_status_codes() {
        let mut config = everything(Dialect::Lmtp);
        config.offers = Offers::NONE;
        let offered = seen_by_client(&config, false);
        assert!(offered.offers(Extension::Pipelining));
        assert!(offered.offers(Extension::EnhancedStatusCodes));
    }

    #[test]
    fn nothing_that_needs_another_extension_or_arguments_is_announced_without() {
        let mut config = everything(Dialect::Smtp);
        config.offers = Offers::from(Extensions::ALL)
            .without(Extension::Chunking)
            .without(Extension::EightBitMime);
        let offered = seen_by_client(&config, true);
        for missing in [
            Extension::BinaryMime,
            Extension::SmtpUtf8,
            Extension::Burl,
            Extension::Auth,
            Extension::FutureRelease,
            Extension::XClient,
            Extension::XForward,
        ] {
            assert!(!offered.offers(missing), "{missing}");
        }
    }
}
