//! Which command may come when, and what comes of it: RFC 5321 §4.1.4, RFC 2033, 3030, 3207 and 4954.

use super::model::{Ask, Awaits, Chunks, End, Model, RECIPIENTS};

/// What may be in a line, CRLF included.
const LINE: usize = 2_048;

/// Why a command may not come: what it is answered, and whether that is an error that counts.
type Fault = (u16, bool);

const ORDER: Result<(), Fault> = Err((503, true));

impl Model {
    pub(super) fn read_line(&mut self) -> bool {
        let input = self.input.make_contiguous();
        let response = matches!(self.awaits, Awaits::Response);
        if input.starts_with(b"GET ") && !response {
            self.hang_up(421);
            return true;
        }
        let Some(at) = input.iter().position(|octet| b"\r\n".contains(octet)) else {
            return false;
        };
        match &input[at..] {
            [b'\r'] => return false,
            [b'\r', b'\n', ..] => {}
            // §2.3.8: they "MUST NOT" be sent alone; what the other side takes for a line isn't known.
            _ => {
                self.hang_up(500);
                return true;
            }
        }
        let line = String::from_utf8(input[..at].to_vec()).unwrap();
        self.input.drain(..at + 2);
        if line.len() + 2 > LINE && !response {
            self.refuse("", 500, true, 1);
        } else if response {
            self.respond(&line);
        } else {
            self.command(&line);
        }
        true
    }

    /// RFC 4954 §4: whatever it looks like.
    fn respond(&mut self, line: &str) {
        self.awaits = Awaits::Command;
        let base64 = |octet: u8| octet.is_ascii_alphanumeric() || b"+/".contains(&octet);
        let digits = line.trim_end_matches('=');
        let padding = line.len() - digits.len();
        if line.len().is_multiple_of(4) && padding < 3 && digits.bytes().all(base64) {
            self.ask(Ask::Auth);
        } else {
            self.refuse("", 501, true, 1);
        }
    }

    fn command(&mut self, line: &str) {
        let line = line.trim_end();
        let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
        let verb = word.to_ascii_uppercase();
        if line.contains('\0') {
            return self.refuse(&verb, 501, true, 1);
        }
        if verb == "BDAT" {
            return self.chunk(argument);
        }
        if let Err((code, counts)) = self.may_come(&verb) {
            return self.refuse(&verb, code, counts, 1);
        }
        if let Err(code) = self.is_fit(&verb, argument) {
            return self.refuse(&verb, code, true, 1);
        }
        let leads_to_no_mail = [
            "EHLO", "HELO", "LHLO", "RSET", "NOOP", "VRFY", "EXPN", "HELP",
        ];
        if leads_to_no_mail.contains(&&*verb) && self.is_too_much_junk() {
            return self.hang_up(421);
        }
        self.carry_out(&verb, argument);
    }

    pub(super) fn is_too_much_junk(&mut self) -> bool {
        self.junk += 1;
        self.junk > self.patience.junk
    }

    #[allow(clippy::match_same_arms)] // an arm for each rule
    pub(super) fn may_come(&self, verb: &str) -> Result<(), Fault> {
        let needs_ehlo = self.hello != Some(true);
        match verb {
            // §3.1: "MUST … respond to any intervening commands with 503".
            _ if self.turned_away && verb != "QUIT" => ORDER,
            // RFC 2033 §4.1.
            "EHLO" | "HELO" if self.lmtp => Err((500, true)),
            "LHLO" if !self.lmtp => Err((502, true)),
            // §4.1.4: "at any time during a session".
            "EHLO" | "HELO" | "LHLO" | "QUIT" | "NOOP" | "HELP" | "EXPN" | "VRFY" | "RSET" => {
                Ok(())
            }
            "ETRN" | "TURN" => Err((502, true)),
            "MAIL" if self.hello.is_none() || self.is_open() => ORDER,
            // RFC 3030 §2: not behind BDAT.
            "RCPT" | "DATA" if self.mail.is_none() || self.chunks != Chunks::None => ORDER,
            // §3.3, RFC 2033 §4.2.
            "DATA" if self.mail == Some(0) => Err((if self.lmtp { 503 } else { 554 }, false)),
            "STARTTLS" | "AUTH" | "BDAT" if needs_ehlo => ORDER,
            "STARTTLS" | "AUTH" if self.is_open() => ORDER,
            "BDAT" if self.mail.unwrap_or_default() == 0 || self.chunks == Chunks::Refused => {
                Err((503, false))
            }
            "MAIL" | "RCPT" | "DATA" | "BDAT" | "STARTTLS" | "AUTH" => Ok(()),
            _ => Err((500, true)),
        }
    }

    /// Whether it says what such a command may say.
    #[allow(clippy::match_same_arms)] // an arm for each rule
    fn is_fit(&self, verb: &str, argument: &str) -> Result<(), u16> {
        match (verb, argument) {
            ("EHLO" | "HELO" | "LHLO" | "VRFY" | "EXPN", "") => Err(501),
            ("DATA" | "RSET" | "QUIT" | "STARTTLS", argument) if !argument.is_empty() => Err(501),
            ("MAIL", "FROM:<a@b>" | "from:<a@b>" | "FROM:<evil@x>") | ("RCPT", "TO:<c@d>") => {
                Ok(())
            }
            // RFC 1870 §6.1, RFC 5321 §4.1.1.11.
            ("MAIL", "FROM:<a@b> SIZE=999") if self.hello == Some(true) => Err(552),
            ("MAIL", "FROM:<a@b> SIZE=999" | "FROM:<a@b> X=1") => Err(555),
            ("MAIL" | "RCPT", _) | ("AUTH", "PLAIN !") => Err(501),
            // RFC 3207 §4.2, RFC 4954 §4.
            ("STARTTLS", _) if self.secure => Err(503),
            ("AUTH", _) if self.identity => Err(503),
            ("AUTH", "X") => Err(504),
            _ => Ok(()),
        }
    }

    fn carry_out(&mut self, verb: &str, argument: &str) {
        match verb {
            "EHLO" | "LHLO" => self.ask(Ask::Hello(true)),
            "HELO" => self.ask(Ask::Hello(false)),
            "VRFY" => self.ask(Ask::Verify),
            "EXPN" => self.ask(Ask::Expand),
            "HELP" => self.ask(Ask::Help),
            "STARTTLS" if !self.input.is_empty() => self.close(End::Fault),
            "STARTTLS" => self.ask(Ask::StartTls),
            "AUTH" => self.ask(Ask::Auth),
            "MAIL" => {
                self.sender = argument[argument.find('<').unwrap()..].into();
                self.ask(Ask::Mail);
            }
            // §4.5.3.1.10.
            "RCPT" if self.mail >= Some(RECIPIENTS) => self.refuse(verb, 452, false, 1),
            "RCPT" => self.ask(Ask::Rcpt),
            "DATA" => self.ask(Ask::Data),
            "QUIT" => {
                self.say(221);
                self.close(End::Quit);
            }
            "RSET" => {
                self.reset();
                self.say(250);
            }
            _ => self.say(250),
        }
    }
}
