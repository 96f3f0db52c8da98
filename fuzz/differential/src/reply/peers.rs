//! The peers' readers of replies.

use super::{lines, mechanisms};
use crate::reading::Reading;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::extension::{Extension, ServerInfo};
use lettre::transport::smtp::response::Response;
use smtp_codec::parse::response::{Reply_line, ehlo_ok_rsp};
use smtp_codec::types::{AuthMechanism, Capability};
use smtp_message::{Reply, ReplyLine};
use stalwart_smtp_proto::response::parser::ResponseReceiver;
use stalwart_smtp_proto::{
    AUTH_LOGIN, AUTH_PLAIN, AUTH_XOAUTH2, EXT_8BIT_MIME, EXT_CHUNKING, EXT_DSN, EXT_PIPELINING,
    EXT_REQUIRE_TLS, EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse,
};

/// It finds where a reply ends, and no more.
pub(super) fn codec(input: &[u8]) -> Reading {
    match Reply_line(input) {
        Ok(_) => Reading::Taken(Vec::new()),
        Err(_) => Reading::Refused,
    }
}

pub(super) fn message(input: &[u8]) -> Reading {
    let Ok((_, reply)) = Reply::<&str>::parse(input) else {
        return Reading::Refused;
    };
    let mut rest = input;
    let mut texts = Vec::new();
    for _ in &reply.text {
        let (behind, line) = ReplyLine::<&str>::parse(rest).expect("it was read before");
        let text = match line.ecode {
            Some(code) if line.text.as_str().is_empty() => code.raw.to_owned(),
            Some(code) => format!("{} {}", code.raw, line.text.as_str()),
            None => line.text.as_str().to_owned(),
        };
        texts.push(text);
        rest = behind;
    }
    let code = reply.ecode.as_ref().map_or("", |code| code.raw);
    Reading::Taken(vec![
        ("code", reply.code.code().to_string()),
        ("enhanced", code.to_owned()),
        ("lines", lines(texts.iter().map(String::as_bytes))),
    ])
}

pub(super) fn stalwart(input: &[u8]) -> Reading {
    let mut octets = input.iter();
    let Ok(reply) = ResponseReceiver::default().parse(&mut octets) else {
        return Reading::Refused;
    };
    let mut fields = vec![("code", reply.code.to_string())];
    if reply.esc == [0; 3] {
        fields.push(("enhanced", String::new()));
        let all = reply.message.split('\n').map(str::as_bytes);
        fields.push(("lines", lines(all)));
    } else {
        let [class, subject, detail] = reply.esc;
        fields.push(("enhanced", format!("{class}.{subject}.{detail}")));
    }
    Reading::Taken(fields)
}

pub(super) fn lettre(input: &[u8]) -> Reading {
    let reply = str::from_utf8(input)
        .ok()
        .and_then(|text| text.parse::<Response>().ok());
    let Some(reply) = reply else {
        return Reading::Refused;
    };
    Reading::Taken(vec![
        ("code", reply.code().to_string()),
        ("lines", lines(reply.message().map(str::as_bytes))),
    ])
}

pub(super) fn codec_capabilities(input: &[u8]) -> Reading {
    use smtp_codec::types::Response::Ehlo;
    let Ok((_, Ehlo { capabilities, .. })) = ehlo_ok_rsp(input) else {
        return Reading::Refused;
    };
    let offered = |wanted: &Capability| capabilities.contains(wanted).to_string();
    let size = capabilities.iter().find_map(|capability| match capability {
        Capability::Size(size) => Some(*size),
        _ => None,
    });
    let names = capabilities.iter().flat_map(|capability| match capability {
        Capability::Auth(names) => names.as_slice(),
        _ => &[],
    });
    let names = names.map(|name| match name {
        AuthMechanism::Plain => "PLAIN",
        AuthMechanism::Login => "LOGIN",
        AuthMechanism::Other(name) => name.as_str(),
        _ => "",
    });
    Reading::Taken(vec![
        ("8BITMIME", offered(&Capability::EightBitMIME)),
        ("SMTPUTF8", offered(&Capability::SMTPUTF8)),
        ("STARTTLS", offered(&Capability::StartTLS)),
        ("PIPELINING", offered(&Capability::Pipelining)),
        ("CHUNKING", offered(&Capability::Chunking)),
        ("DSN", offered(&Capability::DSN)),
        ("REQUIRETLS", offered(&Capability::RequireTLS)),
        ("SIZE", size.unwrap_or(0).to_string()),
        ("AUTH", mechanisms(names)),
    ])
}

pub(super) fn stalwart_capabilities(input: &[u8]) -> Reading {
    let Ok(found) = EhloResponse::parse(&mut input.iter()) else {
        return Reading::Refused;
    };
    let offered = |mask: u32| (found.capabilities & mask != 0).to_string();
    let names = [
        (AUTH_PLAIN, "PLAIN"),
        (AUTH_LOGIN, "LOGIN"),
        (AUTH_XOAUTH2, "XOAUTH2"),
    ];
    let names = names
        .iter()
        .filter(|(mask, _)| found.auth_mechanisms & mask != 0);
    Reading::Taken(vec![
        ("8BITMIME", offered(EXT_8BIT_MIME)),
        ("SMTPUTF8", offered(EXT_SMTP_UTF8)),
        ("STARTTLS", offered(EXT_START_TLS)),
        ("PIPELINING", offered(EXT_PIPELINING)),
        ("CHUNKING", offered(EXT_CHUNKING)),
        ("DSN", offered(EXT_DSN)),
        ("REQUIRETLS", offered(EXT_REQUIRE_TLS)),
        ("SIZE", found.size.to_string()),
        ("AUTH", mechanisms(names.map(|(_, name)| *name))),
    ])
}

pub(super) fn lettre_capabilities(input: &[u8]) -> Reading {
    let reply = str::from_utf8(input)
        .ok()
        .and_then(|text| text.parse::<Response>().ok());
    let positive = reply.filter(Response::is_positive);
    let Some(found) = positive.and_then(|reply| ServerInfo::from_response(&reply).ok()) else {
        return Reading::Refused;
    };
    let offered = |extension| found.supports_feature(extension).to_string();
    let names = [
        (Mechanism::Plain, "PLAIN"),
        (Mechanism::Login, "LOGIN"),
        (Mechanism::Xoauth2, "XOAUTH2"),
    ];
    let names = names
        .iter()
        .filter(|(name, _)| found.supports_auth_mechanism(*name));
    Reading::Taken(vec![
        ("8BITMIME", offered(Extension::EightBitMime)),
        ("SMTPUTF8", offered(Extension::SmtpUtfEight)),
        ("STARTTLS", offered(Extension::StartTls)),
        ("AUTH", mechanisms(names.map(|(_, name)| *name))),
    ])
}
