//! A trace goes on.

use store::{StoreError, Tx, params};

use crate::keep::{NAMED_MAX, cut, cut_to};
use crate::sealed::Keeper;
use crate::step::Reply;
use crate::{Outcome, Step, Traced, What};

pub(crate) const STEP: &str = "trace_step.detail";

/// Steps that one trace has after its beginning; what is beyond is not told.
const STEPS_MAX: i64 = 500;

/// Characters of a server's reply.
const REPLY_CHARS_MAX: usize = 500;

/// What a step changes of how it stands with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// Recipients that wait in the queue from now on.
    pub opened: u64,
    /// Recipients that wait there no more.
    pub closed: u64,
    /// Of those, recipients that were given up.
    pub failed: u64,
    /// How it stands now, whatever waits.
    pub outcome: Option<Outcome>,
}

impl Change {
    /// Nothing but that something happened.
    pub const NONE: Self = Self { opened: 0, closed: 0, failed: 0, outcome: None };

    /// Recipients wait in the queue from now on.
    #[must_use]
    pub const fn opened(recipients: u64) -> Self {
        Self { opened: recipients, ..Self::NONE }
    }

    /// It stands so now.
    #[must_use]
    pub const fn to(outcome: Outcome) -> Self {
        Self { outcome: Some(outcome), ..Self::NONE }
    }
}

/// Adds steps to a trace, in the transaction in which they happen; false if it is not kept, or no longer.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn note(tx: &mut Tx<'_>, traced: Traced, steps: &[Step], change: Change) -> Result<bool, StoreError> {
    let difference = signed(change.opened) - signed(change.closed);
    let is_recounted = change.opened + change.closed > 0;
    let changed = tx.execute(
        "UPDATE trace SET open = CASE WHEN open + CAST($3 AS BIGINT) > 0 THEN open + CAST($3 AS BIGINT) ELSE 0 END,
             failed = failed + CAST($4 AS BIGINT),
             outcome = CASE WHEN CAST($5 AS BIGINT) > 0 THEN CAST($5 AS BIGINT)
                 WHEN CAST($6 AS BIGINT) = 0 THEN outcome
                 WHEN open + CAST($3 AS BIGINT) > 0 THEN 2
                 WHEN failed + CAST($4 AS BIGINT) > 0 THEN 5 ELSE 1 END
         WHERE id = $1 AND organisation = $2",
        params![
            traced.id,
            traced.organisation,
            difference,
            signed(change.failed),
            change.outcome.map_or(0, Outcome::number),
            is_recounted
        ],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    let told = tx.row("SELECT COUNT(*) FROM trace_step WHERE trace = $1", params![traced.id], |row| row.int(0))?;
    let room = usize::try_from(STEPS_MAX - told.unwrap_or(0)).unwrap_or(0);
    let keeper = Keeper::of(tx, traced.organisation)?;
    for step in steps.iter().take(room) {
        let id = tx.next_id();
        let sealed = keeper.seal(tx, STEP, &[traced.id, id], &fit(step))?;
        tx.execute("INSERT INTO trace_step (trace, id, detail) VALUES ($1, $2, $3)", params![traced.id, id, &sealed])?;
    }
    Ok(true)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The step within the bounds of what is kept of it.
pub(crate) fn fit(step: &Step) -> Step {
    let mut step = step.clone();
    match &mut step.what {
        What::Attempted { reply, to, more, .. } => {
            fit_reply(reply);
            fit_named(to, more);
        }
        What::Queued { to, more, .. } => fit_named(to, more),
        What::PassedOn { reply, .. } | What::Refused { reply, .. } => fit_reply(reply),
        What::Connected { helo, tls, .. } => (*helo, *tls) = (cut(helo), cut(tls)),
        What::Delivered { accounts, more, .. } => {
            *more += accounts.len().saturating_sub(NAMED_MAX) as u64;
            accounts.truncate(NAMED_MAX);
        }
        _ => {}
    }
    step
}

fn fit_reply(reply: &mut Reply) {
    (reply.host, reply.status) = (cut(&reply.host), cut(&reply.status));
    reply.text = cut_to(&reply.text, REPLY_CHARS_MAX);
}

fn fit_named(to: &mut Vec<String>, more: &mut u64) {
    *more += to.len().saturating_sub(NAMED_MAX) as u64;
    to.truncate(NAMED_MAX);
}
