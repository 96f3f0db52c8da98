//! Whole servers under Postfix's `smtp-source`, and whole clients against its `smtp-sink`: both ends on
//! one core, each in its turn, the median of the rounds.

use crate::chart::{self, Bar};
use crate::peers::{SERVERS, server, start};
use crate::process::{Process, myself, pinned};
use std::fs;
use std::process::Command;
use std::time::Instant;

const ROUNDS: usize = 5;
/// Octets of a message, and how many of them.
const SIZES: [(usize, usize); 2] = [(4_096, 10_000), (1_048_576, 200)];
/// Connections that `smtp-source` has at a time.
const SESSIONS: usize = 10;

/// What one round says of one program.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    /// Microseconds of CPU a message.
    cpu: f64,
    /// Messages a second.
    pub(crate) rate: f64,
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
fn round(cpu: u64, seconds: f64, messages: usize) -> Round {
    Round {
        cpu: cpu as f64 / 1e3 / messages as f64,
        rate: messages as f64 / seconds,
    }
}

fn median(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn source(port: u16, messages: usize, octets: usize) {
    let [sessions, messages, octets] = [SESSIONS, messages, octets].map(|count| count.to_string());
    let status = pinned("smtp-source")
        .args(["-d", "-s", &sessions, "-m", &messages, "-l", &octets])
        .arg(format!("127.0.0.1:{port}"))
        .status();
    assert!(status.expect("smtp-source is there").success());
}

/// System calls a message, from what is more with more messages.
pub(crate) fn calls(name: &str, octets: usize) -> Option<f64> {
    let [few, many] = [50, 250].map(|messages| {
        let path = std::env::temp_dir().join(format!("smtp-bench-{}", std::process::id()));
        let (command, port) = server(name);
        let mut traced = Command::new("strace");
        traced.args(["-f", "-c", "-U", "calls", "-o"]).arg(&path);
        traced.arg(command.get_program()).args(command.get_args());
        let server = match port {
            None => Process::start(traced),
            Some(port) => Process::start_on(port, traced),
        };
        let server = server.ok()?;
        source(server.port, messages, octets);
        server.end_traced();
        let said = fs::read_to_string(&path).ok()?;
        fs::remove_file(path).ok()?;
        // The last line is `1145 total`.
        let total: f64 = said.split_whitespace().nth_back(1)?.parse().ok()?;
        Some(total)
    });
    Some((many? - few?) / 200.0)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
pub(crate) fn servers() {
    for (octets, messages) in SIZES {
        let title = format!("messages of {} KiB, {SESSIONS} connections", octets / 1_024);
        let chart = format!("servers-{octets}");
        compare(&chart, &title, octets, true, |server| {
            let begin = Instant::now();
            source(server.port, messages, octets);
            Some((messages, begin.elapsed().as_secs_f64()))
        });
    }
    // Whoever answers with several writes waits for an acknowledgement between them.
    let octets = 4_096;
    let title = "messages of 4 KiB, what stands before the body in one packet";
    compare("servers-one-packet", title, octets, false, |server| {
        let (few, many) = (20, 5_000);
        let first = send("loop", server.port, few, octets)?;
        if first.rate < 200.0 {
            return Some((few, few as f64 / first.rate));
        }
        let rest = send("loop", server.port, many, octets)?;
        Some((
            few + many,
            few as f64 / first.rate + many as f64 / rest.rate,
        ))
    });
}

/// A table of all servers under a load that says how many messages it was, in how many seconds.
fn compare(
    chart: &str,
    title: &str,
    octets: usize,
    traced: bool,
    load: impl Fn(&Process) -> Option<(usize, f64)>,
) {
    let servers = SERVERS.map(start);
    let mut rounds = SERVERS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (server, rounds) in servers.iter().zip(&mut rounds) {
            let Some(server) = server else { continue };
            let before = server.cpu();
            if let Some((messages, seconds)) = load(server) {
                rounds.push(round(server.cpu() - before, seconds, messages));
            }
        }
    }
    drop(servers);
    draw(chart, &format!("servers, {title}"), &SERVERS, &rounds);
    println!("\n**servers, {title}**\n");
    println!("| | µs of CPU a message | of the loop's | system calls a message | messages/s |");
    println!("|---|---:|---:|---:|---:|");
    for (name, each) in SERVERS.iter().zip(&rounds) {
        if each.is_empty() {
            println!("| {name} | not there | | | |");
            continue;
        }
        let cpu = median(each, |round| round.cpu);
        let calls = traced.then(|| calls(name, octets)).flatten();
        let calls = calls.map_or(String::new(), |calls| format!("{calls:.1}"));
        let of = cpu / median(&rounds[0], |round| round.cpu);
        let rate = median(each, |round| round.rate);
        println!("| {name} | {cpu:.1} | {of:.2} | {calls} | {rate:.0} |");
    }
}

/// The CPU time of those that are there, as a chart.
fn draw(chart: &str, title: &str, names: &[&str], rounds: &[Vec<Round>]) {
    let there = names
        .iter()
        .zip(rounds)
        .filter(|(_, each)| !each.is_empty());
    let bars: Vec<_> = there
        .map(|(name, each)| Bar {
            name: (*name).to_owned(),
            figure: median(each, |round| round.cpu),
            ours: name.starts_with("smtp-tokio") || name.starts_with("smtpd"),
        })
        .collect();
    let title = format!("{title}: µs of CPU a message");
    chart::bars(chart, &title, &bars).expect("a chart that can be written");
}

/// One round of a client, if every message was taken.
pub(crate) fn send(name: &str, port: u16, messages: usize, octets: usize) -> Option<Round> {
    let output = pinned(&myself())
        .args(["send", name, &port.to_string()])
        .args([messages.to_string(), octets.to_string()])
        .output()
        .expect("this program is there");
    let said = String::from_utf8_lossy(&output.stdout);
    let mut figures = said.split_whitespace();
    let mut next = || figures.next().and_then(|word| word.parse::<u64>().ok());
    let (cpu, time) = (next()?, next()?);
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    Some(round(cpu, time as f64 / 1e9, messages))
}

/// Messages of 4 KiB that go from the library's client to its server in a second, on one connection: the
/// best of the rounds, since others may keep the machine busy.
pub(crate) fn rate() -> f64 {
    let server = start("smtp-tokio").expect("this program is there");
    let rounds = (0..ROUNDS).filter_map(|_| send("smtp-tokio", server.port, 2_000, 4_096));
    rounds.map(|round| round.rate).fold(0.0, f64::max)
}

pub(crate) fn clients() {
    // Those as shipped wait for an acknowledgement in every message.
    let names = [
        ("loop", 1),
        ("smtp-tokio", 1),
        ("smtp-tokio, Bytes", 1),
        ("smtp-tokio, send_all", 1),
        ("lettre", 1),
        ("mail-send", 1),
        ("lettre as shipped", 100),
        ("mail-send as shipped", 100),
    ];
    let Some(sink) = start("smtp-sink") else {
        println!("\nsmtp-sink is not there: no clients");
        return;
    };
    for (octets, messages) in SIZES {
        let mut rounds = vec![Vec::new(); names.len()];
        for _ in 0..ROUNDS {
            for ((name, fewer), rounds) in names.iter().zip(&mut rounds) {
                let messages = (messages / fewer).max(20);
                rounds.extend(send(name, sink.port, messages, octets));
            }
        }
        let title = format!(
            "clients, messages of {} KiB, one connection",
            octets / 1_024
        );
        let all = names.map(|(name, _)| name);
        draw(&format!("clients-{octets}"), &title, &all, &rounds);
        println!("\n**{title}**\n");
        println!("| | µs of CPU a message | of the loop's | messages/s |");
        println!("|---|---:|---:|---:|");
        for ((name, _), each) in names.iter().zip(&rounds) {
            if each.is_empty() {
                println!("| {name} | failed | | |");
                continue;
            }
            let cpu = median(each, |round| round.cpu);
            let of = cpu / median(&rounds[0], |round| round.cpu);
            let rate = median(each, |round| round.rate);
            println!("| {name} | {cpu:.1} | {of:.2} | {rate:.0} |");
        }
    }
}
