//! Connections of a pool that are lost or of no more use, and what that means for the message.

#[path = "support/mock.rs"]
mod mock;

use mock::{Mock, envelope, fates};
use smtp_tokio::{Client, Connect, Content, Credentials, Delivery, Envelope, ErrorKind, Hello};
use smtp_tokio::{Pool, PoolConfig, PoolError, Report, SendError};
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

/// How long anything may take that should take no time at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is heard of a message before it comes, and what is said to it.
const SCRIPT: [(&str, &str); 3] = [("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")];

/// A server to speak for, and a pool of one connection to it, which is made like that.
async fn paired_by(how: fn(Connect) -> Connect) -> (TcpListener, Pool) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let mut config = PoolConfig::default();
    config.max_connections = 1;
    let pool = Pool::new(config, move || how(Client::connect(addr)));
    (listener, pool)
}

async fn paired() -> (TcpListener, Pool) {
    paired_by(|connect| connect).await
}

/// The next client, which has said hello.
async fn greet(listener: &TcpListener, offers: &str) -> Mock<TcpStream> {
    let (stream, _) = listener.accept().await.expect("a client");
    let mut mock = Mock(BufReader::new(stream));
    mock.say("220 mock").await;
    let hello = format!("250-mock\r\n{offers}250 HELP");
    mock.talk(&[("", &hello)]).await;
    mock
}

/// Takes a message.
async fn take(mock: &mut Mock<TcpStream>) {
    mock.talk(&SCRIPT).await;
    mock.body().await;
    mock.say("250 kept").await;
}

/// Both at once, within reason.
async fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let both = async { tokio::join!(one, other) };
    timeout(PATIENCE, both).await.expect("it comes to an end")
}

async fn send(pool: &Pool, content: impl Content) -> Result<Report, PoolError> {
    pool.send(envelope(&["b@example.com"]), content).await
}

/// A pool whose connection was used already.
async fn used() -> (TcpListener, Pool, Mock<TcpStream>) {
    let (listener, pool) = paired().await;
    let serve = async {
        let mut mock = greet(&listener, "").await;
        take(&mut mock).await;
        mock
    };
    let (sent, mock) = both(send(&pool, MESSAGE), serve).await;
    assert!(sent.expect("a report").is_accepted());
    (listener, pool, mock)
}

/// Expects the next message by a new connection.
async fn goes_by_a_new_one(listener: &TcpListener, pool: &Pool) {
    let serve = async {
        let mut mock = greet(listener, "").await;
        take(&mut mock).await;
    };
    let (sent, ()) = both(send(pool, MESSAGE), serve).await;
    assert!(sent.expect("a report").is_accepted());
}

/// Expects that nobody connects.
async fn nobody_comes(listener: &TcpListener) {
    let nobody = timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(nobody.is_err());
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Close,
    Reset,
    Farewell,
}

impl End {
    const ALL: [Self; 3] = [Self::Close, Self::Reset, Self::Farewell];

    /// Ends it so; a server that says farewell may wait for the client to go.
    async fn end(self, mut mock: Mock<TcpStream>) -> Option<Mock<TcpStream>> {
        match self {
            Self::Close => {}
            Self::Reset => mock.0.get_ref().set_zero_linger().expect("a setting"),
            Self::Farewell => {
                mock.say("421 going down").await;
                return Some(mock);
            }
        }
        None
    }
}

#[tokio::test]
async fn an_idle_connection_that_the_server_left_is_not_used() {
    for end in End::ALL {
        let (listener, pool, mock) = used().await;
        let left = end.end(mock).await;
        // It takes the time it takes to get here.
        sleep(Duration::from_millis(50)).await;
        goes_by_a_new_one(&listener, &pool).await;
        if let Some(mut mock) = left {
            assert_eq!(mock.rest().await, b"", "{end:?}");
        }
    }
}

#[tokio::test]
async fn a_used_connection_that_breaks_within_a_message_is_replaced_once() {
    let large = large();
    for end in End::ALL {
        for stage in 0..=SCRIPT.len() {
            let (listener, pool, mut mock) = used().await;
            let opened = AtomicUsize::new(0);
            let content = || async {
                let first = opened.fetch_add(1, Ordering::Relaxed) == 0;
                Ok(if first { &large[..] } else { MESSAGE })
            };
            let serve = async {
                breaks_at(&mut mock, stage).await;
                end.end(mock).await;
                take(&mut greet(&listener, "").await).await;
            };
            let (sent, ()) = both(send(&pool, content), serve).await;
            assert!(sent.expect("a report").is_accepted(), "{end:?} at {stage}");
        }
    }
}

