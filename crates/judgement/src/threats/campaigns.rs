//! Messages that belong together: from one sender, of one template, with one link or picture.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use env::Timestamp;
use store::page::{NoCursor, Page};
use store::{Tx, params};

use super::{COMPARED_MAX, shown};
use crate::marks::{self, MarkKind};
use crate::{JudgementError, kept};

/// Campaigns that one list gives.
const CAMPAIGNS_MAX: usize = 100;

/// Messages that make a campaign.
const MESSAGES_MIN: usize = 2;

/// Where so many times as many harmless messages have a link in common, it is everybody's.
const HARMLESS_FACTOR: usize = 4;

/// Messages that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Number of the newest message.
    pub newest: i64,
    /// When the first came.
    pub first: Timestamp,
    /// When the newest came.
    pub last: Timestamp,
    /// Author of the newest.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// What they have in common: sender, link, look or picture.
    pub common: &'static str,
    /// Which one.
    pub evidence: String,
    /// How many, by what was done with them.
    pub done: BTreeMap<String, u64>,
    /// Messages of which a copy waits in quarantine.
    pub waiting: u64,
    /// Copies that were pulled back after delivery.
    pub pulled: u64,
}

/// A message as it is compared.
struct One {
    id: i64,
    at: i64,
    action: String,
    marks: BTreeSet<i64>,
}

impl One {
    fn is_threat(&self) -> bool {
        self.action != "deliver"
    }
}

/// Campaigns of an organisation since a moment, the largest first; told by the latest messages alone.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn campaigns(tx: &mut Tx<'_>, organisation: i64, since: Timestamp) -> Result<Vec<Campaign>, JudgementError> {
    let wanted = WantedCampaigns { since, limit: CAMPAIGNS_MAX, ..WantedCampaigns::default() };
    Ok(page_campaigns(tx, organisation, &wanted)?.items)
}

/// Which campaigns are wanted: those that meet all conditions.
#[derive(Debug, Clone)]
pub struct WantedCampaigns {
    /// From this moment on.
    pub since: Timestamp,
    /// The author, the subject or what they share has this in it.
    pub text: Option<String>,
    /// Only those of which something reached an inbox and was not pulled back.
    pub reached: bool,
    /// Behind this place.
    pub after: CampaignPlace,
    /// Campaigns of the page.
    pub limit: usize,
}

impl Default for WantedCampaigns {
    fn default() -> Self {
        let after = CampaignPlace { threats: usize::MAX, mark: i64::MIN };
        Self { since: Timestamp::from_millis(0), text: None, reached: false, after, limit: CAMPAIGNS_MAX }
    }
}

/// A place in the list of campaigns: how many of the messages are threats, and what they share. The largest come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CampaignPlace {
    threats: usize,
    mark: i64,
}

impl CampaignPlace {
    /// What a request gives, or the beginning.
    ///
    /// # Errors
    /// [`NoCursor`] for anything that no page has given.
    pub fn read(text: Option<&str>) -> Result<Self, NoCursor> {
        text.map_or_else(|| Ok(WantedCampaigns::default().after), str::parse)
    }

    fn order(self) -> (std::cmp::Reverse<usize>, i64) {
        (std::cmp::Reverse(self.threats), self.mark)
    }
}

impl fmt::Display for CampaignPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.threats, self.mark.cast_unsigned())
    }
}

impl FromStr for CampaignPlace {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let read = || {
            let (threats, mark) = text.trim().split_once('-')?;
            let mark = u64::from_str_radix(mark, 16).ok()?.cast_signed();
            Some(Self { threats: usize::from_str_radix(threats, 16).ok()?, mark })
        };
        read().ok_or_else(|| NoCursor(text.to_owned()))
    }
}

impl Campaign {
    /// Messages that went into inboxes, and were not pulled back.
    #[must_use]
    pub fn reached(&self) -> u64 {
        let of = |action: &str| self.done.get(action).copied().unwrap_or(0);
        (of("deliver") + of("warn")).saturating_sub(self.pulled)
    }

    fn has(&self, text: &str) -> bool {
        [&self.from, &self.subject, &self.evidence].iter().any(|part| part.to_lowercase().contains(text))
    }
}

/// A page of campaigns, the largest first; told by the latest messages alone. What comes in between two pages may move a campaign.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn page_campaigns(
    tx: &mut Tx<'_>,
    organisation: i64,
    wanted: &WantedCampaigns,
) -> Result<Page<Campaign>, JudgementError> {
    let all = tx.rows(
        "SELECT id, at, action, marks FROM judged WHERE organisation = $1 AND at >= $2 AND direction = 'in'
         ORDER BY at DESC, id DESC LIMIT $3",
        params![organisation, wanted.since.millis(), COMPARED_MAX],
        |row| {
            let (action, marks) = (row.text(2)?.to_owned(), marks::unpacked(row.bytes(3)?));
            Ok(One { id: row.int(0)?, at: row.int(1)?, action, marks })
        },
    )?;
    let text = wanted.text.as_deref().map(str::to_lowercase);
    let mut told = Told::of(tx, organisation, wanted.since)?;
    let (mut items, mut last) = (Vec::new(), None);
    for (place, indices) in groups(&all) {
        let fresh: Vec<&One> =
            indices.iter().filter_map(|index| all.get(*index)).filter(|one| !told.taken.contains(&one.id)).collect();
        // Those of earlier pages are made too: what belongs to one of them belongs to no other.
        let Some(campaign) = told.campaign(tx, place.mark, &fresh)? else { continue };
        let is_behind = place.order() > wanted.after.order();
        let fits = text.as_deref().is_none_or(|text| campaign.has(text)) && (!wanted.reached || campaign.reached() > 0);
        if !is_behind || !fits {
            continue;
        }
        if items.len() == wanted.limit {
            return Ok(Page { items, next: last.map(|place: CampaignPlace| place.to_string()) });
        }
        items.push(campaign);
        last = Some(place);
    }
    Ok(Page { items, next: None })
}

