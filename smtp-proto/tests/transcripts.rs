//! Sessions as RFCs write them, `C:` and `S:`, played to either machine at every segmentation.
//!
//! A file in `transcripts/server` or `transcripts/client` holds cases, each under a `=== title`
//! that says what holds. In a case
//!
//! * `C: …` and `S: …` are lines that end in CRLF; a `\` at the end leaves the CRLF out;
//! * `\r \n \t \0 \xNN \\` stand for one octet, `\[x*100]` for a hundred `x`;
//! * `# …` is a directive: what the session is told beforehand, or, in their order, the events
//!   that are to come of it; each is described where it is read, below;
//! * a line that begins with `--` is for the reader.

mod common;

use common::script::{Case, cases, client_line, escape, server_line, unescape};
use common::{Action, Client, Note, Seen, Server, Verdict, client_config, server_config};
use smtp_proto::address::ForwardPath;
use smtp_proto::extension::{
    BurlSources, Capability, DeliverBy, FutureRelease, Mechanisms, MtPriority, NoSoliciting, Offer,
    OwnExtension, PriorityProfile, Queue, ServerLimits, XClientAttributes, XForwardAttributes,
};
use smtp_proto::reply::Text;
use smtp_proto::server::{BareNewline, Dialect, Hasty};
use smtp_proto::{
    Command, Envelope, Extension, Extensions, Hello, Newlines, Offers, Refusal, Syntax,
};
use smtp_proto::{client, server};

/// The input whole, octet by octet, and at every cut in two.
fn segmentations(input: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let cuts = (1..input.len()).map(|cut| vec![&input[..cut], &input[cut..]]);
    [vec![input], input.chunks(1).collect()]
        .into_iter()
        .chain(cuts)
}

/// What a server is told before a session.
fn server_settings(case: &Case) -> server::Config {
    let mut config = server_config();
    for (name, value) in case.directives() {
        match name {
            // `recipients 2`, `message none`, `auth_line 80`: a field of `Limits`
            "limit" => {
                let (limit, value) = value.split_once(' ').unwrap();
                let limits = &mut config.limits;
                let number = value.parse::<u32>();
                match limit {
                    "message" => limits.message = number.ok().map(u64::from),
                    "recipients" => limits.recipients = number.unwrap() as usize,
                    "transactions" => limits.transactions = number.ok(),
                    "session_recipients" => limits.session_recipients = number.ok(),
                    "line" => limits.command_line = number.unwrap() as usize,
                    "errors" => limits.errors = number.unwrap(),
                    "junk" => limits.junk_commands = number.unwrap(),
                    "auth_failures" => limits.auth_failures = number.unwrap(),
                    "auth_line" => limits.auth_line = number.unwrap() as usize,
                    "discarded" => limits.discarded = number.unwrap().into(),
                    other => panic!("{other}"),
                }
            }
            // keywords, or nothing
            "extensions" => {
                let keywords = value.split(' ').filter_map(Extension::of_keyword);
                config.offers = keywords.collect::<Extensions>().into();
            }
            // a keyword and its arguments, beside the others
            "offer" => config.offers.add(offer(value)),
            "LMTP" => config.dialect = Dialect::Lmtp,
            "TLS first" => config.require.tls = true,
            "AUTH first" => config.require.auth = true,
            "hasty clients are sent away" => config.hasty_clients = Hasty::Close,
            "clear passwords" => config.accept_clear_passwords = true,
            "bare newlines are data" => config.bare_newline = BareNewline::AcceptAsData,
            "bare LF ends commands" => config.accept_bare_lf_in_commands = true,
            "early talk is fine" => config.accept_early_talk = true,
            _ => {}
        }
    }
    config
}

/// An extension of one's own, with a verb and parameters of its name.
fn own(keyword: &str, arguments: &str) -> OwnExtension {
    let sound = |value: Option<&str>| value.is_some_and(|value| value != "bad");
    let own = OwnExtension::new(keyword)
        .and_then(|own| own.with_arguments(arguments))
        .and_then(|own| own.with_verb(&format!("{keyword}-DO")))
        .and_then(|own| own.with_mail_parameter(keyword, sound))
        .and_then(|own| own.with_mail_parameter(&format!("{keyword}-TO"), sound))
        .and_then(|own| own.with_rcpt_parameter(keyword, sound));
    own.unwrap()
}

