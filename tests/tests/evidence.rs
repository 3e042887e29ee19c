//! Evidence from the command line: checks and standards, a signed report that an outsider verifies, the overview, and `tradewind check` saying the same.

use std::fs;

use harness::{Options, Outcome, Scratch, Tradewind};
use serde_json::Value;

fn told(tradewind: &Tradewind, words: &[&str]) -> Outcome<Value> {
    let mut all = vec!["--json"];
    all.extend(words);
    Ok(serde_json::from_str(tradewind.command(&all)?.success()?.stdout.trim())?)
}

fn rows(answer: &Value) -> Vec<Value> {
    answer["rows"].as_array().cloned().unwrap_or_default()
}

fn state_of(tradewind: &Tradewind, check: &str) -> Outcome<Value> {
    Ok(told(tradewind, &["evidence", "show", "checks", check])?["state"].clone())
}

#[test]
fn checks_are_live() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    // Somebody has to have done something before the audit log has a record.
    tradewind.command(&["audit", "seal"])?.success()?;
    for check in ["at-rest", "audit-sealed", "audit-proved", "settings-recorded", "versions", "queue", "second-person"]
    {
        assert_eq!(
            state_of(&tradewind, check)?,
            "passed",
            "{check}: {}",
            told(&tradewind, &["evidence", "show", "checks", check])?
        );
    }
    assert_eq!(state_of(&tradewind, "backups")?, "failed", "none is set up");
    let factors = told(&tradewind, &["evidence", "show", "checks", "factors", "--language", "zh"])?;
    assert!(factors["figures"].as_array().is_some_and(|figures| !figures.is_empty()), "{factors}");
    // What the check says is what the list of checks says.
    let checked = tradewind.command(&["--json", "check", "--offline"])?;
    let checked: Vec<Value> = serde_json::from_str(checked.stdout.trim())?;
    for row in rows(&told(&tradewind, &["evidence", "list"])?) {
        if let Some(found) = checked.iter().find(|finding| finding["check"] == row["check"]) {
            let word = match row["state"].as_str() {
                Some("passed") => "sound",
                Some("failed") => "wrong",
                _ => "unknown",
            };
            assert_eq!(found["state"], word, "{row}");
        }
    }
    Ok(())
}

#[test]
fn a_report_verifies_with_the_public_key_alone() -> Outcome {
    let scratch = Scratch::new("evidence")?;
    let tradewind = Tradewind::start(Options::default())?;
    let annex = told(&tradewind, &["evidence", "list", "iso27001", "--language", "zh"])?;
    assert_eq!((rows(&annex).len(), annex["cursor"].is_null()), (93, true));
    let directory = scratch.join("reports").display().to_string();
    let made = told(&tradewind, &["evidence", "report", "iso27001", "--language", "zh", "--output", &directory])?;
    let key = made["key"].as_str().unwrap_or_default().to_owned();
    let head = told(&tradewind, &["audit", "head"])?;
    assert_eq!(head["key"], key, "it is the audit log's key");
    let note = made["note"].as_str().unwrap_or_default().to_owned();
    let files: Vec<String> =
        made["files"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    assert_eq!(files.len(), 2, "{made}");
    for file in &files {
        let verified = told(&tradewind, &["evidence", "verify", file, "--note", &note, "--key", &key])?;
        assert_eq!(verified["verified"], true, "{verified}");
    }
    let document: Value =
        serde_json::from_slice(&fs::read(files.iter().find(|file| file.ends_with(".json")).map_or("", |file| file))?)?;
    assert_eq!(document["items"].as_array().map(Vec::len), Some(93));
    let altered = scratch.join("altered.json");
    fs::write(&altered, document.to_string().replacen("failed", "passed", 1))?;
    let altered = altered.display().to_string();
    let refused = tradewind.command(&["--json", "evidence", "verify", &altered, "--note", &note, "--key", &key])?;
    assert!(!refused.status.success(), "an altered report verifies");
    let log = told(&tradewind, &["access", "log", "--days", "1"])?;
    assert!(log.to_string().contains("evidence-report-made"), "that it was made is recorded: {log}");
    Ok(())
}

#[test]
fn the_overview_has_areas_and_numbers() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let told = told(&tradewind, &["overview", "--language", "zh"])?;
    let areas = told["areas"].as_array().cloned().unwrap_or_default();
    assert!(areas.len() > 10, "{told}");
    let states: Vec<&str> = areas.iter().filter_map(|area| area["state"].as_str()).collect();
    let rank = |state: &&str| ["failed", "needs-a-person", "passed"].iter().position(|known| known == state);
    assert!(states.is_sorted_by_key(rank), "{states:?}");
    assert!(areas.iter().all(|area| area["why"].as_str().is_some_and(|why| !why.is_empty())));
    let numbers = told["numbers"].as_array().cloned().unwrap_or_default();
    for name in ["received", "sent", "sign-ins", "queue", "cases", "approvals", "backup", "certificates", "storage"] {
        assert!(numbers.iter().any(|number| number["number"] == name && number["list"].is_string()), "{name}: {told}");
    }
    Ok(())
}
