//! The command line of what is kept of removed mail, of legal holds, of the journal of mail, and of what takes room.

use api::actions::{Action, NewHold, NewJournalRule, NewRetentionRule, RemovedMail};
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
pub(crate) enum JournalCommand {
    /// Have mail kept by a rule, whatever becomes of it in mailboxes: that for which all that is named holds, or all mail. A second person has to agree.
    Set(JournalSet),
    /// List the rules, those that have ended included.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// End a rule; what was kept by it stays for its period.
    End {
        /// Its name.
        name: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct JournalSet {
    /// What it is called; one of that name goes on as this one says.
    pub(crate) name: String,
    /// For how many days after it was received.
    #[arg(long)]
    pub(crate) days: u32,
    /// Why it is kept, such as the law that asks for it.
    #[arg(long)]
    pub(crate) reason: String,
    /// Of the account with this address alone.
    #[arg(long)]
    pub(crate) account: Option<String>,
    /// Of members of the group with this address alone.
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// With this correspondent alone: an address or a domain.
    #[arg(long)]
    pub(crate) with: Option<String>,
    /// Which way alone: in, out or within.
    #[arg(long)]
    pub(crate) direction: Option<String>,
    /// A law asks for it: it stays, too, where somebody whose it is asks to be erased.
    #[arg(long)]
    pub(crate) by_law: bool,
    /// An address outside to which each message goes as a report, with its envelope.
    #[arg(long)]
    pub(crate) report_to: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    #[arg(long)]
    pub(crate) organisation: Option<String>,
}

impl From<JournalCommand> for Action {
    fn from(command: JournalCommand) -> Self {
        match command {
            JournalCommand::Set(set) => {
                let JournalSet { name, days, reason, account, group, with, direction, by_law, report_to, .. } = set;
                let organisation = set.organisation;
                Self::JournalRuleSet(NewJournalRule {
                    name,
                    days,
                    reason,
                    account,
                    group,
                    with,
                    direction,
                    by_law,
                    report_to,
                    organisation,
                })
            }
            JournalCommand::List { organisation } => Self::JournalRuleList { organisation },
            JournalCommand::End { name, reason, organisation } => Self::JournalRuleEnd { name, reason, organisation },
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
    /// Rules on how long mail stays.
    #[command(subcommand)]
    Rule(RetentionRuleCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RetentionRuleCommand {
    /// Set a rule: mail for which all that is named holds is removed after some days. Try it with --off and `preview` first.
    Set(RetentionRuleSet),
    /// List the rules.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Show what a rule would remove now; nothing is removed.
    Preview {
        /// Its name.
        name: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Remove a rule.
    Remove {
        /// Its name.
        name: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RetentionRuleSet {
    /// What it is called; another rule of that name is replaced.
    pub(crate) name: String,
    /// Days in its folder after which a message is removed.
    #[arg(long)]
    pub(crate) days: u32,
    /// In this folder or below it: a path, or what it is for, such as Trash or Junk.
    #[arg(long)]
    pub(crate) folder: Option<String>,
    /// With this label, or another keyword.
    #[arg(long)]
    pub(crate) label: Option<String>,
    /// From this address or domain.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Larger than so many MiB.
    #[arg(long)]
    pub(crate) larger_mib: Option<u32>,
    /// In mailboxes of the members of the group with this address.
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// Flagged mail (a star) too.
    #[arg(long)]
    pub(crate) flagged_too: bool,
    /// Only to be tried.
    #[arg(long)]
    pub(crate) off: bool,
    /// Organisation, by name; may be left out where there is only one.
    #[arg(long)]
    pub(crate) organisation: Option<String>,
}

impl From<RetentionRuleCommand> for Action {
    fn from(command: RetentionRuleCommand) -> Self {
        use RetentionRuleCommand::{List, Preview, Remove, Set};
        match command {
            Set(new) => {
                let RetentionRuleSet {
                    name,
                    days,
                    folder,
                    label,
                    from,
                    larger_mib,
                    group,
                    flagged_too,
                    off,
                    organisation,
                } = new;
                Self::RetentionRuleSet(NewRetentionRule {
                    name,
                    days,
                    folder,
                    label,
                    from,
                    larger_mib,
                    group,
                    flagged_too,
                    off,
                    organisation,
                })
            }
            List { organisation } => Self::RetentionRuleList { organisation },
            Preview { name, organisation } => Self::RetentionRulePreview { name, organisation },
            Remove { name, organisation } => Self::RetentionRuleRemove { name, organisation },
        }
    }
}

impl From<RetentionCommand> for Action {
    fn from(command: RetentionCommand) -> Self {
        match command {
            RetentionCommand::Rule(command) => command.into(),
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

#[derive(Debug, Subcommand)]
pub(crate) enum SpaceCommand {
    /// List the accounts that take the most room.
    List {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Show what takes the room of an account: large files, unopened ones, doubled ones, what never was mail.
    Show {
        /// Address of the account.
        address: String,
    },
}

impl From<SpaceCommand> for Action {
    fn from(command: SpaceCommand) -> Self {
        match command {
            SpaceCommand::List { limit, organisation } => Self::SpaceList { limit, organisation },
            SpaceCommand::Show { address } => Self::SpaceShow { address },
        }
    }
}