fn offer(line: &str) -> Offer {
    fn with<C: Capability>(arguments: &str) -> Offer {
        C::parse(arguments).unwrap().into()
    }
    let (keyword, arguments) = line.split_once(' ').unwrap_or((line, ""));
    let Some(extension) = Extension::of_keyword(keyword) else {
        return own(keyword, arguments).into();
    };
    match extension {
        _ if arguments.is_empty() => extension.into(),
        Extension::Auth => with::<Mechanisms>(arguments),
        Extension::Burl => with::<BurlSources>(arguments),
        Extension::DeliverBy => with::<DeliverBy>(arguments),
        Extension::FutureRelease => with::<FutureRelease>(arguments),
        Extension::Limits => with::<ServerLimits>(arguments),
        Extension::MtPriority => with::<PriorityProfile>(arguments),
        Extension::NoSoliciting => with::<NoSoliciting>(arguments),
        Extension::XClient => with::<XClientAttributes>(arguments),
        Extension::XForward => with::<XForwardAttributes>(arguments),
        other => panic!("{other}"),
    }
}

/// `# answer: <request> => <answer>`; what isn't listed is accepted.
fn policy(case: &Case) -> impl FnMut(&str) -> Verdict {
    let answers = case.directives().filter(|(name, _)| *name == "answer");
    let mut answers: Vec<_> = answers
        .map(|(_, value)| {
            let (request, answer) = value.split_once(" => ").unwrap();
            let (how, text) = answer.split_once(' ').unwrap_or((answer, ""));
            let text = text.to_string();
            let verdict = match how {
                // Of several lines, with `\n` between them.
                "text" => Verdict::Text(lines(&text)),
                "utf8" => Verdict::Text(Text::utf8(text).unwrap()),
                "verified" => Verdict::Verified(lines(&text)),
                "forward" => Verdict::Forward(ForwardPath::parse_utf8(&text).unwrap().into_owned()),
                "challenge" => Verdict::Challenge(String::from_utf8(unescape(&text)).unwrap()),
                "identity" => Verdict::Identity(text),
                "priority" => Verdict::Priority(MtPriority::new(text.parse().unwrap()).unwrap()),
                // `6135 c@d e@f`
                "again" => {
                    let mut words = text.split(' ');
                    let offset = words.next().unwrap().parse().unwrap();
                    Verdict::Again(Envelope::new("", words).unwrap(), offset)
                }
                "queue" => Verdict::Queue(match text.parse() {
                    Ok(messages) => Queue::Messages(messages),
                    Err(_) if text == "empty" => Queue::Empty,
                    Err(_) => Queue::Pending,
                }),
                "each" => Verdict::Each(
                    text.split(" / ")
                        .map(|each| match each {
                            "ok" => Ok(()),
                            refusal => Err(self::refusal(refusal)),
                        })
                        .collect(),
                ),
                // once
                "defer" => Verdict::Defer,
                "ignore" => Verdict::Ignore,
                _ => Verdict::Reject(refusal(answer)),
            };
            (request.to_string(), verdict)
        })
        .collect();
    move |request| {
        let Some(at) = answers.iter().position(|(known, _)| known == request) else {
            return Verdict::Accept;
        };
        match answers[at].1 {
            Verdict::Defer => answers.remove(at).1,
            _ => answers[at].1.clone(),
        }
    }
}

fn lines(text: &str) -> Text {
    Text::lines(text.split("\\n")).unwrap()
}

/// `550 5.1.1 no such mailbox`
fn refusal(reply: &str) -> Refusal {
    let mut words = reply.splitn(3, ' ');
    let (code, enhanced) = (words.next().unwrap(), words.next().unwrap());
    let text = lines(words.next().unwrap());
    let mut parts = enhanced.split('.').map(|part| part.parse::<u16>().unwrap());
    let class = u8::try_from(parts.next().unwrap()).unwrap();
    let enhanced = (class, parts.next().unwrap(), parts.next().unwrap());
    Refusal::with_text(code.parse().unwrap(), enhanced, text).unwrap()
}

