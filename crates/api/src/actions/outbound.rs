//! Outbound control: rules, marked documents, what they would have done, and messages that wait for approval.

use std::path::PathBuf;
use std::sync::Arc;

use ::outbound::waiting::{self, State, Waiting};
use ::outbound::{
    Letter, Looked, OutboundError, Place, REPLAYED_MAX, Reading, Replay, Rule, Stretch, hit_words, rules,
};
use ::queue::QueueError;
use ::store::{StoreError, Tx};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use env::Timestamp;
use identity::{IdentityError, Language};
use judgement::JudgementError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::caller::Bounds;
use super::grants::parse_day;
use super::people::pick_organisation;
use super::{Controls, Refused, guard};

/// Milliseconds of a day.
const DAY_MILLIS: i64 = 86_400_000;

/// Octets of a message that is tried.
const MESSAGE_BYTES_MAX: u64 = 50 << 20;

/// A message on which rules are tried.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageToTest {
    /// File with the message.
    pub message: PathBuf,
    /// Address of the account that would send it.
    pub address: String,
    /// Addresses that it would go to; those that it names if none is given.
    #[serde(default)]
    pub to: Vec<String>,
    /// A rule in JSON in place of those that are set.
    pub rule: Option<String>,
}

/// Mail that was sent and that rules are asked about.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailToReplay {
    /// Address of the account.
    pub address: String,
    /// The first day, such as 2026-01-31.
    pub since: String,
    /// The day behind the last one; now if it is left out.
    pub before: Option<String>,
    /// A rule in JSON in place of those that are set.
    pub rule: Option<String>,
}

async fn within<T: Send + 'static>(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
    change: impl Fn(&mut Tx<'_>, i64) -> Result<T, OutboundError> + Send + Sync + 'static,
) -> Result<T, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        change(tx, organisation)
    };
    controls.store.write(work).await.map_err(Refused::because)
}

pub(super) async fn list(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        Ok::<_, OutboundError>((rules::list(tx, organisation)?, rules::in_force(tx, organisation)?))
    };
    let (own, all) = controls.store.read(work).await.map_err(Refused::because)?;
    let shown = |rule: &Rule| {
        let mut told = serde_json::to_value(rule)?;
        if !own.iter().any(|it| it.name == rule.name) {
            told["shipped"] = true.into();
        }
        Ok::<_, serde_json::Error>(told)
    };
    all.iter().map(shown).collect::<Result<Value, serde_json::Error>>().map_err(Refused::because)
}

pub(super) async fn set(
    controls: &Controls,
    by: &Bounds,
    rule: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let rule = Rule::read(&rule).map_err(Refused::because)?;
    let told = rule.name.clone();
    within(controls, by, organisation, move |tx, organisation| rules::set(tx, organisation, &rule)).await?;
    Ok(json!({ "rule": told }))
}

pub(super) async fn remove(
    controls: &Controls,
    by: &Bounds,
    name: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let told = name.clone();
    within(controls, by, organisation, move |tx, organisation| rules::remove(tx, organisation, &name)).await?;
    Ok(json!({ "removed": told }))
}

/// The account with this address, and whose it is.
async fn account(controls: &Controls, address: String) -> Result<(i64, i64), Refused> {
    let find = move |tx: &mut Tx<'_>| {
        let account = identity::find_by_address(tx, &address)?.ok_or(IdentityError::NoAccount(address.clone()))?;
        Ok::<_, IdentityError>((account, identity::load_account(tx, account)?.organisation))
    };
    controls.store.read(find).await.map_err(Refused::because)
}

fn rule_of(text: Option<String>) -> Result<Option<Rule>, Refused> {
    text.map(|text| Rule::read(&text)).transpose().map_err(Refused::because)
}

pub(super) async fn test(controls: &Controls, test: MessageToTest) -> Result<Value, Refused> {
    let MessageToTest { message, address, to, rule } = test;
    let (account, organisation) = account(controls, address).await?;
    let rule = rule_of(rule)?;
    let named = message.display().to_string();
    let cannot = |error: std::io::Error| Refused(format!("cannot read {named}: {error}"));
    let size = tokio::fs::metadata(&message).await.map_err(cannot)?.len();
    if size > MESSAGE_BYTES_MAX {
        return Err(Refused(format!("{named} has {size} octets; {MESSAGE_BYTES_MAX} are read at most")));
    }
    let raw = Arc::new(tokio::fs::read(&message).await.map_err(cannot)?);
    let recipients = if to.is_empty() { ::outbound::addresses(&raw) } else { to };
    let looked = controls.outbound.try_out(Letter { account, organisation, raw, recipients }, rule).await;
    Ok(shown_looked(&looked.map_err(Refused::because)?))
}

