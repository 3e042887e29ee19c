//! `tradewind audit`: what needs the store goes to the server as an action; verifying needs nothing but files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::actions::{Action, Refused};
use audit::{PublicKey, verify};
use serde_json::json;

use crate::cli::AuditCommand;
use crate::print::print;

/// Carries out one of the commands.
pub(crate) async fn run(command: AuditCommand, config: &Path, json: bool) -> Result<ExitCode, Refused> {
    let action = match command {
        AuditCommand::Verify { directory, key, witness } => return verify_log(&directory, key, &witness, json),
        AuditCommand::Export { directory } => {
            let directory = std::path::absolute(&directory).map_err(Refused::because)?;
            Action::AuditExport { directory }
        }
        AuditCommand::Head => Action::AuditHead,
        AuditCommand::Prove { event } => Action::AuditProve { event },
        AuditCommand::Seal => Action::AuditSeal,
    };
    print(&crate::act(config, action).await?, json);
    Ok(ExitCode::SUCCESS)
}

fn verify_log(directory: &Path, key: Option<String>, witness: &[PathBuf], json: bool) -> Result<ExitCode, Refused> {
    let read = |path: &Path| fs::read(path).map_err(|error| Refused(format!("{}: {error}", path.display())));
    let is_known = key.is_some();
    let key = match key {
        Some(key) => key,
        None => String::from_utf8_lossy(&read(&directory.join("key"))?).into_owned(),
    };
    let key = PublicKey::parse(&key).map_err(Refused::because)?;
    let mut witnessed = Vec::with_capacity(witness.len());
    for path in witness {
        // One that came by letter has the line ends of letters.
        let note = String::from_utf8_lossy(&read(path)?).replace("\r\n", "\n");
        witnessed.push((path.display().to_string(), note.into_bytes()));
    }
    match verify::log(directory, &key, &witnessed) {
        Ok(verified) => {
            print(
                &json!({
                    "verified": true, "log": verified.name, "records": verified.size, "root": verified.root,
                    "witnesses": verified.witnesses, "key_from_elsewhere": is_known,
                }),
                json,
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            print(&json!({ "verified": false, "fault": fault.to_string() }), json);
            Ok(ExitCode::FAILURE)
        }
    }
}
