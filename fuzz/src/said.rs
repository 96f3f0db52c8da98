//! What was said on a connection, and that every command has its final replies, in order.
//!
//! This knows whose turn it is and nothing of what was meant: codes, and of commands the verb.

use crate::decide::{AGAIN, CHALLENGE};
use crate::reference;
use smtp_proto::Entry;
use std::fmt;
use std::sync::{Arc, Mutex};

/// One line of a transcript, kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Said {
    Client(Vec<u8>),
    /// A line of the client that goes on with a secret.
    Secret(Vec<u8>),
    Server(Vec<u8>),
    /// 334 and what is asked.
    Challenge,
    Content,
}

/// As RFCs write it.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(line) => write!(f, "C: {}", line.escape_ascii()),
            Self::Secret(line) => write!(f, "C: {}(secret)", line.escape_ascii()),
            Self::Server(line) => write!(f, "S: {}", line.escape_ascii()),
            Self::Challenge => f.write_str("S: 334 (secret)"),
            Self::Content => f.write_str("C: (content)"),
        }
    }
}

/// A transcript as it grows.
pub(crate) type Transcript = Arc<Mutex<Vec<Said>>>;

/// What writes it.
pub(crate) fn sink(transcript: &Transcript) -> impl Fn(Entry<'_>) + Send + Sync + 'static {
    let transcript = Arc::clone(transcript);
    move |entry| {
        let said = match entry {
            Entry::Client(line) => Said::Client(line.to_vec()),
            Entry::ClientSecret(line) => Said::Secret(line.to_vec()),
            Entry::Server(line) => Said::Server(line.to_vec()),
            Entry::ServerSecret(_) => Said::Challenge,
            Entry::Content(_) => Said::Content,
            _ => return,
        };
        transcript.lock().expect("no one panicked in it").push(said);
    }
}

/// Takes what was said so far.
pub(crate) fn take(transcript: &Transcript) -> Vec<Said> {
    std::mem::take(&mut *transcript.lock().expect("no one panicked in it"))
}

/// The verb of a line, in upper case.
pub(crate) fn verb(line: &[u8]) -> Vec<u8> {
    let word = line.split(|&octet| octet == b' ' || octet == b'\t').next();
    word.unwrap_or_default().to_ascii_uppercase()
}

/// Whether a line is a BDAT whose octets end a message.
fn is_last_chunk(line: &[u8]) -> bool {
    matches!(reference::chunk(line), Some(Ok((_, true))))
}

/// What is answered though it is no command, in letters that no verb has here.
const CONNECTION: &[u8] = b"connection";
const MESSAGE: &[u8] = b"message";

/// Whose turn it is.
#[derive(Debug)]
pub(crate) struct Turns {
    /// LMTP, in which a message has a reply for each recipient.
    lmtp: bool,
    /// Whether BDAT is a command at all.
    chunking: bool,
    /// Final replies that are still to come.
    due: usize,
    /// What they answer: a verb, a BDAT LAST as it stood there, [`MESSAGE`] or [`CONNECTION`].
    verb: Vec<u8>,
    /// What may come other than a command.
    next: Next,
    recipients: usize,
    /// The client has said hello.
    introduced: bool,
    standing: Standing,
}

/// How the client stands.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Welcome,
    /// It gets 503 to whatever it says.
    TurnedAway,
    /// 421 was said.
    Closing,
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    Command,
    Body,
    Response,
}

impl Turns {
    pub(crate) fn new(lmtp: bool, chunking: bool) -> Self {
        Self {
            lmtp,
            chunking,
            due: 1,
            verb: CONNECTION.to_vec(),
            next: Next::Command,
            recipients: 0,
            introduced: false,
            standing: Standing::Welcome,
        }
    }

