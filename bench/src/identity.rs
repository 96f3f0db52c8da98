//! A certificate for servers under TLS. They are made by one process and met by another, so it is a file.

use smtp_tokio::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use smtp_tokio::rustls::{ClientConfig, RootCertStore, ServerConfig};
use smtp_tokio::{ClientTls, ServerTls};
use std::os::unix::process::parent_id;
use std::path::PathBuf;
use std::{env, fs, process};

const NAME: &str = "mx.example.com";

fn path(process: u32) -> PathBuf {
    env::temp_dir().join(format!("smtp-bench-{process}.der"))
}

/// That of this process, which is told to the one that started it.
pub(crate) fn server() -> ServerTls {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
    let certificate = made.cert.der().clone();
    fs::write(path(parent_id()), &certificate).expect("a file");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    ServerTls::new(config.expect("they belong together"))
}

/// What trusts the server that this process started, and nothing else.
pub(crate) fn client() -> ClientTls {
    let path = path(process::id());
    let certificate = CertificateDer::from(fs::read(&path).expect("a server under TLS"));
    fs::remove_file(path).expect("the file is there");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate");
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    ClientTls::new(NAME, config).expect("a name")
}
