//! Building a server anew from a backup and what came after it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use api::actions::Refused;
use backup::{Access, Accesses, BackupError, Chosen, Opened, Restored, StoredKeys, Target, parse_moment};
use env::{Clock, Entropy, SystemClock, SystemEntropy};
use serde_json::json;
use store::check::Report;
use store::{Context, Place, Store, StoreError};
use zeroize::Zeroizing;

use crate::backup::{CLOCK_GRACE, CONFIG, read_password, settings_elsewhere, within};
use crate::cli::{RestoreOptions, SourceOptions};
use crate::keys::{KeyPlace, write_private};
use crate::print::print;
use crate::settings::Settings;
use crate::system::{make_private_directory, place};

/// There while a restore is not through.
pub(crate) const UNFINISHED: &str = "restore-unfinished";

/// Where a server is built from.
pub(crate) struct Source {
    /// The repository.
    pub(crate) target: Target,
    /// The one whose keys of accounts are taken.
    pub(crate) beside: Target,
    /// The directory to build in.
    pub(crate) into: PathBuf,
}

impl Source {
    pub(crate) fn of(options: &SourceOptions) -> Result<Self, Refused> {
        let password = read_password(&options.password_file)
            .map_err(|error| Refused(format!("{}: {error}", options.password_file.display())))?;
        let into = std::path::absolute(&options.into).map_err(Refused::because)?;
        let access = access_of(options.credentials.as_deref(), &options.from)?;
        let target = Target { location: options.from.clone(), access, password, opened: Opened::default() };
        let location = options.account_keys.clone().unwrap_or_else(|| options.from.clone());
        let beside = Target { location, ..target.clone() };
        Ok(Self { target, beside, into })
    }
}

