//! Command lines: what is read is written back as the same, and no writing leaves its line.

use crate::offers;
use smtp_proto::{Command, Syntax};

/// The octets as one line, and each of their lines by itself.
pub fn command(data: &[u8]) {
    check(data);
    data.split(|&octet| octet == b'\n').for_each(check);
}

fn check(line: &[u8]) {
    let offers = offers::everything();
    let all = Syntax::new(&offers);
    let mut utf8 = all;
    utf8.utf8 = true;
    let plain = check_with(line, Syntax::default());
    let extended = check_with(line, all);
    let is_utf8 = |command: &Command<'_>| match command {
        Command::Vrfy(text) | Command::Expn(text) => text.is_smtputf8(),
        _ => false,
    };
    // What RFC 6531 §3.7.4.2 puts behind a VRFY was a word like any other before.
    if plain.is_some() && !extended.as_ref().is_some_and(is_utf8) {
        assert_eq!(
            plain, extended,
            "an extension changed what a plain line says"
        );
    }
    let international = check_with(line, utf8);
    if extended.is_some() {
        assert_eq!(
            extended, international,
            "SMTPUTF8 changed what an ASCII line says"
        );
    }
}

fn check_with<'l>(line: &'l [u8], syntax: Syntax<'_>) -> Option<Command<'l>> {
    let command = match Command::parse(line, syntax) {
        Ok(command) => command,
        Err(error) => {
            assert!(
                error.offset <= line.len(),
                "{error} in {} octets",
                line.len()
            );
            return None;
        }
    };
    let written = command.to_string();
    assert!(
        !written.contains(char::is_control) || !written.is_ascii(),
        "{written:?}"
    );
    assert!(!written.contains(['\r', '\n', '\0']), "{written:?}");
    let word = |octets: &[u8]| {
        octets
            .split(u8::is_ascii_whitespace)
            .next()
            .map(<[u8]>::to_ascii_uppercase)
    };
    assert_eq!(word(written.as_bytes()), word(line), "another verb");
    let read = Command::parse(written.as_bytes(), syntax);
    assert_eq!(read.as_ref(), Ok(&command), "{written:?}");
    Some(command)
}
