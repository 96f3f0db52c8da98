//! Both machines with every extension, in the hands of drivers and peers that do anything: no panic, no
//! endless loop, and an end when the input ends.

mod common;

use common::calls::{Call, call};
use common::{Verdict, answer, client_config, describe, is_request, server_config, take};
use proptest::collection::vec;
use proptest::prelude::*;
use smtp_proto::bytes::{Buf, BytesMut};
use smtp_proto::extension::{
    Auth, Mechanism, Mechanisms, Prdr, TransId, XClientAttributes, XForwardAttributes,
};
use smtp_proto::server::{self, Dialect, Event};
use smtp_proto::{Command, Envelope, Extensions, Hello, Offers, Refusal, Secret, client};

/// Some of those words, or others, behind one of the first so many or none.
fn words(openings: usize, words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        20 => prop::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..10),
    ];
    let opening = prop::sample::select(words[..openings].to_vec());
    (opening, vec(word, 0..30)).prop_map(|(opening, words)| {
        let mut talk = opening.as_bytes().to_vec();
        talk.extend(words.concat());
        talk
    })
}

const COMMANDS: &[&str] = &[
    "",
    "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n",
    "LHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n",
    "EHLO a\r\nAUTH PLAIN\r\n",
    "EHLO a\r\n",
    "LHLO a\r\n",
    "HELO a\r\n",
    "STARTTLS\r\n",
    "AUTH PLAIN\r\n",
    "AUTH PLAIN AGEAYg==\r\n",
    "AGEAYg==\r\n",
    "*\r\n",
    "MAIL FROM:<a@b>\r\n",
    "MAIL FROM:<a@b> BODY=BINARYMIME PRDR\r\n",
    "MAIL FROM:<a@b> TRANSID=<1@b> SMTPUTF8\r\n",
    "RCPT TO:<c@d>\r\n",
    "RCPT TO:<c@d> NOTIFY=NEVER\r\n",
    "DATA\r\n",
    ".\r\n",
    "BDAT 5\r\nhello",
    "BDAT 3\r\na\r",
    "BDAT 2 LAST\r\n\r\n",
    "BDAT 0 LAST\r\n",
    "BDAT 99 LAST\r\n",
    "BDAT x\r\n",
    "BURL imap://a/b\r\n",
    "BURL imap://a/b LAST\r\n",
    "ETRN a.b\r\n",
    "ATRN\r\n",
    "XCLIENT ADDR=::1\r\n",
    "XFORWARD ADDR=::1\r\n",
    "VRFY x SMTPUTF8\r\n",
    "RSET\r\n",
    "NOOP\r\n",
    "QUIT\r\n",
    "\r",
    "\n",
];

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        10 => Just(Verdict::Accept),
        2 => Just(Verdict::Reject(Refusal::policy())),
        1 => Just(Verdict::Reject(Refusal::shutting_down())),
        3 => Just(Verdict::Defer),
        1 => Just(Verdict::Ignore),
        2 => Just(Verdict::Challenge("more".into())),
        2 => Just(Verdict::Identity("a".into())),
        2 => Just(Verdict::Each(vec![Ok(()), Err(Refusal::mailbox_full())])),
    ]
}

fn everything(lmtp: bool) -> server::Config {
    let mut config = server_config();
    config.offers = Offers::from(Extensions::ALL)
        .with(Mechanisms::new([Mechanism::PLAIN]))
        .with(XClientAttributes::new(["ADDR"]).unwrap())
        .with(XForwardAttributes::new(["ADDR"]).unwrap());
    config.accept_clear_passwords = true;
    config.limits.discarded = 150;
    if lmtp {
        config.dialect = Dialect::Lmtp;
    }
    config
}

