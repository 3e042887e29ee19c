//! DMARC reports to and from the owners of domains.

use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use reports::{Listed, Reporter, SendFor};
use serde_json::{Value, json};
use smtp::transport::{self, ReceivedReport};

use super::{Controls, Refused};
use crate::system::resolver;

pub(super) async fn list(controls: &Controls, days: u32) -> Result<Value, Refused> {
    let span = Duration::from_secs(u64::from(days) * 86_400);
    let now = controls.store.context().clock.now();
    let since = Timestamp::from_millis(now.millis() - i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
    let listed = controls.store.read(move |tx| reports::list(tx, since)).await.map_err(Refused::because)?;
    Ok(listed.iter().map(dmarc_row).collect())
}

fn dmarc_row(listed: &Listed) -> Value {
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
        dns: Arc::new(resolver(&controls.dns)?),
        signer: Arc::clone(&controls.signer),
        hostname: controls.hostname.clone(),
    };
    let which = if today { SendFor::Today } else { SendFor::Past };
    let sent = reporter.send(which).await.map_err(Refused::because)?;
    Ok(json!({ "sent": sent }))
}

/// The reports of others about their connections to us, newest first.
pub(super) async fn tls(controls: &Controls) -> Result<Value, Refused> {
    let reports = controls.store.read(transport::list).await.map_err(Refused::because)?;
    Ok(reports.iter().map(tls_row).collect())
}

/// Has our own reports sent now.
pub(super) async fn send_tls(controls: &Controls) -> Result<Value, Refused> {
    let reports = controls.store.write(transport::send_soon).await.map_err(Refused::because)?;
    Ok(json!({ "reports": reports }))
}

fn tls_row(received: &ReceivedReport) -> Value {
    let report = &received.report;
    let totals = report.totals();
    let domains: Vec<&str> = report.policies.iter().map(|it| it.policy.policy_domain.as_str()).collect();
    let failures: Vec<Value> = report
        .policies
        .iter()
        .flat_map(|policy| &policy.failure_details)
        .map(|failure| {
            json!({
                "type": failure.result_type,
                "connections": failure.failed_session_count,
                "host": failure.receiving_mx_hostname,
                "from": failure.sending_mta_ip,
                "reason": failure.failure_reason_code,
            })
        })
        .collect();
    json!({
        "from": report.organization_name,
        "authenticated": received.authenticated,
        "id": report.report_id,
        "received": Timestamp::from_millis(received.received).to_string(),
        "begin": report.date_range.start_datetime,
        "end": report.date_range.end_datetime,
        "domains": domains,
        "with_tls": totals.total_successful_session_count,
        "failed": totals.total_failure_session_count,
        "failures": failures,
    })
}
