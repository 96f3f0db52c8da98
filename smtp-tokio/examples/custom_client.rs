//! A client of one's own: it sends a message to two people and says what became of it.

use smtp_tokio::smtp_proto::{BodyType, Hello};
use smtp_tokio::{Client, Delivery, Envelope};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let message = "From: joe@example.org\r\nSubject: Lunch?\r\n\r\nAt noon.\r\n";
    let envelope = Envelope::new("joe@example.org", ["ann@example.com", "bob@example.com"])?
        .with_size(message.len() as u64)
        .with_body(BodyType::SevenBit);

    let mut client = Client::connect("127.0.0.1:2525")
        .hello(Hello::ehlo("client.example.org")?)
        .await?;
    match client.send(envelope, message.as_bytes()).await {
        Ok(report) => {
            for (recipient, reply) in report.recipients() {
                println!("{recipient} {reply}");
            }
        }
        Err(error) if error.delivery() == Delivery::NotAccepted => {
            println!("not sent, try again: {error}");
        }
        Err(error) => println!("{error}"),
    }
    client.quit().await?;
    Ok(())
}
