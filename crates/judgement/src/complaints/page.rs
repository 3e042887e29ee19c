//! Complaints, a page at a time.

use env::Timestamp;
use store::page::{Cursor, OPENED_MAX, Page, fill};
use store::{Tx, params};

use super::{Listed, Raw, opened, raw};
use crate::JudgementError;

/// Which complaints are wanted: those that meet all conditions.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// To and of this organisation.
    pub organisation: i64,
    /// From this moment on.
    pub since: Timestamp,
    /// Ours to others, or others' to us.
    pub is_ours: Option<bool>,
    /// The subject, or who complains, or to whom, or about whom has this in it.
    pub text: Option<String>,
    /// Behind this place.
    pub after: Cursor,
    /// Complaints of the page.
    pub limit: usize,
}

/// A page of complaints, the latest first.
///
/// # Errors
/// [`JudgementError`] if the store fails or a row does not read.
pub fn page(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Page<Listed>, JudgementError> {
    let key = tx.context().keys.organisation(tx, wanted.organisation)?;
    let text = wanted.text.as_deref().map(str::to_lowercase);
    let block = |tx: &mut Tx<'_>, after: &Cursor, count: usize| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let rows = tx.rows(
            "SELECT id, direction, at, account, detail FROM complaint WHERE organisation = $1 AND at >= $2
                 AND at <= $3 AND (at < $3 OR id < $4) ORDER BY at DESC, id DESC LIMIT $5",
            params![wanted.organisation, wanted.since.millis(), after.at, after.id, count],
            |row| Ok((Cursor { at: row.int(2)?, id: row.int(0)? }, raw(row)?)),
        )?;
        Ok::<_, JudgementError>(rows)
    };
    let keep = |_: &mut Tx<'_>, row: Raw| {
        if wanted.is_ours.is_some_and(|ours| ours != row.1) {
            return Ok(None);
        }
        let one = opened(&key, row)?;
        let has = |text: &str| {
            let parts = [Some(&one.subject), one.reporter.as_ref(), one.to.as_ref(), one.mail_from.as_ref()];
            parts.into_iter().flatten().any(|part| part.to_lowercase().contains(text))
        };
        Ok(Some(one.clone()).filter(|_| text.as_deref().is_none_or(has)))
    };
    fill(tx, wanted.after, (wanted.limit, OPENED_MAX), block, keep)
}
