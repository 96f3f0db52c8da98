//! What borrows from a command line can be kept when the line is gone, and is the same.

use smtp_proto::address::{
    AddressLiteral, Domain, ForwardPath, Host, LocalPart, Mailbox, ReversePath,
};
use smtp_proto::extension::{EnvId, Mtrk, OriginalRecipient, Submitter, TransId};
use smtp_proto::{Command, Hello, Mail, Offers, Rcpt, Syntax};
use std::collections::HashSet;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is kept of a line that is dropped.
fn kept<T>(text: &str, keep: impl FnOnce(&str) -> T) -> T {
    let line = text.to_owned();
    keep(&line)
}

/// That it is what the text says.
fn check<T: Debug + PartialEq + ToString>(text: &str, kept: &T, read: &T) {
    assert_eq!(kept, read);
    assert_eq!(kept.to_string(), text);
}

macro_rules! kept {
    ($($type:ident $text:literal,)*) => {$(
        let it: $type<'static> = kept($text, |text| $type::try_from(text).unwrap().into_owned());
        check($text, &it, &$type::try_from($text).unwrap());
    )*};
}

#[test]
fn addresses_and_their_parts_are_kept() {
    kept! {
        Domain "mx.example.org",
        Host "mx.example.org",
        Host "[192.0.2.1]",
        Host "[IPv6:2001:db8::1]",
        Host "[x400:somewhere]",
        LocalPart "ann",
        LocalPart "\"ann e\"",
        Mailbox "ann@example.org",
        ReversePath "<>",
        ReversePath "<ann@[192.0.2.1]>",
        ForwardPath "<Postmaster>",
        ForwardPath "<ann@example.org>",
    }
}

#[test]
fn commands_and_their_parameters_are_kept() {
    let (envid, orcpt) = ("QQ314159@example.com", "rfc822;ann+2Bx@example.org");
    let mail =
        format!("MAIL FROM:<joe@example.com> ENVID={envid} MTRK=BwcHBwcHBwcHBwcHBwcHBwcHBwc:99");
    let mail = mail + " SUBMITTER=joe@example.com TRANSID=<1@example.com>";
    let rcpt = format!("RCPT TO:<ann@example.org> ORCPT={orcpt}");
    let offers = all();
    let syntax = Syntax::new(&offers);
    let read: Mail<'static> = kept(&mail, |line| {
        match Command::parse(line.as_bytes(), syntax).unwrap() {
            Command::Mail(mail) => mail.into_owned(),
            other => panic!("{other}"),
        }
    });
    assert_eq!(read.to_string(), mail);
    let id: EnvId<'static> = read.get::<EnvId<'_>>().unwrap().into_owned();
    let track: Mtrk<'static> = read.get::<Mtrk<'_>>().unwrap().into_owned();
    let submitter: Submitter<'static> = read.get::<Submitter<'_>>().unwrap().into_owned();
    let transaction: TransId<'static> = read.get::<TransId<'_>>().unwrap().into_owned();
    drop(read);
    assert_eq!(id.as_str(), envid);
    assert_eq!(track.timeout(), Some(99));
    assert_eq!(submitter.mailbox().to_string(), "joe@example.com");
    assert_eq!(transaction.as_str(), "<1@example.com>");
    let read: Rcpt<'static> = kept(&rcpt, |line| {
        match Command::parse(line.as_bytes(), syntax).unwrap() {
            Command::Rcpt(rcpt) => rcpt.into_owned(),
            other => panic!("{other}"),
        }
    });
    let original = read.get::<OriginalRecipient<'_>>().unwrap().into_owned();
    assert_eq!(original.to_string(), format!("ORCPT={orcpt}"));
    assert_eq!(
        read.clone().without::<OriginalRecipient<'_>>().to_string(),
        "RCPT TO:<ann@example.org>"
    );
}

fn all() -> Offers {
    use smtp_proto::Extension::{Checkpoint, Dsn, Mtrk, Submitter};
    [Dsn, Mtrk, Submitter, Checkpoint]
        .into_iter()
        .fold(Offers::default(), |offers, extension| {
            offers.with(extension)
        })
}

#[test]
fn a_host_is_what_it_was_made_of() {
    let domain = Domain::try_from("mx.example.org").unwrap();
    assert_eq!(Host::from(domain).to_string(), "mx.example.org");
    for (addr, literal) in [
        (IpAddr::from(Ipv4Addr::LOCALHOST), "[127.0.0.1]"),
        (IpAddr::from(Ipv6Addr::LOCALHOST), "[IPv6:::1]"),
    ] {
        assert_eq!(Host::from(addr).to_string(), literal);
        let hello = Hello::ehlo(literal).unwrap();
        assert_eq!(hello.host(), Some(Host::from(addr)));
        assert_eq!(hello, Hello::literal(addr));
        let literal = AddressLiteral::from(addr);
        assert_eq!(Host::from(literal.clone()), Host::from(addr));
        let spelled = AddressLiteral::try_from(&*literal.to_string().to_uppercase())
            .unwrap()
            .into_owned();
        let alike: HashSet<_> = [literal, spelled].into();
        assert_eq!(alike.len(), 1);
    }
    let named = Hello::ehlo("client.example.org").unwrap();
    assert!(matches!(named.host(), Some(Host::Domain(_))));
}
