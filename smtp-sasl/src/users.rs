//! What a server is asked about its users.

use crate::keys::{Hash, ScramKeys};
use smtp_proto::Secret;
use smtp_proto::extension::{Mechanism, Mechanisms};
use std::fmt;

/// The users of a server, however they are kept. [`Accounts`](crate::Accounts) is a ready one.
///
/// The methods may take their time, for a database or a slow hash: the adapters call them where that
/// holds nobody else up.
///
/// ```
/// use smtp_proto::Secret;
/// use smtp_sasl::{Unavailable, Users};
///
/// struct Directory;
///
/// impl Users for Directory {
///     fn check_password(&self, user: &str, password: &Secret) -> Result<bool, Unavailable> {
///         // Ask whoever knows; take as long for users there aren't.
///         Ok(user == "joe" && password.expose() == b"wonderland")
///     }
/// }
/// ```
pub trait Users: Send + Sync + 'static {
    /// The mechanisms that what is known of them suffices for, the better ones first. Default: PLAIN
    /// and LOGIN.
    fn mechanisms(&self) -> Mechanisms {
        Mechanisms::new([Mechanism::PLAIN, Mechanism::LOGIN])
    }

    /// PLAIN and LOGIN: whether that is the user's password. Both are prepared by `SASLprep` (RFC 4013).
    ///
    /// # Errors
    /// If nobody can tell for now.
    fn check_password(&self, user: &str, password: &Secret) -> Result<bool, Unavailable>;

    /// SCRAM: what is kept of the user's password; `None` for a user there isn't, which nobody is told.
    /// Default: none.
    ///
    /// # Errors
    /// If nobody can tell for now.
    fn scram_keys(&self, user: &str, hash: Hash) -> Result<Option<ScramKeys>, Unavailable> {
        let _ = (user, hash);
        Ok(None)
    }

    /// The iterations that most keys have, so that a user there isn't has as many. Default:
    /// [`ScramKeys::ITERATIONS`].
    fn iterations(&self) -> u32 {
        ScramKeys::ITERATIONS
    }

    /// OAUTHBEARER and XOAUTH2: whose token it is, where the client says who it wants to be or doesn't.
    /// The name that comes back is who the client is, so it is for you to hold it against `user`.
    /// Default: nobody's.
    ///
    /// # Errors
    /// If nobody can tell for now.
    fn check_token(
        &self,
        user: Option<&str>,
        token: &Secret,
    ) -> Result<Option<String>, Unavailable> {
        let _ = (user, token);
        Ok(None)
    }

    /// EXTERNAL: whose certificate it is, in DER, which TLS has verified. Default: nobody's.
    ///
    /// # Errors
    /// If nobody can tell for now.
    fn check_certificate(&self, certificate: &[u8]) -> Result<Option<String>, Unavailable> {
        let _ = certificate;
        Ok(None)
    }

    /// Whether a user may be somebody else, who is then who the client is. Default: no.
    fn may_act_as(&self, user: &str, other: &str) -> bool {
        let _ = (user, other);
        false
    }
}

/// Nobody can tell for now: the client is told 454 4.7.0, to try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the users can't be asked for now")
    }
}

impl std::error::Error for Unavailable {}
