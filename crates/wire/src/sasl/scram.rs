//! SCRAM-SHA-256 (RFC 5802, RFC 7677): keys, proofs and messages, shared by both sides.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::prepare;

/// Rounds of PBKDF2 for new keys. RFC 7677 section 4 asks for at least 4,096; more costs the client, not us.
pub const ITERATIONS_DEFAULT: u32 = 15_000;
/// Fewest rounds that either side accepts (RFC 7677 section 4).
pub const ITERATIONS_MIN: u32 = 4096;
/// Most rounds that a server may make our client spend.
pub const ITERATIONS_MAX: u32 = 1_000_000;

const KEY_BYTES: usize = 32;

/// What a server keeps of a password for SCRAM-SHA-256 (RFC 5802 section 3). Who has them cannot sign in with them, but
/// can guess the password offline and can pose as the server: keep them sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKeys {
    /// Random, of this user alone.
    pub salt: Vec<u8>,
    /// Rounds of PBKDF2.
    pub iterations: u32,
    /// `H(ClientKey)`: checks the client's proof.
    pub stored_key: [u8; KEY_BYTES],
    /// `HMAC(SaltedPassword, "Server Key")`: signs for the client.
    pub server_key: [u8; KEY_BYTES],
}

impl std::fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKeys").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

/// Why no keys can be derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoredKeysError {
    /// SASLprep (RFC 4013) prohibits a character of the password, or it is empty.
    #[error("the password is empty or holds characters that SASLprep prohibits")]
    Password,
    /// Iterations outside [`ITERATIONS_MIN`] to [`ITERATIONS_MAX`].
    #[error("iterations outside {ITERATIONS_MIN} to {ITERATIONS_MAX}")]
    Iterations,
}

impl StoredKeys {
    /// Derives the keys of `password` with a fresh random `salt` (16 octets are usual).
    ///
    /// # Errors
    /// If the password cannot be prepared or `iterations` is out of bounds.
    pub fn derive(password: &str, salt: &[u8], iterations: u32) -> Result<Self, StoredKeysError> {
        let prepared = prepare(password).map_err(|_| StoredKeysError::Password)?;
        let salted = salt_password(&prepared, salt, iterations).ok_or(StoredKeysError::Iterations)?;
        Ok(Self {
            salt: salt.to_vec(),
            iterations,
            stored_key: hash(&client_key(&salted)),
            server_key: mac(&salted, b"Server Key"),
        })
    }

    /// Keys that fit no password, but look from outside like those of a real user: the same for a name each time, and
    /// not to be told apart without `secret`.
    pub(crate) fn pretended(user: &str, secret: &[u8; 32], iterations: u32) -> Self {
        let key = mac(secret, user.as_bytes());
        let salt = mac(&key, b"salt").iter().take(16).copied().collect();
        Self { salt, iterations, stored_key: mac(&key, b"stored"), server_key: mac(&key, b"server") }
    }

    /// Whether `proof` shows knowledge of the password (RFC 5802 section 3); compares in constant time.
    pub(crate) fn proves(&self, auth_message: &[u8], proof: &[u8]) -> bool {
        let signature = mac(&self.stored_key, auth_message);
        if proof.len() != signature.len() {
            return false;
        }
        let key: Vec<u8> = signature.iter().zip(proof).map(|(a, b)| a ^ b).collect();
        hash(&key).ct_eq(&self.stored_key).into()
    }

    /// The server's signature, base64, as it stands after `v=`.
    pub(crate) fn server_signature(&self, auth_message: &[u8]) -> String {
        STANDARD.encode(mac(&self.server_key, auth_message))
    }
}

/// `Hi(password, salt, iterations)`; none if the number of iterations is out of bounds.
pub(crate) fn salt_password(prepared: &str, salt: &[u8], iterations: u32) -> Option<[u8; KEY_BYTES]> {
    if !(ITERATIONS_MIN..=ITERATIONS_MAX).contains(&iterations) {
        return None;
    }
    let mut salted = [0; KEY_BYTES];
    let rounds = NonZeroU32::new(iterations)?;
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, prepared.as_bytes(), &mut salted);
    Some(salted)
}

pub(crate) fn client_key(salted: &[u8; KEY_BYTES]) -> [u8; KEY_BYTES] {
    mac(salted, b"Client Key")
}

/// The client's proof, base64, as it stands after `p=`.
pub(crate) fn client_proof(salted: &[u8; KEY_BYTES], auth_message: &[u8]) -> String {
    let key = client_key(salted);
    let signature = mac(&hash(&key), auth_message);
    let proof: Vec<u8> = key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
    STANDARD.encode(proof)
}

/// Whether `signature` (decoded from `v=`) is the server's for this exchange; compares in constant time.
pub(crate) fn server_proves(salted: &[u8; KEY_BYTES], auth_message: &[u8], signature: &[u8]) -> bool {
    mac(&mac(salted, b"Server Key"), auth_message).ct_eq(signature).into()
}

/// A nonce of 24 printable characters out of 18 random octets.
pub(crate) fn nonce(entropy: &dyn env::Entropy) -> String {
    let mut bytes = [0; 18];
    entropy.fill(&mut bytes);
    STANDARD.encode(bytes)
}

/// The value of attribute `name` at the head of `text`, and what follows its comma (RFC 5802 section 5.1).
pub(crate) fn attribute(text: &str, name: char) -> Option<(&str, &str)> {
    let value = text.strip_prefix(name)?.strip_prefix('=')?;
    Some(value.split_once(',').unwrap_or((value, "")))
}

/// Whether `text` may be a nonce: printable ASCII without comma (RFC 5802 section 7).
pub(crate) fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// Decodes `saslname` (RFC 5802 section 5.1): only `=2C` and `=3D` may follow an equals sign.
pub(crate) fn decode_name(text: &str) -> Option<String> {
    if text.contains(['\0', ',']) {
        return None;
    }
    let mut parts = text.split('=');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let (decoded, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (None, Some(rest)) => ('=', rest),
            (None, None) => return None,
        };
        name.push(decoded);
        name.push_str(rest);
    }
    Some(name)
}

pub(crate) fn encode_name(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

fn mac(key: &[u8], data: &[u8]) -> [u8; KEY_BYTES] {
    to_array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref())
}

fn hash(data: &[u8]) -> [u8; KEY_BYTES] {
    to_array(digest::digest(&digest::SHA256, data).as_ref())
}

fn to_array(bytes: &[u8]) -> [u8; KEY_BYTES] {
    let mut array = [0; KEY_BYTES];
    for (to, from) in array.iter_mut().zip(bytes) {
        *to = *from;
    }
    array
}
