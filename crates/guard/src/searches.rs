//! How often an account is searched for invoices, payments and bank accounts: who reads a mailbox in secret looks for these first.
//!
//! Only that such words were searched for is counted, by day; what was searched for is not kept.

use store::{StoreError, Tx, params};

use crate::shelf::day;
use crate::signals::intent::speaks_of_invoices;

/// Days for which they are counted.
const KEPT_DAYS: i64 = 14;

/// Searches of one day that are counted; more say no more.
const DAILY_MAX: i64 = 1000;

/// Whether one of the words that are searched for is that of an invoice, a payment or an account, in the languages of trade.
#[must_use]
pub fn is_telling<'a>(words: impl IntoIterator<Item = &'a str>) -> bool {
    words.into_iter().any(speaks_of_invoices)
}

/// Counts one such search.
///
/// # Errors
/// If the store fails.
pub fn note(tx: &mut Tx<'_>, account: i64) -> Result<(), StoreError> {
    let now = tx.now();
    tx.execute(
        "INSERT INTO guard_search (account, day, searches, last) VALUES ($1, $2, 1, $3)
         ON CONFLICT (account, day) DO UPDATE SET searches = guard_search.searches + 1, last = $3
         WHERE guard_search.searches < $4",
        params![account, day(now), now.millis(), DAILY_MAX],
    )?;
    Ok(())
}

/// Forgets old counts; gives how many days of accounts.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let before = day(tx.now()) - KEPT_DAYS;
    tx.execute("DELETE FROM guard_search WHERE day < $1", params![before])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_invoices_are_known_in_the_languages_of_trade() {
        for word in ["invoice", "发票", "Rechnung", "factura", "инвойс", "請求書", "hóa đơn", "bank account"]
        {
            assert!(is_telling([word]), "{word}");
        }
        assert!(!is_telling(["holiday", "valves", ""]));
    }
}
