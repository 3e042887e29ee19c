//! New generations of keys at rest. Nothing is encrypted anew: a key keeps its earlier generations, which open what they sealed, and only the
//! small wrapped key in its row changes. What is sealed from then on is sealed under the newest.

use crypto::keys::{Account, Key, Organisation, TooManyGenerations};
use env::Timestamp;

use crate::keyring::KEPT_MILLIS;
use crate::{StoreError, Tx, params};

/// Why a key got no new generation.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key has had all the generations that it may have.
    #[error(transparent)]
    TooManyGenerations(#[from] TooManyGenerations),
}

/// Gives the key of `account` a new generation, in force once every node has read it; says how many it has then.
///
/// # Errors
/// [`RotateError`] if there is no such account, or its key has had too many.
pub fn account(tx: &mut Tx<'_>, account: i64) -> Result<usize, RotateError> {
    // Taken for itself first, so that two rotations do not lose one another's generation.
    let row = tx.row(
        "UPDATE account SET key_wrapped = key_wrapped WHERE id = $1 RETURNING organisation, key_wrapped",
        params![account],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    let (organisation, wrapped) = row.ok_or(StoreError::Missing { what: "account" })?;
    let context = tx.context();
    let above = context.keys.organisation(tx, organisation)?;
    let now = context.clock.now();
    let key: Key<Account> = above.unwrap_key(&wrapped, account, now).map_err(StoreError::from)?;
    let rotated = key.rotated(&*context.entropy, in_force_from(now))?;
    let wrapped = above.wrap(&*context.entropy, &rotated, account);
    tx.execute("UPDATE account SET key_wrapped = $2 WHERE id = $1", params![account, &wrapped])?;
    Ok(rotated.generations())
}

/// Gives the key of `organisation` a new generation, and wraps it under the newest generation of the region key.
///
/// # Errors
/// [`RotateError`] as for [`account`].
pub fn organisation(tx: &mut Tx<'_>, organisation: i64) -> Result<usize, RotateError> {
    let context = tx.context();
    let key = taken(tx, organisation)?.ok_or(StoreError::Missing { what: "organisation" })?;
    let rotated = key.rotated(&*context.entropy, in_force_from(context.clock.now()))?;
    wrap(tx, organisation, &rotated)?;
    Ok(rotated.generations())
}

/// Wraps the keys of all organisations anew under the region key's newest generation; says how many there are.
///
/// # Errors
/// [`StoreError`] if a key does not open.
pub fn wrap_all_anew(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let mut all = Vec::new();
    tx.for_each("SELECT id FROM organisation ORDER BY id", &[], |row| {
        all.push(row.int(0)?);
        Ok(())
    })?;
    for organisation in &all {
        // One that was deleted meanwhile has nothing left to wrap.
        if let Some(key) = taken(tx, *organisation)? {
            wrap(tx, *organisation, &key)?;
        }
    }
    Ok(all.len())
}

/// The organisation's key from its row, which is this transaction's until it ends.
fn taken(tx: &mut Tx<'_>, organisation: i64) -> Result<Option<Key<Organisation>>, StoreError> {
    let wrapped = tx.row(
        "UPDATE organisation SET key_wrapped = key_wrapped WHERE id = $1 RETURNING key_wrapped",
        params![organisation],
        |row| Ok(row.bytes(0)?.to_vec()),
    )?;
    let context = tx.context();
    let open = |wrapped: Vec<u8>| context.keys.region().unwrap_key(&wrapped, organisation, context.clock.now());
    Ok(wrapped.map(open).transpose()?)
}

fn wrap(tx: &mut Tx<'_>, organisation: i64, key: &Key<Organisation>) -> Result<(), StoreError> {
    let context = tx.context();
    let wrapped = context.keys.region().wrap(&*context.entropy, key, organisation);
    tx.execute("UPDATE organisation SET key_wrapped = $2 WHERE id = $1", params![organisation, &wrapped])?;
    Ok(())
}

/// Twice the time after which every node has read the row again.
fn in_force_from(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_add(2 * KEPT_MILLIS))
}
