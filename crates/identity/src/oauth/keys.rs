//! Keys that identity tokens are signed with: ECDSA on P-256 (ES256, RFC 7518 section 3.4), and RSA (RS256, section 3.3) for clients that know
//! nothing else. Changed every quarter.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::signature::{Es256Key, Rs256Key, SignatureError};
use env::Timestamp;
use serde_json::{Value, json};
use store::{StoreError, Tx, params};

use crate::IdentityError;

/// A key signs for this long.
const SIGNS_FOR: Duration = Duration::from_secs(90 * 86_400);

/// The next key is made this long before it is needed.
const MADE_AHEAD: Duration = Duration::from_secs(3_600);

/// A key is told for this long after it signed last, for tokens under way and clients that remember.
const TOLD_FOR: Duration = Duration::from_secs(7 * 86_400);

env::words! {
    /// How identity tokens are signed.
    TokenAlgorithm "algorithm of identity tokens" allowed "ES256, RS256" {
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
    }
}

/// A key to check identity tokens with (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its `kid`.
    pub id: String,
    /// What it is for.
    pub algorithm: TokenAlgorithm,
    /// Of ES256 the point, uncompressed: 0x04, x, y. Of RS256 the modulus.
    pub public: Vec<u8>,
}

impl PublicKey {
    /// The key in the form of a JWK set.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(self.public.get(range).unwrap_or_default());
        match self.algorithm {
            TokenAlgorithm::Es256 => json!({
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id, "x": part(1..33), "y": part(33..65),
            }),
            TokenAlgorithm::Rs256 => json!({
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": part(0..self.public.len()), "e": "AQAB",
            }),
        }
    }
}

/// A key that signs.
pub struct SigningKey {
    id: String,
    private: Private,
}

enum Private {
    Es256(Es256Key),
    Rs256(Rs256Key),
}

impl Private {
    fn read(algorithm: TokenAlgorithm, pkcs8: &[u8]) -> Result<Self, SignatureError> {
        match algorithm {
            TokenAlgorithm::Es256 => Es256Key::from_pkcs8(pkcs8).map(Self::Es256),
            TokenAlgorithm::Rs256 => Rs256Key::from_pkcs8(pkcs8).map(Self::Rs256),
        }
    }
}

/// A token in the compact form of JWS (RFC 7515).
pub type SignedToken = String;

/// A key that was made and is not kept yet.
pub struct FreshKey {
    algorithm: TokenAlgorithm,
    pkcs8: Vec<u8>,
    public: Vec<u8>,
}

impl FreshKey {
    /// Makes one. An RSA key takes some hundreds of milliseconds of a processor: not for threads that serve others.
    ///
    /// # Errors
    /// [`IdentityError`] if the library fails.
    pub fn generate(algorithm: TokenAlgorithm) -> Result<Self, IdentityError> {
        let (pkcs8, public) = match algorithm {
            TokenAlgorithm::Es256 => {
                let (key, pkcs8) = Es256Key::generate().map_err(corrupt)?;
                (pkcs8, key.public().to_vec())
            }
            TokenAlgorithm::Rs256 => {
                let (key, pkcs8) = Rs256Key::generate().map_err(corrupt)?;
                (pkcs8, key.modulus())
            }
        };
        Ok(Self { algorithm, pkcs8, public })
    }
}

/// Algorithms for which a key is to be made, as there is none that signs for a while yet.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn missing_keys(tx: &mut Tx<'_>) -> Result<Vec<TokenAlgorithm>, IdentityError> {
    let until = tx.now().plus(MADE_AHEAD);
    let mut missing = Vec::new();
    for algorithm in TokenAlgorithm::ALL {
        if find(tx, *algorithm, until)?.is_none() {
            missing.push(*algorithm);
        }
    }
    Ok(missing)
}

