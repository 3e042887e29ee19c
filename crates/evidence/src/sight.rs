//! What was seen outside the store, and when: a look at DNS or at the machine takes seconds, so its findings are kept.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use store::{Row, StoreError, Tx, params};

/// Sights that are kept and listed.
const LISTED_MAX: i64 = 10_000;

env::words! {
    /// How something that was looked at is.
    SightState "state of a sight" allowed "sound, wrong, unknown" {
        /// As it must be.
        Sound = "sound",
        /// Otherwise.
        Wrong = "wrong",
        /// It cannot be told.
        Unknown = "unknown",
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// What kind of thing: "SPF", "clock".
    pub kind: String,
    /// Which one: a name in DNS, a file, an address.
    pub object: String,
    /// How it is.
    #[serde(with = "word")]
    pub state: SightState,
    /// What was found, where that says more.
    pub found: String,
    /// When, in milliseconds since 1970; 0 while it is not kept.
    #[serde(default)]
    pub at: i64,
}

impl Sight {
    /// Seen just now.
    pub fn new(kind: &str, object: impl Into<String>, state: SightState, found: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), object: object.into(), state, found: found.into(), at: 0 }
    }
}

/// Keeps what was seen now in place of whatever was seen of these kinds before.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn keep(tx: &mut Tx<'_>, sights: &[Sight]) -> Result<(), StoreError> {
    let kinds: BTreeSet<&str> = sights.iter().map(|sight| sight.kind.as_str()).collect();
    for kind in kinds {
        tx.execute("DELETE FROM evidence_sight WHERE kind = $1", params![kind])?;
    }
    let now = tx.now().millis();
    for sight in sights.iter().take(usize::try_from(LISTED_MAX).unwrap_or(usize::MAX)) {
        tx.execute(
            "INSERT INTO evidence_sight (kind, object, state, found, at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (kind, object) DO UPDATE SET state = $3, found = $4, at = $5",
            params![&sight.kind, &sight.object, sight.state.as_str(), &sight.found, now],
        )?;
    }
    Ok(())
}

/// What was seen, by kind and object.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Sight>, StoreError> {
    let sql = "SELECT kind, object, state, found, at FROM evidence_sight ORDER BY kind, object LIMIT $1";
    tx.rows(sql, params![LISTED_MAX], read)
}

/// What was seen of one kind.
pub(crate) fn of_kind(tx: &mut Tx<'_>, kind: &str) -> Result<Vec<Sight>, StoreError> {
    let sql = "SELECT kind, object, state, found, at FROM evidence_sight WHERE kind = $1 ORDER BY object LIMIT $2";
    tx.rows(sql, params![kind, LISTED_MAX], read)
}

fn read(row: &Row<'_>) -> Result<Sight, StoreError> {
    Ok(Sight {
        kind: row.text(0)?.to_owned(),
        object: row.text(1)?.to_owned(),
        state: row.text(2)?.parse().unwrap_or(SightState::Unknown),
        found: row.text(3)?.to_owned(),
        at: row.int(4)?,
    })
}

/// The state as its word.
mod word {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::SightState;

    pub(super) fn serialize<S: Serializer>(state: &SightState, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(state.as_str())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<SightState, D::Error> {
        let word = String::deserialize(from)?;
        word.parse().map_err(serde::de::Error::custom)
    }
}
