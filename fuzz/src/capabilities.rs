//! The EHLO reply: what a server offers a client finds, and what a client makes of a reply is what
//! stands there.

use crate::values::{CapabilityValue, check_line};
use arbitrary::{Arbitrary, Unstructured};
use smtp_proto::address::Domain;
use smtp_proto::bytes::Buf;
use smtp_proto::extension::{
    BurlSources, Capability, DeliverBy, Extension, FutureRelease, Mechanisms, NoSoliciting, Offers,
    PriorityProfile, ServerLimits, SizeLimit, XClientAttributes, XForwardAttributes,
};
use smtp_proto::server::{Config, Dialect};
use smtp_proto::{Capabilities, Extensions, Hello, client, server};
use std::fmt::Debug;
use std::sync::Arc;

/// The octets twice: their lines as those of a reply, and all of them for `arbitrary`, which makes
/// offers of them.
pub fn capabilities(data: &[u8]) {
    let lines: Vec<_> = data.split(|&octet| octet == b'\n').collect();
    check_reply(&lines);
    for line in &lines {
        if let Ok(arguments) = str::from_utf8(line) {
            check_arguments::<SizeLimit>(arguments);
            check_arguments::<Mechanisms>(arguments);
            check_arguments::<BurlSources>(arguments);
            check_arguments::<DeliverBy>(arguments);
            check_arguments::<FutureRelease>(arguments);
            check_arguments::<PriorityProfile>(arguments);
            check_arguments::<NoSoliciting>(arguments);
            check_arguments::<ServerLimits>(arguments);
            check_arguments::<XClientAttributes>(arguments);
            check_arguments::<XForwardAttributes>(arguments);
        }
    }
    if let Ok(values) = Values::arbitrary_take_rest(Unstructured::new(data)) {
        values.check();
    }
}

/// What is offered.
#[derive(Arbitrary, Debug)]
struct Values {
    lmtp: bool,
    secure: bool,
    /// Of the extensions there are, by their place.
    plain: u64,
    offered: Vec<CapabilityValue>,
}

impl Values {
    fn check(&self) {
        let hostname = Domain::try_from("mx.example.org").expect("a domain");
        let mut config = Config::new(hostname);
        config.accept_clear_passwords = true;
        if self.lmtp {
            config.dialect = Dialect::Lmtp;
        }
        let plain = Extensions::ALL.iter().enumerate();
        let plain = plain.filter(|(at, _)| self.plain >> (at % 64) & 1 == 1);
        let plain: Extensions = plain.map(|(_, extension)| extension).collect();
        config.offers = Offers::from(plain.with(Extension::EightBitMime));
        let mut offered: Vec<&CapabilityValue> = Vec::new();
        for value in &self.offered {
            if value.offer(&mut config).is_some() {
                offered.retain(|other| other.keyword() != value.keyword());
                offered.push(value);
            }
        }
        let reply = announced(config, self.secure);
        let found = read(&[b"220 mx.example.org\r\n", &reply[..]].concat());
        let found = found.expect("a reply that can be read");
        for extension in found.extensions().iter() {
            let own = |value: &&CapabilityValue| value.keyword() == extension.to_string();
            let always = self.lmtp
                && matches!(
                    extension,
                    Extension::Pipelining | Extension::EnhancedStatusCodes
                );
            let plain = plain.contains(extension) || extension == Extension::EightBitMime;
            assert!(plain || always || offered.iter().any(own), "{extension}");
        }
        for value in offered {
            let queue = matches!(
                value,
                CapabilityValue::BurlSources(_) | CapabilityValue::FutureRelease(..)
            );
            if !(self.lmtp && queue) {
                value.check(&found);
            }
        }
    }
}

/// What a server says to a hello.
fn announced(config: Config, secure: bool) -> Vec<u8> {
    let hello: &[u8] = match config.dialect {
        Dialect::Smtp => b"EHLO a\r\n",
        Dialect::Lmtp => b"LHLO a\r\n",
    };
    let config = Arc::new(config);
    let mut conn = if secure {
        server::Connection::over_tls(config)
    } else {
        server::Connection::new(config)
    };
    let (mut greeted, mut said) = (false, Vec::new());
    loop {
        match conn.poll() {
            server::Event::NeedInput if greeted => return said,
            server::Event::NeedInput => {
                greeted = true;
                said.clear();
                assert_eq!(conn.receive(hello), hello.len());
            }
            server::Event::Flush => {
                let octets = conn.transmit().chunk().to_vec();
                conn.transmit().advance(octets.len());
                said.extend(octets);
            }
            event => event.answer_by_default(),
        }
    }
}

