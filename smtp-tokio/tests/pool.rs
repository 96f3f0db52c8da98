//! A pool of connections to a server that means well, and to one that hangs up wherever it likes.

#[path = "support/host.rs"]
mod host;
#[path = "support/identity.rs"]
mod identity;
#[path = "support/mock.rs"]
mod mock;
#[path = "support/served.rs"]
mod served;
mod support;

use host::{Habits, Host};
use identity::Identity;
use mock::envelope;
use served::{Served, Told};
use smtp_tokio::smtp_proto::server::Closed;
use smtp_tokio::{Client, Pool, PoolConfig, PoolError, Report};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::PATIENCE;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{advance, pause, resume, sleep, timeout};

const OBLIGING: Habits = Habits {
    offers: &["8BITMIME"],
    hangs_up: None,
};

fn pool(addr: SocketAddr, configure: impl FnOnce(&mut PoolConfig)) -> Pool {
    let mut config = PoolConfig::default();
    configure(&mut config);
    Pool::new(config, move || Client::connect(addr))
}

/// Sends a message of that subject, every other one from where it stands in memory.
async fn send(pool: &Pool, subject: usize) -> Result<Report, PoolError> {
    let message = format!("Subject: {subject}\r\n\r\nHello.\r\n");
    let to = envelope(&["b@example.com"]);
    let sent = async {
        if subject.is_multiple_of(2) {
            pool.send(to, message.into_bytes()).await
        } else {
            pool.send_bytes(to, message).await
        }
    };
    timeout(PATIENCE, sent).await.expect("it comes to an end")
}

/// Sends messages of these subjects by as many tasks, begun in that order.
fn sending(pool: &Pool, subjects: Range<usize>) -> JoinSet<Result<Report, PoolError>> {
    let mut tasks = JoinSet::new();
    for subject in subjects {
        let pool = pool.clone();
        tasks.spawn(async move { send(&pool, subject).await });
    }
    tasks
}

