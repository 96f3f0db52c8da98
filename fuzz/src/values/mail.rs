//! Parameters of MAIL.

use super::{Address, Moment, Text};
use arbitrary::Arbitrary;
use smtp_proto::extension::{
    By, ByMode, Conperm, DateTime, EnvId, Hold, MtPriority, Mtrk, Prdr, RequireTls, Ret, Size,
    SmtpUtf8, Solicit, Submitted, Submitter, TransId,
};
use smtp_proto::{BodyType, Mail};

/// What one is made of.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum MailValue {
    Size(u64),
    Body(u8),
    Ret(bool),
    EnvId(Text),
    /// With an `@`.
    UniqueEnvId(Text),
    Submitted(Option<Address>),
    /// Seconds, return or notify, trace.
    By(i32, bool, bool),
    HoldFor(u32),
    HoldUntil(Moment),
    MtPriority(i8),
    RequireTls,
    SmtpUtf8,
    Solicit(Text),
    Mtrk([u8; 20], Option<u32>),
    Submitter(Address),
    Conperm,
    TransId(Text, Text),
    Prdr,
}

const BODIES: [BodyType; 3] = [
    BodyType::SevenBit,
    BodyType::EightBitMime,
    BodyType::BinaryMime,
];

impl MailValue {
    /// MAIL with this, `None` where there is no such value.
    pub(crate) fn put(&self, mail: Mail<'static>) -> Option<Mail<'static>> {
        Some(match self {
            Self::Size(octets) => mail.with(Size(*octets)),
            Self::Body(which) => mail.with(body(*which)),
            Self::Ret(full) => mail.with(ret(*full)),
            Self::EnvId(text) => mail.with(EnvId::new(&text.0).ok()?),
            Self::UniqueEnvId(text) => mail.with(EnvId::new(&unique(text)).ok()?),
            Self::Submitted(None) => mail.with(Submitted::UNKNOWN),
            Self::Submitted(Some(by)) => mail.with(Submitted::by(&by.mailbox()?)),
            Self::By(seconds, returned, traced) => {
                mail.with(By::new(*seconds, mode(*returned), *traced)?)
            }
            Self::HoldFor(seconds) => mail.with(Hold::for_seconds(*seconds)?),
            Self::HoldUntil(moment) => mail.with(Hold::until(moment.date_time()?)?),
            Self::MtPriority(priority) => mail.with(MtPriority::new(*priority)?),
            Self::RequireTls => mail.with(RequireTls),
            Self::SmtpUtf8 => mail.with(SmtpUtf8),
            Self::Solicit(keywords) => mail.with(Solicit::new(&keywords.0)?),
            Self::Mtrk(hash, timeout) => mail.with(Mtrk::new(hash, *timeout)?),
            Self::Submitter(by) => mail.with(Submitter::new(by.mailbox()?)?),
            Self::Conperm => mail.with(Conperm),
            Self::TransId(local, domain) => mail.with(TransId::new(&local.0, &domain.0)?),
            Self::Prdr => mail.with(Prdr),
        })
    }

    /// What it takes the place of.
    pub(crate) fn keyword(&self) -> &'static str {
        match self {
            Self::Size(_) => "SIZE",
            Self::Body(_) => "BODY",
            Self::Ret(_) => "RET",
            Self::EnvId(_) | Self::UniqueEnvId(_) => "ENVID",
            Self::Submitted(_) => "AUTH",
            Self::By(..) => "BY",
            Self::HoldFor(_) | Self::HoldUntil(_) => "HOLD",
            Self::MtPriority(_) => "MT-PRIORITY",
            Self::RequireTls => "REQUIRETLS",
            Self::SmtpUtf8 => "SMTPUTF8",
            Self::Solicit(_) => "SOLICIT",
            Self::Mtrk(..) => "MTRK",
            Self::Submitter(_) => "SUBMITTER",
            Self::Conperm => "CONPERM",
            Self::TransId(..) => "TRANSID",
            Self::Prdr => "PRDR",
        }
    }

