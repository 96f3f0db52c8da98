//! A client of one's own: it sends a message to two people and says what became of it.

use smtp_tokio::{BodyType, Client, Delivery, Envelope, Hello};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let message = "From: joe@example.org\r\nSubject: Lunch?\r\n\r\nAt noon.\r\n";
    let envelope = Envelope::new("joe@example.org", ["ann@example.com", "bob@example.com"])?
        .with_size(message.len() as u64)
        .with_body(BodyType::SevenBit);

    let mut client = Client::connect("127.0.0.1:2525")
        .hello(Hello::ehlo("client.example.org")?)
        .await?;
    let report = match client.send(envelope, message.as_bytes()).await {
        Ok(report) => report,
        Err(error) if error.delivery() == Delivery::Unknown => {
            println!("it may have arrived or not: {error}");
            return Ok(());
        }
        Err(error) => return Err(error.into()), // it has not: try again later
    };
    for (recipient, reply) in report.recipients() {
        println!("{recipient} {reply}");
    }
    client.quit().await?;
    Ok(())
}
