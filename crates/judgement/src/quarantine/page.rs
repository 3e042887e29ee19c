//! What waits in quarantine, a page at a time.

use store::page::{Cursor, LOOKED_AT_MAX, OPENED_MAX, Page, fill};
use store::{Tx, params};

use super::{DETAIL, Detail, Quarantined, Raw};
use crate::{JudgementError, sealed};

/// Which messages in quarantine are wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of this organisation.
    pub organisation: i64,
    /// That wait for this account, with its own copies alone.
    pub account: Option<i64>,
    /// Whose sender or subject has this in it, in upper or lower case.
    pub text: Option<String>,
    /// Behind this place.
    pub after: Cursor,
    /// At most so many.
    pub limit: usize,
}

const OF_ORGANISATION: &str =
    "SELECT id, organisation, at, expires, size, detail FROM quarantine q WHERE organisation = $1 AND at <= $2
     AND (at < $2 OR id < $3)
     AND EXISTS (SELECT 1 FROM quarantine_recipient r WHERE r.quarantine = q.id AND r.state = 'held')
     ORDER BY at DESC, id DESC LIMIT $4";

const OF_ACCOUNT: &str = "SELECT q.id, q.organisation, q.at, q.expires, q.size, q.detail FROM quarantine q
     WHERE q.id IN (SELECT quarantine FROM quarantine_recipient WHERE account = $1 AND state = 'held')
     AND q.at <= $2 AND (q.at < $2 OR q.id < $3) ORDER BY q.at DESC, q.id DESC LIMIT $4";

/// A page of messages that wait in quarantine, the latest first.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn page(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Page<Quarantined>, JudgementError> {
    let (sql, whose) = match wanted.account {
        Some(account) => (OF_ACCOUNT, account),
        None => (OF_ORGANISATION, wanted.organisation),
    };
    let text = wanted.text.as_deref().map(str::to_lowercase);
    let looked_at_max = if text.is_some() { OPENED_MAX } else { LOOKED_AT_MAX };
    let block = |tx: &mut Tx<'_>, after: &Cursor, count: usize| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let rows = tx.rows(sql, params![whose, after.at, after.id, count], |row| {
            let raw = Raw::read(row)?;
            Ok((Cursor { at: raw.at, id: raw.id }, raw))
        })?;
        Ok::<_, JudgementError>(rows)
    };
    let keep = |tx: &mut Tx<'_>, raw: Raw| {
        if let Some(text) = &text {
            let key = tx.context().keys.organisation(tx, raw.organisation)?;
            let Detail { shown, .. } = sealed::open(&key, DETAIL, raw.id, &raw.detail)?;
            if ![&shown.from, &shown.subject].iter().any(|shown| shown.to_lowercase().contains(text)) {
                return Ok(None);
            }
        }
        let mut opened = raw.open(tx)?;
        opened.places.retain(|place| wanted.account.is_none() || place.account == wanted.account);
        Ok(Some(opened))
    };
    fill(tx, wanted.after, (wanted.limit, looked_at_max), block, keep)
}
