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
    /// Greeted, no EHLO or HELO yet.
    Greeted,
    /// Said hello, no transaction.
    Idle,
    /// MAIL accepted, no recipient yet.
    Mail,
    /// At least one recipient accepted.
    Rcpt,
    /// 354 said: what comes is the message.
    Data,
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

use State::{Closed, Data, Greeted, Idle, Mail, Rcpt, Refused};
use Step::{Refuse, Stay, To};

const ORDER: Step = Refuse(Fault::Order);
const EMPTY: Step = Refuse(Fault::NoRecipients);
const UNKNOWN: Step = Refuse(Fault::NotOffered);

/// The states a command can come in, the columns of [`TABLE`].
const COLUMNS: [State; 5] = [Refused, Greeted, Idle, Mail, Rcpt];

#[rustfmt::skip]
const TABLE: [(Verb, [Step; COLUMNS.len()]); 12] = [
    //                  Refused     Greeted   Idle      Mail      Rcpt
    (Verb::Ehlo,       [ORDER,      To(Idle), To(Idle), To(Idle), To(Idle)]),
    (Verb::Helo,       [ORDER,      To(Idle), To(Idle), To(Idle), To(Idle)]),
    (Verb::Mail,       [ORDER,      ORDER,    To(Mail), ORDER,    ORDER]),
    (Verb::Rcpt,       [ORDER,      ORDER,    ORDER,    To(Rcpt), To(Rcpt)]),
    (Verb::Data,       [ORDER,      ORDER,    ORDER,    EMPTY,    To(Data)]),
    (Verb::Rset,       [ORDER,      Stay,     Stay,     To(Idle), To(Idle)]),
    (Verb::Noop,       [ORDER,      Stay,     Stay,     Stay,     Stay]),
    (Verb::Vrfy,       [ORDER,      Stay,     Stay,     Stay,     Stay]),
    (Verb::Expn,       [ORDER,      Stay,     Stay,     Stay,     Stay]),
    (Verb::Help,       [ORDER,      Stay,     Stay,     Stay,     Stay]),
    (Verb::Quit,       [To(Closed), To(Closed), To(Closed), To(Closed), To(Closed)]),
    (Verb::NotOffered, [ORDER,      UNKNOWN,  UNKNOWN,  UNKNOWN,  UNKNOWN]),
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

    /// Where the greeting leads, by 220 or by 554.
    pub(crate) const fn greeted(welcome: bool) -> Self {
        if welcome { Greeted } else { Refused }
    }

    /// Where the end of a message leads, accepted or not.
    pub(crate) const AFTER_MESSAGE: Self = Idle;

    /// Whether a transaction is open.
    pub(crate) fn in_transaction(self) -> bool {
        matches!(self, Mail | Rcpt | Data)
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
                Verb::NotOffered => "STARTTLS, AUTH, BDAT, …",
                _ => verb.as_str(),
            };
            let cells = steps.iter().map(|step| match step {
                To(state) => format!("{state:?}"),
                Stay => String::from("stays"),
                Refuse(fault) => fault.reply().code().to_string(),
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