    /// MAIL says this.
    pub(crate) fn check(&self, mail: &Mail<'_>) {
        let said = match self {
            Self::Size(octets) => mail.size() == Some(*octets),
            Self::Body(which) => mail.body() == Some(body(*which)),
            Self::Ret(full) => mail.get() == Some(ret(*full)),
            Self::EnvId(text) => is_envid(mail, &text.0),
            Self::UniqueEnvId(text) => is_envid(mail, &unique(text)),
            Self::Submitted(by) => mail.get::<Submitted<'_>>().is_some_and(|submitted| {
                let by = by.as_ref().and_then(Address::mailbox);
                submitted.mailbox() == by
            }),
            Self::By(seconds, returned, traced) => mail.get::<By<'_>>().is_some_and(|by| {
                (by.seconds(), by.mode(), by.is_traced()) == (*seconds, mode(*returned), *traced)
            }),
            Self::HoldFor(seconds) => {
                let hold = mail.get::<Hold<'_>>();
                hold.is_some_and(|hold| hold.seconds() == Some(*seconds))
            }
            Self::HoldUntil(moment) => {
                let hold = mail.get::<Hold<'_>>();
                hold.is_some_and(|hold| hold.date_time() == moment.date_time().as_ref())
            }
            Self::MtPriority(priority) => mail.get() == MtPriority::new(*priority),
            Self::RequireTls => mail.get() == Some(RequireTls),
            Self::SmtpUtf8 => mail.get() == Some(SmtpUtf8) && mail.is_smtputf8(),
            Self::Solicit(keywords) => mail
                .get::<Solicit<'_>>()
                .is_some_and(|solicit| solicit.keywords().eq(keywords.0.split(','))),
            Self::Mtrk(_, timeout) => mail
                .get::<Mtrk<'_>>()
                .is_some_and(|mtrk| mtrk.timeout() == *timeout && mtrk.certifier().len() == 27),
            Self::Submitter(by) => mail
                .get::<Submitter<'_>>()
                .is_some_and(|submitter| Some(submitter.mailbox()) == by.mailbox().as_ref()),
            Self::Conperm => mail.get() == Some(Conperm),
            Self::TransId(local, domain) => mail.get::<TransId<'_>>().is_some_and(|id| {
                id.local() == local.0
                    && id.domain() == domain.0
                    && id.as_str() == format!("<{}@{}>", local.0, domain.0)
            }),
            Self::Prdr => mail.get() == Some(Prdr),
        };
        assert!(said, "{mail} for {self:?}");
    }

    /// Whether what was said together may stand together (RFC 3885 §3.2, RFC 4865 §5.2.2) and is no
    /// more than [`everything`](crate::offers::everything) announces.
    pub(crate) fn agree(said: &[&Self]) -> bool {
        let tracked = said.iter().any(|value| matches!(value, Self::Mtrk(..)));
        let named = said.iter().any(|value| match value {
            Self::EnvId(text) => text.0.contains('@'),
            Self::UniqueEnvId(_) => true,
            _ => false,
        });
        let held = said.iter().find_map(|value| match value {
            Self::HoldFor(seconds) => Some(i64::from(*seconds)),
            _ => None,
        });
        let by = said.iter().find_map(|value| match value {
            Self::By(seconds, ..) => Some(i64::from(*seconds)),
            _ => None,
        });
        let last = DateTime::try_from("9999-12-31T23:59:59Z").expect("a date-time");
        let in_time = said.iter().all(|value| match value {
            Self::HoldUntil(moment) => moment.date_time().is_none_or(|until| {
                let fraction = until.fraction().chars().any(|digit| digit != '0');
                until.unix() < last.unix() || (until.unix() == last.unix() && !fraction)
            }),
            _ => true,
        });
        (!tracked || named) && held.is_none_or(|held| by.is_none_or(|by| held <= by)) && in_time
    }
}

fn body(which: u8) -> BodyType {
    BODIES[usize::from(which) % BODIES.len()]
}

fn ret(full: bool) -> Ret {
    if full { Ret::Full } else { Ret::Headers }
}

fn mode(returned: bool) -> ByMode {
    if returned {
        ByMode::Return
    } else {
        ByMode::Notify
    }
}

fn unique(text: &Text) -> String {
    format!("{}@example.com", text.0)
}

fn is_envid(mail: &Mail<'_>, text: &str) -> bool {
    mail.get::<EnvId<'_>>()
        .is_some_and(|id| id.decoded() == text)
}
