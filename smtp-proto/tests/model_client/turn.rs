//! What happens next to a session: the server's doing, the owner's, or the clock's.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::fmt;

/// What holds for a session.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub(crate) struct Terms {
    pub(crate) lmtp: bool,
    /// The server offers them.
    pub(crate) pipelining: bool,
    pub(crate) chunking: bool,
    /// The client's settings.
    pub(crate) may_pipeline: bool,
    pub(crate) unseen: u64,
    pub(crate) unanswered: usize,
}

pub(crate) fn terms(lmtp: bool) -> BoxedStrategy<Terms> {
    let often = || prop::bool::weighted(0.8);
    let unseen = prop_oneof![4 => Just(65_536_u64), 1 => Just(0)];
    (often(), any::<bool>(), often(), unseen, 1..4_usize)
        .prop_map(
            move |(pipelining, chunking, may_pipeline, unseen, unanswered)| Terms {
                lmtp,
                pipelining,
                chunking,
                may_pipeline,
                unseen,
                unanswered,
            },
        )
        .boxed()
}

#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// The server answers what it has read, in one segment cut at every so many octets.
    Reply(Vec<Class>, usize),
    /// It answers before it has read, or what nobody asked.
    Early(Class),
    /// It reads what is written as it comes, or doesn't.
    Read(bool),
    ReadSome(usize),
    /// What the owner does when it can.
    Do(Action),
    /// The owner goes on, or doesn't.
    GoOn(bool),
    Expire,
    End,
}

/// What a reply says to whatever it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Yes,
    /// 334 in AUTH; else yes.
    Challenge,
    NotNow,
    No,
    /// 502, behind which a client may try HELO.
    Unknown,
    /// 421.
    Bye,
    /// What no server says there.
    Odd,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Send(Plan),
    StartTls { works: bool },
    Auth,
    Noop,
    Quit,
}

/// A message and how it is sent.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) recipients: usize,
    pub(crate) pieces: Vec<&'static str>,
    /// Said as the one before ends.
    pub(crate) then: bool,
    /// In place of an end.
    pub(crate) abort: bool,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pieces = self
            .pieces
            .iter()
            .map(|piece| piece.get(..40).unwrap_or(piece));
        f.debug_struct("Plan")
            .field("recipients", &self.recipients)
            .field("pieces", &pieces.collect::<Vec<_>>())
            .field("then", &self.then)
            .field("abort", &self.abort)
            .finish()
    }
}

/// More than a client gathers before a chunk goes out.
const LONG: &str = match str::from_utf8(&[b'x'; 70_000]) {
    Ok(long) => long,
    Err(_) => "",
};

const PIECES: &[&str] = &[
    "hi\r\n",
    ".",
    "..\r\n",
    ".\r\n",
    "half",
    "\r\n.\r\n",
    "MAIL FROM:<evil@x>\r\n",
    "QUIT\r\nBDAT 5 LAST\r\n",
    "lf\n",
    "half\r",
    "\n",
];

fn class() -> impl Strategy<Value = Class> {
    prop_oneof![
        40 => Just(Class::Yes),
        6 => select(&[Class::Challenge, Class::NotNow, Class::No][..]),
        1 => select(&[Class::Unknown, Class::Bye, Class::Odd][..]),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let piece = prop_oneof![8 => select(PIECES), 1 => Just(LONG)];
    let plan = (
        1..4_usize,
        vec(piece, 0..4),
        any::<bool>(),
        prop::bool::weighted(0.05),
    );
    let send = plan.prop_map(|(recipients, pieces, then, abort)| {
        Action::Send(Plan {
            recipients,
            pieces,
            then,
            abort,
        })
    });
    prop_oneof![
        16 => send,
        1 => prop::bool::weighted(0.8).prop_map(|works| Action::StartTls { works }),
        1 => Just(Action::Auth),
        1 => Just(Action::Noop),
        1 => Just(Action::Quit),
    ]
}

pub(crate) fn turn() -> BoxedStrategy<Turn> {
    let segment = prop_oneof![Just(1_usize), 2..9_usize, Just(10_000)];
    prop_oneof![
        90 => (vec(class(), 1..5), segment).prop_map(|(classes, cut)| Turn::Reply(classes, cut)),
        30 => action().prop_map(Turn::Do),
        4 => prop::bool::weighted(0.6).prop_map(Turn::Read),
        4 => (1..60_usize).prop_map(Turn::ReadSome),
        4 => prop::bool::weighted(0.7).prop_map(Turn::GoOn),
        1 => class().prop_map(Turn::Early),
        1 => Just(Turn::Expire),
        1 => Just(Turn::End),
    ]
    .boxed()
}
