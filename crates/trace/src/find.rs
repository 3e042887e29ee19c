//! Traces are found: newest first, a page at a time.

use std::net::IpAddr;

use env::{Timestamp, least_at};
use store::page::{Cursor, LOOKED_AT_MAX, Page};
use store::{Row, StoreError, Tx, Value, params};

use crate::keep::{DETAIL, Detail};
use crate::marks::{Marks, day_of, first_of, unpack};
use crate::sealed::Keeper;
use crate::{Direction, Found, Outcome, Traced};

/// Traces that wait for the index and are looked at, at most; the index is filled long before there are so many.
const FRESH_MAX: i64 = 50_000;

/// Days that one call looks into for a mark.
const DAYS_MAX: usize = 400;

/// Rows that are looked at together.
const BLOCK_MAX: usize = 5_000;

/// Which traces are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this organisation.
    pub organisation: i64,
    /// Also what is nobody's here, as connections that were refused.
    pub with_nobodys: bool,
    /// From or for this address; `account` is whose it is, if it is somebody's here.
    pub address: Option<String>,
    /// From or for this account, under whatever address, beside what `address` finds.
    pub account: Option<i64>,
    /// From or for an address at this domain.
    pub domain: Option<String>,
    /// With this Message-ID.
    pub message_id: Option<String>,
    /// That came from this client.
    pub client: Option<IpAddr>,
    /// That came at this moment or later.
    pub since: Option<Timestamp>,
    /// That came before this moment.
    pub until: Option<Timestamp>,
    /// That stand so.
    pub outcome: Option<Outcome>,
    /// That went this way.
    pub direction: Option<Direction>,
    /// Of which the filter said this.
    pub verdict: Option<Found>,
}

/// A trace as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Whose it is, and its number.
    pub traced: Traced,
    /// When the message came.
    pub at: Timestamp,
    /// Which way it went.
    pub direction: Direction,
    /// How it stands with it.
    pub outcome: Outcome,
    /// What the filter said.
    pub verdict: Found,
    /// Its octets.
    pub size: u64,
    /// Address in MAIL FROM; empty for the null sender, and where it is not kept.
    pub from: String,
    /// Addresses that it is for.
    pub to: Vec<String>,
    /// Further ones.
    pub more: u64,
    /// Its subject.
    pub subject: String,
    /// Its Message-ID.
    pub message_id: String,
    /// From where it came.
    pub client: Option<IpAddr>,
}

/// A row that may be shown.
pub(crate) struct Raw {
    pub(crate) id: i64,
    numbers: [i64; 5],
    pub(crate) sealed: Vec<u8>,
}

pub(crate) const COLUMNS_OF: &str =
    "SELECT id, at, direction, outcome, verdict, size, detail FROM trace WHERE id = $1 AND organisation = $2";

impl Raw {
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int(0)?,
            numbers: [row.int(1)?, row.int(2)?, row.int(3)?, row.int(4)?, row.int(5)?],
            sealed: row.bytes(6)?.to_vec(),
        })
    }

    pub(crate) fn open(&self, keeper: &Keeper, organisation: i64) -> Result<(Listed, Detail), StoreError> {
        let detail: Detail = keeper.open(DETAIL, &[self.id], &self.sealed)?;
        let [at, direction, outcome, verdict, size] = self.numbers;
        let unknown = || StoreError::Corrupt { what: format!("trace {:x} has a number that no word has", self.id) };
        let listed = Listed {
            traced: Traced { organisation, id: self.id },
            at: Timestamp::from_millis(at),
            direction: Direction::of_number(direction).ok_or_else(unknown)?,
            outcome: Outcome::of_number(outcome).ok_or_else(unknown)?,
            verdict: Found::of_number(verdict).ok_or_else(unknown)?,
            size: size.unsigned_abs(),
            from: detail.from.clone(),
            to: detail.to.clone(),
            more: detail.more,
            subject: detail.subject.clone(),
            message_id: detail.message_id.clone(),
            client: detail.client,
        };
        Ok((listed, detail))
    }
}

/// What one walk has found: the latest first, and down to which number it has looked; none if to the end.
struct Walked {
    rows: Vec<(i64, Raw)>,
    reached: Option<i64>,
}

