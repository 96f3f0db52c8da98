//! AUTH: clients that show who they are by every mechanism, and those who can't, on either side.

#[path = "../../smtp-tokio/tests/support/mod.rs"]
mod support;

use smtp_blocking::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use smtp_blocking::rustls::server::WebPkiClientVerifier;
use smtp_blocking::rustls::version::{TLS12, TLS13};
use smtp_blocking::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned,
    SupportedProtocolVersion,
};
use smtp_blocking::smtp_proto::Secret;
use smtp_blocking::smtp_proto::extension::{Mechanism, Mechanisms};
use smtp_blocking::smtp_proto::server::{AuthRequest, AuthStep};
use smtp_blocking::smtp_sasl::{AuthError, Hash, ScramKeys, Unavailable, Users};
use smtp_blocking::{
    Accepted, Accounts, Authenticator, Body, Client, ClientTls, Config, Connect, Credentials,
    Domain, Envelope, Error, ErrorKind, Handler, Mail, Rcpt, Refusal, Server, ServerTls, Session,
};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use support::PATIENCE;
use support::peer::Peer;

const NAME: &str = "mx.example.com";

/// Joe, with a password, a token and perhaps a certificate.
struct Joe {
    accounts: Accounts,
    certificate: Option<CertificateDer<'static>>,
}

impl Users for Joe {
    fn mechanisms(&self) -> Mechanisms {
        let others = [
            Mechanism::OAUTHBEARER,
            Mechanism::XOAUTH2,
            Mechanism::EXTERNAL,
        ];
        Mechanisms::new(self.accounts.mechanisms().iter().cloned().chain(others))
    }

    fn check_password(&self, user: &str, password: &Secret) -> Result<bool, Unavailable> {
        assert_ne!(user, "panicky", "as the user's name says");
        self.accounts.check_password(user, password)
    }

    fn scram_keys(&self, user: &str, hash: Hash) -> Result<Option<ScramKeys>, Unavailable> {
        self.accounts.scram_keys(user, hash)
    }

    fn check_token(&self, _: Option<&str>, token: &Secret) -> Result<Option<String>, Unavailable> {
        Ok((token.expose() == b"abc-123==").then(|| "joe".into()))
    }

    fn check_certificate(&self, certificate: &[u8]) -> Result<Option<String>, Unavailable> {
        let known = self.certificate.as_deref() == Some(certificate);
        Ok(known.then(|| "joe".into()))
    }
}

/// Tells of whom it hears at MAIL, and has a mechanism of its own.
struct Probe(mpsc::Sender<Option<String>>);

impl Handler for Probe {
    fn auth(&mut self, request: &AuthRequest<'_>) -> Result<AuthStep, Refusal> {
        match request.response() {
            None => Ok(AuthStep::Challenge(b"Speak, friend".into())),
            Some(word) if word.expose() == b"mellon" => Ok(AuthStep::Accept("friend".into())),
            Some(_) => Err(Refusal::bad_credentials()),
        }
    }

    fn mail(&mut self, _: &Mail<'_>, session: &Session) -> Result<(), Refusal> {
        let _ = self.0.send(session.identity().map(String::from));
        Ok(())
    }

    fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    fn message(&mut self, _: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
        body.discard()?;
        Ok(Accepted::default())
    }
}

/// A server that runs as long as the test.
struct Served {
    addr: SocketAddr,
    identities: mpsc::Receiver<Option<String>>,
}

impl Served {
    fn start(configure: impl FnOnce(&mut Config), set: impl FnOnce(Server) -> Server) -> Self {
        Self::by(None, configure, set)
    }

    /// Where Joe has that certificate.
    fn by(
        certificate: Option<CertificateDer<'static>>,
        configure: impl FnOnce(&mut Config),
        set: impl FnOnce(Server) -> Server,
    ) -> Self {
        let mut config = Config::new(Domain::try_from(NAME).expect("a name"));
        configure(&mut config);
        let accounts = Accounts::default().with("joe", "wonderland");
        let users = Joe {
            accounts: accounts.expect("a name"),
            certificate,
        };
        let server = Server::bind("127.0.0.1:0", config).expect("a port");
        let server = set(server.auth(Authenticator::new(users)));
        let addr = server.local_addr().expect("it listens");
        let (identity, identities) = mpsc::channel();
        thread::spawn(move || server.serve(move |_| Probe(identity.clone())));
        Self { addr, identities }
    }

    /// Who sends, as the handler sees it.
    fn sender(&self, mut client: Client) -> Option<String> {
        let envelope = Envelope::new("a@example.org", ["ann@example.com"]).expect("addresses");
        let report = client.send(envelope, &b"Hello.\r\n"[..]).expect("a report");
        assert!(report.is_accepted_by_all());
        self.heard()
    }

