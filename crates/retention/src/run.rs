//! Carrying rules out, step by step.

use std::collections::BTreeMap;

use access::Via;
use identity::rights::{self, Event, Outcome};
use mailbox::UidRange;
use serde_json::json;
use store::holds::DAY_MILLIS;
use store::{Tx, params};

use crate::due::{self, Found};
use crate::{Kept, RetentionError};

/// Messages that one step removes.
pub const REMOVED_MAX: usize = 500;

/// Accounts that one step looks at.
const ACCOUNTS_MAX: usize = 20;

/// A rule that has been through all accounts begins again after this.
const AGAIN_MILLIS: i64 = DAY_MILLIS / 24;

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// The rule, by name.
    pub rule: String,
    /// Messages that it removed.
    pub removed: u64,
    /// Their octets.
    pub bytes: u64,
    /// Messages that a legal hold kept.
    pub held: u64,
}

/// Does the next step of the first rule of an organisation that has something to do; none if none has. Each account from which it removes
/// something is a record of the audit log, written with the removal.
///
/// # Errors
/// [`RetentionError`] if the store fails; nothing is removed then.
pub fn carry_out(tx: &mut Tx<'_>, organisation: i64) -> Result<Option<Step>, RetentionError> {
    let now = tx.now().millis();
    for kept in crate::list(tx, organisation)? {
        let last_run = kept.last_run.map_or(0, env::Timestamp::millis);
        if !kept.rule.enabled || (now >= last_run && now - last_run < AGAIN_MILLIS) {
            continue;
        }
        if now < last_run {
            // Whoever sets the clock right again finds the rule as it was; until then nothing goes.
            continue;
        }
        return step(tx, organisation, &kept, now).map(Some);
    }
    Ok(None)
}

fn step(tx: &mut Tx<'_>, organisation: i64, kept: &Kept, now: i64) -> Result<Step, RetentionError> {
    let mut step = Step { rule: kept.rule.name.clone(), ..Step::default() };
    // The row is taken, so that two nodes do not do the same.
    let after = tx.row(
        "UPDATE retention_rule SET at_account = at_account WHERE organisation = $1 AND id = $2 RETURNING at_account",
        params![organisation, kept.id],
        |row| row.int(0),
    )?;
    let Some(mut after) = after else { return Ok(step) };
    let accounts = due::accounts(tx, organisation, &kept.rule, after, ACCOUNTS_MAX)?;
    let is_last = accounts.len() < ACCOUNTS_MAX;
    let mut left = REMOVED_MAX;
    let mut is_through = true;
    for account in accounts {
        let found = due::of_account(tx, account, &kept.rule, left)?;
        left = left.saturating_sub(found.due.len());
        step.held += found.held;
        let more = found.more;
        remove(tx, organisation, account, kept, found, &mut step)?;
        if more || left == 0 {
            is_through = false;
            break;
        }
        after = account;
    }
    let (last_run, at) =
        if is_through && is_last { (now, 0) } else { (kept.last_run.map_or(0, env::Timestamp::millis), after) };
    tx.execute(
        "UPDATE retention_rule SET last_run = $3, at_account = $4 WHERE organisation = $1 AND id = $2",
        params![organisation, kept.id, last_run, at],
    )?;
    Ok(step)
}

fn remove(
    tx: &mut Tx<'_>,
    organisation: i64,
    account: i64,
    kept: &Kept,
    found: Found,
    step: &mut Step,
) -> Result<(), RetentionError> {
    if found.due.is_empty() {
        return Ok(());
    }
    let (mut by_mailbox, mut bytes) = (BTreeMap::<i64, Vec<u32>>::new(), 0);
    for due in &found.due {
        by_mailbox.entry(due.mailbox).or_default().push(due.uid);
        bytes += due.size;
    }
    for (mailbox, uids) in by_mailbox {
        mailbox::discard(tx, account, mailbox, &UidRange::collect(uids))?;
    }
    let removed = u64::try_from(found.due.len()).unwrap_or(u64::MAX);
    let address = identity::list_addresses(tx, account)?.into_iter().next();
    let event = Event {
        organisation,
        account: None,
        via: Via::Local,
        address: None,
        action: "retention-run".to_owned(),
        object: json!({ "rule": kept.rule.name, "address": address, "removed": removed, "bytes": bytes }).to_string(),
        outcome: Outcome::Done,
        row: "retention rule".to_owned(),
    };
    rights::record(tx, &event)?;
    step.removed += removed;
    step.bytes += bytes;
    Ok(())
}
