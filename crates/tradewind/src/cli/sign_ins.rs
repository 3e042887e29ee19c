//! Commands about sign-ins.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum SignInsCommand {
    /// List sign-ins, the latest first.
    List {
        /// Address of an account; all accounts of the organisation if left out.
        address: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
        /// Of the last days.
        #[arg(long, default_value_t = 7)]
        days: u32,
        /// Only those that people were told of.
        #[arg(long)]
        odd: bool,
    },
    /// Show a sign-in with its score, and explain in words why it was taken for odd.
    #[command(visible_alias = "explain")]
    Show {
        /// Address of the account.
        address: String,
        /// Number from the list.
        id: i64,
        /// Language of the reasons.
        #[arg(long, default_value = "en")]
        language: String,
    },
    /// Say that a sign-in was the owner's own: the next one like it is let in.
    Mine {
        /// Address of the account.
        address: String,
        /// Number from the list.
        id: i64,
    },
    /// Say that a sign-in was somebody else's: everything is signed out and the account is frozen.
    NotMine {
        /// Address of the account.
        address: String,
        /// Number from the list.
        id: i64,
    },
    /// Review the sign-ins of a month.
    Review(ReviewOptions),
    /// Review who has access, for a quarter.
    AccessReview(ReviewOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ReviewOptions {
    /// Month such as 2026-11, or quarter such as 2026-Q4.
    pub(crate) period: String,
    /// Organisation, by name; may be left out where there is only one.
    #[arg(long)]
    pub(crate) organisation: Option<String>,
    /// Language: en or zh.
    #[arg(long, default_value = "en")]
    pub(crate) language: String,
    /// Form: html, pdf or csv.
    #[arg(long, default_value = "html")]
    pub(crate) format: String,
    /// File to write; its usual name in the working directory if left out.
    #[arg(long)]
    pub(crate) output: Option<PathBuf>,
}