/// More than the network holds.
fn large() -> Vec<u8> {
    b"0123456789abcdef0123456789abcd\r\n".repeat(512 * 1024)
}

/// Answers so many commands and hears what comes then.
async fn breaks_at(mock: &mut Mock<TcpStream>, stage: usize) {
    mock.talk(&SCRIPT[..stage]).await;
    match SCRIPT.get(stage) {
        Some((command, _)) => drop(mock.hear(command).await),
        None => drop(mock.hear("0123").await),
    }
}

#[tokio::test]
async fn a_new_connection_that_breaks_is_an_error_of_the_message() {
    for stage in 0..=SCRIPT.len() {
        for replaces in [false, true] {
            let (listener, pool) = paired().await;
            let serve = async {
                if replaces {
                    let mut first = greet(&listener, "").await;
                    take(&mut first).await;
                    breaks_at(&mut first, stage).await;
                }
                breaks_at(&mut greet(&listener, "").await, stage).await;
                nobody_comes(&listener).await;
            };
            let messages = async {
                if replaces {
                    send(&pool, MESSAGE).await.expect("a report");
                }
                send(&pool, large()).await
            };
            let (sent, ()) = both(messages, serve).await;
            assert!(matches!(sent, Err(PoolError::NotAccepted(_))), "{sent:?}");
            goes_by_a_new_one(&listener, &pool).await;
        }
    }
}

#[tokio::test]
async fn a_message_that_may_have_been_accepted_is_not_sent_again() {
    for end in [End::Close, End::Reset] {
        let (listener, pool, mut mock) = used().await;
        let serve = async {
            mock.talk(&SCRIPT).await;
            mock.body().await;
            end.end(mock).await;
            nobody_comes(&listener).await;
        };
        let (sent, ()) = both(send(&pool, MESSAGE), serve).await;
        let Err(PoolError::Unknown(error)) = sent else {
            panic!("{sent:?}");
        };
        assert_eq!(error.delivery(), Delivery::Unknown);
        goes_by_a_new_one(&listener, &pool).await;
    }
}

#[tokio::test]
async fn a_refusal_that_is_followed_by_a_farewell_is_a_refusal() {
    let (listener, pool, mut mock) = used().await;
    let serve = async {
        mock.talk(&SCRIPT[..2]).await;
        mock.talk(&[("DATA", "554 no\r\n421 going down")]).await;
        nobody_comes(&listener).await;
    };
    let (sent, ()) = both(send(&pool, MESSAGE), serve).await;
    let report = sent.expect("a report");
    assert_eq!(fates(&report), ["<b@example.com> 554 no"]);
    goes_by_a_new_one(&listener, &pool).await;
}

#[tokio::test]
async fn a_farewell_by_a_new_connection_is_a_report() {
    let (listener, pool) = paired().await;
    let serve = async {
        let mut mock = greet(&listener, "").await;
        mock.talk(&[("MAIL", "421 too busy")]).await;
        nobody_comes(&listener).await;
    };
    let (sent, ()) = both(send(&pool, MESSAGE), serve).await;
    let report = sent.expect("a report");
    assert_eq!(fates(&report), ["<b@example.com> 421 too busy"]);
    goes_by_a_new_one(&listener, &pool).await;
}

#[tokio::test]
async fn a_message_that_was_accepted_for_one_recipient_is_not_sent_again() {
    let (listener, pool) = paired_by(|connect| {
        let hello = Hello::lhlo("client.example").expect("a name");
        connect.hello(hello.into_owned())
    })
    .await;
    let serve = async {
        let mut mock = greet(&listener, "").await;
        take(&mut mock).await;
        mock.talk(&SCRIPT[..2]).await;
        mock.talk(&SCRIPT[1..]).await;
        mock.body().await;
        mock.say("250 kept\r\n421 going down").await;
        nobody_comes(&listener).await;
    };
    let messages = async {
        send(&pool, MESSAGE).await.expect("a report");
        let envelope = envelope(&["b@example.com", "c@example.com"]);
        pool.send(envelope, MESSAGE).await
    };
    let (sent, ()) = both(messages, serve).await;
    let fates = fates(&sent.expect("a report"));
    assert_eq!(
        fates,
        ["<b@example.com> 250 kept", "<c@example.com> 421 going down"]
    );
}

