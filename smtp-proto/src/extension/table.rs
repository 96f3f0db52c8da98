//! The table of extensions, and sets of them.

use super::parameter::{Carrier, Slot};
use super::{
    auth, body, checkpoint, content, deliver_by, dsn, future_release, mt_priority, mtrk,
    no_soliciting, orcpt, prdr, require_tls, rrvs, size, smtputf8, submitter,
};
use crate::grammar::{Word, Words};
use crate::verb::Verb;
use core::fmt;

/// What the specification of an extension registers.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// Its keyword in the EHLO reply.
    pub(crate) keyword: &'static str,
    /// The RFC that defines it; 0 where none does.
    pub(super) rfc: u16,
    /// The verbs it adds.
    pub(super) verbs: &'static [Verb],
    /// The parameters it adds to MAIL, and to RCPT.
    pub(super) mail: &'static [Slot],
    pub(super) rcpt: &'static [Slot],
    /// Extensions without which it isn't announced.
    pub(super) needs: &'static [Extension],
    /// Whether its keyword says nothing without arguments, and isn't announced then.
    pub(crate) needs_arguments: bool,
    /// Under which sessions it is announced.
    pub(super) when: When,
    /// Whether it is for submission, or for servers that keep a queue, and so not for LMTP.
    pub(super) needs_queue: bool,
}

/// Which sessions an extension is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    /// Only before TLS.
    InClear,
    /// Only under TLS.
    UnderTls,
}

impl Row {
    /// What most extensions have of everything.
    const NONE: Self = Self {
        keyword: "",
        rfc: 0,
        verbs: &[],
        mail: &[],
        rcpt: &[],
        needs: &[],
        needs_arguments: false,
        when: When::Always,
        needs_queue: false,
    };

    /// Its verbs, and its parameters' keywords of MAIL and of RCPT, for people to read.
    #[cfg(test)]
    pub(crate) fn names(&self) -> [alloc::vec::Vec<&'static str>; 3] {
        let keywords = |carrier| {
            let slots = self.slots(carrier).iter();
            slots
                .flat_map(|slot| slot.keywords().iter().copied())
                .collect()
        };
        [
            self.verbs.iter().map(|verb| verb.as_str()).collect(),
            keywords(Carrier::Mail),
            keywords(Carrier::Rcpt),
        ]
    }

    /// Whether its verbs are RFC 5321's own, so that they need no EHLO.
    pub(crate) const fn is_basic(&self) -> bool {
        self.rfc == 5321
    }

    /// The parameters it adds to that command.
    pub(crate) const fn slots(&self, carrier: Carrier) -> &'static [Slot] {
        match carrier {
            Carrier::Mail => self.mail,
            Carrier::Rcpt => self.rcpt,
        }
    }
}

