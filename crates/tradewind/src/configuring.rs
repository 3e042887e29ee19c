//! The commands on the configuration: those on the file alone, and those that the server answers.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use api::actions::{Action, HistoryWanted, Refused, SettingToChange, SettingToUndo, SettingsWanted, WholeToImport};
use serde_json::{Value, json};

use crate::act;
use crate::cli::{ConfigCommand, GetSettings, ImportConfig, SetSetting, UndoSetting};
use crate::control::{ask, socket_path};
use crate::print::print;
use crate::settings::{Settings, reference};

/// Settings that are asked for at once.
const PAGE: u32 = 200;

/// Octets of a file of the whole configuration.
const FILE_BYTES_MAX: u64 = 4 << 20;

pub(crate) async fn run(command: ConfigCommand, config: &Path, json: bool) -> Result<ExitCode, Refused> {
    match command {
        ConfigCommand::Reference => print!("{}", reference()),
        ConfigCommand::Check => return check(config, json).await,
        ConfigCommand::Show => show_file(config, json)?,
        ConfigCommand::Get(GetSettings { name: Some(name), language, .. }) => {
            let answer = act(config, Action::SettingShow { name, language: Some(language) }).await?;
            print(&answer, json);
        }
        ConfigCommand::Get(wanted) => list(config, wanted, json).await?,
        ConfigCommand::Set(wanted) => print(&set(config, wanted).await?, json),
        ConfigCommand::Undo(UndoSetting { name, why }) => {
            let based_on = base(config, &name, why.based_on).await?;
            let (reason, protect_less) = (why.reason, why.protect_less);
            let undo = SettingToUndo { name, reason, based_on, protect_less };
            print(&act(config, Action::SettingUndo(undo)).await?, json);
        }
        ConfigCommand::History { name, limit } => {
            let wanted = HistoryWanted { name, cursor: None, limit: Some(limit) };
            let answer = act(config, Action::SettingHistory(wanted)).await?;
            print(if json { &answer } else { &answer["versions"] }, json);
        }
        ConfigCommand::Export { output } => export(config, output.as_deref(), json).await?,
        ConfigCommand::Import(ImportConfig { file, dry_run, reason, protect_less }) => {
            let wanted = WholeToImport { text: read(&file)?, dry_run, reason, protect_less };
            tell_differences(&act(config, Action::ConfigImport(wanted)).await?, json);
        }
        ConfigCommand::Diff { level: Some(to), from, organisation, .. } => {
            let answer = act(config, Action::LevelDiff { from, to, organisation }).await?;
            tell_differences(&answer, json);
        }
        ConfigCommand::Diff { file, .. } => {
            let file = file.ok_or_else(|| Refused("name a file, or --level".to_owned()))?;
            tell_differences(&act(config, Action::ConfigCompare { text: read(&file)? }).await?, json);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the file is as it must be, and what of the store it stands against.
async fn check(config: &Path, json: bool) -> Result<ExitCode, Refused> {
    let settings = Settings::load(config).map_err(Refused::because)?;
    // What the level asks of backups, where their copies may be, and what was changed in the running server only that knows: looking must
    // change nothing.
    let socket = socket_path(&settings.server.directory);
    let needs = ask(&socket, &Action::BackupNeeds).await.transpose()?;
    let refused = needs.as_ref().and_then(|needs| needs["refused"].as_array()).is_some_and(|it| !it.is_empty());
    let wanted = SettingsWanted { changed_only: true, limit: Some(PAGE), ..SettingsWanted::default() };
    let changed = ask(&socket, &Action::SettingList(wanted)).await.transpose()?;
    let conflicts = changed.as_ref().map(conflicts).unwrap_or_default();
    let is_sound = !refused && conflicts.is_empty();
    let told =
        json!({ "config": config.display().to_string(), "sound": is_sound, "conflicts": conflicts, "backup": needs });
    print(&told, json);
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Settings of the store that do not hold, each with the reason.
pub(crate) fn conflicts(listed: &Value) -> Vec<Value> {
    let rows = listed["settings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |row: &Value| {
        let why = row["conflict"].as_str()?;
        Some(json!({ "setting": row["name"], "stored": row["stored"], "holds": row["value"], "why": why }))
    };
    rows.iter().filter_map(row).collect()
}

fn show_file(config: &Path, json: bool) -> Result<(), Refused> {
    let settings = Settings::load(config).map_err(Refused::because)?;
    if json {
        println!("{}", serde_json::to_string(&settings).map_err(Refused::because)?);
    } else {
        print!("{}", toml::to_string(&settings).map_err(Refused::because)?);
    }
    Ok(())
}

/// All settings that are wanted, page by page.
async fn list(config: &Path, wanted: GetSettings, json: bool) -> Result<(), Refused> {
    let GetSettings { section, search, changed: changed_only, organisation, language, .. } = wanted;
    let mut asked = SettingsWanted {
        section,
        search,
        changed_only,
        language: Some(language),
        organisation,
        cursor: None,
        limit: Some(PAGE),
    };
    let mut rows = Vec::new();
    loop {
        let answer = act(config, Action::SettingList(asked.clone())).await?;
        rows.extend(answer["settings"].as_array().cloned().unwrap_or_default());
        match answer["next"].as_str() {
            Some(next) => asked.cursor = Some(next.to_owned()),
            None => break,
        }
    }
    if json {
        println!("{}", Value::Array(rows));
        return Ok(());
    }
    let short = |row: &Value| {
        let waits = if row["pending"].is_null() { "" } else { "yes" };
        json!({
            "setting": row["name"], "value": row["text"], "from": row["source"], "applies": row["applies"],
            "waits for restart": waits, "conflict": row["conflict"].as_str().unwrap_or_default(),
        })
    };
    print(&rows.iter().map(short).collect(), false);
    Ok(())
}

async fn set(config: &Path, wanted: SetSetting) -> Result<Value, Refused> {
    let SetSetting { name, value, secret_stdin, why, .. } = wanted;
    let secret = if secret_stdin { Some(first_line()?) } else { None };
    let based_on = base(config, &name, why.based_on).await?;
    let (reason, protect_less) = (why.reason, why.protect_less);
    let change = SettingToChange { name, value, secret, reason, based_on, protect_less };
    act(config, Action::SettingSet(change)).await
}

/// The version that a change is made from: the one that was seen, or the newest.
async fn base(config: &Path, name: &str, seen: Option<i64>) -> Result<i64, Refused> {
    if let Some(seen) = seen {
        return Ok(seen);
    }
    let shown = act(config, Action::SettingShow { name: name.to_owned(), language: None }).await?;
    Ok(shown["version"].as_i64().unwrap_or(0))
}

async fn export(config: &Path, output: Option<&Path>, json: bool) -> Result<(), Refused> {
    let answer = act(config, Action::ConfigExport).await?;
    let text = answer["text"].as_str().unwrap_or_default();
    match output {
        Some(path) => {
            fs::write(path, text).map_err(|error| Refused(format!("cannot write {}: {error}", path.display())))?;
            print(&json!({ "file": path.display().to_string() }), json);
        }
        None if json => println!("{answer}"),
        None => print!("{text}"),
    }
    Ok(())
}

/// Differences as a table, with what else is said.
fn tell_differences(answer: &Value, json: bool) {
    let rows = answer["differences"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !json && rows.is_empty() {
        println!("no difference");
        return;
    }
    print(if json { answer } else { &answer["differences"] }, json);
}

fn read(path: &Path) -> Result<String, Refused> {
    let cannot = |error: std::io::Error| Refused(format!("cannot read {}: {error}", path.display()));
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(cannot)?;
    } else {
        fs::File::open(path).map_err(cannot)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(cannot)?;
    }
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(Refused(format!("{} has more than {FILE_BYTES_MAX} octets", path.display())));
    }
    Ok(text)
}

fn first_line() -> Result<String, Refused> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(Refused::because)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
