//! Reading the truth and the verdicts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::bank::canonical;

/// Characters that a part of a value must have to stand for the whole.
const PART_CHARS_MIN: usize = 6;

/// A payment detail that is in a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) kind: String,
    pub(super) value: String,
}

impl Expected {
    /// Whether it is the number of an account; codes of banks are not asked for, and no fault where found.
    pub(super) fn is_primary(&self) -> bool {
        matches!(self.kind.as_str(), "iban" | "account" | "clabe" | "crypto")
    }

    /// Whether what was said is this one: a guard may join it with the bank's code.
    pub(super) fn is(&self, said: &str) -> bool {
        let (short, long) =
            if said.len() < self.value.len() { (said, self.value.as_str()) } else { (self.value.as_str(), said) };
        short == long || short.len() >= PART_CHARS_MIN && long.contains(short)
    }
}

/// A row of the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) file: String,
    pub(super) is_attack: bool,
    pub(super) kind: String,
    pub(super) details: Vec<Expected>,
    pub(super) changes_bank: bool,
    pub(super) language: String,
}

/// What was said of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) action: String,
    pub(super) is_held: bool,
    pub(super) is_warned: bool,
    /// Whether the heaviest finding is that the sender is new.
    pub(super) is_first_contact: bool,
    pub(super) findings: Vec<String>,
    pub(super) details: Vec<String>,
}

/// Seed and rows of a `truth.tsv`.
pub(super) fn truth(path: &Path) -> Result<(u64, Vec<Row>), String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let seed = text.lines().find_map(|line| line.strip_prefix("# seed ")?.parse().ok()).unwrap_or(0);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.starts_with("path\t"));
    let rows = lines.map(|(number, line)| {
        row(line).ok_or_else(|| {
            format!("{} line {}: wants path, label, kind, details, changes_bank, language", path.display(), number + 1)
        })
    });
    Ok((seed, rows.collect::<Result<_, _>>()?))
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split('\t').collect();
    let detail = |text: &str| {
        let (kind, value) = text.split_once('=')?;
        Some(Expected { kind: kind.to_owned(), value: value.to_owned() })
    };
    let [path, label, kind, details, changes_bank, language, ..] = cells[..] else { return None };
    let is_attack = match label {
        "attack" => true,
        "honest" => false,
        _ => return None,
    };
    Some(Row {
        file: file_name(path),
        is_attack,
        kind: kind.to_owned(),
        details: if details == "-" { Vec::new() } else { details.split(';').map(detail).collect::<Option<_>>()? },
        changes_bank: changes_bank == "yes",
        language: language.to_owned(),
    })
}

/// Verdicts by name of file: one JSON object in each line.
pub(super) fn verdicts(path: &Path) -> Result<BTreeMap<String, Said>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut all = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: &str| format!("{} line {}: {what}", path.display(), number + 1);
        let value: Value = serde_json::from_str(line).map_err(|error| wrong(&error.to_string()))?;
        let path = value["path"].as_str().ok_or_else(|| wrong("wants \"path\""))?;
        let action = value["action"].as_str().ok_or_else(|| wrong("wants \"action\""))?;
        all.insert(file_name(path), said(action, &value));
    }
    Ok(all)
}

fn said(action: &str, value: &Value) -> Said {
    let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut findings: Vec<(f64, String)> = list("findings")
        .iter()
        .map(|finding| (finding["weight"].as_f64().unwrap_or(0.0), finding["id"].as_str().unwrap_or("").to_owned()))
        .collect();
    findings.sort_by(|one, other| other.0.total_cmp(&one.0));
    let details = list("payment_details");
    let mut details: Vec<String> =
        details.iter().filter_map(|detail| detail["value"].as_str()).map(canonical).collect();
    details.sort();
    details.dedup();
    Said {
        action: action.to_owned(),
        is_held: matches!(action, "quarantine" | "refuse" | "junk" | "hold"),
        is_warned: matches!(action, "warn" | "banner"),
        is_first_contact: findings.first().is_some_and(|(_, id)| id.replace('_', "-").contains("first-contact")),
        findings: findings.into_iter().map(|(weight, id)| format!("{id}:{weight}")).collect(),
        details,
    }
}

/// The last part of a path.
fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}
