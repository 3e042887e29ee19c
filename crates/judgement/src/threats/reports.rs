//! What people said of judged mail, and how well the judging did by it.

use std::collections::BTreeMap;

use env::Timestamp;
use store::{Tx, params};

use super::{Place, shown};
use crate::kept::DETAIL;
use crate::{Detail, JudgementError, sealed};

/// Reported messages that are counted.
const COUNTED_MAX: i64 = 50_000;

const DAY_MILLIS: i64 = 86_400_000;

/// What somebody said of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// Number of the message.
    pub judged: i64,
    /// Who.
    pub account: i64,
    /// It is junk; else it is honest.
    pub is_junk: bool,
    /// By somebody who looks after the quarantine.
    pub is_officer: bool,
    /// When.
    pub at: Timestamp,
    /// Author of the message.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// What was done with it.
    pub action: String,
    /// Whether somebody who looks after the quarantine has spoken of it.
    pub is_decided: bool,
    /// Where it stands in the list.
    pub place: Place,
}

/// What people said of mail, the latest first: since a moment, behind a place.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn reported(
    tx: &mut Tx<'_>,
    organisation: i64,
    since: Timestamp,
    after: Option<Place>,
    count: usize,
) -> Result<Vec<Reported>, JudgementError> {
    let (at, id) = after.unwrap_or((i64::MAX, i64::MAX));
    let rows = tx.rows(
        "SELECT r.judged, r.account, r.kind, r.weight, r.at, r.id, j.action, j.detail,
            (SELECT COUNT(*) FROM mail_report o WHERE o.judged = r.judged AND o.weight > 1)
         FROM mail_report r JOIN judged j ON j.id = r.judged
         WHERE r.organisation = $1 AND r.at >= $2 AND (r.at < $3 OR (r.at = $3 AND r.id < $4))
         ORDER BY r.at DESC, r.id DESC LIMIT $5",
        params![organisation, since.millis(), at, id, i64::try_from(count).unwrap_or(i64::MAX)],
        |row| {
            let report = Reported {
                judged: row.int(0)?,
                account: row.int(1)?,
                is_junk: row.text(2)? == "junk",
                is_officer: row.int(3)? > 1,
                at: Timestamp::from_millis(row.int(4)?),
                from: String::new(),
                subject: String::new(),
                action: row.text(6)?.to_owned(),
                is_decided: row.int(8)? > 0,
                place: (row.int(4)?, row.int(5)?),
            };
            Ok((report, row.bytes(7)?.to_vec()))
        },
    )?;
    let key = tx.context().keys.organisation(tx, organisation)?;
    rows.into_iter()
        .map(|(mut report, detail)| {
            let detail: Detail = sealed::open(&key, DETAIL, report.judged, &detail)?;
            (report.from, report.subject) = shown(&detail);
            Ok(report)
        })
        .collect()
}

/// One day of judging, in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QualityDay {
    /// Messages from outside that were judged.
    pub judged: u64,
    /// Of them those that did not go into the inbox.
    pub stopped: u64,
    /// Stopped, and people say that it is junk.
    pub rightly_stopped: u64,
    /// Stopped, and people say that it is honest.
    pub wrongly_stopped: u64,
    /// Let into the inbox, and people say that it is junk.
    pub missed: u64,
    /// Let into the inbox, and people say that it is honest.
    pub rightly_let: u64,
}

/// How well the judging does by what people say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quality {
    /// Each day on which mail came, by its number since 1970.
    pub days: BTreeMap<i64, QualityDay>,
    /// Messages of which as many say that they are junk as that they are honest.
    pub undecided: u64,
}

impl Quality {
    /// All days together.
    #[must_use]
    pub fn sum(&self) -> QualityDay {
        self.days.values().fold(QualityDay::default(), |sum, day| QualityDay {
            judged: sum.judged + day.judged,
            stopped: sum.stopped + day.stopped,
            rightly_stopped: sum.rightly_stopped + day.rightly_stopped,
            wrongly_stopped: sum.wrongly_stopped + day.wrongly_stopped,
            missed: sum.missed + day.missed,
            rightly_let: sum.rightly_let + day.rightly_let,
        })
    }
}

/// Whether what is done keeps a message out of the inbox.
fn is_stopped(action: &str) -> bool {
    matches!(action, "junk" | "quarantine" | "hold" | "refuse")
}

/// Counts what was done with mail since a moment, and what people said of it. Who looks after the quarantine counts twice.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn quality(tx: &mut Tx<'_>, organisation: i64, since: Timestamp) -> Result<Quality, JudgementError> {
    let mut found = Quality::default();
    tx.for_each(
        "SELECT at / 86400000, action, COUNT(*) FROM judged WHERE organisation = $1 AND at >= $2 AND direction = 'in'
         GROUP BY at / 86400000, action",
        params![organisation, since.millis()],
        |row| {
            let (action, count) = (row.text(1)?, row.int(2)?.unsigned_abs());
            let day = found.days.entry(row.int(0)?).or_default();
            day.judged += count;
            day.stopped += if is_stopped(action) { count } else { 0 };
            Ok(())
        },
    )?;
    tx.for_each(
        "SELECT j.id, j.at, j.action, CAST(SUM(CASE WHEN r.kind = 'junk' THEN r.weight ELSE 0 - r.weight END) AS BIGINT)
         FROM mail_report r JOIN judged j ON j.id = r.judged
         WHERE r.organisation = $1 AND j.at >= $2 AND j.direction = 'in' GROUP BY j.id, j.at, j.action LIMIT $3",
        params![organisation, since.millis(), COUNTED_MAX],
        |row| {
            let (stopped, said) = (is_stopped(row.text(2)?), row.int(3)?);
            let day = found.days.entry(row.int(1)? / DAY_MILLIS).or_default();
            match (stopped, said.signum()) {
                (true, 1) => day.rightly_stopped += 1,
                (true, -1) => day.wrongly_stopped += 1,
                (false, 1) => day.missed += 1,
                (false, -1) => day.rightly_let += 1,
                _ => found.undecided += 1,
            }
            Ok(())
        },
    )?;
    Ok(found)
}
