//! What a backup holds beside the store, and building a server anew from one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use api::actions::{BackupPlan, Refused, RehearsalPlan};
use backup::{
    Access, Accesses, BackupError, Chosen, FileBytes, FileItem, Keep, Kind, StoredKeys, Target, Wanted, files_below,
    parse_moment,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::{Clock, Entropy, Secret, SystemClock, SystemEntropy};
use serde_json::json;
use store::copy::Pace;
use store::{Context, Store};
use zeroize::Zeroizing;

use crate::cli::RestoreOptions;
use crate::keys::{KeyPlace, write_private};
use crate::print::print;
use crate::settings::Settings;
use crate::system::{make_private_directory, place};

/// The configuration file in a backup and in a directory that was restored.
const CONFIG: &str = "tradewind.toml";

/// There while a restore is not through.
const UNFINISHED: &str = "restore-unfinished";

/// Directory that mail from a backup is looked through in.
const SCRATCH: &str = "earlier";

/// Where a server is built for a rehearsal.
const REHEARSAL_SCRATCH: &str = "rehearsal-scratch";

/// Octets of a password that we make.
const PASSWORD_BYTES: usize = 32;

/// How much later than now, by this machine's clock, the newest backup may be.
pub(crate) const CLOCK_GRACE: Duration = Duration::from_secs(86_400);

/// Directories beside the configuration file whose files are ours.
const DIRECTORIES: [&str; 2] = ["tls", "dkim"];

/// What is backed up, as `settings` say. Makes the password of the repositories where there is none.
pub(crate) fn plan(settings: &Settings) -> Result<BackupPlan, Refused> {
    let set = &settings.backup;
    let targets = if set.repositories.is_empty() {
        Vec::new()
    } else {
        let password = password(&set.password_file)?;
        let accesses = Accesses::read(&set.credentials_file).map_err(Refused::because)?;
        let target = |location: &String| {
            let access = within(accesses.of(location), settings.home());
            Target { location: place_of(settings.home(), location), access, password: password.clone() }
        };
        set.repositories.iter().map(target).collect()
    };
    let pace = Pace { bytes_per_second: set.mib_per_second.saturating_mul(1 << 20) };
    let (host, progress) = (settings.server.hostname.clone(), Arc::default());
    let wanted = Wanted { host, files: files(settings)?, pace, progress };
    let keep = Keep { days: set.keep_days, weeks: set.keep_weeks, months: set.keep_months, gap_max: None };
    Ok(BackupPlan {
        targets,
        wanted,
        keep,
        prune: set.prune,
        parts: set.read_back_parts,
        every: (set.every_minutes > 0).then(|| Duration::from_secs(set.every_minutes.saturating_mul(60))),
        scratch: settings.server.directory.join(SCRATCH),
    })
}

/// Where a repository is; a directory that is not absolute is beside the configuration file.
fn place_of(home: &Path, location: &str) -> String {
    match Kind::of(location) {
        Kind::Directory => home.join(location).display().to_string(),
        _ => location.to_owned(),
    }
}

/// Files that are named beside the configuration file are there.
fn within(mut access: Access, home: &Path) -> Access {
    for file in [&mut access.authority, &mut access.key_file, &mut access.known_hosts, &mut access.rclone_config] {
        *file = file.take().map(|file| home.join(file));
    }
    access.prune = access.prune.map(|prune| Box::new(within(*prune, home)));
    access
}

/// How restores are rehearsed, as `settings` say.
pub(crate) fn rehearsals(settings: &Settings) -> RehearsalPlan {
    let (set, data) = (&settings.rehearsal, &settings.server.directory);
    let below = |path: &PathBuf, name: &str| {
        if path.as_os_str().is_empty() { data.join(name) } else { settings.home().join(path).join(name) }
    };
    let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
    RehearsalPlan {
        every: Duration::from_secs(u64::from(set.every_days) * 86_400),
        directory: below(&set.directory, "rehearsals"),
        scratch: below(&set.scratch, REHEARSAL_SCRATCH),
        sample: set.sample,
        recovery_max: minutes(set.recovery_minutes_max),
        age_max: minutes(set.age_minutes_max),
        node: settings.server.node,
    }
}

fn password(path: &Path) -> Result<Secret<String>, Refused> {
    let failed = |error: std::io::Error| Refused(format!("backup.password_file {}: {error}", path.display()));
    if !path.exists() {
        let mut bytes = Zeroizing::new([0; PASSWORD_BYTES]);
        SystemEntropy::default().fill(bytes.as_mut());
        let made = Zeroizing::new(format!("{}\n", URL_SAFE_NO_PAD.encode(bytes.as_ref())));
        write_private(path, &made).map_err(failed)?;
        tracing::warn!(file = %path.display(), "the password of the backups was made; keep a copy of it and of the region key off this machine");
    }
    read_password(path).map_err(failed)
}

fn read_password(path: &Path) -> std::io::Result<Secret<String>> {
    let text = Zeroizing::new(fs::read_to_string(path)?);
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(Secret::new(line.to_owned())),
        _ => Err(std::io::Error::other("its first line must hold the password")),
    }
}

