//! Stalwart's `smtp-proto`: its receivers, one for each kind of octets, in a loop as its server has it.

use super::Given;
use stalwart_smtp_proto::request::receiver::{
    BdatReceiver, DataReceiver, DummyLineReceiver, RequestReceiver,
};
use stalwart_smtp_proto::{Error, Request};
use std::slice::Iter;

enum Receiver {
    Request(RequestReceiver),
    Data(DataReceiver),
    Bdat(BdatReceiver),
    /// A line that is too long.
    Line(DummyLineReceiver),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Idle,
    Mail,
    Rcpt,
}

struct Server {
    receiver: Receiver,
    place: Place,
    message: Vec<u8>,
    given: Given,
}

pub(super) fn session(segments: &[&[u8]]) -> Given {
    let mut server = Server {
        receiver: Receiver::Request(RequestReceiver::default()),
        place: Place::Idle,
        message: Vec::new(),
        given: Given::default(),
    };
    for segment in segments {
        let mut octets = segment.iter();
        while server.ingest(&mut octets) {}
    }
    server.given
}

impl Server {
    /// Whether it may go on with what is left.
    fn ingest(&mut self, octets: &mut Iter<'_, u8>) -> bool {
        let next = match &mut self.receiver {
            Receiver::Request(receiver) => match receiver.ingest(octets) {
                Err(Error::NeedsMoreData { .. }) => return false,
                Err(Error::ResponseTooLong) => Some(Receiver::Line(DummyLineReceiver::default())),
                Err(_) => None,
                Ok(request) => answer(request, &mut self.place, &mut self.given, &mut self.message),
            },
            Receiver::Line(receiver) => {
                if !receiver.ingest(octets) {
                    return false;
                }
                Some(Receiver::Request(RequestReceiver::default()))
            }
            Receiver::Data(receiver) => {
                if !receiver.ingest(octets, &mut self.message) {
                    return false;
                }
                self.place = Place::Idle;
                self.given.messages.push(std::mem::take(&mut self.message));
                Some(Receiver::Request(RequestReceiver::default()))
            }
            Receiver::Bdat(receiver) => {
                if !receiver.ingest(octets, &mut self.message) {
                    return false;
                }
                if receiver.is_last {
                    self.place = Place::Idle;
                    self.given.messages.push(std::mem::take(&mut self.message));
                }
                Some(Receiver::Request(RequestReceiver::default()))
            }
        };
        if let Some(next) = next {
            self.receiver = next;
        }
        octets.len() > 0 || matches!(self.receiver, Receiver::Bdat(_))
    }
}

fn answer(
    request: Request<std::borrow::Cow<'_, str>>,
    place: &mut Place,
    given: &mut Given,
    message: &mut Vec<u8>,
) -> Option<Receiver> {
    match request {
        Request::Mail { from } if *place == Place::Idle => {
            given.asked.push(format!("<{}>", from.address));
            *place = Place::Mail;
        }
        Request::Rcpt { to } if *place != Place::Idle => {
            given.asked.push(format!("<{}>", to.address));
            *place = Place::Rcpt;
        }
        Request::Rset => {
            message.clear();
            *place = Place::Idle;
        }
        Request::Data if *place == Place::Rcpt => {
            return Some(Receiver::Data(DataReceiver::new()));
        }
        Request::Bdat {
            chunk_size,
            is_last,
        } if *place == Place::Rcpt => {
            return Some(Receiver::Bdat(BdatReceiver::new(chunk_size, is_last)));
        }
        _ => {}
    }
    None
}
