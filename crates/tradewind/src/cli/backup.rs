//! The command line of backups.

use std::net::SocketAddr;
use std::path::PathBuf;

use api::actions::{Action, EarlierDomain, EarlierMail};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Take a backup now, into every repository that is set up.
    Run,
    /// Show how the backups stand: the last good one, the next, what failed.
    Status,
    /// List the backups that there are.
    List,
    /// Check that all backups are whole.
    Check {
        /// Read every byte, not only the lists of what is where.
        #[arg(long)]
        read_data: bool,
    },
    /// List the accounts that were erased, and from where their keys are gone since.
    Erasures,
    /// Show which mail of an account or a domain a backup has that is not there now.
    Mail {
        #[command(flatten)]
        which: WhichMail,
        /// Tell authors and subjects as well. That needs the right to read this mail, which the machine alone does not give.
        #[arg(long)]
        subjects: bool,
    },
    /// Put such mail back, beside what is there. Nobody needs to stop working meanwhile.
    RestoreMail {
        #[command(flatten)]
        which: WhichMail,
        /// Put it below a folder "Restored" with the date of the backup, instead of where it was.
        #[arg(long)]
        apart: bool,
        /// Why; for the audit log.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct WhichMail {
    /// Address of the account.
    #[arg(long, required_unless_present = "domain")]
    account: Option<String>,
    /// All accounts that have their own address at this domain.
    #[arg(long, conflicts_with_all = ["account", "folder", "message", "subject"])]
    domain: Option<String>,
    /// Only mail that was in this folder, or one below it.
    #[arg(long)]
    folder: Option<String>,
    /// Only the message with this Message-ID, or with this number as shown.
    #[arg(long)]
    message: Option<String>,
    /// Only mail whose subject has this in it.
    #[arg(long)]
    subject: Option<String>,
    /// A backup by its number; the newest if left out.
    #[arg(long)]
    backup: Option<String>,
    /// As it was at this moment, as 2027-01-15T08:00:00Z: by the newest backup before it and the points in time after that.
    #[arg(long, conflicts_with = "backup")]
    until: Option<String>,
}

impl WhichMail {
    /// What is to be shown, or put back for a reason.
    fn action(self, subjects: bool, restore: Option<(bool, String)>) -> Action {
        let Self { account, domain, folder, message, subject, backup, until } = self;
        let is_restore = restore.is_some();
        let (apart, reason) = restore.unwrap_or_default();
        match domain {
            Some(domain) => {
                let wanted = EarlierDomain { domain, backup, until, apart, reason };
                if is_restore { Action::BackupDomainRestore(wanted) } else { Action::BackupDomain(wanted) }
            }
            None => {
                let address = account.unwrap_or_default();
                let wanted = EarlierMail { address, folder, message, subject, backup, until, subjects, apart, reason };
                if is_restore { Action::BackupMailRestore(wanted) } else { Action::BackupMail(wanted) }
            }
        }
    }
}

impl From<BackupCommand> for Action {
    fn from(command: BackupCommand) -> Self {
        match command {
            BackupCommand::Run => Self::BackupRun,
            BackupCommand::Status => Self::BackupStatus,
            BackupCommand::List => Self::BackupList,
            BackupCommand::Check { read_data } => Self::BackupCheck { read_data },
            BackupCommand::Erasures => Self::BackupErasures,
            BackupCommand::Mail { which, subjects } => which.action(subjects, None),
            BackupCommand::RestoreMail { which, apart, reason } => which.action(false, Some((apart, reason))),
        }
    }
}

/// What a server is built from, and where.
#[derive(Debug, Args)]
pub(crate) struct SourceOptions {
    /// Repository: a directory, or a place as in backup.repositories.
    #[arg(long)]
    pub(crate) from: String,
    /// File with what opens the way to the repository, as backup.credentials_file.
    #[arg(long)]
    pub(crate) credentials: Option<PathBuf>,
    /// Directory to build the server in; it must be empty or not be there.
    #[arg(long)]
    pub(crate) into: PathBuf,
    /// File with the password of the repository.
    #[arg(long)]
    pub(crate) password_file: PathBuf,
    /// The region key file of the server that was backed up, or what `tradewind keys combine` made of its shares.
    #[arg(long)]
    pub(crate) region_key: PathBuf,
    /// Repository whose keys of accounts are taken, if those beside the backups are lost: they are beside each repository.
    #[arg(long)]
    pub(crate) account_keys: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreOptions {
    #[command(flatten)]
    pub(crate) source: SourceOptions,
    /// A backup by its number; the newest if left out.
    #[arg(long)]
    pub(crate) backup: Option<String>,
    /// The newest backup that is as old as this moment, as 2027-01-15T08:00:00Z.
    #[arg(long, conflicts_with = "backup")]
    pub(crate) until: Option<String>,
    /// The last point in time before this moment, with its time zone, as 2027-01-15T16:00:00+08:00: a backup, and the steps after it.
    #[arg(long, conflicts_with_all = ["backup", "until"])]
    pub(crate) to: Option<String>,
    /// "embedded", or the address of an empty PostgreSQL database; needed where the server that was backed up used a database.
    #[arg(long)]
    pub(crate) store: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StandbyCommand {
    /// Build a standby, or go on with one, and follow until it is told to take over; then serve.
    Run(FollowOptions),
    /// Show how the standby in a directory stands.
    Status {
        /// Its directory.
        #[arg(long)]
        into: PathBuf,
    },
    /// Take the place of the server that is followed: the standby that runs there serves then.
    Promote {
        /// Its directory.
        #[arg(long)]
        into: PathBuf,
        /// Also if the repository cannot be reached, so that the other server is not told. See that it is off.
        #[arg(long)]
        unfenced: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct FollowOptions {
    #[command(flatten)]
    pub(crate) source: SourceOptions,
    /// Seconds between two looks for steps.
    #[arg(long, default_value_t = 20)]
    pub(crate) every_seconds: u64,
    /// Address for /health and /metrics, as 127.0.0.1:9090.
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,
}
