//! Reports of how connections fared (TLS-RPT).

use env::Timestamp;
use serde_json::{Value, json};
use smtp::transport::{self, ReceivedReport};

use api::actions::Refused;
use store::Store;

/// The reports of others about their connections to us, newest first.
pub(super) async fn list(store: &Store) -> Result<Value, Refused> {
    let reports = store.read(transport::list).await.map_err(Refused::because)?;
    Ok(reports.iter().map(row).collect())
}

/// Has our own reports sent now.
pub(super) async fn send(store: &Store) -> Result<Value, Refused> {
    let reports = store.write(transport::send_soon).await.map_err(Refused::because)?;
    Ok(json!({ "reports": reports }))
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