    fn heard(&self) -> Option<String> {
        self.identities.recv_timeout(PATIENCE).expect("a MAIL")
    }
}

/// A certificate that signs itself, and its key.
struct Identity(CertificateDer<'static>, PrivateKeyDer<'static>);

impl Identity {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        Self(made.cert.der().clone(), key)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.clone()).expect("a certificate");
        roots
    }

    fn server(&self, version: &'static SupportedProtocolVersion) -> ServerTls {
        let config = ServerConfig::builder_with_protocol_versions(&[version])
            .with_no_client_auth()
            .with_single_cert(vec![self.0.clone()], self.1.clone_key());
        ServerTls::new(config.expect("they belong together"))
    }

    fn trust(&self) -> ClientConfig {
        ClientConfig::builder()
            .with_root_certificates(self.roots())
            .with_no_client_auth()
    }

    fn client(&self) -> ClientTls {
        ClientTls::new(NAME, self.trust()).expect("a name")
    }
}

fn joe() -> Credentials {
    Credentials::new("joe", "wonderland").expect("a name")
}

fn eve() -> Credentials {
    Credentials::new("joe", "looking-glass").expect("a name")
}

fn refused(connect: Connect, addr: SocketAddr) -> Error {
    connect.connect(addr).expect_err("no connection")
}

#[test]
fn a_client_is_who_it_shows_to_be_by_every_mechanism() {
    let identity = Identity::new();
    let starttls = |server: Server| server.starttls(identity.server(&TLS13));
    let implicit = |server: Server| server.implicit_tls(identity.server(&TLS13));
    let clear = Served::start(|_| {}, starttls);
    let secure = Served::start(|config| config.require.auth = true, implicit);
    let token = Credentials::token("joe", "abc-123==").expect("a token");
    for (credentials, mechanism) in [
        (joe(), Mechanism::SCRAM_SHA_256_PLUS),
        (joe(), Mechanism::SCRAM_SHA_1_PLUS),
        (joe(), Mechanism::SCRAM_SHA_256),
        (joe(), Mechanism::SCRAM_SHA_1),
        (joe(), Mechanism::PLAIN),
        (joe(), Mechanism::LOGIN),
        (token.clone(), Mechanism::OAUTHBEARER),
        (token, Mechanism::XOAUTH2),
    ] {
        let credentials = credentials.only(mechanism.clone());
        let connect = Client::builder().starttls(identity.client());
        let connect = connect.auth(credentials.clone());
        let client = connect.connect(clear.addr).expect("a connection");
        let sender = clear.sender(client);
        assert_eq!(sender.as_deref(), Some("joe"), "{mechanism}");

        let connect = Client::builder().implicit_tls(identity.client());
        let mut client = connect.connect(secure.addr).expect("a connection");
        client.auth(&credentials).expect("it is who it says");
        let sender = secure.sender(client);
        assert_eq!(sender.as_deref(), Some("joe"), "{mechanism}");
    }
    let connect = Client::builder().starttls(identity.client());
    let client = connect.connect(clear.addr).expect("a connection");
    assert_eq!(clear.sender(client), None, "AUTH may be left out");
}

#[test]
fn whoever_does_not_know_the_password_may_try_a_few_times() {
    let identity = Identity::new();
    let limit = |config: &mut Config| config.limits.auth_failures = 2;
    let server = Served::start(limit, |server| server.starttls(identity.server(&TLS13)));
    let connect = || Client::builder().starttls(identity.client());
    let error = refused(connect().auth(eve()), server.addr);
    let said = error.to_string();
    assert!(said.starts_with("AUTH refused: 535 5.7.8 "), "{said}");

    for (wrong, mechanism) in [(2, Mechanism::PLAIN), (3, Mechanism::SCRAM_SHA_256)] {
        let mut client = connect().connect(server.addr).expect("a connection");
        let eve = eve().only(mechanism);
        for _ in 0..wrong {
            let error = client.auth(&eve).expect_err("it isn't the password");
            assert!(matches!(error.kind(), ErrorKind::AuthRefused(_)), "{error}");
        }
        match (wrong, client.auth(&joe())) {
            (2, Ok(())) => assert_eq!(server.sender(client).as_deref(), Some("joe")),
            (3, Err(error)) => {
                let said = error.to_string();
                assert!(said.starts_with("the server closed: 421 4.7.0 "), "{said}");
            }
            (_, met) => panic!("{wrong} times wrong: {met:?}"),
        }
    }
}

