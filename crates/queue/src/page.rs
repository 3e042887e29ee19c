//! The queue, a page at a time, the latest first.

use env::Outlook;
use store::page::{Cursor, OPENED_MAX, Page, fill};
use store::{Tx, params};

use crate::list::MessageRow;
use crate::{QueueError, QueuedMessage, RecipientState};

/// Which messages of the queue are wanted: those that meet all conditions.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of this organisation alone.
    pub organisation: Option<i64>,
    /// Whose sender or one of whose recipients has this in its address, in upper or lower case.
    pub text: Option<String>,
    /// With a recipient at this domain.
    pub domain: Option<String>,
    /// That are held (`true`) or not (`false`).
    pub held: Option<bool>,
    /// One of whose recipients was tried before and is tried again (`true`), or none (`false`).
    pub deferred: Option<bool>,
    /// Behind this place.
    pub after: Cursor,
    /// At most so many.
    pub limit: usize,
}

const OF_ALL: &str = "SELECT id, organisation, blob, envelope, size, created, expires, held FROM queue_message
    WHERE id < $1 ORDER BY id DESC LIMIT $2";

const OF_ORGANISATION: &str = "SELECT id, organisation, blob, envelope, size, created, expires, held FROM queue_message
    WHERE id < $1 AND organisation = $3 ORDER BY id DESC LIMIT $2";

/// A page of the queue. A message that cannot be read is left out and logged; [`crate::show`] says what is wrong with it.
///
/// # Errors
/// [`QueueError`] if the store fails.
pub fn page(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Page<QueuedMessage>, QueueError> {
    let text = wanted.text.as_deref().map(str::to_lowercase);
    let block = |tx: &mut Tx<'_>, after: &Cursor, count: usize| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let rows = match wanted.organisation {
            Some(organisation) => tx.rows(OF_ORGANISATION, params![after.id, count, organisation], MessageRow::read)?,
            None => tx.rows(OF_ALL, params![after.id, count], MessageRow::read)?,
        };
        Ok(rows.into_iter().map(|row| (Cursor { at: row.created, id: row.id }, row)).collect())
    };
    let keep = |tx: &mut Tx<'_>, row: MessageRow| {
        if wanted.held.is_some_and(|held| held != row.held) {
            return Ok(None);
        }
        let id = row.id;
        let message = match row.open(tx) {
            Err(error) if error.outlook() == Outlook::Permanent => {
                tracing::error!(message = id, %error, "a queued message cannot be read");
                return Ok(None);
            }
            opened => opened?,
        };
        let has_text = |text: &String| {
            message.envelope.reverse_path.to_lowercase().contains(text)
                || message.recipients.iter().any(|it| it.recipient.address.to_lowercase().contains(text))
        };
        let is_deferred = message.recipients.iter().any(|it| it.state == RecipientState::Waiting && it.last.is_some());
        let is_wanted = text.as_ref().is_none_or(has_text)
            && wanted.domain.as_deref().is_none_or(|domain| message.goes_to(domain))
            && wanted.deferred.is_none_or(|deferred| deferred == is_deferred);
        Ok(is_wanted.then_some(message))
    };
    fill(tx, wanted.after, (wanted.limit, OPENED_MAX), block, keep)
}