/// The session so far, and whether it goes on.
struct ServerPlay<P> {
    server: Server<P>,
    open: bool,
}

impl<P: FnMut(&str) -> Verdict> ServerPlay<P> {
    fn new(case: &Case, policy: P) -> Self {
        let mut server = Server::new(server_settings(case), policy);
        if case.has("TLS") {
            server.conn = server::Connection::over_tls(server_settings(case).into());
        }
        // A client waits for the greeting, but where that is the point.
        let open = case.has("early talk") || server.run();
        Self { server, open }
    }

    fn feed(&mut self, segment: &[u8]) {
        self.open = self.open && self.server.feed(segment);
    }

    /// What was seen, and the state it ends in.
    fn end(mut self, case: &Case) -> (Seen, String) {
        if case.has("eof") && self.open {
            self.server.conn.receive_eof();
            self.server.run();
        }
        (
            self.server.seen,
            format!("{:?}", self.server.conn.session()),
        )
    }
}

/// The events a case speaks of.
fn outcomes(seen: &Seen) -> Vec<String> {
    let outcome = |note: &Note| match note {
        Note::Told(what) => ["reset", "aborted", "closed"]
            .iter()
            .any(|event| what.starts_with(event))
            .then(|| what.clone().into_bytes()),
        Note::Body(_) => None,
        Note::Message(envelope, body) => {
            // With their parameters, as they were written.
            let from = envelope.mail().to_string().replace("MAIL FROM:", "");
            let to: Vec<_> = envelope
                .recipients()
                .iter()
                .map(|rcpt| rcpt.to_string().replace("RCPT TO:", ""))
                .collect();
            let head = format!("message from {from} to {}: \"", to.join(", "));
            Some([head.as_bytes(), body, b"\""].concat())
        }
    };
    seen.events
        .iter()
        .filter_map(outcome)
        .map(|outcome| escape(&outcome))
        .collect()
}

fn check_server(case: &Case) {
    let (input, output) = (case.said(client_line), case.said(server_line));
    // In lockstep, each side waiting for the other.
    let mut play = ServerPlay::new(case, policy(case));
    let mut replies = Vec::new();
    for (said, replied) in case.turns(client_line, server_line) {
        play.feed(&said);
        replies.extend(replied);
        let name = &case.name;
        assert_eq!(
            escape(&play.server.seen.output),
            escape(&replies),
            "{name}, in lockstep"
        );
    }
    let lockstep = play.end(case);
    assert_eq!(escape(&lockstep.0.output), escape(&output), "{}", case.name);
    assert_eq!(outcomes(&lockstep.0), case.events(), "{}", case.name);
    // Where it matters what came together.
    if case.has("in one segment") {
        return;
    }
    if case.has("in turns") {
        return check_in_turns(case, &lockstep);
    }
    // What comes before the greeting is another matter if it comes behind it.
    let ways = if case.has("early talk") {
        1
    } else {
        usize::MAX
    };
    for segments in segmentations(&input).take(ways) {
        let mut play = ServerPlay::new(case, policy(case));
        for segment in &segments {
            play.feed(segment);
        }
        let way = (
            segments.len(),
            segments.first().map_or(0, |first| first.len()),
        );
        assert_eq!(play.end(case), lockstep, "{}, {way:?}", case.name);
    }
}

/// Where the client has to wait for a reply, as behind STARTTLS: each turn octet by octet, and cut in
/// two anywhere.
fn check_in_turns(case: &Case, lockstep: &(Seen, String)) {
    let length = case.said(client_line).len();
    for cut in 0..length {
        let mut play = ServerPlay::new(case, policy(case));
        let mut before = 0;
        for (said, _) in case.turns(client_line, server_line) {
            match said.split_at_checked(cut.saturating_sub(before)) {
                _ if cut == 0 => said.chunks(1).for_each(|octet| play.feed(octet)),
                Some((head, tail)) if cut > before => {
                    play.feed(head);
                    play.feed(tail);
                }
                _ => play.feed(&said),
            }
            before += said.len();
        }
        assert_eq!(play.end(case), *lockstep, "{}, cut at {cut}", case.name);
    }
}

