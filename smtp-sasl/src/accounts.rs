//! Users with passwords, kept in memory.

use crate::keys::{self, Hash, ScramKeys};
use crate::prepared::{self, InvalidName};
use crate::users::{Unavailable, Users};
use smtp_proto::Secret;
use smtp_proto::extension::{Mechanism, Mechanisms};
use std::collections::HashMap;
use std::fmt;

/// Users with passwords, of which only SCRAM's keys are kept.
///
/// ```
/// use smtp_sasl::Accounts;
/// let accounts = Accounts::default().with("joe", "wonderland")?.with("ann", "looking-glass")?;
/// # Ok::<(), smtp_sasl::InvalidName>(())
/// ```
pub struct Accounts {
    users: HashMap<String, [ScramKeys; 2]>,
    /// What is tried where there is no such user: to find that out takes as long.
    nobody: ScramKeys,
}

impl Default for Accounts {
    fn default() -> Self {
        let secret = keys::random::<32>();
        Self {
            users: HashMap::new(),
            nobody: ScramKeys::of_nobody(Hash::Sha256, ScramKeys::ITERATIONS, &secret, ""),
        }
    }
}

impl Accounts {
    /// With that user, who replaces one of the same name.
    ///
    /// # Errors
    /// If the name or the password is none that a client could say.
    pub fn with(mut self, user: &str, password: &str) -> Result<Self, InvalidName> {
        let user = prepared::name(user)?;
        let password = prepared::password(password.as_bytes())?;
        let keys = [Hash::Sha1, Hash::Sha256].map(|hash| {
            ScramKeys::derive(hash, ScramKeys::ITERATIONS, keys::salt(), password.expose())
        });
        self.users.insert(user, keys);
        Ok(self)
    }
}

impl Users for Accounts {
    fn mechanisms(&self) -> Mechanisms {
        Mechanisms::new([
            Mechanism::SCRAM_SHA_256_PLUS,
            Mechanism::SCRAM_SHA_256,
            Mechanism::SCRAM_SHA_1_PLUS,
            Mechanism::SCRAM_SHA_1,
            Mechanism::PLAIN,
            Mechanism::LOGIN,
        ])
    }

    fn check_password(&self, user: &str, password: &Secret) -> Result<bool, Unavailable> {
        let known = self.users.get(user);
        let keys = known.map_or(&self.nobody, |[_, sha256]| sha256);
        let fits = keys.are_of(Hash::Sha256, password.expose());
        Ok(fits && known.is_some())
    }

    fn scram_keys(&self, user: &str, hash: Hash) -> Result<Option<ScramKeys>, Unavailable> {
        let keys = self.users.get(user).map(|[sha1, sha256]| match hash {
            Hash::Sha1 => sha1,
            Hash::Sha256 => sha256,
        });
        Ok(keys.cloned())
    }
}

/// How many there are.
impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts")
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}
