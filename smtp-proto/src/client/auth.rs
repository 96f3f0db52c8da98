//! AUTH as an exchange (RFC 4954 §4): challenges and responses carried, and their meaning left to
//! whoever knows the mechanism.

use super::Error;
use super::machine::{Exchange, Machine};
use super::state::Awaited;
use crate::command::Command;
use crate::extension::{Auth, decode_base64, encode_base64};
use crate::reply::Reply;
use crate::transcript::Entry;
use core::fmt::{self, Write};
use zeroize::Zeroizing;

/// Octets of an AUTH line with its CRLF at most (RFC 4954 §4 item 4 adds none to RFC 5321's).
pub(super) const LINE: usize = 512;

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
        let mut line = Count("\r\n".len());
        // Counting can't fail.
        let _ = write!(line, "{auth}");
        let auth = if line.0 > LINE {
            exchange.held = auth.initial_response();
            Auth::new(auth.mechanism().clone(), None)
        } else {
            auth
        };
        self.exchange = Some(exchange);
        self.write_outside(&Command::Auth(auth), Awaited::Auth);
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
        self.write_response(Zeroizing::new(encode_base64(response)).as_bytes());
    }

    /// Writes a line of AUTH.
    pub(super) fn write_response(&mut self, line: &[u8]) {
        if let Some(exchange) = &mut self.exchange {
            exchange.challenge = None;
        }
        self.transcript.tell(Entry::ClientSecret(b""));
        self.output.expect_secret(line.len() + 2);
        self.output.put(line);
        self.output.put(b"\r\n");
        self.expect(Awaited::Auth);
    }
}

/// Octets of a line, counted without writing it down.
struct Count(usize);

impl fmt::Write for Count {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}
