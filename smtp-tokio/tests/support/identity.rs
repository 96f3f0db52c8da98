//! Certificates made for a test.

#![allow(dead_code)] // each test program uses its own part

use rcgen::CertifiedKey;
use smtp_tokio::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use smtp_tokio::rustls::{ClientConfig, RootCertStore, ServerConfig};
use smtp_tokio::{ClientTls, ServerTls};
use std::fs;
use std::path::{Path, PathBuf};

/// The name that certificates are for.
pub(crate) const NAME: &str = "mx.example.com";

/// A certificate that signs itself, and its key.
pub(crate) struct Identity(CertifiedKey<rcgen::KeyPair>);

impl Identity {
    pub(crate) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned(), "127.0.0.1".to_owned()]);
        Self(made.expect("a certificate"))
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.0.cert.der().clone()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.0.signing_key.serialize_der()).expect("a key")
    }

    pub(crate) fn config(&self) -> ServerConfig {
        ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate()], self.key())
            .expect("they belong together")
    }

    pub(crate) fn server(&self) -> ServerTls {
        ServerTls::new(self.config())
    }

    /// It, and no other.
    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate()).expect("a certificate");
        roots
    }

    /// What trusts it, and nothing else.
    pub(crate) fn trust(&self) -> ClientConfig {
        ClientConfig::builder()
            .with_root_certificates(self.roots())
            .with_no_client_auth()
    }

    pub(crate) fn client(&self) -> ClientTls {
        ClientTls::new(NAME, self.trust()).expect("a name")
    }

    /// Both as files: the certificate and the key.
    pub(crate) fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        fs::write(&chain, self.0.cert.pem()).expect("a file");
        fs::write(&key, self.0.signing_key.serialize_pem()).expect("a file");
        (chain, key)
    }
}
