//! Other programs: started on one core, what they cost, ended.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The core that both ends share: on two, waking the other up is most of the cost.
const CORE: &str = "0";

/// A command pinned to the core.
pub(crate) fn pinned(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", CORE, program]);
    command
}

/// This program.
pub(crate) fn myself() -> String {
    let path = env::current_exe().expect("a program has a path");
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// A server, ended with the value.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
}

impl Process {
    /// Starts one whose first line ends with the port it listens on.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut process = Self { child, port: 0 };
        let mut line = String::new();
        out.read_line(&mut line)?;
        // Whatever it says later is read and forgotten, so that it never waits.
        thread::spawn(move || io::copy(&mut out, &mut io::sink()));
        let port = line.trim().rsplit(':').next();
        let port = port.and_then(|port| port.parse().ok());
        process.port = port.ok_or_else(|| io::Error::other("it doesn't say where it listens"))?;
        Ok(process)
    }

    /// Starts one that listens on that port, which it doesn't say.
    pub(crate) fn start_on(port: u16, mut command: Command) -> io::Result<Self> {
        let child = command.spawn()?;
        let mut process = Self { child, port };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = process.child.try_wait()?.is_some();
            if ended || begin.elapsed() > Duration::from_secs(10) {
                return Err(io::Error::other("it doesn't listen"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(process)
    }

    /// CPU time of all its threads so far, in nanoseconds.
    pub(crate) fn cpu(&self) -> u64 {
        cpu(&self.child.id().to_string())
    }

    /// Octets of memory that it takes up.
    pub(crate) fn resident(&self) -> u64 {
        let path = format!("/proc/{}/statm", self.child.id());
        let said = fs::read_to_string(path).expect("it runs");
        let pages: Option<u64> = said
            .split_whitespace()
            .nth(1)
            .and_then(|pages| pages.parse().ok());
        pages.expect("a number of pages") * 4_096
    }

    /// Ends the program under strace, so that strace says what it counted.
    pub(crate) fn end_traced(mut self) {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let traced = children.expect("strace runs").trim().to_owned();
        let ended = Command::new("kill").arg(traced).status();
        ended.expect("kill is there");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of a process of that id, or of `self`, in nanoseconds.
pub(crate) fn cpu(id: &str) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).expect("it runs");
    tasks
        .map(|task| {
            let path = task.expect("a folder that can be read").path();
            // A thread may have ended since.
            let said = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
            let first = said.split_whitespace().next();
            first.and_then(|time| time.parse().ok()).unwrap_or(0)
        })
        .sum()
}

/// A port that nobody listens on, below those the system gives to clients.
pub(crate) fn free_port() -> u16 {
    let mut ports = 20_000..32_000;
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.expect("a free port")
}
