//! The end of a sign-in that goes on: when what it stands on is taken away, on this node or another.

use std::time::Duration;

use store::{Notice, Store, Tx, params};
use tokio::sync::watch;

use super::{Method, Principal};
use crate::{IdentityError, oauth};

/// Wait before the store is asked again that failed to answer.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Failures of the store in a row after which the sign-in is taken as over.
const FAILURES_MAX: u32 = 10;

/// Tells when a sign-in is over. A notice only wakes; whether it is over is read from the tables.
pub struct SignInWatch {
    store: Store,
    principal: Principal,
    changes: watch::Receiver<u64>,
    /// Something may have changed that was not looked at yet; also at the beginning, for what ended meanwhile.
    is_due: bool,
}

impl SignInWatch {
    pub(super) fn new(store: Store, principal: Principal) -> Self {
        let changes = store.context().notices.watch_sign_ins(principal.account);
        Self { store, principal, changes, is_due: true }
    }

    /// Whether something may have changed: then [`Self::is_over`] is worth asking.
    #[must_use]
    pub fn may_be_over(&self) -> bool {
        self.is_due || self.changes.has_changed().unwrap_or(true)
    }

    /// Whether the sign-in is over, asked now.
    pub async fn is_over(&mut self) -> bool {
        for _ in 0..FAILURES_MAX {
            self.is_due = true;
            self.changes.mark_unchanged();
            let principal = self.principal.clone();
            match self.store.read(move |tx| stands(tx, &principal)).await {
                Ok(true) => {
                    self.is_due = false;
                    return false;
                }
                Ok(false) => return true,
                Err(error) => {
                    tracing::warn!(account = self.principal.account, %error, "cannot look whether a sign-in lasts")
                }
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
        true
    }

    /// Waits until the sign-in is over. May be dropped and called again.
    pub async fn ended(&mut self) {
        loop {
            if !self.is_due && self.changes.changed().await.is_err() {
                // The store's notices live as long as the store.
                return;
            }
            self.is_due = true;
            if self.is_over().await {
                return;
            }
        }
    }
}

/// Whether what the sign-in stands on is still there.
fn stands(tx: &mut Tx<'_>, principal: &Principal) -> Result<bool, IdentityError> {
    let account = principal.account;
    let epoch =
        tx.row("SELECT sign_in_epoch FROM account WHERE id = $1 AND state = 'active'", params![account], |row| {
            row.int(0)
        })?;
    if epoch != Some(principal.standing.epoch) {
        return Ok(false);
    }
    let credential = principal.standing.credential;
    let now = tx.now().millis();
    let found = match principal.method {
        Method::Password => {
            tx.row("SELECT 1 FROM credential WHERE account = $1 AND id = $2", params![account, credential], |row| {
                row.int(0)
            })?
        }
        Method::AppPassword(id) => tx.row(
            "SELECT 1 FROM app_password WHERE account = $1 AND id = $2 AND (expires = 0 OR expires > $3)",
            params![account, id, now],
            |row| row.int(0),
        )?,
        Method::Token(grant) => return oauth::grant_stands(tx, account, grant),
        // By the name in it alone, or by the word of another system: nothing of the account stands for it but that it is in use.
        Method::Certificate if credential == 0 => Some(1),
        Method::Directory | Method::Provider | Method::Connector => Some(1),
        Method::Certificate => {
            tx.row("SELECT 1 FROM factor WHERE account = $1 AND id = $2", params![account, credential], |row| {
                row.int(0)
            })?
        }
        Method::Session => tx.row(
            "SELECT 1 FROM session WHERE account = $1 AND id = $2 AND expires > $3",
            params![account, credential, now],
            |row| row.int(0),
        )?,
    };
    Ok(found.is_some())
}

/// Ends everything that anybody is signed in to the account with, on all nodes, within a second: web sessions, connections, OAuth
/// grants. App passwords and the password stay; see the account's state for a lock.
///
/// # Errors
/// [`IdentityError::NoAccount`], or the store's.
pub fn end_sign_ins(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    let changed = tx.execute("UPDATE account SET sign_in_epoch = sign_in_epoch + 1 WHERE id = $1", params![account])?;
    if changed == 0 {
        return Err(IdentityError::NoAccount(account.to_string()));
    }
    tx.execute("DELETE FROM session WHERE account = $1", params![account])?;
    oauth::revoke_all(tx, account)?;
    tx.notify(Notice::SignIns(account));
    Ok(())
}
