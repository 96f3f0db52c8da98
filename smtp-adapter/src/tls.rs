//! TLS by rustls: what each side proves itself with, and asks of the other.

#[cfg(feature = "webpki-roots")]
use rustls::RootCertStore;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, ServerConfig};
#[cfg(any(feature = "platform-verifier", feature = "webpki-roots"))]
use rustls::{ConfigBuilder, WantsVerifier, crypto::CryptoProvider};
#[cfg(feature = "platform-verifier")]
use rustls_platform_verifier::BuilderVerifierExt;
#[cfg(any(feature = "platform-verifier", feature = "webpki-roots"))]
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

/// What a server proves itself with. Clones share it, so that one of them can
/// [`replace`](Self::replace) a certificate that runs out without a restart.
///
/// ```
/// use smtp_adapter::{ServerTls, rustls};
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

    /// What a handshake is to be made with now.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a client asks of a server's certificate: that it is for that name, and by whom it is to be
/// signed. A configuration of rustls can ask for anything else: a verifier of one's own pins keys, as
/// DANE does.
///
/// ```
/// use smtp_adapter::{ClientTls, rustls};
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

    /// Whom the server is to be.
    pub fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// What a handshake is to be made with.
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }
}

/// With the cryptography that the process has chosen, or else what was compiled in.
#[cfg(any(feature = "platform-verifier", feature = "webpki-roots"))]
fn builder() -> io::Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    let chosen = CryptoProvider::get_default().cloned();
    #[cfg(feature = "ring")]
    let chosen = chosen.or_else(|| Some(Arc::new(rustls::crypto::ring::default_provider())));
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    let chosen = chosen.or_else(|| Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider())));
    let provider = chosen.ok_or_else(|| io::Error::other("there is no cryptography"))?;
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)
}
