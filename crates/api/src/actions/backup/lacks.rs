//! What backups lack for the level of protection.

use std::collections::BTreeSet;

use ::backup::{Kind, Target};
use identity::Level;

use super::{BackupPlan, PointsWanted, days_of};

/// Regions that the highest level wants copies in.
pub(super) const REGIONS_MIN: usize = 2;

env::words! {
    /// Something that backups lack for the level of protection.
    Lack "lack of backups" allowed "none, local, one-region, deletable, short, by-hand, no-points" {
        /// There is no repository.
        None = "none",
        /// No repository is off this machine.
        Local = "local",
        /// Those off this machine are in one region.
        OneRegion = "one-region",
        /// Whoever has this machine can delete every copy.
        Deletable = "deletable",
        /// They are kept for fewer days than the level asks.
        Short = "short",
        /// None is taken by itself.
        ByHand = "by-hand",
        /// No points in time are kept between backups.
        NoPoints = "no-points",
    }
}

/// What `plan` lacks for `level`: a repository for each, one off the machine and points in time from `enhanced` on, two regions and one that cannot be emptied from
/// here for `trade`.
pub(super) fn lacks(plan: &BackupPlan, points: PointsWanted, level: Level) -> Vec<Lack> {
    if plan.targets.is_empty() {
        return vec![Lack::None];
    }
    let away: Vec<&Target> = plan.targets.iter().filter(|target| region(target).is_some()).collect();
    let regions: BTreeSet<String> = away.iter().filter_map(|target| region(target)).collect();
    let is_locked = |target: &Target| target.access.lock_days > 0 || target.access.lock.is_some();
    let is_safe = |target: &&Target| is_locked(target) || target.access.prune.is_some() || !plan.prune;
    let mut found = Vec::new();
    if level >= Level::Enhanced && away.is_empty() {
        found.push(Lack::Local);
    }
    if level >= Level::Trade {
        if regions.len() < REGIONS_MIN && !away.is_empty() {
            found.push(Lack::OneRegion);
        }
        if !away.iter().copied().any(|target| is_safe(&target)) {
            found.push(Lack::Deletable);
        }
    }
    if plan.keep.days != 0 && plan.keep.days < days_of(level) {
        found.push(Lack::Short);
    }
    if plan.every.is_none() {
        found.push(Lack::ByHand);
    }
    if level >= Level::Enhanced && !points.is_wanted(level) {
        found.push(Lack::NoPoints);
    }
    found
}

/// The region of a repository off this machine: that which is told of it, or else its host. A directory that is told to have one is mounted
/// from there.
fn region(target: &Target) -> Option<String> {
    if let Some(home) = target.home() {
        return Some(home);
    }
    let place = target.location.split_once(':').map_or("", |(_, place)| place);
    let place = place.split_once("://").map_or(place, |(_, place)| place);
    let host = place.split(['/', ':']).next().unwrap_or_default();
    Kind::of(&target.location).is_elsewhere().then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::time::Duration;

    use ::backup::{Access, Keep, Opened, Wanted};
    use ::store::copy::Pace;

    use super::*;

    fn target(location: &str, region: &str) -> Target {
        let access = Access { region: region.to_owned(), ..Access::default() };
        Target { location: location.to_owned(), access, password: "x".to_owned().into(), opened: Opened::default() }
    }

    fn plan(targets: Vec<Target>) -> BackupPlan {
        let (host, files, progress) = (String::new(), Vec::new(), Arc::default());
        BackupPlan {
            targets,
            wanted: Wanted { host, files, pace: Pace::default(), progress },
            keep: Keep { days: 0, weeks: 0, months: 0, gap_max: None },
            prune: true,
            parts: 0,
            every: Some(Duration::from_secs(60)),
            scratch: PathBuf::new(),
        }
    }

    #[test]
    fn each_level_asks_for_more() {
        let local = || target("/mnt/backup", "");
        assert_eq!(lacks(&plan(Vec::new()), PointsWanted::ByLevel, Level::Basic), [Lack::None]);
        assert_eq!(lacks(&plan(vec![local()]), PointsWanted::ByLevel, Level::Basic), []);
        assert_eq!(lacks(&plan(vec![local()]), PointsWanted::ByLevel, Level::Enhanced), [Lack::Local]);
        assert_eq!(lacks(&plan(vec![target("/mnt/nas", "office")]), PointsWanted::ByLevel, Level::Enhanced), []);
        let one = || target("s3:https://s3.eu.example/mail/x", "");
        assert_eq!(lacks(&plan(vec![local(), one()]), PointsWanted::ByLevel, Level::Enhanced), []);
        assert_eq!(
            lacks(&plan(vec![local(), one()]), PointsWanted::ByLevel, Level::Trade),
            [Lack::OneRegion, Lack::Deletable]
        );
        let other = || target("sftp:mail@backup.cn.example:/srv", "");
        let mut two = plan(vec![one(), other()]);
        assert_eq!(lacks(&two, PointsWanted::ByLevel, Level::Trade), [Lack::Deletable]);
        two.prune = false;
        assert_eq!(lacks(&two, PointsWanted::ByLevel, Level::Trade), []);
        let mut locked = one();
        locked.access.lock_days = 90;
        assert_eq!(lacks(&plan(vec![locked, other()]), PointsWanted::ByLevel, Level::Trade), []);
        two.keep.days = 30;
        two.every = None;
        assert_eq!(lacks(&two, PointsWanted::ByLevel, Level::Trade), [Lack::Short, Lack::ByHand]);
        assert_eq!(lacks(&two, PointsWanted::Off, Level::Trade), [Lack::Short, Lack::ByHand, Lack::NoPoints]);
    }
}
