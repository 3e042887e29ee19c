//! Waits for changes of the accounts that somebody can see.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_all;
use serde_json::Value;
use tokio::sync::watch;

use super::{States, Wanted, accounts, state_change, state_word, states};
use crate::error::Failure;
use crate::{Asker, Server};

/// Changes that follow one another this soon are told at once.
const GATHERED_FOR: Duration = Duration::from_millis(100);

/// What somebody was told of, and notices of changes since.
pub(super) struct Watching {
    server: Arc<Server>,
    asker: Arc<Asker>,
    accounts: Vec<i64>,
    changes: Vec<watch::Receiver<u64>>,
    known: States,
    wanted: Wanted,
}

impl Watching {
    /// Watches from now on.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn new(server: &Arc<Server>, asker: &Arc<Asker>, wanted: Wanted) -> Result<Self, Failure> {
        let actor = asker.account();
        let accounts = server.store.read(move |tx| accounts(tx, actor)).await?;
        // Watched before the states are read, so that nothing between is missed.
        let changes = watch_all(server, &accounts);
        let known = read_states(server, asker, &accounts).await?;
        Ok(Self { server: Arc::clone(server), asker: Arc::clone(asker), accounts, changes, known, wanted })
    }

    /// A word that is another when any state is.
    pub(super) fn word(&self) -> String {
        state_word(&self.known)
    }

    /// All states that are wanted, as a change.
    pub(super) fn everything(&self) -> Option<Value> {
        state_change(&States::new(), &self.known, &self.wanted)
    }

    /// Until something may have changed. May be given up and called again.
    pub(super) async fn noticed(&mut self) {
        let waiting = self.changes.iter_mut().map(|it| Box::pin(it.changed()));
        let _ = select_all(waiting).await;
    }

    /// What has changed of what is wanted, if anything has.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn change(&mut self) -> Result<Option<Value>, Failure> {
        self.settle().await?;
        let now = read_states(&self.server, &self.asker, &self.accounts).await?;
        let change = state_change(&self.known, &now, &self.wanted);
        self.known = now;
        Ok(change)
    }

    /// Waits for changes that follow at once, and watches what may be seen now.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn settle(&mut self) -> Result<(), Failure> {
        tokio::time::sleep(GATHERED_FOR).await;
        for changes in &mut self.changes {
            changes.mark_unchanged();
        }
        let actor = self.asker.account();
        let accounts = self.server.store.read(move |tx| accounts(tx, actor)).await?;
        if accounts != self.accounts {
            self.changes = watch_all(&self.server, &accounts);
            self.accounts = accounts;
        }
        Ok(())
    }
}

fn watch_all(server: &Server, accounts: &[i64]) -> Vec<watch::Receiver<u64>> {
    let notices = &server.store.context().notices;
    accounts.iter().map(|account| notices.watch_account(*account)).collect()
}

async fn read_states(server: &Arc<Server>, asker: &Arc<Asker>, wanted: &[i64]) -> Result<States, Failure> {
    let (asker, wanted) = (Arc::clone(asker), wanted.to_vec());
    server.store.read(move |tx| states(tx, &asker, &wanted)).await
}