/// What a client makes of a greeting and the reply behind it, if it is one.
fn read(replies: &[u8]) -> Option<Capabilities> {
    let hello = Hello::ehlo("client.example.com").expect("a name");
    let mut conn = client::Connection::new(Arc::new(client::Config::new(hello)));
    let mut fed = false;
    loop {
        match conn.poll().ok()? {
            client::Event::NeedInput if fed => return None,
            client::Event::Flush => {
                let octets = conn.transmit().remaining();
                conn.transmit().advance(octets);
            }
            client::Event::Ready(ready) => return Some(ready.capabilities().clone()),
            client::Event::NeedInput => {
                // The greeting first: nothing was asked before.
                let greeting = replies.iter().position(|&octet| octet == b'\n')? + 1;
                conn.receive(&replies[..greeting]);
                while let Ok(client::Event::Flush) = conn.poll() {
                    let octets = conn.transmit().remaining();
                    conn.transmit().advance(octets);
                }
                conn.receive(&replies[greeting..]);
                fed = true;
            }
            _ => return None,
        }
    }
}

/// Each line's keyword and arguments are those of the line, and what a type says of them is what they
/// say.
fn check_reply(lines: &[&[u8]]) {
    let mut reply = b"220 mx\r\n250-mx".to_vec();
    for line in lines {
        reply.extend(b"\r\n250-");
        reply.extend(line.iter().filter(|octet| !matches!(octet, b'\r' | b'\n')));
    }
    reply.extend(b"\r\n250 X-END\r\n");
    let Some(found) = read(&reply) else {
        return;
    };
    let entries: Vec<_> = found.iter().collect();
    assert_eq!(entries.len(), lines.len() + 1);
    for (keyword, arguments) in &entries {
        assert!(!keyword.contains(['\r', '\n', '\0', ' ']), "{keyword:?}");
        assert!(!arguments.contains(['\r', '\n', '\0']), "{arguments:?}");
        assert!(found.has_keyword(&keyword.to_ascii_lowercase()));
        if let Some(extension) = Extension::of_keyword(keyword) {
            assert!(found.offers(extension));
        }
    }
    for extension in Extensions::ALL.iter() {
        let keyword = extension.to_string();
        let named = entries
            .iter()
            .any(|(word, _)| word.eq_ignore_ascii_case(&keyword));
        assert_eq!(found.offers(extension), named, "{extension}");
    }
    check_capability::<SizeLimit>(&found);
    check_capability::<Mechanisms>(&found);
    check_capability::<BurlSources>(&found);
    check_capability::<DeliverBy>(&found);
    check_capability::<FutureRelease>(&found);
    check_capability::<PriorityProfile>(&found);
    check_capability::<NoSoliciting>(&found);
    check_capability::<ServerLimits>(&found);
    check_capability::<XClientAttributes>(&found);
    check_capability::<XForwardAttributes>(&found);
}

fn check_capability<C: Capability + Clone + Debug + PartialEq>(found: &Capabilities) {
    let all = found.iter();
    let of_it = all.filter(|(word, _)| Extension::of_keyword(word) == Some(C::EXTENSION));
    let mut arguments: Vec<_> = of_it.map(|(_, arguments)| arguments.into_owned()).collect();
    if C::EXTENSION == Extension::Auth && !arguments.is_empty() {
        arguments = vec![arguments.join(" ")];
    }
    let parsed = arguments.first().and_then(|arguments| C::parse(arguments));
    assert_eq!(found.get::<C>(), parsed, "{arguments:?}");
}

/// What is taken is written as the same, on its line, and offered as the same.
fn check_arguments<C: Capability + Clone + Debug + PartialEq>(arguments: &str) {
    let Some(value) = C::parse(arguments) else {
        return;
    };
    let written = value.to_string();
    check_line(&written);
    assert_eq!(C::parse(&written).as_ref(), Some(&value), "{written}");
    let offers = Offers::NONE.with(value.clone());
    assert_eq!(offers.get::<C>(), Some(value), "{written}");
}
