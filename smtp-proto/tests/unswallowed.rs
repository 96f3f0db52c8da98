//! A server that doesn't swallow a chunk it refuses, but reads on for commands, as some do: until it
//! has taken a message, nothing that a message says is ever a command to it.

mod common;

use common::{Action, Client, client_config};
use proptest::collection::vec;
use proptest::prelude::*;
use smtp_proto::Envelope;

/// What only messages say.
const EVIL: &[u8] = b"EVIL\r\n";

/// The server, which refuses as its verdicts say until it has taken a message.
struct Careless<V> {
    verdicts: V,
    input: Vec<u8>,
    commands: Vec<String>,
    has_mail: bool,
    recipients: usize,
    taken: usize,
}

impl<V: Iterator<Item = bool>> Careless<V> {
    fn new(verdicts: V) -> Self {
        Self {
            verdicts,
            input: Vec::new(),
            commands: Vec::new(),
            has_mail: false,
            recipients: 0,
            taken: 0,
        }
    }

    fn accepts(&mut self) -> bool {
        self.taken > 0 || self.verdicts.next().unwrap_or(true)
    }

    /// Its replies to that.
    fn read(&mut self, octets: &[u8]) -> String {
        let mut replies = String::new();
        self.input.extend(octets);
        while let Some(end) = self.input.iter().position(|&octet| octet == b'\n') {
            let line = String::from_utf8_lossy(&self.input[..=end]).into_owned();
            let mut words = line.split_whitespace();
            let reply = match words.next().unwrap_or_default() {
                "EHLO" => "250-mx\r\n250-PIPELINING\r\n250 CHUNKING",
                "RSET" => {
                    (self.has_mail, self.recipients) = (false, 0);
                    "250 ok"
                }
                "MAIL" if !self.has_mail && self.accepts() => {
                    self.has_mail = true;
                    "250 ok"
                }
                "RCPT" if self.has_mail && self.accepts() => {
                    self.recipients += 1;
                    "250 ok"
                }
                "BDAT" if self.recipients > 0 => {
                    let octets: usize = words.next().unwrap().parse().unwrap();
                    if self.input.len() <= end + octets {
                        break;
                    }
                    self.input.drain(..octets);
                    if words.next().is_none() {
                        "250 ok"
                    } else {
                        (self.has_mail, self.recipients) = (false, 0);
                        let taken = self.accepts();
                        self.taken += usize::from(taken);
                        if taken { "250 taken" } else { "554 no" }
                    }
                }
                "QUIT" => "221 bye",
                _ => "550 no",
            };
            replies += reply;
            replies += "\r\n";
            self.input.drain(..=end);
            self.commands.push(line);
        }
        replies
    }
}

fn message() -> impl Strategy<Value = Action> {
    let content = prop_oneof![
        9 => (0..4_usize).prop_map(|lines| EVIL.repeat(lines)),
        // More than a chunk.
        1 => Just(EVIL.repeat(12_000)),
    ];
    (content, 1..4_usize, any::<bool>()).prop_map(|(content, recipients, behind)| {
        let envelope = Envelope::new("a@b", vec!["c@d"; recipients]).unwrap();
        if behind {
            Action::Then(envelope, content)
        } else {
            Action::Send(envelope, content)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_message_is_ever_a_command_to_a_server_that_has_taken_none(
        messages in vec(message(), 1..6),
        verdicts in vec(any::<bool>(), 0..20),
        cuts in vec(1..3_000_usize, 1..8),
        unanswered in 0..4_usize,
    ) {
        let mut config = client_config();
        config.unanswered = unanswered;
        let all = messages.len();
        let mut client = Client::new(config, messages.into_iter().chain([Action::Quit]), 10_000);
        let mut server = Careless::new(verdicts.into_iter());
        client.run();
        let (mut replies, mut read, mut cuts) = (String::from("220 mx\r\n"), 0, cuts.iter().cycle());
        loop {
            let cut = *cuts.next().unwrap();
            let (now, later) = replies.split_at(cut.min(replies.len()));
            let open = client.feed(now.as_bytes());
            if !open {
                break;
            }
            let written = &client.output[read..];
            let segment = &written[..cut.min(written.len())];
            prop_assert!(!now.is_empty() || !segment.is_empty(), "nobody says anything");
            read += segment.len();
            replies = later.to_owned() + &server.read(segment);
            let evil = server.commands.iter().find(|command| command.starts_with("EVIL"));
            prop_assert_eq!(evil, None);
        }
        prop_assert_eq!(client.events.last().unwrap(), "closed: Quit");
        let ends = |event: &&String| event.starts_with("sent") || event.starts_with("refused");
        prop_assert_eq!(client.events.iter().filter(ends).count(), all);
        let sent = client.events.iter().filter(|event| event.starts_with("sent")).count();
        prop_assert_eq!(sent, server.taken);
    }
}
