//! What a reply does, once the table in `state` has said what it means.
//!
//! A reply answers the first of what is awaited, and belongs to the oldest transaction. That one is
//! over, and the next one the oldest, when its message is decided on and nothing is awaited before
//! the next one's RSET.

use super::machine::{Asked, Machine, News};
use super::state::{Awaited, Meaning};
use super::transaction::Transaction;
use super::{Closed, Error, Stage};
use crate::capability::Capabilities;
use crate::command::{Command, Hello};
use crate::grammar::number;
use crate::reply::Reply;
use crate::verb::Verb;
use crate::wire::SentBy;
use alloc::string::ToString;

impl Machine {
    /// A reply came.
    pub(super) fn answer(&mut self, reply: Reply) -> Result<Option<News>, Error> {
        self.replies += 1;
        let Some(asked) = self.awaited.pop_front() else {
            return self.unasked(reply);
        };
        let awaited = asked.awaited;
        let written = self.output.taken();
        match awaited.meaning(reply.code()) {
            Meaning::Broken => Err(Error::UnexpectedReply(reply)),
            Meaning::Closing => Ok(self.closing(awaited.stage(), reply)),
            Meaning::Refused if awaited.stage() == Stage::Message && !self.has_left(asked) => {
                Err(self.given_up_on(reply))
            }
            // No server can answer what it hasn't read.
            _ if written < asked.done => Err(Error::UnexpectedReply(reply)),
            Meaning::TryHelo => {
                let name = self.config.hello.name().to_string();
                if let Ok(hello) = Hello::helo(&name) {
                    self.write(&Command::Hello(hello), Awaited::Helo);
                }
                Ok(None)
            }
            Meaning::Challenge => self.challenged(&reply).map(|()| None),
            Meaning::Each if self.transactions.front().is_some_and(Transaction::has_prdr) => {
                self.expect_each(asked);
                Ok(None)
            }
            Meaning::Each => Err(Error::UnexpectedReply(reply)),
            meaning => {
                let done = meaning == Meaning::Done;
                if let Some(verb) = awaited.query() {
                    return Ok(self.answered(verb, done, reply));
                }
                let news = self.settle(awaited, done, reply)?;
                Ok(news.or_else(|| self.outcome()))
            }
        }
    }

    /// A reply that answers no command. While a body is being written a server may give up on it;
    /// otherwise only 421 may come by itself (§3.8).
    fn unasked(&mut self, reply: Reply) -> Result<Option<News>, Error> {
        if reply.code().value() == 421 {
            return Ok(self.closing(Stage::Message, reply));
        }
        let oldest = self.transactions.front();
        if reply.code().is_negative() && oldest.is_some_and(|oldest| oldest.body.is_some()) {
            return Err(self.given_up_on(reply));
        }
        Err(Error::UnexpectedReply(reply))
    }

    /// Whether all that is written so far of the oldest message has left, and what asked for the reply.
    fn has_left(&self, asked: Asked) -> bool {
        let written = self.output.taken();
        let end = self.transactions.front().and_then(|oldest| oldest.end);
        let message = end.map_or(self.filled(), |end| end + 1);
        written >= message.max(asked.done)
    }

    /// The server refuses the oldest message while that is on its way. It may take the rest for commands,
    /// and a client "MUST NOT send any additional BDAT segments" (RFC 3030 §2), so nothing more is
    /// written; what was begun can't be taken back.
    fn given_up_on(&mut self, reply: Reply) -> Error {
        if let Some(oldest) = self.transactions.front_mut() {
            oldest.refuse(Stage::Message, reply.clone());
        }
        Error::UnexpectedReply(reply)
    }

    /// The server closes the connection; the messages under way are refused by that. It answers in
    /// order, so of all but the oldest it has taken nothing.
    fn closing(&mut self, at: Stage, reply: Reply) -> Option<News> {
        self.awaited.clear();
        self.behind_reset = None;
        self.exchange = None;
        self.output.clear();
        self.closed = Some(Closed::Server(reply.clone()));
        let stages = core::iter::once(at).chain(core::iter::repeat(Stage::Mail));
        for (transaction, at) in self.transactions.iter_mut().zip(stages) {
            transaction.refuse(at, reply.clone());
        }
        if at.is_opening() {
            return Some(News::Refused { at, reply });
        }
        self.outcome()
    }

