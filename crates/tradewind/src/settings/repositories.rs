//! Repositories of backups that were named in the running server: which may be, and where they are found when the store cannot be read.

use std::fs;
use std::io;
use std::path::{Component, Path};

use backup::Kind;
use toml::Value;

use super::Settings;

/// The setting.
pub(super) const SETTING: &str = "backup.repositories";

/// Names them in the server's directory: a server whose database is damaged is brought back from them, and the store that has them cannot be
/// read then.
const NOTE: &str = "backup-repositories";

/// What stands for user and password in an address.
const HIDDEN: &str = "…";

/// In a repository's directory.
const CONFIG: &str = "config";

/// That the store may have these: whoever may change settings in a browser comes to run no program by it, and no secret stands in an address.
pub(super) fn may_be_stored(value: &Value) -> Result<(), String> {
    texts(value).try_for_each(|location| match Kind::of(location) {
        Kind::Rclone | Kind::Sftp => Err(format!(
            "{SETTING}: {location} is reached by a program of this machine; such a place is named in the file alone"
        )),
        Kind::S3 | Kind::Rest => of_an_address(location),
        Kind::Directory => of_a_directory(location),
    })
}

/// The value of the setting `name` as it is told. A file of old may have a password in an address of a repository: that is told nobody.
pub(super) fn told(name: &str, value: Value) -> Value {
    match value {
        Value::Array(all) if name == SETTING => all.into_iter().map(without_password).collect::<Vec<_>>().into(),
        other => other,
    }
}

fn without_password(value: Value) -> Value {
    let Some(location) = value.as_str() else { return value };
    let masked = location.split_once("://").and_then(|(scheme, rest)| {
        let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
        let (_, server) = host.rsplit_once('@')?;
        let path = path.map(|path| format!("/{path}")).unwrap_or_default();
        Some(format!("{scheme}://{HIDDEN}@{server}{path}"))
    });
    masked.map_or(value, Value::String)
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn of_an_address(location: &str) -> Result<(), String> {
    let address = location.split_once(':').map_or("", |(_, address)| address);
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next()).filter(|host| !host.is_empty());
    match host {
        // The address is not told again: it may hold a password.
        Some(host) if host.contains('@') => Err(format!(
            "{SETTING}: what opens the way to a place stands in backup.credentials_file, not in its address; leave user and password out"
        )),
        Some(_) => Ok(()),
        None => Err(format!("{SETTING}: {location} names no server; write it as s3:https://HOST/BUCKET/FOLDER")),
    }
}

fn of_a_directory(location: &str) -> Result<(), String> {
    let path = Path::new(location);
    if location.trim().is_empty() || path.components().any(|part| part == Component::ParentDir) {
        return Err(format!("{SETTING}: {location:?} is no directory; write it as /mnt/backup/mail"));
    }
    Ok(())
}

/// That each directory that comes new can become a repository, or is one. What lies in it otherwise is somebody else's.
pub(super) fn may_be_made(settings: &Settings, now: &Settings) -> Result<(), String> {
    let new = settings.backup.repositories.iter().filter(|location| !now.backup.repositories.contains(location));
    for location in new.filter(|location| Kind::of(location) == Kind::Directory) {
        let place = settings.home().join(location);
        let foreign = match fs::read_dir(&place) {
            Ok(mut entries) => entries.next().is_some() && !place.join(CONFIG).is_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(format!("{SETTING}: {}: {error}", place.display())),
        };
        if foreign {
            let place = place.display();
            return Err(format!("{SETTING}: {place} holds files that are no backups; name an empty directory"));
        }
    }
    Ok(())
}

/// Notes those that the file does not name; forgets them where there are none.
pub(super) fn note(settings: &Settings) {
    let place = settings.server.directory.join(NOTE);
    let is_of_file = settings.origin.sets.contains_key(SETTING);
    let text = if is_of_file { String::new() } else { settings.backup.repositories.join("\n") };
    let known = fs::read_to_string(&place).unwrap_or_default();
    let noted = match text.as_str() {
        same if same == known => Ok(()),
        "" => fs::remove_file(&place),
        other => fs::write(&place, other),
    };
    if let Err(error) = noted {
        tracing::error!(file = %place.display(), %error, "cannot note where backups are: if the database is damaged it is not brought back by itself");
    }
}

