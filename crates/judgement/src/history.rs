//! Teaches the trade guard what lies in mailboxes: mail that was imported, and what came before there was a guard.
//!
//! What was doubted when it came teaches nothing, as on the way in; nor does what lies in Junk, Trash or Drafts.

use std::sync::Arc;

use guard::history::{self, Learning, PAGE_MAX, Page};
use guard::replay::Whose;
use guard::{Direction, Guard, GuardError, Taught};
use mail::header;
use mailbox::{MailboxError, Source};
use store::{Store, StoreError, Tx, params};

use crate::JudgementError;

/// Octets of a message that is read; longer ones are files with a few words.
const MESSAGE_OCTETS_MAX: u64 = 32 << 20;

/// Goes through mailboxes that wait to be learned from.
pub struct History {
    /// Where they are.
    pub store: Store,
    /// Who learns.
    pub guard: Guard,
    /// Looks into attached files; without it details in documents are not learned.
    pub pool: Option<Arc<inspect::Pool>>,
}

/// A message as it lies.
struct Lying {
    source: Source,
    is_sent: bool,
}

/// Messages of one step.
struct Found {
    learning: Learning,
    /// Number of the last one; none where nothing is left.
    last: Option<i64>,
    lying: Vec<Lying>,
    passed: i64,
    domains: Vec<String>,
}

impl History {
    /// Learns from some messages of one mailbox; gives from how many, or none if nothing waits.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails, or two learned at once: it goes on from there at the next step.
    pub async fn step(&self) -> Result<Option<u64>, JudgementError> {
        let Some(found) = self.store.read(find).await? else { return Ok(None) };
        let Found { learning, last, lying, passed, domains } = found;
        let (store, pool) = (self.store.clone(), self.pool.clone());
        let work = move || {
            let whose = Whose { domains, trusted_host: None };
            lying.iter().map(|lying| taught(&store, &whose, pool.as_deref(), lying)).collect::<Result<Vec<_>, _>>()
        };
        let read = tokio::task::spawn_blocking(work).await;
        let read = read.map_err(|_| StoreError::Abandoned("learning from a message panicked"))??;
        let passed = passed + read.iter().filter(|one| one.is_none()).count() as i64;
        let page = last.map(|last| Page { last, taught: read.into_iter().flatten().collect(), passed });
        Ok(Some(self.guard.learn_page(learning, page).await?))
    }
}

/// The messages to read next.
fn find(tx: &mut Tx<'_>) -> Result<Option<Found>, JudgementError> {
    let Some(learning) = history::next(tx)? else { return Ok(None) };
    let account = learning.account;
    let ids = tx.rows(
        "SELECT id FROM message WHERE account = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4",
        params![account, learning.after, learning.until, PAGE_MAX],
        |row| row.int(0),
    )?;
    let domains =
        tx.rows("SELECT name FROM domain WHERE organisation = $1", params![learning.organisation], |row| {
            Ok(row.text(0)?.to_owned())
        })?;
    let mut found = Found { learning, last: ids.last().copied(), lying: Vec::new(), passed: 0, domains };
    for id in ids {
        let uses = tx.rows(
            "SELECT b.special_use FROM mailbox_message m JOIN mailbox b ON b.account = m.account AND b.id = m.mailbox
             WHERE m.account = $1 AND m.message = $2",
            params![account, id],
            |row| Ok(row.text(0)?.to_owned()),
        )?;
        let lies_aside = uses.iter().any(|it| matches!(it.as_str(), "Junk" | "Trash" | "Drafts"));
        if uses.is_empty() || lies_aside {
            found.passed += 1;
            continue;
        }
        match mailbox::source(tx, account, id) {
            Ok(source) => found.lying.push(Lying { source, is_sent: uses.iter().any(|it| it == "Sent") }),
            Err(MailboxError::Store(error)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(account, id, %error, "a message cannot be learned from");
                found.passed += 1;
            }
        }
    }
    Ok(Some(found))
}

/// What a message teaches; none for what was doubted, or says to be ours and was not sent from here.
fn taught(
    store: &Store,
    whose: &Whose,
    pool: Option<&inspect::Pool>,
    lying: &Lying,
) -> Result<Option<Taught>, JudgementError> {
    let source = &lying.source;
    let trace = source.trace_bytes();
    let Some(takes_details) = teaches(source.trace()) else { return Ok(None) };
    if source.size() - trace > MESSAGE_OCTETS_MAX {
        return Ok(None);
    }
    let mut raw = Vec::new();
    match source.reader(store.blobs()).read_range(trace..source.size(), &mut raw) {
        Ok(()) => {}
        Err(MailboxError::Store(error)) => return Err(error.into()),
        // One that does not open must not stop those behind it.
        Err(error) => {
            tracing::error!(%error, "a message cannot be learned from");
            return Ok(None);
        }
    }
    let reports = pool.map(|pool| filter::inspect_files(&raw, pool));
    let read = whose.read(&raw, reports.as_deref());
    // What somebody sent lies among what was sent, or at least came by no server.
    let was_sent = lying.is_sent || header::find(&raw, "Received").is_none();
    let is_as_it_says = match read.subject.direction {
        Direction::In => !lying.is_sent,
        Direction::Out => was_sent,
        Direction::Within => true,
    };
    Ok(is_as_it_says.then(|| Taught::of(&read, takes_details)))
}

/// What the header fields that we put before a message let it teach: everything if it was delivered without a doubt or came by import,
/// contacts alone where nobody judged it, nothing else.
fn teaches(trace: &[u8]) -> Option<bool> {
    if trace.is_empty() {
        return Some(true);
    }
    let Some(field) = header::find(trace, "X-Tradewind-Verdict") else { return Some(false) };
    let value = String::from_utf8_lossy(&field.value()).into_owned();
    (value.split(';').next().unwrap_or_default().trim() == "deliver").then_some(true)
}

/// Has the mailboxes of an account, or of all people of an organisation, learned from; gives how many.
///
/// # Errors
/// If the store fails.
pub fn begin(tx: &mut Tx<'_>, organisation: i64, account: Option<i64>) -> Result<u64, JudgementError> {
    if let Some(account) = account {
        history::begin(tx, organisation, account)?;
        return Ok(1);
    }
    let (mut count, mut after) = (0, 0);
    loop {
        let page = identity::list_accounts(tx, Some(organisation), after, identity::PAGE_MAX)?;
        let Some(last) = page.last() else { return Ok(count) };
        after = last.id;
        for account in &page {
            history::begin(tx, organisation, account.id)?;
            count += 1;
        }
    }
}

/// A step that two took at once.
#[must_use]
pub const fn is_conflict(error: &JudgementError) -> bool {
    matches!(error, JudgementError::Guard(GuardError::Conflict))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_doubted_teaches_nothing() {
        let verdict = |action: &str| {
            teaches(format!("Received: by us; x\r\nX-Tradewind-Verdict: {action}; spam=0.0\r\n").as_bytes())
        };
        assert_eq!(teaches(b""), Some(true));
        assert_eq!(teaches(b"Received: by us; x\r\n"), Some(false));
        assert_eq!(verdict("deliver"), Some(true));
        for doubted in ["warn", "junk", "hold", "quarantine", "delivered"] {
            assert_eq!(verdict(doubted), None, "{doubted}");
        }
    }
}
