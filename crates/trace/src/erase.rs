//! What traces tell of an account goes with it; of somebody outside, when it is to be erased.

use std::collections::BTreeSet;

use env::{Timestamp, moment_of};
use mail::Address;
use serde_json::Value;
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

/// Rows of the index that go in one transaction for somebody outside, so that others wait only briefly.
const OUTSIDE_MAX: usize = 500;

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
        for id in take_marked(tx, &wanted, usize::MAX)? {
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

/// Takes the address of somebody outside out of traces that stand under `whose` (an organisation; 0 for what is nobody's here): something that names
/// nobody stands in its place, and none is found by it any more. Gives how many index rows were gone through; call again while it gives some.
///
/// # Errors
/// [`StoreError`] if a trace does not open or the store fails.
pub fn erase_outside(tx: &mut Tx<'_>, whose: i64, address: &str) -> Result<u64, StoreError> {
    let keeper = Keeper::of(tx, whose)?;
    let wanted = BTreeSet::from([Marks(keeper.hashing()).address(address)]);
    let taken = take_marked(tx, &wanted, OUTSIDE_MAX)?;
    for id in &taken {
        let Some(raw) = tx.row(COLUMNS_OF, params![*id, whose], Raw::read)? else { continue };
        let (_, detail) = raw.open(&keeper, whose)?;
        rewrite(tx, &keeper, *id, &detail, &[address.to_owned()])?;
    }
    Ok(taken.len() as u64)
}

/// How many traces under `whose` are found by an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Naming {
    /// How many.
    pub traces: u64,
    /// When the first and the last of these messages came.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// How many traces under `whose` are from or for `address`; those that wait for the index are counted, too.
///
/// # Errors
/// [`StoreError`] if the organisation is gone or the store fails.
pub fn naming(tx: &mut Tx<'_>, whose: i64, address: &str) -> Result<Naming, StoreError> {
    let mark = Marks(Keeper::of(tx, whose)?.hashing()).address(address);
    let mut ids = BTreeSet::new();
    for day in days(tx)? {
        ids.extend(tx.rows(
            "SELECT m.id FROM trace_mark m JOIN trace t ON t.id = m.id WHERE m.day = $1 AND m.mark = $2 AND t.organisation = $3",
            params![day, mark, whose],
            |row| row.int(0),
        )?);
    }
    tx.for_each(
        "SELECT f.id, f.marks FROM trace_fresh f JOIN trace t ON t.id = f.id WHERE t.organisation = $1",
        params![whose],
        |row| {
            if unpack(row.bytes(1)?).any(|one| one == mark) {
                ids.insert(row.int(0)?);
            }
            Ok(())
        },
    )?;
    let span = ids.first().zip(ids.last()).map(|(first, last)| (moment_of(*first), moment_of(*last)));
    Ok(Naming { traces: ids.len() as u64, span })
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

/// The days that the index has.
fn days(tx: &mut Tx<'_>) -> Result<std::ops::RangeInclusive<i64>, StoreError> {
    let oldest = tx.row("SELECT MIN(day) FROM trace_mark", params![], |row| row.int_opt(0))?.flatten();
    let newest = tx.row("SELECT MAX(day) FROM trace_mark", params![], |row| row.int_opt(0))?.flatten();
    Ok(oldest.unwrap_or(1)..=newest.unwrap_or(0))
}

/// The traces that have one of the marks, which are taken away from them: of those in the index at most `room`, of those that wait for it all.
fn take_marked(tx: &mut Tx<'_>, wanted: &BTreeSet<i64>, room: usize) -> Result<BTreeSet<i64>, StoreError> {
    let (mut ids, mut left) = (BTreeSet::new(), room);
    for day in days(tx)? {
        for mark in wanted {
            if left == 0 {
                return Ok(ids);
            }
            let found = tx.rows(
                "DELETE FROM trace_mark WHERE day = $1 AND mark = $2 AND id IN
                     (SELECT id FROM trace_mark WHERE day = $1 AND mark = $2 ORDER BY id LIMIT $3) RETURNING id",
                params![day, *mark, i64::try_from(left).unwrap_or(i64::MAX)],
                |row| row.int(0),
            )?;
            left -= found.len();
            ids.extend(found);
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
    let corrupt = |_| StoreError::Corrupt { what: "a trace cannot be written anew".to_owned() };
    let mut tree = serde_json::to_value(value).map_err(corrupt)?;
    for address in addresses.iter().filter(|address| !address.is_empty()) {
        clean(&mut tree, &address.to_ascii_lowercase());
    }
    serde_json::from_value(tree).map_err(corrupt)
}

/// Replaces an address, given in lowercase, in all texts of a value.
fn clean(value: &mut Value, address: &str) {
    match value {
        Value::String(text) if is_spelling(text, address) => GONE.clone_into(text),
        Value::String(text) => *text = replaced(text, address),
        Value::Array(all) => all.iter_mut().for_each(|one| clean(one, address)),
        Value::Object(all) => all.values_mut().for_each(|one| clean(one, address)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether the whole text is a spelling of the address, as with a domain in letters of its own.
fn is_spelling(text: &str, address: &str) -> bool {
    text.contains('@') && Address::parse(text.trim()).is_ok_and(|it| it.canonical().to_lowercase() == address)
}

/// `text` with [`GONE`] for `address`, given in lowercase, in upper or lower case; an address that only ends or begins with it is another.
fn replaced(text: &str, address: &str) -> String {
    let folded = text.to_ascii_lowercase();
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for (at, _) in folded.match_indices(address) {
        let end = at + address.len();
        out.push_str(text.get(from..at).unwrap_or_default());
        let is_whole = !continues(text.get(..at), text.get(end..));
        out.push_str(if is_whole { GONE } else { text.get(at..end).unwrap_or_default() });
        from = end;
    }
    out + text.get(from..).unwrap_or_default()
}

/// Whether what stands before or behind belongs to the same address.
fn continues(before: Option<&str>, behind: Option<&str>) -> bool {
    let is_local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let mut behind = behind.unwrap_or_default().chars();
    let is_longer = match behind.next() {
        Some('.') => behind.next().is_some_and(char::is_alphanumeric),
        Some(next) => next == '-' || next.is_alphanumeric(),
        None => false,
    };
    is_longer || before.unwrap_or_default().chars().next_back().is_some_and(is_local)
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
        let spelt = vec!["Ana@B\u{fc}cher.test".to_owned()];
        assert_eq!(without(&spelt, &["ana@xn--bcher-kva.test".to_owned()]).unwrap(), [GONE]);
    }

    #[test]
    fn an_address_in_which_it_stands_is_another() {
        for other in ["mariana@trade.test", "m.ana@trade.test", "ana@trade.test.example", "ana@trade.tests", "żana@trade.test"] {
            assert_eq!(replaced(other, "ana@trade.test"), other);
        }
        for (text, cleaned) in [
            ("unknown: ana@trade.test.", "unknown: erased@invalid."),
            ("mariana@trade.test ana@trade.test", "mariana@trade.test erased@invalid"),
            ("rcpt=ana@trade.test", "rcpt=erased@invalid"),
        ] {
            assert_eq!(replaced(text, "ana@trade.test"), cleaned);
        }
    }
}
