//! Keys that identity tokens are signed with: ECDSA on P-256 (ES256, RFC 7518 section 3.4), changed every quarter.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::signature::{Es256Key, SignatureError};
use serde_json::{Value, json};
use store::{StoreError, Tx, params};

use crate::IdentityError;

/// A key signs for this long.
const SIGNS_FOR: Duration = Duration::from_secs(90 * 86_400);

/// A key is told for this long after it signed last, for tokens under way and clients that remember.
const TOLD_FOR: Duration = Duration::from_secs(7 * 86_400);

/// A key to check identity tokens with (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its `kid`.
    pub id: String,
    /// The point, uncompressed: 0x04, x, y.
    pub point: Vec<u8>,
}

impl PublicKey {
    /// The key in the form of a JWK set.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let half = |from: usize| URL_SAFE_NO_PAD.encode(self.point.get(from..from + 32).unwrap_or_default());
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id, "x": half(1), "y": half(33) })
    }
}

/// A key that signs.
pub struct SigningKey {
    id: String,
    key: Es256Key,
}

/// A token in the compact form of JWS (RFC 7515).
pub type SignedToken = String;

/// The key that signs now; a fresh one where there is none or the last one has signed long enough.
///
/// # Errors
/// [`IdentityError`] if the store or the library fails.
pub fn signing_key(tx: &mut Tx<'_>) -> Result<SigningKey, IdentityError> {
    let now = tx.now();
    let row = tx.row(
        "SELECT id, secret FROM oauth_key WHERE retires > $1 ORDER BY created DESC, id DESC LIMIT 1",
        params![now.millis()],
        |row| Ok((row.text(0)?.to_owned(), row.bytes(1)?.to_vec())),
    )?;
    let context = std::sync::Arc::clone(tx.context());
    let sealing = context.keys.region().sealing();
    if let Some((id, sealed)) = row {
        let pkcs8 = sealing.open("signing key", &place(&id), &sealed).map_err(StoreError::from)?;
        return Ok(SigningKey { key: Es256Key::from_pkcs8(&pkcs8).map_err(corrupt)?, id });
    }
    let (key, pkcs8) = Es256Key::generate().map_err(corrupt)?;
    let id = format!("{:x}", tx.next_id());
    let sealed = sealing.seal(&*context.entropy, &place(&id), &pkcs8);
    tx.execute(
        "INSERT INTO oauth_key (id, secret, public, created, retires) VALUES ($1, $2, $3, $4, $5)",
        params![id.as_str(), &sealed, key.public(), now.millis(), now.plus(SIGNS_FOR).millis()],
    )?;
    let told_until = now.millis() - i64::try_from(TOLD_FOR.as_millis()).unwrap_or(i64::MAX);
    tx.execute("DELETE FROM oauth_key WHERE retires < $1", params![told_until])?;
    Ok(SigningKey { id, key })
}

/// The keys that identity tokens may be signed with.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn public_keys(tx: &mut Tx<'_>) -> Result<Vec<PublicKey>, IdentityError> {
    Ok(tx.rows("SELECT id, public FROM oauth_key ORDER BY created DESC, id DESC", &[], |row| {
        Ok(PublicKey { id: row.text(0)?.to_owned(), point: row.bytes(1)?.to_vec() })
    })?)
}

/// Signs `claims` (RFC 7519).
///
/// # Errors
/// [`IdentityError`] if the library fails.
pub fn sign_identity_token(key: &SigningKey, claims: &Value) -> Result<SignedToken, IdentityError> {
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": key.id });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = key.key.sign(signed.as_bytes()).map_err(corrupt)?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn corrupt(error: SignatureError) -> IdentityError {
    StoreError::Corrupt { what: format!("a key for identity tokens: {error}") }.into()
}

fn place(id: &str) -> Vec<u8> {
    [b"oauth_key.secret:", id.as_bytes()].concat()
}
