//! `tradewind keys`: the region key on the machine where its file lies, and new generations of the keys below it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use api::actions::{Action, Refused};
use crypto::region::{HeldBy, Holder, HolderError, Holders, Program, RegionFile, RegionKeyError, combine, split};
use env::SystemEntropy;
use hsm::TokenKey;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::cli::{KeysCommand, MoveKey, NewHolder};
use crate::control::{ask, socket_path};
use crate::print::print;
use crate::settings::{KeysSettings, Settings};
use crate::system::make_private_directory;

/// Where the region key is, and how its holders are reached.
pub(crate) struct KeyPlace {
    path: PathBuf,
    holders: SetHolders,
}

impl KeyPlace {
    /// The place that `settings` name.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self { path: settings.server.region_key.clone(), holders: SetHolders(settings.keys.clone()) }
    }

    /// Reads the file; a holder that the settings name is asked for the key.
    pub(crate) fn read(&self) -> Result<RegionFile, RegionKeyError> {
        RegionFile::read(&self.path, &self.holders)
    }

    fn write(&self, file: &RegionFile) -> Result<(), Refused> {
        file.replace(&self.path, &self.holders).map_err(Refused::because)
    }
}

/// The holders that are set up.
struct SetHolders(KeysSettings);

impl SetHolders {
    fn token(&self, token: &str, key: &str) -> Result<TokenKey, HolderError> {
        let failed = |why: String| HolderError { holder: format!("the token \"{token}\""), doing: "unwrap", why };
        let (Some(module), Some(pin_file)) = (&self.0.pkcs11_module, &self.0.pkcs11_pin_file) else {
            return Err(failed("set keys.pkcs11_module and keys.pkcs11_pin_file".to_owned()));
        };
        let unreadable = |error| failed(format!("keys.pkcs11_pin_file {} cannot be read: {error}", pin_file.display()));
        let mode = fs::metadata(pin_file).map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(failed(format!(
                "others can read {}; run: chmod 600 {}",
                pin_file.display(),
                pin_file.display()
            )));
        }
        let pin = Zeroizing::new(fs::read_to_string(pin_file).map_err(unreadable)?);
        Ok(TokenKey {
            module: module.clone(),
            pin: Zeroizing::new(pin.trim_end().to_owned()),
            token: token.to_owned(),
            key: key.to_owned(),
            entropy: Arc::new(SystemEntropy::default()),
        })
    }
}

impl Holders for SetHolders {
    fn holder(&self, held_by: &HeldBy) -> Result<Box<dyn Holder>, HolderError> {
        match held_by {
            HeldBy::Token { token, key } => Ok(Box::new(self.token(token, key)?)),
            HeldBy::Program | HeldBy::File => Ok(Box::new(Program::new(self.0.command.clone())?)),
        }
    }
}

/// Carries out one of the commands.
pub(crate) async fn run(
    command: KeysCommand,
    settings: &Settings,
    config: &Path,
    json: bool,
) -> Result<ExitCode, Refused> {
    let place = KeyPlace::of(settings);
    let answer = match command {
        KeysCommand::Show => describe(&place.read().map_err(Refused::because)?),
        KeysCommand::Move(options) => move_key(&place, options)?,
        KeysCommand::Rotate { address: Some(address), .. } => crate::act(config, Action::KeyRotate { address }).await?,
        KeysCommand::Rotate { organisation: Some(organisation), .. } => {
            crate::act(config, Action::KeyRotateOrganisation { organisation: Some(organisation) }).await?
        }
        KeysCommand::Rotate { .. } => {
            let mut file = place.read().map_err(Refused::because)?;
            if file.newest_waits {
                let name = place.path.display();
                return Err(Refused(format!(
                    "{name} has a generation that waits already; copy the file to all nodes, then run: tradewind keys activate"
                )));
            }
            file.rotate(&SystemEntropy::default()).map_err(Refused::because)?;
            place.write(&file)?;
            taken_up(settings, describe(&file)).await?
        }
        KeysCommand::Activate => {
            let mut file = place.read().map_err(Refused::because)?;
            if !file.newest_waits {
                return Err(Refused(
                    "no generation of the region key waits; make one by: tradewind keys rotate".to_owned(),
                ));
            }
            file.newest_waits = false;
            place.write(&file)?;
            crate::act(config, Action::KeyTakeUp).await?
        }
        KeysCommand::TakeUp => crate::act(config, Action::KeyTakeUp).await?,
        KeysCommand::Split { shares, threshold, output } => split_key(&place, shares, threshold, &output)?,
        KeysCommand::Combine { files, output } => combine_shares(&files, &output)?,
    };
    print(&answer, json);
    Ok(ExitCode::SUCCESS)
}

