//! The command line of mail that is brought from elsewhere.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// From an mbox file (RFC 4155).
    Mbox(Import),
    /// From a Maildir, its subfolders included.
    Maildir(Import),
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// File or directory.
    pub(crate) path: PathBuf,
    /// Address of the account.
    #[arg(long)]
    pub(crate) user: String,
    /// Mailbox to put the mail into.
    #[arg(long, default_value = "INBOX")]
    pub(crate) mailbox: String,
}
