//! What a `Result` answers is what its two sides answer by themselves.

mod common;

use common::{server_config, take};
use smtp_proto::bytes::BytesMut;
use smtp_proto::extension::{Mechanism, Mechanisms};
use smtp_proto::reply::Text;
use smtp_proto::server::{Accepted, AuthStep, Connection, Event};
use smtp_proto::{Extension, Refusal, Secret};

/// The last reply to these commands, if each request gets that answer.
fn last_reply(commands: &str, mut answer: impl FnMut(Event<'_>)) -> String {
    let mut config = server_config();
    config.accept_clear_passwords = true;
    config.offers.add(Mechanisms::new([Mechanism::PLAIN]));
    config.offers.add(Extension::Chunking);
    let mut conn = Connection::new(config.into());
    let mut input = Some(format!("EHLO a\r\n{commands}\r\n"));
    let mut output = BytesMut::new();
    loop {
        match conn.poll() {
            Event::Flush => take(conn.transmit(), usize::MAX, &mut output),
            Event::NeedInput => match input.take() {
                Some(input) => assert_eq!(conn.receive(input.as_bytes()), input.len()),
                None => break,
            },
            Event::Connect(request) => request.answer(Ok(())),
            Event::Hello(request) => request.answer(Ok(())),
            event => answer(event),
        }
    }
    let said = String::from_utf8(output.to_vec()).unwrap();
    said.lines().last().unwrap_or_default().to_owned()
}

fn no() -> Refusal {
    Refusal::policy()
}

fn text() -> Text {
    Text::new("so it is").unwrap()
}

#[test]
fn a_request_is_answered_yes_or_no() {
    let mail = |verdict: Result<(), Refusal>| {
        last_reply("MAIL FROM:<a@b>", |event| match event {
            Event::Mail(request) => request.answer(verdict.clone()),
            event => panic!("{event:?}"),
        })
    };
    assert_eq!(mail(Ok(())), "250 2.1.0 sender ok");
    assert_eq!(mail(Err(no())), "550 5.7.1 refused by policy");
}

#[test]
fn a_question_is_answered_by_what_is_known_or_not() {
    let asked = |command: &str, verdict: &Result<Option<Text>, Refusal>| {
        last_reply(command, |event| match event {
            Event::Verify(request) => request.answer_with(verdict.clone()),
            Event::Expand(request) => request.answer_with(verdict.clone()),
            Event::Help(request) => request.answer_with(verdict.clone()),
            event => panic!("{event:?}"),
        })
    };
    for command in ["VRFY ann", "EXPN all"] {
        assert_eq!(asked(command, &Ok(Some(text()))), "250 2.1.5 so it is");
        assert!(asked(command, &Ok(None)).starts_with("252 2."), "{command}");
    }
    assert!(asked("HELP", &Ok(Some(text()))).ends_with(" so it is"));
    assert!(asked("HELP", &Ok(None)).starts_with("214 "));
    for command in ["VRFY ann", "EXPN all", "HELP"] {
        assert_eq!(asked(command, &Err(no())), "550 5.7.1 refused by policy");
    }
}

#[test]
fn an_exchange_goes_on_or_ends() {
    let auth = |verdict: &Result<AuthStep, Refusal>| {
        let mut identity = None;
        let said = last_reply("AUTH PLAIN AGEAYg==\r\n*", |event| match event {
            Event::Auth(request) => {
                identity = request.session().identity().map(str::to_owned);
                request.answer(match verdict {
                    Ok(AuthStep::Challenge(challenge)) => {
                        Ok(AuthStep::Challenge(Secret::from(challenge.expose())))
                    }
                    Ok(AuthStep::Accept(name)) => Ok(AuthStep::Accept(name.clone())),
                    Err(refusal) => Err(refusal.clone()),
                });
            }
            event => event.answer_by_default(),
        });
        assert_eq!(identity, None, "nobody is anybody before it ends");
        said
    };
    // What stands behind the exchange is a command, and none.
    assert!(auth(&Ok(AuthStep::Accept("a".to_owned()))).starts_with("500 5.5.2"));
    assert!(auth(&Err(Refusal::bad_credentials())).starts_with("500 5.5.2"));
    assert!(auth(&Ok(AuthStep::Challenge(Secret::from(&b"?"[..])))).starts_with("501 "));
}

#[test]
fn a_message_is_taken_in_words_of_ones_own_or_in_the_usual_ones() {
    let sent = |accepted: Accepted| {
        let mut accepted = Some(accepted);
        let commands = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2 LAST\r\n";
        last_reply(commands, |event| match event {
            Event::Rcpt(request) => request.answer(Ok(())),
            Event::Body(_) => {}
            Event::Message(request) => {
                request.conclude(Ok(accepted.take().expect("it is asked once")));
            }
            event => event.answer_by_default(),
        })
    };
    assert_eq!(sent(Accepted::with_text(text())), "250 2.0.0 so it is");
    assert_eq!(sent(().into()), "250 2.0.0 message accepted");
}

#[test]
fn a_recipient_that_nobody_answers_for_is_refused() {
    let commands = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>";
    let said = last_reply(commands, |event| match event {
        Event::Rcpt(_) => {}
        event => event.answer_by_default(),
    });
    assert!(said.starts_with("451 4.3.0"), "{said}");
}

#[test]
fn what_failed_here_is_for_the_log_and_not_for_the_client() {
    use std::io::{Error, ErrorKind};
    for (kind, said) in [
        (ErrorKind::StorageFull, Refusal::no_space()),
        (ErrorKind::QuotaExceeded, Refusal::no_space()),
        (ErrorKind::PermissionDenied, Refusal::local_error()),
    ] {
        assert_eq!(Refusal::from(Error::new(kind, "/var/mail/ann")), said);
    }
}
