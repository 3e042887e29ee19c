//! The warm standby of the embedded store: a second machine that has a server built from the newest backup, carries each step out as it comes,
//! and takes the place of the first when it is told to. Until then it serves nobody.

pub(crate) mod promote;
mod told;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use api::actions::Refused;
use backup::{BackupError, Chosen, StoredKeys, follow, moment_text};
use env::{Clock, SystemClock, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Place, Store, journal};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

use crate::backup::CONFIG;
use crate::cli::{FollowOptions, StandbyCommand};
use crate::print::print;
use crate::restore::{Source, UNFINISHED, access_of, blocking, lay_out, open, refuse_full};
use crate::serve::Server;
use crate::settings::{Settings, start_log};
use told::Told;

/// In the directory of a server that is a standby: where it follows.
pub(crate) const MARK: &str = "standby.json";

/// Asks a running standby to take over.
const REQUEST: &str = "standby-promote";

/// How the standby stands, for whoever asks on the machine.
const STATUS: &str = "standby-status.json";

/// How often it is looked whether it is to take over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where a standby follows.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mark {
    from: String,
    credentials: Option<PathBuf>,
    account_keys: Option<String>,
}

/// A standby that is open.
struct Standby {
    source: Source,
    settings: Settings,
    store: Store,
    told: Told,
}

pub(crate) async fn run(command: StandbyCommand, json: bool) -> Result<ExitCode, Refused> {
    match command {
        StandbyCommand::Run(options) => run_until_told(options).await,
        StandbyCommand::Status { into } => {
            let text = fs::read_to_string(into.join(STATUS))
                .map_err(|error| Refused(format!("{} is no standby that has run: {error}", into.display())))?;
            let told: Value = serde_json::from_str(&text).map_err(Refused::because)?;
            print(&told, json);
            Ok(ExitCode::SUCCESS)
        }
        StandbyCommand::Promote { into, unfenced } => promote::ask(&into, unfenced, json).await,
    }
}

