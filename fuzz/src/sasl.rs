//! Exchanges of AUTH with peers that say anything.

use smtp_proto::Secret;
use smtp_proto::extension::{Mechanism, Mechanisms};
use smtp_proto::server::AuthStep;
use smtp_sasl::{
    Authenticator, Channel, ChannelBinding, Credentials, Hash, Offer, ScramKeys, Unavailable, Users,
};

/// Users whose passwords nobody has, and nobody can ask for one of them.
struct Nobody;

impl Users for Nobody {
    fn mechanisms(&self) -> Mechanisms {
        Mechanisms::new(MECHANISMS)
    }

    fn check_password(&self, user: &str, _: &Secret) -> Result<bool, Unavailable> {
        if user == "down" {
            Err(Unavailable)
        } else {
            Ok(false)
        }
    }

    fn scram_keys(&self, user: &str, _: Hash) -> Result<Option<ScramKeys>, Unavailable> {
        if user == "down" {
            Err(Unavailable)
        } else {
            Ok(None)
        }
    }
}

const MECHANISMS: [Mechanism<'static>; 9] = [
    Mechanism::SCRAM_SHA_256_PLUS,
    Mechanism::SCRAM_SHA_256,
    Mechanism::SCRAM_SHA_1_PLUS,
    Mechanism::SCRAM_SHA_1,
    Mechanism::PLAIN,
    Mechanism::LOGIN,
    Mechanism::OAUTHBEARER,
    Mechanism::XOAUTH2,
    Mechanism::EXTERNAL,
];

/// The most iterations that are worth the time of a hunt.
const ITERATIONS: usize = "i=9999".len();

/// The first line: `s` or `c` for whose words stand below, the number of a mechanism, `b` for a
/// connection that has something to be bound to. Then a message a line, in which `%` is the first part
/// of what the other side said last: the nonce of SCRAM, where there is one.
pub fn sasl(data: &[u8]) {
    let mut lines = data.split(|octet| *octet == b'\n');
    let Some([role, number, rest @ ..]) = lines.next() else {
        return;
    };
    let mechanism = &MECHANISMS[usize::from(*number) % MECHANISMS.len()];
    let binding = (rest == b"b").then(|| ChannelBinding::new([7; 32]));
    let messages = lines.take(6);
    if *role == b's' {
        serve(mechanism, binding, messages);
    } else {
        ask(mechanism, binding, messages);
    }
}

/// A message, its `%` filled in.
fn filled(message: &[u8], last: &[u8]) -> Secret {
    let nonce = last.split(|octet| *octet == b',');
    let nonce = nonce.into_iter().find(|part| part.starts_with(b"r="));
    let mut filled = Vec::new();
    for octet in message {
        match (octet, nonce) {
            (b'%', Some(nonce)) => filled.extend_from_slice(nonce),
            _ => filled.push(*octet),
        }
    }
    Secret::from(filled)
}

fn serve<'m>(
    mechanism: &Mechanism<'_>,
    binding: Option<ChannelBinding>,
    messages: impl Iterator<Item = &'m [u8]>,
) {
    let channel = Channel {
        binding,
        certificate: Some(b"nobody's".to_vec()),
    };
    let mut server = Authenticator::new(Nobody).begin(mechanism, channel);
    let mut last = Secret::default();
    let mut over = false;
    for message in messages {
        let message = (message != b"-").then(|| filled(message, last.expose()));
        match server.step(message.as_ref()) {
            Ok(AuthStep::Challenge(challenge)) => {
                assert!(!over, "it goes on behind its end");
                last = challenge;
            }
            Ok(AuthStep::Accept(who)) => panic!("{who} is let in by {mechanism}"),
            Err(_) => over = true,
        }
    }
}

fn ask<'m>(
    mechanism: &Mechanism<'static>,
    binding: Option<ChannelBinding>,
    messages: impl Iterator<Item = &'m [u8]>,
) {
    let offered = Mechanisms::new([mechanism.clone()]);
    let credentials = match mechanism.as_str() {
        "OAUTHBEARER" | "XOAUTH2" => Credentials::token("joe", "abc"),
        "EXTERNAL" => Ok(Credentials::external()),
        _ => Credentials::new("joe", "wonderland"),
    };
    let offer = Offer {
        mechanisms: &offered,
        secure: true,
        binding,
    };
    let begun = credentials.map(|credentials| credentials.begin(offer));
    let Ok(Ok((mut client, auth))) = begun else {
        assert!(mechanism.is_bound(), "{mechanism} can't begin");
        return;
    };
    let mut last = auth.initial_response().unwrap_or_default();
    for message in messages {
        let message = filled(message, last.expose());
        let parts = message.expose().split(|octet| *octet == b',');
        if parts
            .into_iter()
            .any(|part| part.starts_with(b"i=") && part.len() > ITERATIONS)
        {
            return;
        }
        match client.respond(&message) {
            Ok(response) => last = response,
            Err(_) => break,
        }
    }
    let proven = client.accepted().is_ok();
    assert!(
        !proven || !mechanism.as_str().starts_with("SCRAM-"),
        "a server without the password is believed"
    );
}
