//! What others report of their connections to us (TLS-RPT).

use env::Timestamp;
use reports::tls::{self, ReceivedReport};
use serde_json::{Value, json};

use super::{Controls, Refused};

/// The reports, newest first.
pub(super) async fn list(controls: &Controls) -> Result<Value, Refused> {
    let reports = controls.store.read(tls::list).await.map_err(Refused::because)?;
    Ok(reports.iter().map(row).collect())
}

fn row(received: &ReceivedReport) -> Value {
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
