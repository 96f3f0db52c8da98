//! Lines on stdout and stderr that nobody has to wait for: a reader that has stopped reading costs
//! lines of the log, and no mail.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

/// Lines that may wait to be written; more are dropped.
const LINES: usize = 65_536;

/// How long lines gather before they are written: waking a thread for each costs more than the line.
const GATHER: Duration = Duration::from_millis(10);

/// How long the end waits for the last lines to be read.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Where lines go.
#[derive(Clone, Debug)]
pub(crate) struct Log(SyncSender<String>);

/// The other end: dropped last, it waits for the lines to be written.
#[derive(Debug)]
pub(crate) struct Writing(Receiver<()>);

impl Log {
    /// Lines that go to `out`, stdout or stderr.
    pub(crate) fn start(out: impl Write + Send + 'static) -> (Self, Writing) {
        let (lines, waiting) = mpsc::sync_channel(LINES);
        let (done, finished) = mpsc::channel();
        thread::spawn(move || {
            // Where it is closed there is nobody to tell.
            let _ = write(&waiting, out);
            drop(done);
        });
        (Self(lines), Writing(finished))
    }

    pub(crate) fn line(&self, line: String) {
        let _ = self.0.try_send(line);
    }
}

/// Writes lines as they come, as many at a time as there are.
fn write(waiting: &Receiver<String>, mut out: impl Write) -> io::Result<()> {
    while let Ok(first) = waiting.recv() {
        let mut text = first + "\n";
        while text.len() < 65_536
            && let Ok(next) = waiting.try_recv()
        {
            text += &next;
            text.push('\n');
        }
        out.write_all(text.as_bytes())?;
        out.flush()?;
        thread::sleep(GATHER);
    }
    Ok(())
}

impl Drop for Writing {
    fn drop(&mut self) {
        let _ = self.0.recv_timeout(LAST_LINES);
    }
}
