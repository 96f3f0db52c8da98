//! The server's transition table: which command may come when (RFC 5321 §4.1.4, §4.3.2).
//!
//! Everything that orders commands is here, and nothing here knows what they say. The drawing in
//! the module's docs is made from [`TABLE`].

use super::Fault;
use crate::verb::Verb;

/// Where the session stands between two commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// Not greeted yet.
    Connected,
    /// Greeted by 554: only QUIT is taken (§3.1).
    Refused,
    /// Greeted, no hello yet.
    Greeted,
    /// Said hello, no transaction.
    Idle,
    /// MAIL accepted, no recipient yet.
    Mail,
    /// At least one recipient accepted.
    Rcpt,
    /// Some of the message came by BDAT or BURL, and more is to come (RFC 3030 §2).
    Chunks,
    /// A chunk was refused: nothing but RSET or a hello leads on (RFC 3030 §2).
    Void,
    /// 354 said: what comes is the message.
    Data,
    /// BDAT said: what comes is a chunk of the message.
    Chunk,
    /// 334 said: what comes is a response (RFC 4954 §4).
    Auth,
    /// 220 said to STARTTLS: what comes is a handshake.
    Upgrade,
    /// 250 said to ATRN: what comes is for a client.
    Turned,
    /// The last reply is written.
    Closed,
}

/// What a command does when it is accepted; a refused one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Goes on from there.
    To(State),
    /// Leaves everything as it was.
    Stay,
    /// May not come now.
    Refuse(Fault),
}

use State::{
    Chunk, Chunks, Closed, Connected, Data, Greeted, Idle, Mail, Rcpt, Refused, Turned, Upgrade,
    Void,
};
use Step::{Refuse, Stay, To};

const ORDER: Step = Refuse(Fault::Order);
const EMPTY: Step = Refuse(Fault::NoRecipients);
const NOTHING: Step = Refuse(Fault::NoMessage);
const UNKNOWN: Step = Refuse(Fault::NotOffered);

/// The states a command can come in, the columns of [`TABLE`].
const COLUMNS: [State; 7] = [Refused, Greeted, Idle, Mail, Rcpt, Chunks, Void];

/// Whether a verb is offered at all, and to a client that said no EHLO, is another matter: see
/// `dispatch.rs`.
#[rustfmt::skip]
const TABLE: [(Verb, [Step; COLUMNS.len()]); 22] = [
    //                  Refused     Greeted        Idle           Mail      Rcpt        Chunks      Void
    (Verb::Ehlo,       [ORDER,      To(Idle),      To(Idle),      To(Idle), To(Idle),   To(Idle),   To(Idle)]),
    (Verb::Helo,       [ORDER,      To(Idle),      To(Idle),      To(Idle), To(Idle),   To(Idle),   To(Idle)]),
    (Verb::Lhlo,       [ORDER,      To(Idle),      To(Idle),      To(Idle), To(Idle),   To(Idle),   To(Idle)]),
    (Verb::StartTls,   [ORDER,      ORDER,         To(Upgrade),   ORDER,    ORDER,      ORDER,      ORDER]),
    (Verb::Auth,       [ORDER,      ORDER,         Stay,          ORDER,    ORDER,      ORDER,      ORDER]),
    (Verb::Mail,       [ORDER,      ORDER,         To(Mail),      ORDER,    ORDER,      ORDER,      ORDER]),
    (Verb::Rcpt,       [ORDER,      ORDER,         ORDER,         To(Rcpt), To(Rcpt),   ORDER,      ORDER]),
    (Verb::Data,       [ORDER,      ORDER,         ORDER,         EMPTY,    To(Data),   ORDER,      ORDER]),
    (Verb::Bdat,       [ORDER,      ORDER,         NOTHING,       NOTHING,  To(Chunk),  To(Chunk),  NOTHING]),
    (Verb::Burl,       [ORDER,      ORDER,         NOTHING,       NOTHING,  To(Chunks), To(Chunks), NOTHING]),
    (Verb::Rset,       [ORDER,      Stay,          Stay,          To(Idle), To(Idle),   To(Idle),   To(Idle)]),
    (Verb::Noop,       [ORDER,      Stay,          Stay,          Stay,     Stay,       Stay,       Stay]),
    (Verb::Vrfy,       [ORDER,      Stay,          Stay,          Stay,     Stay,       Stay,       Stay]),
    (Verb::Expn,       [ORDER,      Stay,          Stay,          Stay,     Stay,       Stay,       Stay]),
    (Verb::Help,       [ORDER,      Stay,          Stay,          Stay,     Stay,       Stay,       Stay]),
    (Verb::Etrn,       [ORDER,      ORDER,         Stay,          ORDER,    ORDER,      ORDER,      ORDER]),
    (Verb::Atrn,       [ORDER,      ORDER,         To(Turned),    ORDER,    ORDER,      ORDER,      ORDER]),
    (Verb::XClient,    [ORDER,      ORDER,         To(Connected), ORDER,    ORDER,      ORDER,      ORDER]),
    (Verb::XForward,   [ORDER,      ORDER,         Stay,          ORDER,    ORDER,      ORDER,      ORDER]),
    (Verb::Own,        [ORDER,      Stay,          Stay,          Stay,     Stay,       Stay,       Stay]),
    (Verb::Quit,       [To(Closed), To(Closed),    To(Closed),    To(Closed), To(Closed), To(Closed), To(Closed)]),
    (Verb::NotOffered, [ORDER,      UNKNOWN,       UNKNOWN,       UNKNOWN,  UNKNOWN,    UNKNOWN,    UNKNOWN]),
];

