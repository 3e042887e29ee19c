//! Accounts that are nearly full, and who has been told.

use store::{Tx, params};

use crate::RetentionError;

/// How full an account is when its owner is told, in percent.
const STEPS: [Step; 3] = [Step::Full, Step::Nearly, Step::Filling];

/// A step on the way to a full account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// 80 %.
    Filling,
    /// 95 %.
    Nearly,
    /// 100 %: strangers are told to come again later, until there is room.
    Full,
}

impl Step {
    /// In percent.
    #[must_use]
    pub const fn percent(self) -> u64 {
        match self {
            Self::Filling => 80,
            Self::Nearly => 95,
            Self::Full => 100,
        }
    }

    fn of(bytes: u64, quota_bytes: u64) -> Option<Self> {
        let reached = |step: &Step| u128::from(bytes) * 100 >= u128::from(quota_bytes) * u128::from(step.percent());
        STEPS.into_iter().find(reached)
    }
}

/// How full an account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fullness {
    /// The account.
    pub account: i64,
    /// Bytes of its mail.
    pub bytes: u64,
    /// Bytes that it may have; 0 for no limit.
    pub quota_bytes: u64,
}

/// Accounts whose owners are to be told that they have reached a step, or that are emptier than when they were told (`None`), which is only to
/// be noted; `limit` at most, by their numbers, after `after`.
///
/// # Errors
/// If the store fails.
pub fn to_tell(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(Fullness, Option<Step>)>, RetentionError> {
    let rows = tx.rows(
        "SELECT a.id, a.bytes, a.quota_bytes, COALESCE(t.percent, 0) FROM account a
         LEFT JOIN quota_told t ON t.account = a.id
         WHERE a.id > $1 AND (a.quota_bytes > 0 AND a.bytes * 5 >= a.quota_bytes * 4 OR t.percent > 0)
         ORDER BY a.id LIMIT $2",
        params![after, i64::from(limit)],
        |row| {
            let known = Fullness {
                account: row.int(0)?,
                bytes: row.int(1)?.unsigned_abs(),
                quota_bytes: row.int(2)?.unsigned_abs(),
            };
            Ok((known, row.int(3)?.unsigned_abs()))
        },
    )?;
    let step = |(known, told): (Fullness, u64)| {
        let step = (known.quota_bytes > 0).then(|| Step::of(known.bytes, known.quota_bytes)).flatten();
        let reached = step.map_or(0, Step::percent);
        match reached.cmp(&told) {
            std::cmp::Ordering::Greater => Some((known, step)),
            std::cmp::Ordering::Less => Some((known, None)),
            std::cmp::Ordering::Equal => None,
        }
    };
    Ok(rows.into_iter().filter_map(step).collect())
}

/// Notes what the owner of an account was told; of one that is emptier now, the step that it is at.
///
/// # Errors
/// If the store fails.
pub fn mark_told(tx: &mut Tx<'_>, known: &Fullness) -> Result<(), RetentionError> {
    let step = (known.quota_bytes > 0).then(|| Step::of(known.bytes, known.quota_bytes)).flatten();
    match step {
        None => tx.execute("DELETE FROM quota_told WHERE account = $1", params![known.account])?,
        Some(step) => tx.execute(
            "INSERT INTO quota_told (account, percent, at) VALUES ($1, $2, $3)
             ON CONFLICT (account) DO UPDATE SET percent = $2, at = $3",
            params![known.account, i64::try_from(step.percent()).unwrap_or(100), tx.now().millis()],
        )?,
    };
    Ok(())
}

/// The accounts of an organisation that take the most room, the largest first.
///
/// # Errors
/// If the store fails.
pub fn fullest(tx: &mut Tx<'_>, organisation: i64, limit: u32) -> Result<Vec<Fullness>, RetentionError> {
    let rows = tx.rows(
        "SELECT id, bytes, quota_bytes FROM account WHERE organisation = $1 ORDER BY bytes DESC, id LIMIT $2",
        params![organisation, i64::from(limit)],
        |row| {
            Ok(Fullness {
                account: row.int(0)?,
                bytes: row.int(1)?.unsigned_abs(),
                quota_bytes: row.int(2)?.unsigned_abs(),
            })
        },
    )?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_reached_at_its_percent_and_not_before() {
        assert_eq!(Step::of(799, 1000), None);
        assert_eq!(Step::of(800, 1000), Some(Step::Filling));
        assert_eq!(Step::of(949, 1000), Some(Step::Filling));
        assert_eq!(Step::of(950, 1000), Some(Step::Nearly));
        assert_eq!(Step::of(1000, 1000), Some(Step::Full));
        assert_eq!(Step::of(u64::MAX, 1), Some(Step::Full));
    }
}
