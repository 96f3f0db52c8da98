//! A client that was left in the middle of a message sends nothing more.

use smtp_blocking::{
    Accepted, Body, Client, Config, Delivery, Domain, Envelope, ErrorKind, Handler, Rcpt, Refusal,
    Server,
};
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

struct Sink;

impl Handler for Sink {
    fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    fn message(&mut self, _: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
        body.discard()?;
        Ok(Accepted::default())
    }
}

struct Panicking;

impl Read for Panicking {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("as the test wants it");
    }
}

#[test]
fn a_message_whose_reader_panicked_is_not_finished_by_the_next() {
    let config = Config::new(Domain::try_from("mx.example.org").expect("a domain"));
    let server = Server::bind("127.0.0.1:0", config).expect("a port");
    let addr = server.local_addr().expect("an address");
    let stopper = server.stopper().expect("an address");
    let serving = thread::spawn(move || server.serve(|_| Sink));

    let mut client = Client::connect(addr).expect("it listens");
    let to = |name| Envelope::new("a@b", [name]).expect("addresses");
    let panicked = catch_unwind(AssertUnwindSafe(|| client.send(to("first@c"), Panicking)));
    assert!(panicked.is_err());
    let error = client
        .send(to("second@c"), &b"hi\r\n"[..])
        .expect_err("half a message");
    assert!(matches!(error.kind(), ErrorKind::Interrupted));
    assert_eq!(error.delivery(), Delivery::NotAccepted);
    assert!(matches!(
        client.quit().expect_err("half a message").kind(),
        ErrorKind::Interrupted
    ));

    stopper.stop();
    serving.join().expect("no panic").expect("it served");
}
