//! What is over goes: the ciphertext of a delivery when it expires, the rest some time later.

use std::time::Duration;

use store::{StoreError, Tx, params};

use crate::{PortalError, delivery};

/// Gives back the chunks of a delivery, or of a reply to it; gives their bytes.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub(crate) fn release(tx: &mut Tx<'_>, account: i64, delivery: i64, reply: i64) -> Result<u64, StoreError> {
    let now = tx.now().millis();
    tx.execute(
        "UPDATE blob SET refs = refs - gone.held, released = CASE WHEN refs = gone.held THEN $4 ELSE 0 END
         FROM (SELECT blob AS id, COUNT(*) AS held FROM portal_chunk
               WHERE account = $1 AND delivery = $2 AND reply = $3 GROUP BY blob) AS gone
         WHERE blob.id = gone.id",
        params![account, delivery, reply, now],
    )?;
    let bytes = tx.row(
        "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM portal_chunk
         WHERE account = $1 AND delivery = $2 AND reply = $3",
        params![account, delivery, reply],
        |row| row.int(0),
    )?;
    let bytes = bytes.unwrap_or(0);
    tx.execute(
        "DELETE FROM portal_chunk WHERE account = $1 AND delivery = $2 AND reply = $3",
        params![account, delivery, reply],
    )?;
    tx.execute(
        "UPDATE portal_delivery SET bytes = bytes - $3 WHERE account = $1 AND id = $2",
        params![account, delivery, bytes],
    )?;
    Ok(bytes.unsigned_abs())
}

/// Forgets what is over: the ciphertext of expired deliveries, deliveries and replies whose chunks never came, and all of a delivery once it has
/// been expired for `kept`. At most `limit` of each; gives how many were touched.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn forget_expired(tx: &mut Tx<'_>, kept: Duration, limit: u32) -> Result<u64, StoreError> {
    let now = tx.now().millis();
    let long_ago = now.saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
    let ids = |row: &store::Row<'_>| Ok((row.int(0)?, row.int(1)?));
    let expired = tx.rows(
        "SELECT d.account, d.id FROM portal_delivery d WHERE d.expires <= $1 AND EXISTS (
            SELECT 1 FROM portal_chunk c WHERE c.account = d.account AND c.delivery = d.id AND c.reply = 0)
         ORDER BY d.expires LIMIT $2",
        params![now, limit],
        ids,
    )?;
    for (account, id) in &expired {
        release(tx, *account, *id, 0)?;
    }
    let over = tx.rows(
        "SELECT account, id FROM portal_delivery WHERE expires <= $1 OR (state = 'draft' AND expires <= $2)
         ORDER BY expires LIMIT $3",
        params![long_ago, now, limit],
        ids,
    )?;
    for (account, id) in &over {
        remove(tx, *account, *id)?;
    }
    let day_ago = now.saturating_sub(86_400_000);
    let unfinished = tx.rows(
        "SELECT account, delivery, id FROM portal_reply WHERE state = 'draft' AND created <= $1 ORDER BY created LIMIT $2",
        params![day_ago, limit],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)),
    )?;
    for (account, delivery, id) in &unfinished {
        release(tx, *account, *delivery, *id)?;
        tx.execute(
            "DELETE FROM portal_reply WHERE account = $1 AND delivery = $2 AND id = $3",
            params![*account, *delivery, *id],
        )?;
    }
    Ok((expired.len() + over.len() + unfinished.len()) as u64)
}

/// Forgets all of an account's deliveries to a partner: those that can be opened no more, and with `open_too` the others; gives how many.
///
/// # Errors
/// [`PortalError::Store`].
pub fn forget_partner(tx: &mut Tx<'_>, account: i64, address: &str, open_too: bool) -> Result<u64, PortalError> {
    let (now, mut gone) = (tx.now(), 0);
    for delivery in delivery::to_partner(tx, account, address)? {
        let is_over = delivery.is_expired(now) || delivery.state == delivery::State::Revoked;
        if is_over || open_too {
            remove(tx, account, delivery.id)?;
            gone += 1;
        }
    }
    Ok(gone)
}

fn remove(tx: &mut Tx<'_>, account: i64, delivery: i64) -> Result<(), StoreError> {
    release(tx, account, delivery, 0)?;
    let replies = tx.rows(
        "SELECT id FROM portal_reply WHERE account = $1 AND delivery = $2",
        params![account, delivery],
        |row| row.int(0),
    )?;
    for reply in replies {
        release(tx, account, delivery, reply)?;
    }
    tx.execute("DELETE FROM portal_reply WHERE account = $1 AND delivery = $2", params![account, delivery])?;
    tx.execute("DELETE FROM portal_delivery WHERE account = $1 AND id = $2", params![account, delivery])?;
    Ok(())
}
