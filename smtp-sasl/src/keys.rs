//! What a server keeps of a password (RFC 5802 §3): enough to know who has it, and too little to be it.

use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use smtp_proto::Secret;
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The hash under a SCRAM mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SCRAM-SHA-1 (RFC 5802).
    Sha1,
    /// SCRAM-SHA-256 (RFC 7677).
    Sha256,
}

/// `StoredKey` and `ServerKey` with the salt and the iterations they were made with.
///
/// Whoever steals them can't log in with them, but can pretend to be the server, and try passwords at
/// the cost of the iterations each.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    pub(crate) iterations: u32,
    pub(crate) salt: Vec<u8>,
    pub(crate) stored: Secret,
    pub(crate) server: Secret,
}

/// Octets of a salt.
const SALT: usize = 16;

impl Hash {
    const fn octets(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn hmac(self, key: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
        fn mac<M: Mac + hmac::digest::KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
            // HMAC takes keys of any length.
            let Ok(mac) = <M as Mac>::new_from_slice(key) else {
                return Vec::new();
            };
            mac.chain_update(data).finalize().into_bytes().to_vec()
        }
        Zeroizing::new(match self {
            Self::Sha1 => mac::<Hmac<Sha1>>(key, data),
            Self::Sha256 => mac::<Hmac<Sha256>>(key, data),
        })
    }

    fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
        }
    }

    fn salted(self, password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
        let mut salted = Zeroizing::new(vec![0; self.octets()]);
        match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut salted),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut salted),
        }
        salted
    }
}

impl ScramKeys {
    /// The iterations of keys made here: four times the 4,096 that RFC 7677 §4 asks for at least,
    /// some 5 ms of a client's time.
    pub const ITERATIONS: u32 = 16_384;

    /// Keys read from where they are kept.
    ///
    /// `None` if the keys aren't as long as the hash (20 or 32 octets), or there are no iterations.
    pub fn new(
        hash: Hash,
        iterations: u32,
        salt: &[u8],
        stored_key: &[u8],
        server_key: &[u8],
    ) -> Option<Self> {
        let fits = |key: &[u8]| key.len() == hash.octets();
        let sound = iterations > 0 && fits(stored_key) && fits(server_key);
        sound.then(|| Self {
            iterations,
            salt: salt.to_vec(),
            stored: Secret::from(stored_key),
            server: Secret::from(server_key),
        })
    }

    /// Keys of that password, which is prepared already.
    pub(crate) fn derive(hash: Hash, iterations: u32, salt: Vec<u8>, password: &[u8]) -> Self {
        let salted = hash.salted(password, &salt, iterations);
        let client = hash.hmac(&salted, b"Client Key");
        Self {
            iterations,
            salt,
            stored: Secret::from(hash.digest(&client)),
            server: Secret::from(hash.hmac(&salted, b"Server Key").to_vec()),
        }
    }

    /// Keys of a user there isn't: always the same for the same name, so that nothing shows, and of no
    /// password.
    pub(crate) fn of_nobody(hash: Hash, iterations: u32, secret: &[u8], name: &str) -> Self {
        let salt = hash.hmac(secret, name.as_bytes());
        Self {
            iterations,
            salt: salt[..SALT].to_vec(),
            stored: Secret::from(hash.hmac(secret, &salt).to_vec()),
            server: Secret::from(hash.hmac(&salt, secret).to_vec()),
        }
    }

    /// Whether they are of that password, which is prepared already; takes as long if they aren't.
    pub(crate) fn are_of(&self, hash: Hash, password: &[u8]) -> bool {
        let other = Self::derive(hash, self.iterations, self.salt.clone(), password);
        self.stored.expose().ct_eq(other.stored.expose()).into()
    }

    /// How often the hash is applied.
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// What keeps equal passwords apart.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// `StoredKey`.
    pub const fn stored_key(&self) -> &Secret {
        &self.stored
    }

    /// `ServerKey`.
    pub const fn server_key(&self) -> &Secret {
        &self.server
    }
}

/// A salt that nobody has foreseen.
pub(crate) fn salt() -> Vec<u8> {
    random::<SALT>().to_vec()
}

/// Random octets of the system.
///
/// # Panics
/// If the system has none, which no server should go on without.
pub(crate) fn random<const OCTETS: usize>() -> [u8; OCTETS] {
    let mut octets = [0; OCTETS];
    getrandom::getrandom(&mut octets).expect("the system has no random octets");
    octets
}

/// The iterations and nothing else.
impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys")
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hexadecimal: &str) -> Vec<u8> {
        let digits = hexadecimal.as_bytes().chunks(2);
        digits
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// RFC 5802 §5: the salt `QSXCR+Q6sek8bf92`, 4096 iterations, the password `pencil`.
    #[test]
    fn the_keys_are_those_of_the_example_in_the_rfc() {
        let salt = octets("4125c247e43ab1e93c6dff76");
        let keys = ScramKeys::derive(Hash::Sha1, 4096, salt, b"pencil");
        assert_eq!(
            keys.stored.expose(),
            octets("e9d94660c39d65c38fbad91c358f14da0eef2bd6")
        );
        assert_eq!(
            keys.server.expose(),
            octets("0fe09258b3ac852ba502cc62ba903eaacdbf7d31")
        );
    }

    #[test]
    fn keys_are_of_one_password() {
        for hash in [Hash::Sha1, Hash::Sha256] {
            let keys = ScramKeys::derive(hash, 2, salt(), b"pencil");
            assert!(keys.are_of(hash, b"pencil"));
            assert!(!keys.are_of(hash, b"pencils"));
            assert!(!keys.are_of(hash, b""));
            let read = ScramKeys::new(
                hash,
                keys.iterations(),
                keys.salt(),
                keys.stored_key().expose(),
                keys.server_key().expose(),
            );
            assert_eq!(read, Some(keys));
        }
    }

    #[test]
    fn keys_that_are_no_hash_of_that_kind_are_not_taken() {
        let (short, long) = ([1; 20], [1; 32]);
        assert!(ScramKeys::new(Hash::Sha1, 1, b"salt", &short, &short).is_some());
        assert!(ScramKeys::new(Hash::Sha256, 1, b"salt", &long, &long).is_some());
        assert!(ScramKeys::new(Hash::Sha1, 0, b"salt", &short, &short).is_none());
        assert!(ScramKeys::new(Hash::Sha256, 1, b"salt", &short, &long).is_none());
        assert!(ScramKeys::new(Hash::Sha1, 1, b"salt", &short, &long).is_none());
    }

    #[test]
    fn a_user_there_is_not_has_the_same_salt_each_time_and_no_password() {
        let secret = random::<32>();
        let nobody = |name| ScramKeys::of_nobody(Hash::Sha256, 4096, &secret, name);
        assert_eq!(nobody("joe"), nobody("joe"));
        assert_ne!(nobody("joe").salt(), nobody("ann").salt());
        assert_eq!(nobody("joe").salt().len(), salt().len());
    }

    #[test]
    fn keys_do_not_print() {
        let keys = ScramKeys::derive(Hash::Sha1, 1, vec![171; 16], b"pencil");
        assert_eq!(format!("{keys:?}"), "ScramKeys { iterations: 1, .. }");
    }
}