/// Where a walk begins and ends, what it keeps, and how much it wants.
#[derive(Clone, Copy)]
struct Terms {
    organisation: i64,
    /// Numbers below this one.
    before: i64,
    /// Not below this one.
    least: i64,
    outcome: i64,
    direction: i64,
    verdict: i64,
    wanted: usize,
}

impl Terms {
    fn of(filter: &Filter, organisation: i64, before: i64, wanted: usize) -> Self {
        let until = filter.until.map_or(i64::MAX, least_at);
        Self {
            organisation,
            before: before.min(until),
            least: filter.since.map_or(0, least_at),
            outcome: filter.outcome.map_or(0, Outcome::number),
            direction: filter.direction.map_or(0, Direction::number),
            verdict: filter.verdict.map_or(0, Found::number),
            wanted,
        }
    }

    fn admits(&self, raw: &Raw) -> bool {
        let [_, direction, outcome, verdict, _] = raw.numbers;
        let fits = |wanted: i64, number: i64| wanted == 0 || wanted == number;
        fits(self.direction, direction) && fits(self.outcome, outcome) && fits(self.verdict, verdict)
    }

    /// Whether a row of this number stands between beginning and end.
    fn spans(&self, id: i64) -> bool {
        (self.least..self.before).contains(&id)
    }
}

/// A page of traces behind `after`, the latest first.
///
/// # Errors
/// [`StoreError`] if the organisation is gone or the store fails.
pub fn find(tx: &mut Tx<'_>, filter: &Filter, after: Cursor, limit: usize) -> Result<Page<Listed>, StoreError> {
    let mut walks = Vec::new();
    let whose =
        std::iter::once(filter.organisation).chain((filter.with_nobodys && filter.organisation != 0).then_some(0));
    for organisation in whose {
        let terms = Terms::of(filter, organisation, after.id, limit + 1);
        let keeper = Keeper::of(tx, organisation)?;
        match wanted_marks(&keeper, filter) {
            None => walks.push((organisation, walk_all(tx, terms)?)),
            Some((anyone, all)) => {
                let fresh = walk_fresh(tx, terms, &anyone, &all)?;
                walks.push((organisation, fresh));
                for mark in &anyone {
                    walks.push((organisation, walk_marked(tx, terms, *mark, &all)?));
                }
            }
        }
    }
    page_of(tx, walks, limit)
}

/// The marks of which one must be there, and those that must all be there too; none if no mark is asked for.
fn wanted_marks(keeper: &Keeper, filter: &Filter) -> Option<(Vec<i64>, Vec<i64>)> {
    let marks = Marks(keeper.hashing());
    let mut all: Vec<i64> = Vec::new();
    // What few traces have comes first: by it they are looked for.
    all.extend(filter.message_id.as_deref().map(|id| marks.message_id(id)));
    let mut anyone: Vec<i64> = filter.address.as_deref().map(|address| marks.address(address)).into_iter().collect();
    anyone.extend(filter.account.map(|account| marks.account(account)));
    all.extend(filter.client.map(|client| marks.client(client)));
    all.extend(filter.domain.as_deref().map(|domain| marks.domain(domain)));
    if anyone.is_empty() {
        anyone.push(if all.is_empty() { return None } else { all.remove(0) });
    }
    Some((anyone, all))
}

/// What all walks have looked at, in one order.
fn page_of(tx: &mut Tx<'_>, walks: Vec<(i64, Walked)>, limit: usize) -> Result<Page<Listed>, StoreError> {
    let reached = walks.iter().filter_map(|(_, walked)| walked.reached).max();
    let mut rows: Vec<(i64, i64, Raw)> = Vec::new();
    for (organisation, walked) in walks {
        rows.extend(walked.rows.into_iter().map(|(id, raw)| (id, organisation, raw)));
    }
    rows.sort_by_key(|(id, ..)| std::cmp::Reverse(*id));
    rows.dedup_by_key(|(id, ..)| *id);
    // Below this number one walk has looked and another has not.
    rows.retain(|(id, ..)| reached.is_none_or(|reached| *id >= reached));
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    let mut items = Vec::with_capacity(rows.len());
    for (_, organisation, raw) in &rows {
        let keeper = Keeper::of(tx, *organisation)?;
        items.push(raw.open(&keeper, *organisation)?.0);
    }
    let last = items.last().filter(|_| is_more).map(|last| last.traced.id);
    let next = last.or(reached).map(|id| Cursor { at: env::moment_of(id).millis(), id }.to_string());
    Ok(Page { items, next })
}

