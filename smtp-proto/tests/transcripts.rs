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
use smtp_proto::reply::Text;
use smtp_proto::server::BareNewline;
use smtp_proto::{BodyType, Envelope, Extension, Extensions, Hello, Newlines, Refusal};
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
            // `recipients 2`, `message none`: a field of `Limits`
            "limit" => {
                let (limit, value) = value.split_once(' ').unwrap();
                let limits = &mut config.limits;
                let number = value.parse::<u32>();
                match limit {
                    "message" => limits.message = number.ok().map(u64::from),
                    "recipients" => limits.recipients = number.unwrap() as usize,
                    "line" => limits.command_line = number.unwrap() as usize,
                    "errors" => limits.errors = number.unwrap(),
                    "junk" => limits.junk_commands = number.unwrap(),
                    other => panic!("{other}"),
                }
            }
            // keywords, or nothing
            "extensions" => {
                let keywords = value.split(' ').filter_map(Extension::of_keyword);
                config.extensions = keywords.fold(Extensions::NONE, Extensions::with);
            }
            "bare newlines are data" => config.bare_newline = BareNewline::AcceptAsData,
            "bare LF ends commands" => config.accept_bare_lf_in_commands = true,
            "early talk is fine" => config.accept_early_talk = true,
            _ => {}
        }
    }
    config
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
                "text" => Verdict::Text(Text::new(text).unwrap()),
                "forward" => {
                    Verdict::Forward(ForwardPath::try_from(text.as_str()).unwrap().into_owned())
                }
                // once
                "defer" => Verdict::Defer,
                "ignore" => Verdict::Ignore,
                code => {
                    let (enhanced, text) = text.split_once(' ').unwrap();
                    let mut parts = enhanced
                        .split('.')
                        .skip(1)
                        .map(|part| part.parse().unwrap());
                    let class = code.as_bytes()[0] - b'0';
                    let enhanced = (class, parts.next().unwrap(), parts.next().unwrap());
                    let code = code.parse().unwrap();
                    Verdict::Reject(Refusal::new(code, enhanced, text.to_string()).unwrap())
                }
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

/// The session so far, and whether it goes on.
struct ServerPlay<P> {
    server: Server<P>,
    open: bool,
}

impl<P: FnMut(&str) -> Verdict> ServerPlay<P> {
    fn new(case: &Case, policy: P) -> Self {
        let mut server = Server::new(server_settings(case), policy);
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
            let to: Vec<_> = envelope
                .recipients()
                .iter()
                .map(|rcpt| rcpt.to().to_string())
                .collect();
            let head = format!(
                "message from {} to {}: \"",
                envelope.sender(),
                to.join(", ")
            );
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

/// What a client is told before a session.
fn client_settings(case: &Case) -> client::Config {
    let mut config = client_config();
    for (name, value) in case.directives() {
        match name {
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
                    other => panic!("{other}"),
                }
            }
            _ => {}
        }
    }
    config
}

/// `# send: <sender> to <recipient>, … | SIZE=… BODY=… | "content"`, the middle left out or not, and
/// `# quit`: what the client does, in order, whenever it is ready.
fn actions(case: &Case) -> impl Iterator<Item = Action> {
    case.directives().filter_map(|(name, value)| match name {
        "quit" => Some(Action::Quit),
        "send" => {
            let (head, content) = value.rsplit_once(" | ").unwrap();
            let (paths, options) = head.split_once(" | ").unwrap_or((head, ""));
            let (from, to) = paths.split_once(" to ").unwrap();
            let to = to.split(", ").filter(|path| !path.is_empty());
            let mut envelope = Envelope::new(from, to).unwrap();
            for option in options.split_terminator(' ') {
                envelope = match option.split_once('=') {
                    Some(("SIZE", size)) => envelope.with_size(size.parse::<u64>().unwrap()),
                    Some(("BODY", "7BIT")) => envelope.with_body(BodyType::SevenBit),
                    Some(("BODY", "8BITMIME")) => envelope.with_body(BodyType::EightBitMime),
                    _ => panic!("{option}"),
                };
            }
            Some(Action::Send(envelope, unescape(content.trim_matches('"'))))
        }
        _ => None,
    })
}

/// Plays the server's part, cut where `cut` says for each of its turns, and the content in chunks.
fn play_client(case: &Case, chunk: usize, cut: impl Fn(usize, &[u8]) -> Vec<&[u8]>) -> Client {
    let mut client = Client::new(client_settings(case), actions(case), chunk);
    let mut open = client.run();
    let (mut expected, mut before) = (Vec::new(), 0);
    for (replied, said) in case.turns(server_line, client_line) {
        open = open
            && cut(before, &replied)
                .iter()
                .all(|segment| client.feed(segment));
        before += replied.len();
        expected.extend(said);
        assert_eq!(escape(&client.output), escape(&expected), "{}", case.name);
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
        if let Some((_, delivery)) = case.directives().find(|(name, _)| *name == "delivery") {
            assert_eq!(
                format!("{:?}", client.conn.delivery()),
                delivery,
                "{}",
                case.name
            );
        }
    };
    check(play_client(case, usize::MAX, |_, turn| vec![turn]));
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
    assert!(cases.len() > 50);
    cases.iter().for_each(check_server);
}

#[test]
fn client_transcripts_hold_at_every_segmentation() {
    let cases = cases("client");
    assert!(cases.len() > 30);
    cases.iter().for_each(check_client);
}
