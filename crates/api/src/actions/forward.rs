//! Forwarding of an account's mail. The owner is told of every change, in the transaction that makes it.

use std::time::Duration;

use ::letters::{LetterError, Texts, Words};
use identity::forward::{self, Forward, NewForward};
use identity::{IdentityError, Language};
use queue::QueueError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{StoreError, Tx};

use super::caller::Bounds;
use super::{Controls, Refused};

/// Accounts that are listed at once.
const PAGE: usize = 1_000;

/// A target to be added.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTarget {
    /// Address of the account.
    pub address: String,
    /// Address that its mail goes to.
    pub target: String,
    /// Whether a copy stays in the mailbox.
    pub keeps_copy: bool,
    /// Days from now; for ever if none.
    pub expires_days: Option<u32>,
    /// Who sets it.
    pub by: String,
}

/// A failure of one of the crates that a transaction here calls.
#[derive(Debug, thiserror::Error)]
enum ForwardError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Letter(#[from] LetterError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) async fn add(controls: &Controls, bounds: &Bounds, new: NewTarget) -> Result<Value, Refused> {
    let NewTarget { address, target, keeps_copy, expires_days, by } = new;
    let by = setter(controls, bounds, by).await?;
    let now = controls.store.context().clock.now();
    let expires = expires_days.map(|days| now.plus(Duration::from_secs(u64::from(days) * 86_400)));
    let kind = if keeps_copy { "forward-added-copy" } else { "forward-added" };
    let setter = by.clone();
    let new = NewForward { target: target.clone(), keeps_copy, expires };
    let added =
        change(controls, &address, (kind, &target, &by), move |tx, account| forward::add(tx, &setter, account, &new))
            .await?;
    Ok(shown(&address, &added))
}

/// Who makes the change: the person who has signed in, whatever the request says.
async fn setter(controls: &Controls, bounds: &Bounds, said: String) -> Result<String, Refused> {
    let Some(account) = bounds.account else { return Ok(said) };
    let found = controls.store.read(move |tx| identity::list_addresses(tx, account)).await.map_err(Refused::because)?;
    Ok(found.into_iter().next().unwrap_or(said))
}

pub(super) async fn remove(
    controls: &Controls,
    bounds: &Bounds,
    address: String,
    target: String,
    by: String,
) -> Result<Value, Refused> {
    let by = setter(controls, bounds, by).await?;
    let wanted = target.clone();
    change(controls, &address, ("forward-removed", &target, &by), move |tx, account| {
        forward::remove(tx, account, &wanted)
    })
    .await?;
    Ok(json!({ "address": address, "removed": target }))
}

/// Makes a change, notes it in the log, and posts the notice to the account's owner.
async fn change<T: Send + 'static>(
    controls: &Controls,
    address: &str,
    (kind, target, by): (&'static str, &str, &str),
    mut work: impl FnMut(&mut Tx<'_>, i64) -> Result<T, IdentityError> + Send + 'static,
) -> Result<T, Refused> {
    let account = account_of(controls, address).await?;
    let notice = controls.mailer.notice(account, |language| words(language, kind, address, target, by));
    let notice = notice.await.map_err(Refused::because)?;
    let changed = controls
        .store
        .write(move |tx| {
            let changed = work(tx, account)?;
            notice.post(tx)?;
            Ok::<_, ForwardError>(changed)
        })
        .await
        .map_err(Refused::because)?;
    tracing::warn!(event = kind, account, by, "forwarding of an account was changed");
    Ok(changed)
}

fn words(language: Language, kind: &str, address: &str, target: &str, by: &str) -> Words {
    let texts = Texts::of(language);
    let values = [("address", address), ("target", target), ("by", by)];
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say("forward-subject", &values),
        text: format!("{}\n\n{}\n", texts.say(kind, &values), texts.say("forward-unexpected", &values)),
    }
}

async fn account_of(controls: &Controls, address: &str) -> Result<i64, Refused> {
    let wanted = address.to_owned();
    let find = move |tx: &mut Tx<'_>| {
        identity::find_by_address(tx, &wanted)?.ok_or_else(|| IdentityError::NoAccount(wanted.clone()))
    };
    controls.store.read(find).await.map_err(Refused::because)
}

pub(super) async fn list(controls: &Controls, bounds: &Bounds, address: Option<String>) -> Result<Value, Refused> {
    let bounds = *bounds;
    if let Some(address) = address {
        let account = account_of(controls, &address).await?;
        let found = controls.store.read(move |tx| forward::list(tx, account)).await.map_err(Refused::because)?;
        return Ok(found.iter().map(|one| shown(&address, one)).collect());
    }
    let mut rows = Vec::new();
    let mut after = 0;
    loop {
        let page = controls
            .store
            .read(move |tx| {
                let accounts = forward::accounts(tx, after, PAGE)?;
                let mut page = Vec::with_capacity(accounts.len());
                for account in accounts {
                    if !bounds.hold(identity::load_account(tx, account)?.organisation) {
                        page.push((account, String::new(), Vec::new()));
                        continue;
                    }
                    let main = identity::list_addresses(tx, account)?.into_iter().next().unwrap_or_default();
                    page.push((account, main, forward::list(tx, account)?));
                }
                Ok::<_, IdentityError>(page)
            })
            .await
            .map_err(Refused::because)?;
        let Some((last, ..)) = page.last() else { break };
        after = *last;
        rows.extend(page.iter().flat_map(|(_, main, found)| found.iter().map(|one| shown(main, one))));
    }
    Ok(rows.into())
}

fn shown(address: &str, forward: &Forward) -> Value {
    json!({
        "address": address,
        "target": forward.target,
        "copy": forward.keeps_copy,
        "set_by": forward.set_by,
        "since": forward.created.to_string(),
        "expires": forward.expires.map(|at| at.to_string()),
    })
}
