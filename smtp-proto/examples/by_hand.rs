//! A client and a server in one thread, with no socket between them.

use smtp_proto::bytes::Buf;
use smtp_proto::{Envelope, Hello, Refusal, address::Domain, client, server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = client::Config::new(Hello::ehlo("client.example.com")?);
    let mut client = client::Connection::new(config.into());
    let config = server::Config::new(Domain::try_from("mx.example.org")?);
    let mut server = server::Connection::new(config.into());
    client.set_transcript(|entry| println!("{entry}"));

    let to = ["ann@example.org", "bob@example.net"];
    let mut envelope = Some(Envelope::new("joe@example.com", to)?);
    let mut content = Some("Subject: hello\r\n\r\n.This dot is doubled on its way.\r\n");

    loop {
        match client.poll()? {
            client::Event::Ready(ready) => match envelope.take() {
                Some(envelope) => ready.send(envelope)?,
                None => ready.quit(),
            },
            client::Event::Body(body) => match content.take() {
                Some(text) => body.send(text),
                None => body.finish(),
            },
            client::Event::Flush => {
                let taken = server.receive(client.transmit().chunk());
                client.transmit().advance(taken);
            }
            client::Event::NeedInput => serve(&mut server, &mut client),
            client::Event::Closed(_) => return Ok(()),
            _ => {} // what became of each recipient, and of the message
        }
    }
}

/// Lets the server go on until it waits for the client again.
fn serve(server: &mut server::Connection, client: &mut client::Connection) {
    loop {
        match server.poll() {
            server::Event::Rcpt(rcpt) if rcpt.value().to().is_local_to("example.org") => {
                rcpt.accept();
            }
            server::Event::Rcpt(rcpt) => rcpt.reject(Refusal::relay_denied()),
            server::Event::Body(chunk) => println!("   {} octets of the message", chunk.len()),
            server::Event::Message(message) => message.accept(),
            server::Event::Flush => {
                let taken = client.receive(server.transmit().chunk());
                server.transmit().advance(taken);
            }
            server::Event::NeedInput | server::Event::Closed(_) => return,
            other => other.answer_by_default(),
        }
    }
}
