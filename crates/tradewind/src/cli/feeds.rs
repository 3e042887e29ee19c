//! The command line of feeds.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum FeedsCommand {
    /// List all feeds: their entries, their age, what is wrong with them.
    List,
    /// Fetch feeds now; a running server takes them up within a minute.
    Refresh {
        /// Only the feed of this name.
        name: Option<String>,
    },
    /// Put the version of a feed that waits into force.
    Accept {
        /// Name of the feed.
        name: String,
    },
    /// Read a file as a feed and say what is in it. Changes nothing.
    Check {
        /// The file.
        file: PathBuf,
        /// Its form; by its name without.
        #[arg(long)]
        format: Option<FeedForm>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FeedForm {
    /// One entry a line.
    Lines,
    /// A table with commas.
    Csv,
    /// Events of MISP.
    Misp,
    /// A bundle of STIX 2.1.
    Stix,
}