/// Follows until the process is told to stop, or to take over: then it serves.
async fn run_until_told(options: FollowOptions) -> Result<ExitCode, Refused> {
    let source = Source::of(&options.source)?;
    let into = source.into.clone();
    if !into.join(MARK).exists() {
        build(&options).await?;
    }
    if into.join(UNFINISHED).exists() {
        return Err(Refused(format!(
            "{} was not built to its end; remove the directory and start again",
            into.display()
        )));
    }
    let settings = Settings::load(&into.join(CONFIG)).map_err(Refused::because)?;
    let log = start_log(&settings.log);
    let told = Told::default();
    let door = match options.listen {
        Some(address) => Some(told.serve(address).await?),
        None => None,
    };
    let place = Place::Embedded(settings.server.directory.join("store"));
    let store = open(&settings, place).await?;
    let mut standby = Standby { source, settings, store, told };
    let listen = |kind| signal(kind).map_err(|error| Refused(format!("cannot wait for signals: {error}")));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let every = Duration::from_secs(options.every_seconds.max(1));
    let mut rest = Duration::ZERO;
    loop {
        if let Ok(request) = fs::read_to_string(into.join(REQUEST)) {
            let unfenced = request.trim() == "unfenced";
            match standby.promote(unfenced).await {
                Ok(_) => break,
                Err((open, Refused(why))) => {
                    tracing::error!(why, "this standby did not take over");
                    fs::write(into.join(promote::REFUSED), why).map_err(Refused::because)?;
                    fs::remove_file(into.join(REQUEST)).map_err(Refused::because)?;
                    standby = *open;
                }
            }
        }
        if rest.is_zero() {
            standby = standby.look().await?;
            rest = every;
        }
        tokio::select! {
            _ = terminate.recv() => return standby.stop().await,
            _ = interrupt.recv() => return standby.stop().await,
            () = tokio::time::sleep(LOOK_EVERY) => rest = rest.saturating_sub(LOOK_EVERY),
        }
    }
    if let Some(door) = door {
        door.abort();
    }
    let settings = Settings::load(&into.join(CONFIG)).map_err(Refused::because)?;
    Server::start(settings, log).await?.until_told_to_stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the server that follows, from the newest backup and the steps after it.
async fn build(options: &FollowOptions) -> Result<(), Refused> {
    let source = Source::of(&options.source)?;
    refuse_full(&source.into)?;
    let (target, beside) = (source.target.clone(), source.beside.clone());
    let opening = move || Ok::<_, BackupError>((Chosen::open_latest(&target)?, StoredKeys::open(&beside)?));
    let (chosen, keys) = blocking(opening).await?;
    let (chosen, settings) = lay_out(&options.source, &source.into, chosen, Some("embedded".to_owned())).await?;
    let credentials = options.source.credentials.as_ref().map(std::path::absolute).transpose();
    let mark = Mark {
        from: options.source.from.clone(),
        credentials: credentials.map_err(Refused::because)?,
        account_keys: options.source.account_keys.clone(),
    };
    let text = serde_json::to_string(&mark).map_err(Refused::because)?;
    fs::write(source.into.join(MARK), text).map_err(Refused::because)?;
    let store = open(&settings, Place::Embedded(settings.server.directory.join("store"))).await?;
    let outcome = fill(&store, chosen, keys).await;
    store.close().await;
    outcome?;
    fs::remove_file(source.into.join(UNFINISHED)).map_err(Refused::because)
}

async fn fill(store: &Store, chosen: Chosen, keys: StoredKeys) -> Result<(), Refused> {
    let (filling, runtime) = (store.clone(), Handle::current());
    blocking(move || chosen.fill_to_follow(&filling, keys, &runtime).map(drop)).await
}

impl Standby {
    /// What was said of it when it was built.
    fn read(into: &Path) -> Result<(Source, Settings), Refused> {
        let failed = |error: &dyn std::fmt::Display| Refused(format!("{} is no standby: {error}", into.display()));
        let text = fs::read_to_string(into.join(MARK)).map_err(|error| failed(&error))?;
        let mark: Mark = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        let password = crate::backup::read_password(&into.join("backup.key")).map_err(|error| failed(&error))?;
        let access = access_of(mark.credentials.as_deref(), &mark.from)?;
        let opened = backup::Opened::default();
        let target = backup::Target { location: mark.from.clone(), access, password, opened };
        let location = mark.account_keys.unwrap_or(mark.from);
        let beside = backup::Target { location, ..target.clone() };
        let settings = Settings::load(&into.join(CONFIG)).map_err(Refused::because)?;
        Ok((Source { target, beside, into: into.to_owned() }, settings))
    }

    /// Carries out what has come, and tells how it stands. What fails is tried again.
    async fn look(mut self) -> Result<Self, Refused> {
        let outcome = match self.catch_up().await {
            Ok(Some(steps)) => Ok(steps),
            Ok(None) => {
                tracing::warn!("steps to here are missing; this standby is built anew from the newest backup");
                let (standby, outcome) = self.build_anew().await?;
                self = standby;
                outcome.map(|()| 0)
            }
            Err(refused) => Err(refused),
        };
        let moment = self.moment().await?;
        let status = self.told.note(moment, outcome, SystemClock.now());
        if let Err(error) = fs::write(self.source.into.join(STATUS), status.to_string()) {
            tracing::warn!(%error, "how this standby stands cannot be written down");
        }
        Ok(self)
    }

    /// The moment that is here.
    async fn moment(&self) -> Result<Option<Timestamp>, Refused> {
        let followed = self.store.read(journal::followed).await.map_err(Refused::because)?;
        Ok(followed.map(|followed| Timestamp::from_millis(followed.taken)))
    }

    /// Carries out the steps that have come; gives how many, nothing if they do not lead on from here.
    async fn catch_up(&self) -> Result<Option<usize>, Refused> {
        let followed = self.store.read(journal::followed).await.map_err(Refused::because)?;
        let followed =
            followed.ok_or_else(|| Refused("this store does not say what it follows; build it anew".to_owned()))?;
        let (target, beside) = (self.source.target.clone(), self.source.beside.clone());
        let (store, runtime) = (self.store.clone(), Handle::current());
        let work = move || {
            let Some(following) = follow(&target, &followed)? else { return Ok(None) };
            if following.is_empty() {
                return Ok(Some(0));
            }
            // Read after the list of steps: every account of them is there, unless it was erased since.
            let steps = backup::Steps::open(&target)?;
            let keys = StoredKeys::open(&beside)?;
            for step in &following {
                steps.carry_out(step, &store, keys.clone(), &runtime)?;
            }
            Ok::<_, BackupError>(Some(following.len()))
        };
        blocking(work).await
    }

    /// Builds the store anew from the newest backup, in the place of this one once that has gone well.
    async fn build_anew(mut self) -> Result<(Self, Result<(), Refused>), Refused> {
        let directory = self.settings.server.directory.join("store");
        let fresh = self.settings.server.directory.join("store.following");
        drop(fs::remove_dir_all(&fresh));
        let (target, beside) = (self.source.target.clone(), self.source.beside.clone());
        let opening = move || Ok::<_, BackupError>((Chosen::open_latest(&target)?, StoredKeys::open(&beside)?));
        let built = async {
            let (chosen, keys) = blocking(opening).await?;
            let store = open(&self.settings, Place::Embedded(fresh.clone())).await?;
            let outcome = fill(&store, chosen, keys).await;
            store.close().await;
            outcome
        };
        if let Err(refused) = built.await {
            return Ok((self, Err(refused)));
        }
        self.store.close().await;
        let old = self.settings.server.directory.join("store.old");
        let exchange = || {
            fs::rename(&directory, &old)?;
            fs::rename(&fresh, &directory)?;
            fs::remove_dir_all(&old)
        };
        exchange().map_err(|error| Refused(format!("{}: {error}", directory.display())))?;
        self.store = open(&self.settings, Place::Embedded(directory)).await?;
        Ok((self, Ok(())))
    }

    async fn stop(self) -> Result<ExitCode, Refused> {
        self.store.close().await;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

/// Refuses a directory that is a standby's.
pub(crate) fn refuse(settings: &Settings) -> Result<(), Refused> {
    let home = settings.home();
    if home.join(MARK).exists() {
        return Err(Refused(format!(
            "{0} is a standby, which serves nobody until it takes over: tradewind standby promote --into {0}",
            home.display()
        )));
    }
    Ok(())
}

/// What is told of a promotion at the first start after it.
fn note_of(moment: Option<Timestamp>, generation: i64, unreached: &[String]) -> Value {
    json!({
        "moment": moment.map(|moment| moment_text(moment.millis())),
        "moment_millis": moment.map(Timestamp::millis),
        "at": SystemClock.now().to_string(),
        "generation": generation,
        "not_told": unreached,
    })
}
