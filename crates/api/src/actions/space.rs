//! What takes room: accounts that are full or nearly, and what in them; letters before one is full.

use access::Action as Right;
use identity::{AccountKind, IdentityError, Language};
use retention::{Fullness, Heap, QuotaStep, RetentionError, Space};
use serde_json::{Value, json};
use store::Tx;

use super::people::{find_account, pick_organisation};
use super::{Bounds, Controls, Refused, letters};

/// Accounts in one answer.
const LISTED_MAX: u32 = 500;

/// Accounts that are looked at at once for letters.
const PAGE: u32 = 500;

/// The accounts that take the most room.
pub(super) async fn list(
    controls: &Controls,
    by: &Bounds,
    limit: u32,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let mut rows = Vec::new();
        for known in retention::fullest(tx, organisation, limit.clamp(1, LISTED_MAX))? {
            let address = identity::list_addresses(tx, known.account)?.into_iter().next();
            rows.push(json!({
                "address": address,
                "bytes": known.bytes,
                "quota_bytes": known.quota_bytes,
                "percent": percent(&known),
            }));
        }
        Ok::<_, RetentionError>(rows.into())
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// How full, in percent; nothing where there is no limit.
fn percent(known: &Fullness) -> Option<u64> {
    let percent = u128::from(known.bytes) * 100;
    percent.checked_div(u128::from(known.quota_bytes)).and_then(|percent| u64::try_from(percent).ok())
}

/// What takes the room of one account. No word of its mail is shown.
pub(super) async fn show(controls: &Controls, address: String) -> Result<Value, Refused> {
    let told = address.clone();
    let account = find_account(controls, address).await?;
    let found = controls.store.read(move |tx| retention::space(tx, account)).await.map_err(Refused::because)?;
    let heap = |heap: Heap| json!({ "count": heap.count, "bytes": heap.bytes });
    let Space { all, quota_bytes, large, attached, unopened, doubled, never_mail, is_more } = found;
    Ok(json!({
        "address": told,
        "all": heap(all),
        "quota_bytes": quota_bytes,
        "large": heap(large),
        "attached": heap(attached),
        "unopened": heap(unopened),
        "doubled": heap(doubled),
        "never_mail": heap(never_mail),
        "is_file_store": found.is_file_store(),
        "is_more": is_more,
    }))
}

/// Tells owners whose accounts have reached a step on the way to full, once for each step; of a full one those who administer accounts, too.
///
/// # Errors
/// [`IdentityError`] if the accounts cannot be read; what could not be told is told at the next call.
pub async fn tell_of_full_accounts(controls: &Controls) -> Result<usize, RetentionError> {
    let (mut told, mut after) = (0, 0);
    loop {
        let due = controls.store.read(move |tx| retention::to_tell(tx, after, PAGE)).await?;
        let Some(last) = due.last() else { return Ok(told) };
        after = last.0.account;
        for (known, step) in due {
            let sent = match step {
                Some(step) => tell_one(controls, &known, step).await?,
                None => true,
            };
            if sent {
                told += usize::from(step.is_some());
                controls.store.write(move |tx| retention::mark_told(tx, &known)).await?;
            }
        }
    }
}

async fn tell_one(controls: &Controls, known: &Fullness, step: QuotaStep) -> Result<bool, RetentionError> {
    let account = known.account;
    let work = move |tx: &mut Tx<'_>| identity::load_account(tx, account);
    let owner = controls.store.read(work).await.map_err(|error: IdentityError| RetentionError::from(error))?;
    let address = owner.addresses.first().cloned().unwrap_or_default();
    let values = [
        ("address", address),
        ("percent", step.percent().to_string()),
        ("used", mib(known.bytes)),
        ("room", mib(known.quota_bytes)),
    ];
    let mut sent = true;
    if owner.kind == AccountKind::Person && step != QuotaStep::Full {
        sent = letters::tell(controls, account, "letter-quota", |_: Language| values.to_vec()).await;
    }
    // A full mailbox takes no letter: whoever can make room is told.
    if step == QuotaStep::Full || owner.kind != AccountKind::Person {
        for reader in letters::readers(controls, owner.organisation, Right::AccountChange).await {
            sent &= letters::tell(controls, reader, "letter-quota-full", |_: Language| values.to_vec()).await;
        }
    }
    Ok(sent)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
