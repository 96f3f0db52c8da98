//! Clients and servers of this crate with each other, and with those that mean no good.

use proptest::prelude::*;
use smtp_proto::extension::{Auth, Mechanism, Mechanisms};
use smtp_proto::server::AuthStep;
use smtp_proto::{Refusal, Secret};
use smtp_sasl::{
    Accounts, AuthError, Authenticator, Channel, ChannelBinding, ClientExchange, Credentials, Hash,
    InvalidName, Offer, ScramKeys, ServerExchange, Unavailable, Users,
};
use std::sync::atomic::{AtomicU32, Ordering};

/// A password, a token and a certificate; and nobody can tell of `down`.
struct Everybody(Accounts);

impl Users for Everybody {
    fn mechanisms(&self) -> Mechanisms {
        let others = [
            Mechanism::OAUTHBEARER,
            Mechanism::XOAUTH2,
            Mechanism::EXTERNAL,
        ];
        Mechanisms::new(self.0.mechanisms().iter().cloned().chain(others))
    }

    fn check_password(&self, user: &str, password: &Secret) -> Result<bool, Unavailable> {
        if user == "down" {
            return Err(Unavailable);
        }
        self.0.check_password(user, password)
    }

    fn scram_keys(&self, user: &str, hash: Hash) -> Result<Option<ScramKeys>, Unavailable> {
        if user == "down" {
            return Err(Unavailable);
        }
        self.0.scram_keys(user, hash)
    }

    fn check_token(
        &self,
        user: Option<&str>,
        token: &Secret,
    ) -> Result<Option<String>, Unavailable> {
        match (user, token.expose()) {
            (Some("down"), _) => Err(Unavailable),
            (Some("joe" | "ann") | None, b"abc-123==") => Ok(Some(user.unwrap_or("joe").into())),
            _ => Ok(None),
        }
    }

    fn check_certificate(&self, certificate: &[u8]) -> Result<Option<String>, Unavailable> {
        match certificate {
            b"joe's" => Ok(Some("joe".into())),
            b"down" => Err(Unavailable),
            _ => Ok(None),
        }
    }

    fn may_act_as(&self, user: &str, other: &str) -> bool {
        (user, other) == ("joe", "ann")
    }
}

fn authenticator() -> Authenticator {
    let accounts = Accounts::default()
        .with("joe", "wonderland")
        .and_then(|accounts| accounts.with("a,b=c", "p,w=d"))
        .and_then(|accounts| accounts.with("josé", "contrase\u{f1}a"));
    Authenticator::new(Everybody(accounts.unwrap()))
}

fn binding(octet: u8) -> ChannelBinding {
    ChannelBinding::new([octet; 32])
}

fn channel(octet: Option<u8>) -> Channel {
    Channel {
        binding: octet.map(binding),
        certificate: Some(b"joe's".to_vec()),
    }
}

