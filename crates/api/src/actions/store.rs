//! The store itself.

use serde_json::{Value, json};

use super::{Controls, Refused};

pub(super) async fn check(controls: &Controls, deep: bool) -> Result<Value, Refused> {
    let report = store::check::run(&controls.store, deep).await.map_err(Refused::because)?;
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    Ok(
        json!({ "sound": findings.is_empty(), "findings": findings, "messages": report.messages, "accounts": report.accounts }),
    )
}

pub(super) async fn collect(controls: &Controls) -> Result<Value, Refused> {
    let now = controls.store.context().clock.now();
    let collected =
        store::collect::run(&controls.store, store::collect::Budget::default(), now).await.map_err(Refused::because)?;
    Ok(json!({
        "blobs": collected.blobs,
        "moved_blobs": collected.moved_blobs,
        "segments": collected.segments,
        "segment_bytes": collected.segment_bytes,
    }))
}
