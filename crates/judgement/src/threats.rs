//! Mail in which something was found, as those see it who defend an organisation: one by one, by what messages have in common, and by what
//! people said of them.

mod campaigns;
mod reports;

use std::collections::BTreeSet;

use env::Timestamp;
use filter::Verdict;
use store::{Row, StoreError, Tx, params};

use crate::kept::DETAIL;
use crate::marks::{self, MarkKind};
use crate::{Detail, JudgementError, sealed};

pub use campaigns::{Campaign, CampaignPlace, WantedCampaigns, campaigns, page_campaigns};
pub use reports::{Quality, QualityDay, Reported, quality, reported};

/// Messages that are compared with one, the latest.
const COMPARED_MAX: i64 = 20_000;

/// Characters of a name or a subject that are shown.
const SHOWN_CHARS_MAX: usize = 200;

/// A place in a list that goes by time, the latest first: milliseconds since 1970, then the number.
pub type Place = (i64, i64);

/// Which messages are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What was done with them; all but those that were delivered without a word, if nothing is named.
    pub action: String,
    /// Since then.
    pub since: i64,
    /// Behind this place.
    pub after: Option<Place>,
    /// Only those that share sender, template or picture with this message, those that were delivered included.
    pub alike: Option<i64>,
    /// How many.
    pub count: usize,
}

/// A message in which something was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Threat {
    /// Its number.
    pub id: i64,
    /// When it came.
    pub at: Timestamp,
    /// From outside; else from somebody here.
    pub is_in: bool,
    /// Its author, as he says.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// What was done in the end.
    pub action: String,
    /// Why.
    pub verdict: Verdict,
    /// Copies that wait in quarantine.
    pub waiting: u64,
    /// Copies that lie in mailboxes.
    pub copies: u64,
}

impl Threat {
    /// Where it stands in the list.
    #[must_use]
    pub const fn place(&self) -> Place {
        (self.at.millis(), self.id)
    }
}

/// A row of `judged`, still sealed.
struct Raw {
    id: i64,
    at: i64,
    is_in: bool,
    action: String,
    detail: Vec<u8>,
    waiting: i64,
    copies: i64,
}

impl Raw {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int(0)?,
            at: row.int(1)?,
            is_in: row.text(2)? == "in",
            action: row.text(3)?.to_owned(),
            detail: row.bytes(4)?.to_vec(),
            waiting: row.int(5)?,
            copies: row.int(6)?,
        })
    }

    fn open(self, tx: &mut Tx<'_>, organisation: i64) -> Result<Threat, JudgementError> {
        let key = tx.context().keys.organisation(tx, organisation)?;
        let detail: Detail = sealed::open(&key, DETAIL, self.id, &self.detail)?;
        let (from, subject) = shown(&detail);
        Ok(Threat {
            id: self.id,
            at: Timestamp::from_millis(self.at),
            is_in: self.is_in,
            from,
            subject,
            action: self.action,
            verdict: detail.verdict,
            waiting: self.waiting.unsigned_abs(),
            copies: self.copies.unsigned_abs(),
        })
    }
}

/// Author and subject of a message, as lists show them.
fn shown(detail: &Detail) -> (String, String) {
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN_CHARS_MAX).collect();
    let Some(facts) = &detail.facts else { return (plain(&detail.envelope_from), String::new()) };
    let from = facts.from.as_ref().map_or_else(
        || detail.envelope_from.clone(),
        |from| if from.name.is_empty() { from.address.clone() } else { format!("{} <{}>", from.name, from.address) },
    );
    (plain(&from), plain(&facts.subject))
}