#[test]
fn a_password_is_neither_said_nor_heard_in_clear() {
    let server = Served::start(|_| {}, |server| server);
    let error = refused(
        Client::builder().auth(joe().only(Mechanism::PLAIN)),
        server.addr,
    );
    assert!(
        matches!(error.kind(), ErrorKind::Auth(AuthError::NoMechanism)),
        "{error}"
    );
    let mut peer = Peer::connect(server.addr);
    peer.reply();
    let offers = peer.ask("EHLO client.example");
    assert!(
        offers.contains("AUTH SCRAM-SHA-256 SCRAM-SHA-1 EXTERNAL"),
        "{offers}"
    );
    let reply = peer.ask("AUTH PLAIN AGpvZQB3b25kZXJsYW5k");
    assert!(reply.starts_with("504 5.5.4 "), "{reply}");
    // What gives nothing away will do.
    let client = Client::builder().auth(joe()).connect(server.addr);
    let sender = server.sender(client.expect("a connection"));
    assert_eq!(sender.as_deref(), Some("joe"));

    // Whatever a server offers.
    for proof in [joe(), Credentials::token("joe", "abc").expect("a token")] {
        let (addr, heard) = scripted(["220 mock", "250-mock\r\n250 AUTH PLAIN LOGIN XOAUTH2"]);
        let error = refused(Client::builder().auth(proof), addr);
        assert!(
            matches!(error.kind(), ErrorKind::Auth(AuthError::NoMechanism)),
            "{error}"
        );
        assert_eq!(heard.join().expect("it ends well"), ["EHLO"]);
    }
}

/// A server that says these lines, and gives the first words of what it hears behind each.
fn scripted<const N: usize>(replies: [&'static str; N]) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("it listens");
    let served = thread::spawn(move || {
        let mut peer = Peer::over(listener.accept().expect("a client").0);
        let hear = |reply| {
            let line = peer.ask(reply);
            line.split(' ').next().unwrap_or_default().to_owned()
        };
        let heard = replies.into_iter().map(hear);
        heard.filter(|word| !word.is_empty()).collect()
    });
    (addr, served)
}

#[test]
fn a_server_that_does_not_know_the_password_itself_is_not_believed() {
    let scram = "250-mock\r\n250 AUTH SCRAM-SHA-256";
    // It lets everybody in.
    let (addr, _) = scripted(["220 mock", scram, "235 welcome"]);
    let error = refused(Client::builder().auth(joe()), addr);
    assert!(
        matches!(error.kind(), ErrorKind::Auth(AuthError::Unproven)),
        "{error}"
    );
    // It says what makes no sense, is told that it is over, and agrees or doesn't.
    for end in ["501 cancelled", "235 welcome"] {
        let (addr, heard) = scripted(["220 mock", scram, "334 cj1hYmMsLA==", end]);
        let error = refused(Client::builder().auth(joe()), addr);
        assert!(
            matches!(error.kind(), ErrorKind::Auth(AuthError::Challenge)),
            "{error}"
        );
        assert_eq!(heard.join().expect("it ends well"), ["EHLO", "AUTH", "*"]);
    }
}

#[test]
fn mechanisms_are_bound_where_tls_has_something_to_be_bound_by() {
    let identity = Identity::new();
    for (version, bound) in [(&TLS13, true), (&TLS12, false)] {
        let server = Served::start(|_| {}, |server| server.starttls(identity.server(version)));
        let clear = Client::connect(server.addr).expect("a connection");
        let connect = || Client::builder().starttls(identity.client());
        let client = connect().connect(server.addr).expect("a connection");
        for (client, plus) in [(&clear, false), (&client, bound)] {
            let offered = client.capabilities().get::<Mechanisms>();
            let offered = offered.expect("AUTH is offered");
            assert_eq!(offered.contains(&Mechanism::SCRAM_SHA_256_PLUS), plus);
            assert!(offered.contains(&Mechanism::SCRAM_SHA_256));
        }
        let connect = connect().auth(joe());
        let client = connect.connect(server.addr).expect("a connection");
        assert_eq!(server.sender(client).as_deref(), Some("joe"));
    }
}

#[test]
fn a_certificate_that_tls_has_verified_is_its_owner() {
    let (ours, joes, nobodys) = (Identity::new(), Identity::new(), Identity::new());
    let verifier = WebPkiClientVerifier::builder(Arc::new(joes.roots()))
        .allow_unauthenticated()
        .build()
        .expect("a verifier");
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![ours.0.clone()], ours.1.clone_key())
        .expect("they belong together");
    let served = Served::by(
        Some(joes.0.clone()),
        |_| {},
        |server| server.implicit_tls(ServerTls::new(config)),
    );
    let showing = |identity: &Identity| {
        let config = ClientConfig::builder()
            .with_root_certificates(ours.roots())
            .with_client_auth_cert(vec![identity.0.clone()], identity.1.clone_key());
        let tls = ClientTls::new(NAME, config.expect("they belong together"));
        Client::builder()
            .implicit_tls(tls.expect("a name"))
            .auth(Credentials::external())
    };
    let client = showing(&joes).connect(served.addr).expect("a connection");
    assert_eq!(served.sender(client).as_deref(), Some("joe"));

    let anonymous = Client::builder().implicit_tls(ours.client());
    let error = refused(anonymous.auth(Credentials::external()), served.addr);
    assert!(matches!(error.kind(), ErrorKind::AuthRefused(_)), "{error}");

    // Under TLS 1.3 the client learns only then that its certificate isn't believed.
    let error = refused(showing(&nobodys), served.addr);
    assert!(
        !matches!(error.kind(), ErrorKind::AuthRefused(_)),
        "{error}"
    );
}

