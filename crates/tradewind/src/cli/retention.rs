//! The command line of what is kept of removed mail, and of legal holds.

use api::actions::{Action, NewHold, RemovedMail};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum HoldCommand {
    /// Begin a hold: mail that it covers stays, whoever removes it, and the accounts cannot be deleted.
    Begin(HoldBegin),
    /// End a hold; what it alone has kept goes within a day.
    End {
        /// Number from the list.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List holds, those that have ended included.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct HoldBegin {
    /// Name, as lawyers call the matter.
    pub(crate) name: String,
    /// Addresses of the accounts whose mail stays.
    pub(crate) accounts: Vec<String>,
    /// All accounts, those made later included.
    #[arg(long)]
    pub(crate) everyone: bool,
    /// Why.
    #[arg(long)]
    pub(crate) reason: String,
    /// Only mail from or to this address or domain.
    #[arg(long)]
    pub(crate) with: Option<String>,
    /// Only mail received from this day on, such as 2026-01-31.
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Only mail received before this day.
    #[arg(long)]
    pub(crate) before: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    #[arg(long)]
    pub(crate) organisation: Option<String>,
}

impl From<HoldCommand> for Action {
    fn from(command: HoldCommand) -> Self {
        match command {
            HoldCommand::Begin(HoldBegin { name, accounts, everyone, reason, with, since, before, organisation }) => {
                Self::HoldBegin(NewHold { name, reason, accounts, everyone, with, since, before, organisation })
            }
            HoldCommand::End { id, reason, organisation } => Self::HoldEnd { id, reason, organisation },
            HoldCommand::List { organisation } => Self::HoldList { organisation },
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum RetentionCommand {
    /// Show for how long removed mail is kept and how much there is of it, or set it.
    Window {
        /// Days; 0 for not at all. It counts for what was removed before as well.
        #[arg(long)]
        days: Option<u32>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

impl From<RetentionCommand> for Action {
    fn from(command: RetentionCommand) -> Self {
        match command {
            RetentionCommand::Window { days: Some(days), organisation } => {
                Self::RetentionWindowSet { days, organisation }
            }
            RetentionCommand::Window { days: None, organisation } => Self::RetentionWindow { organisation },
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// Address of the account.
    pub(crate) address: String,
    /// Only what was removed from this day on, such as 2026-01-31.
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Only mail whose author's address has this in it.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Only mail whose subject has this in it.
    #[arg(long)]
    pub(crate) subject: Option<String>,
}

impl From<Recover> for Action {
    fn from(Recover { address, since, from, subject }: Recover) -> Self {
        Self::MailRecover(RemovedMail { address, since, from, subject, ids: None })
    }
}
