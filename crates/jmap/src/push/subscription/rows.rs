//! Subscriptions as they are kept.

use env::Timestamp;
use identity::{Method, Principal, Scope, Standing, load_account};
use serde::{Deserialize, Serialize};
use store::{Notice, Row, StoreError, Tx, params};

use crate::error::Failure;
use crate::push::{States, Wanted};

/// A subscription.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) id: i64,
    pub(super) expires: Timestamp,
    pub(super) detail: Detail,
}

/// What of it rests sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Detail {
    pub(super) device: String,
    pub(super) url: String,
    pub(super) keys: Option<Keys>,
    /// None: all types.
    pub(super) types: Option<Vec<String>>,
    /// What the client must have heard of through the push service.
    pub(super) code: String,
    /// The code was sent.
    pub(super) is_asked: bool,
    /// The client has given it back.
    pub(super) is_verified: bool,
    /// The states that the client was told last.
    pub(super) told: States,
    pub(super) sign_in: SignedIn,
}

/// Keys of the client (RFC 8291 section 2), in URL-safe base64.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Keys {
    pub(super) p256dh: String,
    pub(super) auth: String,
}

/// The sign-in that a subscription was made with: it ends with that (RFC 8620 section 7.2).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SignedIn {
    method: String,
    number: i64,
    credential: i64,
    epoch: i64,
}

impl SignedIn {
    pub(super) fn of(principal: &Principal) -> Self {
        let number = match principal.method {
            Method::AppPassword(number) | Method::Token(number) => number,
            _ => 0,
        };
        let Standing { credential, epoch } = principal.standing;
        Self { method: principal.method.as_str().to_owned(), number, credential, epoch }
    }

    /// Who has signed in.
    pub(super) fn principal(&self, tx: &mut Tx<'_>, account: i64) -> Result<Principal, Failure> {
        let methods = [
            Method::Password,
            Method::AppPassword(self.number),
            Method::Token(self.number),
            Method::Certificate,
            Method::Directory,
            Method::Provider,
            Method::Session,
        ];
        let method = methods.into_iter().find(|method| method.as_str() == self.method);
        let corrupt = || StoreError::Corrupt { what: format!("a push subscription stands on {:?}", self.method) };
        let found = load_account(tx, account)?;
        Ok(Principal {
            account,
            organisation: found.organisation,
            address: found.addresses.first().cloned().unwrap_or_default(),
            role: found.role,
            language: found.language,
            method: method.ok_or_else(corrupt)?,
            session: None,
            strong_at: None,
            scope: Scope::NONE,
            standing: Standing { credential: self.credential, epoch: self.epoch },
        })
    }
}

impl Detail {
    pub(super) fn wanted(&self) -> Wanted {
        self.types.clone().map_or(Wanted::All, Wanted::Some)
    }
}

/// What the detail of a subscription is sealed for.
fn sealed_for(id: i64) -> Vec<u8> {
    [&b"push subscription "[..], &id.to_le_bytes()].concat()
}

/// The subscriptions of the account that last.
pub(super) fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Subscription>, Failure> {
    let key = tx.context().keys.account(tx, account)?;
    let now = tx.now().millis();
    let read = |row: &Row<'_>| {
        let id = row.int(0)?;
        let plain = key.sealing().open("push subscription", &sealed_for(id), row.bytes(2)?)?;
        let corrupt =
            |error: serde_json::Error| StoreError::Corrupt { what: format!("push subscription {id}: {error}") };
        let detail = serde_json::from_slice(&plain).map_err(corrupt)?;
        Ok(Subscription { id, expires: Timestamp::from_millis(row.int(1)?), detail })
    };
    let sql = "SELECT id, expires, detail FROM push_subscription WHERE account = $1 AND expires > $2 ORDER BY id";
    Ok(tx.rows(sql, params![account, now], read)?)
}

/// One that lasts, which no other transaction changes meanwhile.
pub(super) fn take(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Option<Subscription>, Failure> {
    tx.execute("UPDATE push_subscription SET id = id WHERE account = $1 AND id = $2", params![account, id])?;
    find(tx, account, id)
}

/// One that lasts.
pub(super) fn find(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Option<Subscription>, Failure> {
    Ok(list(tx, account)?.into_iter().find(|it| it.id == id))
}

/// Keeps a subscription, a new one or another content of one that is there.
pub(super) fn keep(tx: &mut Tx<'_>, account: i64, subscription: &Subscription) -> Result<(), Failure> {
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    let corrupt = |error: serde_json::Error| StoreError::Corrupt { what: error.to_string() };
    let plain = serde_json::to_vec(&subscription.detail).map_err(corrupt)?;
    let sealed = key.sealing().seal(context.entropy.as_ref(), &sealed_for(subscription.id), &plain);
    tx.execute(
        "INSERT INTO push_subscription (account, id, expires, detail) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account, id) DO UPDATE SET expires = $3, detail = $4",
        params![account, subscription.id, subscription.expires.millis(), &sealed],
    )?;
    Ok(())
}

/// Ends a subscription; whether it was there.
pub(super) fn destroy(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<bool, Failure> {
    let gone = tx.execute("DELETE FROM push_subscription WHERE account = $1 AND id = $2", params![account, id])?;
    // Whoever serves it looks again.
    tx.notify(Notice::Account(account));
    Ok(gone > 0)
}

/// All that last, of all accounts; those that are over are forgotten.
pub(super) fn sweep(tx: &mut Tx<'_>) -> Result<Vec<(i64, i64)>, StoreError> {
    let now = tx.now().millis();
    tx.execute("DELETE FROM push_subscription WHERE expires <= $1", params![now])?;
    tx.rows("SELECT account, id FROM push_subscription ORDER BY account, id", &[], |row| Ok((row.int(0)?, row.int(1)?)))
}
