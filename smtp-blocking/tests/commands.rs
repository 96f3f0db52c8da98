//! What the handler is asked beside mail: ETRN, XCLIENT, XFORWARD, and verbs of one's own.

#[path = "../../smtp-tokio/tests/support/mod.rs"]
mod support;

use smtp_blocking::smtp_proto::command::Own;
use smtp_blocking::smtp_proto::extension::{
    Attribute, Etrn, OwnExtension, Queue, XClient, XClientAttributes, XForward, XForwardAttributes,
};
use smtp_blocking::{
    Accepted, Body, Config, Domain, Envelope, Extension, Handler, Mail, Rcpt, Refusal, Server,
    Session, Text,
};
use std::net::SocketAddr;
use std::thread;
use support::peer::Peer;

/// Knows what to say, or nothing but what it must.
struct Clerk {
    talks: bool,
}

impl Handler for Clerk {
    fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    fn message(&mut self, _: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
        body.discard()?;
        Ok(Accepted::default())
    }

    fn mail(&mut self, _: &Mail<'_>, session: &Session) -> Result<(), Refusal> {
        match session.identity() {
            Some("wietse") => Ok(()),
            _ => Err(Refusal::policy()),
        }
    }

    fn etrn(&mut self, etrn: &Etrn<'_>) -> Result<Queue, Refusal> {
        if self.talks && etrn.to_string() == "ETRN example.org" {
            Ok(Queue::Messages(3))
        } else {
            Err(Refusal::local_error())
        }
    }

    fn xclient(&mut self, xclient: &XClient<'_>) -> Result<Option<String>, Refusal> {
        match xclient.get("LOGIN") {
            _ if !self.talks => Err(Refusal::local_error()),
            Some(Attribute::Known(name)) => Ok(Some(name.into_owned())),
            _ => Ok(None),
        }
    }

    fn xforward(&mut self, xforward: &XForward<'_>) -> Result<(), Refusal> {
        match xforward.get("NAME") {
            Some(_) if self.talks => Ok(()),
            _ => Err(Refusal::local_error()),
        }
    }

    fn own(&mut self, own: &Own<'_>, _: &Session) -> Result<Text, Refusal> {
        match own.argument() {
            "please" if self.talks => Ok(Text::new("as you like").expect("a text")),
            _ => Err(Refusal::local_error()),
        }
    }
}

/// One that writes none of it.
struct Silent;

impl Handler for Silent {
    fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    fn message(&mut self, _: Envelope, _: Body<'_>) -> Result<Accepted, Refusal> {
        Err(Refusal::policy())
    }
}

fn serve<H: Handler + 'static>(handler: fn() -> H) -> SocketAddr {
    let mut config = Config::new(Domain::try_from("mx.example.com").expect("a name"));
    config.offers.add(Extension::Etrn);
    let attributes = XClientAttributes::new(["NAME", "LOGIN"]);
    config.offers.add(attributes.expect("they are keywords"));
    let attributes = XForwardAttributes::new(["NAME"]);
    config.offers.add(attributes.expect("they are keywords"));
    let own = OwnExtension::new("XGREET").expect("a keyword");
    config.offers.add(own.with_verb("XGREET").expect("a verb"));
    let server = Server::bind("127.0.0.1:0", config).expect("a port");
    let addr = server.local_addr().expect("it listens");
    thread::spawn(move || server.serve(|_| handler()));
    addr
}

#[test]
fn each_of_them_is_answered_as_the_handler_says() {
    let mut peer = Peer::hello(serve(|| Clerk { talks: true }));
    for (line, reply) in [
        ("ETRN example.org", "253 2.0.0 "),
        ("ETRN example.net", "451 4.3.0 "),
        ("XFORWARD NAME=spike.example.org", "250 2.0.0 "),
        ("XGREET please", "250 2.0.0 as you like"),
        ("XGREET", "451 4.3.0 "),
        ("MAIL FROM:<>", "550 5.7.1 "),
        ("XCLIENT NAME=spike.example.org LOGIN=wietse", "220 "),
        ("EHLO spike.example.org", "250-"),
        ("MAIL FROM:<>", "250 2.1.0 "),
        ("RSET", "250 "),
        ("XCLIENT NAME=[UNAVAILABLE]", "220 "),
        ("EHLO spike.example.org", "250-"),
        ("MAIL FROM:<>", "550 5.7.1 "),
    ] {
        let said = peer.ask(line);
        assert!(said.starts_with(reply), "{line}: {said}");
    }
}

#[test]
fn and_refused_where_the_handler_does_not_write_it() {
    let mut silent = Peer::hello(serve(|| Silent));
    let mut mute = Peer::hello(serve(|| Clerk { talks: false }));
    for line in [
        "ETRN example.org",
        "XFORWARD NAME=a",
        "XGREET please",
        "XCLIENT NAME=a",
    ] {
        for peer in [&mut silent, &mut mute] {
            let said = peer.ask(line);
            assert!(said.starts_with("451 4.3.0 "), "{line}: {said}");
        }
    }
}
