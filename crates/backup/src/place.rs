//! Where repositories are, and what opens the way to them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use env::Secret;
use rustic_backend::BackendOptions;
use rustic_core::{RepositoryBackends, RusticResult};
use serde::Deserialize;
use url::Url;

use crate::BackupError;
use crate::s3::ObjectStore;

/// Tries of a request to a REST server before its failure is told.
const REST_TRIES: &str = "4";

/// The longest time that one may take.
const REST_TIMEOUT: &str = "10m";

/// A kind of place, by what its location begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory of this machine.
    Directory,
    /// A bucket of an object store that speaks S3.
    S3,
    /// A server that speaks the REST protocol of restic.
    Rest,
    /// Whatever rclone reaches.
    Rclone,
    /// A server reached by SFTP, through rclone.
    Sftp,
}

impl Kind {
    const SCHEMES: [(&'static str, Self); 4] =
        [("s3:", Self::S3), ("rest:", Self::Rest), ("rclone:", Self::Rclone), ("sftp:", Self::Sftp)];

    /// The kind of the place at `location`.
    #[must_use]
    pub fn of(location: &str) -> Self {
        let found = Self::SCHEMES.into_iter().find(|(scheme, _)| location.starts_with(scheme));
        found.map_or(Self::Directory, |(_, kind)| kind)
    }

    /// Whether what is there outlives this machine.
    #[must_use]
    pub fn is_elsewhere(self) -> bool {
        self != Self::Directory
    }
}

/// What opens the way to a place. What a kind does not know is not used by it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// S3: name of the access key.
    pub access_key: String,
    /// S3: its secret.
    pub secret_key: Hidden,
    /// S3: region of the bucket. Says for every kind in which region the copies are, unless `home` does.
    pub region: String,
    /// In which region the copies are, by the name that it has among our regions: docs/regions.md.
    pub home: String,
    /// S3: days for which an object is locked as it is written, so that nobody can change or delete it (object lock in compliance mode).
    pub lock_days: u32,
    /// S3: the bucket keeps versions, as one does whose objects can be locked.
    #[serde(skip)]
    pub has_versions: bool,
    /// S3: `level` locks for the days for which the level of protection has backups kept, in place of `lock_days`.
    pub lock: Option<LockBy>,
    /// REST: user.
    pub user: String,
    /// REST: password.
    pub password: Hidden,
    /// S3 and REST: file with the certificate (PEM) of a further authority that vouches for the server.
    pub authority: Option<PathBuf>,
    /// SFTP: file with the private key.
    pub key_file: Option<PathBuf>,
    /// SFTP: file with the keys of known hosts.
    pub known_hosts: Option<PathBuf>,
    /// rclone and SFTP: rclone's configuration file.
    pub rclone_config: Option<PathBuf>,
    /// What deletes there, where what writes may not.
    pub prune: Option<Box<Access>>,
}

impl Access {
    /// The same, under which nothing is locked that is written from now on.
    #[must_use]
    pub(crate) fn unlocked(&self) -> Self {
        let has_versions = self.has_versions || self.lock_days > 0 || self.lock.is_some();
        Self { lock_days: 0, lock: None, has_versions, ..self.clone() }
    }
}

/// What says for how long objects are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockBy {
    /// The highest level among the organisations.
    Level,
}

/// A secret of a credentials file.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "String")]
pub struct Hidden(Option<Secret<String>>);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(Some(Secret::new(text)))
    }
}

impl Hidden {
    /// The secret, for the moment of its use; empty if none was given.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_ref().map_or("", |secret| secret.expose())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What opens the way to places, by location.
#[derive(Debug, Clone, Default)]
pub struct Accesses(BTreeMap<String, Access>);

impl Accesses {
    /// Reads a credentials file: a table of TOML for each location. None is there if the file is not.
    ///
    /// # Errors
    /// [`BackupError::Io`] if it cannot be read or makes no sense. What stands in it is not told.
    pub fn read(path: &Path) -> Result<Self, BackupError> {
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            text => zeroize::Zeroizing::new(text.map_err(|cause| BackupError::io(path, cause))?),
        };
        let parsed: Result<BTreeMap<String, Access>, toml::de::Error> = toml::from_str(&text);
        let parsed = parsed.map_err(|error| {
            // The message alone: the rest shows the line, which may hold a secret.
            let line = error.span().map_or(0, |span| text.get(..span.start).map_or(0, |before| before.lines().count()));
            BackupError::io(path, std::io::Error::other(format!("near line {}: {}", line.max(1), error.message())))
        })?;
        Ok(Self(parsed))
    }

    /// What opens the way to `location`.
    #[must_use]
    pub fn of(&self, location: &str) -> Access {
        self.0.get(location).cloned().unwrap_or_default()
    }
}

