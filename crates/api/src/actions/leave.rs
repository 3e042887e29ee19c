//! Somebody leaves the company: one action for all that has to happen, so that nothing is forgotten.

use std::time::Duration;

use identity::delegation::{self, Delegation};
use identity::{IdentityError, Permission};
use schemars::JsonSchema;
use scripts::{AutoReply, ScriptsError, set_auto_reply};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::holds::{self, HoldDetail};
use store::{StoreError, Tx};

use super::retention::asker;
use super::roles::account_at;
use super::{Bounds, Controls, Refused};

/// Days for which a successor reads the mail of whoever left.
const DAYS_MAX: u32 = 730;

/// Octets of the reason of a hold.
const REASON_BYTES_MAX: usize = 1_000;

/// Somebody who leaves, and what becomes of his mail.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leaver {
    /// Address of the account.
    pub address: String,
    /// Who reads its mail, what is there and what comes; nobody if none.
    pub successor: Option<String>,
    /// For how many days.
    #[serde(default = "usual_days")]
    pub days: u32,
    /// Begins a legal hold on the mail for this reason.
    pub hold: Option<String>,
    /// Answers whoever writes to the address with this text, once each week.
    pub reply: Option<String>,
}

const fn usual_days() -> u32 {
    90
}

#[derive(Debug, thiserror::Error)]
enum LeaveError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Scripts(#[from] ScriptsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends every way in, takes roles, groups and permissions away, puts the leaver's scripts and rules out of force, lets a successor read for a time, holds the mail, answers who writes: all of
/// it or nothing. The account becomes a shared mailbox.
pub(super) async fn leave(controls: &Controls, by: &Bounds, leaver: Leaver) -> Result<Value, Refused> {
    if leaver.days == 0 || leaver.days > DAYS_MAX {
        return Err(Refused(format!("`days` must be from 1 to {DAYS_MAX}, not {}", leaver.days)));
    }
    if leaver.hold.as_ref().is_some_and(|it| it.trim().is_empty() || it.len() > REASON_BYTES_MAX) {
        return Err(Refused(format!("the reason of the hold is empty or longer than {REASON_BYTES_MAX} octets")));
    }
    if leaver.reply.as_ref().is_some_and(|it| it.trim().is_empty()) {
        return Err(Refused("the reply is empty; leave it out if nobody is to be answered".to_owned()));
    }
    let by = *by;
    let told = leaver.clone();
    let work = move |tx: &mut Tx<'_>| carry_out(tx, &by, &leaver);
    let hold = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({
        "address": told.address,
        "kind": "shared",
        "successor": told.successor,
        "days": told.successor.as_ref().map(|_| told.days),
        "hold": hold.map(|id| id.to_string()),
        "replies": told.reply.is_some(),
    }))
}

fn carry_out(tx: &mut Tx<'_>, by: &Bounds, leaver: &Leaver) -> Result<Option<i64>, LeaveError> {
    let account = account_at(tx, &leaver.address)?;
    let organisation = identity::load_account(tx, account)?.organisation;
    identity::turn_into_shared(tx, account)?;
    if let Some(successor) = &leaver.successor {
        let now = tx.now();
        let given = Delegation {
            account,
            delegate: account_at(tx, successor)?,
            permission: Permission::Read,
            mailbox: None,
            since: now,
            until: Some(now.plus(Duration::from_secs(u64::from(leaver.days) * 86_400))),
            granted_by: by.account,
        };
        delegation::grant(tx, &given)?;
    }
    // What the leaver had made of his mail hides nothing from the successor, and passes nothing on.
    scripts::activate(tx, account, None)?;
    let reply = AutoReply { is_enabled: leaver.reply.is_some(), text: leaver.reply.clone(), ..AutoReply::default() };
    set_auto_reply(tx, account, &reply)?;
    let Some(reason) = &leaver.hold else { return Ok(None) };
    let name = format!("{} has left", leaver.address);
    let detail = HoldDetail { name, reason: reason.clone(), by: asker(tx, by)?, ..HoldDetail::default() };
    Ok(Some(holds::begin(tx, organisation, &[account], &detail)?))
}