/// The octets a client says, or a server, and what their reader's driver does.
macro_rules! drive {
    ($conn:ident, $talk:ident, $calls:ident, $poll:expr) => {
        let (mut rest, mut old) = (&$talk[..], None);
        for call in $calls {
            match call {
                Call::Receive(most) => {
                    let taken = $conn.receive(&rest[..most.min(rest.len())]);
                    rest = &rest[taken..];
                }
                Call::Poll => $poll(&mut $conn),
                Call::Write(most) => take($conn.transmit(), most, &mut BytesMut::new()),
                Call::Expire => {
                    old = $conn.timeout();
                    if let Some(wait) = old {
                        $conn.handle_timeout(wait);
                    }
                }
                Call::ExpireOld => {
                    if let Some(wait) = old {
                        $conn.handle_timeout(wait);
                    }
                    old = $conn.timeout();
                }
                Call::Shutdown => {}
                Call::End => $conn.receive_eof(),
            }
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_server_with_every_extension_survives_and_comes_to_an_end(
        talk in words(4, COMMANDS),
        calls in vec(call(), 1..200),
        verdicts in vec(verdict(), 1..20),
        lmtp: bool,
    ) {
        let mut conn = server::Connection::new(everything(lmtp).into());
        let mut verdicts = verdicts.into_iter().cycle();
        let mut poll = |conn: &mut server::Connection| {
            let event = conn.poll();
            if is_request(&event) {
                prop_assert!(!describe(&event).is_empty());
                answer(event, verdicts.next().unwrap());
            }
            Ok(())
        };
        drive!(conn, talk, calls, |conn| poll(conn).unwrap());
        conn.receive_eof();
        for _ in 0..1_000 {
            match conn.poll() {
                Event::Closed(_) => return Ok(()),
                Event::Flush => take(conn.transmit(), usize::MAX, &mut BytesMut::new()),
                Event::NeedInput => prop_assert!(false, "there is no more"),
                event => answer(event, Verdict::Accept),
            }
        }
        prop_assert!(false, "no end");
    }
}

const REPLIES: &[&str] = &[
    "",
    "220 mx\r\n250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-AUTH PLAIN\r\n250-PRDR\r\n250 STARTTLS\r\n",
    "220 mx\r\n250-mx\r\n250-CHUNKING\r\n250-PRDR\r\n250 CHECKPOINT\r\n250 ok\r\n250 ok\r\n",
    "220 mx\r\n",
    "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-AUTH PLAIN\r\n250-STARTTLS\r\n250-PRDR\r\n250-CHECKPOINT\r\n250-ETRN\r\n250 ATRN\r\n",
    "250-mx\r\n250-CHUNKING\r\n250-AUTH=PLAIN\r\n250 LIMITS RCPTMAX=1 MAILMAX=2 RCPTDOMAINMAX=1\r\n",
    "250 mx\r\n",
    "250 ok\r\n",
    "250 ok\r\n",
    "250 ok\r\n",
    "235 ok\r\n",
    "334 bW9yZQ==\r\n",
    "334 \r\n",
    "334 ?\r\n",
    "353 each\r\n",
    "354 go\r\n",
    "355 3 is the offset\r\n",
    "421 bye\r\n",
    "503 no\r\n",
    "550 no\r\n",
    "452 later\r\n",
];

#[derive(Clone, Debug)]
enum Wish {
    Send { flags: u8, recipients: usize },
    StartTls,
    Auth,
    Query(&'static str),
    Quit,
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        5 => (0..4_u8, 1..4_usize).prop_map(|(flags, recipients)| Wish::Send { flags, recipients }),
        1 => Just(Wish::StartTls),
        1 => Just(Wish::Auth),
        1 => prop::sample::select(vec!["ETRN a.b", "ATRN", "VRFY x", "NOOP"]).prop_map(Wish::Query),
        1 => Just(Wish::Quit),
    ]
}

fn envelope(flags: u8, recipients: usize) -> Envelope {
    let to = (0..recipients).map(|index| format!("r{index}@d{index}"));
    let mut envelope = Envelope::new("a@b", to).unwrap();
    if flags & 1 > 0 {
        envelope = envelope.with(Prdr);
    }
    if flags & 2 > 0 {
        envelope = envelope.with(TransId::new("1", "b").unwrap());
    }
    envelope
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_client_with_every_extension_survives_and_comes_to_an_end(
        talk in words(3, REPLIES),
        calls in vec(call(), 1..200),
        wishes in vec(wish(), 1..6),
        lmtp: bool,
        unseen in 0..40_u64,
    ) {
        let mut config = client_config();
        config.unseen = unseen;
        if lmtp {
            config.hello = Hello::lhlo("client.example.org").unwrap();
        }
        let mut conn = client::Connection::new(config.into());
        let offers = Offers::from(Extensions::ALL);
        let (mut wishes, mut chunks) = (wishes.into_iter(), 0);
        let mut poll = |conn: &mut client::Connection| match conn.poll() {
            Err(_) | Ok(client::Event::Closed(_)) => true,
            Ok(client::Event::Ready(ready)) => {
                let _ = match wishes.next().unwrap_or(Wish::Quit) {
                    Wish::Send { flags, recipients } => ready.send(envelope(flags, recipients)),
                    Wish::StartTls => ready.starttls(),
                    Wish::Auth => {
                        let initial = Secret::from(&b"\0a\0b"[..]);
                        ready.auth(Auth::new(Mechanism::PLAIN, Some(initial)))
                    }
                    Wish::Query(line) => {
                        let syntax = smtp_proto::Syntax::new(&offers);
                        ready.command(&Command::parse(line.as_bytes(), syntax).unwrap())
                    }
                    Wish::Quit => {
                        ready.quit();
                        Ok(())
                    }
                };
                false
            }
            Ok(client::Event::Body(body)) => {
                chunks += 1;
                match chunks % 4 {
                    0 => body.finish(),
                    1 => body.send(vec![b'x'; 40_000]),
                    _ => body.send(&b".a\r\n"[..]),
                }
                false
            }
            Ok(client::Event::Upgrade(upgrade)) => {
                upgrade.complete();
                false
            }
            Ok(client::Event::Challenge(challenge)) => {
                challenge.respond(b"less");
                false
            }
            Ok(_) => false,
        };
        drive!(conn, talk, calls, |conn: &mut client::Connection| {
            poll(conn);
        });
        conn.receive_eof();
        for _ in 0..1_000 {
            if poll(&mut conn) {
                return Ok(());
            }
            let octets = conn.transmit().remaining();
            conn.transmit().advance(octets);
        }
        prop_assert!(false, "no end");
    }
}
