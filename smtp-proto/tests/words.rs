//! What errors and waits say of themselves, for logs: a phrase that fits behind a colon, each its own.

use std::collections::BTreeSet;
use std::error::Error;

use smtp_proto::address::{AddressError, Mailbox};
use smtp_proto::client::{self, SendError};
use smtp_proto::command::SyntaxErrorKind;
use smtp_proto::extension::{
    DateTime, EnvId, InvalidDsn, InvalidExtension, Mechanism, Mechanisms, OriginalRecipient,
    OwnExtension,
};
use smtp_proto::reply::{InvalidReply, Text};
use smtp_proto::server::Fault;
use smtp_proto::{Command, ContentFault, Extension, Offers, Refusal, ReplyFault, Syntax, Wait};

const WAITS: [Wait; 16] = [
    Wait::Command,
    Wait::Body,
    Wait::Decision,
    Wait::Penalty,
    Wait::Handshake,
    Wait::Write,
    Wait::Greeting,
    Wait::Hello,
    Wait::Mail,
    Wait::Rcpt,
    Wait::Data,
    Wait::Message,
    Wait::Chunk,
    Wait::Security,
    Wait::Reply,
    Wait::Query,
];

/// Each is a phrase, and no two are the same.
fn check<T: ToString>(errors: impl IntoIterator<Item = T>) {
    let mut told = BTreeSet::new();
    for error in errors {
        let words = error.to_string();
        let ends = [words.chars().next(), words.chars().last()];
        let fits =
            |end: Option<char>| end.is_some_and(|end| end != ' ' && end != '.' && end != ':');
        assert!(ends.into_iter().all(fits), "{words:?}");
        assert!(
            words.len() < 80 && !words.contains(['\r', '\n']),
            "{words:?}"
        );
        assert!(told.insert(words.clone()), "{words:?} is said of two");
    }
}

#[test]
fn waits_and_faults_say_which_they_are() {
    check(WAITS);
    check([
        ContentFault::BareCr,
        ContentFault::BareLf,
        ContentFault::Nul,
        ContentFault::EightBit,
    ]);
    check([
        ReplyFault::Code,
        ReplyFault::CodeChanged,
        ReplyFault::LineTooLong,
        ReplyFault::TooManyLines,
        ReplyFault::TooLong,
        ReplyFault::BareNewline,
    ]);
}

#[test]
fn what_ends_a_servers_session_is_told_apart() {
    check([
        Fault::LineTooLong,
        Fault::BareNewline,
        Fault::Order,
        Fault::TooManyErrors,
        Fault::Handshake,
        Fault::Unanswered,
        Fault::Refused,
        Fault::Reset,
        Fault::EndOfInput,
        Fault::Shutdown,
    ]);
    check(WAITS.map(Fault::TimedOut));
    assert_eq!(
        Fault::Content(ContentFault::Nul).to_string(),
        ContentFault::Nul.to_string()
    );
}

#[test]
fn what_ends_a_clients_connection_is_told_apart() {
    let refusal = Refusal::local_error();
    let others = [
        client::Error::Reply(ReplyFault::Code),
        client::Error::UnexpectedReply(refusal.into()),
        client::Error::EndOfInput,
        client::Error::Content(ContentFault::Nul),
        client::Error::Glued,
        client::Error::Handshake,
        client::Error::Challenge,
        client::Error::TooBig { limit: 1_000 },
        client::Error::Aborted,
    ];
    check(WAITS.map(client::Error::TimedOut).into_iter().chain(others));
}

#[test]
fn why_a_message_is_not_sent_is_told_apart() {
    check([
        SendError::NoRecipients,
        SendError::Missing(Extension::Dsn),
        SendError::Missing(Extension::Chunking),
        SendError::UnknownParameter,
        SendError::NeedsTls,
        SendError::UnknownVerb,
        SendError::NotAlone,
        SendError::NoMechanism,
        SendError::TooManyRecipients { limit: 1 },
        SendError::TooManyDomains { limit: 1 },
        SendError::TooManyMessages { limit: 1 },
        SendError::TooBig { limit: 1 },
    ]);
}

#[test]
fn syntax_errors_say_what_is_wrong_and_where() {
    let offers = Offers::default().with(Mechanisms::new([Mechanism::PLAIN]));
    let syntax = Syntax::new(&offers);
    let lines: [(&str, SyntaxErrorKind, usize); 13] = [
        ("FROB", SyntaxErrorKind::UnknownVerb, 0),
        ("TURN", SyntaxErrorKind::NotOffered, 0),
        ("EHLO", SyntaxErrorKind::Argument, 4),
        ("QUIT now", SyntaxErrorKind::UnexpectedArgument, 4),
        ("NOOP \u{1}", SyntaxErrorKind::Control, 5),
        ("NOOP ä", SyntaxErrorKind::NonAscii, 5),
        ("MAIL FROM:<ä@b>", SyntaxErrorKind::NonAsciiAddress, 11),
        ("MAIL FROM:<a@@>", SyntaxErrorKind::ReversePath, 13),
        ("RCPT TO:<a@@>", SyntaxErrorKind::ForwardPath, 11),
        ("MAIL FROM:<> FROB=1", SyntaxErrorKind::UnknownParameter, 13),
        ("MAIL FROM:<> SIZE=x", SyntaxErrorKind::ParameterValue, 13),
        ("AUTH PLAIN *", SyntaxErrorKind::Base64, 4),
        ("BDAT 1x", SyntaxErrorKind::ChunkSize, 4),
    ];
    let errors = lines.map(|(line, kind, offset)| {
        let error = Command::parse(line.as_bytes(), syntax).expect_err(line);
        assert_eq!(error.kind, kind, "{line}");
        assert_eq!(error.offset, offset, "{line}");
        let words = error.to_string();
        assert!(words.ends_with(&format!(" at octet {offset}")), "{words}");
        words
    });
    check(errors);
}

#[test]
fn what_is_no_value_says_what_one_is() {
    fn words<T, E: Error>(value: Result<T, E>) -> String {
        match value {
            Ok(_) => panic!("it is one"),
            Err(error) => error.to_string(),
        }
    }
    let long = "x".repeat(600);
    let address = |text: &str| -> AddressError { Mailbox::try_from(text).expect_err(text) };
    check([
        address("a b@c").to_string(),
        address("ä@b").to_string(),
        address(&format!("{long}@b")).to_string(),
    ]);
    let dsn: [InvalidDsn; 3] = [
        EnvId::new("a\u{1F600}").expect_err("no ASCII"),
        EnvId::new("").expect_err("empty"),
        OriginalRecipient::new("rfc=822", "a@b").expect_err("no atom"),
    ];
    check(dsn);
    let own: [InvalidExtension; 3] = [
        OwnExtension::new("").expect_err("empty"),
        OwnExtension::new("SIZE").expect_err("known"),
        OwnExtension::new("XA")
            .and_then(|own| own.with_arguments("a\tb"))
            .expect_err("a tab"),
    ];
    check(own);
    let refusals: [InvalidReply; 3] = [
        Refusal::new(250, (2, 0, 0), "ok").expect_err("no refusal"),
        Refusal::new(550, (4, 0, 0), "no").expect_err("another class"),
        Refusal::new(550, (5, 0, 0), "\u{1}").expect_err("a control"),
    ];
    check(refusals);
    check([
        words(Text::new("\u{1}")),
        words(Mechanism::try_from("A B")),
        words(DateTime::try_from("tomorrow")),
    ]);
}
