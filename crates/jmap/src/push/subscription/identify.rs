//! The key by which push services know us (RFC 8292), and clients know it (RFC 9749).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::signature::{Es256Key, SignatureError};
use env::Timestamp;
use serde_json::{Value, json};
use store::{StoreError, Tx, params};

use crate::Server;
use crate::error::Failure;

/// What the key is sealed for.
const PLACE: &[u8] = b"push key";

/// Seconds for which a token is good: at most a day (RFC 8292 section 2).
const TOKEN_SECONDS: i64 = 12 * 3600;

fn corrupt(error: SignatureError) -> Failure {
    StoreError::Corrupt { what: error.to_string() }.into()
}

fn read(tx: &mut Tx<'_>) -> Result<Option<Vec<u8>>, Failure> {
    let region = tx.context().keys.region();
    let sql = "SELECT secret FROM push_key WHERE id = 1";
    Ok(tx.row(sql, params![], |row| Ok(region.sealing().open("push key", PLACE, row.bytes(0)?)?))?)
}

impl Server {
    /// The key, which is made when it is first wanted.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn push_key(&self) -> Result<&Es256Key, Failure> {
        self.pushing.key.get_or_try_init(|| self.load_push_key()).await
    }

    async fn load_push_key(&self) -> Result<Es256Key, Failure> {
        if let Some(pkcs8) = self.store.read(read).await? {
            return Es256Key::from_pkcs8(&pkcs8).map_err(corrupt);
        }
        let (_, pkcs8) = Es256Key::generate().map_err(corrupt)?;
        let keep = move |tx: &mut Tx<'_>| {
            let context = std::sync::Arc::clone(tx.context());
            let sealed = context.keys.region().sealing().seal(&*context.entropy, PLACE, &pkcs8);
            let sql = "INSERT INTO push_key (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
            tx.execute(sql, params![&sealed])?;
            // Another node may have been first.
            read(tx)
        };
        let kept = self.store.write(keep).await?;
        let lost = || Failure::from(StoreError::Missing { what: "push key" });
        Es256Key::from_pkcs8(&kept.ok_or_else(lost)?).map_err(corrupt)
    }
}

/// The public key as clients give it to their push service.
pub(crate) fn public(key: &Es256Key) -> String {
    URL_SAFE_NO_PAD.encode(key.public())
}

/// The value of `Authorization` for the push service at `origin` (RFC 8292 section 3); `subject` is where we can be found.
pub(super) fn authorization(
    key: &Es256Key,
    origin: &str,
    subject: &str,
    now: Timestamp,
) -> Result<String, SignatureError> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "aud": origin, "exp": now.seconds() + TOKEN_SECONDS, "sub": subject });
    let signed = format!("{}.{}", part(&json!({ "typ": "JWT", "alg": "ES256" })), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
    Ok(format!("vapid t={signed}.{signature}, k={}", public(key)))
}
