//! The command line of the audit log.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Verify an exported log with its public key, without a server: that nothing was changed, removed or put in.
    Verify {
        /// Directory of the export.
        directory: PathBuf,
        /// The log's public key, as somebody else wrote it down; else that in the directory, which proves less.
        #[arg(long)]
        key: Option<String>,
        /// Checkpoints that were kept elsewhere.
        #[arg(long)]
        witness: Vec<PathBuf>,
        /// Public keys of cosigners, as somebody else wrote them down, whose lines the checkpoint must bear; else those in the directory.
        #[arg(long)]
        cosigner: Vec<String>,
    },
    /// Write the log into a directory of this machine; goes on where the last export into it ended.
    Export {
        /// The directory.
        directory: PathBuf,
    },
    /// The public key and the newest checkpoint.
    Head,
    /// One record with its proof, for an outsider; the newest, if none is named.
    Prove {
        /// Number of the event, as `access log` lists it.
        event: Option<String>,
    },
    /// Give the records that wait their place now.
    Seal,
}
