use std::io;
use std::path::PathBuf;

use env::Outlook;
use rustic_core::RusticError;
use store::StoreError;

/// Why a backup cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The repository cannot be reached, read or written.
    #[error("backup repository {location}: {cause}")]
    Repository {
        /// Where it is.
        location: String,
        /// What the library said.
        cause: String,
    },
    /// There are no threads to work on.
    #[error("no threads for the work on a backup: {0}")]
    Threads(String),
    /// The password does not open the repository.
    #[error(
        "backup repository {location}: the password does not open it; give the one that it was made with (backup.password_file)"
    )]
    Password {
        /// Where it is.
        location: String,
    },
    /// There is no repository.
    #[error("backup repository {location}: there is none; the first `tradewind backup run` makes it")]
    NoRepository {
        /// Where it was looked for.
        location: String,
    },
    /// No backup is as asked for.
    #[error("backup repository {location} has no backup {which}; list them with: tradewind backup list")]
    NoBackup {
        /// Where it was looked for.
        location: String,
        /// What was asked for.
        which: String,
    },
    /// The moment lies where there are no points in time.
    #[error(
        "backup repository {location} has no point in time from {from} to {}: nothing that leads there is left. The nearest moments are {from}{}; give one of them",
        .to.as_deref().unwrap_or("now"), .to.as_deref().map(|to| format!(" and {to}")).unwrap_or_default()
    )]
    Gap {
        /// Where it was looked for.
        location: String,
        /// The last moment before.
        from: String,
        /// The first one after.
        to: Option<String>,
    },
    /// Another machine has taken the place of this server.
    #[error(
        "this server was replaced: the backups in {location} belong to one of generation {theirs}, ours is {ours}. Mail goes on there; this one must not serve any more. To keep what is here, take its directory aside; to make it the main one again, build it anew with: tradewind standby"
    )]
    Replaced {
        /// The repository that says so.
        location: String,
        /// Its generation.
        theirs: i64,
        /// Our generation.
        ours: i64,
    },
    /// Something could not be read while the backup was made.
    #[error("the backup was given up, since {part} could not be read: {cause}")]
    Unread {
        /// What.
        part: String,
        /// Why.
        cause: String,
    },
    /// The backup does not hold what it should.
    #[error("backup {backup} is damaged: {what}; take another one, and run: tradewind backup check --read-data")]
    Damaged {
        /// The backup.
        backup: String,
        /// What does not fit.
        what: String,
    },
    /// The region key is not the one that the backup's mail is sealed under.
    #[error("this region key does not open the backup's keys; give the one of the server that made it")]
    RegionKey,
    /// A file beside the repository failed.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The work was given up.
    #[error("the work on a backup panicked")]
    Panicked,
}

impl BackupError {
    /// Whether the same may succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Repository { .. } | Self::Unread { .. } | Self::Io { .. } | Self::Threads(_) | Self::Panicked => {
                Outlook::Temporary
            }
            Self::Password { .. }
            | Self::NoRepository { .. }
            | Self::NoBackup { .. }
            | Self::Gap { .. }
            | Self::Replaced { .. }
            | Self::Damaged { .. }
            | Self::RegionKey => Outlook::Permanent,
        }
    }

    pub(crate) fn repository(location: &str, error: &RusticError) -> Self {
        let location = location.to_owned();
        if error.is_incorrect_password() {
            return Self::Password { location };
        }
        let told = error.display_log();
        // What calls what inside the library helps nobody who reads this.
        let told = told.split("Backtrace:").next().unwrap_or_default().trim_end();
        Self::Repository { location, cause: told.trim_start_matches("Error: ").replace('\n', " ") }
    }

    pub(crate) fn io(path: impl Into<PathBuf>, cause: io::Error) -> Self {
        Self::Io { path: path.into(), cause }
    }
}