    /// Takes the next of what was said.
    pub(crate) fn hear(&mut self, said: &Said) -> Result<(), &'static str> {
        match said {
            Said::Client(line) | Said::Secret(line) if self.next != Next::Response => {
                self.command(line)
            }
            Said::Client(_) => Err("a command in place of a response"),
            Said::Secret(_) => {
                self.next = Next::Command;
                self.ask(b"AUTH", 1)
            }
            Said::Content if self.next == Next::Body => {
                self.next = Next::Command;
                self.ask(MESSAGE, self.replies_to_message())
            }
            Said::Content if is_last_chunk(&self.verb) && self.due > 0 => Ok(()),
            Said::Content => Err("content nobody wanted"),
            Said::Challenge if self.due == 1 && self.verb.starts_with(b"AUTH") => {
                (self.due, self.next) = (0, Next::Response);
                Ok(())
            }
            Said::Challenge => Err("a challenge to nobody"),
            Said::Server(line) => self.reply(line),
        }
    }

    fn replies_to_message(&self) -> usize {
        if self.lmtp { self.recipients } else { 1 }
    }

    fn command(&mut self, line: &[u8]) -> Result<(), &'static str> {
        if self.next == Next::Body {
            return Err("a command in place of a body");
        }
        if self.chunking && is_last_chunk(line) {
            // Without a hello no message was begun in either dialect.
            let replies = if self.introduced {
                self.replies_to_message()
            } else {
                1
            };
            self.ask(&line.to_ascii_uppercase(), replies)
        } else {
            self.ask(&verb(line), 1)
        }
    }

    fn ask(&mut self, verb: &[u8], replies: usize) -> Result<(), &'static str> {
        let may_be_silent = self.lmtp && !self.introduced && is_last_chunk(&self.verb);
        if self.due > 0 && !may_be_silent {
            return Err("two commands and no reply");
        }
        if self.standing == Standing::Closing {
            return Err("a command behind the last word");
        }
        (self.verb, self.due) = (verb.to_vec(), replies);
        Ok(())
    }

    fn reply(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let [code @ .., mark] = line.get(..4).ok_or("a short line")? else {
            return Err("a short line");
        };
        let code = [code[0], code[1], code[2]];
        if *mark == b'-' {
            return Ok(());
        }
        if self.due == 0 {
            // An error in framing, or the last word. Either ends what was to come.
            self.next = Next::Command;
            return match (&code, &self.standing) {
                (_, Standing::Closing) => Err("something behind the last word"),
                (b"421", _) => {
                    self.standing = Standing::Closing;
                    Ok(())
                }
                (b"500", _) | (b"503", Standing::TurnedAway) => Ok(()),
                _ => Err("nobody asked"),
            };
        }
        match &code {
            b"353" if self.verb == MESSAGE || is_last_chunk(&self.verb) => {
                self.due += self.recipients;
                return Ok(());
            }
            b"354" if self.verb == b"DATA" => self.next = Next::Body,
            b"355" if self.verb == b"MAIL" => self.recipients = AGAIN.0,
            [b'3', ..] => return Err("intermediate, and nothing to go on with"),
            b"421" => self.standing = Standing::Closing,
            [b'2', ..] => self.accepted(),
            _ if matches!(&self.verb[..], CONNECTION | b"XCLIENT") => {
                self.standing = Standing::TurnedAway;
            }
            _ => {}
        }
        self.due -= 1;
        if self.due == 0 && (self.verb == MESSAGE || is_last_chunk(&self.verb)) {
            self.recipients = 0;
        }
        Ok(())
    }

    fn accepted(&mut self) {
        match &self.verb[..] {
            b"RCPT" => self.recipients += 1,
            b"MAIL" | b"RSET" => self.recipients = 0,
            b"EHLO" | b"HELO" | b"LHLO" => (self.recipients, self.introduced) = (0, true),
            b"STARTTLS" | b"XCLIENT" => self.introduced = false,
            _ => {}
        }
    }

    /// Whether everything was said that there was to say: all but the replies to a chunk that never
    /// came wholly, or those that the last word made up for.
    pub(crate) fn is_settled(&self) -> bool {
        self.due == 0 || self.standing == Standing::Closing || self.verb.starts_with(b"BDAT")
    }
}

/// The octets that were written are what was said, octet by octet.
pub(crate) fn check_output(output: &[u8], said: &[Said], cut_off: bool) {
    let mut written = output.split_inclusive(|&octet| octet == b'\n');
    for said in said {
        let line = match said {
            Said::Server(line) => line,
            Said::Challenge => &b"334 "[..],
            _ => continue,
        };
        let Some(written) = written.next() else {
            assert!(cut_off, "said and not written: {}", line.escape_ascii());
            return;
        };
        let written = match written.strip_suffix(b"\r\n") {
            None if cut_off => return,
            written => written.expect("whole lines"),
        };
        let rest = written.strip_prefix(line);
        let rest = rest.unwrap_or_else(|| panic!("{}", written.escape_ascii()));
        let challenge = matches!(said, Said::Challenge) && rest == CHALLENGE.1;
        assert!(rest.is_empty() || challenge, "{}", written.escape_ascii());
        check_reply_line(written);
    }
    assert_eq!(written.next(), None, "written and not said");
}

fn check_reply_line(line: &[u8]) {
    let shaped = matches!(
        line,
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..]
    );
    let printable = |octet: &u8| matches!(octet, b'\t' | b' '..=b'~' | 0x80..);
    let text = line.iter().all(printable) && str::from_utf8(line).is_ok();
    assert!(
        shaped && text && line.len() <= 510,
        "{}",
        line.escape_ascii()
    );
}
