//! What the settings' letters mean to a server.

use crate::offers;
use crate::script::Script;
use smtp_proto::address::Domain;
use smtp_proto::server::{BareNewline, Config, Dialect, Hasty, Requirements};
use smtp_proto::{Extension, Offers};

/// | letter | |
/// |---|---|
/// | `b` | a lone CR or LF in a body is data |
/// | `l` | an LF alone ends a command |
/// | `e` | the client talks first |
/// | `E` | … and is let |
/// | `n` | no extensions |
/// | `k` | CHUNKING and BINARYMIME beside the usual ones |
/// | `x` | everything is offered, passwords in clear too |
/// | `L` | LMTP |
/// | `q`, `Q` | TLS, AUTH is required first |
/// | `H` | who doesn't wait is sent away |
/// | `s` | small limits |
/// | `o` | little output at a time |
pub(crate) fn config(script: &Script<'_>) -> Config {
    let hostname = Domain::try_from("mx.example.org").expect("a domain");
    let mut config = Config::new(hostname);
    if script.has(b'b') {
        config.bare_newline = BareNewline::AcceptAsData;
    }
    config.accept_bare_lf_in_commands = script.has(b'l');
    config.accept_early_talk = script.has(b'E');
    if script.has(b'n') {
        config.offers = Offers::NONE;
    }
    if script.has(b'k') {
        config.offers.add(Extension::Chunking);
        config.offers.add(Extension::BinaryMime);
    }
    if script.has(b'x') {
        config.offers = offers::everything();
        config.accept_clear_passwords = true;
    }
    if script.has(b'L') {
        config.dialect = Dialect::Lmtp;
    }
    config.require.tls = script.has(b'q');
    config.require.auth = script.has(b'Q');
    if script.has(b'H') {
        config.hasty_clients = Hasty::Close;
        // What comes before the greeting isn't waited for.
        config.accept_early_talk = false;
    }
    if script.has(b'o') {
        config.limits.output = 100;
    }
    if script.has(b's') {
        let limits = &mut config.limits;
        limits.command_line = 64;
        limits.message = Some(32);
        limits.recipients = 2;
        limits.transactions = Some(5);
        limits.errors = 3;
        limits.junk_commands = 4;
        limits.auth_failures = 1;
        limits.auth_line = 64;
        limits.discarded = 64;
        limits.input = 64;
        limits.output = 100;
    }
    config
}

/// As [`config`], and nothing but framing decides what becomes of a session.
pub(crate) fn framing(script: &Script<'_>) -> Config {
    let mut config = config(script);
    config.require = Requirements::default();
    config.hasty_clients = Hasty::Serve;
    config.accept_early_talk = false;
    let limits = &mut config.limits;
    (limits.errors, limits.junk_commands) = (u32::MAX, u32::MAX);
    (limits.refusals, limits.discarded) = (u32::MAX, u64::MAX);
    limits.transactions = None;
    config
}
