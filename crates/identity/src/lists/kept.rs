//! Lists that are remembered: no message may cost a query for each.

use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use parking_lot::Mutex;
use store::Store;

use super::Rules;
use crate::IdentityError;
use crate::recent::Recent;

/// How long lists are taken for unchanged. Nodes share nothing but the database: this is how late a change may be noticed.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// Organisations whose lists are remembered at least.
const REMEMBERED: usize = 1_024;

/// The lists of every organisation.
pub struct Lists {
    store: Store,
    kept: Mutex<Recent<i64, Kept>>,
    only: Mutex<Option<(Option<i64>, Timestamp)>>,
}

#[derive(Clone)]
struct Kept {
    rules: Arc<Rules>,
    version: i64,
    until: Timestamp,
}

impl Lists {
    /// Lists in `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, kept: Mutex::new(Recent::new(REMEMBERED)), only: Mutex::new(None) }
    }

    /// The lists of an organisation. What was asked a moment ago is answered without the database.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    pub async fn of(&self, organisation: i64) -> Result<Arc<Rules>, IdentityError> {
        let now = self.store.context().clock.now();
        let known = self.kept.lock().get(&organisation).cloned();
        if let Some(known) = &known
            && is_fresh(known.until, now)
        {
            return Ok(Arc::clone(&known.rules));
        }
        let known_version = known.as_ref().map(|known| known.version);
        let changed = self
            .store
            .read(move |tx| {
                let version = super::version(tx, organisation)?;
                if known_version == Some(version) {
                    return Ok(None);
                }
                let entries = if version == 0 { Vec::new() } else { super::list(tx, organisation)? };
                Ok::<_, IdentityError>(Some((version, entries)))
            })
            .await?;
        let until = now.plus(FRESH_FOR);
        let kept = match (changed, known) {
            (None, Some(known)) => Kept { until, ..known },
            (None, None) => Kept { rules: Arc::default(), version: 0, until },
            (Some((version, entries)), _) => Kept { rules: Arc::new(Rules::new(entries)), version, until },
        };
        let rules = Arc::clone(&kept.rules);
        self.kept.lock().insert(organisation, kept);
        Ok(rules)
    }

    /// The lists that hold for every recipient here: those of the only organisation. With several, nobody's.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    pub async fn of_all(&self) -> Result<Arc<Rules>, IdentityError> {
        let now = self.store.context().clock.now();
        let known = self.only.lock().filter(|(_, until)| is_fresh(*until, now));
        let only = match known {
            Some((only, _)) => only,
            None => {
                let found = self.store.read(crate::organisation::only_organisation).await?;
                *self.only.lock() = Some((found, now.plus(FRESH_FOR)));
                found
            }
        };
        match only {
            Some(organisation) => self.of(organisation).await,
            None => Ok(Arc::default()),
        }
    }

    /// Forgets everything: after a change on this node, so that it is seen at once.
    pub(crate) fn forget(&self) {
        self.kept.lock().clear();
        *self.only.lock() = None;
    }
}

/// A clock that was set back must not prolong an answer.
fn is_fresh(until: Timestamp, now: Timestamp) -> bool {
    until > now && until <= now.plus(FRESH_FOR)
}
