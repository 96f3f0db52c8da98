//! Messages that are each said as the one before ends, and what is known of each when the connection is
//! cut: at every octet of what is written, at every octet of what is read, and with any one request
//! refused. What the client says must be true of what the server did.
//!
//! There are three: by BDAT the first one waits for its recipients, and the other two go together.

mod common;

use common::{Server, Verdict, client_config, server_config, take};
use smtp_proto::bytes::BytesMut;
use smtp_proto::client::{self, Delivery, Event};
use smtp_proto::extension::Prdr;
use smtp_proto::server::{self, Dialect};
use smtp_proto::{Envelope, Extension, Hello, Refusal};

const SENDERS: [&str; MESSAGES] = ["1@b", "2@b", "3@b"];
const MESSAGES: usize = 3;

/// By what the messages travel.
#[derive(Clone, Copy, Debug)]
struct Way {
    pipelining: bool,
    chunking: bool,
    answers: Answers,
    /// In how many pieces a message is handed over; of several, two fill a chunk.
    pieces: usize,
}

const PIECE: usize = 20_000;

/// How often a message is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    Once,
    /// For each recipient, by LMTP.
    Each,
    /// For each recipient, of whom the second is refused, and then for all, by PRDR.
    EachAndAll,
}

fn ways() -> impl Iterator<Item = Way> {
    let answers = [Answers::Once, Answers::Each, Answers::EachAndAll];
    answers.into_iter().flat_map(|answers| {
        (0..4).map(move |bits| Way {
            pipelining: bits & 1 == 0,
            chunking: bits & 2 != 0,
            answers,
            pieces: 1,
        })
    })
}

/// Where the connection is cut, and what is refused: the request of that number, in that way.
#[derive(Clone, Debug)]
struct Cut {
    written: usize,
    read: usize,
    refusal: Option<(usize, Refusal)>,
}

/// What the client knows of a message in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    NotBegun,
    Accepted,
    Refused,
    NotAccepted,
    Unknown,
}

/// All that came of it.
struct Outcome {
    known: [Known; MESSAGES],
    /// Whether the server accepted it.
    accepted: [bool; MESSAGES],
    requests: usize,
    written: usize,
    read: usize,
}

fn configs(way: Way) -> (client::Config, server::Config) {
    let (mut ours, mut theirs) = (client_config(), server_config());
    ours.pipelining = way.pipelining;
    if way.chunking {
        theirs.offers.add(Extension::Chunking);
    }
    match way.answers {
        Answers::Once => {}
        Answers::Each => {
            ours.hello = Hello::lhlo("client.example.org").unwrap();
            theirs.dialect = Dialect::Lmtp;
        }
        Answers::EachAndAll => theirs.offers.add(Extension::Prdr),
    }
    (ours, theirs)
}

/// PRDR goes where it is offered.
fn envelope(message: usize) -> Envelope {
    let envelope = Envelope::new(SENDERS[message], ["c@d", "e@f"]).unwrap();
    envelope.with(Prdr)
}

fn session(way: Way, cut: &Cut) -> Outcome {
    let (ours, theirs) = configs(way);
    let mut requests = 0;
    let mut server = Server::new(theirs, |request: &str| {
        requests += 1;
        match &cut.refusal {
            Some((at, refusal)) if *at == requests - 1 => Verdict::Reject(refusal.clone()),
            _ if way.answers == Answers::EachAndAll && request == "message" => {
                Verdict::Each(vec![Ok(()), Err(Refusal::mailbox_full())])
            }
            _ => Verdict::Accept,
        }
    });
    let mut serving = server.run();
    let mut client = client::Connection::new(ours.into());
    let (mut written, mut read) = (BytesMut::new(), 0);
    let (mut begun, mut pieces) = (0, 0);
    let mut known = Vec::new();
    while let Ok(event) = client.poll() {
        match event {
            Event::NeedInput => {
                let replies = &server.seen.output[read..];
                let most = replies.len().min(cut.read - read);
                let taken = client.receive(&replies[..most]);
                read += taken;
                if taken == 0 {
                    client.receive_eof();
                }
            }
            Event::Flush if written.len() == cut.written => client.receive_eof(),
            Event::Flush => {
                let before = written.len();
                take(client.transmit(), cut.written - before, &mut written);
                serving = serving && server.feed(&written[before..]);
            }
            Event::Ready(ready) if begun == MESSAGES => ready.quit(),
            Event::Ready(ready) => {
                ready.send(envelope(begun)).unwrap();
                (begun, pieces) = (begun + 1, 0);
            }
            Event::Body(body) if pieces < way.pieces => {
                pieces += 1;
                let octets = if way.pieces == 1 { 2 } else { PIECE };
                body.send(vec![b'x'; octets]);
            }
            Event::Body(body) if begun < MESSAGES => {
                body.finish_then(envelope(begun)).unwrap();
                (begun, pieces) = (begun + 1, 0);
            }
            Event::Body(body) => body.finish(),
            Event::Sent { .. } => known.push(Known::Accepted),
            Event::Refused { at, .. }
                if at != client::Stage::Hello && at != client::Stage::Connect =>
            {
                known.push(Known::Refused);
            }
            Event::Closed(_) => break,
            _ => {}
        }
    }
    let under_way = client.deliveries().map(|delivery| match delivery {
        Delivery::Unknown => Known::Unknown,
        _ => Known::NotAccepted,
    });
    known.extend(under_way);
    assert_eq!(
        known.len(),
        begun,
        "{way:?}: each that was begun has a result"
    );
    known.resize(MESSAGES, Known::NotBegun);
    let accepted = SENDERS.map(|sender| {
        let mut messages = server.seen.messages();
        messages.any(|(envelope, _)| envelope.sender().to_string() == format!("<{sender}>"))
    });
    Outcome {
        known: known.try_into().unwrap(),
        accepted,
        written: written.len(),
        read,
        requests,
    }
}

