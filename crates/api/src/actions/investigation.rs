//! Investigations over many mailboxes.

use std::time::Duration;

use ::investigation::{
    Investigation, InvestigationError, Item, Mark, NewInvestigation, Search, SearchDone, Terms, Wanted,
};
use access::Via;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::IdentityError;
use identity::rights::{self, Event, Outcome};
use mailbox::search::Budget;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Store, Tx};

use super::caller::{Bounds, Caller};
use super::grants::parse_day;
use super::people::pick_organisation;
use super::retention::asker;
use super::{Controls, Leave, Refused, letters};

/// How long a request waits for its search; after that the search goes on without it.
const SEARCH_WAIT: Duration = Duration::from_secs(10);

/// How long what was found may be fetched after that was allowed.
const FETCH_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Octets of a message that is shown.
const SHOWN_BYTES_MAX: u64 = 32 << 20;

/// An investigation to be opened.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvestigationToOpen {
    /// Name, as lawyers call the matter.
    pub name: String,
    /// Why; the second person and an auditor read it.
    pub reason: String,
    /// Addresses of the accounts whose mail is looked into. It is held from now on, whoever removes it.
    pub custodians: Vec<String>,
    /// It serves legal claims: mail of custodians whose data is restricted is searched, too.
    #[serde(default)]
    pub legal_claims: bool,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// A search in the mail of all custodians: messages that meet all conditions, at least one of which is needed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvestigationQuery {
    /// Number of the investigation.
    pub id: String,
    /// Words or phrases, each of which stands somewhere in the message or in the name of an attachment.
    #[serde(default)]
    pub words: Vec<String>,
    /// An author or a recipient has this in name or address.
    pub with: Option<String>,
    /// The author has this in name or address.
    pub from: Option<String>,
    /// This stands in the subject.
    pub subject: Option<String>,
    /// Received from this day on, such as 2026-01-31.
    pub since: Option<String>,
    /// Received before this day.
    pub before: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// Which messages of an investigation are listed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvestigationPage {
    /// Number of the investigation.
    pub id: String,
    /// With this mark alone: unseen, relevant, irrelevant or privileged.
    pub mark: Option<String>,
    /// Those that the search of this number was the first to find.
    pub search: Option<i64>,
    /// Behind this message, as the page before gives it.
    pub after: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// What is thought of a message.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvestigationMark {
    /// Number of the investigation.
    pub id: String,
    /// The message, as the list gives it.
    pub message: String,
    /// unseen, relevant, irrelevant or privileged.
    pub mark: String,
    /// What is to be known of it.
    #[serde(default)]
    pub note: String,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// An investigation to be closed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvestigationToClose {
    /// Its number.
    pub id: String,
    /// What came of it.
    pub reason: String,
    /// Its legal hold ends too; what it alone has kept goes within a day.
    #[serde(default)]
    pub release_hold: bool,
    /// Those whose mail was looked into are not told. The record says so.
    #[serde(default)]
    pub quietly: bool,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

fn number(id: &str) -> Result<i64, Refused> {
    id.trim().parse().map_err(|_| Refused(format!("{id:?} is no number of an investigation; see investigation-list")))
}

/// A message as lists name it: account and message.
fn place(text: &str) -> Result<(i64, i64), Refused> {
    let read = || {
        let (account, message) = text.trim().split_once('-')?;
        Some((account.parse().ok()?, message.parse().ok()?))
    };
    read().ok_or_else(|| Refused(format!("{text:?} is no message of an investigation; see investigation-items")))
}

pub(super) async fn open(controls: &Controls, by: &Bounds, new: InvestigationToOpen) -> Result<Value, Refused> {
    let InvestigationToOpen { name, reason, custodians, legal_claims, organisation } = new;
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let (name, reason, custodians) = (name.clone(), reason.clone(), custodians.clone());
        let new = NewInvestigation { name, reason, by: asker(tx, &by)?, custodians, legal_claims };
        ::investigation::open(tx, organisation, &new)
    };
    let id = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "id": id.to_string() }))
}

pub(super) async fn add_custodians(
    controls: &Controls,
    by: &Bounds,
    id: String,
    custodians: Vec<String>,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (id, by, added) = (number(&id)?, *by, custodians.len());
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        ::investigation::add_custodians(tx, organisation, id, &custodians)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "added": added }))
}

