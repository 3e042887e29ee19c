//! Whether there are backups, as the level asks for them, and they succeed.

use api::actions::Action;
use serde_json::Value;

use super::{Finding, State, ask_or_act};
use crate::settings::Settings;

const CHECK: &str = "backup";

/// What the backups lack, and each repository whose backups are late or fail.
pub(super) async fn backups(settings: &Settings) -> Vec<Finding> {
    if !settings.server.directory.exists() {
        // There is nothing yet that could be backed up.
        return Vec::new();
    }
    match ask_or_act(settings, Action::BackupStatus).await {
        Ok(status) => findings(&status),
        Err(error) => vec![Finding::new(CHECK, "backups", State::Unknown, "remedy-store").found(error.to_string())],
    }
}

fn findings(status: &Value) -> Vec<Finding> {
    let list = |name: &str| status.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let level = text(status, "level");
    let mut found: Vec<Finding> = list("missing")
        .iter()
        .filter_map(|lack| {
            Some(Finding::new(CHECK, level.clone(), State::Wrong, remedy(lack.as_str()?)).found(lack.as_str()?))
        })
        .collect();
    for repository in list("repositories") {
        let state = text(&repository, "state");
        let judged = if state == "good" { State::Sound } else { State::Wrong };
        let failure = [text(&repository, "failure"), text(&repository, "unreachable")];
        let failure = failure.into_iter().find(|it| !it.is_empty()).unwrap_or_default();
        let told = if failure.is_empty() { state } else { format!("{state}: {failure}") };
        found.push(Finding::new(CHECK, text(&repository, "repository"), judged, "remedy-backup-failing").found(told));
        let crossing = text(&repository, "may_not_cross");
        if !crossing.is_empty() {
            let place = text(&repository, "repository");
            found.push(Finding::new(CHECK, place, State::Wrong, "remedy-backup-crossing").found(crossing));
        }
    }
    found
}

/// The text that says what to do.
fn remedy(lack: &str) -> &'static str {
    match lack {
        "none" => "remedy-backup-none",
        "local" => "remedy-backup-local",
        "one-region" => "remedy-backup-one-region",
        "deletable" => "remedy-backup-deletable",
        "short" => "remedy-backup-short",
        "no-points" => "remedy-backup-no-points",
        _ => "remedy-backup-by-hand",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_and_what_fails_is_wrong() {
        let status = json!({
            "level": "trade", "missing": ["one-region"],
            "repositories": [
                { "repository": "/mnt/a", "state": "good", "failure": null },
                { "repository": "s3:https://s3.example/b", "state": "late", "failure": "no route" },
            ],
        });
        let found = findings(&status);
        let told: Vec<_> =
            found.iter().map(|it| (it.object.as_str(), it.state, it.found.as_str(), it.remedy)).collect();
        assert_eq!(
            told,
            [
                ("trade", State::Wrong, "one-region", "remedy-backup-one-region"),
                ("/mnt/a", State::Sound, "good", "remedy-backup-failing"),
                ("s3:https://s3.example/b", State::Wrong, "late: no route", "remedy-backup-failing"),
            ]
        );
    }
}
