//! Looks at the bytes of messages: whether they are there, match their checksums and open.

use crypto::keys::MessageKey;
use crypto::record;

use super::{Finding, Page, by_pages};
use crate::{Location, Store, StoreError, Tx, Value, blobs, params};

/// Messages opened in one read.
const PAGE: i64 = 200;

/// Segments whose blobs do not fit into the file.
pub(super) async fn missing_segments(store: &Store) -> Result<Vec<Finding>, StoreError> {
    let ends = store.read(segment_ends).await?;
    let short = ends.into_iter().filter(|(segment, end)| store.blobs().segment_bytes(*segment) < Some(*end));
    let told = |(segment, _)| Finding {
        rule: "the segment file is missing or shorter than the blobs in it",
        object: format!("segment {segment}"),
    };
    Ok(short.map(told).take(super::FINDINGS_PER_RULE_MAX).collect())
}

fn segment_ends(tx: &mut Tx<'_>) -> Result<Vec<(i64, u64)>, StoreError> {
    tx.rows("SELECT segment, MAX(position + length) FROM blob WHERE segment > 0 GROUP BY segment", &[], |row| {
        Ok((row.int(0)?, row.int(1)?.unsigned_abs()))
    })
}

/// Opens every message of every account.
pub(super) async fn open_messages(store: &Store) -> Result<Vec<Finding>, StoreError> {
    by_pages(store, |tx, store, after| {
        let rows = sealed_rows(
            tx,
            "SELECT account, id, blob, key_wrapped FROM message
             WHERE account > $1 OR (account = $1 AND id > $2) ORDER BY account, id LIMIT $3",
            params![after.0, after.1, PAGE],
        )?;
        open_page(tx, store, &rows, "message", |tx, row| {
            Ok(tx.context().keys.account(tx, row.owner)?.unwrap_message(&row.key_wrapped, row.blob)?)
        })
    })
    .await
}

/// Opens every message in the queue.
pub(super) async fn open_queued(store: &Store) -> Result<Vec<Finding>, StoreError> {
    by_pages(store, |tx, store, (_, after)| {
        let rows = sealed_rows(
            tx,
            "SELECT organisation, id, blob, key_wrapped FROM queue_message WHERE id > $1 ORDER BY id LIMIT $2",
            params![after, PAGE],
        )?;
        open_page(tx, store, &rows, "queued message", |tx, row| {
            Ok(tx.context().keys.organisation(tx, row.owner)?.unwrap_message(&row.key_wrapped, row.blob)?)
        })
    })
    .await
}

/// Opens every message in quarantine.
pub(super) async fn open_quarantined(store: &Store) -> Result<Vec<Finding>, StoreError> {
    by_pages(store, |tx, store, (_, after)| {
        let rows = sealed_rows(
            tx,
            "SELECT organisation, id, blob, key_wrapped FROM quarantine WHERE id > $1 ORDER BY id LIMIT $2",
            params![after, PAGE],
        )?;
        open_page(tx, store, &rows, "quarantined message", |tx, row| {
            Ok(tx.context().keys.organisation(tx, row.owner)?.unwrap_message(&row.key_wrapped, row.blob)?)
        })
    })
    .await
}

/// Opens every message that was removed and is still kept.
pub(super) async fn open_removed(store: &Store) -> Result<Vec<Finding>, StoreError> {
    by_pages(store, |tx, store, after| {
        let rows = sealed_rows(
            tx,
            "SELECT account, id, blob, key_wrapped FROM removed_message
             WHERE account > $1 OR (account = $1 AND id > $2) ORDER BY account, id LIMIT $3",
            params![after.0, after.1, PAGE],
        )?;
        open_page(tx, store, &rows, "removed message", |tx, row| {
            Ok(tx.context().keys.account(tx, row.owner)?.unwrap_message(&row.key_wrapped, row.blob)?)
        })
    })
    .await
}

/// Compares every blob in a segment, named or not, with the checksum before it.
pub(super) async fn compare_segments(store: &Store) -> Result<Vec<Finding>, StoreError> {
    by_pages(store, |tx, store, (after, _)| {
        let rows = tx.rows(
            "SELECT id, segment, position, length FROM blob WHERE id > $1 AND segment > 0 ORDER BY id LIMIT $2",
            params![after, PAGE],
            |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?.unsigned_abs(), row.int(3)?.unsigned_abs())),
        )?;
        let damaged = rows.iter().filter(|(id, segment, position, length)| {
            store.blobs().read_checked(*id, *segment, *position, *length).is_err()
        });
        let rule = "the content does not match its checksum";
        let found = damaged.map(|(id, ..)| Finding { rule, object: format!("blob {id}") }).collect();
        Ok(Page { found, last: rows.last().map(|(id, ..)| (*id, 0)) })
    })
    .await
}

/// A row that names sealed content.
struct Sealed {
    /// Account or organisation under whose key the message's key is wrapped.
    owner: i64,
    id: i64,
    blob: i64,
    key_wrapped: Vec<u8>,
}

fn sealed_rows(tx: &mut Tx<'_>, sql: &'static str, params: &[Value<'_>]) -> Result<Vec<Sealed>, StoreError> {
    tx.rows(sql, params, |row| {
        let (owner, id, blob) = (row.int(0)?, row.int(1)?, row.int(2)?);
        Ok(Sealed { owner, id, blob, key_wrapped: row.bytes(3)?.to_vec() })
    })
}

fn open_page(
    tx: &mut Tx<'_>,
    store: &Store,
    rows: &[Sealed],
    kind: &str,
    key: impl Fn(&mut Tx<'_>, &Sealed) -> Result<MessageKey, StoreError>,
) -> Result<Page, StoreError> {
    let mut found = Vec::new();
    for row in rows {
        let opened = key(tx, row).and_then(|key| open(store, &key, &blobs::locate(tx, row.blob)?));
        if let Err(error) = opened {
            tracing::warn!(kind, owner = row.owner, id = row.id, %error, "content does not open");
            let object = format!("{kind} {} {}", row.owner, row.id);
            found.push(Finding { rule: "the message does not open", object });
        }
    }
    Ok(Page { found, last: rows.last().map(|row| (row.owner, row.id)) })
}

fn open(store: &Store, key: &MessageKey, location: &Location) -> Result<(), StoreError> {
    let mut sealed = store.blobs().read(location)?;
    record::open(key, &mut sealed)?;
    Ok(())
}