/// Waits until that has been counted so often.
async fn counted(counter: &AtomicUsize, times: usize) {
    let count = async {
        while counter.load(Ordering::Relaxed) < times {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = timeout(PATIENCE, count).await;
    waited.unwrap_or_else(|_| panic!("{counter:?} isn't {times}"));
}

fn numbers(host: &Host) -> Vec<usize> {
    let taken = host.taken();
    taken
        .iter()
        .map(|subject| subject.parse().expect("a number"))
        .collect()
}

#[tokio::test]
async fn messages_one_after_another_go_by_one_connection() {
    let (addr, host) = Host::start(OBLIGING).await;
    let pool = pool(addr, |_| {});
    for subject in 0..5 {
        assert!(send(&pool, subject).await.expect("a report").is_accepted());
    }
    assert_eq!(host.connections.load(Ordering::Relaxed), 1);
    pool.close().await;
    assert_eq!(host.quits.load(Ordering::Relaxed), 1);
}

#[test]
fn a_connection_under_tls_is_used_again() {
    let identity = Identity::new();
    let server = Served::with(|_| {}, |server| server.starttls(identity.server()));
    let (addr, tls) = (server.addr, identity.client());
    let pool = Pool::new(PoolConfig::default(), move || {
        Client::connect(addr).starttls(tls.clone())
    });
    // The server has a runtime of its own, so the client gets one too.
    Runtime::new().expect("a runtime").block_on(async {
        for subject in 0..3 {
            send(&pool, subject).await.expect("a report");
            // What TLS itself has to say meanwhile is no farewell.
            sleep(Duration::from_millis(10)).await;
        }
        pool.close().await;
    });
    for _ in 0..3 {
        assert!(matches!(server.told(), Told::Message(_)));
    }
    assert_eq!(server.told(), Told::Closed(Closed::Quit));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_connections_are_made_than_are_allowed() {
    let (addr, host) = Host::start(OBLIGING).await;
    // Some of them are left meanwhile, and keep their places until they are gone.
    let pool = pool(addr, |config| {
        config.max_connections = 3;
        config.max_messages = 7;
    });
    let sent = sending(&pool, 0..60).join_all().await;
    assert!(sent.iter().all(Result::is_ok));
    pool.close().await;
    assert_eq!(host.taken().len(), 60);
    assert_eq!(host.most_at_once.load(Ordering::Relaxed), 3);
    let connections = host.connections.load(Ordering::Relaxed);
    assert_eq!(host.quits.load(Ordering::Relaxed), connections);
}

#[tokio::test]
async fn who_waits_longest_is_next() {
    let (addr, host) = Host::start(OBLIGING).await;
    let pool = pool(addr, |config| config.max_connections = 0);
    sending(&pool, 0..20).join_all().await;
    assert_eq!(numbers(&host), (0..20).collect::<Vec<_>>());
    assert_eq!(host.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_connection_is_left_after_so_many_messages() {
    let (addr, host) = Host::start(OBLIGING).await;
    let pool = pool(addr, |config| {
        config.max_connections = 1;
        config.max_messages = 2;
    });
    for subject in 0..5 {
        send(&pool, subject).await.expect("a report");
    }
    assert_eq!(host.connections.load(Ordering::Relaxed), 3);
    assert_eq!(host.quits.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_idle_connection_is_left_when_its_time_is_over() {
    let (addr, host) = Host::start(OBLIGING).await;
    let pool = pool(addr, |config| config.max_idle = Duration::from_secs(50));
    sending(&pool, 0..2).join_all().await;
    for _ in 0..3 {
        // While the clock stands still, nothing may wait for the network.
        pause();
        advance(Duration::from_secs(20)).await;
        resume();
        sleep(Duration::from_millis(50)).await;
        // It is always the same one.
        send(&pool, 2).await.expect("a report");
        assert_eq!(host.connections.load(Ordering::Relaxed), 2);
    }
    assert_eq!(host.quits.load(Ordering::Relaxed), 1);
    pause();
    advance(Duration::from_secs(51)).await;
    resume();
    counted(&host.quits, 2).await;
    send(&pool, 3).await.expect("a report");
    assert_eq!(host.connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_pool_that_closes_sends_what_waits_and_nothing_more() {
    let (addr, host) = Host::start(OBLIGING).await;
    let pool = pool(addr, |config| config.max_connections = 2);
    let waiting = sending(&pool, 0..10);
    tokio::task::yield_now().await;
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close().await }
    });
    tokio::task::yield_now().await;
    let late = send(&pool, 10).await;
    assert!(matches!(late, Err(PoolError::Closed)), "{late:?}");
    closing.await.expect("no panic");
    assert_eq!(host.quits.load(Ordering::Relaxed), 2);
    assert!(waiting.join_all().await.iter().all(Result::is_ok));
    assert_eq!(host.taken().len(), 10);
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_taken_once_whenever_the_server_hangs_up() {
    let offered: [&[&str]; 3] = [&["8BITMIME"], &["PIPELINING"], &["PIPELINING", "CHUNKING"]];
    let mut never_known = 0;
    for offers in offered {
        let habits = Habits {
            offers,
            hangs_up: Some(40),
        };
        let (addr, host) = Host::start(habits).await;
        let pool = pool(addr, |config| config.max_messages = 10);
        let mut tasks = JoinSet::new();
        for task in 0..20 {
            let pool = pool.clone();
            tasks.spawn(async move {
                let mut fates = Vec::new();
                for subject in task * 10..task * 10 + 10 {
                    fates.push((subject, send(&pool, subject).await));
                }
                fates
            });
        }
        let fates = tasks.join_all().await.into_iter().flatten();
        let taken = numbers(&host);
        let (mut accepted, mut unknown) = (0, 0);
        for (subject, sent) in fates {
            let times = taken.iter().filter(|taken| **taken == subject).count();
            match sent {
                Ok(report) if report.is_accepted() => {
                    assert_eq!(times, 1, "{subject}: {report:?}");
                    accepted += 1;
                }
                Err(PoolError::Unknown(_)) => {
                    assert!(times <= 1, "{subject} was taken {times} times");
                    unknown += 1;
                }
                lost => assert_eq!(times, 0, "{subject}: {lost:?}"),
            }
        }
        assert!(accepted > 100, "{accepted}, {unknown}");
        never_known += unknown;
    }
    assert!(
        never_known > 0,
        "it never hung up where that leaves a doubt"
    );
}
