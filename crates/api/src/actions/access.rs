//! The table of rights, reviews of who has what, explanations of decisions, the record.

use std::collections::BTreeMap;

use ::access::{Action as Right, Approval, Decision, Via, duties_of, explain as explain_by};
use env::Timestamp;
use identity::rights::{self, Event, Outcome, RecordedEvent};
use identity::{Account, IdentityError, Language, PAGE_MAX};
use serde_json::{Value, json};
use store::Tx;

use super::caller::{Bounds, Caller};
use super::list::Action;
use super::on::On;
use super::people::pick_organisation;
use super::roles::account_at;
use super::ruling::{actor_of, organisations_of, resolve, right_over, table_of, words};
use super::{Controls, Refused, sentences};

/// Every row of the table, with what its action needs beyond the row.
pub(super) async fn table(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let (by, settings) = (*by, controls.access.now());
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        rights::organisation_table(tx, organisation, &settings)
    };
    let table = controls.store.read(work).await.map_err(Refused::because)?;
    let row = |row: &::access::Row| {
        let need = table.step_up.need(row.action);
        json!({
            "role": table.name_of(row.holder),
            "effect": row.effect.as_str(),
            "action": row.action.as_str(),
            "scope": row.scope.as_str(),
            "strong_factor_minutes": need.map(|need| need.max_age.as_secs() / 60),
            "second_person": need.is_some_and(|need| need.approval),
            "what": row.action.doc(),
        })
    };
    Ok(table.rows().iter().map(row).collect())
}

/// Who asks, of which organisation, and every right that he has over it as a whole: what his console offers him. That a strong factor or a
/// second person is needed first is not asked here.
pub(super) async fn own(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let (account, organisation) = by.person()?;
    let settings = controls.access.now();
    let work = move |tx: &mut Tx<'_>| {
        let caller = Caller { account: Some(account), strong_at: None, via: Via::Http, address: None };
        let actor = actor_of(tx, &caller)?;
        let table = table_of(tx, &actor, &settings)?;
        let (object, now) = (::access::Object::of_organisation(organisation), tx.now());
        let may = |right: &&Right| {
            !matches!(::access::decide(&table, &actor, **right, &object, now), Decision::Refuse { .. })
        };
        let all = identity::list_organisations(tx)?;
        let own = all.iter().find(|it| it.id == organisation);
        Ok::<_, IdentityError>(json!({
            "address": identity::list_addresses(tx, account)?.first(),
            "name": identity::load_account(tx, account)?.name,
            "organisation": own.map(|it| it.name.clone()),
            "level": own.map(|it| it.level.as_str()),
            "alone": all.len() == 1,
            "rights": Right::ALL.iter().filter(may).map(|right| right.as_str()).collect::<Vec<_>>(),
        }))
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// Everybody of an organisation with roles, duties, exceptions and grants.
pub(super) async fn review(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let custom = rights::list_roles(tx, organisation)?;
        let excused: BTreeMap<i64, String> =
            rights::exceptions(tx, organisation)?.into_iter().map(|it| (it.account, it.reason)).collect();
        let grants = rights::list_grants(tx, organisation)?;
        let mut rows = Vec::new();
        for account in everybody(tx, organisation)? {
            let holders = rights::holders_of(tx, account.id)?;
            let name = |holder: &::access::Holder| match holder {
                ::access::Holder::Custom(id) => custom.iter().find(|role| role.id == *id).map(|role| role.name.clone()),
                other => Some(other.to_string()),
            };
            let roles: Vec<String> = holders.iter().filter_map(name).collect();
            let duties: std::collections::BTreeSet<&str> =
                holders.iter().flat_map(|holder| duties_of(*holder, &custom)).map(::access::Duty::as_str).collect();
            let open = grants.iter().filter(|grant| grant.asker == account.id && grant.holds(tx.now())).count();
            rows.push(json!({
                "address": account.addresses.first(),
                "name": account.name,
                "kind": account.kind.as_str(),
                "state": account.state.as_str(),
                "roles": roles,
                "duties": duties,
                "exception": excused.get(&account.id),
                "open_grants": open,
                "since": account.created.to_string(),
            }));
        }
        Ok::<_, IdentityError>(rows.into())
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// Under what name a sign-off of a review stands in the record.
const SIGN_OFF: &str = "access-sign-off";

/// Octets of what somebody says of a review.
const NOTE_BYTES_MAX: usize = 1_000;

/// Signs a review of who has which rights off: a record, which is kept for good.
pub(super) async fn sign_off(
    controls: &Controls,
    by: &Bounds,
    period: String,
    note: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (account, _) = by.person()?;
    let quarter: ::review::Period = period.parse().map_err(Refused::because)?;
    if note.trim().is_empty() || note.len() > NOTE_BYTES_MAX {
        return Err(Refused(format!(
            "note is empty or longer than {NOTE_BYTES_MAX} octets: say what came of the review"
        )));
    }
    let (by, told) = (*by, quarter.to_string());
    let object = json!({ "period": told, "note": note.trim() }).to_string();
    let work = move |tx: &mut Tx<'_>| {
        let event = Event {
            organisation: pick_organisation(tx, &by, organisation.as_deref())?,
            account: Some(account),
            via: Via::Http,
            address: None,
            action: SIGN_OFF.to_owned(),
            object: object.clone(),
            outcome: Outcome::Done,
            row: String::new(),
        };
        rights::record(tx, &event)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "period": told }))
}

