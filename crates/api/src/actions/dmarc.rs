//! DMARC reports to and from the owners of domains.

use std::time::Duration;

use env::Timestamp;
use reports::{Listed, ListedFailure, Reporter, SendFor};
use serde_json::{Value, json};

use super::{Controls, Refused};

/// The moment that many days ago.
fn days_ago(controls: &Controls, days: u32) -> Timestamp {
    let span = Duration::from_secs(u64::from(days) * 86_400);
    let now = controls.store.context().clock.now();
    Timestamp::from_millis(now.millis() - i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}

/// Single messages in the name of our domains that failed elsewhere, newest first.
pub(super) async fn failures(controls: &Controls, days: u32) -> Result<Value, Refused> {
    let since = days_ago(controls, days);
    let listed = controls.store.read(move |tx| reports::list_failures(tx, since)).await.map_err(Refused::because)?;
    let row = |it: &ListedFailure| {
        json!({
            "received": Timestamp::from_millis(it.received).to_string(),
            "reporter": it.reporter,
            "domain": it.domain,
            "failed": it.kind,
            "source": it.source.map(|source| source.to_string()),
            "mail_from": it.mail_from,
            "from": it.from,
            "arrival": it.arrival,
            "delivery": it.delivery,
            "messages": it.incidents,
        })
    };
    Ok(listed.iter().map(row).collect())
}

pub(super) async fn list(controls: &Controls, days: u32) -> Result<Value, Refused> {
    let since = days_ago(controls, days);
    let listed = controls.store.read(move |tx| reports::list(tx, since)).await.map_err(Refused::because)?;
    Ok(listed.iter().map(row).collect())
}

fn row(listed: &Listed) -> Value {
    json!({
        "domain": listed.domain,
        "source": listed.source.to_string(),
        "messages": listed.messages,
        "passed": listed.passed,
        "failed": listed.messages.saturating_sub(listed.passed),
        "dkim": listed.dkim,
        "spf": listed.spf,
        "quarantined": listed.quarantined,
        "rejected": listed.rejected,
        "reporters": listed.reporters,
    })
}

pub(super) async fn send(controls: &Controls, today: bool) -> Result<Value, Refused> {
    controls.tally.flush(&controls.store).await.map_err(Refused::because)?;
    let reporter = Reporter {
        store: controls.store.clone(),
        dns: controls.elsewhere.resolver()?,
        mailer: controls.mailer.clone(),
    };
    let which = if today { SendFor::Today } else { SendFor::Past };
    let sent = reporter.send(which).await.map_err(Refused::because)?;
    Ok(json!({ "sent": sent }))
}
