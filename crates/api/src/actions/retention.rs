//! What is kept of removed mail, and legal holds.

use env::Timestamp;
use identity::IdentityError;
use mailbox::MailboxError;
use mailbox::removed::{self, Removed, Wanted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::holds::{self, Hold, HoldDetail};
use store::{StoreError, Tx};

use super::caller::Bounds;
use super::grants::parse_day;
use super::people::{find_account, pick_organisation};
use super::{Controls, Refused};

/// Accounts that one hold names; beyond that it is one on everybody.
const ACCOUNTS_MAX: usize = 1_000;

/// Octets of a name, a reason or a correspondent.
const TEXT_BYTES_MAX: usize = 1_000;

/// Transactions of one request to bring mail back.
const ROUNDS_MAX: usize = 20;

/// A legal hold to be begun.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// Name, as lawyers call the matter.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Addresses of the accounts whose mail stays; with `everyone`, none.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// All accounts of the organisation, those made later included.
    #[serde(default)]
    pub everyone: bool,
    /// Only mail from or to this address or domain.
    pub with: Option<String>,
    /// Only mail received from this day on, such as 2026-01-31.
    pub since: Option<String>,
    /// Only mail received before this day.
    pub before: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// Which removed mail is meant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemovedMail {
    /// Address of the account.
    pub address: String,
    /// Only what was removed from this day on, such as 2026-01-31.
    pub since: Option<String>,
    /// Only mail whose author's address has this in it.
    pub from: Option<String>,
    /// Only mail whose subject has this in it.
    pub subject: Option<String>,
    /// Only these, by the numbers of the list.
    pub ids: Option<Vec<String>>,
}

/// Why a hold could not be begun, or ended, or mail not be brought back.
#[derive(Debug, thiserror::Error)]
enum RetentionError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0} is an account of another organisation")]
    Elsewhere(String),
    #[error("there is no legal hold {0} in force; see tradewind hold list")]
    NoHold(i64),
}

pub(super) async fn begin_hold(controls: &Controls, by: &Bounds, new: NewHold) -> Result<Value, Refused> {
    let NewHold { name, reason, accounts, everyone, with, since, before, organisation } = new;
    if accounts.is_empty() != everyone {
        return Err(Refused("a hold names accounts, or everyone, and not both".to_owned()));
    }
    if accounts.len() > ACCOUNTS_MAX {
        return Err(Refused(format!("a hold names at most {ACCOUNTS_MAX} accounts; for more, everyone")));
    }
    let (since, before) = (day(since.as_deref())?, day(before.as_deref())?);
    if let (Some(since), Some(before)) = (since, before)
        && since >= before
    {
        return Err(Refused(
            "no mail is received from `since` on and before `before`: they are the wrong way round".to_owned(),
        ));
    }
    let with = with.map(|with| with.trim().to_lowercase());
    for (what, text) in [("name", Some(&name)), ("reason", Some(&reason)), ("with", with.as_ref())] {
        if text.is_some_and(|text| text.trim().is_empty() || text.len() > TEXT_BYTES_MAX) {
            return Err(Refused(format!("{what} is empty or longer than {TEXT_BYTES_MAX} octets")));
        }
    }
    let (since, before) = (since.map(Timestamp::millis), before.map(Timestamp::millis));
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let mut held = Vec::with_capacity(accounts.len());
        for address in &accounts {
            let found = identity::find_by_address(tx, address)?;
            let account = found.ok_or_else(|| IdentityError::NoAccount(address.clone()))?;
            if holds::keeping(tx, account)?.organisation != organisation {
                return Err(RetentionError::Elsewhere(address.clone()));
            }
            held.push(account);
        }
        held.sort_unstable();
        held.dedup();
        let (name, reason, with) = (name.clone(), reason.clone(), with.clone());
        let detail = HoldDetail { name, reason, by: asker(tx, &by)?, with, since, before, ..HoldDetail::default() };
        Ok(holds::begin(tx, organisation, &held, &detail)?)
    };
    let id = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "id": id.to_string() }))
}

pub(super) async fn end_hold(
    controls: &Controls,
    by: &Bounds,
    id: String,
    reason: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let number: i64 = id.parse().map_err(|_| Refused(format!("{id:?} is no number of a hold")))?;
    if reason.trim().is_empty() || reason.len() > TEXT_BYTES_MAX {
        return Err(Refused(format!("the reason is empty or longer than {TEXT_BYTES_MAX} octets")));
    }
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let who = asker(tx, &by)?;
        if holds::end(tx, organisation, number, &who, &reason)? { Ok(()) } else { Err(RetentionError::NoHold(number)) }
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "ended": id }))
}