/// The rows, of which the enum and the table are made.
macro_rules! extensions {
    ($($(#[$doc:meta])* $name:ident = $row:expr;)*) => {
        /// A service extension this crate knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Extension {
            $($(#[$doc])* $name,)*
        }

        /// Every extension, in the order the EHLO reply has them.
        pub(super) const TABLE: &[(Extension, Row)] = &[$((Extension::$name, $row),)*];
    };
}

#[rustfmt::skip]
extensions! {
    /// PIPELINING (RFC 2920).
    Pipelining = Row { keyword: "PIPELINING", rfc: 2920, ..Row::NONE };
    /// SIZE (RFC 1870).
    Size = Row { keyword: "SIZE", rfc: 1870, mail: &[size::SIZE], ..Row::NONE };
    /// 8BITMIME (RFC 6152).
    EightBitMime = Row { keyword: "8BITMIME", rfc: 6152, mail: &[body::LINES], ..Row::NONE };
    /// ENHANCEDSTATUSCODES (RFC 2034).
    EnhancedStatusCodes = Row { keyword: "ENHANCEDSTATUSCODES", rfc: 2034, ..Row::NONE };
    /// CHUNKING (RFC 3030).
    Chunking = Row { keyword: "CHUNKING", rfc: 3030, verbs: &[Verb::Bdat], ..Row::NONE };
    /// BINARYMIME (RFC 3030), which needs CHUNKING.
    BinaryMime = Row {
        keyword: "BINARYMIME", rfc: 3030, mail: &[body::BINARY],
        needs: &[Extension::Chunking], ..Row::NONE
    };
    /// SMTPUTF8 (RFC 6531), which needs 8BITMIME.
    SmtpUtf8 = Row {
        keyword: "SMTPUTF8", rfc: 6531, mail: &[smtputf8::SMTPUTF8],
        needs: &[Extension::EightBitMime], ..Row::NONE
    };
    /// STARTTLS (RFC 3207).
    StartTls = Row {
        keyword: "STARTTLS", rfc: 3207, verbs: &[Verb::StartTls],
        when: When::InClear, ..Row::NONE
    };
    /// REQUIRETLS (RFC 8689), under TLS only.
    RequireTls = Row {
        keyword: "REQUIRETLS", rfc: 8689, mail: &[require_tls::REQUIRETLS],
        when: When::UnderTls, ..Row::NONE
    };
    /// AUTH (RFC 4954).
    Auth = Row {
        keyword: "AUTH", rfc: 4954, verbs: &[Verb::Auth], mail: &[auth::SUBMITTED],
        needs_arguments: true, ..Row::NONE
    };
    /// BURL (RFC 4468), for submission only; it needs 8BITMIME.
    Burl = Row {
        keyword: "BURL", rfc: 4468, verbs: &[Verb::Burl],
        needs: &[Extension::EightBitMime], needs_queue: true, ..Row::NONE
    };
    /// DELIVERBY (RFC 2852).
    DeliverBy = Row { keyword: "DELIVERBY", rfc: 2852, mail: &[deliver_by::BY], ..Row::NONE };
    /// FUTURERELEASE (RFC 4865), for submission only.
    FutureRelease = Row {
        keyword: "FUTURERELEASE", rfc: 4865, mail: &[future_release::HOLD],
        needs_arguments: true, needs_queue: true, ..Row::NONE
    };
    /// MT-PRIORITY (RFC 6710).
    MtPriority = Row {
        keyword: "MT-PRIORITY", rfc: 6710, mail: &[mt_priority::MT_PRIORITY], ..Row::NONE
    };
    /// RRVS (RFC 7293).
    Rrvs = Row { keyword: "RRVS", rfc: 7293, rcpt: &[rrvs::RRVS], ..Row::NONE };
    /// NO-SOLICITING (RFC 3865).
    NoSoliciting = Row {
        keyword: "NO-SOLICITING", rfc: 3865, mail: &[no_soliciting::SOLICIT], ..Row::NONE
    };
    /// DSN (RFC 3461, RFC 6533).
    Dsn = Row {
        keyword: "DSN", rfc: 3461, mail: &[dsn::RET, dsn::ENVID],
        rcpt: &[dsn::NOTIFY, orcpt::ORCPT], ..Row::NONE
    };
    /// MTRK (RFC 3885), which brings ENVID and ORCPT of DSN with it.
    Mtrk = Row {
        keyword: "MTRK", rfc: 3885, mail: &[mtrk::MTRK, dsn::ENVID], rcpt: &[orcpt::ORCPT],
        ..Row::NONE
    };
    /// SUBMITTER (RFC 4405).
    Submitter = Row {
        keyword: "SUBMITTER", rfc: 4405, mail: &[submitter::SUBMITTER], ..Row::NONE
    };
    /// CONPERM (RFC 4141).
    Conperm = Row { keyword: "CONPERM", rfc: 4141, mail: &[content::CONPERM], ..Row::NONE };
    /// CONNEG (RFC 4141).
    Conneg = Row { keyword: "CONNEG", rfc: 4141, rcpt: &[content::CONNEG], ..Row::NONE };
    /// CHECKPOINT (RFC 1845).
    Checkpoint = Row {
        keyword: "CHECKPOINT", rfc: 1845, mail: &[checkpoint::TRANSID], ..Row::NONE
    };
    /// LIMITS (RFC 9422).
    Limits = Row { keyword: "LIMITS", rfc: 9422, needs_arguments: true, ..Row::NONE };
    /// PRDR, Exim's.
    Prdr = Row { keyword: "PRDR", mail: &[prdr::PRDR], ..Row::NONE };
    /// VRFY (RFC 5321).
    Vrfy = Row { keyword: "VRFY", rfc: 5321, verbs: &[Verb::Vrfy], ..Row::NONE };
    /// EXPN (RFC 5321).
    Expn = Row { keyword: "EXPN", rfc: 5321, verbs: &[Verb::Expn], ..Row::NONE };
    /// HELP (RFC 5321).
    Help = Row { keyword: "HELP", rfc: 5321, verbs: &[Verb::Help], ..Row::NONE };
    /// ETRN (RFC 1985).
    Etrn = Row {
        keyword: "ETRN", rfc: 1985, verbs: &[Verb::Etrn], needs_queue: true, ..Row::NONE
    };
    /// ATRN (RFC 2645).
    Atrn = Row {
        keyword: "ATRN", rfc: 2645, verbs: &[Verb::Atrn], needs_queue: true, ..Row::NONE
    };
    /// XCLIENT, Postfix's.
    XClient = Row {
        keyword: "XCLIENT", verbs: &[Verb::XClient], needs_arguments: true, ..Row::NONE
    };
    /// XFORWARD, Postfix's.
    XForward = Row {
        keyword: "XFORWARD", verbs: &[Verb::XForward], needs_arguments: true, ..Row::NONE
    };
}

static KEYWORDS: Words = Words::new(const { &keywords() });

const fn keywords() -> [Word; TABLE.len()] {
    let mut words = [Word::new(""); TABLE.len()];
    let mut row = 0;
    while row < TABLE.len() {
        words[row] = Word::new(TABLE[row].1.keyword);
        row += 1;
    }
    words
}

static OF_VERB: [Option<Extension>; Verb::COUNT] = {
    let mut extensions = [None; Verb::COUNT];
    let mut row = 0;
    while row < TABLE.len() {
        let mut verbs = TABLE[row].1.verbs;
        while let [verb, behind @ ..] = verbs {
            extensions[*verb as usize] = Some(TABLE[row].0);
            verbs = behind;
        }
        row += 1;
    }
    extensions
};

impl Extension {
    /// The extension an EHLO line's keyword names, in any case (RFC 5321 §2.4).
    pub fn of_keyword(keyword: &str) -> Option<Self> {
        Self::of_octets(keyword.as_bytes())
    }

    pub(crate) fn of_octets(keyword: &[u8]) -> Option<Self> {
        KEYWORDS.find(keyword).map(|place| TABLE[place].0)
    }

    /// The extension that adds a verb.
    pub(crate) fn of_verb(verb: Verb) -> Option<Self> {
        OF_VERB[verb as usize]
    }

    /// The RFC that defines it; `None` where a product's manual or a draft does.
    pub fn rfc(self) -> Option<u16> {
        Some(self.row().rfc).filter(|rfc| *rfc > 0)
    }

    pub(crate) const fn row(self) -> &'static Row {
        &TABLE[self as usize].1
    }

    pub(super) const fn bit(self) -> u64 {
        1 << self as u32
    }
}

/// Its keyword.
impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().keyword)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Extensions;
    use super::*;
    use crate::grammar;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    fn all() -> impl Iterator<Item = (Extension, &'static Row)> {
        Extensions::ALL.rows()
    }

    #[test]
    fn every_extension_is_told_by_its_own_row() {
        assert_eq!(all().count(), TABLE.len());
        for (index, (extension, row)) in all().enumerate() {
            assert_eq!(extension as usize, index, "{extension}");
            assert_eq!(extension.row().keyword, row.keyword);
            assert_eq!(extension.to_string(), row.keyword);
            assert_eq!(Extension::of_keyword(row.keyword), Some(extension));
            assert_eq!(
                Extension::of_keyword(&row.keyword.to_ascii_lowercase()),
                Some(extension)
            );
            assert_eq!(extension.rfc().is_some(), row.rfc > 0);
        }
        assert_eq!(Extension::of_keyword("XQUEUE"), None);
        assert_eq!(Extension::of_keyword("\x18BITMIME"), None);
        assert_eq!(Extension::of_keyword("ENHANCEDSTATUSC_DES"), None);
        assert_eq!(Extension::of_keyword("ENHANCEDSTATUSCOD__"), None);
        assert_eq!(Extension::of_keyword(""), None);
    }

    /// RFC 5321 §4.1.1.1 and §4.1.2.
    #[test]
    fn keywords_are_keywords_and_unique() {
        let keyword = |keyword: &str| matches!(grammar::keyword(keyword.as_bytes()), Ok(([], _)));
        for (extension, row) in all() {
            assert!(keyword(row.keyword), "{extension}");
            assert!(
                row.keyword.bytes().all(|octet| !octet.is_ascii_lowercase()),
                "{extension}"
            );
            for slot in row.mail.iter().chain(row.rcpt) {
                assert!(!slot.keywords.is_empty());
                for word in slot.keywords {
                    assert!(keyword(word), "{word}");
                }
            }
        }
        // `of_keyword` finds each, so no two share one.
        for carrier in [Carrier::Mail, Carrier::Rcpt] {
            let slots = all().flat_map(|(_, row)| row.slots(carrier));
            let mut keywords: Vec<_> = slots.flat_map(|slot| slot.keywords).collect();
            keywords.sort_unstable();
            let shared = keywords.windows(2).filter(|pair| pair[0] == pair[1]);
            let shared: Vec<_> = shared.map(|pair| *pair[0]).collect();
            // 8BITMIME and BINARYMIME, DSN and MTRK
            let expected: &[&str] = match carrier {
                Carrier::Mail => &["BODY", "ENVID"],
                Carrier::Rcpt => &["ORCPT"],
            };
            assert_eq!(shared, expected);
        }
    }

    #[test]
    fn a_verb_belongs_to_one_extension() {
        let verbs: Vec<_> = all().flat_map(|(_, row)| row.verbs).collect();
        for (index, verb) in verbs.iter().enumerate() {
            assert!(!verbs[..index].contains(verb), "{verb}");
        }
        assert_eq!(Extension::of_verb(Verb::Bdat), Some(Extension::Chunking));
        assert_eq!(Extension::of_verb(Verb::Mail), None);
    }
}