fn shown_looked(looked: &Looked) -> Value {
    let matched = looked.outcome.matched.iter().map(|it| {
        let actions: Vec<&str> = it.actions.iter().map(::outbound::Action::word).collect();
        let found: Vec<String> = it.hits.iter().map(|hit| hit_words(hit, Language::English)).collect();
        json!({ "rule": it.rule, "mode": it.mode, "actions": actions, "found": found })
    });
    let approvers: Vec<&String> = looked.approvals.iter().flat_map(|it| &it.people).collect();
    json!({
        "decision": looked.outcome.decision().word(),
        "approvers": approvers,
        "needs_approval": !looked.approvals.is_empty(),
        "rules": matched.collect::<Vec<Value>>(),
    })
}

pub(super) async fn replay(controls: &Controls, asked: MailToReplay) -> Result<Value, Refused> {
    let MailToReplay { address, since, before, rule } = asked;
    let (account, organisation) = account(controls, address.clone()).await?;
    let is_restricted = controls.store.read(move |tx| ::store::restrictions::is_account(tx, account)).await;
    if is_restricted.map_err(Refused::because)? {
        return Err(Refused(format!(
            "the data of {address} is restricted, so nobody looks into it to try rules; tradewind subject list shows the request"
        )));
    }
    let now = controls.store.context().clock.now();
    let asked = Replay {
        account,
        organisation,
        since: parse_day(&since)?,
        before: before
            .as_deref()
            .map(parse_day)
            .transpose()?
            .unwrap_or_else(|| Timestamp::from_millis(now.millis() + DAY_MILLIS)),
        rule: rule_of(rule)?,
    };
    let replayed = controls.outbound.replay(asked).await.map_err(Refused::because)?;
    let mut told = serde_json::to_value(&replayed).map_err(Refused::because)?;
    told["address"] = address.into();
    if replayed.more {
        told["more"] = format!("only the first {REPLAYED_MAX} were looked at; ask for fewer days").into();
    }
    Ok(told)
}

pub(super) async fn list_marks(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        rules::list_marks(tx, organisation)
    };
    let marks = controls.store.read(work).await.map_err(Refused::because)?;
    let shown =
        |mark: &rules::Mark| json!({ "name": mark.name, "at": mark.at.to_string(), "hashes": mark.hashes.len() });
    Ok(marks.iter().map(shown).collect())
}

pub(super) async fn mark(
    controls: &Controls,
    by: &Bounds,
    (name, hashes): (String, String),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let octets = STANDARD.decode(hashes).map_err(|error| Refused(format!("hashes is no base64: {error}")))?;
    let hashes = rules::read_hashes(&name, &octets).map_err(Refused::because)?;
    let (told, count) = (name.clone(), hashes.len());
    within(controls, by, organisation, move |tx, organisation| rules::mark(tx, organisation, &name, &hashes)).await?;
    Ok(json!({ "marked": told, "hashes": count }))
}

pub(super) async fn unmark(
    controls: &Controls,
    by: &Bounds,
    name: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let told = name.clone();
    within(controls, by, organisation, move |tx, organisation| rules::unmark(tx, organisation, &name)).await?;
    Ok(json!({ "removed": told }))
}

