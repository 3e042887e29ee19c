//! What people here have confirmed, for others.

use std::time::Duration;

use env::Timestamp;
use intel::share;
use judgement::sharing::{self, ShareLink};
use serde_json::{Value, json};
use store::Tx;

use super::people::pick_organisation;
use super::{Bounds, Controls, Refused};

/// Days that a link to what is shared may hold.
const LINK_DAYS_MAX: u32 = 366;

const DAY_SECONDS: u64 = 86_400;

/// What was confirmed in the last days, as a document in `format`.
pub(super) async fn share(
    controls: &Controls,
    by: &Bounds,
    format: String,
    days: u32,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let form: fn(&[share::Indicator], Timestamp) -> Value = match format.as_str() {
        "stix" => share::stix,
        "misp" => share::misp,
        other => return Err(Refused(format!("{other} is no form of feeds; it is one of: stix, misp"))),
    };
    let (by, never) = (*by, controls.elsewhere.never_listed());
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let now = tx.now();
        let since = Timestamp::from_millis(now.millis() - i64::from(days) * 86_400_000);
        Ok::<_, judgement::JudgementError>(form(&sharing::confirmed(tx, organisation, since, &never)?, now))
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// A link under which others read it, without signing in, until its time is over.
pub(super) async fn link(
    controls: &Controls,
    by: &Bounds,
    days: u32,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    if days == 0 || days > LINK_DAYS_MAX {
        return Err(Refused(format!("{days} days: a link holds from 1 to {LINK_DAYS_MAX} days")));
    }
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        Ok::<_, judgement::JudgementError>((organisation, tx.now()))
    };
    let (organisation, now) = controls.store.read(work).await.map_err(Refused::because)?;
    let until = now.plus(Duration::from_secs(u64::from(days) * DAY_SECONDS));
    let link = sharing::make_link(&controls.store, ShareLink { organisation, until });
    let path = |form: &str| format!("{}/{link}/{form}", crate::SHARED_PATH);
    Ok(json!({ "stix": path("stix"), "misp": path("misp"), "until": until.to_string() }))
}