/// Keeps a key, from which on it signs; unless another node has kept one meanwhile. Forgets those that are told no more.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn keep_key(tx: &mut Tx<'_>, fresh: &FreshKey) -> Result<(), IdentityError> {
    let now = tx.now();
    if find(tx, fresh.algorithm, now.plus(MADE_AHEAD))?.is_some() {
        return Ok(());
    }
    let context = std::sync::Arc::clone(tx.context());
    let id = format!("{:x}", tx.next_id());
    let sealed = context.keys.region().sealing().seal(&*context.entropy, &place(&id), &fresh.pkcs8);
    tx.execute(
        "INSERT INTO oauth_key (id, algorithm, secret, public, created, retires) VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            id.as_str(),
            fresh.algorithm.as_str(),
            &sealed,
            &fresh.public,
            now.millis(),
            now.plus(SIGNS_FOR).millis()
        ],
    )?;
    let told_until = now.millis() - i64::try_from(TOLD_FOR.as_millis()).unwrap_or(i64::MAX);
    tx.execute("DELETE FROM oauth_key WHERE retires < $1", params![told_until])?;
    Ok(())
}

/// The key that signs by `algorithm` now.
///
/// # Errors
/// [`IdentityError`] if there is none, see [`missing_keys`], or the store fails.
pub fn signing_key(tx: &mut Tx<'_>, algorithm: TokenAlgorithm) -> Result<SigningKey, IdentityError> {
    let now = tx.now();
    let Some((id, sealed)) = find(tx, algorithm, now)? else {
        return Err(IdentityError::Condition("no key for identity tokens has been made yet; try again"));
    };
    let context = std::sync::Arc::clone(tx.context());
    let pkcs8 = context.keys.region().sealing().open("signing key", &place(&id), &sealed).map_err(StoreError::from)?;
    Ok(SigningKey { private: Private::read(algorithm, &pkcs8).map_err(corrupt)?, id })
}

/// The newest key that still signs at `until`.
fn find(
    tx: &mut Tx<'_>,
    algorithm: TokenAlgorithm,
    until: Timestamp,
) -> Result<Option<(String, Vec<u8>)>, IdentityError> {
    Ok(tx.row(
        "SELECT id, secret FROM oauth_key WHERE algorithm = $1 AND retires > $2 ORDER BY created DESC, id DESC LIMIT 1",
        params![algorithm.as_str(), until.millis()],
        |row| Ok((row.text(0)?.to_owned(), row.bytes(1)?.to_vec())),
    )?)
}

/// The keys that identity tokens may be signed with.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn public_keys(tx: &mut Tx<'_>) -> Result<Vec<PublicKey>, IdentityError> {
    let rows = tx.rows("SELECT id, public, algorithm FROM oauth_key ORDER BY created DESC, id DESC", &[], |row| {
        Ok((row.text(0)?.to_owned(), row.bytes(1)?.to_vec(), row.text(2)?.to_owned()))
    })?;
    let key = |(id, public, word): (String, Vec<u8>, String)| Ok(PublicKey { id, public, algorithm: word.parse()? });
    rows.into_iter().map(key).collect()
}

/// Signs `claims` (RFC 7519).
///
/// # Errors
/// [`IdentityError`] if the library fails.
pub fn sign_identity_token(key: &SigningKey, claims: &Value) -> Result<SignedToken, IdentityError> {
    let algorithm = match &key.private {
        Private::Es256(_) => TokenAlgorithm::Es256,
        Private::Rs256(_) => TokenAlgorithm::Rs256,
    };
    let header = json!({ "alg": algorithm.as_str(), "typ": "JWT", "kid": key.id });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = match &key.private {
        Private::Es256(private) => private.sign(signed.as_bytes()),
        Private::Rs256(private) => private.sign(signed.as_bytes()),
    };
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.map_err(corrupt)?)))
}

fn corrupt(error: SignatureError) -> IdentityError {
    StoreError::Corrupt { what: format!("a key for identity tokens: {error}") }.into()
}

fn place(id: &str) -> Vec<u8> {
    [b"oauth_key.secret:", id.as_bytes()].concat()
}
