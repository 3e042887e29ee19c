//! Attempts with the same credentials, one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

/// Entries from which those that nobody waits for any more are cleared away.
const ENTRIES_MAX: usize = 1_024;

/// Mail programs open several connections at once. An attempt counts as failed until it is decided, so without turns the right
/// password, shown by all of them together, would be taken for guessing. Guesses differ, so they wait for nobody.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<[u8; 32], Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// Waits until no other attempt with the credentials of this keyed hash is looked at; what is given holds the others up.
    pub(super) async fn take(&self, credentials: [u8; 32]) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock();
            if turns.len() >= ENTRIES_MAX {
                turns.retain(|_, turn| turn.strong_count() > 0);
            }
            turns.get(&credentials).and_then(Weak::upgrade).unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(credentials, Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}