/// What a client is told before a session.
fn client_settings(case: &Case) -> client::Config {
    let mut config = client_config();
    for (name, value) in case.directives() {
        match name {
            "LMTP" => config.hello = Hello::lhlo("client.example.org").unwrap(),
            "passwords under TLS" => config.send_clear_passwords = false,
            "own" => config.own.push(own(value, "")),
            "hello" => config.hello = Hello::ehlo(value).unwrap().into_owned(),
            "no chunking" => config.chunking = false,
            "unseen" => config.unseen = value.parse().unwrap(),
            "unanswered" => config.unanswered = value.parse().unwrap(),
            "HELO only" => config.hello = Hello::helo("client.example.org").unwrap(),
            "no pipelining" => config.pipelining = false,
            "CRLF only" => config.newlines = Newlines::RequireCrlf,
            // `line 80`: a field of `ReplyLimits`
            "limit" => {
                let (limit, number) = value.split_once(' ').unwrap();
                let number = number.parse().unwrap();
                match limit {
                    "line" => config.replies.line = number,
                    "lines" => config.replies.lines = number,
                    "octets" => config.replies.octets = number,
                    "challenge" => config.replies.challenge = number,
                    other => panic!("{other}"),
                }
            }
            _ => {}
        }
    }
    config
}

/// `# send: <sender> to <recipient>, … | SIZE=… BODY=… | "content"`, the middle left out or not
/// and `BURL <url>` in place of the content, `# then: …` for one that is said as the message before it
/// ends, and `# quit`: what the client does, in order, whenever it is ready.
fn actions(case: &Case) -> impl Iterator<Item = Action> {
    case.directives().filter_map(|(name, value)| match name {
        "quit" => Some(Action::Quit),
        "starttls" => Some(Action::StartTls),
        // `PLAIN "initial"`, `LOGIN > "response" > "response"`
        "auth" => {
            let mut parts = value.split(" > ");
            let head = parts.next().unwrap();
            let (mechanism, initial) = head.split_once(' ').unwrap_or((head, ""));
            let text =
                |quoted: &str| String::from_utf8(unescape(quoted.trim_matches('"'))).unwrap();
            let initial = (!initial.is_empty()).then(|| text(initial));
            Some(Action::Auth(
                mechanism.to_string(),
                initial,
                parts.map(text).collect(),
            ))
        }
        "command" => {
            let offers = everything();
            let command = Command::parse(value.as_bytes(), Syntax::new(&offers));
            Some(Action::Command(command.unwrap().into_owned()))
        }
        "send" | "then" => {
            let (head, content) = value.rsplit_once(" | ").unwrap();
            let (paths, options) = head.split_once(" | ").unwrap_or((head, ""));
            let (from, to) = paths.split_once(" to ").unwrap();
            let envelope = envelope(from, options, to);
            if let Some(url) = content.strip_prefix("BURL ") {
                return Some(Action::SendUrl(envelope, url.to_string()));
            }
            let action = if name == "then" {
                Action::Then
            } else {
                Action::Send
            };
            Some(action(envelope, unescape(content.trim_matches('"'))))
        }
        _ => None,
    })
}

/// All that a client can say.
fn everything() -> Offers {
    let ever = FutureRelease::parse("999999999 9999-12-31T23:59:59Z").unwrap();
    let offers = Offers::from(Extensions::ALL).with(ever);
    let own = ["XOWN", "XELSE", "XOTHER"].map(|keyword| own(keyword, ""));
    own.into_iter().fold(offers, Offers::with)
}

