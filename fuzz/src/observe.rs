//! What was seen of a server, and what must hold of it whatever the client sent.

use crate::said::{Said, Turns, check_output};
use smtp_proto::server::{Closed, Event, Fault};
use std::fmt;

/// One event, kept: requests as they are written, adjacent bodies to be joined.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Asked(&'static str, String),
    Body(Vec<u8>),
    Aborted(Fault),
    Reset,
    Closed(Closed),
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(what, value) => write!(f, "{what} {value:?}"),
            Self::Body(octets) => write!(f, "body \"{}\"", octets.escape_ascii()),
            Self::Aborted(fault) => write!(f, "aborted {fault:?}"),
            Self::Reset => f.write_str("reset"),
            Self::Closed(closed) => write!(f, "closed {closed:?}"),
        }
    }
}

/// All that came of one session.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) events: Vec<Seen>,
    pub(crate) output: Vec<u8>,
    /// The session at its end, as `Debug` writes it.
    pub(crate) session: String,
    pub(crate) said: Vec<Said>,
    pub(crate) closed: Option<Closed>,
}

impl Run {
    /// Every command has its final replies, in order, and what the client wasn't asking for is the
    /// greeting, an error in framing, or the last word.
    pub(crate) fn check(&self, mut turns: Turns) {
        for said in &self.said {
            if let Err(wrong) = turns.hear(said) {
                panic!("{wrong}: {said:?} in {:?}", self.said);
            }
        }
        let cut_off = matches!(self.closed, Some(Closed::Fault(Fault::TimedOut(_))));
        // Who might not be the one who asked gets no answer.
        let glued = self.closed == Some(Closed::Fault(Fault::Glued));
        assert!(
            turns.is_settled() || cut_off || glued,
            "no reply: {:?}",
            self.said
        );
        check_output(&self.output, &self.said, cut_off);
        self.check_bodies();
    }

    /// A body that was begun ends as a message or is said to be void. In between come chunks, and
    /// questions that leave it alone.
    fn check_bodies(&self) {
        let mut open = false;
        for seen in &self.events {
            match seen {
                Seen::Body(_) => open = true,
                Seen::Aborted(_) | Seen::Asked("message", _) => open = false,
                Seen::Asked("burl", url) => open &= !url.ends_with(" LAST"),
                Seen::Asked("hello" | "vrfy" | "expn" | "help" | "own", _) => {}
                behind => assert!(!open, "{behind:?} behind a body: {:?}", self.events),
            }
        }
    }
}

/// The event, to be kept. Requests aren't answered by this.
pub(crate) fn seen(event: &Event<'_>) -> Option<Seen> {
    let asked = |what, value: &dyn ToString| Seen::Asked(what, value.to_string());
    Some(match event {
        Event::Connect(_) => asked("connect", &""),
        Event::Hello(request) => asked("hello", request.value()),
        Event::StartTls(_) => asked("starttls", &""),
        Event::Upgrade(_) => asked("upgrade", &""),
        Event::Auth(request) => {
            let response = request
                .response()
                .map(|response| response.expose().to_vec());
            let first = request.is_first();
            asked(
                "auth",
                &format!("{} {first} {response:?}", request.mechanism()),
            )
        }
        Event::Mail(request) => asked("mail", request.value()),
        Event::Rcpt(request) => asked("rcpt", request.value()),
        Event::Data(request) if request.value().is_chunked() => asked("data", &"chunked"),
        Event::Data(_) => asked("data", &""),
        Event::Burl(request) => asked("burl", request.value()),
        Event::Message(_) => asked("message", &""),
        Event::Verify(request) => asked("vrfy", &request.value().text()),
        Event::Expand(request) => asked("expn", &request.value().text()),
        Event::Help(request) => asked("help", &format!("{:?}", request.value().text())),
        Event::Etrn(request) => asked("etrn", request.value()),
        Event::Atrn(request) => asked("atrn", request.value()),
        Event::XClient(request) => asked("xclient", request.value()),
        Event::XForward(request) => asked("xforward", request.value()),
        Event::Own(request) => asked("own", request.value()),
        Event::Body(chunk) => Seen::Body(chunk.to_vec()),
        Event::Aborted(fault) => Seen::Aborted(*fault),
        Event::Reset => Seen::Reset,
        Event::Closed(closed) => Seen::Closed(*closed),
        _ => return None,
    })
}
