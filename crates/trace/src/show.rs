//! One trace, step by step.

use store::{StoreError, Tx, params};

use crate::find::{COLUMNS_OF, Listed, Raw};
use crate::note::STEP;
use crate::sealed::Keeper;
use crate::{Step, Traced};

/// Steps that are read, at most: more are never kept.
const STEPS_MAX: i64 = 1_000;

/// A trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What lists show of it.
    pub listed: Listed,
    /// What happened, in order.
    pub steps: Vec<Step>,
}

/// Whose the trace of this number is, 0 for nobody's; none if there is none.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn organisation_of(tx: &mut Tx<'_>, id: i64) -> Result<Option<i64>, StoreError> {
    tx.row("SELECT organisation FROM trace WHERE id = $1", params![id], |row| row.int(0))
}

/// The trace of this number; none if there is none.
///
/// # Errors
/// [`StoreError`] if it does not open or the store fails.
pub fn show(tx: &mut Tx<'_>, traced: Traced) -> Result<Option<Shown>, StoreError> {
    let Traced { organisation, id } = traced;
    let Some(raw) = tx.row(COLUMNS_OF, params![id, organisation], Raw::read)? else { return Ok(None) };
    let keeper = Keeper::of(tx, organisation)?;
    let (listed, detail) = raw.open(&keeper, organisation)?;
    let later = tx.rows(
        "SELECT id, detail FROM trace_step WHERE trace = $1 ORDER BY id LIMIT $2",
        params![id, STEPS_MAX],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    let mut steps = detail.steps;
    for (step, sealed) in later {
        steps.push(keeper.open::<Step>(STEP, &[id, step], &sealed)?);
    }
    steps.sort_by_key(|step| step.at);
    Ok(Some(Shown { listed, steps }))
}