/// Messages that share a mark and are threats, the largest groups first.
fn groups(all: &[One]) -> Vec<(CampaignPlace, Vec<usize>)> {
    let mut of_mark: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (index, one) in all.iter().enumerate() {
        one.marks.iter().for_each(|mark| of_mark.entry(*mark).or_default().push(index));
    }
    let threats = |at: &[usize]| at.iter().filter(|index| all.get(**index).is_some_and(One::is_threat)).count();
    let mut groups: Vec<(CampaignPlace, Vec<usize>)> = of_mark
        .into_iter()
        .map(|(mark, indices)| (CampaignPlace { threats: threats(&indices), mark }, indices))
        .filter(|(place, _)| place.threats >= MESSAGES_MIN)
        .collect();
    groups.sort_by_key(|(place, _)| place.order());
    groups
}

/// What is known beside the messages, and which of them are told of.
struct Told {
    waiting: BTreeSet<i64>,
    pulled: BTreeMap<i64, u64>,
    taken: BTreeSet<i64>,
}

impl Told {
    fn of(tx: &mut Tx<'_>, organisation: i64, since: Timestamp) -> Result<Self, JudgementError> {
        let waiting = tx.rows(
            "SELECT q.id FROM quarantine q WHERE q.organisation = $1 AND q.at >= $2
             AND EXISTS (SELECT 1 FROM quarantine_recipient r WHERE r.quarantine = q.id AND r.state = 'held') LIMIT $3",
            params![organisation, since.millis(), COMPARED_MAX],
            |row| row.int(0),
        )?;
        let pulled = tx.rows(
            "SELECT judged, COUNT(*) FROM mail_pulled WHERE organisation = $1 AND at >= $2 AND state <> 'returned'
             GROUP BY judged LIMIT $3",
            params![organisation, since.millis(), COMPARED_MAX],
            |row| Ok((row.int(0)?, row.int(1)?.unsigned_abs())),
        )?;
        Ok(Self {
            waiting: waiting.into_iter().collect(),
            pulled: pulled.into_iter().collect(),
            taken: BTreeSet::new(),
        })
    }

    /// The campaign of messages that share `mark`, the latest first; none if there are too few, or what they share says nothing.
    fn campaign(&mut self, tx: &mut Tx<'_>, mark: i64, all: &[&One]) -> Result<Option<Campaign>, JudgementError> {
        let threats: Vec<&&One> = all.iter().filter(|one| one.is_threat()).collect();
        let (Some(newest), true) = (threats.first(), threats.len() >= MESSAGES_MIN) else { return Ok(None) };
        let judged = match kept::load(tx, newest.id) {
            Ok(judged) => judged,
            Err(JudgementError::NotKept(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let key = tx.context().keys.organisation(tx, judged.organisation)?;
        let (from, subject) = shown(&judged.detail);
        let named = judged.detail.facts.as_ref().map(|facts| marks::numbered(facts, &key)).unwrap_or_default();
        let named = named.into_iter().find(|named| named.number == mark);
        let harmless = all.len() - threats.len();
        let is_link = named.as_ref().is_some_and(|named| named.kind == MarkKind::Link);
        if is_link && harmless > HARMLESS_FACTOR * threats.len() {
            return Ok(None);
        }
        let (common, evidence) = match named {
            Some(named) if named.kind == MarkKind::Sender => ("sender", named.evidence),
            Some(named) if named.kind == MarkKind::Link => ("link", named.evidence),
            Some(named) if named.kind == MarkKind::Look => ("look", named.evidence),
            _ => ("picture", subject.clone()),
        };
        let mut done = BTreeMap::new();
        for one in all {
            *done.entry(one.action.clone()).or_insert(0) += 1;
        }
        self.taken.extend(all.iter().map(|one| one.id));
        let first = all.iter().map(|one| one.at).min().unwrap_or(newest.at);
        Ok(Some(Campaign {
            newest: newest.id,
            first: Timestamp::from_millis(first),
            last: Timestamp::from_millis(newest.at),
            from,
            subject,
            common,
            evidence,
            done,
            waiting: all.iter().filter(|one| self.waiting.contains(&one.id)).count() as u64,
            pulled: all.iter().filter_map(|one| self.pulled.get(&one.id)).sum(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        for place in [CampaignPlace { threats: 7, mark: -3 }, CampaignPlace { threats: 2, mark: i64::MAX }] {
            assert_eq!(place.to_string().parse(), Ok(place));
            assert!(place.order() > CampaignPlace::read(None).unwrap().order(), "all are behind the beginning");
        }
        assert!(CampaignPlace { threats: 7, mark: 5 }.order() < CampaignPlace { threats: 2, mark: 1 }.order());
        for wrong in ["", "12", "x-y"] {
            assert!(CampaignPlace::read(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
