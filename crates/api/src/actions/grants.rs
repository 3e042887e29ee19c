//! Break-glass grants: asked for, decided on, used, ended.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::{Civil, Timestamp};
use identity::IdentityError;
use identity::rights::{self, Grant, GrantWindow, NewGrant};
use mail::message::Summary;
use mailbox::{MailboxError, Name, UidRange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::{PeopleError, pick_organisation};
use super::roles::account_at;
use super::{Controls, Refused};

/// Messages that one list shows, the newest.
const LISTED_MAX: usize = 500;

/// Longest message that is shown, in bytes.
const SHOWN_BYTES_MAX: u64 = 32 << 20;

/// A grant to be asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// Whose mail.
    pub address: String,
    /// Why; the second person and later the owner read it.
    pub reason: String,
    /// For how many hours from the approval on.
    pub hours: u32,
    /// Names of mailboxes; all if none is named.
    #[serde(default)]
    pub mailboxes: Vec<String>,
    /// Only messages received on this day or later (2026-01-31).
    #[serde(default)]
    pub received_from: Option<String>,
    /// Only messages received before this day.
    #[serde(default)]
    pub received_before: Option<String>,
    /// The legal hold that keeps the owner from being told, by its name.
    #[serde(default)]
    pub hold: Option<String>,
}

pub(super) async fn ask(controls: &Controls, by: &Bounds, new: GrantRequest) -> Result<Value, Refused> {
    let (asker, _) = by.person()?;
    let day = |text: &Option<String>| text.as_deref().map(parse_day).transpose();
    let (from, before) = (day(&new.received_from)?, day(&new.received_before)?);
    let names: Result<Vec<Name>, _> = new.mailboxes.iter().map(|name| Name::parse(name)).collect();
    let (names, settings) = (names.map_err(Refused::because)?, controls.access.now());
    let work = move |tx: &mut Tx<'_>| {
        let owner = account_at(tx, &new.address)?;
        let mut window = GrantWindow {
            mailboxes: Vec::new(),
            received_from: from.map(Timestamp::millis),
            received_before: before.map(Timestamp::millis),
        };
        for name in &names {
            let found = mailbox::mailboxes::find(tx, owner, name)?.ok_or(MailboxError::NoSuchMailbox)?;
            window.mailboxes.push(found.id);
        }
        let grant = NewGrant {
            owner,
            asker,
            reason: &new.reason,
            window,
            lasts: Duration::from_secs(u64::from(new.hours) * 3_600),
            hold: new.hold.as_deref(),
        };
        Ok::<_, PeopleError>(rights::ask_grant(tx, &grant, &settings)?)
    };
    let id = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "grant": id, "state": "asked" }))
}

pub(super) async fn decide(controls: &Controls, by: &Bounds, id: i64, approve: bool) -> Result<Value, Refused> {
    let (second, organisation) = by.person()?;
    let work = move |tx: &mut Tx<'_>| {
        if approve {
            rights::approve_grant(tx, organisation, id, second).map(|grant| Some(grant.ends))
        } else {
            rights::refuse_grant(tx, organisation, id, second).map(|()| None)
        }
    };
    let ends = controls.store.write(work).await.map_err(Refused::because)?;
    let state = if approve { "approved" } else { "refused" };
    Ok(json!({ "grant": id, "state": state, "until": ends.map(|ends| ends.to_string()) }))
}

pub(super) async fn revoke(controls: &Controls, by: &Bounds, id: i64) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let grant = find(tx, &by, id)?;
        rights::revoke_grant(tx, grant.organisation, id)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "grant": id, "state": "revoked" }))
}

pub(super) async fn lift_hold(controls: &Controls, by: &Bounds, id: i64) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let grant = find(tx, &by, id)?;
        rights::lift_hold(tx, grant.organisation, id)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "grant": id, "held": false }))
}