pub(super) async fn list(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        ::investigation::list(tx, organisation)?.iter().map(|it| shown(tx, it)).collect::<Result<Value, _>>()
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn shown(tx: &mut Tx<'_>, it: &Investigation) -> Result<Value, InvestigationError> {
    let mut custodians = Vec::with_capacity(it.custodians.len());
    for account in &it.custodians {
        custodians.push(address_of(tx, *account)?);
    }
    Ok(json!({
        "id": it.id.to_string(),
        "name": it.name,
        "reason": it.reason,
        "by": it.by,
        "opened": it.opened.to_string(),
        "closed": it.closed.map(|at| at.to_string()),
        "closed_by": it.closed_by,
        "closed_reason": it.closed_reason,
        "hold": it.hold.to_string(),
        "custodians": custodians,
        "legal_claims": it.legal_claims,
    }))
}

fn address_of(tx: &mut Tx<'_>, account: i64) -> Result<String, IdentityError> {
    Ok(identity::list_addresses(tx, account)?.into_iter().next().unwrap_or_else(|| account.to_string()))
}

pub(super) async fn show(
    controls: &Controls,
    by: &Bounds,
    id: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (id, by) = (number(&id)?, *by);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let found = ::investigation::load(tx, organisation, id)?;
        let mut told = shown(tx, &found)?;
        let searches: Vec<Value> = ::investigation::searches(tx, organisation, id)?.iter().map(shown_search).collect();
        told["searches"] = searches.into();
        told["marks"] = ::investigation::counts(tx, id)?
            .into_iter()
            .map(|(mark, messages)| (mark.as_str().to_owned(), Value::from(messages)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        Ok::<_, InvestigationError>(told)
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// A search, as lists and archives have it.
pub(crate) fn shown_search(search: &Search) -> Value {
    let day = |at: Option<i64>| at.map(|at| env::Timestamp::from_millis(at).to_string());
    let Search { number, at, terms, by, done } = search;
    json!({
        "search": number,
        "at": at.to_string(),
        "by": by,
        "words": terms.words,
        "with": terms.with,
        "from": terms.from,
        "subject": terms.subject,
        "since": day(terms.since),
        "before": day(terms.before),
        "custodians": done.custodians,
        "found": done.found,
        "new": done.new,
        "encrypted": done.closed,
        "restricted": done.restricted,
        "whole": done.is_whole,
    })
}

pub(super) async fn search(controls: &Controls, by: &Bounds, query: InvestigationQuery) -> Result<Value, Refused> {
    let InvestigationQuery { id, words, with, from, subject, since, before, organisation } = query;
    let day = |text: Option<String>| text.as_deref().map(parse_day).transpose();
    let (since, before) = (day(since)?.map(|at| at.millis()), day(before)?.map(|at| at.millis()));
    let terms = Terms { words, with, from, subject, since, before };
    let (id, by) = (number(&id)?, *by);
    let begin = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let who = asker(tx, &by)?;
        let number = ::investigation::begin_search(tx, organisation, id, &terms, &who)?;
        let (custodians, restricted) = ::investigation::searchable(tx, organisation, id)?;
        let is_whole = custodians.is_empty();
        let done = SearchDone { restricted, is_whole, ..SearchDone::default() };
        let search = Search { number, at: tx.now(), terms: terms.clone(), by: who, done };
        ::investigation::finish_search(tx, organisation, id, &search)?;
        Ok::<_, InvestigationError>((organisation, custodians, search))
    };
    let (organisation, custodians, search) = controls.store.write(begin).await.map_err(Refused::because)?;
    let number = search.number;
    let running = tokio::spawn(look(controls.store.clone(), organisation, id, custodians, search));
    match tokio::time::timeout(SEARCH_WAIT, running).await {
        Ok(Ok(Ok(search))) => Ok(shown_search(&search)),
        Ok(Ok(Err(error))) => Err(Refused(format!("search {number} broke off: {error}; search again"))),
        Ok(Err(_)) => Err(Refused(format!("search {number} broke off; search again"))),
        // It goes on; `investigation-show` tells how far it is.
        Err(_) => Ok(json!({ "search": number, "whole": false })),
    }
}

/// Searches the mail of one custodian after the other and keeps what is found as it is found.
async fn look(
    store: Store,
    organisation: i64,
    id: i64,
    custodians: Vec<i64>,
    mut search: Search,
) -> Result<Search, InvestigationError> {
    for account in &custodians {
        let (handle, terms, account) = (store.clone(), search.terms.clone(), *account);
        let find =
            move |tx: &mut Tx<'_>| ::investigation::find(tx, handle.blobs(), account, &terms, &Budget::default());
        let (found, closed) = store.read(find).await?;
        search.done.custodians += 1;
        search.done.found += found.len() as u64;
        search.done.closed += closed;
        search.done.is_whole = search.done.custodians == custodians.len() as u64;
        let so_far = search.clone();
        let keep = move |tx: &mut Tx<'_>| {
            let mut so_far = so_far.clone();
            so_far.done.new += ::investigation::note_found(tx, id, so_far.number, account, &found)?;
            ::investigation::finish_search(tx, organisation, id, &so_far)?;
            Ok::<_, InvestigationError>(so_far.done)
        };
        search.done = store.write(keep).await?;
    }
    Ok(search)
}

pub(super) async fn items(controls: &Controls, by: &Bounds, page: InvestigationPage) -> Result<Value, Refused> {
    let InvestigationPage { id, mark, search, after, organisation } = page;
    let mark: Option<Mark> = mark.as_deref().map(str::parse).transpose().map_err(Refused::because)?;
    let wanted = Wanted { mark, search, after: after.as_deref().map(place).transpose()? };
    let (id, by) = (number(&id)?, *by);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let mut rows = Vec::new();
        for item in ::investigation::items(tx, organisation, id, &wanted)? {
            rows.push(shown_item(&item, &address_of(tx, item.account)?));
        }
        Ok::<_, InvestigationError>(rows.into())
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// A message that was found, as lists and manifests have it.
pub(crate) fn shown_item(item: &Item, custodian: &str) -> Value {
    json!({
        "message": format!("{}-{}", item.account, item.message),
        "custodian": custodian,
        "from": item.from,
        "subject": item.subject,
        "message_id": item.message_id,
        "received": item.received.map(|at| at.to_string()),
        "removed": item.removed.map(|at| at.to_string()),
        "journaled_until": item.journaled.map(|at| at.to_string()),
        "envelope": item.envelope.as_ref().map(|it| {
            json!({ "message": it.message, "from": it.from, "to": it.to, "rules": it.rules })
        }),
        "folders": item.folders,
        "search": item.search,
        "mark": item.mark.as_str(),
        "note": item.note,
        "marked_by": item.marked_by,
    })
}

pub(super) async fn message(
    controls: &Controls,
    by: &Bounds,
    id: String,
    message: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (id, by, place) = (number(&id)?, *by, place(&message)?);
    let find = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        ::investigation::source(tx, organisation, id, place)
    };
    let source = controls.store.read(find).await.map_err(Refused::because)?;
    let size = source.size();
    if size > SHOWN_BYTES_MAX {
        return Err(Refused(format!(
            "the message has {size} bytes; more than {SHOWN_BYTES_MAX} are not shown, but exported"
        )));
    }
    let store = controls.store.clone();
    let reading = tokio::task::spawn_blocking(move || source.reader(store.blobs()).read_all());
    let raw = reading.await.map_err(Refused::because)?.map_err(Refused::because)?;
    Ok(json!({ "base64": STANDARD.encode(raw) }))
}

pub(super) async fn mark(controls: &Controls, by: &Bounds, said: InvestigationMark) -> Result<Value, Refused> {
    let InvestigationMark { id, message, mark, note, organisation } = said;
    let (id, by, place) = (number(&id)?, *by, place(&message)?);
    let mark: Mark = mark.parse().map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let who = asker(tx, &by)?;
        ::investigation::mark(tx, organisation, id, place, mark, &note, &who)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "marked": message }))
}

