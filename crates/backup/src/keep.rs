//! How long backups are kept.

use std::time::Duration;

use rustic_core::repofile::SnapshotFile;
use rustic_core::{KeepOptions, PruneOptions, jiff};
use serde::Serialize;

use crate::BackupError;
use crate::repository::{Target, millis, snapshots};

/// How long backups are kept. Beyond the days, the last one of each week and month stays for longer (grandfather, father, son).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Days for which every backup is kept.
    pub days: u32,
    /// Weeks of which the last one is kept.
    pub weeks: u32,
    /// Months of which the last one is kept.
    pub months: u32,
    /// The longest time that should lie between two backups; after a longer one nothing is deleted, as the clock may be wrong. None where backups
    /// are taken by hand.
    pub gap_max: Option<Duration>,
}

/// What was kept and what was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Backups that are there.
    pub kept: u64,
    /// Backups that were deleted.
    pub deleted: u64,
    /// Days between the newest backup and the one before, if that is so long that nothing was deleted.
    pub gap_days: Option<u64>,
}

impl Keep {
    /// Deletes the backups in `target` whose time is over at `now` (milliseconds since 1970), and what no other one needs. The newest one always
    /// stays, and so do those of moments to come, which a clock that went wrong has left: by them nothing is judged. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if the repository cannot be read or written.
    pub fn apply(self, target: &Target, now: i64) -> Result<Kept, BackupError> {
        let target = &target.for_pruning();
        let repository = target.open()?;
        let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let options = KeepOptions::default()
            .keep_last(1)
            .keep_within(jiff::Span::new().try_days(i64::from(self.days)).unwrap_or_default())
            .keep_weekly(count(self.weeks))
            .keep_monthly(count(self.months));
        let (to_come, past): (Vec<_>, Vec<_>) =
            snapshots(target, &repository)?.into_iter().partition(|snapshot| millis(snapshot) > now);
        if let Some(gap_days) = self.gap(&past) {
            return Ok(Kept { kept: (past.len() + to_come.len()) as u64, deleted: 0, gap_days: Some(gap_days) });
        }
        let now = jiff::Timestamp::from_millisecond(now).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
        let judged = target.told(options.apply(past, &now))?;
        let over: Vec<_> = judged.iter().filter(|one| !one.keep).map(|one| one.snapshot.id).collect();
        let (kept, deleted) = ((judged.len() - over.len() + to_come.len()) as u64, over.len() as u64);
        if !over.is_empty() {
            target.told(repository.delete_snapshots(&over))?;
            let options = PruneOptions::default();
            let plan = target.told(repository.prune_plan(&options))?;
            target.told(repository.prune(&options, plan))?;
        }
        Ok(Kept { kept, deleted, gap_days: None })
    }

    /// Days between the two newest of these, if they are too many.
    fn gap(self, past: &[SnapshotFile]) -> Option<u64> {
        let [.., before, newest] = past else { return None };
        let gap = Duration::from_millis(u64::try_from(millis(newest) - millis(before)).unwrap_or(0));
        (gap > self.gap_max?).then_some(gap.as_secs() / 86_400)
    }
}
