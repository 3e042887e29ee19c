//! The command line of backups.

use std::path::PathBuf;

use api::actions::Action;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Take a backup now, into every repository that is set up.
    Run,
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
}

impl From<BackupCommand> for Action {
    fn from(command: BackupCommand) -> Self {
        match command {
            BackupCommand::Run => Self::BackupRun,
            BackupCommand::List => Self::BackupList,
            BackupCommand::Check { read_data } => Self::BackupCheck { read_data },
            BackupCommand::Erasures => Self::BackupErasures,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RestoreOptions {
    /// Repository: a directory.
    #[arg(long)]
    pub(crate) from: String,
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
    /// A backup by its number; the newest if left out.
    #[arg(long)]
    pub(crate) backup: Option<String>,
    /// The newest backup that is as old as this moment, as 2027-01-15T08:00:00Z.
    #[arg(long, conflicts_with = "backup")]
    pub(crate) until: Option<String>,
    /// "embedded", or the address of an empty PostgreSQL database; needed where the server that was backed up used a database.
    #[arg(long)]
    pub(crate) store: Option<String>,
}
