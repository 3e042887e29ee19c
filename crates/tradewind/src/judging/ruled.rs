//! `tradewind rules`: lists the rules of the filter, tries their examples, counts how often they hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::actions::Refused;
use filter::corpus::{Label, honest_texts};
use filter::{Facts, Received, Rules, Source};
use serde_json::json;

use super::{MESSAGE_OCTETS_MAX, learned, read as read_octets, read_text, rounded};
use crate::cli::RulesCommand;
use crate::texts::Texts;

/// Files of one directory that are read.
const FILES_MAX: usize = 1000;

/// Honest messages of one rule that are named.
const SHOWN_MAX: usize = 50;

/// Carries out one of the commands.
pub(crate) fn run(command: &RulesCommand, json: bool) -> Result<ExitCode, Refused> {
    match command {
        RulesCommand::Test { directory } => test(&read(directory.as_deref())?, json),
        RulesCommand::List { directory } => {
            list(&read(directory.as_deref())?, json);
            Ok(ExitCode::SUCCESS)
        }
        RulesCommand::Measure { manifest, directory, show } => {
            measure(&read(directory.as_deref())?, manifest, show, json)
        }
    }
}

/// The rules that are shipped, completed and changed by the files of a directory.
pub(super) fn read(directory: Option<&Path>) -> Result<Rules, Refused> {
    let own = directory.map_or(Ok(Vec::new()), sources)?;
    Rules::with(&own).map_err(Refused::because)
}

/// The rule files of a directory (`*.toml`), in the order of their names.
pub(crate) fn sources(directory: &Path) -> Result<Vec<Source>, Refused> {
    let failed = |error: std::io::Error| Refused(format!("{}: {error}", directory.display()));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    if paths.len() > FILES_MAX {
        return Err(Refused(format!("{}: has more than {FILES_MAX} rule files", directory.display())));
    }
    paths.sort();
    let source = |path: &PathBuf| Ok(Source { name: path.display().to_string(), text: read_text(path)? });
    paths.iter().map(source).collect()
}

fn test(rules: &Rules, json: bool) -> Result<ExitCode, Refused> {
    let texts = Texts::from_environment();
    let broken = rules.broken();
    let (count, examples) = (rules.iter().count(), rules.examples());
    if json {
        let broken: Vec<_> = broken
            .iter()
            .map(|one| json!({ "id": one.id, "file": one.file, "must_hit": one.is_hit, "example": one.example }))
            .collect();
        println!("{}", json!({ "rules": count, "examples": examples, "broken": broken }));
    } else {
        for one in &broken {
            let key = match (one.example.is_empty(), one.is_hit) {
                (true, true) => "rule-without-hits",
                (true, false) => "rule-without-misses",
                (false, true) => "rule-must-hit",
                (false, false) => "rule-must-miss",
            };
            let example = one.example.replace('\n', " ⏎ ");
            println!("{}", texts.say(key, &[("file", &one.file), ("id", &one.id), ("example", &example)]));
        }
        let [count, examples, broken] = [count, examples, broken.len()].map(|number| number.to_string());
        println!("{}", texts.say("rules-tested", &[("rules", &count), ("examples", &examples), ("broken", &broken)]));
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(rules: &Rules, json: bool) {
    let texts = Texts::from_environment();
    for rule in rules.iter() {
        let text = rules.text(&rule.id, texts.language()).unwrap_or_default();
        if json {
            let line = json!({
                "id": rule.id,
                "file": rule.file,
                "signal": rule.signal,
                "spam": rounded(rule.spam),
                "phish": rounded(rule.phish),
                "off": rule.is_off,
                "when": rule.when,
                "text": text,
            });
            println!("{line}");
        } else {
            let off = if rule.is_off { texts.say("rule-off", &[]) } else { String::new() };
            println!("{:<32} {:+.1} {:+.1}  {text}{off}", rule.id, rule.spam, rule.phish);
        }
    }
}

/// How often a rule holds, by label, and where it does in honest mail.
#[derive(Default)]
struct Held {
    counts: [u32; 3],
    honest: Vec<String>,
}

fn measure(rules: &Rules, manifests: &[PathBuf], show: &[String], json: bool) -> Result<ExitCode, Refused> {
    let mut held: BTreeMap<String, Held> = rules.iter().map(|rule| (rule.id.clone(), Held::default())).collect();
    let mut totals = [0_u32; 3];
    for manifest in manifests {
        let mut note = |label: Label, name: &str, facts: &Facts| {
            if let Some(total) = totals.get_mut(label as usize) {
                *total += 1;
            }
            for finding in rules.findings(facts) {
                let Some(held) = held.get_mut(&finding.id) else { continue };
                if let Some(count) = held.counts.get_mut(label as usize) {
                    *count += 1;
                }
                if label == Label::Ham && held.honest.len() < SHOWN_MAX && show.contains(&finding.id) {
                    held.honest.push(format!("{name}: {}", finding.evidence));
                }
            }
        };
        each(manifest, &mut note)?;
    }
    for (id, Held { counts: [ham, spam, phish], honest }) in &held {
        if json {
            println!("{}", json!({ "id": id, "ham": ham, "spam": spam, "phish": phish, "honest": honest }));
        } else {
            println!("{id:<32} {ham:>6} {spam:>6} {phish:>6}");
            honest.iter().for_each(|place| println!("    {place}"));
        }
    }
    let [ham, spam, phish] = totals;
    if !json {
        let texts = Texts::from_environment();
        let values = [ham, spam, phish].map(|number| number.to_string());
        let [ham, spam, phish] = values.each_ref().map(String::as_str);
        println!("{}", texts.say("rules-measured", &[("ham", ham), ("spam", spam), ("phish", phish)]));
    }
    Ok(ExitCode::SUCCESS)
}

/// Hands each message or honest text of a manifest to `note`.
fn each(manifest: &Path, note: &mut dyn FnMut(Label, &str, &Facts)) -> Result<(), Refused> {
    let Ok(entries) = learned::manifest(manifest) else {
        let texts = honest_texts(&read_text(manifest)?);
        if texts.is_empty() {
            learned::manifest(manifest)?;
        }
        texts.iter().for_each(|(entry, text)| note(entry.label, &entry.path, &Facts::of_text("", text)));
        return Ok(());
    };
    for entry in &entries {
        let raw = read_octets(&learned::beside(manifest, &entry.path), MESSAGE_OCTETS_MAX)?;
        note(entry.label, &entry.path, &Facts::read(Received { raw: &raw, ..Received::default() }));
    }
    Ok(())
}
