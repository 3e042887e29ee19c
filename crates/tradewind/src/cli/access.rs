//! Commands about access: roles, the table of rights, grants, requests for a second person.

use api::actions::Action;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum AccessCommand {
    /// Show every row of the table of rights.
    Table {
        /// As comma-separated values, for a review on paper.
        #[arg(long)]
        csv: bool,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Show who has which roles, duties, exceptions and grants.
    Review {
        /// As comma-separated values, for a review on paper.
        #[arg(long)]
        csv: bool,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Say whether somebody may do something, and which row of the table says so.
    Explain {
        /// Address of the one who wants it.
        who: String,
        /// A right (mail.read) or a command of the API (user-delete).
        action: String,
        /// On what: own, an address, a domain, organisation, installation or machine.
        #[arg(default_value = "own")]
        what: String,
    },
    /// Show what was decided on sensitive actions.
    Log {
        /// In the last days.
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// As comma-separated values.
        #[arg(long)]
        csv: bool,
    },
    /// Ask for a second person for a sensitive action, whatever the level says, or no longer.
    Approval {
        /// The right, such as mail.export.
        right: String,
        /// yes or no.
        #[arg(value_parser = yes_or_no, action = clap::ArgAction::Set)]
        wanted: bool,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// List roles, shipped and custom ones.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Give somebody a role beside the job.
    Give {
        /// Address of the person.
        address: String,
        /// The role.
        role: String,
        /// Why duties that are kept apart may lie in this one hand. Those who review access are told.
        #[arg(long)]
        exception: Option<String>,
    },
    /// Take a role away that somebody has beside the job.
    Take {
        /// Address of the person.
        address: String,
        /// The role.
        role: String,
    },
    /// Make a role, or give it other rights.
    Define {
        /// Its name.
        name: String,
        /// A right, written as "allow account.read organisation"; may be given more than once.
        #[arg(long = "right", required = true)]
        rights: Vec<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Remove a custom role that nobody has.
    Remove {
        /// Its name.
        name: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// List grants to read another's mail, those that are over included.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// End a grant at once, or take a request for one back.
    Revoke {
        /// Number from the list.
        grant: i64,
    },
    /// Say that the legal hold is over, so that the owner of the mail is told.
    LiftHold {
        /// Number from the list.
        grant: i64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalCommand {
    /// List requests that wait or waited for a second person.
    List,
}

impl AccessCommand {
    /// Whether the answer is to be comma-separated.
    pub(crate) const fn is_csv(&self) -> bool {
        matches!(self, Self::Table { csv: true, .. } | Self::Review { csv: true, .. } | Self::Log { csv: true, .. })
    }
}

impl From<AccessCommand> for Action {
    fn from(command: AccessCommand) -> Self {
        match command {
            AccessCommand::Table { organisation, .. } => Self::AccessTable { organisation },
            AccessCommand::Review { organisation, .. } => Self::AccessReview { organisation },
            AccessCommand::Explain { who, action, what } => Self::AccessExplain { who, what: action, on: Some(what) },
            AccessCommand::Log { days, .. } => Self::AccessLog { days },
            AccessCommand::Approval { right, wanted, organisation } => {
                Self::AccessApproval { right, wanted, organisation }
            }
        }
    }
}

impl From<RoleCommand> for Action {
    fn from(command: RoleCommand) -> Self {
        match command {
            RoleCommand::List { organisation } => Self::RoleList { organisation },
            RoleCommand::Give { address, role, exception } => Self::RoleGive { address, role, exception },
            RoleCommand::Take { address, role } => Self::RoleTake { address, role },
            RoleCommand::Define { name, rights, organisation } => Self::RoleDefine { name, rights, organisation },
            RoleCommand::Remove { name, organisation } => Self::RoleRemove { name, organisation },
        }
    }
}

impl From<GrantCommand> for Action {
    fn from(command: GrantCommand) -> Self {
        match command {
            GrantCommand::List { organisation } => Self::GrantList { organisation },
            GrantCommand::Revoke { grant } => Self::GrantRevoke { grant },
            GrantCommand::LiftHold { grant } => Self::GrantLiftHold { grant },
        }
    }
}

impl From<ApprovalCommand> for Action {
    fn from(ApprovalCommand::List: ApprovalCommand) -> Self {
        Self::ApprovalList { own: false }
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(format!("{other:?} is neither yes nor no")),
    }
}
