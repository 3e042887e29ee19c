//! A standby takes the place of the server that it follows.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use api::actions::{Controls, Refused, tell_of_promotion};
use backup::{BackupError, Opened, StoredKeys, Target, generation, ready};
use env::{Clock, SystemClock};
use serde_json::{Value, json};
use store::{Place, StoreError, journal};

use super::{MARK, REQUEST, STATUS, Standby, note_of};
use crate::backup::points;
use crate::print::print;
use crate::restore::{blocking, try_open};
use crate::settings::Settings;

/// Why a running standby did not take over.
pub(super) const REFUSED: &str = "standby-refused";

/// What a running standby that took over says of it.
const DONE: &str = "standby-promoted.json";

/// Why a standby that was left behind does not take over.
const LACKS_STEPS: &str = "steps to here are missing, so that this standby is older than the repository; let `tradewind standby run` build it anew first, or take it as it is with --unfenced";

/// What is still to be told of a promotion, in the server's directory.
const NOTE: &str = "promoted.json";

/// How long a running standby is given to take over.
const PATIENCE: Duration = Duration::from_secs(600);

/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Has the standby in `into` take over: the one that runs there, which then serves, or else here, to be served afterwards.
pub(super) async fn ask(into: &Path, unfenced: bool, json: bool) -> Result<ExitCode, Refused> {
    let into = std::path::absolute(into).map_err(Refused::because)?;
    let (source, settings) = Standby::read(&into)?;
    let place = Place::Embedded(settings.server.directory.join("store"));
    let done = match try_open(&settings, place).await? {
        Ok(store) => {
            let standby = Standby { source, settings, store, told: super::Told::default() };
            let done = standby.promote(unfenced).await;
            let mut done = done.map_err(|(_, refused)| refused)?;
            if let Value::Object(fields) = &mut done {
                fields.insert(
                    "next".to_owned(),
                    json!(format!("tradewind --config {}/tradewind.toml serve", into.display())),
                );
            }
            done
        }
        Err(StoreError::InUse { .. }) => wait_for(&into, unfenced).await?,
        Err(error) => return Err(Refused::because(error)),
    };
    print(&done, json);
    Ok(ExitCode::SUCCESS)
}