#[tokio::test]
async fn what_is_wrong_with_the_message_costs_no_connection() {
    let (_listener, pool, mut mock) = used().await;
    let refuse = async {
        mock.talk(&[("MAIL", "250 ok"), ("RCPT", "550 no")]).await;
        mock.talk(&[("RSET", "250 ok")]).await;
        take(&mut mock).await;
    };
    let send_both = async {
        let report = send(&pool, MESSAGE).await.expect("a report");
        assert_eq!(fates(&report), ["<b@example.com> 550 no"]);
        send(&pool, MESSAGE).await.expect("a report");
    };
    both(send_both, refuse).await;

    let foreign = Envelope::parse_utf8("a@example.org", ["\u{f6}@example.com"]);
    let sent = pool.send(foreign.expect("addresses"), MESSAGE).await;
    let Err(PoolError::NotAccepted(error)) = sent else {
        panic!("{sent:?}");
    };
    assert!(matches!(
        error.kind(),
        ErrorKind::Send(SendError::Missing(_))
    ));

    let missing = || async { Err::<&[u8], _>(io::ErrorKind::NotFound.into()) };
    let sent = send(&pool, missing).await;
    let Err(PoolError::NotAccepted(error)) = sent else {
        panic!("{sent:?}");
    };
    assert!(matches!(error.kind(), ErrorKind::Content(_)));

    let (sent, ()) = both(send(&pool, MESSAGE), take(&mut mock)).await;
    assert!(sent.expect("a report").is_accepted());
}

#[tokio::test]
async fn a_message_that_cannot_be_read_to_its_end_is_not_tried_again() {
    let (listener, pool, mut mock) = used().await;
    let opened = AtomicUsize::new(0);
    let broken = || async {
        opened.fetch_add(1, Ordering::Relaxed);
        Ok(&b"one\rtwo"[..])
    };
    let serve = async {
        mock.talk(&SCRIPT).await;
        let sent = mock.rest().await;
        assert!(!sent.ends_with(b".\r\n"), "{sent:?}");
        nobody_comes(&listener).await;
    };
    let (sent, ()) = both(send(&pool, broken), serve).await;
    assert!(matches!(sent, Err(PoolError::NotAccepted(_))), "{sent:?}");
    assert_eq!(opened.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_connection_that_has_reached_the_limits_of_the_server_is_left() {
    let (listener, pool) = paired().await;
    let serve = async {
        for _ in 0..2 {
            let mut mock = greet(&listener, "250-LIMITS MAILMAX=1\r\n").await;
            take(&mut mock).await;
            mock.talk(&[("QUIT", "221 bye")]).await;
        }
    };
    let send_both = async {
        for _ in 0..2 {
            assert!(send(&pool, MESSAGE).await.expect("a report").is_accepted());
        }
        pool.close().await;
    };
    both(send_both, serve).await;
}

#[tokio::test]
async fn a_send_that_is_dropped_takes_its_connection_along() {
    let (listener, pool, mut mock) = used().await;
    let serve = breaks_at(&mut mock, SCRIPT.len());
    tokio::select! {
        sent = send(&pool, large()) => panic!("{sent:?}"),
        () = serve => {}
    }
    assert!(!mock.rest().await.ends_with(b".\r\n"));
    // The place is free.
    goes_by_a_new_one(&listener, &pool).await;
}

#[tokio::test]
async fn a_pool_that_is_dropped_takes_its_idle_connections_along() {
    let (_listener, pool, mut mock) = used().await;
    // The task that would leave it is there, and asleep.
    sleep(Duration::from_millis(10)).await;
    drop(pool);
    let rest = timeout(PATIENCE, mock.rest()).await;
    assert_eq!(rest.expect("it ends"), b"");
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_asked_once_a_message() {
    let (listener, pool) = paired_by(|connect| {
        let joe = Credentials::new("joe", "wonderland").expect("credentials");
        let connect = connect.configure(|config| config.send_clear_passwords = true);
        connect.auth(joe)
    })
    .await;
    let serve = async {
        for _ in 0..5 {
            let mut mock = greet(&listener, "250-AUTH PLAIN\r\n").await;
            mock.talk(&[("AUTH PLAIN", "535 no")]).await;
        }
        nobody_comes(&listener).await;
    };
    let mut tasks = JoinSet::new();
    for _ in 0..5 {
        let pool = pool.clone();
        tasks.spawn(async move { send(&pool, MESSAGE).await });
    }
    let (sent, ()) = both(tasks.join_all(), serve).await;
    for sent in sent {
        let Err(PoolError::NotAccepted(error)) = sent else {
            panic!("{sent:?}");
        };
        assert!(matches!(error.kind(), ErrorKind::AuthRefused(_)), "{error}");
    }
}
