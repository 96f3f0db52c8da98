//! Messages on the wire: how many there are, of which octets, and what is a command behind them, at
//! every way to cut the octets into segments.
//!
//! Each reader is a server that says yes to everything. An input stands behind DATA, or where BDAT may
//! stand, and a second transaction stands behind the input.

mod class;
mod cuts;
mod mailin;
mod message;
mod ours;
mod stalwart;

use crate::family::Family;
use crate::reading::{Field, Reader, Reading};

pub(crate) use class::FALSE_ENDS;

/// What a server was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Given {
    /// The paths of MAIL and RCPT that it took, in order.
    asked: Vec<String>,
    /// The octets of each message that came to its end and was taken.
    messages: Vec<Vec<u8>>,
}

/// A server that gets those segments.
type Session = fn(&[&[u8]]) -> Given;

const OPENING: [&[u8]; 3] = [b"EHLO a\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n"];

const BEHIND_DATA: &[u8] = b"\r\n.\r\nMAIL FROM:<e@f>\r\nRCPT TO:<g@h>\r\nDATA\r\nsecond\r\n.\r\n";
const BEHIND_CHUNKS: &[u8] =
    b"RSET\r\nMAIL FROM:<e@f>\r\nRCPT TO:<g@h>\r\nBDAT 8 LAST\r\nsecond\r\n";

pub(crate) fn bodies() -> Family {
    Family {
        name: "data",
        ours: |input| ours::both(&[b"DATA\r\n"], input, BEHIND_DATA),
        peers: vec![
            Reader::new("smtp-message", |input| {
                read(message::session, &[b"DATA\r\n"], input, BEHIND_DATA)
            }),
            Reader::new("Stalwart", |input| {
                read(stalwart::session, &[b"DATA\r\n"], input, BEHIND_DATA)
            }),
            Reader::new("mailin", |input| {
                read(mailin::session, &[b"DATA\r\n"], input, BEHIND_DATA)
            }),
        ],
        class: class::bodies,
    }
}

pub(crate) fn chunks() -> Family {
    Family {
        name: "chunks",
        ours: |input| ours::both(&[], input, BEHIND_CHUNKS),
        peers: vec![Reader::new("Stalwart", |input| {
            read(stalwart::session, &[], input, BEHIND_CHUNKS)
        })],
        class: class::chunks,
    }
}

fn read(session: Session, opening: &[&[u8]], input: &[u8], behind: &[u8]) -> Reading {
    let (given, stable) = play(session, opening, input, behind);
    let mut fields = fields(&given, stable);
    fields.push(("refused", String::new()));
    Reading::Taken(fields)
}

/// What a server is given of the octets whole, and whether it is the same however they are cut.
fn play(session: Session, opening: &[&[u8]], input: &[u8], behind: &[u8]) -> (Given, bool) {
    let flight = [input, behind].concat();
    let mut ways = cuts::cuts(flight.len(), input.len())
        .into_iter()
        .map(|cuts| {
            let mut segments = OPENING.to_vec();
            segments.extend(opening);
            segments.extend(cuts::segments(&flight, &cuts));
            session(&segments)
        });
    let whole = ways.next().expect("one way at least");
    let stable = ways.all(|given| given == whole);
    (whole, stable)
}

fn fields(given: &Given, stable: bool) -> Vec<Field> {
    let messages = given.messages.iter().map(|octets| shown(octets));
    vec![
        ("asked", given.asked.join(" ")),
        ("messages", messages.collect::<Vec<_>>().join(" + ")),
        (
            "cuts",
            if stable { "the same" } else { "differ" }.to_owned(),
        ),
    ]
}

/// A message as a text of a character for each octet.
fn shown(octets: &[u8]) -> String {
    if octets.is_empty() {
        return "nothing".to_owned();
    }
    octets.iter().map(|octet| char::from(*octet)).collect()
}

/// Where the first message ends behind DATA, if it does.
fn end(peer: &str, flight: &[u8]) -> Option<usize> {
    let session = match peer {
        "smtp-message" => message::session,
        "Stalwart" => stalwart::session,
        _ => mailin::session,
    };
    (1..=flight.len()).find(|end| {
        let [hello, mail, rcpt] = OPENING;
        let segments = [hello, mail, rcpt, b"DATA\r\n", &flight[..*end]];
        !session(&segments).messages.is_empty()
    })
}