/// Paths and parameters as they stand in MAIL and in each RCPT.
fn envelope(from: &str, options: &str, to: &str) -> Envelope {
    let offers = everything();
    let mut syntax = Syntax::new(&offers);
    syntax.utf8 = true;
    let bracketed = |path: &str| match path.split_once(' ') {
        _ if path.starts_with('<') => path.to_string(),
        Some((path, parameters)) => format!("<{path}> {parameters}"),
        None => format!("<{path}>"),
    };
    // What needs it says so by itself.
    let utf8 = if from.is_ascii() || options.contains("SMTPUTF8") {
        ""
    } else {
        " SMTPUTF8"
    };
    let options = if options.is_empty() {
        ""
    } else {
        &format!(" {options}")
    };
    let mail = format!("MAIL FROM:{}{options}{utf8}", bracketed(from));
    let Ok(Command::Mail(mail)) = Command::parse(mail.as_bytes(), syntax) else {
        panic!("{mail}");
    };
    let mut envelope = Envelope::from(mail.into_owned());
    for to in to.split(", ").filter(|path| !path.is_empty()) {
        let rcpt = format!("RCPT TO:{}", bracketed(to));
        let Ok(Command::Rcpt(rcpt)) = Command::parse(rcpt.as_bytes(), syntax) else {
            panic!("{rcpt}");
        };
        envelope.push(rcpt.into_owned());
    }
    envelope
}

/// Plays the server's part, cut where `cut` says for each of its turns, and the content in chunks;
/// where their size shows, as it does by BDAT in a long message, `# chunks: 40000` says which.
fn play_client(case: &Case, chunk: usize, cut: impl Fn(usize, &[u8]) -> Vec<&[u8]>) -> Client {
    let told = case.directives().find(|(name, _)| *name == "chunks");
    let chunk = told.map_or(chunk, |(_, octets)| octets.parse().unwrap());
    let mut client = Client::new(client_settings(case), actions(case), chunk);
    if case.has("TLS") {
        client.conn = client::Connection::over_tls(client_settings(case).into());
    }
    client.secure = !case.has("handshake fails");
    // `# reads: 79`: what comes behind so many octets the server leaves where it is.
    let reads = case.directives().find(|(name, _)| *name == "reads");
    client.reads = reads.map_or(usize::MAX, |(_, octets)| octets.parse().unwrap());
    let mut open = client.run();
    let (mut expected, mut before) = (Vec::new(), 0);
    for (replied, said) in case.turns(server_line, client_line) {
        open = open
            && cut(before, &replied)
                .iter()
                .all(|segment| client.feed(segment));
        before += replied.len();
        expected.extend(said);
        // A long message takes long to be escaped.
        if client.output != expected {
            assert_eq!(escape(&client.output), escape(&expected), "{}", case.name);
        }
    }
    if case.has("eof") && open {
        client.conn.receive_eof();
        client.run();
    }
    client
}

fn check_client(case: &Case) {
    let length = case.said(server_line).len();
    let check = |client: Client| {
        let events: Vec<_> = client
            .events
            .iter()
            .map(|event| escape(event.as_bytes()))
            .collect();
        assert_eq!(events, case.events(), "{}", case.name);
        assert!(client.actions.is_empty(), "{}", case.name);
        // Of each message under way, oldest first.
        if let Some((_, delivery)) = case.directives().find(|(name, _)| *name == "delivery") {
            let known = client.conn.deliveries().map(|known| format!("{known:?}"));
            let known = known.reduce(|known, next| format!("{known}, {next}"));
            let known = known.unwrap_or_else(|| "Idle".into());
            assert_eq!(known, delivery, "{}", case.name);
        }
    };
    check(play_client(case, usize::MAX, |_, turn| vec![turn]));
    // As with a server.
    if case.has("in one segment") {
        return;
    }
    check(play_client(case, 1, |_, turn| turn.chunks(1).collect()));
    for cut in 1..length {
        check(play_client(case, 3, |before, turn| {
            match turn.split_at_checked(cut.saturating_sub(before)) {
                Some((head, tail)) if cut > before => vec![head, tail],
                _ => vec![turn],
            }
        }));
    }
}

#[test]
fn server_transcripts_hold_at_every_segmentation() {
    let cases = cases("server");
    assert!(cases.len() > 300);
    cases.iter().for_each(check_server);
}

#[test]
fn client_transcripts_hold_at_every_segmentation() {
    let cases = cases("client");
    assert!(cases.len() > 150);
    cases.iter().for_each(check_client);
}
