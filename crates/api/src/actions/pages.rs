//! Lists a page at a time: the same conditions, `cursor`, `limit` and answer for all of them. The older lists, which give everything at
//! once, stay for scripts.

use std::collections::BTreeMap;

use ::guard::cases::{self, CaseState};
use ::judgement::quarantine::{self as judged, Quarantined};
use ::queue::QueueError;
use env::Timestamp;
use identity::rights::{self, Outcome};
use identity::{AccountKind, AccountState, IdentityError, Language, WantedAccounts};
use judgement::JudgementError;
use review::ReviewError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;
use store::page::{Cursor, Page, limit};
use watch::{Said, WantedEvents, Whose};

use super::caller::Bounds;
use super::people::{pick_organisation, user_row};
use super::roles::account_at;
use super::ruling::organisations_of;
use super::threats::why;
use super::{Controls, Refused, access, guard, quarantine, queue, sign_ins};

/// Which accounts are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsersWanted {
    /// The name or an address has this in it.
    pub search: Option<String>,
    /// Of this organisation, by name; of all that one may see if left out.
    pub organisation: Option<String>,
    /// The main address is at this domain.
    pub domain: Option<String>,
    /// active, disabled or frozen.
    pub state: Option<String>,
    /// With this role, as the job or beside it.
    pub role: Option<String>,
    /// person, shared or service.
    pub kind: Option<String>,
    /// The `next` of the page before; the first page if left out.
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    pub limit: Option<u32>,
}

/// Which sign-ins are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInsWanted {
    /// Of the account with this address; of all of the organisation if left out.
    pub address: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
    /// Only those that people were told of, or that were stopped.
    #[serde(default)]
    pub odd: bool,
    /// accepted, wrong, disabled, factor-needed, refused, frozen or throttled.
    pub outcome: Option<String>,
    /// What the person has said of it: mine, not-mine, or nothing.
    pub said: Option<String>,
    /// From this country, by its code, such as DE.
    pub country: Option<String>,
    /// At this moment or later: 2026-11-27, or 2026-11-27T08:30:00Z.
    pub since: Option<String>,
    /// Before this moment.
    pub until: Option<String>,
    /// The `next` of the page before; the first page if left out.
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    pub limit: Option<u32>,
}

/// Which entries of the record are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsWanted {
    /// Brought about by the account with this address, or by `operator`.
    pub actor: Option<String>,
    /// The action of this name, such as user-delete. It cannot be called `action`, which names what is asked for.
    pub of_action: Option<String>,
    /// On something that has this in it.
    pub object: Option<String>,
    /// allowed, refused, step-up, waiting, approved, rejected, done or failed.
    pub outcome: Option<String>,
    /// At this moment or later: 2026-11-27, or 2026-11-27T08:30:00Z.
    pub since: Option<String>,
    /// Before this moment.
    pub until: Option<String>,
    /// The `next` of the page before; the first page if left out.
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    pub limit: Option<u32>,
}

/// Which messages of the queue are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueWanted {
    /// The sender or a recipient has this in the address.
    pub search: Option<String>,
    /// With a recipient at this domain.
    pub domain: Option<String>,
    /// That are held, or that are not.
    pub held: Option<bool>,
    /// That were tried before and are tried again, or that were not.
    pub deferred: Option<bool>,
    /// The `next` of the page before; the first page if left out.
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    pub limit: Option<u32>,
}

/// Which messages in quarantine are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuarantineWanted {
    /// That wait for the account with this address; for all of the organisation if left out.
    pub address: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
    /// The sender or the subject has this in it.
    pub search: Option<String>,
    /// Language of why each waits, zh or en; without one that is left out.
    pub language: Option<String>,
    /// The `next` of the page before; the first page if left out.
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    pub limit: Option<u32>,
}

/// Which cases of the trade guard are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CasesWanted {
    /// All, or only those that wait for finance.
    #[serde(default)]
    pub all: bool,
    /// open, proposed, honest or fraud.
    pub state: Option<String>,
    /// The partner, the sender or the subject has this in it.
    pub search: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
    /// The `next` of the page before; the first page if left out.
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    pub limit: Option<u32>,
}

/// A page as every list gives it: the items, and what the next request is to give as `cursor`.
pub(super) fn answer(page: Page<Value>) -> Value {
    json!({ "items": page.items, "next": page.next })
}