pub(super) async fn waiting(controls: &Controls, by: &Bounds, all: bool, language: String) -> Result<Value, Refused> {
    let language: Language = language.parse().map_err(Refused::because)?;
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let mut rows: Vec<Value> = Vec::new();
        for organisation in super::ruling::organisations_of(tx, by.organisation)? {
            for one in waiting::list(tx, organisation, all)? {
                let mine = by.account.is_none_or(|account| one.account == account);
                let to_decide = match by.account {
                    Some(account) => waiting::may_decide(tx, &one, account)?,
                    None => false,
                };
                let was_decided = by.account.is_some_and(|account| one.was_decided_by(account));
                if mine || to_decide || was_decided {
                    let sender = identity::list_addresses(tx, one.account)?.into_iter().next();
                    rows.push(row(&one, sender, to_decide, language));
                }
            }
        }
        Ok::<_, OutboundError>(Value::Array(rows))
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn row(one: &Waiting, sender: Option<String>, to_decide: bool, language: Language) -> Value {
    let detail = &one.detail;
    let rules: Vec<Value> = detail
        .outcome
        .matched
        .iter()
        .map(|it| json!({ "rule": it.rule, "found": it.hits.iter().map(|hit| hit_words(hit, language)).collect::<Vec<_>>() }))
        .collect();
    let needs: Vec<Value> = detail
        .needs
        .iter()
        .map(|need| json!({ "rule": need.rule, "by": need.approve.by.to_string(), "given": need.given_by.is_some() }))
        .collect();
    json!({
        "id": format!("{:x}", one.id),
        "sender": sender,
        "to": detail.recipients,
        "subject": detail.subject,
        "reason": detail.reason,
        "rules": rules,
        "needs": needs,
        "state": one.state.as_str(),
        "since": one.at.to_string(),
        "expires": one.expires.to_string(),
        "note": detail.note,
        "may_decide": to_decide,
        "by_itself": detail.goes_by_itself,
    })
}

pub(super) async fn show_waiting(
    controls: &Controls,
    by: &Bounds,
    id: String,
    language: String,
) -> Result<Value, Refused> {
    let language: Language = language.parse().map_err(Refused::because)?;
    let (account, organisation) = by.person()?;
    let number = waiting::read_number(&id).map_err(Refused::because)?;
    let find = move |tx: &mut Tx<'_>| {
        let found = waiting::load(tx, organisation, number)?;
        waiting::check_reader(tx, &found, account)?;
        let sender = identity::list_addresses(tx, found.account)?.into_iter().next();
        Ok::<_, OutboundError>((found, sender))
    };
    let (found, sender) = controls.store.read(find).await.map_err(Refused::because)?;
    let reading = controls.outbound.reading(&found).await.map_err(Refused::because)?;
    let mut told = row(&found, sender, true, language);
    if let (Value::Object(told), Value::Object(more)) = (&mut told, shown_reading(&found, &reading, language)) {
        told.extend(more);
    }
    Ok(told)
}

fn shown_reading(waiting: &Waiting, reading: &Reading, language: Language) -> Value {
    let stretches = |all: &[Stretch]| -> Vec<Value> {
        all.iter().map(|it| json!({ "text": it.text, "rules": it.rules })).collect()
    };
    let files = (1..).zip(&reading.files).map(|(number, file)| {
        let of_file =
            |place: Option<Place>| matches!(place, Some(Place::File(at) | Place::FileName(at)) if at == number);
        let matched = &waiting.detail.outcome.matched;
        let found = matched.iter().flat_map(|it| it.hits.iter().map(move |hit| (&it.rule, hit)));
        let found = found.filter(|(_, hit)| of_file(hit.place));
        let found = found.map(|(rule, hit)| json!({ "rule": rule, "text": hit_words(hit, language) }));
        json!({
            "name": stretches(&file.name),
            "kinds": file.kinds,
            "octets": file.size_octets,
            "locked": file.is_locked,
            "found": found.collect::<Vec<Value>>(),
        })
    });
    let fields = reading.fields.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    json!({
        "envelope_from": reading.reverse_path,
        "fields": fields.collect::<Vec<Value>>(),
        "subject_read": stretches(&reading.subject),
        "body": stretches(&reading.body),
        "cut": reading.is_cut,
        "unreadable": reading.is_unreadable,
        "files": files.collect::<Vec<Value>>(),
    })
}

pub(super) async fn decide(
    controls: &Controls,
    by: &Bounds,
    id: String,
    (approves, note): (bool, String),
) -> Result<Value, Refused> {
    let (account, organisation) = by.person()?;
    let number = waiting::read_number(&id).map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| waiting::decide(tx, organisation, number, account, (approves, &note));
    let decided = controls.store.write(work).await.map_err(Refused::because)?;
    let open = decided.detail.needs.iter().filter(|need| need.given_by.is_none()).count();
    let still = if decided.state == State::Waiting { open } else { 0 };
    Ok(json!({ "id": id, "state": decided.state.as_str(), "needs": still }))
}

/// Why a message of the queue stays.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stays {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error(transparent)]
    Judgement(#[from] JudgementError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Lets a held message of the queue go, unless it waits for approval, or for finance.
pub(super) fn release_queued(tx: &mut Tx<'_>, id: i64) -> Result<(), Stays> {
    waiting::check_queued(tx, id)?;
    Ok(guard::release_queued(tx, id)?)
}

/// Gives a message of the queue up, which tries it once more, unless it waits for approval.
pub(super) fn expire_queued(tx: &mut Tx<'_>, id: i64) -> Result<(), Stays> {
    waiting::check_queued(tx, id)?;
    Ok(::queue::expire_now(tx, id)?)
}
