//! Points in time between backups: *steps*, each of which brings a copy from the moment of the one before to its own.
//!
//! They stand in a repository of their own in the folder `steps` beside the backups, which stays small, so that a step a minute costs little
//! there. What a list of them needs is in the labels of backups and steps.

use rustic_core::repofile::SnapshotFile;
use serde::Serialize;
use store::copy::Point;
use store::journal::Followed;

use crate::BackupError;
use crate::moment::moment_text;
use crate::repository::{Backup, Target, millis, snapshots, tagged};

/// Marks the snapshots that are steps.
pub(crate) const TAG: &str = "tradewind-step";

/// Time between two points that is no gap. Steps are taken more often than once a minute; one that had to wait for the one before may be late.
const GAP_MILLIS: i64 = 120_000;

/// A step in a repository. Moments are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub(crate) chain: i64,
    /// Its number in the chain, counted from 1.
    pub number: i64,
    pub(crate) from: (i64, i64),
    pub(crate) to: (i64, i64),
    /// When it was last known that the step before lacked nothing.
    pub since: i64,
    /// The moment that it shows: all is in it that was committed before.
    pub taken: i64,
    /// Nothing is in it that was committed after.
    pub until: i64,
}

impl Step {
    pub(crate) fn label(&self) -> String {
        let Self { chain, number, from, to, since, until, .. } = self;
        format!("step:{chain}:{number}:{}:{}:{}:{}:{since}:{until}", from.0, from.1, to.0, to.1)
    }

    pub(crate) fn of(snapshot: &SnapshotFile) -> Option<Self> {
        let numbers = numbers(&snapshot.label, "step:")?;
        let [chain, number, from_first, from_second, to_first, to_second, since, until] = numbers[..] else {
            return None;
        };
        let (from, to) = ((from_first, from_second), (to_first, to_second));
        Some(Self { chain, number, from, to, since, taken: millis(snapshot), until })
    }

    /// What a standby that has carried it out notes.
    pub(crate) fn followed(&self) -> Followed {
        Followed { chain: self.chain, number: self.number, mark: self.to, taken: self.taken }
    }
}

fn numbers(label: &str, kind: &str) -> Option<Vec<i64>> {
    label.strip_prefix(kind)?.split(':').map(|part| part.parse().ok()).collect()
}

/// What a backup's label tells: its place in the journal, and when nothing more came into it.
pub(crate) fn label_of_backup(point: Option<Point>, until: i64) -> Option<String> {
    point.map(|point| format!("point:{}:{}:{}:{until}", point.chain, point.mark.0, point.mark.1))
}

/// A backup with its place in the journal.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) snapshot: SnapshotFile,
    pub(crate) point: Option<Point>,
    taken: i64,
    until: i64,
}

impl Base {
    pub(crate) fn of(snapshot: SnapshotFile) -> Self {
        let taken = millis(&snapshot);
        match numbers(&snapshot.label, "point:").as_deref() {
            Some([chain, first, second, until]) => {
                let point = Some(Point { chain: *chain, mark: (*first, *second) });
                Self { point, taken, until: *until, snapshot }
            }
            _ => Self { point: None, taken, until: taken, snapshot },
        }
    }

    /// The steps that lead on from it, in order, up to the first that is missing.
    pub(crate) fn leading_on<'s>(&self, steps: &'s [Step]) -> Vec<&'s Step> {
        self.point.map_or_else(Vec::new, |point| leading_on(point.chain, point.mark, steps))
    }

    pub(crate) fn followed(&self) -> Followed {
        let (chain, mark) = self.point.map_or((0, (0, 0)), |point| (point.chain, point.mark));
        Followed { chain, number: 0, mark, taken: self.taken }
    }
}

/// The steps of `chain` that lead on from `mark`, in order, up to the first that is missing. One that begins earlier than the one before ended
/// leads on as well: it was taken again, since it was not known that the first had got there.
pub(crate) fn leading_on(chain: i64, mark: (i64, i64), steps: &[Step]) -> Vec<&Step> {
    let mut further: Vec<&Step> = steps.iter().filter(|step| step.chain == chain && step.to > mark).collect();
    further.sort_by_key(|step| (step.to, step.taken));
    let mut reached = mark;
    let leads_on = |step: &&Step| {
        let fits = step.from <= reached;
        reached = step.to;
        fits
    };
    let whole = further.iter().copied().take_while(leads_on).count();
    further.truncate(whole);
    further
}

/// Moments that can be reached, in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The first: that of a backup.
    pub from: i64,
    /// The last.
    pub to: i64,
    /// How many points lie in between, the last included.
    pub steps: u64,
}

/// All that a repository has.
pub(crate) struct Points {
    pub(crate) bases: Vec<Base>,
    pub(crate) steps: Vec<Step>,
}

/// What was chosen to reach a moment.
pub(crate) struct Way {
    pub(crate) base: Base,
    pub(crate) steps: Vec<Step>,
}

impl Points {
    pub(crate) fn read(target: &Target) -> Result<Self, BackupError> {
        let repository = target.open()?;
        let bases = snapshots(target, &repository)?.into_iter().map(Base::of).collect();
        Ok(Self { bases, steps: steps(target)? })
    }

