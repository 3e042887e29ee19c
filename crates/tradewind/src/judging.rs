//! `tradewind judge`: what the filter makes of messages, without a server.

mod known;
mod learned;
mod ruled;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use api::actions::Refused;
use env::{Clock, SystemClock};
use filter::{Asked, Facts, Judge, Model, Received, Thresholds, Verdict};
use inspect::{InspectSettings, Pool, Program};
use intel::feeds::{Feed, Loaded, read_directory};
use intel::yara::Taken;
use intel::{Feeds, Never, ThreatSettings, Yara};
use serde_json::{Value, json};

use crate::cli::{JudgeOptions, WorkerOptions};
use crate::texts::Texts;

pub(crate) use known::run as templates;
pub(crate) use learned::run as model;
pub(crate) use ruled::{run as rules, sources as rule_files};

/// The hidden command that makes this program a process that looks into files.
pub(crate) const WORKER_COMMAND: &str = "inspect-worker";

/// Octets of a message that are read.
const MESSAGE_OCTETS_MAX: u64 = 128 << 20;

/// Octets of a manifest or model file that are read.
const FILE_OCTETS_MAX: u64 = 64 << 20;

/// The judge of a system, made when it is first asked for: most commands need none.
#[derive(Default)]
pub(crate) struct SharedJudge(OnceLock<Arc<Judge>>);

impl SharedJudge {
    pub(crate) fn get(&self) -> Result<Arc<Judge>, Refused> {
        if let Some(judge) = self.0.get() {
            return Ok(Arc::clone(judge));
        }
        let made = Arc::new(Judge::shipped().map_err(Refused::because)?);
        Ok(Arc::clone(self.0.get_or_init(|| made)))
    }
}

/// Runs as a process that looks into files.
pub(crate) fn work(options: &WorkerOptions) -> ExitCode {
    let limits = inspect::confine::Limits {
        memory_octets: options.memory_mib.saturating_mul(1 << 20),
        processor_seconds: options.processor_seconds,
    };
    if !options.recognise.is_empty() {
        return inspect::recognise::run(limits, &options.readable, &options.recognise);
    }
    if !options.match_parts.is_empty() {
        return inspect::yara::run_matcher(limits, &options.readable, &options.match_parts);
    }
    if !options.compile.is_empty() {
        return inspect::yara::run_compiler(limits, &options.readable, &options.compile);
    }
    inspect::worker::run(inspect::worker::Options { limits, is_trial: options.trial })
}

/// Judges the messages that the options name and prints the verdicts, in the order given. A message that cannot be read is told
/// and makes the command fail; the others are judged all the same.
pub(crate) fn judge(options: &JudgeOptions, json: bool) -> Result<ExitCode, Refused> {
    let judge = Judge::new(model_at(options.model.as_deref())?, Thresholds::default());
    if let Some(directory) = &options.rules {
        judge.set_rules(Arc::new(ruled::read(Some(directory))?));
    }
    // What is read, and what it is called in the answer.
    let mut paths: Vec<(PathBuf, String)> =
        options.messages.iter().map(|path| (path.clone(), path.display().to_string())).collect();
    if let Some(manifest) = &options.manifest {
        let entries = learned::manifest(manifest)?;
        paths.extend(entries.into_iter().map(|entry| (learned::beside(manifest, &entry.path), entry.path)));
    }
    if paths.is_empty() {
        return Err(Refused("name messages to judge, or a manifest with --manifest".to_owned()));
    }
    if let Some(library) = &options.templates {
        judge.set_templates(Arc::new(known::read(library)?));
    }
    let pool = inspectors(options.no_inspect);
    let feeds = options.feeds.as_deref().map(feeds_at).transpose()?;
    let yara = options.yara.as_deref().map(yara_at).transpose()?;
    let texts = Texts::from_environment();
    let mut out = std::io::stdout().lock();
    let mut is_whole = true;
    for (path, name) in &paths {
        let line = match read(path, MESSAGE_OCTETS_MAX) {
            Ok(raw) => {
                let facts = facts(&raw, options, pool.as_ref());
                let mut outside =
                    feeds.as_ref().map(|feeds| feeds.find(asked(&facts, &raw, options))).unwrap_or_default();
                if let Some(yara) = &yara {
                    outside.extend(yara.find(&facts, &raw).map_err(|error| Refused(format!("yara: {error}")))?);
                }
                told(name, &judge, &judge.judge(&facts, outside), &texts, json)
            }
            Err(Refused(why)) => {
                is_whole = false;
                eprintln!("tradewind: {why}");
                continue;
            }
        };
        // Whoever reads a part of it and leaves wants no more.
        if writeln!(out, "{line}").is_err() {
            break;
        }
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Those who look into attached files, unless nobody is to.
fn inspectors(none: bool) -> Option<Pool> {
    (!none).then(|| Pool::new(Program::this(WORKER_COMMAND), InspectSettings::default()))
}

fn facts(raw: &[u8], options: &JudgeOptions, pool: Option<&Pool>) -> Facts {
    let inspected = pool.map(|pool| filter::inspect_files(raw, pool));
    Facts::read(Received {
        raw,
        envelope_from: options.envelope_from.as_deref(),
        client: options.client_ip,
        authentication: None,
        inspected: inspected.as_deref(),
    })
}

fn asked<'a>(facts: &'a Facts, raw: &'a [u8], options: &'a JudgeOptions) -> Asked<'a> {
    let envelope_from = options.envelope_from.as_deref().unwrap_or_default();
    Asked { facts, raw, organisation: 0, envelope_from, client: options.client_ip }
}

