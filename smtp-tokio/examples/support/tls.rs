//! TLS from PEM files, as both examples take it.

use smtp_tokio::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use smtp_tokio::rustls::{ClientConfig, RootCertStore, ServerConfig};
use smtp_tokio::{ClientTls, ServerTls};
use std::error::Error;
use std::path::Path;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What a server with that certificate chain and that key proves itself with.
pub(crate) fn server(chain: &Path, key: &Path) -> Fallible<ServerTls> {
    let chain = CertificateDer::pem_file_iter(chain)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(ServerTls::new(config))
}

/// What a client asks of a server of that name: a certificate signed by one of those in the file.
pub(crate) fn client(name: &str, roots: &Path) -> Fallible<ClientTls> {
    let mut trusted = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(roots)? {
        trusted.add(root?)?;
    }
    let config = ClientConfig::builder()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(ClientTls::new(name, config)?)
}
