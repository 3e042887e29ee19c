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
    /// Show what people here have confirmed of unwanted mail, as a document that others read as a feed.
    Share {
        /// Its form.
        #[arg(long, value_enum, default_value_t = SharedForm::Stix)]
        format: SharedForm,
        /// Days that are looked back.
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Make a link under which others read it from this server, without signing in.
    ShareLink {
        /// Days that the link holds.
        #[arg(long, default_value_t = 90)]
        days: u32,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
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
pub(crate) enum SharedForm {
    /// A bundle of STIX 2.1.
    Stix,
    /// An event of MISP.
    Misp,
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