async fn wait_for(into: &Path, unfenced: bool) -> Result<Value, Refused> {
    drop(fs::remove_file(into.join(REFUSED)));
    let request = if unfenced { "unfenced" } else { "fenced" };
    fs::write(into.join(REQUEST), request).map_err(Refused::because)?;
    let waiting = async {
        loop {
            if let Ok(why) = fs::read_to_string(into.join(REFUSED)) {
                return Err(Refused(why));
            }
            if !into.join(MARK).exists() {
                let text = fs::read_to_string(into.join(DONE)).map_err(Refused::because)?;
                drop(fs::remove_file(into.join(DONE)));
                let mut done: Value = serde_json::from_str(&text).map_err(Refused::because)?;
                if let Value::Object(fields) = &mut done {
                    fields.insert("promoted".to_owned(), json!(true));
                    fields.insert("serving".to_owned(), json!(true));
                }
                return Ok(done);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let late = |_| Refused("the standby that runs there does not answer; see its log".to_owned());
    tokio::time::timeout(PATIENCE, waiting).await.map_err(late)?
}

impl Standby {
    /// Takes the last steps, fences whoever wrote them, and makes the store ready to serve. The store is closed then. What goes wrong before
    /// anything is changed gives the standby back.
    pub(super) async fn promote(self, unfenced: bool) -> Result<Value, (Box<Self>, Refused)> {
        let begun = SystemClock.now();
        if let Err(refused) = self.take_the_last(unfenced).await {
            return Err((Box::new(self), refused));
        }
        let (generation, unreached) = match self.fence(unfenced).await {
            Ok(fenced) => fenced,
            Err(refused) => return Err((Box::new(self), refused)),
        };
        // Nothing is written there any more by whoever reads what stands there, so that these are the last.
        if let Err(refused) = self.take_the_last(unfenced).await {
            return Err((Box::new(self), refused));
        }
        match self.make_ready(generation, &unreached).await {
            Ok(mut told) => {
                self.store.close().await;
                let took = SystemClock.now().since(begun);
                if let Value::Object(fields) = &mut told {
                    fields.insert("promoted".to_owned(), json!(true));
                    fields.insert("seconds".to_owned(), json!(took.as_secs_f64()));
                }
                tracing::info!(generation, "this standby has taken over");
                Ok(told)
            }
            Err(refused) => Err((Box::new(self), refused)),
        }
    }

    /// Carries out what has come. Where nobody is to be told, what cannot be had is done without.
    async fn take_the_last(&self, unfenced: bool) -> Result<(), Refused> {
        let outcome = self.catch_up().await;
        let outcome = outcome.and_then(|steps| steps.ok_or_else(|| Refused(LACKS_STEPS.to_owned())));
        match outcome {
            Err(Refused(why)) if unfenced => {
                tracing::warn!(why, "the last steps were not taken");
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    }

    /// Tells every repository that can be reached that its backups belong to the next generation; gives that, and those not reached.
    async fn fence(&self, unfenced: bool) -> Result<(i64, Vec<String>), Refused> {
        let own = self.store.read(journal::state).await.map_err(Refused::because)?.generation;
        let mut targets = vec![self.source.target.clone()];
        let others = points(&self.settings, &Opened::default())?.targets;
        targets.extend(others.into_iter().filter(|other| other.location != self.source.target.location));
        let keys = StoredKeys::read(&self.store).await.map_err(Refused::because)?;
        let work = move || {
            let seen: Vec<_> = targets.into_iter().map(|target| (generation(&target), target)).collect();
            let highest = seen.iter().filter_map(|(seen, _)| seen.as_ref().ok().copied().flatten()).max();
            let next = highest.unwrap_or(own).max(own) + 1;
            let (mut unreached, mut first) = (Vec::new(), true);
            for (seen, target) in seen {
                let outcome = seen.and_then(|seen| tell(&target, seen, &keys, next));
                if let Err(error) = outcome {
                    if first && !unfenced {
                        return Err(Refused(format!(
                            "{error}. So nobody would tell the other server that it was replaced: see that it is off, and run this with --unfenced"
                        )));
                    }
                    unreached.push(format!("{}: {error}", target.location));
                }
                first = false;
            }
            Ok((next, unreached))
        };
        blocking(work).await
    }

    async fn make_ready(&self, generation: i64, unreached: &[String]) -> Result<Value, Refused> {
        let moment = self.moment().await?;
        let store = &self.store;
        identity::erase_restored(store).await.map_err(Refused::because)?;
        ready(store, generation).await.map_err(Refused::because)?;
        let report = store::check::run(store, false).await.map_err(Refused::because)?;
        let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        let mut note = note_of(moment, generation, unreached);
        let path = self.settings.server.directory.join(NOTE);
        fs::write(path, note.to_string()).map_err(Refused::because)?;
        if let Value::Object(fields) = &mut note {
            fields.insert("findings".to_owned(), json!(findings));
            fields.insert("accounts".to_owned(), json!(report.accounts));
            fields.insert("messages".to_owned(), json!(report.messages));
        }
        let into = &self.source.into;
        if into.join(REQUEST).exists() {
            fs::write(into.join(DONE), note.to_string()).map_err(Refused::because)?;
        }
        for name in [REQUEST, STATUS] {
            drop(fs::remove_file(into.join(name)));
        }
        fs::remove_file(into.join(MARK)).map_err(Refused::because)?;
        Ok(note)
    }
}

/// Tells a repository which has backups to whom they belong now. The keys of accounts that are there stay as they are.
fn tell(target: &Target, seen: Option<i64>, ours: &StoredKeys, generation: i64) -> Result<(), BackupError> {
    if seen.is_none()
        && !Path::new(&target.location).exists()
        && backup::Kind::of(&target.location) == backup::Kind::Directory
    {
        // A directory of the other machine.
        return Err(BackupError::NoRepository { location: target.location.clone() });
    }
    let keys = StoredKeys::open(target).unwrap_or_else(|_| ours.clone());
    keys.write(target, SystemClock.now().millis(), true, generation).map(drop)
}

/// Tells of a promotion that nobody was told of yet.
pub(crate) async fn tell_of(settings: &Settings, controls: &Controls) {
    let path = settings.server.directory.join(NOTE);
    let Ok(text) = fs::read_to_string(&path) else { return };
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    tell_of_promotion(controls, &told).await;
    if let Err(error) = fs::remove_file(&path) {
        tracing::warn!(%error, "administrators are told of the promotion again at the next start");
    }
}
