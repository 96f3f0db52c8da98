//! The example server, with a Maildir of its own.

#![allow(dead_code)] // each test program uses its own part

use crate::support::peer::Peer;
use crate::support::{Server, example};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A server with a Maildir of its own.
pub(crate) struct Smtpd {
    pub(crate) server: Server,
    pub(crate) maildir: PathBuf,
    pub(crate) _folder: TempDir,
}

impl Smtpd {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(Command::new(example("smtpd")).args(arguments))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let maildir = folder.path().join("mail");
        Self {
            server: Server::spawn(command.arg("--maildir").arg(&maildir)),
            maildir,
            _folder: folder,
        }
    }

    pub(crate) fn hello(&self) -> Peer {
        Peer::hello(self.server.addr)
    }

    /// How many files are in that folder of the Maildir.
    pub(crate) fn count(&self, folder: &str) -> usize {
        fs::read_dir(self.maildir.join(folder))
            .expect("a folder")
            .count()
    }
}
