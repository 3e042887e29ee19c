//! Policies in the store.

use std::sync::Arc;

use env::Timestamp;
use mailauth::mta_sts::Policy;
use serde::{Deserialize, Serialize};
use store::{Store, StoreError, Tx, params};

/// Policies kept; beyond it those that expire soonest go.
const KEPT_MAX: i64 = 100_000;

/// What is sealed, and where.
const COLUMN: &str = "mta_sts_policy.policy";

/// A policy with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// The identifier under which it was announced.
    pub(super) id: String,
    /// When it was fetched.
    pub(super) fetched: Timestamp,
    /// The policy.
    pub(super) policy: Arc<Policy>,
}

impl Kept {
    /// When it is no longer to be used.
    pub(super) fn expires(&self) -> Timestamp {
        self.fetched.plus(self.policy.max_age)
    }
}

/// The form in which it rests.
#[derive(Serialize, Deserialize)]
struct Resting {
    id: String,
    fetched: i64,
    text: String,
}

/// The policy of `domain`, expired or not.
pub(super) async fn load(store: &Store, domain: &str) -> Result<Option<Kept>, StoreError> {
    let domain = domain.to_owned();
    store.read(move |tx| read(tx, &domain)).await
}

/// Keeps the policy of `domain` in place of the one before.
pub(super) async fn save(store: &Store, domain: &str, kept: &Kept) -> Result<(), StoreError> {
    let context = Arc::clone(store.context());
    let resting = Resting { id: kept.id.clone(), fetched: kept.fetched.millis(), text: kept.policy.text() };
    let plain = serde_json::to_vec(&resting).map_err(|_| unreadable())?;
    let name = hashed(&context, domain);
    let sealed = context.keys.region().sealing().seal(&*context.entropy, &place(&name), &plain);
    let (expires, now) = (kept.expires().millis(), context.clock.now().millis());
    store
        .write(move |tx| {
            tx.execute("DELETE FROM mta_sts_policy WHERE expires <= $1", params![now])?;
            tx.execute(
                "INSERT INTO mta_sts_policy (domain, expires, policy) VALUES ($1, $2, $3)
                 ON CONFLICT (domain) DO UPDATE SET expires = excluded.expires, policy = excluded.policy",
                params![&name[..], expires, &sealed],
            )?;
            tx.execute(
                "DELETE FROM mta_sts_policy WHERE expires <=
                     (SELECT expires FROM mta_sts_policy ORDER BY expires DESC LIMIT 1 OFFSET $1)",
                params![KEPT_MAX],
            )?;
            Ok::<_, StoreError>(())
        })
        .await
}

/// The same within a transaction.
pub(super) fn read(tx: &mut Tx<'_>, domain: &str) -> Result<Option<Kept>, StoreError> {
    let context = tx.context();
    let name = hashed(context, domain);
    let sealed = tx.row("SELECT policy FROM mta_sts_policy WHERE domain = $1", params![&name[..]], |row| {
        Ok(row.bytes(0)?.to_vec())
    })?;
    let Some(sealed) = sealed else { return Ok(None) };
    let plain = context.keys.region().sealing().open(COLUMN, &place(&name), &sealed)?;
    let resting: Resting = serde_json::from_slice(&plain).map_err(|_| unreadable())?;
    let policy = Policy::parse(&resting.text).map_err(|_| unreadable())?;
    Ok(Some(Kept { id: resting.id, fetched: Timestamp::from_millis(resting.fetched), policy: Arc::new(policy) }))
}

fn hashed(context: &store::Context, domain: &str) -> [u8; 32] {
    context.keys.region().hashing().hash(&[b"mta_sts_policy ", domain.as_bytes()].concat())
}

fn place(name: &[u8; 32]) -> Vec<u8> {
    [COLUMN.as_bytes(), &name[..]].concat()
}

fn unreadable() -> StoreError {
    StoreError::Corrupt { what: "a kept policy (MTA-STS) cannot be read".to_owned() }
}
