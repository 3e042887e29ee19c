//! What is known of listings: since when, and whether it was told.

use std::collections::BTreeMap;

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Row, StoreError, Tx, params};

use super::ask::{Answered, Seen};
use super::lists::Blocklist;

/// A look that was begun and not ended is taken for dead after so long.
const LOOK_MILLIS_MAX: i64 = 3_600_000;

/// How long a listing that is gone is listed.
const GONE_KEPT_MILLIS: i64 = 90 * 86_400_000;

/// Listings that are listed.
const LISTED_MAX: i64 = 2_000;

/// An address or a domain of ours on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Zone of the list.
    pub list: String,
    /// The address or domain.
    pub object: String,
    /// When it was first seen there.
    pub since: Timestamp,
    /// When it was last seen there.
    pub seen: Timestamp,
    /// When it was first seen to be gone, if it is.
    pub gone: Option<Timestamp>,
    /// What the list answers.
    pub codes: String,
    /// What it says of that.
    pub said: String,
}

/// The last look that was through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLook {
    /// When, in milliseconds since 1970; 0 for never.
    #[serde(skip)]
    pub at: i64,
    /// How each list answered, by its zone.
    pub lists: BTreeMap<String, String>,
    /// Addresses that were asked about.
    pub addresses: Vec<String>,
    /// Domains that were.
    pub domains: usize,
}

fn row(row: &Row<'_>) -> Result<Listing, StoreError> {
    let gone = Some(row.int(4)?).filter(|millis| *millis != 0).map(Timestamp::from_millis);
    Ok(Listing {
        list: row.text(0)?.to_owned(),
        object: row.text(1)?.to_owned(),
        since: Timestamp::from_millis(row.int(2)?),
        seen: Timestamp::from_millis(row.int(3)?),
        gone,
        codes: row.text(5)?.to_owned(),
        said: row.text(6)?.to_owned(),
    })
}

/// All listings: those that stand first, then those that are gone, the newest of each first.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Listing>, StoreError> {
    let mut all = tx.rows(
        "SELECT list, object, since, seen, gone, codes, said FROM blocklist_listing ORDER BY list, object LIMIT $1",
        params![LISTED_MAX],
        row,
    )?;
    all.sort_by_key(|one| (one.gone.is_some(), std::cmp::Reverse(one.gone), std::cmp::Reverse(one.since)));
    Ok(all)
}

/// The last look that was through.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn last_look(tx: &mut Tx<'_>) -> Result<LastLook, StoreError> {
    let found = tx.row("SELECT done, detail FROM blocklist_look WHERE id = 1", &[], |row| {
        Ok((row.int(0)?, row.text(1)?.to_owned()))
    })?;
    let Some((at, detail)) = found else { return Ok(LastLook::default()) };
    let look: LastLook = serde_json::from_str(&detail).unwrap_or_default();
    Ok(LastLook { at, ..look })
}

/// Takes a look upon itself, if the last one is `every_millis` old; with 0 at once. Of several nodes one looks.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn begin(tx: &mut Tx<'_>, every_millis: i64) -> Result<bool, StoreError> {
    let now = tx.now().millis();
    tx.execute(
        "INSERT INTO blocklist_look (id, begun, done, detail) VALUES (1, 0, 0, '{}') ON CONFLICT (id) DO NOTHING",
        &[],
    )?;
    let taken = tx.execute(
        "UPDATE blocklist_look SET begun = $1 WHERE id = 1 AND done <= $2 AND (begun <= done OR begun <= $3)",
        params![now, now - every_millis, now - LOOK_MILLIS_MAX],
    )?;
    Ok(taken == 1)
}

/// Keeps what a look has seen: what stands on a list now, what is gone from it. What is not asked any more is forgotten.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn end(
    tx: &mut Tx<'_>,
    look: &LastLook,
    seen: &[(Blocklist, Answered, Vec<Seen>)],
    objects: &[String],
) -> Result<(), StoreError> {
    let now = tx.now().millis();
    for known in list(tx)? {
        let is_asked = seen.iter().any(|(list, ..)| list.zone == known.list) && objects.contains(&known.object);
        let is_old = known.gone.is_some_and(|gone| now - gone.millis() > GONE_KEPT_MILLIS);
        if !is_asked || is_old {
            tx.execute(
                "DELETE FROM blocklist_listing WHERE list = $1 AND object = $2",
                params![&known.list, &known.object],
            )?;
        }
    }
    for (list, _, all) in seen {
        for Seen { object, listed } in all {
            match listed {
                Some((codes, said)) => {
                    let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
                    tx.execute(
                        "INSERT INTO blocklist_listing (list, object, since, seen, gone, told, codes, said)
                         VALUES ($1, $2, $3, $3, 0, 0, $4, $5)
                         ON CONFLICT (list, object) DO UPDATE SET seen = $3, codes = $4, said = $5, gone = 0,
                             since = CASE WHEN blocklist_listing.gone = 0 THEN blocklist_listing.since ELSE $3 END,
                             told = CASE WHEN blocklist_listing.gone = 0 THEN blocklist_listing.told ELSE 0 END",
                        params![&list.zone, object, now, &codes.join(" "), said],
                    )?;
                }
                None => {
                    // What nobody was told of when it came is not told when it goes.
                    tx.execute(
                        "UPDATE blocklist_listing SET gone = $3, told = CASE WHEN told = 1 THEN 0 ELSE 1 END
                         WHERE list = $1 AND object = $2 AND gone = 0",
                        params![&list.zone, object, now],
                    )?;
                }
            }
        }
    }
    let detail = serde_json::to_string(look).unwrap_or_default();
    tx.execute("UPDATE blocklist_look SET done = $1, begun = $1, detail = $2 WHERE id = 1", params![now, &detail])?;
    Ok(())
}

/// Listings of whose coming or going letters wait.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn untold(tx: &mut Tx<'_>) -> Result<Vec<Listing>, StoreError> {
    tx.rows(
        "SELECT list, object, since, seen, gone, codes, said FROM blocklist_listing WHERE told = 0 ORDER BY list, object LIMIT $1",
        params![LISTED_MAX],
        row,
    )
}

/// Takes the letters on a listing upon itself: whoever posts them in this transaction is the only one. False if another did, or it has changed.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn settle(tx: &mut Tx<'_>, of: &Listing) -> Result<bool, StoreError> {
    let gone = of.gone.map_or(0, Timestamp::millis);
    let taken = tx.execute(
        "UPDATE blocklist_listing SET told = 1 WHERE list = $1 AND object = $2 AND gone = $3 AND told = 0",
        params![&of.list, &of.object, gone],
    )?;
    Ok(taken == 1)
}
