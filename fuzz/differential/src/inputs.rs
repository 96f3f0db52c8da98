//! What the readers get: the corpora of the fuzz targets and of the bench, and what has been taken for
//! the end of a message.

use crate::framing::FALSE_ENDS;
use std::path::Path;
use std::{fs, io};

/// The longest input, but for those that the document names.
const LONGEST: usize = 400;

/// What is smuggled behind a false end.
const SMUGGLED: [&[u8]; 2] = [
    b"MAIL FROM:<evil@x>\r\nRCPT TO:<evil@x>\r\nDATA\r\nevil",
    b"BDAT 4 LAST\r\nevilMAIL FROM:<evil@x>",
];

/// What mutations put into inputs.
pub(crate) const WORDS: [&[u8]; 40] = [
    b" ",
    b"  ",
    b"\t",
    b"\r",
    b"\n",
    b"\0",
    b"\r\n",
    b"\x7f",
    b"\xff",
    b"\xc3\xa9",
    b"<",
    b">",
    b"@",
    b":",
    b",",
    b".",
    b"..",
    b"\"",
    b"\\",
    b"=",
    b"-",
    b"+",
    b"[",
    b"]",
    b"[IPv6:",
    b"0",
    b"5",
    b"184467440737095516",
    b"LAST",
    b"BDAT 3\r\n",
    b"DATA",
    b"Postmaster",
    b"@a:",
    b" SIZE=5",
    b" BODY=8BITMIME",
    b" SMTPUTF8",
    b"250-",
    b"250 ",
    b"5.1.1 ",
    b"AUTH",
];

/// Command lines.
pub(crate) fn commands() -> io::Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    for file in [
        "../corpus/command",
        "../corpus/server",
        "../../bench/corpora",
    ] {
        for octets in files(file)? {
            let all = octets.split(|octet| *octet == b'\n');
            lines.extend(all.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()));
        }
    }
    Ok(short(lines))
}

/// What stands behind DATA.
pub(crate) fn bodies() -> io::Result<Vec<Vec<u8>>> {
    let mut bodies = behind_scripts("../corpus/body")?;
    for (end, _) in FALSE_ENDS {
        for before in [&b""[..], b"a", b"a\r\n", b"..", b"\0"] {
            bodies.extend(SMUGGLED.map(|smuggled| [before, end, smuggled].concat()));
        }
    }
    Ok(short(bodies))
}

/// What stands behind RCPT, with BDAT in it.
pub(crate) fn chunks() -> io::Result<Vec<Vec<u8>>> {
    let sessions = behind_scripts("../corpus/chunks")?;
    let chunks = sessions.iter().filter_map(|session| {
        let bdat = session.windows(5).position(|word| word == b"BDAT ")?;
        Some(session[bdat..].to_vec())
    });
    Ok(short(chunks.collect()))
}

/// Replies.
pub(crate) fn replies() -> io::Result<Vec<Vec<u8>>> {
    Ok(short(behind_scripts("../corpus/reply")?))
}

/// Replies to EHLO.
pub(crate) fn capabilities() -> io::Result<Vec<Vec<u8>>> {
    let mut all = vec![fs::read(path("../../bench/corpora/ehlo.txt"))?];
    for octets in files("../corpus/capabilities")? {
        let mut reply = b"250-mx".to_vec();
        for line in octets.split(|octet| *octet == b'\n') {
            reply.extend_from_slice(b"\r\n250-");
            reply.extend_from_slice(line);
        }
        reply.extend_from_slice(b"\r\n250 HELP\r\n");
        all.push(reply);
    }
    let crlf = all.iter().map(|reply| {
        let lines = reply.split(|octet| *octet == b'\n');
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        lines.collect::<Vec<_>>().join(&b"\r\n"[..])
    });
    Ok(short(crlf.collect()))
}

fn short(mut all: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    all.retain(|input| input.len() <= LONGEST);
    all.sort();
    all.dedup();
    all
}

/// A corpus whose files begin with a script's line.
fn behind_scripts(folder: &str) -> io::Result<Vec<Vec<u8>>> {
    let all = files(folder)?.into_iter().map(|octets| {
        let script = octets.iter().position(|octet| *octet == b'\n');
        octets[script.map_or(0, |end| end + 1)..].to_vec()
    });
    Ok(all.collect())
}

fn files(folder: &str) -> io::Result<Vec<Vec<u8>>> {
    fs::read_dir(path(folder))?
        .map(|file| fs::read(file?.path()))
        .collect()
}

/// A path from the folder of this crate.
pub(crate) fn path(relative: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}
