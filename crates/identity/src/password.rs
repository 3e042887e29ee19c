//! Passwords: how they are hashed, checked and made.
//!
//! A password is kept twice: as Argon2id hash for mechanisms that show it to us, and as SCRAM-SHA-256 keys, sealed under the
//! account's key, for those that do not. Both are computed off the store's threads, a few at a time.

mod gate;
mod generate;
mod leaked;
pub mod policy;
mod refusal;
mod scram;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use env::{Entropy, Outlook, Secret};
use tokio::sync::Semaphore;
use wire::sasl::{ITERATIONS_DEFAULT, StoredKeys, prepare};

pub use gate::{Owner, PasswordGate};
pub use generate::generate_password;
pub use leaked::{LeakedLists, RangeSource};
pub use policy::{PasswordPolicy, PasswordSettings, password_policy};
pub use refusal::PasswordRefusal;
pub(crate) use scram::{open_scram, seal_scram};

use crate::Level;

/// Longest password that is looked at, in bytes: more would only cost time.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Rounds of PBKDF2 of SCRAM keys: one number for all levels, or strangers could tell users from non-users by it.
pub const SCRAM_ITERATIONS: u32 = ITERATIONS_DEFAULT;

/// Hashes computed at the same time; each takes a processor and up to 64 MiB.
const CONCURRENT_MAX: usize = 4;

/// Callers that wait for a hash; more are turned away for the moment.
const WAITING_MAX: usize = 256;

const SALT_BYTES: usize = 16;

/// Why a password cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Longer than is looked at.
    #[error("the password has more than {PASSWORD_BYTES_MAX} bytes; choose a shorter one")]
    TooLong,
    /// Characters that SASLprep does not allow.
    #[error("the password is empty or holds control or other characters that passwords must not have (RFC 4013)")]
    Unpreparable,
    /// Too many passwords are being checked.
    #[error("too many passwords are being checked at the moment")]
    Busy,
    /// The hash function refused.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

impl PasswordError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        if *self == Self::Busy { Outlook::Temporary } else { Outlook::Permanent }
    }
}

/// What hashing costs at a level, in the one place that says so. First parameter in KiB, then passes, then lanes
/// (RFC 9106 section 4; the first is OWASP's minimum).
fn cost_of(level: Level) -> (u32, u32, u32) {
    match level {
        Level::Basic => (19 * 1024, 2, 1),
        Level::Enhanced => (46 * 1024, 2, 1),
        Level::Trade => (64 * 1024, 3, 1),
    }
}

/// A password as the store keeps it.
#[derive(Clone)]
pub struct PreparedPassword {
    hash: String,
    scram: StoredKeys,
}

impl PreparedPassword {
    /// Hashes `password` at the cost of `level`. Takes some tens of milliseconds of a processor: not for threads that serve
    /// others ([`Hasher::prepare`] is).
    ///
    /// # Errors
    /// [`PasswordError`] if the password is too long or holds characters that passwords must not have.
    pub fn new(password: &Secret<String>, level: Level, entropy: &dyn Entropy) -> Result<Self, PasswordError> {
        Self::with_salt(password, level, entropy, &random_salt(entropy))
    }

    /// As [`Self::new`], with the salt that the SCRAM keys of the account's app passwords have ([`crate::scram_salt`]): SCRAM can
    /// try several passwords only under one salt.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_salt(
        password: &Secret<String>,
        level: Level,
        entropy: &dyn Entropy,
        scram_salt: &[u8],
    ) -> Result<Self, PasswordError> {
        let prepared = normal_form(password)?;
        let salt = random_salt(entropy);
        let hash = argon2(level)?
            .hash_password_with_salt(prepared.expose().as_bytes(), &salt)
            .map_err(|error| PasswordError::Hash(error.to_string()))?;
        let scram = StoredKeys::derive(prepared.expose(), scram_salt, SCRAM_ITERATIONS)
            .map_err(|error| PasswordError::Hash(error.to_string()))?;
        Ok(Self { hash: hash.to_string(), scram })
    }

    /// Argon2id hash as PHC string.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Keys for SCRAM-SHA-256.
    #[must_use]
    pub fn scram(&self) -> &StoredKeys {
        &self.scram
    }
}

