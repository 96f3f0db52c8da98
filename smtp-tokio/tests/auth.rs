//! AUTH on connections: our client and our server, and each with others that mean no good.

#[path = "support/identity.rs"]
mod identity;
#[path = "support/mock.rs"]
mod mock;
mod support;

use identity::Identity;
use mock::{Mock, config, envelope};
use smtp_tokio::rustls::server::WebPkiClientVerifier;
use smtp_tokio::rustls::version::{TLS12, TLS13};
use smtp_tokio::rustls::{ClientConfig, RootCertStore, ServerConfig};
use smtp_tokio::smtp_proto::extension::{Mechanism, Mechanisms};
use smtp_tokio::smtp_proto::server::{AuthRequest, AuthStep, Closed, Fault};
use smtp_tokio::smtp_proto::{Secret, client};
use smtp_tokio::smtp_sasl::{AuthError, Hash, ScramKeys, Unavailable, Users};
use smtp_tokio::{
    Accepted, Accounts, Authenticator, Body, Client, ClientTls, Config, Connect, Credentials,
    Delivery, Domain, Envelope, ErrorKind, Extension, Handler, Mail, Rcpt, Refusal, Server,
    ServerTls, Session,
};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use support::peer::Peer;
use tokio::io::{BufReader, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_blocking;

/// What the handler saw.
#[derive(Debug, PartialEq)]
enum Told {
    Sender(Option<String>),
    Closed(Closed),
}

struct Door(UnboundedSender<Told>);

impl Handler for Door {
    async fn auth(&mut self, request: &AuthRequest<'_>) -> Result<AuthStep, Refusal> {
        assert_eq!(request.mechanism().as_str(), "X-DOOR");
        match request.response() {
            None => Ok(AuthStep::Challenge(b"Speak, friend".into())),
            Some(word) if word.expose() == b"mellon" => Ok(AuthStep::Accept("friend".into())),
            Some(_) => Err(Refusal::bad_credentials()),
        }
    }

    async fn mail(&mut self, _: &Mail<'_>, session: &Session) -> Result<(), Refusal> {
        let identity = session.identity().map(String::from);
        let _ = self.0.send(Told::Sender(identity));
        Ok(())
    }

    async fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    async fn message(&mut self, _: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
        body.discard().await?;
        Ok(Accepted::default())
    }

    async fn closed(&mut self, closed: Closed) {
        let _ = self.0.send(Told::Closed(closed));
    }
}

/// A password by every mechanism, and a certificate.
struct Everybody {
    accounts: Accounts,
    certificate: Vec<u8>,
}

impl Users for Everybody {
    fn mechanisms(&self) -> Mechanisms {
        let external = [Mechanism::EXTERNAL];
        Mechanisms::new(self.accounts.mechanisms().iter().cloned().chain(external))
    }

    fn check_password(&self, user: &str, password: &Secret) -> Result<bool, Unavailable> {
        assert_ne!(user, "panicky", "as the user's name says");
        self.accounts.check_password(user, password)
    }

    fn scram_keys(&self, user: &str, hash: Hash) -> Result<Option<ScramKeys>, Unavailable> {
        self.accounts.scram_keys(user, hash)
    }

    fn check_certificate(&self, certificate: &[u8]) -> Result<Option<String>, Unavailable> {
        Ok((certificate == self.certificate).then(|| "joe".to_owned()))
    }
}

fn authenticator(certificate: &[u8]) -> Authenticator {
    let accounts = Accounts::default().with("joe", "wonderland");
    Authenticator::new(Everybody {
        accounts: accounts.expect("a user"),
        certificate: certificate.to_vec(),
    })
}

/// Serves in the runtime of the test.
async fn serve(
    configure: impl FnOnce(&mut Config),
    set: impl FnOnce(Server) -> Server,
) -> (SocketAddr, UnboundedReceiver<Told>) {
    let mut config = Config::new(Domain::try_from("mx.example.com").expect("a name"));
    configure(&mut config);
    let server = Server::bind("127.0.0.1:0", config).await;
    let server = set(server.expect("a port"));
    let addr = server.local_addr().expect("it listens");
    let (tell, told) = unbounded_channel();
    tokio::spawn(server.serve(move |_| Door(tell.clone()), pending::<()>()));
    (addr, told)
}

fn joe() -> Credentials {
    Credentials::new("joe", "wonderland").expect("a name and a password")
}

/// Sends a message; says which mechanisms were offered.
async fn deliver(connect: Connect) -> String {
    let mut client = connect.await.expect("a connection");
    let offered = client.capabilities().get::<Mechanisms>();
    let sent = client.send(envelope(&["ann@example.com"]), &b"Hello.\r\n"[..]);
    assert!(sent.await.expect("a report").is_accepted_by_all());
    client.quit().await.expect("a goodbye");
    offered.unwrap_or_default().to_string()
}

async fn refused(connect: Connect) -> ErrorKind {
    let error = connect.await.expect_err("no connection");
    assert_eq!(error.delivery(), Delivery::Idle);
    match error.kind() {
        ErrorKind::Auth(error) => ErrorKind::Auth(*error),
        ErrorKind::AuthRefused(reply) => ErrorKind::AuthRefused(reply.clone()),
        other => panic!("{other:?}"),
    }
}

const ALL: &str =
    "SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 PLAIN LOGIN EXTERNAL";

#[tokio::test]
async fn whoever_has_the_password_is_let_in_by_every_mechanism() {
    let identity = Identity::new();
    let require = |config: &mut Config| config.require.auth = true;
    let starttls = |server: Server| server.starttls(identity.server()).auth(authenticator(b""));
    let (by_starttls, mut told) = serve(require, starttls).await;
    let implicit = |server: Server| {
        let server = server.implicit_tls(identity.server());
        server.auth(authenticator(b""))
    };
    let (under_tls, mut told_too) = serve(require, implicit).await;
    for mechanism in ALL.split(' ').filter(|name| *name != "EXTERNAL") {
        let mechanism = Mechanism::try_from(mechanism).expect("a mechanism");
        let joe = joe().only(mechanism);
        let connect = Client::connect(by_starttls).starttls(identity.client());
        assert_eq!(deliver(connect.auth(joe.clone())).await, ALL);
        let connect = Client::connect(under_tls).implicit_tls(identity.client());
        assert_eq!(deliver(connect.auth(joe)).await, ALL);
        for told in [&mut told, &mut told_too] {
            assert_eq!(told.recv().await, Some(Told::Sender(Some("joe".into()))));
            assert_eq!(told.recv().await, Some(Told::Closed(Closed::Quit)));
        }
    }
}

#[tokio::test]
async fn nothing_that_gives_the_password_away_is_offered_or_said_in_clear() {
    let authenticate = |server: Server| server.auth(authenticator(b""));
    let (addr, _told) = serve(|_| {}, authenticate).await;
    let offered = deliver(Client::connect(addr).auth(joe())).await;
    assert_eq!(offered, "SCRAM-SHA-256 SCRAM-SHA-1 EXTERNAL");
    for mechanism in [Mechanism::PLAIN, Mechanism::SCRAM_SHA_256_PLUS] {
        let clear = |config: &mut client::Config| config.send_clear_passwords = true;
        let connect = Client::connect(addr).configure(clear);
        let error = refused(connect.auth(joe().only(mechanism))).await;
        assert!(matches!(error, ErrorKind::Auth(AuthError::NoMechanism)));
    }
    // Tried all the same, it is refused before anybody looks at the password.
    let said = spawn_blocking(move || Peer::hello(addr).ask("AUTH PLAIN AGpvZQB3b25kZXJsYW5k"));
    assert!(said.await.expect("a reply").starts_with("504 5.5.4 "));

    let lax = |config: &mut Config| config.accept_clear_passwords = true;
    let (addr, _told) = serve(lax, authenticate).await;
    let plain = || joe().only(Mechanism::PLAIN);
    let error = refused(Client::connect(addr).auth(plain())).await;
    assert!(matches!(error, ErrorKind::Auth(AuthError::NoMechanism)));
    let clear = |config: &mut client::Config| config.send_clear_passwords = true;
    let connect = Client::connect(addr).configure(clear);
    let offered = deliver(connect.auth(plain())).await;
    assert_eq!(offered, "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN EXTERNAL");
}

#[tokio::test]
async fn whoever_has_it_wrong_is_refused_and_in_the_end_hung_up_on() {
    let identity = Identity::new();
    let secure = |server: Server| server.starttls(identity.server()).auth(authenticator(b""));
    let (addr, mut told) = serve(|config| config.limits.auth_failures = 2, secure).await;
    let eve = Credentials::new("eve", "wonderland").expect("a name and a password");
    let connect = Client::connect(addr).starttls(identity.client());
    let mut client = connect.await.expect("a connection");
    for attempt in 1..=3 {
        let error = client.auth(&eve).await.expect_err("she isn't known");
        let said = match error.kind() {
            ErrorKind::AuthRefused(reply) => reply.to_string(),
            other => panic!("{other:?}"),
        };
        assert!(said.starts_with("535 5.7.8 "), "{attempt}: {said}");
    }
    // What it said behind the last refusal.
    client.quit().await.expect("it has left by itself");
    let too_many = Closed::Fault(Fault::TooManyAuthFailures);
    assert_eq!(told.recv().await, Some(Told::Closed(too_many)));
}

#[tokio::test]
async fn who_a_client_is_does_not_outlive_the_upgrade_to_tls() {
    let identity = Identity::new();
    let secure = |server: Server| server.starttls(identity.server()).auth(authenticator(b""));
    let (addr, mut told) = serve(|_| {}, secure).await;
    // AUTH in clear, and STARTTLS behind it.
    let mut client = Client::connect(addr)
        .auth(joe())
        .await
        .expect("a connection");
    let sent = client.send(envelope(&["ann@example.com"]), &b"Hello.\r\n"[..]);
    sent.await.expect("a report");
    assert_eq!(told.recv().await, Some(Told::Sender(Some("joe".into()))));
    let again = client.auth(&joe()).await.expect_err("once is enough");
    assert!(matches!(again.kind(), ErrorKind::AuthRefused(reply) if reply.code().value() == 503));
    client.quit().await.expect("a goodbye");
    assert_eq!(told.recv().await, Some(Told::Closed(Closed::Quit)));
    deliver(Client::connect(addr).starttls(identity.client())).await;
    assert_eq!(told.recv().await, Some(Told::Sender(None)));
}

/// TLS 1.2 may have nothing to bind to (RFC 9266 §3), and then nothing that is bound is offered.
#[tokio::test]
async fn what_is_bound_is_offered_where_there_is_something_to_be_bound_to() {
    let identity = Identity::new();
    let implicit = |server: Server| {
        let server = server.implicit_tls(identity.server());
        server.auth(authenticator(b""))
    };
    let (addr, _told) = serve(|_| {}, implicit).await;
    for (version, offers) in [(&TLS13, true), (&TLS12, false)] {
        let trusting = ClientConfig::builder_with_protocol_versions(&[version]);
        let tls = trusting
            .with_root_certificates(identity.roots())
            .with_no_client_auth();
        let tls = ClientTls::new(identity::NAME, tls).expect("a name");
        let connect = Client::connect(addr).implicit_tls(tls).auth(joe());
        assert_eq!(deliver(connect).await.contains("PLUS"), offers);
    }
}

#[tokio::test]
async fn a_certificate_says_who_a_client_is() {
    let (ours, theirs, stranger) = (Identity::new(), Identity::new(), Identity::new());
    let mut known = RootCertStore::empty();
    known.add(theirs.certificate()).expect("a certificate");
    known.add(stranger.certificate()).expect("a certificate");
    let verifier = WebPkiClientVerifier::builder(known.into()).allow_unauthenticated();
    let tls = ServerConfig::builder()
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(vec![ours.certificate()], ours.key())
        .expect("they belong together");
    let tls = ServerTls::new(tls);
    let secure = |server: Server| {
        let server = server.implicit_tls(tls);
        server.auth(authenticator(&theirs.certificate()))
    };
    let (addr, mut told) = serve(|_| {}, secure).await;
    let connect = |shown: Option<&Identity>| {
        let trusting = ClientConfig::builder().with_root_certificates(ours.roots());
        let tls = match shown {
            Some(shown) => {
                let chain = vec![shown.certificate()];
                let made = trusting.with_client_auth_cert(chain, shown.key());
                made.expect("they belong together")
            }
            None => trusting.with_no_client_auth(),
        };
        let tls = ClientTls::new(identity::NAME, tls).expect("a name");
        let connect = Client::connect(addr).implicit_tls(tls);
        connect.auth(Credentials::external())
    };
    deliver(connect(Some(&theirs))).await;
    assert_eq!(told.recv().await, Some(Told::Sender(Some("joe".into()))));
    for shown in [Some(&stranger), None] {
        let error = refused(connect(shown)).await;
        assert!(matches!(error, ErrorKind::AuthRefused(reply) if reply.code().value() == 535));
    }
}

#[tokio::test]
async fn a_mechanism_of_ones_own_is_the_handlers() {
    let own = |config: &mut Config| {
        let door = Mechanism::try_from("X-DOOR").expect("a mechanism");
        config.offers.add(Mechanisms::new([door]));
    };
    // The authenticator's stay beside it.
    let (addr, mut told) = serve(own, |server| server.auth(authenticator(b""))).await;
    let offered = deliver(Client::connect(addr).auth(joe())).await;
    assert_eq!(offered, "SCRAM-SHA-256 SCRAM-SHA-1 EXTERNAL X-DOOR");
    assert_eq!(told.recv().await, Some(Told::Sender(Some("joe".into()))));
    assert_eq!(told.recv().await, Some(Told::Closed(Closed::Quit)));
    let said = spawn_blocking(move || {
        let mut peer = Peer::hello(addr);
        // `Speak, friend` and `mellon`.
        let mut said = vec![peer.ask("AUTH X-DOOR"), peer.ask("b3Blbg==")];
        said.push(peer.ask("AUTH X-DOOR bWVsbG9u"));
        said.push(peer.ask("MAIL FROM:<>"));
        said
    });
    let codes: Vec<_> = said.await.expect("replies");
    let codes: Vec<_> = codes.iter().map(|reply| &reply[..4]).collect();
    assert_eq!(codes, ["334 ", "535 ", "235 ", "250 "]);
    assert_eq!(told.recv().await, Some(Told::Sender(Some("friend".into()))));
}

#[tokio::test]
async fn users_that_panic_cost_their_exchange_and_no_more() {
    let identity = Identity::new();
    let secure = |server: Server| {
        server
            .implicit_tls(identity.server())
            .auth(authenticator(b""))
    };
    let (addr, _told) = serve(|_| {}, secure).await;
    let panicky = Credentials::new("panicky", "wonderland").expect("a name and a password");
    let connect = || Client::connect(addr).implicit_tls(identity.client());
    let error = refused(connect().auth(panicky.only(Mechanism::PLAIN))).await;
    assert!(matches!(error, ErrorKind::AuthRefused(reply) if reply.code().value() == 454));
    deliver(connect().auth(joe())).await;
}

/// By SCRAM a server proves itself too; one that says 235 without is another one.
#[tokio::test]
async fn a_server_that_does_not_prove_itself_is_not_believed() {
    let (ours, theirs) = duplex(4096);
    let mut mock = Mock(BufReader::new(theirs));
    let server = async {
        mock.say("220 mock").await;
        mock.talk(&[("EHLO", "250-mock\r\n250 AUTH SCRAM-SHA-256")])
            .await;
        mock.talk(&[("AUTH SCRAM-SHA-256", "235 come in")]).await;
    };
    let client = async {
        let mut client = Client::handshake(ours, Arc::new(config()))
            .await
            .expect("a hello");
        client.auth(&joe()).await.expect_err("no proof")
    };
    let ((), error) = tokio::join!(server, client);
    assert!(
        matches!(error.kind(), ErrorKind::Auth(AuthError::Unproven)),
        "{error}"
    );
}

/// What makes no sense is given up, and the connection is as good as before.
#[tokio::test]
async fn a_challenge_that_makes_no_sense_is_cancelled() {
    let (ours, theirs) = duplex(4096);
    let mut mock = Mock(BufReader::new(theirs));
    let server = async {
        mock.say("220 mock").await;
        mock.talk(&[("EHLO", "250-mock\r\n250 AUTH SCRAM-SHA-256")])
            .await;
        // `r=,s=,i=4294967295`
        mock.talk(&[
            ("AUTH SCRAM-SHA-256", "334 cj0scz0saT00Mjk0OTY3Mjk1"),
            ("*", "501 as you like"),
        ])
        .await;
        mock.talk(&[("QUIT", "221 bye")]).await;
    };
    let client = async {
        let mut client = Client::handshake(ours, Arc::new(config()))
            .await
            .expect("a hello");
        let error = client.auth(&joe()).await.expect_err("no sense");
        client.quit().await.expect("a goodbye");
        error
    };
    let ((), error) = tokio::join!(server, client);
    assert!(
        matches!(error.kind(), ErrorKind::Auth(AuthError::Challenge)),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_without_auth_is_an_error_before_anything_is_said() {
    let (addr, _told) = serve(|_| {}, |server| server).await;
    let error = refused(Client::connect(addr).auth(joe())).await;
    assert!(matches!(error, ErrorKind::Auth(AuthError::NoMechanism)));
    let client = Client::connect(addr).await.expect("a connection");
    assert!(!client.capabilities().offers(Extension::Auth));
}

/// No secret is in what the transcripts of both sides tell.
#[tokio::test]
async fn no_secret_is_told() {
    let identity = Identity::new();
    let (tell, mut told) = unbounded_channel();
    let tell_too = tell.clone();
    let secure = |server: Server| {
        let server = server
            .implicit_tls(identity.server())
            .auth(authenticator(b""));
        server.transcript(move |_, entry| {
            let _ = tell_too.send(entry.to_string());
        })
    };
    let (addr, _told) = serve(|_| {}, secure).await;
    for mechanism in ["PLAIN", "LOGIN", "SCRAM-SHA-256"] {
        let tell = tell.clone();
        let mechanism = Mechanism::try_from(mechanism).expect("a mechanism");
        let connect = Client::connect(addr).implicit_tls(identity.client());
        let connect = connect
            .auth(joe().only(mechanism))
            .transcript(move |entry| {
                let _ = tell.send(entry.to_string());
            });
        deliver(connect).await;
    }
    let mut said = String::new();
    while let Ok(line) = told.try_recv() {
        said += &line;
        said.push('\n');
    }
    assert!(said.contains("AUTH PLAIN"), "{said}");
    // The password, in base64 as LOGIN and PLAIN have it, the name, and how SCRAM begins.
    for secret in [
        "wonderland",
        "d29uZGVybGFuZA",
        "AGpvZQB3b25k",
        "am9l",
        "biwsbj1q",
        "cj0",
    ] {
        assert!(!said.contains(secret), "{secret}:\n{said}");
    }
}