pub(super) async fn list_holds(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let mut shown = Vec::new();
        for hold in holds::list(tx, organisation)? {
            let mut addresses = Vec::with_capacity(hold.accounts.len());
            for account in &hold.accounts {
                addresses.extend(identity::list_addresses(tx, *account)?.into_iter().next());
            }
            shown.push(shown_hold(hold, addresses));
        }
        Ok::<_, RetentionError>(Value::from(shown))
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn shown_hold(hold: Hold, addresses: Vec<String>) -> Value {
    let Hold { id, everyone, begun, ended, detail, .. } = hold;
    let HoldDetail { name, reason, by, with, since, before, ended_by, ended_reason } = detail;
    let day = |millis: Option<i64>| millis.map(|millis| Timestamp::from_millis(millis).to_string());
    json!({
        "id": id.to_string(),
        "name": name,
        "reason": reason,
        "everyone": everyone,
        "accounts": addresses,
        "with": with,
        "since": day(since),
        "before": day(before),
        "begun": begun.to_string(),
        "begun_by": by,
        "ended": ended.map(|at| at.to_string()),
        "ended_by": ended_by,
        "ended_reason": ended_reason,
    })
}

pub(super) async fn show_window(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let (days, kept) = (holds::window_days(tx, organisation)?, removed::kept(tx, organisation)?);
        Ok::<_, RetentionError>(json!({ "days": days, "messages": kept.messages, "bytes": kept.bytes }))
    };
    controls.store.read(work).await.map_err(Refused::because)
}

pub(super) async fn set_window(
    controls: &Controls,
    by: &Bounds,
    days: u32,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let wanted = i64::from(days);
    if wanted > holds::WINDOW_DAYS_MAX {
        return Err(Refused(format!("removed mail is kept for at most {} days", holds::WINDOW_DAYS_MAX)));
    }
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        Ok::<_, RetentionError>(holds::set_window_days(tx, organisation, wanted)?)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "days": days }))
}

pub(super) async fn list_removed(controls: &Controls, mail: RemovedMail) -> Result<Value, Refused> {
    let wanted = wanted(&mail)?;
    let account = find_account(controls, mail.address).await?;
    let found = controls.store.read(move |tx| removed::list(tx, account, &wanted)).await.map_err(Refused::because)?;
    Ok(found.iter().map(shown_removed).collect())
}

fn shown_removed(one: &Removed) -> Value {
    json!({
        "id": one.id.to_string(),
        "removed": one.removed.to_string(),
        "until": one.until.to_string(),
        "received": one.received.to_string(),
        "size": one.size,
        "from": one.from,
        "subject": one.subject,
    })
}

/// Brings mail back. Whoever does it for another learns how much it was, and no more.
pub(super) async fn recover(controls: &Controls, mail: RemovedMail) -> Result<Value, Refused> {
    let wanted = wanted(&mail)?;
    let account = find_account(controls, mail.address).await?;
    let (mut messages, mut more) = (0, true);
    for _ in 0..ROUNDS_MAX {
        let wanted = wanted.clone();
        let back = controls.store.write(move |tx| removed::recover(tx, account, &wanted)).await;
        let back = back.map_err(Refused::because)?;
        messages += back.messages;
        more = back.more;
        if !more {
            break;
        }
    }
    Ok(json!({ "recovered": messages, "more": more, "mailbox": removed::RECOVERED }))
}

fn wanted(mail: &RemovedMail) -> Result<Wanted, Refused> {
    let number = |id: &String| id.parse().map_err(|_| Refused(format!("{id:?} is no number of a message")));
    Ok(Wanted {
        since: day(mail.since.as_deref())?,
        from: mail.from.clone(),
        subject: mail.subject.clone(),
        ids: mail.ids.as_ref().map(|ids| ids.iter().map(number).collect::<Result<_, _>>()).transpose()?,
    })
}

fn day(text: Option<&str>) -> Result<Option<Timestamp>, Refused> {
    text.map(parse_day).transpose()
}

/// Who asks, in words for people.
pub(super) fn asker(tx: &mut Tx<'_>, by: &Bounds) -> Result<String, IdentityError> {
    match by.account {
        Some(account) => {
            let address = identity::list_addresses(tx, account)?.into_iter().next();
            Ok(address.unwrap_or_else(|| account.to_string()))
        }
        None => Ok("operator".to_owned()),
    }
}