/// Everything of an organisation, by its index.
fn walk_all(tx: &mut Tx<'_>, terms: Terms) -> Result<Walked, StoreError> {
    let Terms { organisation, least, .. } = terms;
    let (mut rows, mut before, mut looked_at, mut block) = (Vec::new(), terms.before, 0, terms.wanted);
    loop {
        let (lowest, count) = block_of(
            tx,
            "SELECT MIN(id), COUNT(*) FROM (SELECT id FROM trace WHERE organisation = $1 AND id < $2 AND id >= $3
             ORDER BY id DESC LIMIT $4) AS block",
            params![organisation, before, least, signed(block)],
        )?;
        let Some(lowest) = lowest else { return Ok(Walked { rows, reached: None }) };
        let wanted = terms.wanted - rows.len();
        let found = tx.rows(
            "SELECT id, at, direction, outcome, verdict, size, detail FROM trace
             WHERE organisation = $1 AND id < $2 AND id >= $3
             AND (CAST($4 AS BIGINT) = 0 OR outcome = CAST($4 AS BIGINT))
             AND (CAST($5 AS BIGINT) = 0 OR direction = CAST($5 AS BIGINT))
             AND (CAST($6 AS BIGINT) = 0 OR verdict = CAST($6 AS BIGINT))
             ORDER BY id DESC LIMIT $7",
            params![organisation, before, lowest, terms.outcome, terms.direction, terms.verdict, signed(wanted)],
            |row| Raw::read(row).map(|raw| (raw.id, raw)),
        )?;
        rows.extend(found);
        looked_at += count;
        if let Some(last) = rows.last().filter(|_| rows.len() >= terms.wanted).map(|(id, _)| *id) {
            return Ok(Walked { rows, reached: Some(last) });
        }
        if count < block {
            return Ok(Walked { rows, reached: None });
        }
        if looked_at >= LOOKED_AT_MAX {
            return Ok(Walked { rows, reached: Some(lowest) });
        }
        (before, block) = (lowest, (block * 4).min(BLOCK_MAX));
    }
}

/// What has the mark and the further ones, day by day.
fn walk_marked(tx: &mut Tx<'_>, terms: Terms, mark: i64, further: &[i64]) -> Result<Walked, StoreError> {
    let mut rows: Vec<(i64, Raw)> = Vec::new();
    let oldest = tx.row("SELECT MIN(day) FROM trace_mark", params![], |row| row.int_opt(0))?.flatten();
    let newest = tx.row("SELECT MAX(day) FROM trace_mark", params![], |row| row.int_opt(0))?.flatten();
    let (Some(oldest), Some(newest)) = (oldest, newest) else { return Ok(Walked { rows, reached: None }) };
    let oldest = oldest.max(day_of(terms.least));
    let mut day = newest.min(day_of(terms.before));
    let mut looked_at = 0;
    for _ in 0..DAYS_MAX {
        if day < oldest {
            return Ok(Walked { rows, reached: None });
        }
        if let Some(reached) = walk_day(tx, terms, (day, mark, further), &mut rows, &mut looked_at)? {
            return Ok(Walked { rows, reached: Some(reached) });
        }
        day -= 1;
    }
    Ok(Walked { rows, reached: Some(first_of(day + 1)) })
}

