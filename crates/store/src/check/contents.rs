//! Looks at the bytes of messages: whether they are there, match their checksums and open.

use super::{Finding, Page, by_pages};
use crate::named::{KINDS, Kind, Named, opens};
use crate::{Store, StoreError, Tx, blobs, params};

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

pub(crate) fn segment_ends(tx: &mut Tx<'_>) -> Result<Vec<(i64, u64)>, StoreError> {
    tx.rows("SELECT segment, MAX(position + length) FROM blob WHERE segment > 0 GROUP BY segment", &[], |row| {
        Ok((row.int(0)?, row.int(1)?.unsigned_abs()))
    })
}

/// Opens all content that a row names: messages of accounts, those in the queue, in quarantine and removed, files, parts of deliveries.
pub(super) async fn open_all(store: &Store) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    for kind in &KINDS {
        findings.extend(by_pages(store, move |tx, store, after| open_page(tx, store, kind, after)).await?);
    }
    Ok(findings)
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

fn open_page(tx: &mut Tx<'_>, store: &Store, kind: &Kind, after: (i64, i64)) -> Result<Page, StoreError> {
    let mut found = Vec::new();
    let rows = kind.page(tx, after, PAGE)?;
    for row in &rows {
        if let Err(error) = open(tx, store, kind, row) {
            tracing::warn!(kind = kind.name, owner = row.owner, id = row.id, %error, "content does not open");
            let object = format!("{} {} {}", kind.name, row.owner, row.id);
            found.push(Finding { rule: "the message does not open", object });
        }
    }
    Ok(Page { found, last: rows.last().map(|row| (row.owner, row.id)) })
}

/// Opens what `row` names; gives the length of its sealed bytes.
pub(crate) fn open(tx: &mut Tx<'_>, store: &Store, kind: &Kind, row: &Named) -> Result<u64, StoreError> {
    let key = kind.key(tx, row)?;
    let location = blobs::locate(tx, row.blob)?;
    opens(&key, store.blobs().read(&location)?)?;
    Ok(location.length())
}
