//! `tradewind guard replay`: what the trade-fraud guard makes of messages by a history, without a server.

mod history;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;

use api::actions::Refused;
use filter::Judge;
use guard::Read;
use guard::replay::{Outcome, Replay, Whose, state_word};
use inspect::{InspectSettings, Pool, Program};
use judgement::JudgingSettings;
use serde_json::{Value, json};

use crate::cli::ReplayOptions;
use crate::judging::{WORKER_COMMAND, rounded, shown};
use crate::texts::Texts;
use history::{Entry, entries, raw};

/// Messages that are read at the same time, so that memory stays bounded whatever the history.
const CHUNK: usize = 256;

/// Replays, and prints what became of each message.
pub(crate) fn replay(options: &ReplayOptions, json: bool) -> Result<ExitCode, Refused> {
    let whose = Whose {
        domains: options.own_domains.iter().map(|domain| domain.trim().to_lowercase()).collect(),
        trusted_host: options.trusted_host.clone(),
    };
    let judge = Judge::shipped().map_err(Refused::because)?;
    let level: identity::Level = options.level.parse().map_err(Refused::because)?;
    let thresholds = JudgingSettings::default().at(level).thresholds();
    let pool = (!options.no_inspect).then(|| Pool::new(Program::this(WORKER_COMMAND), InspectSettings::default()));
    let reader = Reader { whose: &whose, pool: pool.as_ref() };
    let mut replay = Replay::new(&whose);
    let mut is_whole = true;
    for chunk in entries(&options.history)?.chunks(CHUNK) {
        for (_, read) in reader.read_all(chunk, &mut is_whole) {
            replay.learn(&read);
        }
    }
    let texts = Texts::from_environment();
    let mut out = std::io::stdout().lock();
    for chunk in entries(&options.messages)?.chunks(CHUNK) {
        for (entry, read) in reader.read_all(chunk, &mut is_whole) {
            let outcome = replay.judge(&read, &judge, thresholds);
            // Whoever reads a part of it and leaves wants no more.
            if writeln!(out, "{}", told(entry, &read, &outcome, &judge, &texts, json)).is_err() {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads messages on all processors.
struct Reader<'a> {
    whose: &'a Whose,
    pool: Option<&'a Pool>,
}

impl Reader<'_> {
    /// The messages of `chunk` in its order; those that cannot be read are told and left out.
    fn read_all<'e>(&self, chunk: &'e [Entry], is_whole: &mut bool) -> Vec<(&'e Entry, Read)> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let next = Mutex::new(chunk.iter().enumerate());
        let done: Mutex<Vec<(usize, Result<Read, Refused>)>> = Mutex::new(Vec::with_capacity(chunk.len()));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some((at, entry)) = next.lock().ok().and_then(|mut next| next.next()) {
                        let read = raw(entry).map(|raw| self.read(&raw));
                        if let Ok(mut done) = done.lock() {
                            done.push((at, read));
                        }
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_default();
        done.sort_by_key(|(at, _)| *at);
        let mut all = Vec::with_capacity(done.len());
        for (at, read) in done {
            match (read, chunk.get(at)) {
                (Ok(read), Some(entry)) => all.push((entry, read)),
                (Err(Refused(why)), _) => {
                    *is_whole = false;
                    eprintln!("tradewind: {why}");
                }
                (Ok(_), None) => {}
            }
        }
        all
    }

    fn read(&self, raw: &[u8]) -> Read {
        let reports = self.pool.map(|pool| filter::inspect_files(raw, pool));
        self.whose.read(raw, reports.as_deref())
    }
}

fn told(entry: &Entry, read: &Read, outcome: &Outcome, judge: &Judge, texts: &Texts, json: bool) -> String {
    let verdict = &outcome.verdict;
    let findings = verdict.findings.iter().map(|finding| {
        let evidence = shown(&finding.evidence);
        let text = judge.text(finding, texts.language()).or_else(|| guard::text(finding, texts.language()));
        let text = text.map(|text| shown(&text));
        (finding, text.unwrap_or_else(|| texts.say(&finding.key, &[("evidence", &evidence)])), evidence)
    });
    let date = read.subject.date.to_string();
    if !json {
        let action = texts.say(&format!("action-{}", verdict.action.word()), &[]);
        let mut lines = vec![format!("{}: {date} {action}", entry.name)];
        lines.extend(findings.map(|(finding, text, _)| format!("  {:+.1}  {text}", finding.weight())));
        return lines.join("\n");
    }
    let findings: Vec<Value> = findings
        .map(|(finding, text, evidence)| {
            json!({ "id": finding.id, "weight": rounded(finding.weight()), "evidence": evidence, "text": text })
        })
        .collect();
    let details: Vec<Value> = outcome
        .found
        .iter()
        .map(|found| {
            let detail = &found.detail;
            json!({
                "kind": serde_json::to_value(detail.kind).unwrap_or_default(),
                "value": detail.value,
                "holder": detail.holder,
                "state": state_word(found.state),
            })
        })
        .collect();
    json!({
        "path": entry.name,
        "date": date,
        "action": verdict.action.word(),
        "case": outcome.case.map(|case| case.to_string()),
        "probability_unwanted": rounded(verdict.probability_unwanted),
        "probability_fraud": rounded(verdict.probability_fraud),
        "findings": findings,
        "payment_details": details,
    })
    .to_string()
}