/// A moment as people and programs write it: a day, or a day with a time (UTC).
pub(super) fn moment(text: Option<&str>) -> Result<Option<Timestamp>, Refused> {
    let Some(text) = text.map(str::trim) else { return Ok(None) };
    let read = || {
        let (day, time) = text.split_once(['T', ' ']).map_or((text, "00:00:00"), |(day, time)| (day, time));
        let start = super::grants::parse_day(day).ok()?;
        let mut parts = time.trim_end_matches('Z').splitn(3, ':');
        let mut part = |below: i64| {
            let number: i64 = parts.next().unwrap_or("0").parse().ok()?;
            (0..below).contains(&number).then_some(number)
        };
        let seconds = part(24)? * 3_600 + part(60)? * 60 + part(61)?;
        Some(Timestamp::from_millis(start.millis() + seconds * 1_000))
    };
    read()
        .map(Some)
        .ok_or_else(|| Refused(format!("{text:?} is no moment; write it as 2026-11-27 or 2026-11-27T08:30:00Z")))
}

fn place(cursor: Option<&str>) -> Result<Cursor, Refused> {
    Cursor::read(cursor).map_err(Refused::because)
}

/// Text that is searched for; none of blanks alone.
pub(super) fn text(search: Option<String>) -> Option<String> {
    search.map(|search| search.trim().to_owned()).filter(|search| !search.is_empty())
}

/// A word among those that are allowed.
pub(super) fn word<T: std::str::FromStr<Err = env::UnknownWord>>(given: Option<&str>) -> Result<Option<T>, Refused> {
    given.map(str::parse).transpose().map_err(Refused::because)
}

fn said_of(word: &str) -> Result<Said, Refused> {
    match word {
        "mine" => Ok(Said::Mine),
        "not-mine" => Ok(Said::NotMine),
        "nothing" => Ok(Said::Nothing),
        _ => Err(Refused(format!(
            "{word:?} is nothing that people say of a sign-in; use one of: mine, not-mine, nothing"
        ))),
    }
}

pub(super) async fn users(controls: &Controls, by: &Bounds, wanted: UsersWanted) -> Result<Value, Refused> {
    let (by, state) = (*by, word::<AccountState>(wanted.state.as_deref())?);
    let kind = word::<AccountKind>(wanted.kind.as_deref())?;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = match wanted.organisation.as_deref() {
            Some(name) => Some(pick_organisation(tx, &by, Some(name))?),
            None => by.organisation,
        };
        let wanted = WantedAccounts {
            organisation,
            text: text(wanted.search),
            domain: wanted.domain,
            state,
            kind,
            role: wanted.role,
            after: wanted.cursor.unwrap_or_default(),
            limit: limit(wanted.limit),
        };
        identity::page_accounts(tx, &wanted)?.try_map(|account| Ok::<_, IdentityError>(user_row(&account)))
    };
    controls.store.read(work).await.map(answer).map_err(Refused::because)
}

pub(super) async fn sign_ins(controls: &Controls, by: &Bounds, asked: SignInsWanted) -> Result<Value, Refused> {
    let outcome = match asked.outcome.as_deref() {
        None => None,
        Some(word) => Some(watch::Outcome::read(word).ok_or_else(|| {
            Refused(format!(
                "{word:?} is no outcome of a sign-in; use one of: accepted, wrong, disabled, factor-needed, refused, frozen, throttled"
            ))
        })?),
    };
    let said = asked.said.as_deref().map(said_of).transpose()?;
    let (since, until) = (moment(asked.since.as_deref())?, moment(asked.until.as_deref())?);
    let (by, after) = (*by, place(asked.cursor.as_deref())?);
    let work = move |tx: &mut Tx<'_>| {
        let whose = match &asked.address {
            Some(address) => vec![Whose::Account(sign_ins::account_of(tx, address)?)],
            None => {
                let mut whose = vec![Whose::Organisation(pick_organisation(tx, &by, asked.organisation.as_deref())?)];
                // Names that are nobody's may be anybody's mistyped ones: only where no other organisation is.
                let is_only = identity::list_organisations(tx)?.len() == 1;
                whose.extend(is_only.then_some(Whose::Nobody));
                whose
            }
        };
        let (odd, country, limit) = (asked.odd, text(asked.country), limit(asked.limit));
        let wanted = WantedEvents { whose, since, until, outcome, odd, said, country, after, limit };
        let page = watch::page_events(tx, &wanted)?;
        page.try_map(|event| sign_ins::row(tx, &event))
    };
    controls.store.read(work).await.map(answer).map_err(|error: ReviewError| Refused::because(error))
}

