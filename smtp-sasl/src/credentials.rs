//! What a client proves itself with, and which of the mechanisms offered it takes.

use crate::binding::ChannelBinding;
use crate::prepared::{self, InvalidName};
use smtp_proto::Secret;
use smtp_proto::extension::{Mechanism, Mechanisms};
use std::fmt;
use std::str::FromStr;

/// What a client proves itself with.
///
/// ```
/// use smtp_sasl::Credentials;
/// let joe = Credentials::new("joe", "wonderland")?;
/// assert!(!format!("{joe:?}").contains("wonderland"));
/// # Ok::<(), smtp_sasl::InvalidName>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    pub(crate) proof: Proof,
    pub(crate) other: Option<String>,
    only: Option<Mechanism<'static>>,
}

#[derive(Clone)]
pub(crate) enum Proof {
    Password {
        user: String,
        password: Secret,
    },
    Token {
        user: String,
        token: Secret,
    },
    /// What TLS shows.
    Certificate,
}

/// What a server offers, and how safe it is to take it.
#[derive(Clone, Debug)]
pub struct Offer<'o> {
    /// The mechanisms of its EHLO reply.
    pub mechanisms: &'o Mechanisms,
    /// Whether nobody listens, or it doesn't matter: without, PLAIN, LOGIN, OAUTHBEARER and XOAUTH2
    /// aren't taken.
    pub secure: bool,
    /// What `-PLUS` binds to.
    pub binding: Option<ChannelBinding>,
}

impl Credentials {
    /// A user's password, for SCRAM, PLAIN or LOGIN.
    ///
    /// # Errors
    /// If no mechanism can say that name or that password.
    pub fn new(user: &str, password: &str) -> Result<Self, InvalidName> {
        Ok(Self::with(Proof::Password {
            user: prepared::name(user)?,
            password: prepared::password(password.as_bytes())?,
        }))
    }

    /// A user's bearer token (RFC 6750), for OAUTHBEARER or XOAUTH2.
    ///
    /// # Errors
    /// If no mechanism can say that name, or the token isn't `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" /
    /// "+" / "/" ) *"="`.
    pub fn token(user: &str, token: &str) -> Result<Self, InvalidName> {
        let body = token.trim_end_matches('=');
        let sound = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+/".contains(&octet);
        if body.is_empty() || !body.bytes().all(sound) {
            return Err(InvalidName);
        }
        Ok(Self::with(Proof::Token {
            user: prepared::name(user)?,
            token: Secret::from(token.as_bytes()),
        }))
    }

    /// The client's certificate, which TLS shows: EXTERNAL.
    pub fn external() -> Self {
        Self::with(Proof::Certificate)
    }

    fn with(proof: Proof) -> Self {
        Self {
            proof,
            other: None,
            only: None,
        }
    }

    /// To be somebody else, where the server lets them (the authorization identity of RFC 4422 §3.4.1);
    /// with LOGIN and XOAUTH2, which can't say that, there is no exchange.
    ///
    /// # Errors
    /// If no mechanism can say that name.
    pub fn acting_as(mut self, other: &str) -> Result<Self, InvalidName> {
        self.other = Some(prepared::name(other)?);
        Ok(self)
    }

    /// By that mechanism, or not at all.
    pub fn only(mut self, mechanism: Mechanism<'_>) -> Self {
        self.only = Some(mechanism.into_owned());
        self
    }

    /// The best mechanism there is.
    pub(crate) fn choose(&self, offer: &Offer<'_>) -> Option<Mechanism<'static>> {
        let (passwords, tokens, certificates) = (
            [
                Mechanism::SCRAM_SHA_256_PLUS,
                Mechanism::SCRAM_SHA_1_PLUS,
                Mechanism::SCRAM_SHA_256,
                Mechanism::SCRAM_SHA_1,
                Mechanism::PLAIN,
                Mechanism::LOGIN,
            ],
            [Mechanism::OAUTHBEARER, Mechanism::XOAUTH2],
            [Mechanism::EXTERNAL],
        );
        let known: &[Mechanism<'static>] = match self.proof {
            Proof::Password { .. } => &passwords,
            Proof::Token { .. } => &tokens,
            Proof::Certificate => &certificates,
        };
        let names_nobody_else = [Mechanism::LOGIN, Mechanism::XOAUTH2];
        let will_do = |mechanism: &&Mechanism<'static>| {
            offer.mechanisms.contains(mechanism)
                && self.only.as_ref().is_none_or(|only| only == *mechanism)
                && (offer.secure || !mechanism.is_clear())
                && (offer.binding.is_some() || !mechanism.is_bound())
                && (self.other.is_none() || !names_nobody_else.contains(mechanism))
        };
        known.iter().find(will_do).cloned()
    }
}

/// A name, a colon and a password, as command lines have them. Another colon is the password's.
///
/// ```
/// use smtp_sasl::{Credentials, InvalidName};
/// let joe: Credentials = "joe:wonderland".parse()?;
/// assert!("joe".parse::<Credentials>().is_err());
/// # Ok::<(), InvalidName>(())
/// ```
impl FromStr for Credentials {
    type Err = InvalidName;

    /// # Errors
    /// As [`new`](Self::new) has them; without a colon there is no password.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Self::new(user, password)
    }
}

/// Whose they are and of what kind.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, user) = match &self.proof {
            Proof::Password { user, .. } => ("Password", Some(user)),
            Proof::Token { user, .. } => ("Token", Some(user)),
            Proof::Certificate => ("Certificate", None),
        };
        f.debug_struct("Credentials")
            .field("kind", &kind)
            .field("user", &user)
            .field("acting_as", &self.other)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}