/// The feeds of a directory. One that cannot be used ends the command: a verdict without it would look like one with it.
fn feeds_at(directory: &Path) -> Result<Feeds, Refused> {
    let never = Never::new([""; 0]);
    let limits = (0, ThreatSettings::default().entries_max);
    if !directory.is_dir() {
        return Err(Refused(format!("{}: is no directory", directory.display())));
    }
    let loaded = read_directory(directory, &never, limits, SystemClock.now()).map_err(Refused)?;
    let feed = |one: Loaded| {
        let place = directory.join(&one.name);
        let (set, _) = one.outcome.map_err(|error| Refused(format!("{}: {error}", place.display())))?;
        Ok(Feed { name: one.name, set })
    };
    let feeds = Feeds::default();
    feeds.set(loaded.into_iter().map(feed).collect::<Result<_, Refused>>()?);
    Ok(feeds)
}

/// The rules of YARA in a directory, run by the programs of the system. Rules that are refused end the command, as feeds do.
fn yara_at(directory: &Path) -> Result<Yara, Refused> {
    let place = |error: std::io::Error| Refused(format!("{}: {error}", directory.display()));
    let settings = ThreatSettings {
        yara: vec!["yara".to_owned()],
        yara_directory: directory.canonicalize().map_err(place)?,
        ..ThreatSettings::default()
    };
    let yara = Yara::new(&settings, &InspectSettings::default(), Program::this(WORKER_COMMAND));
    let yara = yara.ok_or_else(|| Refused("no program for rules of YARA".to_owned()))?;
    match yara.refresh() {
        Taken::Refused(error) => Err(Refused(format!("{}: {error}", directory.display()))),
        Taken::New(_) | Taken::Same => Ok(yara),
    }
}

fn told(path: &str, judge: &Judge, verdict: &Verdict, texts: &Texts, json: bool) -> String {
    let findings = verdict.findings.iter().map(|finding| {
        let evidence = shown(&finding.evidence);
        let text = judge.text(finding, texts.language()).map(|text| shown(&text));
        let text = text.unwrap_or_else(|| texts.say(&finding.key, &[("evidence", &evidence)]));
        (finding, evidence, text)
    });
    if json {
        let findings: Vec<Value> = findings
            .map(|(finding, evidence, text)| {
                json!({ "id": finding.id, "weight": rounded(finding.weight()), "evidence": evidence, "text": text })
            })
            .collect();
        return json!({
            "path": path,
            "action": verdict.action.word(),
            "probability_spam": rounded(verdict.probability_spam),
            "probability_phish": rounded(verdict.probability_phish),
            "probability_unwanted": rounded(verdict.probability_unwanted),
            "findings": findings,
        })
        .to_string();
    }
    let percent = |probability: f32| format!("{:.1}", probability * 100.0);
    let values = [
        ("path", path.to_owned()),
        ("action", texts.say(&format!("action-{}", verdict.action.word()), &[])),
        ("spam", percent(verdict.probability_spam)),
        ("phish", percent(verdict.probability_phish)),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut lines = vec![texts.say("judged", &values)];
    lines.extend(findings.map(|(finding, _, text)| format!("  {:+.1}  {text}", finding.weight())));
    lines.join("\n")
}

/// A sender's text as it is printed.
pub(crate) fn shown(evidence: &str) -> String {
    evidence.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// A number as it is printed: four digits are more than anybody can use.
pub(crate) fn rounded(number: f32) -> f64 {
    (f64::from(number) * 10_000.0).round() / 10_000.0
}

/// The model in a file, or the one that is shipped.
fn model_at(path: Option<&Path>) -> Result<Model, Refused> {
    let Some(path) = path else { return Model::shipped().map_err(Refused::because) };
    let octets = read(path, FILE_OCTETS_MAX)?;
    Model::decode(&octets).map_err(|error| Refused(format!("{}: {error}", path.display())))
}

fn read(path: &Path, octets_max: u64) -> Result<Vec<u8>, Refused> {
    let failed = |error: std::io::Error| Refused(format!("{}: {error}", path.display()));
    let mut octets = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(octets_max + 1).read_to_end(&mut octets)).map_err(failed)?;
    if octets.len() as u64 > octets_max {
        return Err(Refused(format!("{}: is larger than {octets_max} octets", path.display())));
    }
    Ok(octets)
}

fn read_text(path: &Path) -> Result<String, Refused> {
    String::from_utf8(read(path, FILE_OCTETS_MAX)?)
        .map_err(|_| Refused(format!("{}: is no UTF-8; save it as UTF-8", path.display())))
}
