//! What a client is told once.

use crate::command::Hello;
use crate::extension::OwnExtension;
use crate::limits::ReplyLimits;
use crate::timeout::Wait;
use crate::wire::Newlines;
use alloc::vec::Vec;
use core::time::Duration;

/// The settings of a client.
///
/// ```
/// use smtp_proto::{client::Config, Hello};
/// let mut config = Config::new(Hello::ehlo("client.example.org")?.into_owned());
/// config.pipelining = false;
/// # Ok::<(), smtp_proto::SyntaxError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The name the client goes by. With HELO, EHLO isn't tried.
    pub hello: Hello<'static>,
    /// Whether commands go out in one flight where the server offers PIPELINING (RFC 2920).
    /// Default: yes.
    pub pipelining: bool,
    /// Whether a message goes by BDAT where the server offers CHUNKING (RFC 3030): with PIPELINING
    /// too, all but the first are on their way before anything of them was answered. Default: yes. What
    /// goes by BDAT is safe with servers that do as they should: see [`unseen`](Self::unseen).
    pub chunking: bool,
    /// Octets of a message that are sent in chunks before its recipients are answered. Default
    /// 65,536: a short message goes in one flight, and of a long one to nobody little is sent in vain. It
    /// holds for each message by itself.
    ///
    /// Nothing goes unseen until the server has accepted a message by BDAT in this session, which STARTTLS
    /// and XCLIENT begin anew, nor behind one that it refused: such a message takes two flights, as by
    /// DATA. A server "MUST accept and discard" a chunk that it refuses (RFC 3030 §2). Some read it as
    /// commands instead, those of whoever wrote the message: Postfix 3.7 where it wants TLS or AUTH
    /// first, and Exim 4.96 where a message is too big. So nothing beyond the limit that SIZE announced
    /// is written either.
    ///
    /// What is left are servers that take messages by BDAT and yet don't read a chunk that they refuse:
    /// for want of a recipient, against which 0 here helps, so that each message waits for its own; or for
    /// want of room. A message can say anything to them: MAIL, as this client, or a BDAT that makes
    /// the next message a part of one to somebody else. Once a chunk is refused nothing more of its
    /// message is written, and the connection is at its end if some of it was still to be, or if there
    /// are more replies than commands; but a message can see to it that they are as many. Send by DATA
    /// where you trust neither the server nor those who wrote the messages.
    pub unseen: u64,
    /// Messages that may be on their way before the first of them is answered, where
    /// [`Body::finish_then`](super::Body::finish_then) says early what the next one is and the server
    /// offers PIPELINING. Default 2, and by DATA there are never more. By BDAT each one more saves time,
    /// and is one more of which nothing is known if the connection is lost; all of them together have at
    /// most 16 chunks on their way. With 1 each waits for the answer to the one before.
    pub unanswered: usize,
    /// Whether PLAIN, LOGIN and whatever else whoever listens could use are said without TLS, which RFC
    /// 4954 §4 forbids. Default: no.
    pub send_clear_passwords: bool,
    /// Extensions of your own: their parameters and verbs are said to servers that offer their keyword,
    /// as is a parameter or a verb that is a keyword itself. Default: none.
    pub own: Vec<OwnExtension>,
    /// What is done with line ends other than CRLF: they are converted or refused, and never written as
    /// they are. Default: an LF becomes CRLF, and a CR alone costs the message.
    pub newlines: Newlines,
    /// What is taken from a server before its reply is called broken.
    pub replies: ReplyLimits,
    /// How long is waited for what.
    pub timeouts: Timeouts,
    /// Octets written but not yet sent above which no more of a body is asked for. Default 1,048,576: each
    /// write costs the system a packet that is nearly empty and wakes the server. A driver that holds
    /// copies flushes earlier.
    pub output: usize,
}

impl Config {
    /// The default settings, for a client of that name.
    pub fn new(hello: Hello<'static>) -> Self {
        Self {
            hello,
            pipelining: true,
            chunking: true,
            unseen: 65_536,
            unanswered: 2,
            send_clear_passwords: false,
            own: Vec::new(),
            newlines: Newlines::default(),
            replies: ReplyLimits::default(),
            timeouts: Timeouts::default(),
            output: 1_048_576,
        }
    }
}

/// How long a client waits (RFC 5321 §4.5.3.2, the minimum of each being its default).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For TCP to connect, to each of the server's addresses that is tried. Default 30 s, Postfix's
    /// `smtp_connect_timeout`; the RFC has none. It is for drivers to keep, which begin with that: the
    /// machine waits for the greeting.
    pub connect: Duration,
    /// For the greeting. Default 300 s.
    pub greeting: Duration,
    /// For the reply to EHLO or HELO. Default 300 s; the RFC has none.
    pub hello: Duration,
    /// For the reply to MAIL. Default 300 s.
    pub mail: Duration,
    /// For the reply to each RCPT. Default 300 s.
    pub rcpt: Duration,
    /// For the 354 behind DATA. Default 120 s.
    pub data: Duration,
    /// For the server to take each 16 KiB of what is written. Default 180 s.
    pub body: Duration,
    /// For the reply to the end of the message. Default 600 s: a server may do real work then, and
    /// a client that hangs up too early gets the message delivered twice.
    pub message: Duration,
    /// For the reply to each BDAT but the last. Default 180 s.
    pub chunk: Duration,
    /// For the reply to STARTTLS, and to each step of AUTH. Default 300 s; the RFCs have none.
    pub security: Duration,
    /// For the TLS handshake. Default 60 s.
    pub handshake: Duration,
    /// For the reply to a command that stands by itself, VRFY or ETRN or the like. Default 600 s, what
    /// RFC 2645 §5.2 asks for ATRN.
    pub query: Duration,
    /// For the reply to RSET, NOOP and QUIT. Default 20 s; the RFC has none.
    pub reply: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(30),
            greeting: seconds(300),
            hello: seconds(300),
            mail: seconds(300),
            rcpt: seconds(300),
            data: seconds(120),
            body: seconds(180),
            message: seconds(600),
            chunk: seconds(180),
            security: seconds(300),
            handshake: seconds(60),
            query: seconds(600),
            reply: seconds(20),
        }
    }
}

impl Timeouts {
    pub(super) const fn of(&self, wait: Wait) -> Duration {
        match wait {
            Wait::Greeting => self.greeting,
            Wait::Hello => self.hello,
            Wait::Mail => self.mail,
            Wait::Rcpt => self.rcpt,
            Wait::Data => self.data,
            Wait::Message => self.message,
            Wait::Chunk => self.chunk,
            Wait::Security => self.security,
            Wait::Handshake => self.handshake,
            Wait::Query => self.query,
            Wait::Body | Wait::Write => self.body,
            _ => self.reply,
        }
    }
}