#[test]
fn who_a_client_was_in_clear_is_forgotten_under_tls() {
    let identity = Identity::new();
    let clear = |config: &mut Config| config.accept_clear_passwords = true;
    let server = Served::start(clear, |server| server.starttls(identity.server(&TLS13)));
    let mut peer = Peer::hello(server.addr);
    let reply = peer.ask("AUTH PLAIN AGpvZQB3b25kZXJsYW5k");
    assert!(reply.starts_with("235 2.7.0 "), "{reply}");
    peer.ask("MAIL FROM:<a@example.org>");
    assert_eq!(server.heard().as_deref(), Some("joe"));
    peer.ask("RSET");
    assert!(peer.ask("STARTTLS").starts_with("220 "));

    let name = NAME.try_into().expect("a name");
    let tls = ClientConnection::new(Arc::new(identity.trust()), name).expect("a client");
    let stream = peer.stream().try_clone().expect("a socket");
    let mut stream = BufReader::new(StreamOwned::new(tls, stream));
    for command in ["EHLO client.example", "MAIL FROM:<a@example.org>"] {
        write!(stream.get_mut(), "{command}\r\n").expect("the server is there");
        let mut reply = String::new();
        while !reply.contains("250 ") {
            stream.read_line(&mut reply).expect("a reply");
        }
    }
    assert_eq!(server.heard(), None);
}

#[test]
fn a_handler_has_mechanisms_of_its_own_beside_the_authenticators() {
    let door = Mechanism::try_from("X-DOOR").expect("a name");
    let offer = move |config: &mut Config| {
        config.accept_clear_passwords = true;
        config.offers.add(Mechanisms::new([door]));
    };
    let server = Served::start(offer, |server| server);
    // The words `mellon` and `friend`.
    for (word, reply) in [("bWVsbG9u", "235 2.7.0 "), ("ZnJpZW5k", "535 5.7.8 ")] {
        let mut peer = Peer::hello(server.addr);
        assert_eq!(peer.ask("AUTH X-DOOR"), "334 U3BlYWssIGZyaWVuZA==");
        let said = peer.ask(word);
        assert!(said.starts_with(reply), "{said}");
        peer.ask("MAIL FROM:<a@example.org>");
        let friend = reply.starts_with('2').then_some("friend");
        assert_eq!(server.heard().as_deref(), friend);
    }
    let mut peer = Peer::hello(server.addr);
    assert_eq!(peer.ask("AUTH PLAIN"), "334");
    assert!(peer.ask("AGpvZQB3b25kZXJsYW5k").starts_with("235 "));
}

#[test]
fn a_panic_under_a_mechanism_is_the_end_of_an_exchange_and_of_nothing_else() {
    let clear = |config: &mut Config| config.accept_clear_passwords = true;
    let server = Served::start(clear, |server| server);
    let mut peer = Peer::hello(server.addr);
    // `panicky`, with the password `x`.
    let reply = peer.ask("AUTH PLAIN AHBhbmlja3kAeA==");
    assert!(reply.starts_with("454 4.7.0 "), "{reply}");
    let reply = peer.ask("AUTH PLAIN AGpvZQB3b25kZXJsYW5k");
    assert!(reply.starts_with("235 2.7.0 "), "{reply}");
}

#[test]
fn an_exchange_that_is_broken_off_leaves_nothing_behind() {
    let clear = |config: &mut Config| config.accept_clear_passwords = true;
    let server = Served::start(clear, |server| server);
    let mut peer = Peer::hello(server.addr);
    // The name `joe`, and no password.
    assert!(peer.ask("AUTH LOGIN am9l").starts_with("334 "));
    assert!(peer.ask("*").starts_with("501 5.7.0 "));
    assert!(peer.ask("AUTH LOGIN").starts_with("334 "));
    let asked = peer.ask("d29uZGVybGFuZA==");
    assert!(
        asked.starts_with("334 "),
        "the password is taken for a name: {asked}"
    );
    assert!(peer.ask("d29uZGVybGFuZA==").starts_with("535 "));
}