/// What lies beside the store: the settings, certificates and their keys, what the server wrote. Neither the region key nor the password.
fn files(settings: &Settings) -> Result<Vec<FileItem>, Refused> {
    let (home, data) = (settings.home(), &settings.server.directory);
    let mut left_out = vec![
        data.join("store"),
        data.join(SCRATCH),
        data.join("control.sock"),
        settings.server.region_key.clone(),
        settings.backup.password_file.clone(),
        settings.backup.credentials_file.clone(),
    ];
    left_out.extend(settings.keys.pkcs11_pin_file.clone());
    left_out.push(rehearsals(settings).scratch);
    // Stores that were damaged and put aside, and one that is being built in their place.
    let is_other = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("store."));
    let entries = fs::read_dir(data).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    left_out.extend(entries.filter(is_other));
    left_out.extend(settings.backup.repositories.iter().map(|location| home.join(location)));
    let mut files = files_below(data, Path::new("data"), &left_out).map_err(Refused::because)?;
    for name in DIRECTORIES {
        files.extend(files_below(&home.join(name), Path::new(name), &left_out).map_err(Refused::because)?);
    }
    let config = settings_elsewhere(settings)?.into_bytes();
    files.push(FileItem { place: PathBuf::from(CONFIG), from: FileBytes::Here(config) });
    Ok(files)
}

/// The settings in force, for a server whose files are in a directory of their own: what lay beside the configuration file does so there too.
fn settings_elsewhere(settings: &Settings) -> Result<String, Refused> {
    let mut kept = settings.clone();
    kept.server.directory = PathBuf::from("data");
    kept.server.region_key = PathBuf::from("region.key");
    kept.backup.password_file = PathBuf::from("backup.key");
    kept.backup.credentials_file = PathBuf::from("backup-credentials.toml");
    let text = toml::to_string(&kept).map_err(Refused::because)?;
    let home = settings.home().display().to_string();
    Ok(if home.len() > 1 { text.replace(&format!("\"{home}/"), "\"") } else { text })
}

