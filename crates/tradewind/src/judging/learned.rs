//! `tradewind model`: trains the learned model, measures it, shows its card.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::actions::Refused;
use filter::corpus::{self, Entry, ManifestError, Sample};
use filter::evaluate::{Plan, evaluate, text};
use filter::train::{Options, train};
use filter::{Facts, Model, Received, made};
use inspect::Pool;

use super::{MESSAGE_OCTETS_MAX, inspectors, model_at, read, read_text};
use crate::cli::{ModelCommand, ModelEval, ModelTrain};

/// Carries out one of the commands.
pub(crate) fn run(command: &ModelCommand, json: bool) -> Result<ExitCode, Refused> {
    match command {
        ModelCommand::Train(options) => learn(options),
        ModelCommand::Eval(options) => measure(options, json),
        ModelCommand::Card { model } => {
            let model = model_at(model.as_deref())?;
            println!("{}", serde_json::to_string_pretty(model.card()).map_err(Refused::because)?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn learn(options: &ModelTrain) -> Result<ExitCode, Refused> {
    let mut samples = Vec::new();
    for path in &options.manifest {
        let Read { messages, texts } = Read::all(path, options.text_only, &options.source, Use::Learn)?;
        samples.extend(messages.into_iter().chain(texts));
    }
    if !options.no_made {
        samples.extend(made::samples(made::Part::Learned));
    }
    let samples: Vec<&Sample> = samples.iter().collect();
    if samples.is_empty() {
        return Err(Refused("there is nothing to train on: name a manifest, or leave --no-made out".to_owned()));
    }
    let model = train(&samples, &Options { seed: options.seed, ..Options::default() });
    let octets = model.encode();
    std::fs::write(&options.out, &octets).map_err(|error| Refused(format!("{}: {error}", options.out.display())))?;
    println!("{}: {} messages, {} octets", options.out.display(), samples.len(), octets.len());
    Ok(ExitCode::SUCCESS)
}

fn measure(options: &ModelEval, json: bool) -> Result<ExitCode, Refused> {
    let model: Model = model_at(options.model.as_deref())?;
    let (mut messages, mut texts) = (Vec::new(), Vec::new());
    let pool = inspectors(options.no_inspect);
    for path in &options.manifest {
        let read = Read::all(path, options.text_only, &options.source, Use::Measure(pool.as_ref()))?;
        messages.extend(read.messages);
        texts.extend(read.texts);
    }
    if options.made {
        messages.extend(made::samples(made::Part::Held));
    }
    let plan = Plan {
        seed: options.seed,
        retrain: options.retrain,
        options: Options { seed: options.seed, ..Options::default() },
        model_alone: options.model_alone,
    };
    // Thousands of made letters are only read where there is training.
    let learned = if options.retrain { made::samples(made::Part::Learned) } else { Vec::new() };
    let report = evaluate(&model, &messages, &texts, &learned, &plan);
    if json {
        println!("{}", serde_json::to_string(&report).map_err(Refused::because)?);
    } else {
        print!("{}", text(&report));
    }
    Ok(ExitCode::SUCCESS)
}

/// The messages that a manifest names, in its order.
pub(super) fn manifest(path: &Path) -> Result<Vec<Entry>, Refused> {
    corpus::manifest(&read_text(path)?).map_err(|error| Refused(format!("{}: {error}", path.display())))
}

/// Paths of a manifest begin at its own directory.
pub(super) fn beside(manifest: &Path, path: &str) -> PathBuf {
    manifest.parent().unwrap_or_else(|| Path::new("")).join(path)
}

/// What a file of labelled mail holds: messages that it names, or honest texts themselves.
struct Read {
    messages: Vec<Sample>,
    texts: Vec<Sample>,
}

/// What messages are read for.
#[derive(Clone, Copy)]
enum Use<'a> {
    /// The model sees neither templates nor what is in attached files, so training does not either.
    Learn,
    /// As the judge sees them: with what is in attached files, if there is somebody to look into them.
    Measure(Option<&'a Pool>),
}

impl Use<'_> {
    fn sample(self, entry: &Entry, facts: &Facts) -> Sample {
        let sample = Sample::of(entry, facts);
        match self {
            Self::Learn => sample,
            Self::Measure(_) => sample.as_judged(facts),
        }
    }
}

impl Read {
    fn all(path: &Path, text_only: bool, sources: &[String], purpose: Use<'_>) -> Result<Self, Refused> {
        let content = read_text(path)?;
        let entries = match corpus::manifest(&content) {
            Ok(entries) => entries,
            Err(ManifestError::Column(_)) if !corpus::honest_texts(&content).is_empty() => {
                let texts = corpus::honest_texts(&content);
                let texts =
                    texts.iter().map(|(entry, text)| purpose.sample(entry, &Facts::of_text("", text))).collect();
                return Ok(Self { messages: Vec::new(), texts });
            }
            Err(error) => return Err(Refused(format!("{}: {error}", path.display()))),
        };
        let is_wanted = |entry: &Entry| {
            sources.is_empty() || sources.iter().any(|source| entry.source.starts_with(source.as_str()))
        };
        let entries: Vec<Entry> = entries.into_iter().filter(is_wanted).collect();
        Ok(Self { messages: samples(path, &entries, text_only, purpose)?, texts: Vec::new() })
    }
}

/// Reads messages on all cores.
fn samples(manifest: &Path, entries: &[Entry], text_only: bool, purpose: Use<'_>) -> Result<Vec<Sample>, Refused> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = entries.len().div_ceil(cores).max(1);
    let one = |entry: &Entry| {
        let raw = read(&beside(manifest, &entry.path), MESSAGE_OCTETS_MAX)?;
        let inspected = match purpose {
            Use::Measure(Some(pool)) => Some(filter::inspect_files(&raw, pool)),
            _ => None,
        };
        let mut facts = Facts::read(Received { raw: &raw, inspected: inspected.as_deref(), ..Received::default() });
        if text_only {
            facts.forget_header();
        }
        Ok(purpose.sample(entry, &facts))
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = entries
            .chunks(part)
            .map(|entries| scope.spawn(move || entries.iter().map(one).collect::<Result<Vec<Sample>, Refused>>()))
            .collect();
        let mut samples = Vec::with_capacity(entries.len());
        for part in parts {
            samples.extend(part.join().map_err(|_| Refused("a message broke the reader".to_owned()))??);
        }
        Ok(samples)
    })
}
