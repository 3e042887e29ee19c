//! `tradewind evidence`: what needs the store goes to the server as an action; reports are written to files, and verified with nothing but these.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use api::actions::Refused;
use audit::PublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cli::EvidenceCommand;
use crate::print::print;

/// Carries out one of the commands.
pub(crate) async fn run(command: EvidenceCommand, config: &Path, json: bool) -> Result<ExitCode, Refused> {
    let Some(action) = command.action() else { return verify(&command, json) };
    let answer = crate::act(config, action).await?;
    match &command {
        EvidenceCommand::Report(options) => write(&answer, &options.output, json)?,
        EvidenceCommand::List { .. } if !json => print_page(&answer),
        _ => print(&answer, json),
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the documents of a report and its note.
fn write(answer: &Value, directory: &Path, json: bool) -> Result<(), Refused> {
    let failed = |error: std::io::Error| Refused(format!("cannot write into {}: {error}", directory.display()));
    fs::create_dir_all(directory).map_err(failed)?;
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut written = Vec::new();
    for file in answer.get("files").and_then(Value::as_array).into_iter().flatten() {
        let bytes = STANDARD.decode(text(file, "base64")).map_err(Refused::because)?;
        let path = directory.join(text(file, "file"));
        fs::write(&path, bytes).map_err(failed)?;
        written.push(path.display().to_string());
    }
    let note = answer.get("note").cloned().unwrap_or_default();
    let path = directory.join(text(&note, "file"));
    fs::write(&path, text(&note, "text")).map_err(failed)?;
    let told = json!({
        "files": written, "note": path.display().to_string(), "key": answer.get("key"), "counts": answer.get("counts"),
    });
    print(&told, json);
    Ok(())
}

/// A page for people: a line for each row, with why it did not pass.
fn print_page(answer: &Value) {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let whys = |of: &Value| -> Vec<String> {
        let all = of.get("why").and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let row = |row: &Value| {
        let code = if row.get("item").is_some() { text(row, "item") } else { text(row, "check") };
        let checks = row.get("checks").and_then(Value::as_array).into_iter().flatten();
        let mut why: Vec<String> = checks.filter(|check| text(check, "state") != "passed").flat_map(whys).collect();
        if row.get("item").is_none() && text(row, "state") != "passed" {
            why.extend(whys(row));
        }
        why.extend(row.get("person").and_then(Value::as_str).map(str::to_owned));
        json!({ "item": code, "state": text(row, "state"), "title": text(row, "title"), "why": why.join(" ") })
    };
    let rows: Vec<Value> = answer.get("rows").and_then(Value::as_array).into_iter().flatten().map(row).collect();
    print(&Value::Array(rows), false);
    print(&json!({ "counts": answer.get("counts"), "cursor": answer.get("cursor") }), false);
}

fn verify(command: &EvidenceCommand, json: bool) -> Result<ExitCode, Refused> {
    let EvidenceCommand::Verify { file, note, key } = command else {
        return Err(Refused("this command needs a server".to_owned()));
    };
    let read = |path: &Path| fs::read(path).map_err(|error| Refused(format!("{}: {error}", path.display())));
    let key = PublicKey::parse(key).map_err(Refused::because)?;
    let named = evidence::report::verify(&read(file)?, &read(note)?, &key);
    print(&json!({ "verified": named.is_some(), "document": named, "log": key.name() }), json);
    Ok(if named.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
