//! Search in all that is kept of an account.

use std::collections::BTreeSet;

use env::Timestamp;
use store::{Blobs, Tx, params};

use super::Query;
use super::evaluate::Known;
use super::run::{Budget, Buffers, Pending, Sealed, Search, search};
use crate::{Entry, MailboxError, mailboxes, removed, snapshot};

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
    let search = Search::new(tx, account, 0, query, budget)?;
    let (mut hits, mut undecided) = (Vec::new(), Vec::new());
    let mut buffers = Buffers::default();
    tx.for_each(
        "SELECT CAST(0 AS BIGINT), id, CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT), size, received, removed,
             summary, trace, signature
         FROM removed_message WHERE account = $1 ORDER BY id",
        params![account],
        |row| {
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
        },
    )?;
    for (pending, summary) in undecided {
        if budget.is_spent(tx.now()) {
            return Err(MailboxError::Interrupted);
        }
        let message = pending.entry.message;
        let read = removed::source(tx, account, message)
            .and_then(|source| search.match_read(blobs, &source, Some(&summary), &pending));
        if search.unless_damaged(read, &pending)? {
            hits.push(message);
        }
    }
    Ok(hits)
}
