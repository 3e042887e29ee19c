//! `tradewind audit`: what needs the store goes to the server as an action; verifying needs nothing but files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::actions::{Action, Refused};
use audit::verify::{Fault, Verified};
use audit::{CosignerKey, PublicKey, verify};
use serde_json::{Value, json};

use crate::cli::AuditCommand;
use crate::print::print;

/// Carries out one of the commands.
pub(crate) async fn run(command: AuditCommand, config: &Path, json: bool) -> Result<ExitCode, Refused> {
    let action = match command {
        AuditCommand::Verify { directory, key, witness, cosigner } => {
            return verify_log(&directory, key, &witness, &cosigner, json);
        }
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

/// The keys of cosigners that were given, else those that the export has.
fn cosigners(directory: &Path, given: &[String]) -> Result<Vec<CosignerKey>, Refused> {
    let beside = fs::read_to_string(directory.join("cosigners")).unwrap_or_default();
    let texts = if given.is_empty() { beside.lines().map(str::to_owned).collect() } else { given.to_vec() };
    texts.iter().map(|text| CosignerKey::parse(text).map_err(Refused::because)).collect()
}

/// The log, and what its cosigners said of its checkpoint.
fn verify_all(
    directory: &Path,
    key: &PublicKey,
    witnessed: &[(String, Vec<u8>)],
    cosigners: &[CosignerKey],
) -> Result<(Verified, Vec<Value>), Fault> {
    let verified = verify::log(directory, key, witnessed)?;
    let times = if cosigners.is_empty() { Vec::new() } else { verify::cosigners(directory, key, cosigners)? };
    let told = |(cosigner, at): (&CosignerKey, &env::Timestamp)| json!({ "name": cosigner.name(), "kind": cosigner.kind().as_str(), "time": at.to_string() });
    Ok((verified, cosigners.iter().zip(&times).map(told).collect()))
}

fn verify_log(
    directory: &Path,
    key: Option<String>,
    witness: &[PathBuf],
    cosigner: &[String],
    json: bool,
) -> Result<ExitCode, Refused> {
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
    let cosigners = cosigners(directory, cosigner)?;
    match verify_all(directory, &key, &witnessed, &cosigners) {
        Ok((verified, cosigned)) => {
            print(
                &json!({
                    "verified": true, "log": verified.name, "records": verified.size, "root": verified.root,
                    "witnesses": verified.witnesses, "key_from_elsewhere": is_known,
                    "cosigners": cosigned,
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
