//! How the last message to each domain went, for senders who ask before they send. What is the same within a day is not written again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use store::{Store, StoreError, Tx, params};

/// Domains remembered; beyond it the oldest go.
const KEPT_MAX: i64 = 100_000;

/// Domains whose last entry is remembered in memory; beyond it all are forgotten, and written once more.
const REMEMBERED_MAX: usize = 10_000;

/// What is the same is written again after so long.
const WRITTEN_AGAIN_AFTER: Duration = Duration::from_secs(86_400);

const COLUMN: &str = "delivery_seen.detail";

/// How a message went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// The server that took it.
    pub(crate) host: String,
    /// Version of TLS; none in clear.
    pub(crate) tls: Option<String>,
    /// Whether its end was proven.
    pub(crate) is_verified: bool,
    /// Its zone asked for that (DANE).
    pub(crate) by_dane: bool,
}

/// Remembers how messages went.
#[derive(Default)]
pub(crate) struct Sightings(Mutex<HashMap<String, (Seen, Timestamp)>>);

impl Sightings {
    /// A message to `domain` went so.
    pub(crate) async fn note(&self, store: &Store, domain: &str, seen: Seen) {
        let now = store.context().clock.now();
        if !self.is_news(domain, &seen, now) {
            return;
        }
        let context = Arc::clone(store.context());
        let Ok(plain) = serde_json::to_vec(&seen) else { return };
        let name = hashed(&context, domain);
        let sealed = context.keys.region().sealing().seal(&*context.entropy, &place(&name), &plain);
        let work = move |tx: &mut Tx<'_>| {
            tx.execute(
                "INSERT INTO delivery_seen (domain, at, detail) VALUES ($1, $2, $3)
                 ON CONFLICT (domain) DO UPDATE SET at = excluded.at, detail = excluded.detail",
                params![&name[..], now.millis(), &sealed],
            )?;
            tx.execute(
                "DELETE FROM delivery_seen WHERE at <=
                     (SELECT at FROM delivery_seen ORDER BY at DESC LIMIT 1 OFFSET $1)",
                params![KEPT_MAX],
            )?;
            Ok::<_, StoreError>(())
        };
        // Nothing depends on it but what is told to senders.
        if let Err(error) = store.write(work).await {
            tracing::warn!(domain, %error, "how a message went cannot be noted");
            self.0.lock().remove(domain);
        }
    }

    fn is_news(&self, domain: &str, seen: &Seen, now: Timestamp) -> bool {
        let mut known = self.0.lock();
        let is_known =
            known.get(domain).is_some_and(|(before, at)| before == seen && now.since(*at) < WRITTEN_AGAIN_AFTER);
        if is_known {
            return false;
        }
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(domain.to_owned(), (seen.clone(), now));
        true
    }
}

/// How the last message to `domain` went, and when.
pub(crate) fn last(tx: &mut Tx<'_>, domain: &str) -> Result<Option<(Seen, Timestamp)>, StoreError> {
    let context = tx.context();
    let name = hashed(context, domain);
    let found = tx.row("SELECT at, detail FROM delivery_seen WHERE domain = $1", params![&name[..]], |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_vec()))
    })?;
    let Some((at, sealed)) = found else { return Ok(None) };
    let plain = context.keys.region().sealing().open(COLUMN, &place(&name), &sealed)?;
    let unreadable = |_| StoreError::Corrupt { what: "how a message went cannot be read".to_owned() };
    Ok(Some((serde_json::from_slice(&plain).map_err(unreadable)?, Timestamp::from_millis(at))))
}

fn hashed(context: &store::Context, domain: &str) -> [u8; 32] {
    context.keys.region().hashing().hash(&[b"delivery_seen ", domain.as_bytes()].concat())
}

fn place(name: &[u8; 32]) -> Vec<u8> {
    [COLUMN.as_bytes(), &name[..]].concat()
}