/// Lets the asker fetch what was found, for a day.
pub(super) async fn permit(
    controls: &Controls,
    by: &Bounds,
    id: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let ((account, _), number, by) = (by.person()?, number(&id)?, *by);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let until = tx.now().plus(FETCH_FOR);
        ::investigation::permit_fetch(tx, organisation, number, account, until)?;
        Ok::<_, InvestigationError>(until)
    };
    let until = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "path": format!("/api/v1/investigations/{number}/archive"), "until": until.to_string() }))
}

pub(super) async fn close(controls: &Controls, by: &Bounds, closing: InvestigationToClose) -> Result<Value, Refused> {
    let InvestigationToClose { id, reason, release_hold, quietly, organisation } = closing;
    let (number, by) = (number(&id)?, *by);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let who = asker(tx, &by)?;
        ::investigation::close(tx, organisation, number, &who, &reason, release_hold)
    };
    let closed = controls.store.write(work).await.map_err(Refused::because)?;
    let mut told = 0;
    if !quietly {
        for account in &closed.custodians {
            if letters::tell_custodian(controls, *account, &closed).await {
                told += 1;
            }
        }
    }
    Ok(json!({ "closed": id, "told": told }))
}

/// Why what was found cannot be fetched.
pub(crate) enum NoFetch {
    /// It is not there, or was not allowed: which of the two is not told.
    NotAllowed,
    /// The store failed.
    Temporary(String),
}

impl Controls {
    /// The organisation and the investigation whose messages `caller` may fetch now, and leave to do so, which records it when it is done.
    pub(crate) async fn fetch_leave(&self, caller: &Caller, id: i64) -> Result<(i64, Investigation, Leave), NoFetch> {
        let (account, caller) = (caller.account.ok_or(NoFetch::NotAllowed)?, *caller);
        let work = move |tx: &mut Tx<'_>| {
            let organisation = identity::load_account(tx, account)?.organisation;
            let found = ::investigation::load(tx, organisation, id)?;
            Ok::<_, InvestigationError>((organisation, found, tx.now()))
        };
        let (organisation, found, now) = match self.store.read(work).await {
            Ok(found) => found,
            Err(InvestigationError::NoInvestigation(_)) => return Err(NoFetch::NotAllowed),
            Err(error) => return Err(NoFetch::Temporary(error.to_string())),
        };
        let may = found.closed.is_none() && found.may_fetch(account, now);
        let event = Event {
            organisation,
            account: Some(account),
            via: Via::Http,
            address: caller.address,
            action: "investigation-archive".to_owned(),
            object: format!("investigation {id}"),
            outcome: if may { Outcome::Allowed } else { Outcome::Refused },
            row: String::new(),
        };
        let noted = event.clone();
        let written = self.store.write(move |tx| rights::record(tx, &noted).map(drop)).await;
        written.map_err(|error| NoFetch::Temporary(error.to_string()))?;
        if may { Ok((organisation, found, Leave::of(event))) } else { Err(NoFetch::NotAllowed) }
    }
}
