//! LMTP (RFC 2033) from end to end: our client, our server, and an answer for each recipient.

#[path = "support/served.rs"]
mod served;
mod support;

use served::{Served, Told};
use smtp_tokio::{Client, Dialect, Envelope, Extension, Hello};
use std::future::IntoFuture;
use tokio::runtime::Runtime;

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\n.Hello.\r\n";

#[test]
fn each_recipient_is_answered_by_data_and_by_bdat() {
    for chunking in [false, true] {
        let server = Served::start(|config| {
            config.dialect = Dialect::Lmtp;
            if chunking {
                config.offers.add(Extension::Chunking);
            }
        });
        let hello = Hello::lhlo("client.example").expect("a name");
        let runtime = Runtime::new().expect("a runtime");
        let client = runtime.block_on(Client::connect(server.addr).hello(hello).into_future());
        let mut client = client.expect("it is greeted");
        let to = ["mixed", "nobody", "over-quota", "ann"];
        let to = to.map(|name| format!("{name}@example.com"));
        for _ in 0..2 {
            let envelope = Envelope::new("a@example.org", &to).expect("addresses");
            let report = runtime.block_on(client.send(envelope, MESSAGE));
            let report = report.expect("it is sent");
            let fates: Vec<_> = report
                .recipients()
                .map(|(path, reply)| format!("{path} {reply}"))
                .collect();
            assert_eq!(
                fates,
                [
                    "<mixed@example.com> 250 2.0.0 message accepted",
                    "<nobody@example.com> 550 5.1.1 no such mailbox",
                    "<over-quota@example.com> 452 4.2.2 mailbox full",
                    "<ann@example.com> 250 2.0.0 message accepted",
                ]
            );
            assert!(report.is_accepted() && !report.is_accepted_by_all());
            assert_eq!(server.told(), Told::Message(MESSAGE.to_vec()));
        }
        runtime.block_on(client.quit()).expect("it takes leave");
    }
}