impl std::fmt::Debug for PreparedPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PreparedPassword([secret])")
    }
}

/// Hashes passwords on blocking threads, a few at a time.
#[derive(Clone)]
pub struct Hasher {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    entropy: Arc<dyn Entropy>,
}

impl Hasher {
    /// A hasher that takes its salts from `entropy`.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let places = Arc::new(Semaphore::new(processors.min(CONCURRENT_MAX)));
        Self { places, waiting: Arc::default(), entropy }
    }

    /// As [`PreparedPassword::new`], for threads that serve others.
    ///
    /// # Errors
    /// As [`PreparedPassword::new`], and [`PasswordError::Busy`].
    pub async fn prepare(&self, password: &Secret<String>, level: Level) -> Result<PreparedPassword, PasswordError> {
        let (password, entropy) = (password.clone(), Arc::clone(&self.entropy));
        self.run(move || PreparedPassword::new(&password, level, &*entropy)).await
    }

    /// As [`PreparedPassword::with_salt`], for threads that serve others.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub async fn prepare_with_salt(
        &self,
        password: &Secret<String>,
        level: Level,
        scram_salt: Vec<u8>,
    ) -> Result<PreparedPassword, PasswordError> {
        let (password, entropy) = (password.clone(), Arc::clone(&self.entropy));
        self.run(move || PreparedPassword::with_salt(&password, level, &*entropy, &scram_salt)).await
    }

    /// Whether `password` fits the PHC string `hash`.
    pub(crate) async fn verify(&self, password: &Secret<String>, hash: String) -> Result<bool, PasswordError> {
        let password = password.clone();
        self.run(move || {
            let hash = PasswordHash::new(&hash).map_err(|error| PasswordError::Hash(error.to_string()))?;
            let Ok(prepared) = normal_form(&password) else { return Ok(false) };
            Ok(Argon2::default().verify_password(prepared.expose().as_bytes(), &hash).is_ok())
        })
        .await
    }

    /// Takes as long as checking a password of that level, for a user that does not exist.
    pub(crate) async fn pretend(&self, level: Level) -> Result<(), PasswordError> {
        self.run(move || {
            let hashed = argon2(level)?.hash_password_with_salt(b"nobody's password", &[0; SALT_BYTES]);
            hashed.map(drop).map_err(|error| PasswordError::Hash(error.to_string()))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _waiting = Waiting::enter(&self.waiting)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let working = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        working.await.map_err(|_| PasswordError::Hash("hashing panicked".to_owned()))?
    }
}

/// One who waits for a hash, counted for as long as this lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Result<Self, PasswordError> {
        let entered = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX { Err(PasswordError::Busy) } else { Ok(entered) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a hash was made at another cost than `level` asks for.
pub(crate) fn is_outdated(hash: &str, level: Level) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else { return true };
    let Ok(params) = Params::try_from(&parsed) else { return true };
    parsed.algorithm.as_str() != "argon2id" || (params.m_cost(), params.t_cost(), params.p_cost()) != cost_of(level)
}

/// The form in which a password is hashed, so that every keyboard's spelling of it is the same (RFC 4013).
fn normal_form(password: &Secret<String>) -> Result<Secret<String>, PasswordError> {
    if password.expose().len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    let prepared = prepare(password.expose()).map_err(|_| PasswordError::Unpreparable)?;
    Ok(Secret::new(prepared.into_owned()))
}

fn argon2(level: Level) -> Result<Argon2<'static>, PasswordError> {
    let (memory_kib, passes, lanes) = cost_of(level);
    let params =
        Params::new(memory_kib, passes, lanes, None).map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

pub(crate) fn random_salt(entropy: &dyn Entropy) -> [u8; SALT_BYTES] {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt);
    salt
}

#[cfg(test)]
mod tests;
