//! What a driver may do with a connection, in any order.

use proptest::prelude::*;
use smtp_proto::bytes::BufMut;

#[derive(Clone, Debug)]
pub(crate) enum Call {
    Receive(usize),
    Poll,
    Write(usize),
    Expire,
    /// A wait noted earlier.
    ExpireOld,
    Shutdown,
    End,
}

pub(crate) fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        20 => prop_oneof![Just(1), 1..30_usize, Just(10_000)].prop_map(Call::Receive),
        60 => Just(Call::Poll),
        20 => prop_oneof![1..30_usize, Just(10_000)].prop_map(Call::Write),
        1 => Just(Call::Expire),
        2 => Just(Call::ExpireOld),
        1 => Just(Call::Shutdown),
        1 => Just(Call::End),
    ]
}

/// Reads into a connection's own buffer, as a socket does, up to `most` octets; how many it were.
pub(crate) fn read(mut buffer: impl BufMut, from: &mut &[u8], most: usize) -> usize {
    let (octets, rest) = from.split_at(from.len().min(most).min(buffer.remaining_mut()));
    buffer.put_slice(octets);
    *from = rest;
    octets.len()
}
