//! `Command::parse`, with every extension announced.

use super::{mailbox, parameters};
use crate::reading::{Field, Reading};
use smtp_proto::command::SyntaxError;
use smtp_proto::extension::{
    DateTime, EnvId, FutureRelease, Hold, MtPriority, Notify, Offers, OriginalRecipient, Ret,
    Syntax,
};
use smtp_proto::{Command, Extensions, Mail, Rcpt};

/// Reads a line without its CRLF.
pub(crate) fn parse(line: &[u8]) -> Result<Command<'static>, SyntaxError> {
    let offers = everything();
    let mut syntax = Syntax::new(&offers);
    syntax.utf8 = true;
    Command::parse(line, syntax).map(Command::into_owned)
}

/// Every extension, with arguments that forbid nothing.
fn everything() -> Offers {
    let last = DateTime::try_from("9999-12-31T23:59:59Z").expect("a date-time");
    let hold = FutureRelease::new(999_999_999, last).expect("maxima");
    Offers::from(Extensions::ALL).with(hold)
}

pub(super) fn ours(line: &[u8]) -> Reading {
    let Ok(command) = parse(line) else {
        return Reading::Refused;
    };
    let mut fields = vec![
        ("verb", command.verb().to_string()),
        ("rest", "0".to_owned()),
    ];
    match &command {
        Command::Hello(hello) => fields.push(("name", hello.name().to_owned())),
        Command::Mail(mail) => {
            let path = mail.from().mailbox().map_or("", |from| from.as_str());
            fields.push(("path", mailbox(path)));
            mail_fields(mail, &mut fields);
        }
        Command::Rcpt(rcpt) => {
            let path = rcpt.to().mailbox().map_or("Postmaster", |to| to.as_str());
            fields.push(("path", mailbox(path)));
            rcpt_fields(rcpt, &mut fields);
        }
        Command::Bdat(chunk) => {
            fields.push(("size", chunk.size.to_string()));
            fields.push(("last", chunk.last.to_string()));
        }
        Command::Auth(auth) => {
            let mechanism = auth.mechanism().as_str().to_ascii_uppercase();
            fields.push(("mechanism", mechanism));
        }
        _ => {}
    }
    Reading::Taken(fields)
}

fn mail_fields(mail: &Mail<'_>, fields: &mut Vec<Field>) {
    let all = mail.parameters().map(|one| (one.keyword, one.value));
    fields.push(("parameters", parameters(all)));
    fields.push(("SIZE", mail.size().unwrap_or(0).to_string()));
    let body = mail.body().map_or("", |body| body.as_str());
    fields.push(("BODY", body.to_owned()));
    fields.push(("SMTPUTF8", mail.is_smtputf8().to_string()));
    let ret = mail.get::<Ret>().map_or("", |ret| ret.as_str());
    fields.push(("RET", ret.to_owned()));
    let id = mail.get::<EnvId<'_>>();
    let id = id.map_or(String::new(), |id| id.decoded().into_owned());
    fields.push(("ENVID", id));
    let hold = mail.get::<Hold<'_>>().and_then(|hold| hold.seconds());
    fields.push(("HOLDFOR", hold.unwrap_or(0).to_string()));
    let priority = mail.get::<MtPriority>().map_or(0, MtPriority::value);
    fields.push(("MT-PRIORITY", priority.to_string()));
}

fn rcpt_fields(rcpt: &Rcpt<'_>, fields: &mut Vec<Field>) {
    let all = rcpt.parameters().map(|one| (one.keyword, one.value));
    fields.push(("parameters", parameters(all)));
    let notify = rcpt.get::<Notify>().map(|notify| {
        let Notify {
            success,
            failure,
            delay,
            ..
        } = notify;
        format!("{success} {failure} {delay}")
    });
    fields.push(("NOTIFY", notify.unwrap_or_default()));
    let original = rcpt.get::<OriginalRecipient<'_>>();
    let original = original.map_or(String::new(), |original| original.address().into_owned());
    fields.push(("ORCPT", original));
}
