//! Servers and clients on Unix sockets, as local delivery by LMTP has them.

use crate::{Client, Config, Connect, Error, Server};
use std::net::Ipv4Addr;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::{fs, io};

impl Server {
    /// Listens at that path, to be connected to by whoever may write to the file there, which the
    /// umask and the folder's permissions say.
    ///
    /// A socket that nobody listens on any more is replaced; nothing else is. The file stays when the
    /// server ends: taking it away could take away that of a successor. Of two servers that find the
    /// same left socket at the same moment, only one will be heard.
    ///
    /// [`Stopper::stop`](crate::Stopper::stop) connects to it too, so the server doesn't end if the file
    /// is gone by then.
    ///
    /// ```no_run
    /// # use smtp_blocking::{Config, Dialect, Domain, Server};
    /// # fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut config = Config::new(Domain::try_from("mx.example.org")?);
    /// config.dialect = Dialect::Lmtp;
    /// let server = Server::bind_unix("/run/mail/lmtp", config)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As `bind` has them: that the address is in use, if somebody listens or the file is no socket.
    pub fn bind_unix(path: impl AsRef<Path>, config: Config) -> io::Result<Self> {
        let path = path.as_ref();
        let listener = match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left(path) => {
                fs::remove_file(path)?;
                UnixListener::bind(path)?
            }
            bound => bound?,
        };
        Ok(Self::from_listener(listener, config))
    }
}

/// Whether it is a socket that nobody listens on.
fn is_left(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && UnixStream::connect(path).is_err_and(refused)
}

impl Connect {
    /// As [`connect`](Self::connect), to the Unix socket at that path. The default hello says
    /// `[127.0.0.1]` there; for LMTP say another by [`hello`](Self::hello).
    ///
    /// ```no_run
    /// # use smtp_blocking::{Client, Hello};
    /// # fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// let hello = Hello::lhlo("client.example.org")?;
    /// let client = Client::builder().hello(hello).connect_unix("/run/mail/lmtp")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn connect_unix(self, path: impl AsRef<Path>) -> Result<Client, Error> {
        self.by(|_| {
            let stream = UnixStream::connect(path)?;
            Ok((Box::new(stream), Ipv4Addr::LOCALHOST.into()))
        })
    }
}

impl Client {
    /// Connects to the Unix socket at that path, as [`connect`](Client::connect) does to an address.
    ///
    /// # Errors
    /// As there.
    pub fn connect_unix(path: impl AsRef<Path>) -> Result<Self, Error> {
        Connect::default().connect_unix(path)
    }
}
