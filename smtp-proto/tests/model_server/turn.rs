//! What happens next to a session: the client's doing, the owner's, or the clock's.

use super::model::Model;
use super::sent::{Sent, flight};
use proptest::prelude::*;
use proptest::sample::select;

#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// The client sends, in segments of so many octets.
    Send(Vec<Sent>, usize),
    /// The owner makes up its mind on the next request that comes.
    Decide(Choice),
    /// The owner answers the request that it put off.
    Answer(Choice),
    /// The client reads what it is told as it comes, or doesn't.
    Read(bool),
    /// It reads a few octets, and not all there is.
    ReadSome(usize),
    Expire,
    Shutdown,
    End,
}

/// What an owner says to a request; without having made up its mind it says yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Yes,
    /// Yes to the first recipient of a message and no to the others; a challenge, in AUTH; else yes.
    Partly,
    NotNow,
    No,
    /// 421.
    Bye,
    /// The request is put off.
    Later,
    /// The request is dropped.
    Nothing,
}

pub(crate) fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![
        4 => select(&[Choice::Yes, Choice::Later][..]),
        4 => select(&[Choice::Partly, Choice::No, Choice::NotNow][..]),
        1 => select(&[Choice::Bye, Choice::Nothing][..]),
    ]
}

pub(crate) fn turn(model: &Model) -> BoxedStrategy<Turn> {
    let segment = prop_oneof![Just(1_usize), 2..9_usize, Just(10_000)];
    let answers = if model.is_asking() { 10 } else { 1 };
    let reads = if model.reads { 1 } else { 8 };
    prop_oneof![
        48 => (flight(model), segment).prop_map(|(sent, segment)| Turn::Send(sent, segment)),
        4 => choice().prop_map(Turn::Decide),
        answers => choice().prop_map(Turn::Answer),
        1 => Just(Turn::Read(false)),
        reads => Just(Turn::Read(true)),
        reads - 1 => (1..30_usize).prop_map(Turn::ReadSome),
        1 => Just(Turn::Expire),
        1 => Just(Turn::Shutdown),
        1 => Just(Turn::End),
    ]
    .boxed()
}
