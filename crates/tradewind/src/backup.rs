//! What a backup holds beside the store, and where backups go.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::actions::{BackupPlan, PointsPlan, PointsWanted, Refused, RehearsalPlan};
use backup::{Access, Accesses, FileBytes, FileItem, Keep, Kind, Opened, Target, Wanted, files_below};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::{Entropy, Secret, SystemEntropy};
use store::copy::Pace;
use zeroize::Zeroizing;

use crate::keys::write_private;
use crate::settings::Settings;

/// The configuration file in a backup and in a directory that was restored.
pub(crate) const CONFIG: &str = "tradewind.toml";

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

/// What is backed up, as `settings` say, with the configuration file as `file` has it. Makes the password of the repositories where there is none.
pub(crate) fn plan(settings: &Settings, file: &Settings, opened: &Opened) -> Result<BackupPlan, Refused> {
    let set = &settings.backup;
    let PointsPlan { targets, host, pace, .. } = points(settings, opened)?;
    let progress = Arc::default();
    let wanted = Wanted { host, files: files(settings, file)?, pace, progress };
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

/// Where backups and the steps between them go, as `settings` say. Makes the password of the repositories where there is none.
pub(crate) fn points(settings: &Settings, opened: &Opened) -> Result<PointsPlan, Refused> {
    let set = &settings.backup;
    let targets = if set.repositories.is_empty() {
        Vec::new()
    } else {
        let password = password(&set.password_file)?;
        let accesses = Accesses::read(&set.credentials_file).map_err(Refused::because)?;
        let target = |location: &String| {
            let access = within(accesses.of(location), settings.home());
            let (password, opened) = (password.clone(), opened.clone());
            Target { location: place_of(settings.home(), location), access, password, opened }
        };
        set.repositories.iter().map(target).collect()
    };
    let pace = Pace { bytes_per_second: set.mib_per_second.saturating_mul(1 << 20), gives_way: set.gives_way };
    Ok(PointsPlan {
        targets,
        host: settings.server.hostname.clone(),
        pace,
        prune: set.prune,
        wanted: match set.points_in_time.as_str() {
            "on" => PointsWanted::On,
            "off" => PointsWanted::Off,
            _ => PointsWanted::ByLevel,
        },
        every: Duration::from_secs(set.step_seconds),
        days: set.step_days,
        changes_max: set.step_changes_max,
        node: settings.server.node,
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
pub(crate) fn within(mut access: Access, home: &Path) -> Access {
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

pub(crate) fn read_password(path: &Path) -> std::io::Result<Secret<String>> {
    let text = Zeroizing::new(fs::read_to_string(path)?);
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(Secret::new(line.to_owned())),
        _ => Err(std::io::Error::other("its first line must hold the password")),
    }
}

/// What lies beside the store: the settings, certificates and their keys, what the server wrote. Neither the region key nor the password.
fn files(settings: &Settings, file: &Settings) -> Result<Vec<FileItem>, Refused> {
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
    let config = settings_elsewhere(file)?.into_bytes();
    files.push(FileItem { place: PathBuf::from(CONFIG), from: FileBytes::Here(config) });
    Ok(files)
}

/// The settings of a file, for a server whose files are in a directory of their own: what lay beside the configuration file does so there too.
/// Only what the file sets, or what is no default, is written: what the store has in place of defaults goes on to hold there.
pub(crate) fn settings_elsewhere(settings: &Settings) -> Result<String, Refused> {
    let mut kept = settings.clone();
    kept.server.directory = PathBuf::from("data");
    kept.server.region_key = PathBuf::from("region.key");
    kept.backup.password_file = PathBuf::from("backup.key");
    kept.backup.credentials_file = PathBuf::from("backup-credentials.toml");
    let mut table = toml::Table::try_from(&kept).map_err(Refused::because)?;
    let defaults = toml::Table::try_from(Settings::default()).map_err(Refused::because)?;
    for (section, values) in &mut table {
        let Some(values) = values.as_table_mut() else { continue };
        let default = defaults.get(section).and_then(toml::Value::as_table);
        values.retain(|field, value| {
            kept.origin.sets.contains_key(&format!("{section}.{field}"))
                || default.and_then(|it| it.get(field)) != Some(&*value)
        });
    }
    let text = toml::to_string(&table).map_err(Refused::because)?;
    let home = settings.home().display().to_string();
    Ok(if home.len() > 1 { text.replace(&format!("\"{home}/"), "\"") } else { text })
}
