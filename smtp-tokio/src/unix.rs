//! Servers and clients on Unix sockets, as local delivery by LMTP has them.

use crate::{Client, Config, Connect, Listener, Peer, Server};
use std::net::Ipv4Addr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::{fs, io};
use tokio::net::{UnixListener, UnixStream};

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn accept(&mut self) -> io::Result<(UnixStream, Peer)> {
        let (stream, _) = UnixListener::accept(self).await?;
        Ok((stream, Peer::LOCAL))
    }
}

impl Server<UnixListener> {
    /// Listens at that path, to be connected to by whoever may write to the file there, which the
    /// umask and the folder's permissions say.
    ///
    /// A socket that nobody listens on any more is replaced; nothing else is. The file stays when the
    /// server ends: taking it away could take away that of a successor. Of two servers that find the
    /// same left socket at the same moment, only one will be heard.
    ///
    /// ```no_run
    /// # use smtp_tokio::{Config, Dialect, Domain, Server};
    /// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut config = Config::new(Domain::try_from("mx.example.org")?);
    /// config.dialect = Dialect::Lmtp;
    /// let server = Server::bind_unix("/run/mail/lmtp", config).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As `bind` has them: that the address is in use, if somebody listens or the file is no socket.
    pub async fn bind_unix(path: impl AsRef<Path>, config: Config) -> io::Result<Self> {
        let path = path.as_ref();
        let listener = match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left(path).await => {
                fs::remove_file(path)?;
                UnixListener::bind(path)?
            }
            bound => bound?,
        };
        Ok(Self::from_listener(listener, config))
    }
}

/// Whether it is a socket that nobody listens on.
async fn is_left(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && UnixStream::connect(path).await.is_err_and(refused)
}

impl Client<UnixStream> {
    /// Connects to the Unix socket at that path, as [`connect`](Client::connect) does to an address.
    /// For LMTP say so by [`Connect::hello`].
    ///
    /// ```no_run
    /// # use smtp_tokio::{Client, Hello};
    /// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// let hello = Hello::lhlo("client.example.org")?;
    /// let client = Client::connect_unix("/run/mail/lmtp").hello(hello).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect_unix(path: impl Into<PathBuf>) -> Connect<UnixStream> {
        let path = path.into();
        Connect::by(|_| async {
            let stream = UnixStream::connect(path).await?;
            Ok((stream, Ipv4Addr::LOCALHOST.into()))
        })
    }
}