/// One day of that; down to which number it has looked, if that is enough.
fn walk_day(
    tx: &mut Tx<'_>,
    terms: Terms,
    (day, mark, further): (i64, i64, &[i64]),
    rows: &mut Vec<(i64, Raw)>,
    looked_at: &mut usize,
) -> Result<Option<i64>, StoreError> {
    let nth = |place: usize| further.get(place).copied().unwrap_or(0);
    let (mut before, mut block) = (terms.before, terms.wanted);
    loop {
        let (lowest, count) = block_of(
            tx,
            "SELECT MIN(id), COUNT(*) FROM (SELECT id FROM trace_mark WHERE day = $1 AND mark = $2 AND id < $3 AND id >= $4
             ORDER BY id DESC LIMIT $5) AS block",
            params![day, mark, before, terms.least, signed(block)],
        )?;
        let Some(lowest) = lowest else { return Ok(None) };
        let wanted = terms.wanted - rows.len();
        let found = tx.rows(
            "SELECT t.id, t.at, t.direction, t.outcome, t.verdict, t.size, t.detail
             FROM trace_mark m JOIN trace t ON t.id = m.id
             WHERE m.day = $1 AND m.mark = $2 AND m.id < $3 AND m.id >= $4 AND t.organisation = $5
             AND (CAST($6 AS BIGINT) = 0 OR t.outcome = CAST($6 AS BIGINT))
             AND (CAST($7 AS BIGINT) = 0 OR t.direction = CAST($7 AS BIGINT))
             AND (CAST($8 AS BIGINT) = 0 OR t.verdict = CAST($8 AS BIGINT))
             AND (CAST($9 AS BIGINT) = 0 OR EXISTS
                 (SELECT 1 FROM trace_mark x WHERE x.day = $1 AND x.mark = CAST($9 AS BIGINT) AND x.id = m.id))
             AND (CAST($10 AS BIGINT) = 0 OR EXISTS
                 (SELECT 1 FROM trace_mark x WHERE x.day = $1 AND x.mark = CAST($10 AS BIGINT) AND x.id = m.id))
             AND (CAST($11 AS BIGINT) = 0 OR EXISTS
                 (SELECT 1 FROM trace_mark x WHERE x.day = $1 AND x.mark = CAST($11 AS BIGINT) AND x.id = m.id))
             ORDER BY m.id DESC LIMIT $12",
            &[
                Value::from(day),
                mark.into(),
                before.into(),
                lowest.into(),
                terms.organisation.into(),
                terms.outcome.into(),
                terms.direction.into(),
                terms.verdict.into(),
                nth(0).into(),
                nth(1).into(),
                nth(2).into(),
                signed(wanted).into(),
            ],
            |row| Raw::read(row).map(|raw| (raw.id, raw)),
        )?;
        rows.extend(found);
        *looked_at += count;
        if let Some(last) = rows.last().filter(|_| rows.len() >= terms.wanted) {
            return Ok(Some(last.0));
        }
        if count < block {
            return Ok(None);
        }
        if *looked_at >= LOOKED_AT_MAX {
            return Ok(Some(lowest));
        }
        (before, block) = (lowest, (block * 4).min(BLOCK_MAX));
    }
}

/// What waits for the index and has one of the marks, and all further ones.
fn walk_fresh(tx: &mut Tx<'_>, terms: Terms, anyone: &[i64], further: &[i64]) -> Result<Walked, StoreError> {
    let mut ids = Vec::new();
    tx.for_each("SELECT id, marks FROM trace_fresh ORDER BY id DESC LIMIT $1", params![FRESH_MAX], |row| {
        let id = row.int(0)?;
        let has = |wanted: &i64| -> Result<bool, StoreError> { Ok(unpack(row.bytes(1)?).any(|mark| mark == *wanted)) };
        if !terms.spans(id) {
            return Ok(());
        }
        let mut is_wanted = false;
        for mark in anyone {
            is_wanted |= has(mark)?;
        }
        for mark in further {
            is_wanted &= has(mark)?;
        }
        ids.extend(is_wanted.then_some(id));
        Ok(())
    })?;
    let mut rows = Vec::new();
    for id in ids {
        let raw = tx.row(COLUMNS_OF, params![id, terms.organisation], Raw::read)?;
        rows.extend(raw.filter(|raw| terms.admits(raw)).map(|raw| (id, raw)));
        if let Some((last, _)) = rows.last().filter(|_| rows.len() >= terms.wanted) {
            let reached = Some(*last);
            return Ok(Walked { rows, reached });
        }
    }
    Ok(Walked { rows, reached: None })
}

/// The lowest number of a block, and how many rows it has.
fn block_of(tx: &mut Tx<'_>, sql: &'static str, params: &[Value<'_>]) -> Result<(Option<i64>, usize), StoreError> {
    let found = tx.row(sql, params, |row| Ok((row.int_opt(0)?, row.int(1)?)))?;
    let (lowest, count) = found.unwrap_or_default();
    Ok((lowest, usize::try_from(count).unwrap_or(0)))
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
