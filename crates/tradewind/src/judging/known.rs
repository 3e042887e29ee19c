//! `tradewind templates`: a library of messages that were sent before.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use api::actions::Refused;
use filter::corpus::Label;
use filter::templates::{Library, Template};
use filter::{Facts, Received};
use serde_json::json;

use super::{MESSAGE_OCTETS_MAX, read as read_octets, read_text, rounded};
use crate::cli::TemplatesCommand;
use crate::texts::Texts;

/// Carries out one of the commands.
pub(crate) fn run(command: &TemplatesCommand, json: bool) -> Result<ExitCode, Refused> {
    match command {
        TemplatesCommand::Add { library, label, name, messages } => add(library, label, name.as_deref(), messages),
        TemplatesCommand::Find { library, messages } => find(library.as_deref(), messages, json),
    }
}

/// A library file.
pub(super) fn read(path: &Path) -> Result<Library, Refused> {
    Library::read(&read_text(path)?).map_err(|error| Refused(format!("{}: {error}", path.display())))
}

fn facts(path: &Path) -> Result<Facts, Refused> {
    let raw = read_octets(path, MESSAGE_OCTETS_MAX)?;
    Ok(Facts::read(Received { raw: &raw, ..Received::default() }))
}

fn add(path: &Path, label: &str, name: Option<&str>, messages: &[PathBuf]) -> Result<ExitCode, Refused> {
    let label = Label::of(label).filter(|label| *label != Label::Ham);
    let label = label.ok_or_else(|| Refused("--label is `spam` or `phish`".to_owned()))?;
    let mut library = if path.exists() { read(path)? } else { Library::default() };
    for message in messages {
        let failed = |error| Refused(format!("{}: {error}", message.display()));
        let called = name.map_or_else(|| message.display().to_string(), str::to_owned);
        let template = Template::of(&called, label, &facts(message)?).map_err(failed)?;
        library.add(template).map_err(failed)?;
    }
    // Beside it first: a library that is being read is never half a file.
    let beside = path.with_extension("new");
    let written = std::fs::write(&beside, library.write()).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| Refused(format!("{}: {error}", path.display())))?;
    println!("{}: {}", path.display(), library.iter().count());
    Ok(ExitCode::SUCCESS)
}

fn find(path: Option<&Path>, messages: &[PathBuf], json: bool) -> Result<ExitCode, Refused> {
    let library = path.map_or_else(|| Ok(Library::shipped()), |path| read(path).map(Arc::new))?;
    let texts = Texts::from_environment();
    for message in messages {
        let facts = facts(message)?;
        let found = library.find(&facts);
        let shown = message.display().to_string();
        if json {
            let found: Vec<_> = found
                .iter()
                .map(|one| {
                    json!({
                        "name": one.template.name,
                        "label": one.template.label.word(),
                        "by": if one.is_text { "text" } else { "structure" },
                        "likeness": rounded(one.likeness),
                    })
                })
                .collect();
            println!("{}", json!({ "path": shown, "found": found }));
        } else if found.is_empty() {
            println!("{}", texts.say("template-unknown", &[("path", &shown)]));
        } else {
            for one in found {
                let key = if one.is_text { "template-by-text" } else { "template-by-structure" };
                let percent = format!("{:.0}", one.likeness * 100.0);
                let values = [
                    ("path", shown.as_str()),
                    ("name", &one.template.name),
                    ("label", one.template.label.word()),
                    ("percent", &percent),
                ];
                println!("{}", texts.say(key, &values));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