/// Who has signed which review off, the latest first.
pub(super) async fn sign_offs(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let mut names = BTreeMap::new();
        let mut rows = Vec::new();
        for event in rights::list_events_of(tx, organisation, SIGN_OFF)? {
            let said: Value = serde_json::from_str(&event.object).unwrap_or_default();
            let row = event_row(tx, &mut names, &event)?;
            rows.push(json!({ "id": row["id"], "at": row["at"], "who": row["who"], "period": said["period"], "note": said["note"] }));
        }
        Ok::<_, IdentityError>(rows.into())
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn everybody(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Account>, IdentityError> {
    let mut all: Vec<Account> = Vec::new();
    loop {
        let after = all.last().map_or(0, |last| last.id);
        let page = identity::list_accounts(tx, Some(organisation), after, PAGE_MAX)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// What the table answers if `who` wants `action` on `what`, and by which rows.
pub(super) async fn explain(
    controls: &Controls,
    who: String,
    action: String,
    what: Option<String>,
) -> Result<Value, Refused> {
    let (right, is_of_action) = right_named(&action)?;
    let settings = controls.access.now();
    let work = move |tx: &mut Tx<'_>| {
        let account = account_at(tx, &who)?;
        let caller = Caller { account: Some(account), strong_at: None, via: Via::Http, address: None };
        let actor = actor_of(tx, &caller)?;
        let table = table_of(tx, &actor, &settings)?;
        let on = match what.as_deref() {
            None | Some("own") => On::Own,
            Some("organisation") => On::Within,
            Some("installation") => On::Installation,
            Some("machine") => On::Machine,
            Some(address) if address.contains('@') => On::Account(address),
            Some(domain) => On::Domain(domain),
        };
        let object = resolve(tx, &actor, on)?;
        let is_own = object.owner == actor.account;
        let right = if is_of_action { right_over(right, is_own) } else { right };
        let explained = explain_by(&table, &actor, right, &object, tx.now());
        let rows: Vec<Value> = explained
            .considered
            .iter()
            .map(|it| json!({ "row": words(&table, &Decision::Allow { row: Some(it.row), basis: None }), "applies": it.applies }))
            .collect();
        let (answer, needs) = told(&explained.decision);
        Ok::<_, IdentityError>(json!({
            "who": who,
            "action": right.as_str(),
            "on": what.as_deref().unwrap_or("own"),
            "answer": answer,
            "because": words(&table, &explained.decision),
            "needs": needs,
            "rows": rows,
        }))
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn told(decision: &Decision) -> (&'static str, Vec<String>) {
    match decision {
        Decision::Allow { .. } => ("allowed", Vec::new()),
        Decision::Refuse { .. } => ("refused", Vec::new()),
        Decision::StepUp { strong, max_age, approval, .. } => {
            let factor = strong.then(|| format!("a strong factor not older than {} minutes", max_age.as_secs() / 60));
            let second = approval.then(|| "the approval of a second person".to_owned());
            ("allowed with more", factor.into_iter().chain(second).collect())
        }
    }
}

/// The right of that name, or the one that the action of that name needs; and whether it is an action's.
fn right_named(name: &str) -> Result<(Right, bool), Refused> {
    if let Ok(right) = name.parse() {
        return Ok((right, false));
    }
    let named = Action::ALL.iter().find(|(action, ..)| *action == name).map(|(_, _, right)| *right);
    named
        .map(|right| (right, true))
        .ok_or_else(|| Refused(format!("{name} is no action; tradewind access table lists them")))
}

/// Whether a second person has to approve whatever needs the right `right`.
pub(super) async fn set_approval(
    controls: &Controls,
    by: &Bounds,
    right: String,
    wanted: bool,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let known: Right = right.parse().map_err(Refused::because)?;
    let sensitive = known.sensitivity().ok_or_else(|| {
        Refused(format!("{right} is not among the sensitive actions, so nobody has to approve it; tradewind access table shows which are"))
    })?;
    if !wanted && matches!(sensitive.approval, Approval::From(::access::Level::Basic)) {
        return Err(Refused(format!("{right} always needs a second person")));
    }
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        rights::set_approval_rule(tx, organisation, known, wanted)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "action": right, "second_person": wanted }))
}

/// What was decided on sensitive actions in the last days, newest first.
pub(super) async fn log(controls: &Controls, by: &Bounds, days: u32) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let since = tx.now().millis().saturating_sub(i64::from(days) * 86_400_000);
        let mut all = Vec::new();
        let mut whose = organisations_of(tx, by.organisation)?;
        // What concerns no organisation is the operator's to know.
        whose.extend(by.organisation.is_none().then_some(0));
        for organisation in whose {
            all.extend(rights::list_events(tx, organisation, Timestamp::from_millis(since))?);
        }
        all.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
        let mut names = BTreeMap::new();
        let mut rows = Vec::with_capacity(all.len());
        for event in &all {
            rows.push(event_row(tx, &mut names, event)?);
        }
        Ok::<_, IdentityError>(rows.into())
    };
    controls.store.read(work).await.map_err(Refused::because)
}

pub(super) fn event_row(
    tx: &mut Tx<'_>,
    names: &mut BTreeMap<i64, String>,
    event: &RecordedEvent,
) -> Result<Value, IdentityError> {
    let who = match event.account {
        None => "operator".to_owned(),
        Some(account) => match names.get(&account) {
            Some(name) => name.clone(),
            None => {
                let main = identity::list_addresses(tx, account)?.into_iter().next();
                let name = main.unwrap_or_else(|| format!("account {account}, deleted"));
                names.insert(account, name.clone());
                name
            }
        },
    };
    Ok(json!({
        // What was counted alone has no number.
        "id": Some(event.id).filter(|id| *id != 0).map(|id| format!("{id:x}")),
        "at": event.at.to_string(),
        "who": who,
        "via": event.via,
        "from": event.address,
        "action": event.action,
        "en": sentences::of_recorded(&event.action, &event.object, Language::English),
        "zh": sentences::of_recorded(&event.action, &event.object, Language::Chinese),
        "on": event.object,
        "outcome": event.outcome.as_str(),
        "because": event.row,
    }))
}