/// Who the server takes the client for, and whether the client takes the server's word.
fn converse(
    (mut client, auth): (ClientExchange, Auth<'static>),
    mut server: ServerExchange,
) -> Result<Result<String, AuthError>, Refusal> {
    let mut response = auth.initial_response();
    loop {
        match server.step(response.as_ref())? {
            AuthStep::Challenge(challenge) => match client.respond(&challenge) {
                Ok(next) => response = Some(next),
                Err(error) => return Ok(Err(error)),
            },
            AuthStep::Accept(identity) => return Ok(client.accepted().map(|()| identity)),
        }
    }
}

fn meet(credentials: &Credentials, bound: Option<u8>) -> Result<String, Refusal> {
    let authenticator = authenticator();
    let offer = Offer {
        mechanisms: authenticator.mechanisms(),
        secure: true,
        binding: bound.map(binding),
    };
    let begun = credentials.begin(offer).unwrap();
    let server = authenticator.begin(begun.1.mechanism(), channel(bound));
    converse(begun, server).map(|identity| identity.unwrap())
}

const PASSWORDS: [Mechanism<'static>; 6] = [
    Mechanism::SCRAM_SHA_256_PLUS,
    Mechanism::SCRAM_SHA_1_PLUS,
    Mechanism::SCRAM_SHA_256,
    Mechanism::SCRAM_SHA_1,
    Mechanism::PLAIN,
    Mechanism::LOGIN,
];

#[test]
fn a_name_ends_at_its_first_colon_and_the_password_may_have_more() {
    let offer = Offer {
        mechanisms: &Mechanisms::new([Mechanism::PLAIN]),
        secure: true,
        binding: None,
    };
    let joe: Credentials = "joe:won:derland".parse().unwrap();
    let (_, auth) = joe.begin(offer).unwrap();
    let said = auth.initial_response().unwrap();
    assert_eq!(said.expose(), b"\0joe\0won:derland");
    for text in ["", "joe", "joe:", ":wonderland"] {
        assert_eq!(text.parse::<Credentials>().unwrap_err(), InvalidName);
    }
}

#[test]
fn whoever_has_the_password_is_the_user_by_every_mechanism() {
    for (user, password) in [
        ("joe", "wonderland"),
        ("a,b=c", "p,w=d"),
        // As SASLprep has it, composed or not.
        ("jose\u{301}", "contrasen\u{303}a"),
    ] {
        for mechanism in PASSWORDS {
            let credentials = Credentials::new(user, password).unwrap();
            let credentials = credentials.only(mechanism.clone());
            let user = user.replace("e\u{301}", "é");
            assert_eq!(meet(&credentials, Some(7)), Ok(user), "{mechanism}");
        }
    }
}

#[test]
fn whoever_has_not_is_refused_in_the_same_words_whether_there_is_such_a_user_or_not() {
    for mechanism in PASSWORDS {
        for (user, password) in [
            ("joe", "wonderlands"),
            ("joe", "w"),
            ("Joe", "wonderland"),
            ("nobody", "wonderland"),
        ] {
            let credentials = Credentials::new(user, password).unwrap();
            let met = meet(&credentials.only(mechanism.clone()), Some(7));
            assert_eq!(met, Err(Refusal::bad_credentials()), "{mechanism} {user}");
        }
        let down = Credentials::new("down", "wonderland").unwrap();
        let met = meet(&down.only(mechanism.clone()), Some(7));
        let later = Err(Refusal::authentication_failed_for_now());
        assert_eq!(met, later, "{mechanism}");
    }
}

/// Tokens that are good once, each.
#[derive(Default)]
struct Once(AtomicU32);

impl Users for Once {
    fn mechanisms(&self) -> Mechanisms {
        Mechanisms::new([Mechanism::OAUTHBEARER, Mechanism::XOAUTH2])
    }

    fn check_password(&self, _: &str, _: &Secret) -> Result<bool, Unavailable> {
        Ok(false)
    }

    fn check_token(&self, _: Option<&str>, _: &Secret) -> Result<Option<String>, Unavailable> {
        let first = self.0.fetch_add(1, Ordering::Relaxed) == 0;
        Ok(first.then(|| "joe".into()))
    }
}

#[test]
fn a_token_is_asked_about_once_an_exchange() {
    for mechanism in [Mechanism::OAUTHBEARER, Mechanism::XOAUTH2] {
        let authenticator = Authenticator::new(Once::default());
        let offer = Offer {
            mechanisms: authenticator.mechanisms(),
            secure: true,
            binding: None,
        };
        let credentials = Credentials::token("joe", "abc").unwrap().only(mechanism);
        let meet = || {
            let begun = credentials.begin(offer.clone()).unwrap();
            let server = authenticator.begin(begun.1.mechanism(), channel(None));
            converse(begun, server)
        };
        assert_eq!(meet(), Ok(Ok("joe".into())));
        assert_eq!(meet(), Err(Refusal::bad_credentials()));
    }
}

#[test]
fn tokens_and_certificates_are_those_of_their_users() {
    for mechanism in [Mechanism::OAUTHBEARER, Mechanism::XOAUTH2] {
        for (user, token, met) in [
            ("joe", "abc-123==", Ok("joe".into())),
            ("joe", "abc-124==", Err(Refusal::bad_credentials())),
            ("eve", "abc-123==", Err(Refusal::bad_credentials())),
            (
                "down",
                "abc-123==",
                Err(Refusal::authentication_failed_for_now()),
            ),
        ] {
            let credentials = Credentials::token(user, token).unwrap();
            let credentials = credentials.only(mechanism.clone());
            assert_eq!(meet(&credentials, None), met, "{mechanism} {user}");
        }
    }
    assert_eq!(meet(&Credentials::external(), None), Ok("joe".into()));
    for (certificate, refusal) in [
        (None, Refusal::bad_credentials()),
        (Some(b"eve's".to_vec()), Refusal::bad_credentials()),
        (
            Some(b"down".to_vec()),
            Refusal::authentication_failed_for_now(),
        ),
    ] {
        let channel = Channel {
            binding: None,
            certificate,
        };
        let mut server = authenticator().begin(&Mechanism::EXTERNAL, channel);
        assert_eq!(server.step(Some(&Secret::default())), Err(refusal));
    }
}

#[test]
fn a_user_is_somebody_else_only_where_the_server_lets_them() {
    for mechanism in PASSWORDS {
        for (other, met) in [
            ("joe", Ok("joe".into())),
            ("ann", Ok("ann".into())),
            ("root", Err(Refusal::bad_credentials())),
        ] {
            let credentials = Credentials::new("joe", "wonderland").unwrap();
            let credentials = credentials.acting_as(other).unwrap();
            let credentials = credentials.only(mechanism.clone());
            if mechanism == Mechanism::LOGIN {
                let offered = Mechanisms::new([Mechanism::LOGIN]);
                let offer = Offer {
                    mechanisms: &offered,
                    secure: true,
                    binding: None,
                };
                let begun = credentials.begin(offer);
                assert_eq!(begun.err(), Some(AuthError::NoMechanism));
            } else {
                assert_eq!(meet(&credentials, Some(7)), met, "{mechanism} {other}");
            }
        }
    }
    let credentials = Credentials::token("joe", "abc-123==").unwrap();
    let acting = credentials.acting_as("ann").unwrap();
    assert_eq!(meet(&acting, None), Ok("ann".into()));
    let acting = Credentials::external().acting_as("ann").unwrap();
    assert_eq!(meet(&acting, None), Ok("ann".into()));
    let acting = Credentials::external().acting_as("root").unwrap();
    assert_eq!(meet(&acting, None), Err(Refusal::bad_credentials()));
}

fn chosen(
    credentials: &Credentials,
    offered: &str,
    secure: bool,
    bound: bool,
) -> Result<String, AuthError> {
    let names = offered.split(' ').filter(|name| !name.is_empty());
    let offered = Mechanisms::new(names.map(|name| Mechanism::try_from(name).unwrap()));
    let offer = Offer {
        mechanisms: &offered,
        secure,
        binding: bound.then(|| binding(7)),
    };
    let begun = credentials.begin(offer);
    begun.map(|(_, auth)| auth.mechanism().to_string())
}

#[test]
fn the_client_takes_the_best_mechanism_that_is_safe() {
    let joe = Credentials::new("joe", "wonderland").unwrap();
    let all = "LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS CRAM-MD5";
    for (offered, secure, bound, expected) in [
        (all, true, true, Ok("SCRAM-SHA-256-PLUS")),
        (all, true, false, Ok("SCRAM-SHA-256")),
        (all, false, false, Ok("SCRAM-SHA-256")),
        (
            "SCRAM-SHA-1-PLUS SCRAM-SHA-256",
            true,
            true,
            Ok("SCRAM-SHA-1-PLUS"),
        ),
        ("LOGIN PLAIN", true, true, Ok("PLAIN")),
        ("LOGIN", true, false, Ok("LOGIN")),
        ("LOGIN PLAIN", false, false, Err(AuthError::NoMechanism)),
        ("SCRAM-SHA-1-PLUS", true, false, Err(AuthError::NoMechanism)),
        (
            "CRAM-MD5 EXTERNAL OAUTHBEARER",
            true,
            true,
            Err(AuthError::NoMechanism),
        ),
        ("", true, true, Err(AuthError::NoMechanism)),
    ] {
        let expected = expected.map(String::from);
        assert_eq!(chosen(&joe, offered, secure, bound), expected, "{offered}");
    }
    let token = Credentials::token("joe", "abc").unwrap();
    let offered = "PLAIN XOAUTH2 OAUTHBEARER";
    let best = chosen(&token, offered, true, false);
    assert_eq!(best, Ok("OAUTHBEARER".into()));
    let best = chosen(&token, offered, false, false);
    assert_eq!(best, Err(AuthError::NoMechanism));
    let only = joe.only(Mechanism::SCRAM_SHA_1);
    let best = chosen(&only, all, true, true);
    assert_eq!(best, Ok("SCRAM-SHA-1".into()));
}

/// RFC 5802 §6: a client that was bound to another channel, or that was told there is nothing to be
/// bound by.
#[test]
fn nobody_in_between_can_use_what_is_bound_or_take_the_offer_away() {
    let authenticator = authenticator();
    let joe = Credentials::new("joe", "wonderland").unwrap();
    for (offered, client, server, identity) in [
        ("SCRAM-SHA-256-PLUS", Some(7), Some(7), true),
        ("SCRAM-SHA-256-PLUS", Some(7), Some(8), false),
        ("SCRAM-SHA-1-PLUS", Some(7), Some(8), false),
        // The server offers it and the client didn't hear of it.
        ("SCRAM-SHA-256", Some(7), Some(7), false),
        ("SCRAM-SHA-1", Some(7), Some(7), false),
        // It couldn't have used it anyway, or the server had none to offer.
        ("SCRAM-SHA-256", None, Some(7), true),
        ("SCRAM-SHA-256", Some(7), None, true),
    ] {
        let offered = Mechanisms::new([Mechanism::try_from(offered).unwrap()]);
        let offer = Offer {
            mechanisms: &offered,
            secure: true,
            binding: client.map(binding),
        };
        let begun = joe.begin(offer).unwrap();
        let server = authenticator.begin(begun.1.mechanism(), channel(server));
        let met = converse(begun, server).ok().map(Result::unwrap);
        assert_eq!(met, identity.then(|| "joe".into()), "{offered}");
    }
    // A client that says it isn't bound, by a mechanism that is.
    let mut server = authenticator.begin(&Mechanism::SCRAM_SHA_256_PLUS, channel(Some(7)));
    let unbound = Secret::from(&b"n,,n=joe,r=abc"[..]);
    let refused = server.step(Some(&unbound));
    assert_eq!(refused, Err(Refusal::bad_credentials()));
}

#[test]
fn a_server_that_does_not_know_the_password_is_found_out() {
    let mechanisms = Mechanisms::new([Mechanism::SCRAM_SHA_256]);
    let joe = Credentials::new("joe", "wonderland").unwrap();
    let begin = || {
        let offer = Offer {
            mechanisms: &mechanisms,
            secure: true,
            binding: None,
        };
        joe.begin(offer).unwrap()
    };
    let first = |auth: &Auth<'_>| {
        let first = auth.initial_response().unwrap();
        let first = first.expose();
        let nonce = first.split(|octet| *octet == b',').nth(3).unwrap();
        let salt = b"more,s=QSXCR+Q6sek8bf92,i=4096";
        Secret::from([nonce, &salt[..]].concat())
    };
    // It says 235 where the proof of its own is due.
    let (client, _) = begin();
    assert_eq!(client.accepted(), Err(AuthError::Unproven));
    let (mut client, auth) = begin();
    client.respond(&first(&auth)).unwrap();
    assert_eq!(client.accepted(), Err(AuthError::Unproven));
    // It makes the proof up.
    let (mut client, auth) = begin();
    client.respond(&first(&auth)).unwrap();
    let proof = Secret::from(&b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="[..]);
    assert_eq!(client.respond(&proof), Err(AuthError::Unproven));
    assert_eq!(client.respond(&proof), Err(AuthError::Challenge));
    // It asks for more than anybody has time for.
    for first in ["r=,s=QSXCR+Q6sek8bf92,i=4294967295", "r=abc,,", "", "r"] {
        let (mut client, _) = begin();
        let asked = client.respond(&Secret::from(first.as_bytes()));
        assert_eq!(asked, Err(AuthError::Challenge), "{first}");
    }
}

/// Clients that know what is asked say it with AUTH (`AUTH LOGIN am9l`).
#[test]
fn login_takes_the_name_before_it_asks() {
    for name_first in [true, false] {
        let mut server = authenticator().begin(&Mechanism::LOGIN, Channel::default());
        let (name, password) = (Secret::from(&b"joe"[..]), Secret::from(&b"wonderland"[..]));
        if !name_first {
            assert!(matches!(server.step(None), Ok(AuthStep::Challenge(_))));
        }
        let asked = server.step(Some(&name));
        assert!(matches!(asked, Ok(AuthStep::Challenge(_))));
        let identity = server.step(Some(&password));
        assert_eq!(identity, Ok(AuthStep::Accept("joe".into())));
        let again = server.step(Some(&password));
        assert_eq!(again, Err(Refusal::bad_credentials()));
    }
}

#[test]
fn a_mechanism_that_is_not_offered_is_refused() {
    let plain = Mechanisms::new([Mechanism::PLAIN]);
    let authenticator = authenticator().only(&plain);
    assert_eq!(authenticator.mechanisms(), &plain);
    for (mechanism, taken) in [
        (Mechanism::PLAIN, true),
        (Mechanism::LOGIN, false),
        (Mechanism::SCRAM_SHA_256_PLUS, false),
        (Mechanism::try_from("GSSAPI").unwrap(), false),
    ] {
        let mut server = authenticator.begin(&mechanism, channel(Some(7)));
        assert_eq!(server.step(None).is_ok(), taken, "{mechanism}");
    }
}

#[test]
fn names_passwords_and_tokens_that_cannot_be_said_are_refused() {
    for (user, password, sound) in [
        ("joe", "x", true),
        ("", "x", false),
        ("joe", "", false),
        ("j\0e", "x", false),
        ("joe", "x\0", false),
        ("joe\r\n", "x", false),
    ] {
        assert_eq!(Credentials::new(user, password).is_ok(), sound, "{user:?}");
        let accounts = Accounts::default().with(user, password);
        assert_eq!(accounts.is_ok(), sound, "{user:?}");
    }
    for (token, sound) in [
        ("abc.DEF_~+/-09==", true),
        ("", false),
        ("==", false),
        ("a=b", false),
        ("a b", false),
        ("a\u{1}b", false),
    ] {
        assert_eq!(Credentials::token("joe", token).is_ok(), sound, "{token:?}");
    }
}

#[test]
fn no_secret_prints() {
    let authenticator = authenticator();
    let joe = Credentials::new("joe", "wonderland").unwrap();
    let offer = Offer {
        mechanisms: authenticator.mechanisms(),
        secure: true,
        binding: Some(binding(7)),
    };
    let printed = format!("{joe:?} {offer:?} {authenticator:?}");
    let begun = joe.begin(offer).unwrap();
    let server = authenticator.begin(begun.1.mechanism(), channel(Some(7)));
    let printed = format!("{printed} {begun:?} {server:?}");
    let token = Credentials::token("joe", "abc-123").unwrap();
    let printed = format!("{printed} {token:?}");
    for secret in ["wonderland", "abc-123", "[7, 7", "n=joe"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

fn mechanism() -> impl Strategy<Value = Mechanism<'static>> {
    let all = Everybody(Accounts::default()).mechanisms();
    let all: Vec<_> = all.iter().cloned().collect();
    prop::sample::select(all)
}

/// Something like what is said in one or another of the mechanisms.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "n,",
        "y,",
        "p=tls-exporter,",
        "p=",
        "a=joe",
        "a=",
        "a",
        ",",
        "n=joe",
        "n=",
        "n",
        "r=abc",
        "r=",
        "c=biws",
        "c=",
        "p=AAAA",
        "m=",
        "v=AAAA",
        "e=other-error",
        "s=QSXCR+Q6sek8bf92",
        "i=4096",
        "i=",
        "=2C",
        "=",
        "\0",
        "joe",
        "\0joe\0wonderland",
        "user=joe",
        "\u{1}",
        "\u{1}auth=Bearer abc-123==",
        "\u{1}\u{1}",
        "é",
        "x=y",
    ]);
    prop_oneof![
        4 => prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    /// Whatever is said in whatever order, nothing panics, and nobody without the password is let in.
    #[test]
    fn no_words_of_a_client_break_a_server(
        mechanism in mechanism(),
        bound in any::<bool>(),
        messages in prop::collection::vec(prop::option::weighted(0.9, message()), 1..5),
    ) {
        let accounts = Everybody(Accounts::default());
        let channel = Channel { binding: bound.then(|| binding(7)), certificate: None };
        let mut server = Authenticator::new(accounts).begin(&mechanism, channel);
        for message in messages {
            let message = message.map(Secret::from);
            if let Ok(AuthStep::Accept(identity)) = server.step(message.as_ref()) {
                let token = matches!(mechanism.as_str(), "OAUTHBEARER" | "XOAUTH2");
                prop_assert!(token, "{identity} by {mechanism}");
            }
        }
    }

    #[test]
    fn no_words_of_a_server_break_a_client(
        mechanism in mechanism(),
        bound in any::<bool>(),
        messages in prop::collection::vec(message(), 1..5),
    ) {
        let offered = Mechanisms::new([mechanism.clone()]);
        let credentials = match mechanism.as_str() {
            "OAUTHBEARER" | "XOAUTH2" => Credentials::token("joe", "abc").unwrap(),
            "EXTERNAL" => Credentials::external(),
            _ => Credentials::new("joe", "wonderland").unwrap(),
        };
        let offer = Offer {
            mechanisms: &offered,
            secure: true,
            binding: bound.then(|| binding(7)),
        };
        if let Ok((mut client, _)) = credentials.begin(offer) {
            for message in messages {
                let _ = client.respond(&Secret::from(message));
            }
            let proven = client.accepted().is_ok();
            prop_assert!(!proven || !mechanism.as_str().starts_with("SCRAM"));
        }
    }
}
