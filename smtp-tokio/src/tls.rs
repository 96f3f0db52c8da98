//! TLS by rustls: what each side proves itself with, and the stream that may be under it.

#[cfg(feature = "platform-verifier")]
use rustls_platform_verifier::BuilderVerifierExt;
use smtp_sasl::{Channel, ChannelBinding, EXPORTER};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;
#[cfg(feature = "webpki-roots")]
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, ServerConfig};
#[cfg(any(feature = "platform-verifier", feature = "webpki-roots"))]
use tokio_rustls::rustls::{
    ConfigBuilder, WantsVerifier,
    crypto::{self, CryptoProvider},
};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// What a server proves itself with. Clones share it, so that one of them can
/// [`replace`](Self::replace) a certificate that runs out without a restart.
///
/// ```
/// use smtp_tokio::{ServerTls, rustls};
/// use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
///
/// # fn f() -> Result<ServerTls, Box<dyn std::error::Error>> {
/// let chain = CertificateDer::pem_file_iter("chain.pem")?.collect::<Result<_, _>>()?;
/// let key = PrivateKeyDer::from_pem_file("key.pem")?;
/// let config = rustls::ServerConfig::builder()
///     .with_no_client_auth()
///     .with_single_cert(chain, key)?;
/// let tls = ServerTls::new(config);
/// # Ok(tls)
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ServerTls(Arc<RwLock<Arc<ServerConfig>>>);

impl ServerTls {
    /// With that configuration of rustls: certificates, versions, whether clients have to show one.
    pub fn new(config: impl Into<Arc<ServerConfig>>) -> Self {
        Self(Arc::new(RwLock::new(config.into())))
    }

    /// Handshakes from now on are made with this one. Sessions that are open keep what they have.
    pub fn replace(&self, config: impl Into<Arc<ServerConfig>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config.into();
    }

    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(config)
            .accept(stream)
            .await
            .map(Into::into)
    }
}

/// What a client asks of a server's certificate: that it is for that name, and by whom it is to be
/// signed. A configuration of rustls can ask for anything else: a verifier of one's own pins keys, as
/// DANE does.
///
/// ```
/// use smtp_tokio::{ClientTls, rustls};
/// use rustls::pki_types::{CertificateDer, pem::PemObject};
///
/// # fn f() -> Result<ClientTls, Box<dyn std::error::Error>> {
/// let mut roots = rustls::RootCertStore::empty();
/// for certificate in CertificateDer::pem_file_iter("/etc/ssl/certs/ca-certificates.crt")? {
///     roots.add(certificate?)?;
/// }
/// let config = rustls::ClientConfig::builder()
///     .with_root_certificates(roots)
///     .with_no_client_auth();
/// let tls = ClientTls::new("mail.example.com", config)?;
/// # Ok(tls)
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ClientTls {
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

impl ClientTls {
    /// For the server of that name, which is told to it too (SNI), or at that IP address.
    ///
    /// # Errors
    /// If it is neither; a name has its A-labels here.
    pub fn new(
        name: &str,
        config: impl Into<Arc<ClientConfig>>,
    ) -> Result<Self, InvalidDnsNameError> {
        Ok(Self {
            name: ServerName::try_from(name)?.to_owned(),
            config: config.into(),
        })
    }

    /// As [`new`](Self::new), the certificate signed by one whom the system trusts.
    ///
    /// # Errors
    /// As there, and if the system trusts nobody.
    #[cfg(feature = "platform-verifier")]
    pub fn platform(name: &str) -> io::Result<Self> {
        let config = builder()?
            .with_platform_verifier()
            .map_err(io::Error::other)?;
        Self::new(name, config.with_no_client_auth()).map_err(io::Error::other)
    }

    /// As [`new`](Self::new), the certificate signed by one whom Mozilla trusts, as of when this was
    /// compiled.
    ///
    /// # Errors
    /// As there.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(name: &str) -> io::Result<Self> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
        let config = builder()?.with_root_certificates(RootCertStore { roots });
        Self::new(name, config.with_no_client_auth()).map_err(io::Error::other)
    }

    pub(crate) async fn connect<S>(self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsConnector::from(self.config)
            .connect(self.name, stream)
            .await
            .map(Into::into)
    }
}

/// With the cryptography that the process has chosen, or else what was compiled in.
#[cfg(any(feature = "platform-verifier", feature = "webpki-roots"))]
fn builder() -> io::Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    let chosen = CryptoProvider::get_default().cloned();
    #[cfg(feature = "ring")]
    let chosen = chosen.or_else(|| Some(Arc::new(crypto::ring::default_provider())));
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    let chosen = chosen.or_else(|| Some(Arc::new(crypto::aws_lc_rs::default_provider())));
    let provider = chosen.ok_or_else(|| io::Error::other("there is no cryptography"))?;
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)
}

/// Waits for a handshake, though not for ever.
pub(crate) async fn within<S>(
    patience: Duration,
    handshake: impl Future<Output = io::Result<TlsStream<S>>>,
) -> io::Result<TlsStream<S>> {
    let timed_out = |_| Err(io::ErrorKind::TimedOut.into());
    timeout(patience, handshake).await.unwrap_or_else(timed_out)
}

/// A stream, in clear or under TLS.
#[derive(Debug)]
pub(crate) enum Stream<S> {
    Clear(S),
    Tls(Box<TlsStream<S>>),
    /// A handshake has it, or had it and failed.
    Gone,
}

impl<S> From<TlsStream<S>> for Stream<S> {
    fn from(stream: TlsStream<S>) -> Self {
        Self::Tls(Box::new(stream))
    }
}

impl<S> Stream<S> {
    /// What tells the TLS it is under from any other. TLS 1.2 has that only where both sides add to it
    /// (RFC 9266 §3), which can't be seen from here.
    pub(crate) fn binding(&self) -> Option<ChannelBinding> {
        let Self::Tls(stream) = self else { return None };
        let (_, tls) = stream.get_ref();
        if tls.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
            return None;
        }
        let octets = [0; 32];
        let exported = match &**stream {
            TlsStream::Client(stream) => {
                let (_, tls) = stream.get_ref();
                tls.export_keying_material(octets, EXPORTER, Some(&[]))
            }
            TlsStream::Server(stream) => {
                let (_, tls) = stream.get_ref();
                tls.export_keying_material(octets, EXPORTER, Some(&[]))
            }
        };
        exported.ok().map(ChannelBinding::new)
    }

    /// What is known of the peer by it.
    pub(crate) fn channel(&self) -> Channel {
        let Self::Tls(stream) = self else {
            return Channel::default();
        };
        let (_, tls) = stream.get_ref();
        let chain = tls.peer_certificates().unwrap_or_default();
        Channel {
            binding: self.binding(),
            certificate: chain.first().map(|certificate| certificate.to_vec()),
        }
    }
}

trait Io: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Io for S {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    fn open(self: Pin<&mut Self>) -> io::Result<Pin<&mut (dyn Io + '_)>> {
        match self.get_mut() {
            Self::Clear(stream) => Ok(Pin::new(stream)),
            Self::Tls(stream) => Ok(Pin::new(&mut **stream)),
            Self::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.open()?.poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.open()?.poll_write(cx, data)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.open()?.poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Clear(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            Self::Gone => false,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_shutdown(cx)
    }
}