/// Builds a server from a backup.
pub(crate) async fn restore(options: RestoreOptions, json: bool) -> Result<ExitCode, Refused> {
    let (until, to) = (moment(options.until.as_deref())?, moment(options.to.as_deref())?);
    let source = Source::of(&options.source)?;
    refuse_full(&source.into)?;
    let (target, beside, backup) = (source.target.clone(), source.beside.clone(), options.backup.clone());
    let opening = move || {
        let chosen = match to {
            Some(to) => Chosen::open_at(&target, to)?,
            None => asked_for(&target, backup.as_deref(), until)?,
        };
        Ok::<_, BackupError>((chosen, StoredKeys::open(&beside)?))
    };
    let (chosen, keys) = blocking(opening).await?;
    let (chosen, settings) = lay_out(&options.source, &source.into, chosen, options.store).await?;
    let store = open(&settings, place(&settings)?).await?;
    let (filling, runtime) = (store.clone(), tokio::runtime::Handle::current());
    let outcome = blocking(move || chosen.fill(&filling, keys, &runtime)).await;
    let outcome = match outcome {
        Ok(restored) => look_at(&store, restored).await,
        Err(refused) => Err(refused),
    };
    store.close().await;
    let (restored, findings, is_sound) = outcome?;
    if is_sound {
        fs::remove_file(source.into.join(UNFINISHED)).map_err(Refused::because)?;
    }
    let config = source.into.join(CONFIG).display().to_string();
    print(&json!({ "restored": restored, "sound": is_sound, "findings": findings, "config": config }), json);
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The backup that is asked for, or else the newest. What a clock that was wrong has taken much later than now counts only where there is no
/// other.
fn asked_for(target: &Target, id: Option<&str>, until: Option<i64>) -> Result<Chosen, BackupError> {
    let soon = SystemClock.now().plus(CLOCK_GRACE).millis();
    match (id, until) {
        (None, None) => Chosen::open(target, None, Some(soon)).or_else(|_| Chosen::open(target, None, None)),
        _ => Chosen::open(target, id, until),
    }
}

/// Erases again what was erased since, and looks whether everything is there and fits.
pub(crate) async fn look_at(store: &Store, restored: Restored) -> Result<(Restored, Vec<String>, bool), Refused> {
    identity::erase_restored(store).await.map_err(Refused::because)?;
    let Report { findings, accounts, messages } = store::check::run(store, false).await.map_err(Refused::because)?;
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let is_complete =
        accounts + restored.erased == restored.accounts && (messages == restored.messages || restored.erased > 0);
    let is_sound = findings.is_empty() && is_complete;
    Ok((restored, findings, is_sound))
}

fn moment(text: Option<&str>) -> Result<Option<i64>, Refused> {
    let parse = |text: &str| {
        let moment = parse_moment(text).map(env::Timestamp::millis);
        let remedy = "give the moment with its time zone, as 2027-01-15T08:00:00Z or 2027-01-15T16:00:00+08:00";
        moment.ok_or_else(|| Refused(format!("{text}: {remedy}")))
    };
    text.map(parse).transpose()
}

/// Lays out a directory with keys, the files of the backup and settings; the store is still to come. Gives the settings.
pub(crate) async fn lay_out(
    options: &SourceOptions,
    into: &Path,
    chosen: Chosen,
    store: Option<String>,
) -> Result<(Chosen, Settings), Refused> {
    make_private_directory(into).map_err(|error| Refused(format!("cannot make {}: {error}", into.display())))?;
    let copy = |from: &Path, name: &str| -> Result<(), Refused> {
        let failed = |error| Refused(format!("{}: {error}", from.display()));
        let text = Zeroizing::new(fs::read_to_string(from).map_err(failed)?);
        write_private(&into.join(name), &text).map_err(failed)
    };
    write_private(&into.join(UNFINISHED), "Remove the whole directory and restore again.\n")
        .map_err(Refused::because)?;
    copy(&options.region_key, "region.key")?;
    copy(&options.password_file, "backup.key")?;
    let directory = into.to_owned();
    let chosen = blocking(move || {
        chosen.write_files(&directory)?;
        Ok::<_, BackupError>(chosen)
    })
    .await?;
    let mut settings = Settings::load(&into.join(CONFIG)).map_err(Refused::because)?;
    settings.store.place = match (store, settings.store.place.as_str()) {
        (Some(place), _) => place,
        (None, "embedded") => "embedded".to_owned(),
        (None, _) => {
            return Err(Refused(
                "the server that was backed up used a database; give the address of an empty one with --store, or --store embedded"
                    .to_owned(),
            ));
        }
    };
    fs::write(into.join(CONFIG), settings_elsewhere(&settings)?).map_err(Refused::because)?;
    let key = KeyPlace::of(&settings).read().map_err(Refused::because)?.key();
    chosen.manifest().opens_with(&key, SystemClock.now()).map_err(Refused::because)?;
    Ok((chosen, settings))
}

/// Opens a store as `settings` say, at `place`.
pub(crate) async fn open(settings: &Settings, place: Place) -> Result<Store, Refused> {
    try_open(settings, place).await?.map_err(Refused::because)
}

/// The same; tells why the store does not open.
pub(crate) async fn try_open(settings: &Settings, place: Place) -> Result<Result<Store, StoreError>, Refused> {
    let key = KeyPlace::of(settings).read().map_err(Refused::because)?.key();
    let key = key.sealing_under(settings.keys.suite().unwrap_or_default());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let context = Context::new(Arc::new(SystemClock), entropy, settings.server.node, key);
    Ok(Store::open(place, context).await)
}

/// What opens the way to the repository that is restored from.
pub(crate) fn access_of(credentials: Option<&Path>, from: &str) -> Result<Access, Refused> {
    let Some(file) = credentials else { return Ok(Access::default()) };
    let file = std::path::absolute(file).map_err(Refused::because)?;
    let accesses = Accesses::read(&file).map_err(Refused::because)?;
    Ok(within(accesses.of(from), file.parent().unwrap_or(Path::new("/"))))
}

/// Nothing that is there is written over.
pub(crate) fn refuse_full(directory: &Path) -> Result<(), Refused> {
    match fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Refused(format!("{}: {error}", directory.display()))),
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Refused(format!("{} is not empty; give an empty directory", directory.display()))),
        },
    }
}

pub(crate) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Refused>
where
    T: Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.map_err(|_| Refused("the work on a backup panicked".to_owned()))?.map_err(Refused::because)
}