impl Outcome {
    fn check(&self, what: impl std::fmt::Debug) {
        for (known, accepted) in self.known.into_iter().zip(self.accepted) {
            let true_of_it = match known {
                Known::Accepted => accepted,
                Known::Refused | Known::NotAccepted | Known::NotBegun => !accepted,
                Known::Unknown => true,
            };
            assert!(true_of_it, "{known:?}, but accepted: {accepted}: {what:?}");
        }
    }
}

const UNCUT: Cut = Cut {
    written: usize::MAX,
    read: usize::MAX,
    refusal: None,
};

#[test]
fn what_is_known_of_each_message_is_true_wherever_the_connection_is_cut() {
    for way in ways() {
        let uncut = session(way, &UNCUT);
        assert_eq!(uncut.known, [Known::Accepted; MESSAGES]);
        assert_eq!(uncut.accepted, [true; MESSAGES]);
        // The octets written of an end that isn't whole yet.
        let mut halves = [0; MESSAGES];
        for written in 0..uncut.written {
            let outcome = session(way, &Cut { written, ..UNCUT });
            outcome.check((way, written));
            for (message, half) in halves.iter_mut().enumerate() {
                let in_doubt = outcome.known[message] == Known::Unknown;
                *half += usize::from(in_doubt && !outcome.accepted[message]);
            }
        }
        // All but the last of CRLF . CRLF; a last chunk is whole or it isn't.
        let half = if way.chunking { 0 } else { 4 };
        assert_eq!(halves, [half; MESSAGES], "{way:?}");
        for read in 0..uncut.read {
            let outcome = session(way, &Cut { read, ..UNCUT });
            outcome.check((way, read));
        }
    }
}

#[test]
fn it_is_true_of_messages_of_several_chunks() {
    for way in ways() {
        let way = Way { pieces: 4, ..way };
        let uncut = session(way, &UNCUT);
        assert_eq!(uncut.known, [Known::Accepted; MESSAGES]);
        for written in (0..uncut.written).filter(|at| at % 997 == 0 || uncut.written - at < 60) {
            let outcome = session(way, &Cut { written, ..UNCUT });
            outcome.check((way, written));
        }
        for read in 0..uncut.read {
            let outcome = session(way, &Cut { read, ..UNCUT });
            outcome.check((way, read));
        }
    }
}

#[test]
fn it_is_true_too_with_any_request_refused_for_now_for_ever_or_with_421() {
    let refusals = [
        Refusal::policy(),
        Refusal::local_error(),
        Refusal::shutting_down(),
    ];
    for way in ways() {
        let requests = session(way, &UNCUT).requests;
        for at in 0..requests {
            for refusal in &refusals {
                let refusal = Some((at, refusal.clone()));
                let refused = Cut { refusal, ..UNCUT };
                let uncut = session(way, &refused);
                let what = (way, at);
                uncut.check(what);
                assert!(!uncut.known.contains(&Known::Unknown), "{what:?}");
                for written in 0..uncut.written {
                    let cut = Cut {
                        written,
                        ..refused.clone()
                    };
                    session(way, &cut).check((what, written));
                }
                for read in 0..uncut.read {
                    let cut = Cut {
                        read,
                        ..refused.clone()
                    };
                    session(way, &cut).check((what, read));
                }
            }
        }
    }
}

#[test]
fn one_given_up_costs_the_one_before_no_answer() {
    let (ours, theirs) = configs(Way {
        pipelining: true,
        chunking: true,
        answers: Answers::Once,
        pieces: 1,
    });
    let mut server = Server::new(theirs, |_: &str| Verdict::Accept);
    server.run();
    let mut client = client::Connection::new(ours.into());
    let (mut written, mut read, mut begun, mut sent) = (BytesMut::new(), 0, 0, 0);
    let error = loop {
        match client.poll() {
            Ok(Event::NeedInput) => {
                server.feed(&written.split());
                let taken = client.receive(&server.seen.output[read..]);
                assert!(taken > 0, "waits for nothing");
                read += taken;
            }
            Ok(Event::Flush) => take(client.transmit(), usize::MAX, &mut written),
            Ok(Event::Ready(ready)) => {
                ready.send(envelope(0)).unwrap();
                begun = 1;
            }
            Ok(Event::Body(body)) if begun < MESSAGES => {
                body.finish_then(envelope(begun)).unwrap();
                begun += 1;
            }
            Ok(Event::Body(body)) => {
                assert_eq!(sent, 1, "the second is answered already");
                body.abort();
            }
            Ok(Event::Sent { .. }) => sent += 1,
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error, client::Error::Aborted);
    assert_eq!(sent, 2);
    assert!(client.deliveries().eq([Delivery::NotAccepted]));
    server.conn.receive_eof();
    server.run();
    assert_eq!(server.seen.messages().count(), 2);
}
