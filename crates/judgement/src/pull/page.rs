//! What was pulled, a page at a time.

use std::fmt;
use std::str::FromStr;

use env::Timestamp;
use store::page::{LOOKED_AT_MAX, NoCursor, OPENED_MAX, Page, fill};
use store::{Tx, params};

use super::{Pulled, Way};
use crate::{JudgementError, threats};

/// Which copies are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of this organisation.
    pub organisation: i64,
    /// The sender or the subject of the message has this in it.
    pub text: Option<String>,
    /// Of accounts whose main address has this in it.
    pub person: Option<String>,
    /// Where the copies are.
    pub place: Option<PulledPlace>,
    /// Behind this copy.
    pub after: After,
    /// Copies of the page.
    pub limit: usize,
}

env::words! {
    /// Where a copy is that was pulled.
    PulledPlace "place of what was pulled" allowed "junk, quarantine, returned" {
        /// In the junk mailbox.
        Junk = "junk",
        /// In quarantine.
        Quarantine = "quarantine",
        /// In the inbox again.
        Returned = "returned",
    }
}

/// A place in the list: the moment, the account and the message in it, as many copies are pulled in one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After([i64; 3]);

impl Default for After {
    fn default() -> Self {
        Self([i64::MAX; 3])
    }
}

impl After {
    /// What a request gives, or the beginning.
    ///
    /// # Errors
    /// [`NoCursor`] for anything that no page has given.
    pub fn read(text: Option<&str>) -> Result<Self, NoCursor> {
        text.map_or(Ok(Self::default()), str::parse)
    }
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([at, account, message]) = self;
        write!(f, "{at:x}-{account:x}-{message:x}")
    }
}

impl FromStr for After {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let numbers = text.trim().split('-').map(|part| i64::from_str_radix(part, 16)).collect::<Result<Vec<_>, _>>();
        let numbers: Option<[i64; 3]> = numbers.ok().and_then(|numbers| numbers.try_into().ok());
        numbers.map(Self).ok_or_else(|| NoCursor(text.to_owned()))
    }
}

/// A copy with the sender and the subject of its message; none of what is no longer kept.
pub type Shown = (Pulled, Option<(String, String)>);

/// A page of what was pulled, the latest first.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn page(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Page<Shown>, JudgementError> {
    let text = wanted.text.as_deref().map(str::to_lowercase);
    let person = wanted.person.as_deref().map(str::to_lowercase);
    let looked_at_max = if text.is_some() || person.is_some() { OPENED_MAX } else { LOOKED_AT_MAX };
    let block = |tx: &mut Tx<'_>, After([at, account, message]): &After, count: usize| {
        let rows = tx.rows(
            "SELECT judged, account, at, state, message FROM mail_pulled WHERE organisation = $1 AND at <= $2
                 AND (at < $2 OR account < $3 OR (account = $3 AND message < $4))
             ORDER BY at DESC, account DESC, message DESC LIMIT $5",
            params![wanted.organisation, *at, *account, *message, i64::try_from(count).unwrap_or(i64::MAX)],
            |row| {
                let state = row.text(3)?;
                let pulled = Pulled {
                    judged: row.int(0)?,
                    account: row.int(1)?,
                    at: Timestamp::from_millis(row.int(2)?),
                    is_held: state == Way::Held.as_str(),
                    is_returned: state == "returned",
                };
                Ok((After([row.int(2)?, row.int(1)?, row.int(4)?]), pulled))
            },
        )?;
        Ok::<_, JudgementError>(rows)
    };
    let keep = |tx: &mut Tx<'_>, pulled: Pulled| {
        let is_there = wanted.place.is_none_or(|place| place == place_of(&pulled));
        if !is_there {
            return Ok(None);
        }
        if let Some(person) = &person {
            let address = identity::list_addresses(tx, pulled.account)?.into_iter().next().unwrap_or_default();
            if !address.to_lowercase().contains(person) {
                return Ok(None);
            }
        }
        let head = threats::head(tx, pulled.judged)?;
        if let Some(text) = &text {
            let has = |shown: &String| shown.to_lowercase().contains(text);
            if !head.as_ref().is_some_and(|(from, subject)| has(from) || has(subject)) {
                return Ok(None);
            }
        }
        Ok(Some((pulled, head)))
    };
    fill(tx, wanted.after, (wanted.limit, looked_at_max), block, keep)
}

fn place_of(pulled: &Pulled) -> PulledPlace {
    match (pulled.is_returned, pulled.is_held) {
        (true, _) => PulledPlace::Returned,
        (false, true) => PulledPlace::Quarantine,
        (false, false) => PulledPlace::Junk,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_they_are_written() {
        let after = After([1_800_000_000_000, 7, 42]);
        assert_eq!(after.to_string().parse(), Ok(after));
        assert_eq!(After::read(None), Ok(After::default()));
        for wrong in ["", "1-2", "1-2-3-4", "x-1-2"] {
            assert!(After::read(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
