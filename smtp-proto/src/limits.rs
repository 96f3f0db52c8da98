//! Sizes and counts: what a peer may make us hold or do.
//!
//! Every limit states its unit, its default with the reason for it, and RFC 5321's minimum where
//! there is one. Going below a minimum is allowed (a test server may want three recipients), and
//! is then a deliberate departure from §4.5.3.1.

/// What a server lets a client do (RFC 5321 §4.5.3.1).
///
/// ```
/// let mut limits = smtp_proto::Limits::default();
/// limits.recipients = 100;
/// assert_eq!(limits.message, Some(10_240_000));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of a command line with its CRLF, at the least. Default 2,048, Postfix's
    /// `line_length_limit`; the RFC's minimum is 512 plus what the announced extensions add, and
    /// the larger of the two holds.
    pub command_line: usize,
    /// Octets of a message, or `None` for no fixed limit. Default 10,240,000, Postfix's
    /// `message_size_limit`; the RFC's minimum is 65,536. Announced by SIZE; enforced while the
    /// body arrives, whatever the client declared.
    pub message: Option<u64>,
    /// Recipients of one transaction; the next is answered 452 4.5.3. Default 1,000, Postfix's
    /// `smtpd_recipient_limit`; the RFC's minimum is 100.
    pub recipients: usize,
    /// MAIL commands that a session may have, those that are refused included, or `None` for any number;
    /// the next is answered 421 4.7.0. Default `None`. LIMITS announces it (RFC 9422 §4.1).
    pub transactions: Option<u32>,
    /// RCPT commands that a session may have, those that are refused included, or `None` for any number;
    /// the next is answered 421 4.7.0. Default `None`: what Postfix has of the kind,
    /// `smtpd_client_recipient_rate_limit`, is off too.
    pub session_recipients: Option<u32>,
    /// Commands refused by the machine itself that a client may send without delivering a message
    /// in between; the next is answered 421 4.7.0. Default 20, Postfix's
    /// `smtpd_hard_error_limit`. What an honest client can't help counts as a refusal instead.
    pub errors: u32,
    /// Errors, counted as for [`errors`](Self::errors), behind which each further one is answered only
    /// after [`Timeouts::penalty`](crate::server::Timeouts::penalty), or `None` for all at once. Default
    /// `None`: the connection stays open for longer. Postfix's `smtpd_soft_error_limit` is 10.
    pub soft_errors: Option<u32>,
    /// Refusals by your policy, recipients over the limit, DATA without recipients, and commands in
    /// flight behind a MAIL refused by policy or for its size, that a client may get without
    /// delivering a message in between; the next is answered 421 4.7.0. Default 5,000: five
    /// transactions of recipients that are all unknown. Your policy can be less patient, with a 421
    /// of its own.
    pub refusals: u32,
    /// Commands that lead to no mail (NOOP, RSET, VRFY, EXPN, HELP, a hello, BDAT without octets, and
    /// those of ETRN, XCLIENT, XFORWARD and extensions of your own) that a client may send without
    /// delivering a message in between; the next is answered 421 4.7.0. Default 100, Postfix's
    /// `smtpd_junk_command_limit`.
    pub junk_commands: u32,
    /// Exchanges of AUTH that a client may fail; the next failure is answered 421 4.7.0. Default 3: more
    /// is guessing.
    pub auth_failures: u32,
    /// Octets of an AUTH response line with its CRLF. Default 12,288, what RFC 4954 §4 asks for; Kerberos
    /// tickets are long.
    pub auth_line: usize,
    /// Octets of refused BDAT chunks that are read and dropped without a message delivered in
    /// between; where more follow, the client is answered 421 4.7.0. Default 33,554,432: a client
    /// that has sent its message in one flight with a refused MAIL stays in step.
    pub discarded: u64,
    /// Octets of input held while a decision is open or the driver doesn't poll. Default 65,536: a
    /// few flights of the largest clients.
    pub input: usize,
    /// Octets of replies gathered before `poll` insists on a flush. Default 16,384: a flight of
    /// 200 replies goes out in one write, and a flood of commands fills no memory.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            command_line: 2_048,
            message: Some(10_240_000),
            recipients: 1_000,
            transactions: None,
            session_recipients: None,
            errors: 20,
            soft_errors: None,
            refusals: 5_000,
            junk_commands: 100,
            auth_failures: 3,
            auth_line: 12_288,
            discarded: 33_554_432,
            input: 65_536,
            output: 16_384,
        }
    }
}

/// What a client takes from a server before it calls the reply broken (RFC 5321 §4.5.3.1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplyLimits {
    /// Octets of one reply line with its CRLF. Default 2,048; the RFC's maximum is 512, and
    /// servers that pass it exist.
    pub line: usize,
    /// Lines of one reply. Default 128, several times the longest EHLO reply known.
    pub lines: usize,
    /// Octets of one reply in all. Default 65,536.
    pub octets: usize,
    /// Octets of one AUTH challenge line with its CRLF. Default 12,288, what RFC 4954 §4 asks for.
    pub challenge: usize,
    /// Challenges of one AUTH. Default 5: no mechanism in use has more than 3.
    pub challenges: u32,
}

impl Default for ReplyLimits {
    fn default() -> Self {
        Self {
            line: 2_048,
            lines: 128,
            octets: 65_536,
            challenge: 12_288,
            challenges: 5,
        }
    }
}
