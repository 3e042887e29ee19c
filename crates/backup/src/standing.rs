//! What became of the backups in each repository, kept in the store.

use std::time::Duration;

use env::Timestamp;
use store::{Row, StoreError, Tx, params};

use crate::repository::Backup;

/// Octets of a failure that are kept.
const FAILURE_BYTES_MAX: usize = 2_000;

env::words! {
    /// How the backups in a repository stand.
    Health "state of backups" allowed "good, failing, late" {
        /// The last one succeeded, not too long ago.
        Good = "good",
        /// The last one failed.
        Failing = "failing",
        /// The last good one is too old.
        Late = "late",
    }
}

/// What became of the backups in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it is.
    pub location: String,
    /// The moment that the last good one shows.
    pub good: Option<Timestamp>,
    /// Bytes that it brings back.
    pub bytes: u64,
    /// Bytes that it added to the repository.
    pub added_bytes: u64,
    /// When one was tried first.
    pub tried: Timestamp,
    /// Since when they fail, if the last one did.
    pub failing_since: Option<Timestamp>,
    /// Why the last one failed.
    pub failure: String,
    /// What was told last.
    pub told: Health,
}

impl Standing {
    /// How it stands at `now`. A good one that is older than `late_after`, or seems to be from later than now, is too old.
    #[must_use]
    pub fn health(&self, now: Timestamp, late_after: Option<Duration>) -> Health {
        let late_after = late_after.map_or(i64::MAX, |after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
        let age = now.millis().saturating_sub(self.good.unwrap_or(self.tried).millis());
        if age > late_after {
            Health::Late
        } else if self.failing_since.is_some() {
            Health::Failing
        } else {
            Health::Good
        }
    }
}

/// How the backups in `location` stand; nothing if none was ever tried.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn standing(tx: &mut Tx<'_>, location: &str) -> Result<Option<Standing>, StoreError> {
    let moment = |row: &Row<'_>, column| -> Result<Option<Timestamp>, StoreError> {
        Ok(Some(row.int(column)?).filter(|millis| *millis != 0).map(Timestamp::from_millis))
    };
    tx.row(
        "SELECT good, bytes, added_bytes, tried, failing_since, failure, told FROM backup_standing WHERE location = $1",
        params![location],
        |row| {
            Ok(Standing {
                location: location.to_owned(),
                good: moment(row, 0)?,
                bytes: row.int(1)?.unsigned_abs(),
                added_bytes: row.int(2)?.unsigned_abs(),
                tried: Timestamp::from_millis(row.int(3)?),
                failing_since: moment(row, 4)?,
                failure: row.text(5)?.to_owned(),
                told: row.text(6)?.parse().unwrap_or(Health::Good),
            })
        },
    )
}

/// Notes that `backup` is in `location`.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn note_good(tx: &mut Tx<'_>, location: &str, backup: &Backup) -> Result<(), StoreError> {
    let count = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO backup_standing (location, good, bytes, added_bytes, tried, failing_since, failure, told)
         VALUES ($1, $2, $3, $4, $5, 0, '', 'good')
         ON CONFLICT (location) DO UPDATE SET good = $2, bytes = $3, added_bytes = $4, failing_since = 0, failure = ''",
        params![location, backup.taken_millis, count(backup.bytes), count(backup.added_bytes), tx.now().millis()],
    )?;
    Ok(())
}

/// Notes that one could not be taken into `location`, or was found damaged there.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn note_failed(tx: &mut Tx<'_>, location: &str, why: &str) -> Result<(), StoreError> {
    let why = why.get(..why.floor_char_boundary(FAILURE_BYTES_MAX)).unwrap_or_default();
    tx.execute(
        "INSERT INTO backup_standing (location, good, bytes, added_bytes, tried, failing_since, failure, told)
         VALUES ($1, 0, 0, 0, $2, $2, $3, 'good')
         ON CONFLICT (location) DO UPDATE SET failure = $3,
             failing_since = CASE WHEN backup_standing.failing_since = 0 THEN $2 ELSE backup_standing.failing_since END",
        params![location, tx.now().millis(), why],
    )?;
    Ok(())
}

/// Notes that `health` is told now; says whether that is still to be done, so that of several nodes one does it.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn mark_told(tx: &mut Tx<'_>, location: &str, health: Health) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE backup_standing SET told = $2 WHERE location = $1 AND told <> $2",
        params![location, health.as_str()],
    )?;
    Ok(changed == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millis(hours * 3_600_000)
    }

    #[test]
    fn a_state_is_good_failing_or_late() {
        let good = Standing {
            location: "x".to_owned(),
            good: Some(at(100)),
            bytes: 0,
            added_bytes: 0,
            tried: at(1),
            failing_since: None,
            failure: String::new(),
            told: Health::Good,
        };
        let two_days = Some(Duration::from_secs(48 * 3600));
        assert_eq!(good.health(at(148), two_days), Health::Good);
        assert_eq!(good.health(at(149), two_days), Health::Late);
        assert_eq!(good.health(at(10_000), None), Health::Good, "where nothing is planned, nothing is late");
        let failing = Standing { failing_since: Some(at(124)), ..good.clone() };
        assert_eq!(failing.health(at(125), two_days), Health::Failing);
        assert_eq!(failing.health(at(149), two_days), Health::Late);
        let never = Standing { good: None, failing_since: Some(at(1)), ..good };
        assert_eq!(never.health(at(2), two_days), Health::Failing);
        assert_eq!(never.health(at(50), two_days), Health::Late);
    }

    store::on_both_engines!(each_change_is_told_once);

    async fn each_change_is_told_once(store: store::testing::TestStore) {
        let backup = Backup {
            id: "1".to_owned(),
            host: String::new(),
            taken: String::new(),
            taken_millis: 5,
            bytes: 7,
            added_bytes: 3,
        };
        let told = |health| move |tx: &mut Tx<'_>| mark_told(tx, "here", health);
        store.write(|tx| note_failed(tx, "here", "no room")).await.unwrap();
        let first = store.read(|tx| standing(tx, "here")).await.unwrap().unwrap();
        assert_eq!((first.good, first.failure.as_str()), (None, "no room"));
        assert!(store.write(told(Health::Failing)).await.unwrap());
        assert!(!store.write(told(Health::Failing)).await.unwrap(), "once");
        store.write(|tx| note_failed(tx, "here", "gone")).await.unwrap();
        let again = store.read(|tx| standing(tx, "here")).await.unwrap().unwrap();
        assert_eq!((again.failing_since, again.failure.as_str()), (first.failing_since, "gone"));
        store.write(move |tx| note_good(tx, "here", &backup)).await.unwrap();
        let good = store.read(|tx| standing(tx, "here")).await.unwrap().unwrap();
        assert_eq!((good.good.map(Timestamp::millis), good.bytes, good.failing_since), (Some(5), 7, None));
        assert_eq!(good.told, Health::Failing);
        assert!(store.write(told(Health::Good)).await.unwrap());
        assert_eq!(store.read(|tx| standing(tx, "elsewhere")).await.unwrap(), None);
    }
}
