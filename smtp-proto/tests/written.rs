//! No value that can be built writes a stray CR, LF or NUL, part two: parameters and arguments of
//! extensions, what a server announces, fields of trace, and replies as they are shown. See `values.rs`
//! for addresses, commands and texts.

mod common;

use common::{Action, Client, Server, Verdict, client_config, server_config};
use proptest::collection::vec;
use proptest::prelude::*;
use smtp_proto::address::{Domain, ForwardPath, Mailbox, ReversePath};
use smtp_proto::extension::{
    Attribute, Auth, Burl, BurlSources, DateTime, EnvId, Etrn, Hold, Mechanism, Mechanisms,
    NoSoliciting, Offer, OriginalRecipient, OwnExtension, PriorityProfile, Rrvs, Solicit,
    Submitted, Submitter, TransId, XClient, XClientAttributes, XForward, XForwardAttributes,
};
use smtp_proto::reply::Text;
use smtp_proto::trace::{Date, Protocol, Received, ReturnPath};
use smtp_proto::{Command, Envelope, Extensions, Mail, Offers, Rcpt, Secret, Syntax, command};

/// What most values are made of, some of it with an octet among it that ends lines somewhere.
fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "",
        "",
        "\r\n",
        "\r",
        "\n",
        "\0",
        "\r\nMAIL FROM:<evil@x>\r\n",
        "\t",
        " ",
        "\u{7F}",
        "\u{85}",
        "\u{2028}",
        "\u{10D}\u{10A}",
        "+0D+0A",
        "+0A",
        "+00",
        "\\x{0D}",
        "\\x{0A}",
        "=",
        "\"",
    ]);
    let shape = prop::sample::select(vec![
        ("", ""),
        ("a@", ""),
        ("", "@b"),
        ("\"", "\"@b"),
        ("rfc822;", ""),
        ("imap://", "/c"),
        ("2026-01-02T03:04:05", "Z"),
    ]);
    let word = "[A-Za-z0-9.:;-]{0,4}";
    (shape, word, odd, word)
        .prop_map(|((open, close), one, odd, two)| [open, &one, odd, &two, close].concat())
}

/// A tab may stand in a reply's text.
fn stays_on_its_line(line: &str) -> bool {
    !line.contains(|c: char| c.is_control() && c != '\t')
}

/// RFC 6533 §3 lets other controls be decoded.
fn has_no_newline(decoded: &str) -> bool {
    !decoded.contains(['\r', '\n', '\0'])
}

/// MAIL with each parameter there is of these texts.
fn mails(one: &str, two: &str) -> Vec<Mail<'static>> {
    let mailbox = Mailbox::parse_utf8(one).ok().map(Mailbox::into_owned);
    let date = DateTime::try_from(one).ok().map(DateTime::into_owned);
    let mail = || Mail::new(ReversePath::Null);
    let mails = [
        EnvId::new(one).ok().map(|value| mail().with(value)),
        Solicit::new(one).map(|value| mail().with(value.into_owned())),
        TransId::new(one, two).map(|value| mail().with(value)),
        mailbox.as_ref().map(|by| mail().with(Submitted::by(by))),
        mailbox.and_then(|by| Some(mail().with(Submitter::new(by)?))),
        date.and_then(|date| Some(mail().with(Hold::until(date)?))),
        mail().with_own("XA", Some(one)).ok(),
        mail().with_own(one, None).ok(),
    ];
    mails.into_iter().flatten().collect()
}

/// RCPT, in the same way.
fn recipients(one: &str, two: &str) -> Vec<Rcpt<'static>> {
    let rcpt = || Rcpt::new(ForwardPath::try_from("c@d").expect("a path"));
    let date = DateTime::try_from(one).ok().map(DateTime::into_owned);
    let mailbox = Mailbox::parse_utf8(one).ok();
    let original = mailbox.and_then(|mailbox| OriginalRecipient::of(&mailbox).ok());
    let recipients = [
        original.map(|value| rcpt().with(value)),
        OriginalRecipient::new(one, two)
            .ok()
            .map(|value| rcpt().with(value)),
        OriginalRecipient::new("utf-8", one)
            .ok()
            .map(|value| rcpt().with(value)),
        date.and_then(|date| Some(rcpt().with(Rrvs::new(date, None)?))),
        rcpt().with_own("XA", Some(one)).ok(),
    ];
    recipients.into_iter().flatten().collect()
}