pub(super) async fn list(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let mut rows = Vec::new();
        for grant in rights::list_grants(tx, organisation)? {
            rows.push(row(tx, &grant)?);
        }
        Ok::<_, IdentityError>(rows.into())
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// The grants that the asker has asked for.
pub(super) async fn list_own(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let (asker, organisation) = by.person()?;
    let work = move |tx: &mut Tx<'_>| {
        let mut own = rights::list_grants(tx, organisation)?;
        own.retain(|grant| grant.asker == asker);
        own.iter().map(|grant| row(tx, grant)).collect::<Result<Value, _>>()
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn row(tx: &mut Tx<'_>, grant: &Grant) -> Result<Value, IdentityError> {
    let now = tx.now();
    let mut main = |account: i64| Ok::<_, IdentityError>(identity::list_addresses(tx, account)?.into_iter().next());
    let state = if grant.is_over(now) && grant.state.as_str() == "approved" { "over" } else { grant.state.as_str() };
    Ok(json!({
        "grant": grant.id,
        "mail_of": main(grant.owner)?,
        "asked_by": main(grant.asker)?,
        "second_person": grant.decided_by.map(main).transpose()?,
        "state": state,
        "reason": grant.reason,
        "asked": grant.asked.to_string(),
        "hours": grant.lasts.as_secs() / 3_600,
        "until": grant.ends.to_string(),
        "mailboxes": grant.window.mailboxes,
        "hold": grant.hold.as_ref().filter(|_| grant.is_held),
        "owner_told": grant.told.map(|told| told.to_string()),
    }))
}

fn find(tx: &mut Tx<'_>, by: &Bounds, id: i64) -> Result<Grant, IdentityError> {
    for organisation in super::ruling::organisations_of(tx, by.organisation)? {
        match rights::load_grant(tx, organisation, id) {
            Err(IdentityError::NoGrant(_)) => {}
            found => return found,
        }
    }
    Err(IdentityError::NoGrant(id))
}

/// The grant, if `by` reads mail under it at this moment.
fn in_use(tx: &mut Tx<'_>, by: (i64, i64), id: i64) -> Result<Grant, IdentityError> {
    let (asker, organisation) = by;
    let grant = rights::load_grant(tx, organisation, id)?;
    if grant.asker == asker && grant.holds(tx.now()) { Ok(grant) } else { Err(IdentityError::NoGrant(id)) }
}

/// The mailboxes that the grant opens, or the newest messages of one.
pub(super) async fn mail(controls: &Controls, by: &Bounds, id: i64, name: Option<String>) -> Result<Value, Refused> {
    let by = by.person()?;
    let name = name.as_deref().map(Name::parse).transpose().map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| {
        let grant = in_use(tx, by, id)?;
        match &name {
            None => mailboxes(tx, &grant),
            Some(name) => messages(tx, &grant, name),
        }
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn mailboxes(tx: &mut Tx<'_>, grant: &Grant) -> Result<Value, PeopleError> {
    let all = mailbox::mailboxes::list(tx, grant.owner)?;
    let open = all.iter().filter(|it| grant.window.mailboxes.is_empty() || grant.window.mailboxes.contains(&it.id));
    Ok(open.map(|it| json!({ "mailbox": it.name.as_str(), "messages": it.total })).collect())
}

fn messages(tx: &mut Tx<'_>, grant: &Grant, name: &Name) -> Result<Value, PeopleError> {
    let found = mailbox::mailboxes::find(tx, grant.owner, name)?.ok_or(MailboxError::NoSuchMailbox)?;
    let entries = mailbox::snapshot(tx, grant.owner, found.id)?;
    let open = entries.iter().filter(|entry| grant.window.opens(found.id, entry.received()));
    let mut uids: Vec<u32> = open.map(|entry| entry.uid).collect();
    let skipped = uids.len().saturating_sub(LISTED_MAX);
    uids.drain(..skipped);
    let mut rows = Vec::with_capacity(uids.len());
    mailbox::summaries(tx, grant.owner, found.id, &UidRange::collect(uids), |entry, summary| {
        let summary = Summary::decode(summary).ok();
        let envelope = summary.as_ref().map(|summary| &summary.envelope);
        rows.push(json!({
            "uid": entry.uid,
            "received": entry.received().to_string(),
            "bytes": entry.size,
            "from": envelope.and_then(|it| it.from.first()).and_then(|it| Some(format!("{}@{}", it.mailbox.as_deref()?, it.host.as_deref()?))),
            "subject": envelope.and_then(|it| it.subject.as_deref()).map(mail::message::words::decode),
            "preview": summary.as_ref().map(|it| it.preview.as_str()),
        }));
        Ok(())
    })?;
    Ok(json!({ "messages": rows, "older_not_shown": skipped }))
}

/// One message as it was received.
pub(super) async fn message(
    controls: &Controls,
    by: &Bounds,
    id: i64,
    name: String,
    uid: u32,
) -> Result<Value, Refused> {
    let by = by.person()?;
    let name = Name::parse(&name).map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| {
        let grant = in_use(tx, by, id)?;
        let found = mailbox::mailboxes::find(tx, grant.owner, &name)?.ok_or(MailboxError::NoSuchMailbox)?;
        let entries = mailbox::snapshot(tx, grant.owner, found.id)?;
        let entry = entries.iter().find(|it| it.uid == uid && grant.window.opens(found.id, it.received()));
        let entry = entry.ok_or(MailboxError::NoSuchMessage)?;
        Ok::<_, PeopleError>(mailbox::source(tx, grant.owner, entry.message)?)
    };
    let source = controls.store.read(work).await.map_err(Refused::because)?;
    if source.size() > SHOWN_BYTES_MAX {
        return Err(Refused(format!(
            "the message has {} bytes; more than {SHOWN_BYTES_MAX} are not shown",
            source.size()
        )));
    }
    let store = controls.store.clone();
    let reading = tokio::task::spawn_blocking(move || source.reader(store.blobs()).read_all());
    let raw = reading.await.map_err(Refused::because)?.map_err(Refused::because)?;
    Ok(json!({ "uid": uid, "base64": STANDARD.encode(raw) }))
}

/// The beginning of a day written as 2026-01-31, in UTC.
pub(super) fn parse_day(text: &str) -> Result<Timestamp, Refused> {
    let wrong = || Refused(format!("{text:?} is no day; write it as 2026-01-31"));
    let mut parts = text.splitn(3, '-');
    let mut number = || parts.next().and_then(|part| part.parse::<u16>().ok()).ok_or_else(wrong);
    let (year, month, day) = (number()?, number()?, number()?);
    let (Ok(month), Ok(day)) = (u8::try_from(month), u8::try_from(day)) else { return Err(wrong()) };
    let civil = Civil { year: i64::from(year), month, day, hour: 0, minute: 0, second: 0, weekday: 0 };
    let moment = Timestamp::from_civil(civil);
    let back = moment.civil();
    if (back.month, back.day) == (month, day) { Ok(moment) } else { Err(wrong()) }
}