/// Author and subject of the judged message `id`, as lists show them; nothing of what is no longer kept.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn head(tx: &mut Tx<'_>, id: i64) -> Result<Option<(String, String)>, JudgementError> {
    match crate::load(tx, id) {
        Ok(judged) => Ok(Some(shown(&judged.detail))),
        Err(JudgementError::NotKept(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Messages of an organisation, the latest first.
///
/// # Errors
/// [`JudgementError::NotKept`] if the message that others should be like is not kept, or the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64, wanted: &Wanted) -> Result<Vec<Threat>, JudgementError> {
    let (at, id) = wanted.after.unwrap_or((i64::MAX, i64::MAX));
    if let Some(alike) = wanted.alike {
        let ids = alike_to(tx, organisation, alike, wanted.since)?;
        let behind = ids.into_iter().filter(|place| *place < (at, id)).take(wanted.count);
        return behind.map(|(_, id)| load(tx, organisation, id)).collect();
    }
    let rows = tx.rows(
        "SELECT j.id, j.at, j.direction, j.action, j.detail,
            (SELECT COUNT(*) FROM quarantine_recipient r WHERE r.quarantine = j.id AND r.state = 'held'),
            (SELECT COUNT(*) FROM judged_copy c WHERE c.judged = j.id)
         FROM judged j WHERE j.organisation = $1 AND j.at >= $2 AND (j.at < $3 OR (j.at = $3 AND j.id < $4))
            AND ((CAST($5 AS TEXT) = '' AND j.action <> 'deliver') OR j.action = $5)
         ORDER BY j.at DESC, j.id DESC LIMIT $6",
        params![organisation, wanted.since, at, id, &wanted.action, i64::try_from(wanted.count).unwrap_or(i64::MAX)],
        Raw::read,
    )?;
    rows.into_iter().map(|raw| raw.open(tx, organisation)).collect()
}

fn load(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Threat, JudgementError> {
    let raw = tx.row(
        "SELECT j.id, j.at, j.direction, j.action, j.detail,
            (SELECT COUNT(*) FROM quarantine_recipient r WHERE r.quarantine = j.id AND r.state = 'held'),
            (SELECT COUNT(*) FROM judged_copy c WHERE c.judged = j.id)
         FROM judged j WHERE j.id = $2 AND j.organisation = $1",
        params![organisation, id],
        Raw::read,
    )?;
    raw.ok_or(JudgementError::NotKept(id))?.open(tx, organisation)
}

/// Messages that share sender, template or picture with the message `id`, that one included, the latest first.
fn alike_to(tx: &mut Tx<'_>, organisation: i64, id: i64, since: i64) -> Result<Vec<Place>, JudgementError> {
    let row = tx.row(
        "SELECT marks, detail FROM judged WHERE id = $1 AND organisation = $2",
        params![id, organisation],
        |row| Ok((row.bytes(0)?.to_vec(), row.bytes(1)?.to_vec())),
    )?;
    let (packed, detail) = row.ok_or(JudgementError::NotKept(id))?;
    let wanted = telling(tx, organisation, id, &packed, &detail)?;
    let mut found = Vec::new();
    tx.for_each(
        "SELECT id, at, marks FROM judged WHERE organisation = $1 AND at >= $2 ORDER BY at DESC, id DESC LIMIT $3",
        params![organisation, since, COMPARED_MAX],
        |row| {
            if row.int(0)? == id || marks::has_any(row.bytes(2)?, &wanted) {
                found.push((row.int(1)?, row.int(0)?));
            }
            Ok(())
        },
    )?;
    Ok(found)
}

/// The marks of a message but those of its links, which messages have in common that have nothing else to do with it.
fn telling(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    packed: &[u8],
    detail: &[u8],
) -> Result<BTreeSet<i64>, JudgementError> {
    let mut all = marks::unpacked(packed);
    let key = tx.context().keys.organisation(tx, organisation)?;
    let detail: Detail = sealed::open(&key, DETAIL, id, detail)?;
    if let Some(facts) = &detail.facts {
        for mark in marks::numbered(facts, &key).iter().filter(|mark| mark.kind == MarkKind::Link) {
            all.remove(&mark.number);
        }
    }
    Ok(all)
}