/// Commands with an argument.
fn commands(one: &str, two: &str) -> Vec<Command<'static>> {
    let known = Attribute::Known(one.into());
    let mechanism = Mechanism::try_from(two).ok().map(Mechanism::into_owned);
    let initial = Secret::from(one.as_bytes());
    let commands = [
        Burl::new(one, true).map(|url| Command::Burl(url.into_owned())),
        Etrn::queue(one).map(Command::Etrn),
        XClient::new("NAME", &known).map(Command::XClient),
        XClient::new(one, &known).map(Command::XClient),
        XForward::new("IDENT", &known).map(Command::XForward),
        XForward::new(two, &known).map(Command::XForward),
        command::Own::new("XA", one).map(Command::Own),
        command::Own::new(one, two).map(Command::Own),
        mechanism.map(|mechanism| Command::Auth(Auth::new(mechanism, Some(initial)))),
        command::Argument::utf8(one)
            .ok()
            .map(|argument| Command::Vrfy(argument.into_owned())),
    ];
    commands.into_iter().flatten().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_parameter_and_no_argument_that_can_be_built_ends_its_line(one in text(), two in text()) {
        let mut lines = Vec::new();
        for mail in mails(&one, &two) {
            lines.push(mail.to_string());
            lines.push(Envelope::from(mail).mail().to_string());
        }
        lines.extend(recipients(&one, &two).iter().map(ToString::to_string));
        lines.extend(commands(&one, &two).iter().map(ToString::to_string));
        for line in lines {
            prop_assert!(stays_on_its_line(&line), "{:?}", line);
        }
    }

    #[test]
    fn no_value_is_decoded_to_more_than_its_line(one in text(), two in text()) {
        let offers = Offers::from(Extensions::ALL)
            .with(XClientAttributes::new(["NAME"]).expect("a keyword"));
        let syntax = Syntax::new(&offers);
        let line = format!("MAIL FROM:<> ENVID={one} AUTH={two}");
        if let Ok(Command::Mail(mail)) = Command::parse(line.as_bytes(), syntax) {
            let id = mail.get::<EnvId<'_>>().expect("it is said");
            prop_assert!(has_no_newline(&id.decoded()), "{:?}", id);
            let by = mail.get::<Submitted<'_>>().expect("it is said").mailbox();
            prop_assert!(by.is_none_or(|by| has_no_newline(&by.to_string())));
        }
        let line = format!("RCPT TO:<c@d> ORCPT=utf-8;{one}");
        if let Ok(Command::Rcpt(rcpt)) = Command::parse(line.as_bytes(), syntax) {
            let original = rcpt.get::<OriginalRecipient<'_>>().expect("it is said");
            prop_assert!(has_no_newline(&original.address()), "{:?}", original);
        }
        let line = format!("XCLIENT NAME={one}");
        if let Ok(Command::XClient(client)) = Command::parse(line.as_bytes(), syntax) {
            for (name, value) in client.iter() {
                if let Attribute::Known(value) = value {
                    prop_assert!(has_no_newline(&value), "{}: {:?}", name, value);
                }
            }
        }
    }

    #[test]
    fn a_server_announces_a_line_for_each_thing_it_offers(one in text(), two in text()) {
        let mut config = server_config();
        let mechanism = Mechanism::try_from(&*one).ok().map(Mechanism::into_owned);
        let own = OwnExtension::new("XA").expect("a keyword").with_arguments(&one);
        let with_verb = OwnExtension::new(&two).and_then(|own| own.with_verb(&two));
        let offers: [Option<Offer>; 8] = [
            NoSoliciting::new(&one).map(Offer::from),
            BurlSources::new(&one).map(Offer::from),
            PriorityProfile::new(&one).map(Offer::from),
            XClientAttributes::new([&*one]).map(Offer::from),
            XForwardAttributes::new([&*two]).map(Offer::from),
            mechanism.map(|name| Mechanisms::new([name]).into()),
            own.ok().map(Offer::from),
            with_verb.ok().map(Offer::from),
        ];
        offers.into_iter().flatten().for_each(|offer| config.offers.add(offer));
        if let Ok(greeting) = Text::new(one.clone()) {
            config.greeting = greeting;
        }
        config.accept_clear_passwords = true;

        let mut server = Server::new(config, |_: &str| Verdict::Accept);
        server.run();
        server.feed(b"EHLO a\r\n");
        let said = std::str::from_utf8(&server.seen.output).expect("ASCII");
        let lines: Vec<_> = said.split("\r\n").collect();
        let (last, lines) = lines.split_last().expect("a line");
        prop_assert_eq!(*last, "");
        for line in lines {
            prop_assert!(stays_on_its_line(line), "{:?}", said);
            prop_assert!(line.starts_with("220 ") || line.starts_with("250"), "{:?}", said);
        }
    }

    #[test]
    fn a_field_of_trace_breaks_its_line_only_to_fold_it(hello in text(), id in text(), path in text()) {
        let by = Domain::try_from("mx.example.org").expect("a domain");
        let mut received = Received::new(&hello, &by, Protocol::Smtp, Date::from_unix(0));
        received = received.id(&id).unwrap_or(received);
        let mut fields = Vec::new();
        if let Ok(recipient) = ForwardPath::parse_utf8(&path) {
            fields.push(received.recipient(&recipient).to_string());
        }
        fields.push(received.to_string());
        if let Ok(sender) = ReversePath::parse_utf8(&path) {
            fields.push(ReturnPath(&sender).to_string());
        }
        for field in fields {
            let unfolded = field.replace("\r\n ", " ").replace("\r\n\t", " ");
            let line = unfolded.strip_suffix("\r\n").expect("an end");
            prop_assert!(has_no_newline(line), "{:?}", field);
        }
    }

    #[test]
    fn a_reply_is_shown_on_one_line_whatever_a_server_says(texts in vec(vec(any::<u8>(), 0..20), 1..4)) {
        let mut said = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let last = index + 1 == texts.len();
            said.extend_from_slice(if last { b"554 " } else { b"554-" });
            said.extend(text.iter().filter(|octet| !matches!(octet, b'\r' | b'\n')));
            said.extend_from_slice(b"\r\n");
        }
        let mut client = Client::new(client_config(), [Action::Quit], 1);
        client.run();
        prop_assert!(client.feed(&said));
        prop_assert!(client.events[0].starts_with("refused at Connect: 554"));
        prop_assert!(has_no_newline(&client.events[0]), "{:?}", client.events);
    }
}