pub(super) async fn events(controls: &Controls, by: &Bounds, asked: EventsWanted) -> Result<Value, Refused> {
    let outcome = word::<Outcome>(asked.outcome.as_deref())?;
    let (since, until) = (moment(asked.since.as_deref())?, moment(asked.until.as_deref())?);
    let (by, after) = (*by, place(asked.cursor.as_deref())?);
    let work = move |tx: &mut Tx<'_>| {
        let mut organisations = organisations_of(tx, by.organisation)?;
        // What concerns no organisation is the operator's to know.
        organisations.extend(by.organisation.is_none().then_some(0));
        let account = match asked.actor.as_deref() {
            None => None,
            Some("operator") => Some(0),
            Some(address) => Some(account_at(tx, address)?),
        };
        let wanted = rights::WantedEvents {
            organisations,
            account,
            action: asked.of_action,
            object: text(asked.object),
            outcome,
            since,
            until,
            after,
            limit: limit(asked.limit),
        };
        let page = rights::page_events(tx, &wanted)?;
        let mut names = BTreeMap::new();
        page.try_map(|event| access::event_row(tx, &mut names, &event))
    };
    controls.store.read(work).await.map(answer).map_err(|error: IdentityError| Refused::because(error))
}

pub(super) async fn queue(controls: &Controls, by: &Bounds, asked: QueueWanted) -> Result<Value, Refused> {
    let wanted = ::queue::Wanted {
        organisation: by.organisation,
        text: text(asked.search),
        domain: asked.domain,
        held: asked.held,
        deferred: asked.deferred,
        after: place(asked.cursor.as_deref())?,
        limit: limit(asked.limit),
    };
    let work =
        move |tx: &mut Tx<'_>| ::queue::page(tx, &wanted)?.try_map(|message| Ok::<_, QueueError>(queue::row(&message)));
    controls.store.read(work).await.map(answer).map_err(Refused::because)
}

pub(super) async fn quarantine(controls: &Controls, by: &Bounds, asked: QuarantineWanted) -> Result<Value, Refused> {
    let (by, after) = (*by, place(asked.cursor.as_deref())?);
    let language = word::<Language>(asked.language.as_deref())?;
    let work = move |tx: &mut Tx<'_>| {
        let (organisation, account) = match &asked.address {
            Some(address) => (0, Some(quarantine::account_of(tx, address)?)),
            None => (pick_organisation(tx, &by, asked.organisation.as_deref())?, None),
        };
        let wanted =
            judged::Wanted { organisation, account, text: text(asked.search), after, limit: limit(asked.limit) };
        judged::page(tx, &wanted)
    };
    let page = controls.store.read(work).await.map_err(Refused::because)?;
    let judge = language.map(|language| controls.elsewhere.judge().map(|judge| (judge, language))).transpose()?;
    let in_words = |one: Quarantined| {
        let mut row = quarantine::row(&one);
        if let Some((judge, language)) = &judge {
            row["why"] = why(judge, &one, *language).into();
        }
        Ok::<_, Refused>(row)
    };
    page.try_map(in_words).map(answer)
}

pub(super) async fn cases(controls: &Controls, by: &Bounds, asked: CasesWanted) -> Result<Value, Refused> {
    let state = match asked.state.as_deref() {
        None => None,
        Some(word) => Some(CaseState::of_word(word).ok_or_else(|| {
            Refused(format!("{word:?} is no state of a case; use one of: open, proposed, honest, fraud"))
        })?),
    };
    let (by, after) = (*by, place(asked.cursor.as_deref())?);
    let work = move |tx: &mut Tx<'_>| {
        let wanted = cases::Wanted {
            organisation: pick_organisation(tx, &by, asked.organisation.as_deref())?,
            // Who names a state means it.
            all: asked.all || state.is_some(),
            state,
            text: text(asked.search),
            after,
            limit: limit(asked.limit),
        };
        cases::page(tx, &wanted)?.try_map(|case| Ok::<_, JudgementError>(guard::row(&case)))
    };
    controls.store.read(work).await.map(answer).map_err(Refused::because)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_days_or_times() {
        let read = |text| moment(Some(text)).ok().flatten().map(|moment| moment.to_string());
        assert_eq!(read("2026-11-27").as_deref(), Some("2026-11-27T00:00:00Z"));
        assert_eq!(read("2026-11-27T08:30:15Z").as_deref(), Some("2026-11-27T08:30:15Z"));
        assert_eq!(read(" 2026-11-27 08:30 ").as_deref(), Some("2026-11-27T08:30:00Z"));
        for wrong in ["yesterday", "2026-11-27T25:00:00Z", "2026-13-01", "2026-11-27T-1:00", ""] {
            let error = moment(Some(wrong)).unwrap_err();
            assert!(error.0.contains("2026-11-27T08:30:00Z"), "{wrong}: {error}");
        }
        assert!(moment(None).unwrap().is_none());
    }
}