impl State {
    /// What `verb` does here.
    pub(crate) fn on(self, verb: Verb) -> Step {
        let column = COLUMNS.iter().position(|state| *state == self);
        let row = TABLE.iter().find(|(known, _)| *known == verb);
        match (column, row) {
            (Some(column), Some((_, steps))) => steps[column],
            _ => ORDER,
        }
    }

    /// Where that command leads once it is accepted.
    pub(crate) fn after(self, verb: Verb) -> Self {
        match self.on(verb) {
            To(state) => state,
            Stay | Refuse(_) => self,
        }
    }

    /// Where the greeting leads, by 220 or by 554; and the end of a TLS handshake.
    pub(crate) const fn greeted(welcome: bool) -> Self {
        if welcome { Greeted } else { Refused }
    }

    /// Where the end of a message leads, accepted or not.
    pub(crate) const AFTER_MESSAGE: Self = Idle;

    /// Where the end of a chunk that isn't the last leads, accepted or not.
    pub(crate) const fn after_chunk(accepted: bool) -> Self {
        if accepted { Chunks } else { Void }
    }

    /// Where an exchange of AUTH stands while a response is wanted, and where its end leads.
    pub(crate) const fn auth(open: bool) -> Self {
        if open { Self::Auth } else { Idle }
    }

    /// Whether a transaction is open.
    pub(crate) const fn in_transaction(self) -> bool {
        matches!(self, Mail | Rcpt | Chunks | Void | Data | Chunk)
    }

    /// Whether a server may say by itself that it closes: outside of transactions, and while what it
    /// says is for a client of SMTP in clear.
    pub(crate) const fn is_gap(self) -> bool {
        !self.in_transaction() && !matches!(self, Upgrade | Turned)
    }

    /// Whether what comes is the message.
    pub(crate) const fn is_body(self) -> bool {
        matches!(self, Data | Chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    /// A row of the table as Markdown.
    fn row(name: &str, cells: impl Iterator<Item = String>) -> String {
        cells.fold(format!("| {name} |"), |row, cell| row + " " + &cell + " |")
    }

    /// The table as Markdown, for the docs.
    fn drawing() -> Vec<String> {
        let heading = row("command", COLUMNS.iter().map(|state| format!("{state:?}")));
        let rows = TABLE.iter().map(|(verb, steps)| {
            let name = match verb {
                Verb::NotOffered => "TURN, SEND, SOML, SAML",
                Verb::Own => "your own",
                _ => verb.as_str(),
            };
            let cells = steps.iter().map(|step| match step {
                To(state) => format!("{state:?}"),
                Stay => String::from("stays"),
                Refuse(fault) => fault.reply(None).code().to_string(),
            });
            row(name, cells)
        });
        core::iter::once(heading).chain(rows).collect()
    }

    #[test]
    fn the_drawing_in_the_docs_is_the_table() {
        let docs = include_str!("states.md").lines();
        let drawn: Vec<_> = docs.filter(|line| line.starts_with("| ")).collect();
        assert_eq!(drawn, drawing());
    }
}
