//! What happens to judged mail, in its trace.

use store::{StoreError, Tx};
use trace::{Change, Step, Traced, What};

/// Writes into the message's trace what becomes of it; the trace has the number of what was judged.
pub(crate) fn traced(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    what: What,
    change: Change,
) -> Result<(), StoreError> {
    let step = Step::at(tx.now(), what);
    trace::note(tx, Traced { organisation, id }, &[step], change).map(drop)
}
