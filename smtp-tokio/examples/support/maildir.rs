//! Delivery to a Maildir that survives a crash: a message is in `new/` whole or not at all, and is
//! there for good before anybody is told so.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A folder with `tmp/`, `new/` and `cur/` in it. Messages are kept with LF line ends.
#[derive(Debug)]
pub(crate) struct Maildir {
    folder: PathBuf,
    host: String,
    counter: AtomicU64,
}

impl Maildir {
    /// The Maildir in `folder`, made where there is none. `host` goes into file names.
    pub(crate) fn open(folder: &Path, host: &str) -> io::Result<Self> {
        for name in ["tmp", "new", "cur"] {
            fs::create_dir_all(folder.join(name))?;
        }
        sync_folder(folder)?;
        if let Some(parent) = folder
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            sync_folder(parent)?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            host: host.replace(['/', ':'], "_"),
            counter: AtomicU64::new(0),
        })
    }

    /// Begins a message in `tmp/`.
    pub(crate) fn create(&self) -> io::Result<Draft> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let name = format!(
            "{}.M{:06}P{}Q{}.{}",
            now.as_secs(),
            now.subsec_micros(),
            process::id(),
            self.counter.fetch_add(1, Ordering::Relaxed),
            self.host,
        );
        let written = self.folder.join("tmp").join(&name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&written)?;
        Ok(Draft {
            file,
            at: Some(written),
            new: self.folder.join("new"),
            name,
            held_cr: false,
        })
    }
}

/// A message that isn't delivered yet; dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Draft {
    file: File,
    at: Option<PathBuf>,
    new: PathBuf,
    name: String,
    /// The last octet was a CR, which stays only if no LF follows.
    held_cr: bool,
}

impl Draft {
    /// Writes octets of the message, CRLF as LF.
    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let mut converted = Vec::with_capacity(octets.len() + 1);
        let mut runs = octets.split(|octet| *octet == b'\r');
        // Every run but the first has a CR before it.
        let first = runs.next().unwrap_or_default();
        if self.held_cr && !octets.is_empty() && !first.starts_with(b"\n") {
            converted.push(b'\r');
        }
        converted.extend_from_slice(first);
        let mut held = self.held_cr && octets.is_empty();
        for run in runs {
            if held {
                converted.push(b'\r');
            }
            held = run.is_empty();
            if !held && !run.starts_with(b"\n") {
                converted.push(b'\r');
            }
            converted.extend_from_slice(run);
        }
        self.held_cr = held;
        self.file.write_all(&converted)
    }

    /// Delivers: the octets are on disk, then the name is, and only then does this return.
    pub(crate) fn commit(mut self) -> io::Result<PathBuf> {
        if self.held_cr {
            self.file.write_all(b"\r")?;
        }
        self.file.sync_all()?;
        let delivered = self.new.join(&self.name);
        if let Some(at) = &self.at {
            fs::rename(at, &delivered)?;
        }
        // From here on the file is what has to go if the folder can't be made safe.
        self.at = Some(delivered.clone());
        sync_folder(&self.new)?;
        self.at = None;
        Ok(delivered)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(at) = &self.at {
            // There is nobody left to tell.
            let _ = fs::remove_file(at);
        }
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
