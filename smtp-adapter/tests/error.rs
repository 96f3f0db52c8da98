//! What a client is told when something goes wrong.

use smtp_adapter::{Error, ErrorKind};
use smtp_proto::client::Delivery;
use std::io;

#[test]
fn of_a_lost_connection_the_oldest_message_has_the_reason() {
    let mut why = Error::lost(ErrorKind::Io(io::ErrorKind::ConnectionReset.into()));
    let oldest = why(Delivery::Unknown);
    assert!(matches!(oldest.kind(), ErrorKind::Io(_)));
    assert_eq!(oldest.delivery(), Delivery::Unknown);
    for _ in 0..2 {
        let other = why(Delivery::NotAccepted);
        assert!(matches!(other.kind(), ErrorKind::Lost));
        assert_eq!(other.delivery(), Delivery::NotAccepted);
    }
}

#[test]
fn an_error_says_where_the_message_may_have_been_accepted() {
    let told = |delivery| Error::new(ErrorKind::Closed(None), delivery).to_string();
    let closed = "the server closed the connection";
    assert_eq!(told(Delivery::Idle), closed);
    assert_eq!(told(Delivery::NotAccepted), closed);
    let unknown = format!("{closed} (the message may have been accepted)");
    assert_eq!(told(Delivery::Unknown), unknown);
}
