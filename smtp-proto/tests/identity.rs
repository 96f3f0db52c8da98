//! Who the client is: what may prove it, and a proxy's word for it.

mod common;

use common::{server_config, take};
use smtp_proto::bytes::BytesMut;
use smtp_proto::extension::{Mechanism, Mechanisms, XClientAttributes};
use smtp_proto::server::{Config, Connection, Event};

fn config() -> Config {
    let mut config = server_config();
    config.offers.add(Mechanisms::new([
        Mechanism::PLAIN,
        Mechanism::SCRAM_SHA_256,
        Mechanism::SCRAM_SHA_256_PLUS,
    ]));
    config
}

/// What is said to these lines, if every request is taken; whoever comes by XCLIENT is `tim`.
fn said(conn: &mut Connection, lines: &str) -> String {
    let (mut output, mut input) = (BytesMut::new(), Some(lines));
    loop {
        match conn.poll() {
            Event::NeedInput => match input.take() {
                Some(lines) => assert_eq!(conn.receive(lines.as_bytes()), lines.len()),
                None => return String::from_utf8(output.to_vec()).unwrap(),
            },
            Event::Flush => take(conn.transmit(), usize::MAX, &mut output),
            Event::XClient(request) => request.accept_as("tim"),
            Event::Closed(_) => panic!("{output:?}"),
            event => event.answer_by_default(),
        }
    }
}

#[test]
fn what_is_bound_to_the_channel_is_offered_only_where_it_can_be() {
    let offered = |mut conn: Connection, bind: bool| {
        // Before the hello: it says so from there on.
        said(&mut conn, "NOOP\r\n");
        if bind {
            conn.bind_channel();
        }
        let hello = said(&mut conn, "EHLO a\r\n");
        let line = hello.lines().find(|line| line.contains("AUTH"));
        line.map(|line| line[4..].to_owned())
    };
    let over_tls = || Connection::over_tls(config().into());
    let (unbound, bound) = ("AUTH PLAIN SCRAM-SHA-256", " SCRAM-SHA-256-PLUS");
    assert_eq!(offered(over_tls(), false).unwrap(), unbound);
    assert_eq!(
        offered(over_tls(), true).unwrap(),
        format!("{unbound}{bound}")
    );
    let in_clear = || Connection::new(config().into());
    assert_eq!(offered(in_clear(), true), offered(in_clear(), false));
}

#[test]
fn whom_a_proxy_speaks_for_is_known_from_then_on() {
    let mut config = config();
    let attributes = XClientAttributes::new(["ADDR", "LOGIN"]).unwrap();
    config.offers.add(attributes);
    let mut conn = Connection::new(config.into());
    said(&mut conn, "EHLO proxy\r\n");
    assert_eq!(conn.session().identity(), None);
    let reply = said(&mut conn, "XCLIENT ADDR=192.0.2.1 LOGIN=tim\r\n");
    assert!(reply.starts_with("220 "), "{reply}");
    assert_eq!(conn.session().identity(), Some("tim"));
    // It is the session of another now, who says hello first.
    assert!(said(&mut conn, "MAIL FROM:<a@b>\r\n").starts_with("503 "));
    said(&mut conn, "EHLO a\r\n");
    assert_eq!(conn.session().identity(), Some("tim"));
}
