//! Values of the extensions, in commands: what is built is read back as the same, and what is read is
//! written back as it was.

use crate::offers;
use crate::values::{Address, CommandValue, MailValue, RcptValue, check_line};
use arbitrary::{Arbitrary, Unstructured};
use smtp_proto::address::{ForwardPath, ReversePath};
use smtp_proto::extension::{
    By, Conneg, Conperm, EnvId, Hold, MtPriority, Mtrk, Notify, OriginalRecipient, Parameter, Prdr,
    RawParameter, RequireTls, Ret, Rrvs, Size, SmtpUtf8, Solicit, Submitted, Submitter, TransId,
};
use smtp_proto::{BodyType, Command, Mail, Offers, Rcpt, Syntax};

/// The octets twice: each of their lines as parameters of MAIL and of RCPT, and all of them for
/// `arbitrary`, which makes values of them.
pub fn extensions(data: &[u8]) {
    let offers = offers::everything();
    for line in data.split(|&octet| octet == b'\n') {
        for utf8 in [false, true] {
            check_parameters(b"MAIL FROM:<a@example.com> ", line, &offers, utf8);
            check_parameters(b"RCPT TO:<b@example.org> ", line, &offers, utf8);
        }
    }
    if let Ok(values) = Values::arbitrary_take_rest(Unstructured::new(data)) {
        values.check(&offers);
    }
}

/// What is said.
#[derive(Arbitrary, Debug)]
struct Values {
    from: Address,
    mail: Vec<MailValue>,
    to: Address,
    rcpt: Vec<RcptValue>,
    commands: Vec<CommandValue>,
}

impl Values {
    fn check(&self, offers: &Offers) {
        let mut mail = Mail::new(self.from.sender());
        let mut said: Vec<&MailValue> = Vec::new();
        for value in &self.mail {
            if let Some(with) = value.put(mail.clone()) {
                said.retain(|other| other.keyword() != value.keyword());
                said.push(value);
                mail = with;
            }
        }
        for value in &said {
            value.check(&mail);
        }
        let line = mail.to_string();
        let agree = MailValue::agree(&said) && (line.is_ascii() || mail.is_smtputf8());
        match read(&line, offers) {
            Some(Command::Mail(found)) => {
                assert!(agree, "{line}");
                assert_eq!(found, mail);
                for value in &said {
                    value.check(&found);
                }
            }
            found => assert!(!agree, "{line}: {found:?}"),
        }

        let mut rcpt = Rcpt::new(self.to.recipient());
        let mut said: Vec<&RcptValue> = Vec::new();
        for value in &self.rcpt {
            if let Some(with) = value.put(rcpt.clone()) {
                said.retain(|other| other.keyword() != value.keyword());
                said.push(value);
                rcpt = with;
            }
        }
        let line = rcpt.to_string();
        let Some(Command::Rcpt(found)) = read(&line, offers) else {
            panic!("{line} isn't read");
        };
        assert_eq!(found, rcpt);
        for value in &said {
            value.check(&found);
        }

        for value in &self.commands {
            if let Some(command) = value.command() {
                value.check(&command);
                let line = command.to_string();
                let found = read(&line, offers);
                assert_eq!(found.as_ref(), Some(&command), "{line}");
                value.check(&command.into_owned());
            }
        }
    }
}

/// The command a line is that someone wrote.
fn read<'l>(line: &'l str, offers: &Offers) -> Option<Command<'l>> {
    check_line(line);
    let mut syntax = Syntax::new(offers);
    syntax.utf8 = true;
    Command::parse(line.as_bytes(), syntax).ok()
}

/// What a parameter's type says of a command is what its text says, and is said again as the same.
macro_rules! typed {
    ($command:expr, $empty:expr; $($parameter:ty),*) => {$({
        let keywords = <$parameter>::KEYWORDS;
        let raw = keywords.iter().find_map(|keyword| $command.find(keyword));
        let typed: Option<$parameter> = $command.get();
        let parsed = raw.and_then(|raw| <$parameter>::parse(raw.keyword, raw.value));
        assert_eq!(parsed, typed, "{raw:?}");
        assert_eq!(raw.is_some(), typed.is_some(), "{raw:?}");
        if let Some(typed) = typed {
            check_line(&typed.to_string());
            let again = $empty.with(typed.clone());
            assert_eq!(again.get().as_ref(), Some(&typed), "{again}");
        }
    })*};
}

fn check_parameters(path: &[u8], parameters: &[u8], offers: &Offers, utf8: bool) {
    let mut line = [path, parameters].concat();
    while let [before @ .., b' ' | b'\t'] = &line[..] {
        line.truncate(before.len());
    }
    let mut syntax = Syntax::new(offers);
    syntax.utf8 = utf8;
    let Ok(command) = Command::parse(&line, syntax) else {
        return;
    };
    let written = command.to_string();
    assert_eq!(written.as_bytes(), line, "other words");
    check_line(&written);
    let text = &written[path.len().min(written.len())..];
    match &command {
        Command::Mail(mail) => {
            check_list(text, mail.parameters());
            typed!(mail, Mail::new(ReversePath::Null);
                Size, BodyType, Ret, EnvId<'_>, Submitted<'_>, By<'_>, Hold<'_>, MtPriority,
                RequireTls, SmtpUtf8, Solicit<'_>, Mtrk<'_>, Submitter<'_>, Conperm, TransId<'_>,
                Prdr);
        }
        Command::Rcpt(rcpt) => {
            check_list(text, rcpt.parameters());
            typed!(rcpt, Rcpt::new(ForwardPath::Postmaster);
                Notify, OriginalRecipient<'_>, Rrvs<'_>, Conneg);
        }
        other => panic!("{other}"),
    }
    assert_eq!(command.clone().into_owned(), command);
}

/// The parameters are those of the text, blank by blank, and none is there twice.
fn check_list<'p>(text: &str, parameters: impl Iterator<Item = RawParameter<'p>>) {
    let words = text.split(' ').filter(|word| !word.is_empty());
    let words: Vec<_> = words.collect();
    let parameters: Vec<_> = parameters.collect();
    assert_eq!(words.len(), parameters.len(), "{text}");
    let mut keywords = Vec::new();
    for (word, parameter) in words.iter().zip(&parameters) {
        let (keyword, value) = match word.split_once('=') {
            None => (*word, None),
            Some((keyword, value)) => (keyword, Some(value)),
        };
        assert_eq!((keyword, value), (parameter.keyword, parameter.value));
        let keyword = keyword.to_ascii_uppercase();
        assert!(!keywords.contains(&keyword), "{keyword} twice");
        keywords.push(keyword);
    }
}