    /// The spans of moments that can be reached, the oldest first.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for base in &self.bases {
            let steps = base.leading_on(&self.steps);
            let span = Span {
                from: base.until,
                to: steps.last().map_or(base.until, |last| last.until),
                steps: steps.len() as u64,
            };
            match spans.last_mut() {
                // A backup amid the steps from an earlier one adds none.
                Some(last) if base.until <= last.to && span.to <= last.to => {}
                Some(last) if base.until <= last.to => {
                    let more = steps.iter().filter(|step| step.until > last.to).count() as u64;
                    (last.to, last.steps) = (span.to, last.steps + more);
                }
                _ => spans.push(span),
            }
        }
        spans
    }

    /// The newest backup before the moment `to`, and the steps from there to the last point before it.
    pub(crate) fn way(&self, target: &Target, to: i64) -> Result<Way, BackupError> {
        let base = self.bases.iter().rev().find(|base| base.until <= to).ok_or_else(|| BackupError::NoBackup {
            location: target.location.clone(),
            which: match self.bases.first() {
                Some(first) => format!("from before then: the first one shows {}", moment_text(first.until)),
                None => "at all".to_owned(),
            },
        })?;
        let whole = base.leading_on(&self.steps);
        let steps: Vec<Step> = whole.iter().filter(|step| step.until <= to).map(|step| (*step).clone()).collect();
        let last = steps.last().map_or(base.taken, |last| last.taken);
        let gap = |after: Option<i64>| BackupError::Gap {
            from: moment_text(steps.last().map_or(base.until, |last| last.until)),
            to: after.map(moment_text),
            location: target.location.clone(),
        };
        if let Some(next) = whole.get(steps.len()) {
            // Between what the step lacks at its beginning and its own moment anything may have happened.
            let is_gap = next.taken - next.since.max(last) > GAP_MILLIS && to >= next.since;
            return if is_gap { Err(gap(Some(next.until))) } else { Ok(Way { base: base.clone(), steps }) };
        }
        // Nothing leads on: later points are others'. Up to a moment after the last point all was well.
        let later = self.bases.iter().map(|base| base.until).filter(|until| *until > to).min();
        if to - last > GAP_MILLIS && later.is_some() && base.point.is_some() {
            return Err(gap(later));
        }
        Ok(Way { base: base.clone(), steps })
    }

    /// The newest backup, and all steps from there.
    pub(crate) fn newest(&self) -> Option<Way> {
        let base = self.bases.last()?;
        Some(Way { base: base.clone(), steps: base.leading_on(&self.steps).into_iter().cloned().collect() })
    }
}

/// All steps in a repository; none where there never was one.
pub(crate) fn steps(target: &Target) -> Result<Vec<Step>, BackupError> {
    let target = target.of_steps();
    match target.open() {
        Ok(repository) => Ok(tagged(&target, &repository, TAG)?.iter().filter_map(Step::of).collect()),
        Err(BackupError::NoRepository { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The steps of `target` that follow what a standby has carried out, in order; nothing if there is something later to which they do not lead.
/// Blocks.
///
/// # Errors
/// [`BackupError`] if the repository cannot be read.
pub fn follow(target: &Target, followed: &Followed) -> Result<Option<Vec<Step>>, BackupError> {
    let points = Points::read(target)?;
    let next: Vec<Step> = leading_on(followed.chain, followed.mark, &points.steps).into_iter().cloned().collect();
    let reaches = next.last().map_or(followed.taken, |last| last.taken);
    // Beside a backup amid the steps, which shows nothing that they do not.
    let is_beyond = |base: &Base| match base.point {
        Some(point) => point.chain != followed.chain && base.taken > reaches,
        None => base.taken > reaches,
    };
    let is_cut = points.steps.iter().any(|step| step.chain == followed.chain && step.taken > reaches);
    Ok((!is_cut && !points.bases.iter().any(is_beyond)).then_some(next))
}

/// What a repository has, for a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The backups, the oldest first.
    pub backups: Vec<Backup>,
    /// The spans of moments that can be reached, the oldest first.
    pub spans: Vec<Span>,
}

/// The backups in a repository and the moments that can be reached with the steps between them. Blocks.
///
/// # Errors
/// [`BackupError`] if the repository cannot be read.
pub fn list_points(target: &Target) -> Result<Listed, BackupError> {
    let points = Points::read(target)?;
    let backups = points.bases.iter().map(|base| Backup::of(&base.snapshot)).collect();
    Ok(Listed { backups, spans: points.spans() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(number: i64, from: i64, to: i64) -> Step {
        Step { chain: 1, number, from: (from, 0), to: (to, 0), since: from, taken: to, until: to }
    }

    fn moments(mark: i64, steps: &[Step]) -> Vec<i64> {
        leading_on(1, (mark, 0), steps).iter().map(|step| step.taken).collect()
    }

    #[test]
    fn steps_lead_on_as_far_as_none_is_missing() {
        let whole = [step(3, 30, 40), step(1, 10, 20), step(2, 20, 30)];
        assert_eq!(moments(10, &whole), [20, 30, 40]);
        assert_eq!(moments(25, &whole), [30, 40], "amid a step");
        assert_eq!(moments(5, &whole), [0; 0], "what lies before the first is missing");
        assert_eq!(moments(10, &[step(1, 10, 20), step(3, 30, 40)]), [20]);
        // Killed after it had got there and before that was noted.
        let twice = [step(1, 10, 20), step(2, 20, 30), step(2, 20, 35), step(3, 35, 40)];
        assert_eq!(moments(10, &twice), [20, 30, 35, 40]);
        let other = [Step { chain: 2, ..step(1, 10, 20) }];
        assert_eq!(moments(10, &other), [0; 0]);
    }

    #[test]
    fn a_label_tells_everything_of_a_step() {
        let step = Step { from: (7, -2), ..step(3, 7, 9) };
        assert_eq!(step.label(), "step:1:3:7:-2:9:0:7:9");
        assert_eq!(numbers(&step.label(), "step:").map(|all| all.len()), Some(8));
        assert_eq!(numbers("point:1:x", "point:"), None);
    }
}