/// The settings with the repositories that were noted, where the file names none.
pub(crate) fn with_noted(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    if settings.backup.repositories.is_empty() {
        let text = fs::read_to_string(settings.server.directory.join(NOTE)).unwrap_or_default();
        settings.backup.repositories = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(locations: &[&str]) -> Value {
        Value::Array(locations.iter().map(|it| Value::String((*it).to_owned())).collect())
    }

    fn settings(directory: &Path, locations: &[&str]) -> Settings {
        let mut settings = Settings::default();
        settings.server.directory = directory.to_path_buf();
        settings.backup.repositories = locations.iter().map(|it| (*it).to_owned()).collect();
        settings
    }

    #[test]
    fn a_browser_names_places_and_neither_programs_nor_secrets() {
        let good =
            ["/mnt/backup/mail", "backups", "s3:https://s3.example/bucket/mail", "rest:https://backup.example/mail"];
        assert_eq!(may_be_stored(&list(&good)), Ok(()));
        for (bad, words) in [
            ("rclone:away:mail", "a program of this machine"),
            ("sftp:mail@backup.example:/srv/mail", "a program of this machine"),
            ("rest:https://mail:secret@backup.example/", "backup.credentials_file"),
            ("s3:bucket", "names no server"),
            ("../elsewhere", "no directory"),
            (" ", "no directory"),
        ] {
            let why = may_be_stored(&list(&["/mnt/a", bad])).unwrap_err();
            assert!(why.contains(words) && !why.contains("secret"), "{bad}: {why}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_told_nobody() {
        let of_old = list(&[
            "/mnt/a",
            "rest:https://mail:p@ss@backup.example:8000/x/y",
            "s3:https://s3.example/b",
            "sftp:a@b:/c",
        ]);
        let shown =
            list(&["/mnt/a", "rest:https://…@backup.example:8000/x/y", "s3:https://s3.example/b", "sftp:a@b:/c"]);
        assert_eq!(told(SETTING, of_old.clone()), shown);
        assert_eq!(told("smtp.dns_lists", of_old.clone()), of_old);
    }

    #[test]
    fn a_directory_of_others_does_not_become_a_repository() {
        let scratch = tempfile::tempdir().unwrap();
        let (own, empty, foreign) =
            (scratch.path().join("own"), scratch.path().join("empty"), scratch.path().join("x"));
        for place in [&own, &empty, &foreign] {
            fs::create_dir(place).unwrap();
        }
        fs::write(own.join(CONFIG), "").unwrap();
        fs::write(foreign.join("letter.txt"), "mine").unwrap();
        let none = settings(scratch.path(), &[]);
        for place in [&own, &empty, &scratch.path().join("not-there")] {
            assert_eq!(may_be_made(&settings(scratch.path(), &[place.to_str().unwrap()]), &none), Ok(()));
        }
        let wanted = settings(scratch.path(), &[foreign.to_str().unwrap()]);
        assert!(may_be_made(&wanted, &none).unwrap_err().contains("holds files that are no backups"));
        assert_eq!(may_be_made(&wanted, &wanted), Ok(()), "what is named already is not looked at");
    }

    #[test]
    fn a_server_finds_its_backups_without_its_store() {
        let scratch = tempfile::tempdir().unwrap();
        let named = settings(scratch.path(), &["/mnt/a", "s3:https://s3.example/b"]);
        note(&named);
        let bare = settings(scratch.path(), &[]);
        assert_eq!(with_noted(&bare).backup.repositories, named.backup.repositories);
        assert_eq!(with_noted(&settings(scratch.path(), &["/mnt/c"])).backup.repositories, ["/mnt/c"], "the file wins");
        note(&bare);
        assert!(with_noted(&bare).backup.repositories.is_empty() && !scratch.path().join(NOTE).exists());
    }
}
