//! The checks of evidence: what they say here is what they say in the console and in reports.

use api::actions::{Action, EvidenceWanted};
use evidence::Check;
use serde_json::Value;

use super::{Finding, State, ask_or_act};
use crate::settings::Settings;

/// Checks whose parts are told one by one elsewhere in this list.
const TOLD_ELSEWHERE: &[Check] =
    &[Check::Certificates, Check::Factors, Check::SenderRecords, Check::Backups, Check::BackupPlaces, Check::Clock];

/// As many checks as there are.
const LIMIT: u32 = 200;

/// How the checks come out.
pub(super) async fn findings_of(settings: &Settings, language: &str) -> Vec<Finding> {
    if !settings.server.directory.exists() {
        // There is nothing yet to look at.
        return Vec::new();
    }
    let wanted = EvidenceWanted { language: language.to_owned(), limit: Some(LIMIT), ..EvidenceWanted::default() };
    match ask_or_act(settings, Action::EvidenceList(wanted)).await {
        Ok(answer) => findings(&answer),
        Err(error) => vec![Finding::new("evidence", "checks", State::Unknown, "remedy-store").found(error.to_string())],
    }
}

fn findings(answer: &Value) -> Vec<Finding> {
    answer.get("rows").and_then(Value::as_array).into_iter().flatten().filter_map(finding).collect()
}

fn finding(row: &Value) -> Option<Finding> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let check: Check = text("check").parse().ok()?;
    if TOLD_ELSEWHERE.contains(&check) {
        return None;
    }
    let state = match text("state") {
        "passed" => State::Sound,
        "failed" => State::Wrong,
        _ => State::Unknown,
    };
    let why: Vec<&str> =
        row.get("why").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    Some(Finding::new(check.as_str(), check.as_str(), state, "remedy-evidence").found(why.join(" ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn checks_say_what_evidence_says() {
        let row = |check: &str, state: &str| json!({ "check": check, "state": state, "why": ["so", "and so"] });
        let answer = json!({ "rows": [row("queue", "failed"), row("backups", "failed"), row("gm", "needs-a-person")] });
        let told: Vec<_> = findings(&answer).into_iter().map(|it| (it.check, it.state, it.found)).collect();
        let why = "so and so".to_owned();
        assert_eq!(told, [("queue", State::Wrong, why.clone()), ("gm", State::Unknown, why)]);
    }
}
