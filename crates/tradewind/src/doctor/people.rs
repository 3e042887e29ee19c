//! What people still lack: second factors.

use api::actions::Action;
use serde_json::Value;

use super::{Finding, State, ask_or_act};
use crate::settings::Settings;

/// People who are named one by one; of more the number is told.
const NAMED_MAX: usize = 20;

const CHECK: &str = "second-factor";
const REMEDY: &str = "remedy-second-factor";

/// Whether everybody who must have a second factor, by level and role, has one that counts.
pub(super) async fn second_factors(settings: &Settings) -> Vec<Finding> {
    if !settings.server.directory.exists() {
        // Nobody is there yet.
        return Vec::new();
    }
    match ask_or_act(settings, Action::FactorMissing).await {
        Ok(answer) => findings(&answer),
        Err(error) => vec![Finding::new(CHECK, "people", State::Unknown, "remedy-store").found(error.to_string())],
    }
}

fn findings(answer: &Value) -> Vec<Finding> {
    let missing = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    if missing.is_empty() {
        return vec![Finding::new(CHECK, "people", State::Sound, REMEDY)];
    }
    let text = |row: &Value, pointer: &str| row.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let named = missing.iter().take(NAMED_MAX).map(|row| {
        let kinds = row.pointer("/asked/enrol").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
        let found = format!(
            "{}: {}; mail programs until {}",
            text(row, "/role"),
            kinds.join(", "),
            text(row, "/asked/mail_clients_until")
        );
        Finding::new(CHECK, text(row, "/address"), State::Wrong, REMEDY).found(found)
    });
    let mut all: Vec<Finding> = named.collect();
    if let Some(more) = missing.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        all.push(Finding::new(CHECK, format!("+{more}"), State::Wrong, REMEDY));
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_person_is_named_and_many_are_counted() {
        assert_eq!(findings(&json!([])).first().map(|it| it.state), Some(State::Sound));
        let row = |number: usize| {
            json!({
                "address": format!("p{number}@trade.test"), "role": "finance",
                "asked": { "enrol": ["hardware-key", "ukey"], "until_then": [], "mail_clients_until": "2026-12-10" },
            })
        };
        let told = findings(&json!([row(1)]));
        assert_eq!((told.len(), told[0].object.as_str(), told[0].state), (1, "p1@trade.test", State::Wrong));
        assert_eq!(told[0].found, "finance: hardware-key, ukey; mail programs until 2026-12-10");
        let many = findings(&(0..23).map(row).collect());
        assert_eq!((many.len(), many[20].object.as_str()), (21, "+3"));
    }
}
