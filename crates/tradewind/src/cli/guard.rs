//! The command line of the trade-fraud guard.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum GuardCommand {
    /// Learn from mail of the past and judge messages by it, in the order of their dates, without a server. Nothing is kept.
    Replay(ReplayOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ReplayOptions {
    /// Mail of the past, received and sent: a Maildir, an mbox file, or a directory of these and of messages, one in each file.
    #[arg(long, required = true)]
    pub(crate) history: Vec<PathBuf>,
    /// A domain of ours; what comes from it was sent, all else was received.
    #[arg(long = "own-domain", required = true)]
    pub(crate) own_domains: Vec<String>,
    /// Messages to judge, in any of the same forms.
    #[arg(long, required = true)]
    pub(crate) messages: Vec<PathBuf>,
    /// The host of ours whose Authentication-Results fields are believed; by default the topmost field of each message is.
    #[arg(long)]
    pub(crate) trusted_host: Option<String>,
    /// What a level does with what is found: basic, enhanced or trade.
    #[arg(long, default_value = "trade")]
    pub(crate) level: String,
    /// Do not look into attached files; otherwise confined processes do.
    #[arg(long)]
    pub(crate) no_inspect: bool,
}
