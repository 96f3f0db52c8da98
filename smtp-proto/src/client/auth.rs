//! AUTH as an exchange (RFC 4954 §4): challenges and responses carried, and their meaning left to
//! whoever knows the mechanism.

use super::Error;
use super::machine::{Exchange, Machine};
use super::state::Awaited;
use crate::command::Command;
use crate::extension::{Auth, decode_base64, encode_base64};
use crate::reply::Reply;
use crate::transcript::Entry;
use alloc::string::ToString;

/// Octets of an AUTH line with its CRLF (RFC 4954 §4 item 4 adds none to RFC 5321's).
const LINE: usize = 512;

impl Machine {
    /// Whether the next reply may be a challenge, which is long and a secret.
    pub(super) fn awaits_challenge(&self) -> bool {
        let next = self.awaited.front().map(|asked| asked.awaited);
        next == Some(Awaited::Auth)
    }

    /// Begins AUTH; an initial response that the line has no room for waits for a challenge (RFC
    /// 4954 §4).
    pub(super) fn authenticate(&mut self, auth: Auth<'_>) {
        let mut exchange = Exchange::default();
        let mut command = Command::Auth(auth);
        if command.to_string().len() + 2 > LINE
            && let Command::Auth(auth) = command
        {
            exchange.held = auth.initial_response();
            command = Command::Auth(Auth::new(auth.mechanism().clone(), None));
        }
        self.exchange = Some(exchange);
        self.write_outside(&command, Awaited::Auth);
    }

    /// A challenge came.
    pub(super) fn challenged(&mut self, reply: &Reply) -> Result<(), Error> {
        let text = reply.text().as_lines().next().unwrap_or_default();
        let challenge = decode_base64(text).ok_or(Error::Challenge)?;
        let exchange = self.exchange.get_or_insert_default();
        exchange.challenges += 1;
        if exchange.challenges > self.config.replies.challenges {
            return Err(Error::Challenge);
        }
        match exchange.held.take() {
            Some(held) if challenge.expose().is_empty() => self.respond(held.expose()),
            _ => exchange.challenge = Some(challenge),
        }
        Ok(())
    }

    /// Writes a response.
    pub(super) fn respond(&mut self, response: &[u8]) {
        self.write_response(encode_base64(response).as_bytes());
    }

    /// Writes a line of AUTH.
    pub(super) fn write_response(&mut self, line: &[u8]) {
        if let Some(exchange) = &mut self.exchange {
            exchange.challenge = None;
        }
        self.transcript.tell(Entry::ClientSecret(b""));
        self.output.put(line);
        self.output.put(b"\r\n");
        self.expect(Awaited::Auth);
    }
}
