//! What traces tell of an account goes with it.

use std::collections::BTreeSet;

use store::{StoreError, Tx, params};

use crate::find::{COLUMNS_OF, Raw};
use crate::forget::remove;
use crate::keep::{DETAIL, Detail};
use crate::marks::{Marks, pack, unpack};
use crate::note::STEP;
use crate::sealed::Keeper;
use crate::{Direction, Step, What};

/// What stands in the place of an address that is gone.
const GONE: &str = "erased@invalid";

/// Traces of one mark and day that are read together.
const READ_MAX: i64 = 10_000;

/// Takes an account of an organisation, with its `addresses`, out of all traces: those of its own mail go, in those of mail to others as well its
/// addresses are replaced, and none is found by it any more. Gives how many traces were touched.
///
/// # Errors
/// [`StoreError`] if a trace does not open or the store fails.
pub fn erase(tx: &mut Tx<'_>, organisation: i64, account: i64, addresses: &[String]) -> Result<u64, StoreError> {
    let mut touched = 0;
    // What was refused before it was known whose it is stands under no organisation.
    for whose in [organisation, 0] {
        let keeper = Keeper::of(tx, whose)?;
        let marks = Marks(keeper.hashing());
        let mut wanted: BTreeSet<i64> = addresses.iter().map(|address| marks.address(address)).collect();
        wanted.insert(marks.account(account));
        for id in take_marked(tx, &wanted)? {
            let Some(raw) = tx.row(COLUMNS_OF, params![id, whose], Raw::read)? else { continue };
            let (listed, detail) = raw.open(&keeper, whose)?;
            touched += 1;
            if is_own(listed.direction, &detail, account) {
                remove(tx, id)?;
            } else {
                rewrite(tx, &keeper, id, &detail, addresses)?;
            }
        }
    }
    Ok(touched)
}

/// Whether the message was the account's alone here: it sent it, or was the one whom it was for.
fn is_own(direction: Direction, detail: &Detail, account: i64) -> bool {
    match direction {
        Direction::In => detail.to.len() <= 1 && detail.more == 0,
        Direction::Out => detail
            .steps
            .iter()
            .any(|step| matches!(step.what, What::SignedIn { account: sender, .. } if sender == account)),
    }
}

/// The traces that have one of the marks, which are taken away from them.
fn take_marked(tx: &mut Tx<'_>, wanted: &BTreeSet<i64>) -> Result<BTreeSet<i64>, StoreError> {
    let mut ids = BTreeSet::new();
    let oldest = tx.row("SELECT MIN(day) FROM trace_mark", params![], |row| row.int_opt(0))?.flatten();
    let newest = tx.row("SELECT MAX(day) FROM trace_mark", params![], |row| row.int_opt(0))?.flatten();
    for day in oldest.unwrap_or(1)..=newest.unwrap_or(0) {
        for mark in wanted {
            loop {
                let found = tx.rows(
                    "DELETE FROM trace_mark WHERE day = $1 AND mark = $2 AND id IN
                         (SELECT id FROM trace_mark WHERE day = $1 AND mark = $2 ORDER BY id LIMIT $3) RETURNING id",
                    params![day, *mark, READ_MAX],
                    |row| row.int(0),
                )?;
                if found.is_empty() {
                    break;
                }
                ids.extend(found);
            }
        }
    }
    let mut fresh = Vec::new();
    tx.for_each("SELECT id, marks FROM trace_fresh", params![], |row| {
        let marks: BTreeSet<i64> = unpack(row.bytes(1)?).collect();
        if !marks.is_disjoint(wanted) {
            fresh.push((row.int(0)?, marks));
        }
        Ok(())
    })?;
    for (id, marks) in fresh {
        let left = pack(&marks.difference(wanted).copied().collect());
        tx.execute("UPDATE trace_fresh SET marks = $2 WHERE id = $1", params![id, &left])?;
        ids.insert(id);
    }
    Ok(ids)
}

/// Puts something that names nobody in the place of the addresses, in all that is kept of the trace.
fn rewrite(tx: &mut Tx<'_>, keeper: &Keeper, id: i64, detail: &Detail, addresses: &[String]) -> Result<(), StoreError> {
    let cleaned = without(detail, addresses)?;
    let sealed = keeper.seal(tx, DETAIL, &[id], &cleaned)?;
    tx.execute("UPDATE trace SET detail = $2 WHERE id = $1", params![id, &sealed])?;
    let steps = tx.rows("SELECT id, detail FROM trace_step WHERE trace = $1", params![id], |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_vec()))
    })?;
    for (step, sealed) in steps {
        let cleaned = without(&keeper.open::<Step>(STEP, &[id, step], &sealed)?, addresses)?;
        let sealed = keeper.seal(tx, STEP, &[id, step], &cleaned)?;
        tx.execute("UPDATE trace_step SET detail = $3 WHERE trace = $1 AND id = $2", params![id, step, &sealed])?;
    }
    Ok(())
}

/// `value` with [`GONE`] wherever one of the addresses stands, in replies of servers too.
fn without<T>(value: &T, addresses: &[String]) -> Result<T, StoreError>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let corrupt = || StoreError::Corrupt { what: "a trace cannot be written anew".to_owned() };
    let mut text = serde_json::to_string(value).map_err(|_| corrupt())?;
    for address in addresses {
        let written = serde_json::to_string(address).map_err(|_| corrupt())?;
        text = replaced(&text, written.trim_matches('"'));
    }
    serde_json::from_str(&text).map_err(|_| corrupt())
}

/// `text` with [`GONE`] for `address` in upper or lower case.
fn replaced(text: &str, address: &str) -> String {
    if address.is_empty() {
        return text.to_owned();
    }
    let (folded, wanted) = (text.to_ascii_lowercase(), address.to_ascii_lowercase());
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    while let Some(found) = folded.get(from..).and_then(|rest| rest.find(&wanted)) {
        out.push_str(text.get(from..from + found).unwrap_or_default());
        out.push_str(GONE);
        from += found + wanted.len();
    }
    out + text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_wherever_they_stand() {
        let text = r#"to Ana@Trade.test, <ana@trade.test>; not bob@trade.test"#;
        assert_eq!(replaced(text, "ana@trade.test"), "to erased@invalid, <erased@invalid>; not bob@trade.test");
        assert_eq!(replaced("żółw@x.test ANA@x.test", "ana@x.test"), "żółw@x.test erased@invalid");
        let steps = vec!["quo\"te@x.test".to_owned()];
        assert_eq!(without(&steps, &steps).unwrap(), [GONE]);
    }
}