/// What reads and writes the files of the repository at `location`.
pub(crate) fn backends(location: &str, access: &Access) -> RusticResult<RepositoryBackends> {
    let mut options = BTreeMap::new();
    let mut set = |name: &str, value: String| options.insert(name.to_owned(), value);
    let text = |path: &PathBuf| path.display().to_string();
    let rest = location.split_once(':').map_or(location, |(_, rest)| rest);
    let place = match Kind::of(location) {
        Kind::S3 => return ObjectStore::backends(location, access),
        Kind::Directory => format!("local:{location}"),
        Kind::Rest => {
            set("retry", REST_TRIES.to_owned());
            set("timeout", REST_TIMEOUT.to_owned());
            if let Some(authority) = &access.authority {
                set("cacert", text(authority));
            }
            format!("rest:{}", with_user(rest, access))
        }
        kind @ (Kind::Rclone | Kind::Sftp) => {
            set("retry", REST_TRIES.to_owned());
            if let Some(config) = &access.rclone_config {
                let command = ["rclone", "--config", &text(config), "serve", "restic", "--addr", "localhost:0"];
                set("rclone-command", command.map(quoted).join(" "));
            }
            if kind == Kind::Rclone { location.to_owned() } else { format!("rclone:{}", sftp_remote(rest, access)) }
        }
    };
    BackendOptions::default().repository(place).options(options).to_backends()
}

/// The address of a REST server with user and password in it, as the library wants it. It does not tell the password.
fn with_user(address: &str, access: &Access) -> String {
    let Ok(mut url) = Url::parse(address) else { return address.to_owned() };
    let password = Some(access.password.expose());
    if !access.user.is_empty() && url.set_username(&access.user).and_then(|()| url.set_password(password)).is_err() {
        // It has no host; the library says so.
        return address.to_owned();
    }
    url.into()
}

/// `user@host:path` as rclone calls a place that its configuration does not name.
fn sftp_remote(place: &str, access: &Access) -> String {
    let (host, path) = place.trim_start_matches("//").split_once(':').unwrap_or((place, ""));
    let (user, host) = host.split_once('@').map_or((None, host), |(user, host)| (Some(user), host));
    let (host, port) = match host.rsplit_once('#') {
        Some((host, port)) => (host, Some(port)),
        None => (host, None),
    };
    let mut remote = format!(":sftp,host=\"{host}\"");
    let mut add = |name: &str, value: &str| remote.push_str(&format!(",{name}=\"{}\"", value.replace('"', "\"\"")));
    if let Some(user) = user {
        add("user", user);
    }
    if let Some(port) = port {
        add("port", port);
    }
    if let Some(file) = &access.key_file {
        add("key_file", &file.display().to_string());
    }
    if let Some(file) = &access.known_hosts {
        add("known_hosts_file", &file.display().to_string());
    }
    format!("{remote}:{path}")
}

/// A word of a command line.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_beginning() {
        assert_eq!(Kind::of("/mnt/backup"), Kind::Directory);
        assert_eq!(Kind::of("s3:https://s3.example/bucket/mail"), Kind::S3);
        assert_eq!(Kind::of("sftp:mail@host.example:/srv/mail"), Kind::Sftp);
        assert!(!Kind::of("relative/place").is_elsewhere() && Kind::of("rest:https://x.example/").is_elsewhere());
    }

    #[test]
    fn a_credentials_file_is_read_and_its_secrets_are_not_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials.toml");
        assert_eq!(Accesses::read(&path).unwrap().of("s3:x").access_key, "");
        let text = "[\"s3:https://s3.example/b\"]\naccess_key = \"writer\"\nsecret_key = \"hush\"\nlock_days = 30\n\
                    [\"s3:https://s3.example/b\".prune]\naccess_key = \"pruner\"\nsecret_key = \"hush too\"\n";
        std::fs::write(&path, text).unwrap();
        let access = Accesses::read(&path).unwrap().of("s3:https://s3.example/b");
        assert_eq!((access.access_key.as_str(), access.secret_key.expose(), access.lock_days), ("writer", "hush", 30));
        assert_eq!(access.prune.as_ref().map(|it| it.access_key.as_str()), Some("pruner"));
        assert!(!format!("{access:?}").contains("hush"));
        std::fs::write(&path, text.replace("lock_days = 30", "secret = \"hush\"")).unwrap();
        let told = Accesses::read(&path).unwrap_err().to_string();
        assert!(told.contains("line") && told.contains("secret") && !told.contains("hush"), "{told}");
    }

    #[test]
    fn sftp_goes_through_rclone() {
        let access = Access { key_file: Some("/keys/id".into()), ..Access::default() };
        assert_eq!(
            sftp_remote("mail@host.example#2222:/srv/mail", &access),
            ":sftp,host=\"host.example\",user=\"mail\",port=\"2222\",key_file=\"/keys/id\":/srv/mail"
        );
    }

    #[test]
    fn a_rest_server_is_told_who_asks() {
        let access = Access { user: "mail".to_owned(), password: "hu sh".to_owned().into(), ..Access::default() };
        assert_eq!(with_user("https://backup.example/mail", &access), "https://mail:hu%20sh@backup.example/mail");
    }
}
