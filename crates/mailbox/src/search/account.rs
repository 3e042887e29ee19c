//! Search in all that is kept of an account.

use std::collections::BTreeSet;

use env::Timestamp;
use store::{Blobs, Row, StoreError, Tx, Value, params};

use super::Query;
use super::evaluate::Known;
use super::run::{Budget, Buffers, Opens, Pending, Sealed, Search, search};
use crate::{Entry, MailboxError, Source, mailboxes, removed, snapshot};

/// The messages of an account that match `query`, rising by their identifiers: those in its mailboxes, and those that were removed and are
/// still kept. What a query asks of UIDs, flags, keywords or threads, no removed message has. Reads blobs, so this belongs where a thread
/// may block.
///
/// # Errors
/// As [`search`].
pub fn search_account(
    tx: &mut Tx<'_>,
    blobs: &Blobs,
    account: i64,
    query: &Query,
    budget: &Budget,
) -> Result<Vec<i64>, MailboxError> {
    let mut found = BTreeSet::new();
    for mailbox in mailboxes::list(tx, account)? {
        let uids = search(tx, blobs, account, mailbox.id, query, budget)?;
        let mut uids = uids.into_iter().peekable();
        if uids.peek().is_none() {
            continue;
        }
        // Both rise.
        found.extend(
            snapshot(tx, account, mailbox.id)?
                .into_iter()
                .filter(|entry| uids.next_if_eq(&entry.uid).is_some())
                .map(|entry| entry.message),
        );
    }
    found.extend(search_removed(tx, blobs, account, query, budget)?);
    Ok(found.into_iter().collect())
}

fn search_removed(
    tx: &mut Tx<'_>,
    blobs: &Blobs,
    account: i64,
    query: &Query,
    budget: &Budget,
) -> Result<Vec<i64>, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let rows = Rows {
        key: Opens::Account(key),
        account,
        sql: "SELECT CAST(0 AS BIGINT), id, CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT), size, received, removed,
                 summary, trace, signature
             FROM removed_message WHERE account = $1 ORDER BY id",
        params: params![account],
    };
    let read = |tx: &mut Tx<'_>, message| removed::source(tx, account, message);
    search_rows(tx, blobs, rows, (query, budget), |_| Ok(true), read)
}

/// Rows of messages that lie in no mailbox: as [`Entry`] has them, when they were saved, and what rests sealed beside them.
pub(crate) struct Rows<'a> {
    /// What opens it.
    pub(crate) key: Opens,
    /// Whose they are.
    pub(crate) account: i64,
    /// How they are read.
    pub(crate) sql: &'static str,
    /// For whom.
    pub(crate) params: &'a [Value<'a>],
}

/// Those of the rows that match, in their order: those alone that are `wanted`; `source` gives the content of one.
pub(crate) fn search_rows(
    tx: &mut Tx<'_>,
    blobs: &Blobs,
    rows: Rows<'_>,
    (query, budget): (&Query, &Budget),
    wanted: impl Fn(&Row<'_>) -> Result<bool, StoreError>,
    source: impl Fn(&mut Tx<'_>, i64) -> Result<Source, MailboxError>,
) -> Result<Vec<i64>, MailboxError> {
    let search = Search::under(rows.key, (rows.account, 0), query, budget)?;
    let (mut hits, mut undecided) = (Vec::new(), Vec::new());
    let mut buffers = Buffers::default();
    tx.for_each(rows.sql, rows.params, |row| {
        if !wanted(row)? {
            return Ok(());
        }
        let entry = Entry::from_row(row)?;
        let pending = Pending { entry, saved: Timestamp::from_millis(row.int(7)?), thread: None };
        let known = Known { entry: &entry, saved: pending.saved, thread: None, summary: None, texts: None };
        let sealed = Sealed { summary: row.bytes(8)?, trace: row.bytes(9)?, signature: row.bytes_opt(10)? };
        let outcome = match known.matches(&search.plan) {
            Some(outcome) => Some(outcome),
            None => search.match_sealed(&sealed, &pending, &mut buffers)?,
        };
        match outcome {
            Some(true) => hits.push(entry.message),
            Some(false) => {}
            None => undecided.push((pending, sealed.summary.to_vec())),
        }
        Ok(())
    })?;
    for (pending, summary) in undecided {
        if budget.is_spent(tx.now()) {
            return Err(MailboxError::Interrupted);
        }
        let read = source(tx, pending.entry.message)
            .and_then(|source| search.match_read(blobs, &source, Some(&summary), &pending));
        if search.unless_damaged(read, &pending)? {
            hits.push(pending.entry.message);
        }
    }
    Ok(hits)
}