/// Builds a server from a backup.
pub(crate) async fn restore(options: RestoreOptions, json: bool) -> Result<ExitCode, Refused> {
    let password = read_password(&options.password_file)
        .map_err(|error| Refused(format!("{}: {error}", options.password_file.display())))?;
    let until = match &options.until {
        None => None,
        Some(text) => {
            let moment = parse_moment(text);
            Some(moment.ok_or_else(|| Refused(format!("{text}: give the moment as 2027-01-15T08:00:00Z")))?.millis())
        }
    };
    let into = std::path::absolute(&options.into).map_err(Refused::because)?;
    refuse_full(&into)?;
    let target = Target { location: options.from.clone(), access: access_of(&options)?, password };
    let backup = options.backup.clone();
    let beside =
        Target { location: options.account_keys.clone().unwrap_or_else(|| options.from.clone()), ..target.clone() };
    let clock = SystemClock;
    let soon = clock.now().plus(CLOCK_GRACE).millis();
    let opening =
        move || Ok::<_, BackupError>((asked_for(&target, backup.as_deref(), until, soon)?, StoredKeys::open(&beside)?));
    let (chosen, keys) = blocking(opening).await?;

    make_private_directory(&into).map_err(|error| Refused(format!("cannot make {}: {error}", into.display())))?;
    let copy = |from: &Path, name: &str| -> Result<(), Refused> {
        let failed = |error| Refused(format!("{}: {error}", from.display()));
        let text = Zeroizing::new(fs::read_to_string(from).map_err(failed)?);
        write_private(&into.join(name), &text).map_err(failed)
    };
    write_private(&into.join(UNFINISHED), "Remove the whole directory and restore again.\n")
        .map_err(Refused::because)?;
    copy(&options.region_key, "region.key")?;
    copy(&options.password_file, "backup.key")?;
    let directory = into.clone();
    let (chosen, _) = blocking(move || {
        let written = chosen.write_files(&directory)?;
        Ok::<_, BackupError>((chosen, written))
    })
    .await?;

    let mut settings = Settings::load(&into.join(CONFIG)).map_err(Refused::because)?;
    settings.store.place = match (options.store, settings.store.place.as_str()) {
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
    let key = key.sealing_under(settings.keys.suite().unwrap_or_default());
    chosen.manifest().opens_with(&key, clock.now()).map_err(Refused::because)?;

    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let context = Context::new(Arc::new(clock), entropy, settings.server.node, key);
    let store = Store::open(place(&settings)?, context).await.map_err(Refused::because)?;
    let (filling, runtime) = (store.clone(), tokio::runtime::Handle::current());
    let outcome = blocking(move || chosen.fill(&filling, keys, &runtime)).await;
    let outcome = match outcome {
        Ok(restored) => identity::erase_restored(&store).await.map(|_| restored).map_err(Refused::because),
        Err(refused) => Err(refused),
    };
    let report = match &outcome {
        Ok(_) => store::check::run(&store, false).await.map_err(Refused::because),
        Err(_) => Ok(store::check::Report::default()),
    };
    store.close().await;
    let (restored, report) = (outcome?, report?);
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let is_complete = report.accounts + restored.erased == restored.accounts
        && (report.messages == restored.messages || restored.erased > 0);
    let is_sound = findings.is_empty() && is_complete;
    if is_sound {
        fs::remove_file(into.join(UNFINISHED)).map_err(Refused::because)?;
    }
    let config = into.join(CONFIG).display().to_string();
    print(&json!({ "restored": restored, "sound": is_sound, "findings": findings, "config": config }), json);
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The backup that is asked for, or else the newest. What a clock that was wrong has taken later than `soon` counts only where there is no other.
fn asked_for(target: &Target, id: Option<&str>, until: Option<i64>, soon: i64) -> Result<Chosen, BackupError> {
    match (id, until) {
        (None, None) => Chosen::open(target, None, Some(soon)).or_else(|_| Chosen::open(target, None, None)),
        _ => Chosen::open(target, id, until),
    }
}

/// What opens the way to the repository that is restored from.
fn access_of(options: &RestoreOptions) -> Result<Access, Refused> {
    let Some(file) = &options.credentials else { return Ok(Access::default()) };
    let file = std::path::absolute(file).map_err(Refused::because)?;
    let accesses = Accesses::read(&file).map_err(Refused::because)?;
    Ok(within(accesses.of(&options.from), file.parent().unwrap_or(Path::new("/"))))
}

/// Nothing that is there is written over.
fn refuse_full(directory: &Path) -> Result<(), Refused> {
    match fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Refused(format!("{}: {error}", directory.display()))),
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Refused(format!("{} is not empty; give an empty directory", directory.display()))),
        },
    }
}

async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Refused>
where
    T: Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.map_err(|_| Refused("the work on a backup panicked".to_owned()))?.map_err(Refused::because)
}
