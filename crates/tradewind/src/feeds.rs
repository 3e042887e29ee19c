//! `tradewind feeds`: feeds of bad addresses, on the machine where they are kept. A running server takes changes up by itself.

use std::process::ExitCode;
use std::sync::Arc;

use api::actions::{Action, Refused};
use env::{Clock, SystemClock};
use intel::feeds::{FeedState, HttpsFetch, Library, Loaded, Refreshed, read_as, written};
use intel::{Counts, Format, Never};
use serde_json::{Value, json};

use crate::cli::{FeedForm, FeedsCommand, SharedForm};
use crate::doctor::ask_or_act;
use crate::print::print;
use crate::settings::Settings;
use crate::system::resolver;

/// The feeds of the settings; `seed` is secret in a server.
pub(crate) fn library(settings: &Settings, seed: u64) -> Library {
    let never = Arc::new(Never::new(&settings.threats.never));
    Library::new(&settings.threats, settings.server.directory.join("feeds"), never, seed)
}

/// Carries out one of the commands.
pub(crate) async fn run(command: &FeedsCommand, settings: &Settings, json: bool) -> Result<ExitCode, Refused> {
    if let FeedsCommand::Share { format, days, organisation } = command {
        let format = if matches!(format, SharedForm::Stix) { "stix" } else { "misp" }.to_owned();
        let action = Action::FeedsShare { format, days: *days, organisation: organisation.clone() };
        // A document has one form, whoever reads it.
        print(&ask_or_act(settings, action).await?, true);
        return Ok(ExitCode::SUCCESS);
    }
    let library = library(settings, 0);
    let (answer, is_well) = match command {
        FeedsCommand::List | FeedsCommand::Share { .. } => list(&library),
        FeedsCommand::ShareLink { days, organisation } => {
            let action = Action::FeedsShareLink { days: *days, organisation: organisation.clone() };
            (ask_or_act(settings, action).await?, true)
        }
        FeedsCommand::Refresh { name } => refresh(&library, settings, name.as_deref()).await?,
        FeedsCommand::Accept { name } => {
            let entries = library.accept(name).map_err(Refused)?;
            (json!({ "name": name, "entries": entries }), true)
        }
        FeedsCommand::Check { file, format } => {
            let format = format.map_or_else(|| Format::of_name(file), of);
            let never = Never::new(&settings.threats.never);
            let read = read_as(file, format, &never, (0, settings.threats.entries_max), SystemClock.now());
            let (_, counts) = read.map_err(|error| Refused(format!("{}: {error}", file.display())))?;
            (json!(counts), true)
        }
    };
    print(&answer, json);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const fn of(form: FeedForm) -> Format {
    match form {
        FeedForm::Lines => Format::Lines,
        FeedForm::Csv => Format::Csv,
        FeedForm::Misp => Format::Misp,
        FeedForm::Stix => Format::Stix,
    }
}

/// All feeds, and whether all of them can be used.
pub(crate) fn list(library: &Library) -> (Value, bool) {
    let mut is_well = true;
    let row = |loaded: &Loaded, state: FeedState| {
        let (counts, fault) = match &loaded.outcome {
            Ok((_, counts)) => (counts.clone(), state.fault),
            Err(error) => (Counts::default(), Some(error.to_string())),
        };
        let taken = (state.taken > 0).then(|| written(env::Timestamp::from_seconds(state.taken)));
        let is_fetched = library.sources().iter().any(|source| source.name == loaded.name);
        json!({ "name": loaded.name, "fetched": is_fetched, "entries": counts.entries, "refused": counts.refused,
            "unknown": counts.unknown, "taken": taken, "waiting": state.waiting, "fault": fault })
    };
    let loaded = library.load(SystemClock.now());
    let mut rows: Vec<Value> = loaded.iter().map(|one| row(one, library.state(&one.name))).collect();
    for source in library.sources().iter().filter(|source| !loaded.iter().any(|one| one.name == source.name)) {
        let state = library.state(&source.name);
        let fault = state.fault.unwrap_or_else(|| "was never fetched; now: tradewind feeds refresh".to_owned());
        rows.push(
            json!({ "name": source.name, "fetched": true, "entries": 0, "refused": 0, "unknown": 0, "taken": null,
            "waiting": state.waiting, "fault": fault }),
        );
    }
    is_well &= rows.iter().all(|row| row["fault"].is_null());
    (Value::Array(rows), is_well)
}

/// Fetches feeds now, one or all; whether all of them came.
pub(crate) async fn refresh(
    library: &Library,
    settings: &Settings,
    name: Option<&str>,
) -> Result<(Value, bool), Refused> {
    let fetch = HttpsFetch::new(Arc::new(resolver(&settings.dns)?));
    let wanted: Vec<_> =
        library.sources().iter().filter(|source| name.is_none_or(|name| name == source.name)).collect();
    if let (Some(name), true) = (name, wanted.is_empty()) {
        return Err(Refused(format!("no feed is called {name}; those that are fetched stand under [[threats.feed]]")));
    }
    let mut rows = Vec::new();
    let mut is_well = true;
    for source in wanted {
        let refreshed = library.refresh(source, &fetch, &SystemClock).await;
        let (outcome, entries, why) = match &refreshed {
            Refreshed::Same => ("unchanged", None, None),
            Refreshed::Taken { entries } => ("taken", Some(*entries), None),
            Refreshed::Waits { before, entries } => {
                let why = format!("had {before} entries; if that is right: tradewind feeds accept {}", source.name);
                ("waits", Some(*entries), Some(why))
            }
            Refreshed::Failed { why } => ("failed", None, Some(why.clone())),
        };
        is_well &= why.is_none();
        rows.push(json!({ "name": source.name, "outcome": outcome, "entries": entries, "why": why }));
    }
    Ok((Value::Array(rows), is_well))
}
