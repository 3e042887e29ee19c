//! Learning from mail that lies in mailboxes already: what was imported, and what came before the guard.
//!
//! Messages of an account are read in the order of their numbers, a page at a time; how far it came is written in the transaction that
//! writes what was learned. So a stop at any point loses nothing and counts nothing twice. What another mailbox or the way in has
//! taught already is known by its `Message-ID`.

use store::{StoreError, Tx, params};

use crate::live::{Guard, Taught};
use crate::rows::{MessageRow, Rows};
use crate::shelf::{Change, Shelf, save};
use crate::{GuardError, Read};

/// Messages of one transaction.
pub const PAGE_MAX: i64 = 64;

/// Accounts that one list shows.
const LISTED_MAX: i64 = 1000;

/// A mailbox that is learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learning {
    /// Whose mail it is.
    pub account: i64,
    /// Whose graph and ledger learn.
    pub organisation: i64,
    /// The message that was read last.
    pub after: i64,
    /// The last one to read.
    pub until: i64,
    /// Messages that taught.
    pub learned: i64,
    /// Messages that did not.
    pub passed: i64,
    /// All are read.
    pub is_done: bool,
}

/// Messages of a page, in what they come to.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Number of the last one.
    pub last: i64,
    /// What they teach.
    pub taught: Vec<Taught>,
    /// Those that teach nothing.
    pub passed: i64,
}

impl Taught {
    /// What a message teaches; its payment details, too, if `takes_details`.
    #[must_use]
    pub fn of(read: &Read, takes_details: bool) -> Self {
        let mut taught = Self::new(read, takes_details);
        let subject = &mut taught.subject;
        // It must be known again, and some programs name no identifier.
        if subject.message_id.is_empty() {
            let text = format!("{}\n{}\n{}", subject.from.address, subject.date.millis(), subject.fresh);
            subject.message_id = format!("{:016x}@unnamed", xxhash_rust::xxh3::xxh3_64(text.as_bytes()));
        }
        taught
    }
}

/// Has the mail of an account learned from as far as it goes now; from where it stopped, if it was learned from before.
///
/// # Errors
/// If the store fails.
pub fn begin(tx: &mut Tx<'_>, organisation: i64, account: i64) -> Result<(), StoreError> {
    // Whose data is restricted teaches nothing.
    if store::restrictions::is_account(tx, account)? {
        return Ok(());
    }
    let until = tx.next_id();
    tx.execute(
        "INSERT INTO guard_history (account, organisation, after, until, learned, passed, done)
         VALUES ($1, $2, 0, $3, 0, 0, 0)
         ON CONFLICT (account) DO UPDATE SET organisation = $2, until = $3, done = 0",
        params![account, organisation, until],
    )?;
    Ok(())
}

/// Mailboxes of an organisation that are or were learned from.
///
/// # Errors
/// If the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Learning>, StoreError> {
    tx.rows(
        "SELECT account, organisation, after, until, learned, passed, done FROM guard_history WHERE organisation = $1
         ORDER BY account LIMIT $2",
        params![organisation, LISTED_MAX],
        learning,
    )
}

/// A mailbox that waits to be learned from.
///
/// # Errors
/// If the store fails.
pub fn next(tx: &mut Tx<'_>) -> Result<Option<Learning>, StoreError> {
    tx.row(
        "SELECT account, organisation, after, until, learned, passed, done FROM guard_history WHERE done = 0
         ORDER BY account LIMIT 1",
        params![],
        learning,
    )
}

fn learning(row: &store::Row<'_>) -> Result<Learning, StoreError> {
    Ok(Learning {
        account: row.int(0)?,
        organisation: row.int(1)?,
        after: row.int(2)?,
        until: row.int(3)?,
        learned: row.int(4)?,
        passed: row.int(5)?,
        is_done: row.flag(6)?,
    })
}

impl Guard {
    /// Learns from a page, and notes how far it came; `None` for the page where nothing is left. Gives how many messages taught.
    ///
    /// # Errors
    /// [`GuardError::Conflict`] if another wrote one of the rows meanwhile or went on with the account: nothing has changed then.
    pub async fn learn_page(&self, learning: Learning, page: Option<Page>) -> Result<u64, GuardError> {
        let is_last = page.is_none();
        let page = page.unwrap_or(Page { last: learning.until, ..Page::default() });
        let Page { last, taught, passed } = page;
        let read = i64::try_from(taught.len()).unwrap_or(i64::MAX);
        let (learned, changes) = self.store().read(move |tx| prepare(tx, learning.organisation, &taught)).await?;
        let passed = passed + read - learned;
        let work = move |tx: &mut Tx<'_>| {
            let moved = tx.execute(
                "UPDATE guard_history SET after = $3, learned = learned + $4, passed = passed + $5, done = $6
                 WHERE account = $1 AND after = $2 AND until = $7",
                params![learning.account, learning.after, last, learned, passed, is_last, learning.until],
            )?;
            if moved != 1 {
                return Err(GuardError::Conflict);
            }
            save(tx, learning.organisation, &changes)
        };
        self.store().write(work).await?;
        Ok(learned.unsigned_abs())
    }
}

/// What changes by messages that nobody has learned from yet, and how many those are.
fn prepare(tx: &mut Tx<'_>, organisation: i64, taught: &[Taught]) -> Result<(i64, Vec<Change>), GuardError> {
    let context = tx.context();
    let mut free = Vec::with_capacity(taught.len());
    for one in taught {
        if !one.is_restricted(tx, organisation)? {
            free.push(one);
        }
    }
    let mut shelf = Shelf::open(tx, organisation)?;
    let mut learned = 0;
    for one in free {
        if shelf.get::<MessageRow>(&one.subject.message_id)?.is_none() {
            one.teach(&mut shelf)?;
            learned += 1;
        }
    }
    Ok((learned, shelf.changes(&*context.entropy)))
}