    /// The answer to a command that stands by itself.
    fn answered(&mut self, verb: Verb, done: bool, reply: Reply) -> Option<News> {
        match verb {
            Verb::StartTls if done => {
                self.upgrading = true;
                return None;
            }
            Verb::Auth => self.exchange = None,
            Verb::Atrn if done => self.closed = Some(Closed::Turned),
            // It is the greeting of a new session.
            Verb::XClient if done => self.introduce(),
            _ => {}
        }
        Some(News::Reply { verb, reply })
    }

    /// Carries out what a reply says.
    fn settle(
        &mut self,
        awaited: Awaited,
        done: bool,
        reply: Reply,
    ) -> Result<Option<News>, Error> {
        match awaited {
            Awaited::Greeting if done => self.introduce(),
            Awaited::Ehlo | Awaited::Lhlo if done => {
                self.learn(Capabilities::from_reply(reply));
                return Ok(None);
            }
            Awaited::Greeting | Awaited::Ehlo | Awaited::Helo | Awaited::Lhlo if !done => {
                // No client closes without QUIT (§4.1.1.10).
                self.turned_away = Some(reply.clone());
                self.quit();
                let at = awaited.stage();
                return Ok(Some(News::Refused { at, reply }));
            }
            // The newest message's own RSET ends what the one before left.
            Awaited::Rset if self.transactions.is_empty() => self.needs_reset = !done,
            Awaited::Quit => self.leave(),
            _ => {}
        }
        let lmtp = self.is_lmtp();
        let Some(transaction) = self.transactions.front_mut() else {
            return Ok(None);
        };
        match awaited {
            Awaited::Rcpt => {
                let index = transaction.recipient(&reply);
                return Ok(index.map(|index| News::Recipient { index, reply }));
            }
            Awaited::MailAgain if done => {
                let again = reply.code().value() == 355;
                transaction.begin(again);
                transaction.offset = match offset(&reply) {
                    Some(offset) if again => offset,
                    None if again => return Err(Error::UnexpectedReply(reply)),
                    _ => 0,
                };
            }
            Awaited::Data if done && transaction.is_refused() => {
                if lmtp {
                    // RFC 2033 §4.2: "MUST fail with a 503", since no reply answers the dot.
                    return Err(Error::UnexpectedReply(reply));
                }
                // RFC 2920 §3.1: 354 though nobody is to get it; end it at once.
                self.output.put(b".\r\n");
                self.expect(Awaited::Message);
            }
            Awaited::Data if done => self.begin_body(SentBy::Data),
            Awaited::Delivery => {
                let index = transaction.conclude(&reply, lmtp);
                return Ok(index.map(|index| News::Delivered { index, reply }));
            }
            Awaited::Chunk if done => transaction.chunks -= 1,
            Awaited::Message if done => transaction.accept(reply),
            _ if !done => transaction.refuse(awaited.stage(), reply),
            _ => {}
        }
        Ok(None)
    }

    /// By PRDR, replies for each recipient come before the one that was asked for.
    fn expect_each(&mut self, asked: Asked) {
        let each = Asked {
            awaited: Awaited::Delivery,
            ..asked
        };
        self.awaited.push_front(asked);
        let recipients = self.transactions.front().map_or(0, Transaction::accepted);
        (0..recipients).for_each(|_| self.awaited.push_front(each));
    }

    /// What became of the oldest message, once all is said.
    pub(super) fn outcome(&mut self) -> Option<News> {
        let next = self.awaited.front().map(|asked| asked.awaited);
        if !matches!(next, None | Some(Awaited::Rset)) {
            return None;
        }
        let outcome = self.transactions.front_mut()?.outcome()?;
        let over = self.transactions.pop_front()?;
        if over.chunks > 0 {
            self.takes_chunks = outcome.is_ok();
        }
        self.needs_reset = outcome.is_err();
        Some(match outcome {
            Ok(reply) => News::Sent(reply),
            Err((at, reply)) => News::Refused { at, reply },
        })
    }
}

/// `355 octet-offset …` (RFC 1845 §4): how much of the message the server has.
fn offset(reply: &Reply) -> Option<u64> {
    let line = reply.text().as_lines().next()?;
    let digits = line.split(|octet| *octet == b' ').next()?;
    number(digits).filter(|offset| *offset < u64::MAX)
}
