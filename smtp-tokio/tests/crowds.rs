//! What crowds of hostile peers cost: no more memory than the settings allow, and nobody's turn.
#![cfg(target_os = "linux")] // /proc tells

#[path = "support/crowd.rs"]
mod crowd;
#[path = "support/load.rs"]
mod load;
mod support;

use crowd::{ENDLESS, Memory, deaf, descriptors, greeted, idle, rant, repeat, served, trickle};
use load::figures;
use smtp_tokio::smtp_proto::{Limits, ReplyLimits};
use smtp_tokio::{Client, ErrorKind};
use std::fs;
use std::future::Future;
use std::process;
use std::time::Duration;
use support::{PATIENCE, Server};
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Memory and file descriptors are for one test at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// What a connection takes beside its buffers, in octets: its task, its machine, its timer. One that says
/// nothing takes no more.
const SESSION: usize = 4 * 1024;

/// What a connection to a server takes at most, in octets.
fn most() -> usize {
    let limits = Limits::default();
    limits.input + limits.output + SESSION
}

/// So many of them at once, in reasonable time.
async fn all<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    connections: usize,
    one: impl Fn() -> F,
) -> Vec<T> {
    let one = |_| one();
    let crowd: JoinSet<T> = (0..connections).map(one).collect();
    let all = timeout(PATIENCE, crowd.join_all()).await;
    all.expect("they come to an end")
}

/// Says what they took each, and holds it against the limit.
fn account(who: &str, connections: usize, memory: &Memory, most: usize) {
    let each = memory.peak() / connections;
    figures(format!("{connections} {who}: {each} octets each"));
    assert!(each < most, "{who} take {each} octets each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_takes_what_it_is_allowed_and_nobodys_turn() {
    let _alone = ALONE.lock().await;
    let many = 5_000.min(descriptors().saturating_sub(1_500));
    let server = Server::start("smtpd", &["--discard", "--max-connections=10000"]);
    let addr = server.addr;
    served(addr).await;
    let server_memory = || Memory::of(server.running.id());

    let memory = server_memory();
    let idlers = all(many, || idle(addr)).await;
    account("idle", many, &memory, SESSION);

    let memory = server_memory();
    for stream in all(500, || idle(addr)).await {
        tokio::spawn(trickle(stream));
    }
    sleep(Duration::from_secs(3)).await;
    account("that say an octet a second", 500, &memory, most());

    let memory = server_memory();
    let deaf = all(500, || deaf(addr)).await;
    account("that never read", 500, &memory, most());

    let mut longest = Duration::ZERO;
    for _ in 0..5 {
        longest = longest.max(served(addr).await);
    }
    figures(format!("beside them a client waits {longest:?} at most"));
    drop((idlers, deaf));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gets_nowhere_is_hung_up_on() {
    let _alone = ALONE.lock().await;
    let server = Server::start("smtpd", &["--discard", "--timeout=2"]);
    let addr = server.addr;
    served(addr).await;

    let tricklers = all(500, || async move { trickle(idle(addr).await).await }).await;
    for told in tricklers {
        assert!(told.starts_with("421 4.4.2 "), "{told}");
    }

    let descriptors = || {
        let all = fs::read_dir(format!("/proc/{}/fd", server.running.id()));
        all.expect("it runs").count()
    };
    let before = descriptors();
    let deaf = all(500, || deaf(addr)).await;
    let hung_up_on = async {
        while descriptors() > before {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, hung_up_on).await.expect("nobody is kept");
    drop(deaf);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_to_no_end_is_not_kept() {
    let _alone = ALONE.lock().await;
    let server = Server::start("smtpd", &["--discard", "--timeout=2"]);
    let addr = server.addr;
    served(addr).await;
    let server_memory = || Memory::of(server.running.id());

    let memory = server_memory();
    let lines = all(20, || async move {
        repeat(idle(addr).await, &b"x".repeat(65_536)).await
    });
    let (lines, waited) = tokio::join!(lines, served(addr));
    let longest = lines.iter().map(|(said, _)| *said).max().unwrap_or(ENDLESS);
    assert!(longest < ENDLESS);
    figures(format!(
        "of a line without end {longest} octets are read at most; beside it a client waits {waited:?}"
    ));
    account("that say a line without end", 20, &memory, most());

    let memory = server_memory();
    let noops = all(50, || async move {
        repeat(idle(addr).await, &b"NOOP\r\n".repeat(1_000)).await
    });
    let (noops, waited) = tokio::join!(noops, served(addr));
    assert!(
        noops
            .iter()
            .any(|(_, told)| told.contains("\r\n421 4.7.0 "))
    );
    for (_, told) in noops {
        assert!(told.matches("250 ").count() <= 100, "{told}");
    }
    figures(format!("beside endless NOOPs a client waits {waited:?}"));
    account("that say NOOP without end", 50, &memory, most());

    let memory = server_memory();
    let body = async {
        let mut stream = idle(addr).await;
        let envelope = b"HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";
        stream
            .write_all(envelope)
            .await
            .expect("the server is there");
        repeat(stream, &b"x".repeat(65_536)).await
    };
    let ((said, told), waited) = tokio::join!(body, served(addr));
    assert!(told.contains("\r\n552 5.3.4 "), "{told}");
    figures(format!(
        "beside a message of {said} octets in one line a client waits {waited:?}"
    ));
    account("that sends 2 GiB in one line", 1, &memory, 4 * most());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_over_the_limit_is_turned_away_at_no_cost() {
    let _alone = ALONE.lock().await;
    let server = Server::start("smtpd", &["--discard", "--max-connections=200"]);
    let addr = server.addr;
    served(addr).await;
    let memory = Memory::of(server.running.id());
    let idlers = all(200, || idle(addr)).await;
    account("let in", 200, &memory, SESSION);

    let memory = Memory::of(server.running.id());
    let turned_away = all(2_000, || async move { greeted(addr).await.1 });
    for told in turned_away.await {
        assert!(told.starts_with("421 "), "{told}");
    }
    account("turned away", 2_000, &memory, SESSION / 16);
    drop(idlers);
    while !greeted(addr).await.1.starts_with("220 ") {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_to_no_end_is_left() {
    let _alone = ALONE.lock().await;
    let limits = ReplyLimits::default();
    let clients = 50;
    for (what, opening) in [
        ("250-and so on\r\n", "220 mx\r\n"),
        ("220-and so on\r\n", ""),
        ("and so on ", "220 mx\r\n250-"),
        ("and so on ", ""),
    ] {
        let addr = rant(opening, what).await;
        let memory = Memory::of(process::id());
        let ends = all(clients, || async move { Client::connect(addr).await.err() }).await;
        for end in ends {
            let error = end.expect("nothing to go on with");
            assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");
        }
        let who = format!("clients of a server that says {opening:?} and {what:?} without end");
        account(&who, clients, &memory, limits.octets + SESSION);
    }
}