fn describe(file: &RegionFile) -> Value {
    let newest = if file.newest_waits { "waits" } else { "in force" };
    json!({
        "held_by": file.held_by.to_string(),
        "generations": file.generations(),
        "newest": newest,
        "fingerprint": file.fingerprint(),
    })
}

/// Has a server that runs take up what the file has; where none runs it is read at the start.
async fn taken_up(settings: &Settings, answer: Value) -> Result<Value, Refused> {
    match ask(&socket_path(&settings.server.directory), &Action::KeyTakeUp).await {
        Some(outcome) => outcome.map(|_| answer),
        None => Ok(answer),
    }
}

fn move_key(place: &KeyPlace, options: MoveKey) -> Result<Value, Refused> {
    let mut file = place.read().map_err(Refused::because)?;
    file.held_by = match (options.to, options.token, options.key) {
        (NewHolder::File, ..) => HeldBy::File,
        (NewHolder::Program, ..) => HeldBy::Program,
        (NewHolder::Pkcs11, Some(token), Some(key)) => {
            if token.contains('/') {
                return Err(Refused(format!(
                    "--token {token}: a label with a slash cannot be used; give the token another"
                )));
            }
            if options.make {
                place.holders.token(&token, &key).and_then(|token| token.make()).map_err(Refused::because)?;
            }
            HeldBy::Token { token, key }
        }
        (NewHolder::Pkcs11, ..) => return Err(Refused("give --token and --key".to_owned())),
    };
    place.write(&file)?;
    Ok(describe(&file))
}

fn split_key(place: &KeyPlace, shares: u8, threshold: u8, output: &Path) -> Result<Value, Refused> {
    let file = place.read().map_err(Refused::because)?;
    let made = split(&file, shares, threshold, &SystemEntropy::default()).map_err(Refused::because)?;
    let failed = |error| Refused(format!("cannot write into {}: {error}", output.display()));
    make_private_directory(output).map_err(failed)?;
    let mut files = Vec::new();
    for (index, share) in made.iter().enumerate() {
        let path = output.join(format!("share-{}.txt", index + 1));
        write_private(&path, share).map_err(failed)?;
        files.push(path.display().to_string());
    }
    Ok(json!({ "files": files, "threshold": threshold, "fingerprint": file.fingerprint() }))
}

fn combine_shares(files: &[PathBuf], output: &Path) -> Result<Value, Refused> {
    let read =
        |path: &PathBuf| fs::read_to_string(path).map_err(|error| Refused(format!("{}: {error}", path.display())));
    let texts = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let file = combine(&texts).map_err(Refused::because)?;
    if output.exists() {
        return Err(Refused(format!(
            "{} is there already; name another with --output, or move it away",
            output.display()
        )));
    }
    // Written first: whoever uses the key finds that it was put together.
    let note = json!({ "recovered": env::Clock::now(&env::SystemClock).to_string(), "shares": files.len(), "fingerprint": file.fingerprint() });
    let beside = recovered_note(output);
    write_private(&beside, &note.to_string())
        .map_err(|error| Refused(format!("{} cannot be written: {error}", beside.display())))?;
    file.replace(output, &crypto::region::NoHolders).map_err(Refused::because)?;
    Ok(describe(&file))
}

/// Where it lies beside a region key that it was put together from shares, until the next start has put that into the audit log.
pub(crate) fn recovered_note(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".recovered");
    name.into()
}

/// Writes a new file that its owner alone may read.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
