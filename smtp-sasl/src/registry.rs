//! The mechanisms, as rsasl has them.

use rsasl::mechanisms::{external, login, oauthbearer, plain, scram, xoauth2};
use rsasl::prelude::Mechanism;

/// All of them.
pub(crate) static ALL: [Mechanism; 9] = [
    scram::SCRAM_SHA256_PLUS,
    scram::SCRAM_SHA1_PLUS,
    scram::SCRAM_SHA256,
    scram::SCRAM_SHA1,
    plain::PLAIN,
    login::LOGIN,
    oauthbearer::OAUTHBEARER,
    xoauth2::XOAUTH2,
    external::EXTERNAL,
];

/// Those of a session with nothing to be bound to. A server whose registry had the others would take a
/// client of SCRAM that could be bound for one that was told a lie.
pub(crate) static UNBOUND: [Mechanism; 7] = [
    scram::SCRAM_SHA256,
    scram::SCRAM_SHA1,
    plain::PLAIN,
    login::LOGIN,
    oauthbearer::OAUTHBEARER,
    xoauth2::XOAUTH2,
    external::EXTERNAL,
];
