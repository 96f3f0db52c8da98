//! A server of one's own: it takes mail for one domain, but not from everybody, and prints it.

use smtp_tokio::{Accepted, Body, Config, Domain, Envelope, Handler, Mail, Rcpt};
use smtp_tokio::{Refusal, Server, Session};
use tokio::io::AsyncReadExt;

struct Printer;

impl Handler for Printer {
    async fn mail(&mut self, mail: &Mail<'_>, _: &Session) -> Result<(), Refusal> {
        match mail.from().mailbox() {
            Some(sender) if sender.is_local_to("spam.example") => Err(Refusal::policy()),
            _ => Ok(()),
        }
    }

    async fn rcpt(&mut self, rcpt: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        if rcpt.to().is_local_to("example.com") {
            Ok(())
        } else {
            Err(Refusal::relay_denied())
        }
    }

    async fn message(
        &mut self,
        envelope: Envelope,
        mut body: Body<'_>,
    ) -> Result<Accepted, Refusal> {
        let mut message = Vec::new();
        body.read_to_end(&mut message).await?; // an error here: the message is void
        for rcpt in envelope.recipients() {
            println!("From {} to {}:", envelope.sender(), rcpt.to());
        }
        println!("{}", String::from_utf8_lossy(&message));
        Ok(Accepted::default()) // from here on it is ours
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::new(Domain::try_from("mx.example.com")?);
    config.limits.message = Some(1_000_000);
    let server = Server::bind("127.0.0.1:2525", config).await?;
    println!("listening on {}", server.local_addr()?);
    server
        .serve(|_peer| Printer, tokio::signal::ctrl_c())
        .await?;
    Ok(())
}
