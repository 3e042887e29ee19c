//! Sign-ins, a page at a time.

use env::Timestamp;
use store::page::{Cursor, LOOKED_AT_MAX, OPENED_MAX, Page, fill, merge};
use store::{StoreError, Tx, params};

use crate::event::{Event, Raw, Whose};
use crate::{Answer, Outcome, Said, WatchError};

/// Which events are wanted: those that meet all conditions.
#[derive(Debug, Clone)]
pub struct WantedEvents {
    /// Whose; of several those of each.
    pub whose: Vec<Whose>,
    /// At this moment or later.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// That people were told of, or that were stopped.
    pub odd: bool,
    /// Of which the person has said this.
    pub said: Option<Said>,
    /// From this country, by its code.
    pub country: Option<String>,
    /// Behind this place.
    pub after: Cursor,
    /// At most so many.
    pub limit: usize,
}

const OF_ACCOUNT: &str = "SELECT id, organisation, account, at, outcome, answer, said, detail FROM sign_in_event
    WHERE account = $1 AND at >= $2 AND at <= $3 AND (at < $3 OR id < $4) ORDER BY at DESC, id DESC LIMIT $5";

const OF_ORGANISATION: &str = "SELECT id, organisation, account, at, outcome, answer, said, detail FROM sign_in_event
    WHERE organisation = $1 AND at >= $2 AND at <= $3 AND (at < $3 OR id < $4) ORDER BY at DESC, id DESC LIMIT $5";

/// A page of events, the latest first.
///
/// # Errors
/// [`WatchError`] if the store fails.
pub fn page_events(tx: &mut Tx<'_>, wanted: &WantedEvents) -> Result<Page<Event>, WatchError> {
    let mut pages = Vec::new();
    for whose in &wanted.whose {
        pages.push(page_of(tx, wanted, *whose)?);
    }
    let place = |event: &Event| Cursor { at: event.at.millis(), id: event.id };
    merge(pages, wanted.limit, place).map_err(|error| StoreError::Corrupt { what: error.to_string() }.into())
}

fn page_of(tx: &mut Tx<'_>, wanted: &WantedEvents, whose: Whose) -> Result<Page<Event>, WatchError> {
    let (sql, number) = match whose {
        Whose::Account(account) => (OF_ACCOUNT, account),
        Whose::Organisation(organisation) => (OF_ORGANISATION, organisation),
        Whose::Nobody => (OF_ORGANISATION, 0),
    };
    let since = wanted.since.map_or(i64::MIN, Timestamp::millis);
    let until = wanted.until.map_or(Cursor::START, |until| Cursor { at: until.millis(), id: i64::MIN });
    let block = |tx: &mut Tx<'_>, after: &Cursor, count: usize| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let rows = tx.rows(sql, params![number, since, after.at, after.id, count], Raw::read)?;
        Ok(rows.into_iter().map(|raw| (Cursor { at: raw.at, id: raw.id }, raw)).collect())
    };
    let keep = |tx: &mut Tx<'_>, raw: Raw| {
        let [outcome, answer, said] = &raw.words;
        let is_odd = Answer::read(answer).is_some_and(|answer| answer >= Answer::Tell);
        let is_wanted = wanted.outcome.is_none_or(|wanted| wanted.as_str() == outcome)
            && (!wanted.odd || is_odd)
            && wanted.said.is_none_or(|wanted| wanted.as_str() == said);
        if !is_wanted {
            return Ok(None);
        }
        let event = raw.open(tx)?;
        let is_there = |country: &String| {
            event.detail.place.country.as_ref().is_some_and(|found| found.eq_ignore_ascii_case(country))
        };
        Ok(if wanted.country.as_ref().is_none_or(is_there) { Some(event) } else { None })
    };
    let looked_at_max = if wanted.country.is_some() { OPENED_MAX } else { LOOKED_AT_MAX };
    fill(tx, wanted.after.min(until), (wanted.limit, looked_at_max), block, keep)
}
