//! Stalwart's `smtp-proto`: `Request::parse`.

use super::{mailbox, verb};
use crate::reading::{Field, Reading};
use stalwart_smtp_proto::{
    MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_BODY_BINARYMIME, MAIL_RET_FULL, MAIL_RET_HDRS,
    MAIL_SMTPUTF8, MailFrom, RCPT_NOTIFY_DELAY, RCPT_NOTIFY_FAILURE, RCPT_NOTIFY_NEVER,
    RCPT_NOTIFY_SUCCESS, RcptTo, Request,
};
use std::borrow::Cow;

/// Verbs it doesn't have.
const OTHERS: [&str; 2] = ["XCLIENT", "XFORWARD"];

pub(super) fn read(line: &[u8]) -> Reading {
    if OTHERS.contains(&verb(line).as_str()) {
        return Reading::Unknown;
    }
    let input = [line, b"\r\n"].concat();
    let mut octets = input.iter();
    let Ok(request) = Request::parse(&mut octets) else {
        return Reading::Refused;
    };
    let mut fields = vec![
        ("verb", request.name().to_owned()),
        ("rest", octets.len().to_string()),
    ];
    match &request {
        Request::Ehlo { host } | Request::Lhlo { host } | Request::Helo { host } => {
            fields.push(("name", host.clone().into_owned()));
        }
        Request::Mail { from } => mail(from, &mut fields),
        Request::Rcpt { to } => rcpt(to, &mut fields),
        Request::Bdat {
            chunk_size,
            is_last,
        } => {
            fields.push(("size", chunk_size.to_string()));
            fields.push(("last", is_last.to_string()));
        }
        _ => {}
    }
    Reading::Taken(fields)
}

fn mail(from: &MailFrom<Cow<'_, str>>, fields: &mut Vec<Field>) {
    fields.push(("path", mailbox(&from.address)));
    fields.push(("SIZE", from.size.to_string()));
    let flag = |mask: u64| from.flags & mask != 0;
    let named = |names: &[(u64, &str)]| -> String {
        let set = names.iter().filter(|(mask, _)| flag(*mask));
        set.map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
    };
    let body = named(&[
        (MAIL_BODY_7BIT, "7BIT"),
        (MAIL_BODY_8BITMIME, "8BITMIME"),
        (MAIL_BODY_BINARYMIME, "BINARYMIME"),
    ]);
    fields.push(("BODY", body));
    fields.push(("SMTPUTF8", flag(MAIL_SMTPUTF8).to_string()));
    let ret = named(&[(MAIL_RET_FULL, "FULL"), (MAIL_RET_HDRS, "HDRS")]);
    fields.push(("RET", ret));
    let id = from.env_id.as_deref().unwrap_or_default();
    fields.push(("ENVID", id.to_owned()));
    fields.push(("HOLDFOR", from.hold_for.to_string()));
    fields.push(("MT-PRIORITY", from.mt_priority.to_string()));
}

fn rcpt(to: &RcptTo<Cow<'_, str>>, fields: &mut Vec<Field>) {
    fields.push(("path", mailbox(&to.address)));
    let flag = |mask: u64| to.flags & mask != 0;
    let [success, failure, delay] = [RCPT_NOTIFY_SUCCESS, RCPT_NOTIFY_FAILURE, RCPT_NOTIFY_DELAY];
    let notify = if flag(success | failure | delay | RCPT_NOTIFY_NEVER) {
        format!("{} {} {}", flag(success), flag(failure), flag(delay))
    } else {
        String::new()
    };
    fields.push(("NOTIFY", notify));
    let original = to.orcpt.as_deref().unwrap_or_default();
    fields.push(("ORCPT", original.to_owned()));
}
