//! Relays that are known to forward honest mail, learned from what survives them.
//!
//! A forwarder breaks SPF and often keeps DKIM. Where many messages of several domains came through a relay with their signature
//! whole and SPF for another domain, the relay forwards; then a message that it broke altogether is more likely honest than forged.
//! Knowing that only turns a refusal into Junk: whoever signs for three domains of his own can have a relay learned.

use std::collections::HashMap;
use std::time::Duration;

use crypto::keys::{Key, Organisation};
use parking_lot::Mutex;
use store::{Store, Tx, params};

use crate::IdentityError;

/// Messages that must have come whole through a relay.
const MESSAGES_MIN: i64 = 10;

/// Domains of authors that these messages must be of.
const AUTHORS_MIN: i64 = 3;

/// Domains of authors that are kept of one relay.
const AUTHORS_MAX: i64 = 16;

/// Pairs of relay and author's domain that are kept of one organisation.
const KEPT_MAX: i64 = 50_000;

/// Pairs that wait to be written; what comes beyond is not learned from.
const WAITING_MAX: usize = 10_000;

/// How long a pair is kept after its last message.
const KEPT_FOR: Duration = Duration::from_secs(90 * 86_400);

/// Learns relays, and knows those that were learned.
pub struct Forwarders {
    store: Store,
    waiting: Mutex<HashMap<Seen, i64>>,
}

/// A message that survived a relay.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Seen {
    organisation: i64,
    relay: String,
    author: String,
}

impl Forwarders {
    /// Forwarders that `store` knows.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, waiting: Mutex::default() }
    }

    /// Notes that a message of the domain `author` came whole through `relay`, an authenticated name. Written by [`Self::flush`];
    /// a crash before forgets it.
    pub fn note(&self, organisation: i64, relay: &str, author: &str) {
        let seen = Seen { organisation, relay: relay.to_ascii_lowercase(), author: author.to_ascii_lowercase() };
        let mut waiting = self.waiting.lock();
        if waiting.len() < WAITING_MAX || waiting.contains_key(&seen) {
            *waiting.entry(seen).or_default() += 1;
        }
    }

    /// Writes what was noted, and removes what is too old; gives how many pairs were written. What cannot be written is not learned
    /// from.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    pub async fn flush(&self) -> Result<usize, IdentityError> {
        let mut noted: Vec<(Seen, i64)> = std::mem::take(&mut *self.waiting.lock()).into_iter().collect();
        if noted.is_empty() {
            return Ok(0);
        }
        // In one order, so that two nodes never wait for each other.
        noted.sort_unstable();
        let count = noted.len();
        self.store.write(move |tx| write(tx, &noted)).await?;
        Ok(count)
    }

    /// Whether `relay`, an authenticated name, is known to forward to this organisation.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    pub async fn is_known(&self, organisation: i64, relay: &str) -> Result<bool, IdentityError> {
        let relay = relay.to_ascii_lowercase();
        self.store
            .read(move |tx| {
                let key = tx.context().keys.organisation(tx, organisation)?;
                let found = tx.row(
                    "SELECT COUNT(*), CAST(COALESCE(SUM(messages), 0) AS BIGINT) FROM forwarded
                     WHERE organisation = $1 AND relay = $2 AND expires > $3",
                    params![organisation, &relay_hash(&key, &relay), tx.now().millis()],
                    |row| Ok((row.int(0)?, row.int(1)?)),
                )?;
                Ok(found.is_some_and(|(authors, messages)| authors >= AUTHORS_MIN && messages >= MESSAGES_MIN))
            })
            .await
    }
}

fn write(tx: &mut Tx<'_>, noted: &[(Seen, i64)]) -> Result<(), IdentityError> {
    let now = tx.now();
    tx.execute("DELETE FROM forwarded WHERE expires <= $1", params![now.millis()])?;
    for (seen, messages) in noted {
        let organisation = seen.organisation;
        let key = tx.context().keys.organisation(tx, organisation)?;
        let (relay, author) = (relay_hash(&key, &seen.relay), author_hash(&key, &seen.author));
        let expires = now.plus(KEPT_FOR).millis();
        let known = tx.execute(
            "UPDATE forwarded SET messages = messages + $4, expires = $5
             WHERE organisation = $1 AND relay = $2 AND author = $3",
            params![organisation, &relay, &author, *messages, expires],
        )?;
        if known > 0 || !has_room(tx, organisation, &relay)? {
            continue;
        }
        tx.execute(
            "INSERT INTO forwarded (organisation, relay, author, messages, expires) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (organisation, relay, author) DO UPDATE SET messages = forwarded.messages + $4, expires = $5",
            params![organisation, &relay, &author, *messages, expires],
        )?;
    }
    Ok(())
}

/// Whether one more pair may be kept.
fn has_room(tx: &mut Tx<'_>, organisation: i64, relay: &[u8; 32]) -> Result<bool, IdentityError> {
    let of_relay = tx.row(
        "SELECT author FROM forwarded WHERE organisation = $1 AND relay = $2 LIMIT 1 OFFSET $3",
        params![organisation, relay, AUTHORS_MAX - 1],
        |_| Ok(()),
    )?;
    let of_organisation = tx.row(
        "SELECT author FROM forwarded WHERE organisation = $1 LIMIT 1 OFFSET $2",
        params![organisation, KEPT_MAX - 1],
        |_| Ok(()),
    )?;
    Ok(of_relay.is_none() && of_organisation.is_none())
}

fn relay_hash(key: &Key<Organisation>, relay: &str) -> [u8; 32] {
    key.hashing().hash(format!("forwarder {relay}").as_bytes())
}

fn author_hash(key: &Key<Organisation>, author: &str) -> [u8; 32] {
    key.hashing().hash(format!("forwarded author {author}").as_bytes())
}
