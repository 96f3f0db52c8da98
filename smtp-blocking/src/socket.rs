//! What a connection is made of, TCP or Unix.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// What there is to both kinds, as std has it.
pub(crate) trait Socket: Read + Write + fmt::Debug + Send + Sync {
    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
    /// Has the system acknowledge what came. If that fails it takes its time, as it does elsewhere.
    fn acknowledge(&self);
}

macro_rules! socket {
    ($stream:ty, $acknowledge:ident) => {
        impl Socket for $stream {
            fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                self.set_read_timeout(timeout)
            }
            fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                self.set_write_timeout(timeout)
            }
            fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                self.shutdown(how)
            }
            fn acknowledge(&self) {
                $acknowledge(self);
            }
        }
    };
}

socket!(TcpStream, acknowledge);
#[cfg(unix)]
socket!(std::os::unix::net::UnixStream, wait);

#[cfg(target_os = "linux")]
fn acknowledge(stream: &TcpStream) {
    let _ = std::os::linux::net::TcpStreamExt::set_quickack(stream, true);
}

#[cfg(not(target_os = "linux"))]
use wait as acknowledge;

fn wait<S>(_: &S) {}
